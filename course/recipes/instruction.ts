/**
 * Recipe: an instruction. One file declares mnemonic, opcode and fields; encoder, decoder, assembler, disassembler and reference page derive from it. What the
 * registry-wide tests hold every instruction to is held here point by point.
 */
import { Random } from 'systole/base';
import { defineExercise, type Words } from 'systole/course';
import {
  assemble,
  byMnemonic,
  CONTROL_CLASSES,
  decode,
  encode,
  fieldRange,
  type InstructionDefinition,
  instructions,
  instructionText,
  isaPage,
  partsOf,
} from 'systole/isa';
import { declarationOf, holds, judgeModule, type Point, point, type Recipe, showPoints, tried } from './answers.ts';

const register = (name: string, bit: number, doc: string) => ({ name, kind: 'register', bit, width: 6, doc }) as const;

const msub: InstructionDefinition = {
  mnemonic: 'msub',
  opcode: 0x7e,
  unit: 'control',
  class: 'multiply',
  fields: [
    register('rd', 42, 'destination'),
    register('ra', 36, 'first factor'),
    register('rb', 30, 'second factor'),
    register('rc', 24, 'what is subtracted'),
  ],
  summary: 'Multiplies and subtracts; low 32 bits.',
  semantics: 'rd = ra * rb - rc',
};

const bitsText = ({ bit, width }: { readonly bit: number; readonly width: number }): string =>
  width === 1 ? `${bit}` : `${bit}…${bit + width - 1}`;

/** Bits of the word that two fields own, or that belong to the opcode. */
function sharedBits({ fields }: InstructionDefinition): string | undefined {
  let owned = 0xffn << 56n;
  for (const f of fields) {
    for (const { bit, width } of partsOf(f)) {
      const mask = ((1n << BigInt(width)) - 1n) << BigInt(bit);
      if ((owned & mask) !== 0n) return `${f.name}: ${bitsText({ bit, width })}`;
      owned |= mask;
    }
  }
  return undefined;
}

const widthOf = (f: InstructionDefinition['fields'][number]): number => partsOf(f).reduce((sum, p) => sum + p.width, 0);

/** A random use of a registered instruction goes through encoder and decoder, and, with no label in it, through text and back. */
function roundTrip(definition: InstructionDefinition): string | undefined {
  const random = new Random(definition.opcode);
  for (let n = 0; n < 50; n++) {
    const fields = Object.fromEntries(
      definition.fields.map((f) => {
        const { min, max } = fieldRange(f);
        return [f.name, f.kind === 'word' ? random.integer(-(2 ** 31), 2 ** 31 - 1) : random.integer(min, max)];
      }),
    );
    const word = encode({ mnemonic: definition.mnemonic, fields });
    const again = encode(decode(word));
    if (again !== word) return `0x${word.toString(16)} ≠ 0x${again.toString(16)}`;
    if (definition.fields.some((f) => f.kind === 'label')) continue;
    const text = instructionText(word, 0);
    const read = encode(assemble(text, { file: 'recipe.s' }).instructions[0]!);
    if (read !== word) return `'${text}': 0x${read.toString(16)} ≠ 0x${word.toString(16)}`;
  }
  return undefined;
}

async function pointsOf(d: InstructionDefinition): Promise<readonly Point[]> {
  const others = instructions.filter((i) => i !== d);
  const sameCode = others.find((i) => i.opcode === d.opcode);
  const crowded = d.fields.find((f) => f.kind === 'enum' && (f.names ?? []).length > 2 ** widthOf(f));
  const unnamed = d.fields.find((f) => f.doc === '' || (f.kind === 'enum' && f.names === undefined));
  const classed = d.unit === 'control' ? CONTROL_CLASSES.includes(d.class) : d.class === undefined;
  const isRegistered = byMnemonic.get(d.mnemonic) === d;
  const unregistered: Words = { en: 'add its line to src/isa/registry.ts', zh: '请在 src/isa/registry.ts 中加入一行' };
  const points: Point[] = [
    point(
      'a mnemonic of its own',
      '独有的助记符',
      others.some((i) => i.mnemonic === d.mnemonic) || !/^[a-z][a-z.0-9]*$/i.test(d.mnemonic) ? d.mnemonic : undefined,
    ),
    point(
      'a free opcode, 1 to 255',
      '未占用的操作码（1 到 255）',
      sameCode !== undefined
        ? `${d.opcode}: ${sameCode.mnemonic}`
        : d.opcode >= 1 && d.opcode <= 255
          ? undefined
          : String(d.opcode),
    ),
    point('every bit owned once, none of the opcode', '每一位只属于一个字段，且不属于操作码', sharedBits(d)),
    point('choices fit their fields', '枚举项能放进字段', crowded?.name),
    point('words for every field', '每个字段都有说明', unnamed?.name),
    point(
      'a class where control executes it, none in a queue',
      '由控制执行则有类别，进队列则没有',
      classed ? undefined : String(d.class),
    ),
    point('summary and semantics', '摘要与语义', d.summary === '' || d.semantics === '' ? d.mnemonic : undefined),
    {
      ...point('a line in the registry', '注册表中的一行', isRegistered ? undefined : unregistered),
      ...(isRegistered ? {} : { open: true as const }),
    },
  ];
  if (!isRegistered) return points;
  return [
    ...points,
    await tried('words and text round-trip', '机器字与文本往返一致', () => roundTrip(d)),
    point(
      'it stands on the reference page',
      '出现在参考页中',
      isaPage().includes(`[${d.mnemonic}](#`) ? undefined : 'docs/isa.md',
    ),
  ];
}

const isInstruction = (value: unknown): value is InstructionDefinition =>
  typeof value === 'object' && value !== null && 'mnemonic' in value && 'opcode' in value && 'fields' in value;

