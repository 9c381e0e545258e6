/**
 * Exercise 6.5: an instruction set for deep learning, and a convolutional network that runs on it. It is the processor's own: 64-bit words, 64 scalar
 * registers, 32 records that say how an operand lies in a scratchpad, and queues for loads, stores, the matrix and the vector unit.
 */

import { Random } from 'systole/base';
import { defineExercise } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, randomInput, runAndCheck } from 'systole/flow';
import { tensorNumbers } from 'systole/ir';
import {
  byMnemonic,
  classOf,
  decode,
  disassemble,
  encode,
  type Field,
  fieldExpectation,
  fieldRange,
  hexWord,
  type Instruction,
  type InstructionDefinition,
  instructions,
  instructionText,
  partsOf,
} from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { buildModel } from 'systole/models';
import { grouped } from 'systole/report';

/** What a field may hold, each value as likely as another. A word of 32 bits decodes as signed. */
function drawField(f: Field, random: Random): number {
  const { min, max } = f.kind === 'word' ? { min: -(2 ** 31), max: 2 ** 31 - 1 } : fieldRange(f);
  return min + Math.floor(random.uniform() * (max - min + 1));
}

export const drawInstruction = ({ mnemonic, fields }: InstructionDefinition, random: Random): Instruction => ({
  mnemonic,
  fields: Object.fromEntries(fields.map((f) => [f.name, drawField(f, random)])),
});

const sameFields = (a: Instruction, b: Instruction): boolean =>
  a.mnemonic === b.mnemonic &&
  Object.keys(a.fields).length === Object.keys(b.fields).length &&
  Object.entries(a.fields).every(([name, value]) => b.fields[name] === value);

/** Instructions of each opcode that were encoded and decoded, and those that came back changed. */
function roundTrips(each: number) {
  const random = new Random(65);
  let changed = 0;
  for (const definition of instructions) {
    for (let i = 0; i < each; i++) {
      const drawn = drawInstruction(definition, random);
      if (!sameFields(decode(encode(drawn)), drawn)) changed++;
    }
  }
  return { tried: each * instructions.length, changed };
}

const GROUPS = ['scalar', 'control', 'data', 'matrix', 'vector'] as const;
type Group = (typeof GROUPS)[number];

/** By what executes it: control itself (scalar work, or where to go on and when), or a queue. */
function groupOf(definition: InstructionDefinition): Group {
  switch (classOf(definition)) {
    case 'alu':
    case 'multiply':
    case 'load':
    case 'store':
      return 'scalar';
    case 'dispatch':
      if (definition.unit === 'matrix' || definition.unit === 'winograd') return 'matrix';
      return definition.unit === 'vector' ? 'vector' : 'data';
    case 'config':
      return 'data';
    default:
      return 'control';
  }
}

/** Mnemonics as they are written, with what stands behind the dot: `vec.add`. */
const written = (definition: InstructionDefinition): readonly string[] => {
  const suffix = definition.fields.find((field) => field.suffix === true);
  return suffix === undefined ? [definition.mnemonic] : suffix.names!.map((name) => `${definition.mnemonic}.${name}`);
};

const membersOf = (group: Group): readonly string[] =>
  instructions.filter((d) => groupOf(d) === group).flatMap(written);

/** Compiles a network of the library, runs it with data and holds it against the host. */
export async function runNetwork(name: string, machine: Machine) {
  const engine = await sharedEngine();
  const compiled = await compileModel(await buildModel(name), { machine, engine, batch: 1 });
  const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  const { result, outputs, reference } = await runAndCheck(compiled, { engine, feeds });
  let difference = 0;
  for (const [output, value] of outputs) {
    const host = tensorNumbers(reference.get(output)!);
    tensorNumbers(value).forEach((v, i) => {
      difference = Math.max(difference, Math.abs(v - host[i]!));
    });
  }
  return { program: compiled.program, result, difference };
}

