/** Exercise 1.5: what an intelligent computing system is: one inference followed through all layers of this one. */
import { defineExercise, machineOfName, type Words } from 'systole/course';
import { type Engine, sharedEngine } from 'systole/engine';
import { type Addition, adderInput, adderModel, compileModel, runAndCheck } from 'systole/flow';
import { type Tensor as Data, type Model, printModel, tensorNumbers, tensorOf } from 'systole/ir';
import { disassembleProgram } from 'systole/isa';
import type { Machine } from 'systole/machine';
import { exportModel, Generator, nn, tensor } from 'systole/tensor';

/** What one layer of the system made of an inference. */
export interface Stage {
  readonly layer: 'application' | 'framework/graph' | 'compiler' | 'ISA program' | 'DLP simulator';
  readonly words: Words;
  /** How much of it there is, in words and as a number. */
  readonly size: Words;
  readonly count: number;
  readonly text: string;
}

export interface Followed {
  readonly stages: readonly Stage[];
  /** The largest difference of the processor's outputs to the reference. */
  readonly off: number;
  /** For each node of the graph whether some instruction stands for it. */
  readonly everyNodeHasInstructions: boolean;
  readonly cycles: number;
}

/** A network as an application writes it, its input, and what the framework says is right. */
interface Application {
  readonly text: string;
  readonly model: Model;
  readonly input: readonly [name: string, value: Data];
  readonly reference: readonly number[];
}

const HIDDEN = 16;

/** A classifier in f32, in the framework's own words. */
async function classifier(seed: number): Promise<Application> {
  const generator = new Generator(seed);
  const network = new nn.Sequential(
    new nn.Linear(8, HIDDEN, { generator }),
    nn.relu(),
    new nn.Linear(HIDDEN, 4, { generator }),
  );
  const values = Array.from({ length: 8 }, (_, i) => Math.sin(1 + i + seed));
  const reference = await network.forward(tensor([values])).data();
  return {
    text: `new nn.Sequential(new nn.Linear(8, ${HIDDEN}), nn.relu(), new nn.Linear(${HIDDEN}, 4)).forward(x)`,
    model: await exportModel(network, { x: [1, 8] }, { outputs: ['y'] }),
    input: ['x', tensorOf('float32', [1, 8], values)],
    reference: [...reference].map(Number),
  };
}

/** The exact adder: whole numbers in, whole numbers out. */
function adder(addition: Addition): Application {
  const bits = adderInput([addition]);
  const sum = addition.a + addition.b + addition.carry;
  return {
    text: `sum of ${addition.a}, ${addition.b} and carry ${addition.carry} by the adder network`,
    model: adderModel(),
    input: ['bits', bits],
    reference: [16, 8, 4, 2, 1].map((bit) => (sum & bit ? 1 : 0)),
  };
}

async function follow(application: Application, machine: Machine, engine: Engine): Promise<Followed> {
  const { model, input, reference } = application;
  const compiled = await compileModel(model, { machine, engine, batch: 1 });
  const { program, optimized } = compiled;
  const { result, outputs } = await runAndCheck(compiled, { engine, feeds: new Map([input]) });
  const [output] = [...outputs.values()] as [Data];
  const found = [...tensorNumbers(output)];
  const plans = program.layers.map(({ name, nodes }) => `${name}: ${nodes.join(', ')}`);
  const covered = new Set(program.layers.flatMap(({ nodes }) => nodes));
  const stages: Stage[] = [
    {
      ...{ layer: 'application', words: { en: 'application', zh: '应用' }, text: application.text },
      ...{ count: tensorNumbers(input[1]).length, size: { en: 'inputs', zh: '个输入' } },
    },
    {
      ...{ layer: 'framework/graph', words: { en: 'framework: graph', zh: '编程框架：计算图' } },
      ...{
        count: model.graph.nodes.length,
        size: { en: 'nodes', zh: '个节点' },
        text: printModel(model, { elideTensors: 4 }),
      },
    },
    {
      ...{ layer: 'compiler', words: { en: 'compiler: layers of the optimised graph', zh: '编译器：优化后的各层' } },
      ...{ count: program.layers.length, size: { en: 'layers', zh: '层' }, text: plans.join('\n') },
    },
    {
      ...{ layer: 'ISA program', words: { en: 'program of the instruction set', zh: '指令集程序' } },
      ...{
        count: program.words.length,
        size: { en: 'instructions', zh: '条指令' },
        text: disassembleProgram(program).text,
      },
    },
    {
      ...{ layer: 'DLP simulator', words: { en: 'simulated processor', zh: '仿真的处理器' } },
      ...{ count: result.cycles, size: { en: 'cycles', zh: '个周期' }, text: `y = ${found.join(', ')}` },
    },
  ];
  return {
    stages,
    off: found.length === reference.length ? Math.max(...found.map((v, i) => Math.abs(v - reference[i]!))) : Number.NaN,
    everyNodeHasInstructions: optimized.graph.nodes.every(({ name }) => covered.has(name)),
    cycles: result.cycles,
  };
}