const wrongOf = async (d: InstructionDefinition): Promise<readonly string[]> =>
  (await pointsOf(d)).flatMap((p) => (p.wrong === undefined || p.open ? [] : [p.asked.en]));

export const judgedBy: Recipe<InstructionDefinition> = {
  kind: { en: 'an instruction', zh: '指令' },
  isOne: isInstruction,
  pointsOf,
};

export const exercise = defineExercise({
  id: 'recipe.instruction',
  title: { en: 'Add an instruction', zh: '添加一条指令' },
  asked: {
    en: 'Add an instruction to the processor: one file in `src/isa/instructions` and one line in `src/isa/registry.ts`, then its time and its effect in both models. Hand in the file: `systole course check recipe.instruction --answer src/isa/instructions/mine.ts`, which loads it.',
    zh: '为处理器添加一条指令：在 `src/isa/instructions` 中写一个文件，在 `src/isa/registry.ts` 中加一行，然后在两个模型中实现其时间与效果。提交该文件：`systole course check recipe.instruction --answer src/isa/instructions/mine.ts`（会加载运行它）。',
  },
  explanation: {
    en: `An instruction word has 64 bits: the opcode in bits 56 to 63, the fields where the definition says. Encoder, decoder, assembler, disassembler and docs/isa.md derive from that one definition, so they cannot disagree.

1. **Definition**: mnemonic, a free opcode (0 is never given away, so that memory of zeros does not execute), fields with their bits and words.
2. **Where it executes**: control (its \`class\` says what the decoder's state machine does with it) or a queue.
3. **Both models**: the functional one (what it does) and the cycle model (how long, and what it touches). CONTRIBUTING.md lists the places; the compiler and \`src/sim/instructions.test.ts\` find those that are missing.

The points here are those of the definition; the models are held by \`npx vitest run src/isa src/sim/instructions.test.ts\`. The example, \`msub\`, is not registered.`,
    zh: `指令字为 64 位：操作码在第 56 至 63 位，字段的位置由定义给出。编码器、译码器、汇编器、反汇编器与 docs/isa.md 都由这一处定义导出，因此不会互相矛盾。

1. **定义**：助记符、未占用的操作码（0 永不分配，全零的存储内容因此不会被执行）、各字段的位与说明。
2. **在哪里执行**：由控制执行（\`class\` 说明译码状态机如何处理它），或进入队列。
3. **两个模型**：功能模型（做什么）与周期模型（用多久、访问什么）。CONTRIBUTING.md 列出各处；遗漏之处由编译器和 \`src/sim/instructions.test.ts\` 发现。

这里检查的是定义；两个模型由 \`npx vitest run src/isa src/sim/instructions.test.ts\` 检验。示例 \`msub\` 没有注册。`,
  },
  rows: 0,
  code: [
    { path: 'CONTRIBUTING.md', words: { en: 'the three recipes', zh: '三个步骤' } },
    { path: 'src/isa/instructions/mad.ts', words: { en: 'an instruction', zh: '一条指令' } },
    { path: 'src/isa/registry.ts', words: { en: 'the registry', zh: '注册表' } },
    {
      path: 'src/sim/instructions.test.ts',
      words: { en: 'every instruction in both models', zh: '两个模型中的每条指令' },
    },
  ],
  parameters: {
    instruction: {
      kind: 'choice',
      words: { en: 'instruction that is looked at', zh: '查看的指令' },
      default: 'msub',
      among: ['msub', ...byMnemonic.keys()],
    },
  },
  async show(out, { instruction }) {
    const d = instruction === 'msub' ? msub : byMnemonic.get(instruction)!;
    out.print({ en: `${d.mnemonic}: ${d.summary}`, zh: `${d.mnemonic}：${d.summary}` });
    out.table(
      [
        { en: 'field', zh: '字段' },
        { en: 'kind', zh: '类型' },
        { en: 'bits', zh: '位' },
        { en: 'holds', zh: '内容' },
      ],
      d.fields.map((f) => [
        f.name,
        f.kind,
        partsOf(f)
          .map((p) => `${p.bit}…${p.bit + p.width - 1}`)
          .join(', '),
        f.doc,
      ]),
    );
    showPoints(out, await pointsOf(d));
    if (d === msub) out.listing({ en: 'the example', zh: '示例' }, declarationOf(import.meta.url, 'msub'));
  },
  async check(check) {
    check.equal('the example holds, but for its line in the registry', await wrongOf(msub), []);
    const all = await Promise.all(instructions.map(pointsOf));
    check.equal(
      'instructions of the registry that do not hold',
      instructions.filter((_, i) => !holds(all[i]!)).map((d) => d.mnemonic),
      [],
    );
    const broken: readonly (readonly [string, InstructionDefinition, string])[] = [
      ['an opcode that mad has', { ...msub, opcode: byMnemonic.get('mad')!.opcode }, 'a free opcode, 1 to 255'],
      ['opcode 0', { ...msub, opcode: 0 }, 'a free opcode, 1 to 255'],
      [
        'two fields on the same bits',
        { ...msub, fields: [...msub.fields, register('re', 20, 'too near')] },
        'every bit owned once, none of the opcode',
      ],
      ['a field without words', { ...msub, fields: [register('rd', 42, '')] }, 'words for every field'],
      [
        'five choices in two bits',
        {
          ...msub,
          fields: [{ name: 'how', kind: 'enum', bit: 0, width: 2, names: ['a', 'b', 'c', 'd', 'e'], doc: 'how' }],
        },
        'choices fit their fields',
      ],
    ];
    for (const [what, d, wrong] of broken) check.holds(`found wrong: ${what}`, (await wrongOf(d)).includes(wrong));
  },
  judge: (submission) => judgeModule(submission, import.meta.url, judgedBy),
});