export const exercise = defineExercise({
  id: '6.5',
  title: { en: 'An instruction set for deep learning', zh: '设计深度学习专用指令集，并实现一个 CNN' },
  asked: {
    en: 'Design an instruction set for deep learning and run a convolutional network with it.',
    zh: '设计一个面向深度学习的指令集，并用它实现一个卷积神经网络。',
  },
  explanation: {
    en: `The design shown is the one that every program of Systole runs on. Its decisions:

- **Load-store, no vector registers.** Operands lie in scratchpads, neurons in NRAM and weights in WRAM, and an instruction names addresses and sizes, so that its length
  is not the length of a register (Cambricon's idea).
- **Words of 64 bits**, the opcode in the top 8, so that decoding takes one look. Operands are scalar registers (6 bits each, 64 of them). What does not fit, the
  five-dimensional strides of a tile, stands in one of 32 *records* that \`cfg.\` instructions write; an instruction names it in 5 bits.
- **One instruction, one tile.** \`mma\` multiplies and accumulates $P$ pixels by $N$ filters over $K$ elements, with bias, activation and conversion on the way out; \`vec\` does a
  function on any number of elements; \`load\` and \`store\` move strided blocks between DRAM and the scratchpads.
- **Queues, and synchronisation in the program.** Control executes scalar instructions, branches and hardware loops itself and hands the others to the queue of their unit. Order between
  queues is kept by semaphores (\`signal\`, \`wait\`) or by \`sync\`.

The check draws at least 10,000 instructions with random legal fields, every opcode among them: each decodes to what was encoded. LeNet-5 is compiled, run on the simulator and
held against the host. It executes exactly
$$117600 + 240000 + 48000 + 10080 + 840 = 416520$$
multiply-accumulates, those of its five layers.

Source: S. Liu et al., *Cambricon: an instruction set architecture for neural networks*, ISCA 2016. LeNet-5: Y. LeCun et al., *Gradient-based learning applied to document
recognition*, 1998. The whole reference, made from the same definitions, is \`docs/isa.md\`.`,
    zh: `这里展示的设计，就是 Systole 的所有程序赖以运行的指令集。主要决定如下：

- **Load-store 结构，没有向量寄存器。** 操作数位于片上存储：神经元在 NRAM，权重在 WRAM；指令给出地址与规模，因此一条指令处理的长度不受寄存器长度限制（Cambricon 的思想）。
- **64 位定长字**，操作码在最高 8 位，一次查表即可译码。操作数是标量寄存器（共 64 个，各占 6 位）。放不下的内容，即一个分块最多五维的步长，
  写在 32 个*记录*之一中，由 \`cfg.\` 指令设置，指令用 5 位引用它。
- **一条指令，一个分块。** \`mma\` 让 $P$ 个像素与 $N$ 个卷积核在 $K$ 个元素上乘累加，输出途中完成偏置、激活与类型转换；\`vec\` 对任意多个元素施加一个函数；
  \`load\` 与 \`store\` 在 DRAM 与片上存储之间搬运带步长的数据块。
- **队列，以及由程序负责的同步。** 控制器自己执行标量指令、分支和硬件循环，其余指令送入相应部件的队列；队列之间的次序由信号量（\`signal\`、\`wait\`）或 \`sync\` 保证。

检查时随机抽取至少 10000 条字段合法的指令，覆盖每个操作码：译码结果都与编码前相同。LeNet-5 经编译后在模拟器上运行，并与主机结果比较；它恰好执行
$$117600 + 240000 + 48000 + 10080 + 840 = 416520$$
次乘累加，即其五层之和。

出处：刘少礼等，*Cambricon: an instruction set architecture for neural networks*，ISCA 2016；LeNet-5：Y. LeCun 等，*Gradient-based learning applied to document
recognition*，1998。由同一份定义生成的完整参考见 \`docs/isa.md\`。`,
  },
  rows: 4,
  answeredBy: 'design',
  code: [
    { path: 'src/isa/registry.ts', words: { en: 'All instructions, a line each', zh: '全部指令，每条一行' } },
    { path: 'src/isa/define.ts', words: { en: 'What an instruction is', zh: '一条指令由什么组成' } },
    { path: 'src/isa/encode.ts', words: { en: 'Encoder and decoder', zh: '编码器与译码器' } },
    { path: 'src/isa/assembler/assemble.ts', words: { en: 'The assembler', zh: '汇编器' } },
    { path: 'docs/isa.md', words: { en: 'The reference', zh: '指令集参考' } },
  ],
  parameters: {
    instruction: {
      kind: 'choice',
      words: { en: 'instruction whose encoding is shown', zh: '展示其编码的指令' },
      default: 'mma',
      among: instructions.map((d) => d.mnemonic),
    },
    network: {
      kind: 'choice',
      words: { en: 'network to compile', zh: '要编译的网络' },
      default: 'lenet5',
      among: ['lenet5', 'lenet5-tanh', 'mlp'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  async show({ print, table, listing }, { instruction, network, machine }) {
    table(
      [
        { en: 'group', zh: '类别' },
        { en: 'instructions', zh: '指令数' },
        { en: 'some of them', zh: '例如' },
      ],
      GROUPS.map((group) => [group, membersOf(group).length, membersOf(group).slice(0, 8).join(' ')]),
    );
    const definition = byMnemonic.get(instruction)!;
    print({
      en: `The fields of ${instruction} (opcode 0x${definition.opcode.toString(16)}, bits 56–63):`,
      zh: `${instruction} 的字段（操作码 0x${definition.opcode.toString(16)}，位 56–63）：`,
    });
    table(
      [
        { en: 'field', zh: '字段' },
        { en: 'bits', zh: '位' },
        { en: 'holds', zh: '取值' },
      ],
      definition.fields.map((f) => [
        f.name,
        partsOf(f)
          .map(({ bit, width }) => (width === 1 ? `${bit}` : `${bit}–${bit + width - 1}`))
          .join(', '),
        f.kind === 'register' || f.kind === 'record' ? f.kind : fieldExpectation(f),
      ]),
    );
    const word = encode(drawInstruction(definition, new Random(5)));
    print(`${hexWord(word)} = ${instructionText(word, 0)}`);
    const { program, result, difference } = await runNetwork(network, machine);
    const [macs, cycles] = [grouped(result.total.macs), grouped(result.cycles)];
    print({
      en: `${network} on ${machine.name}: ${program.words.length} instructions, ${macs} multiply-accumulates, ${cycles} cycles; outputs differ from the host's by ${difference.toExponential(1)} at most`,
      zh: `${network}，机器 ${machine.name}：${program.words.length} 条指令，${macs} 次乘累加，${cycles} 周期；输出与主机结果最多相差 ${difference.toExponential(1)}`,
    });
    listing(
      { en: `the first instructions of ${network}`, zh: `${network} 的前若干条指令` },
      disassemble(program.words.slice(0, 40)),
    );
  },
  async check(check) {
    const { tried, changed } = roundTrips(Math.ceil(10_000 / instructions.length));
    check.row(1).atLeast('instructions encoded and decoded, every opcode among them', tried, 10_000);
    check.row(1).equal('of which came back changed', changed, 0);
    const { result, difference } = await runNetwork('lenet5-tanh', presets.get('textbook-single')!);
    check.row(2).atMost('LeNet-5: largest difference from the host', difference, 1e-5);
    check.row(3).equal('LeNet-5: multiply-accumulates', result.total.macs, 117600 + 240000 + 48000 + 10080 + 840);
    check.equal('LeNet-5: nothing is left to the host', result.total.hostCycles, 0);
    for (const group of GROUPS) check.row(4).atLeast(`${group} instructions`, membersOf(group).length, 2);
  },
});