const DEFAULT = 'textbook-single';

export const exercise = defineExercise({
  id: '1.5',
  title: { en: 'What an intelligent computing system is', zh: '什么是智能计算系统？' },
  asked: { en: 'What is an intelligent computing system?', zh: '什么是智能计算系统？' },
  explanation: {
    en: `"The material carrier of intelligence" is a motto, not a definition. An intelligent computing system is the whole of hardware and software that executes intelligent algorithms:

1. **Application**: a task, a model, data.
2. **Framework**: layers, automatic differentiation, and a graph of operators as the common form of all models.
3. **Compiler and runtime** (with libraries and drivers): passes over the graph, tiles, memory, schedule; what the processor cannot do goes to the host.
4. **Instruction set**: the contract between software and hardware.
5. **Hardware**: usually heterogeneous, a general-purpose CPU beside a processor for deep learning with its memories.

Each layer hides the one below from the one above, and none is enough alone. Here, one inference passes through all of this system's layers; each shows what it made of it, and the processor's result is held against the framework's.

Source: Y. Chen et al., *AI Computing Systems* (智能计算系统), chapter 1.`,
    zh: `“智能的物质载体”是一句口号，而不是定义。智能计算系统是执行智能算法的软硬件整体：

1. **应用**：任务、模型与数据。
2. **编程框架**：各种层、自动求导，以及作为一切模型共同形式的算子计算图。
3. **编译器与运行时**（连同库与驱动）：图优化、分块、存储分配、调度；处理器做不了的交给主机。
4. **指令集**：软件与硬件之间的约定。
5. **硬件**：通常是异构的，通用 CPU 加上带有专用存储的深度学习处理器。

每一层对上屏蔽下面的细节，单独哪一层都不够。这里让一次推理穿过本系统的各层，每层展示它做出了什么，最后把处理器的结果与框架的结果对比。

来源：陈云霁等，《智能计算系统》，第 1 章。`,
  },
  code: [
    { path: 'src/tensor', words: { en: 'framework', zh: '编程框架' } },
    { path: 'src/ir', words: { en: 'graph', zh: '计算图' } },
    { path: 'src/lower', words: { en: 'compiler', zh: '编译器' } },
    { path: 'src/isa', words: { en: 'instruction set', zh: '指令集' } },
    { path: 'src/sim', words: { en: 'processor', zh: '处理器' } },
  ],
  rows: 2,
  answeredBy: 'explanation',
  parameters: {
    network: {
      kind: 'choice',
      words: { en: 'a classifier in f32, or the exact adder', zh: 'f32 分类器，或精确加法器' },
      ...{ default: 'classifier', among: ['classifier', 'adder'] },
    },
    seed: {
      kind: 'whole',
      words: { en: 'seed of the classifier', zh: '分类器的种子' },
      default: 1,
      least: 0,
      most: 1e6,
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: DEFAULT },
  },
  async show({ print, table, listing, language }, { network, seed, machine }) {
    const application = network === 'adder' ? adder({ a: 9, b: 5, carry: 1 }) : await classifier(seed);
    const { stages, off } = await follow(application, machine, await sharedEngine());
    table(
      [
        { en: 'layer of the system', zh: '系统的层次' },
        { en: 'what it makes', zh: '产物' },
      ],
      stages.map(({ words, count, size }) => [words[language], `${count} ${size[language]}`]),
    );
    for (const { words, text } of stages) listing(words, text);
    print({
      en: `Largest difference between the processor and the framework: ${off}.`,
      zh: `处理器与框架结果的最大差：${off}。`,
    });
  },
  async check(check) {
    const machine = machineOfName(DEFAULT);
    const engine = await sharedEngine();
    const floats = await follow(await classifier(1), machine, engine);
    const layers = ['application', 'framework/graph', 'compiler', 'ISA program', 'DLP simulator'];
    check.row(1).equal(
      'layers that one inference passes',
      floats.stages.map((s) => s.layer),
      layers,
    );
    for (const { layer, count, text } of floats.stages)
      check.row(1).holds(`${layer} made something`, count > 0 && text !== '');
    check.row(1).holds('every node of the optimised graph has its instructions', floats.everyNodeHasInstructions);
    check.row(2).atMost('f32: largest difference to the framework', floats.off, 1e-5);
    const sums: number[] = [];
    for (const addition of [
      { a: 9, b: 5, carry: 1 },
      { a: 15, b: 15, carry: 1 },
      { a: 0, b: 0, carry: 0 },
    ]) {
      sums.push((await follow(adder(addition), machine, engine)).off);
    }
    check.row(2).equal('whole numbers: largest difference for three sums', sums, [0, 0, 0]);
  },
});
