/**
 * Exercise 5.3: training on one device, on several, on several machines. What can run side by side is read off the graph of a step as it is computed; the
 * exchange of gradients in a ring is simulated, values and all. What a step takes on given devices and links, by model and pipeline parallelism too, is what
 * `systole parallel vgg19 --devices 8 --links …` answers (docs/parallel.md), whose bytes are these.
 */

import { Random } from 'systole/base';
import { defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import { type Graph, tensorOf } from 'systole/ir';
import { grouped, ringBytes as ringBytesOf, summarize } from 'systole/report';
import {
  add,
  compile,
  Generator,
  grad,
  linear,
  mse,
  mul,
  nn,
  relu,
  sub,
  type Tensor,
  tensor,
  Variable,
} from 'systole/tensor';
import { resnet152, vgg19 } from '../networks.ts';

/** Bytes that each worker sends (and receives) in a ring all-reduce of so many f32 values. */
export const ringBytes = (values: number, workers: number): number => ringBytesOf(4 * values, workers);

/** The mean of the workers' vectors, by pieces going round; how many values each worker sent. */
export function ringAllReduce(vectors: readonly Float64Array[]): {
  readonly mean: readonly Float64Array[];
  readonly sent: number;
} {
  const p = vectors.length;
  const held = vectors.map((v) => v.slice());
  const size = held[0]!.length;
  const piece = (i: number): [number, number] => [Math.floor((i * size) / p), Math.floor(((i + 1) * size) / p)];
  let sent = 0;
  /** Each worker hands one piece to the next; all at once, so what is sent is taken down first. */
  const round = (
    pieceOf: (worker: number) => number,
    take: (into: Float64Array, values: Float64Array) => void,
  ): void => {
    const messages = held.map((own, worker) => own.slice(...piece(pieceOf(worker))));
    sent += messages[0]!.length;
    messages.forEach((values, worker) => {
      const [from, to] = piece(pieceOf(worker));
      take(held[(worker + 1) % p]!.subarray(from, to), values);
    });
  };
  for (let step = 0; step < p - 1; step++) {
    round(
      (worker) => (worker - step + p) % p,
      (into, values) =>
        values.forEach((v, i) => {
          into[i]! += v;
        }),
    );
  }
  for (let step = 0; step < p - 1; step++) {
    round(
      (worker) => (worker + 1 - step + p) % p,
      (into, values) => into.set(values),
    );
  }
  return { mean: held.map((v) => v.map((x) => x / p)), sent };
}

/** Gradients of a small network on a batch, as one vector; and on its shards, one for each worker. */
export async function gradients(batch: number, workers: number) {
  const random = new Random(11);
  const draw = (count: number): Float64Array => Float64Array.from({ length: count }, () => random.normal());
  const variable = (name: string, shape: number[]): Variable =>
    new Variable(tensorOf('float64', shape, draw(shape.reduce((a, b) => a * b))), { name });
  const [w1, b1, w2] = [variable('w1', [16, 8]), variable('b1', [16]), variable('w2', [4, 16])];
  const [inputs, targets] = [draw(batch * 8), draw(batch * 4)];
  const on = async (from: number, to: number): Promise<Float64Array> => {
    const x = tensor(inputs.subarray(8 * from, 8 * to), { shape: [to - from, 8] });
    const t = tensor(targets.subarray(4 * from, 4 * to), { shape: [to - from, 4] });
    const parts = grad(mse(linear(relu(linear(x, w1, b1)), w2), t), [w1, b1, w2]);
    const data = await Promise.all(parts.map((g) => g.data()));
    return Float64Array.from(data.flatMap((values) => [...(values as Float64Array)]));
  };
  const share = batch / workers;
  return {
    whole: await on(0, batch),
    shards: await Promise.all(Array.from({ length: workers }, (_, i) => on(i * share, (i + 1) * share))),
  };
}

/**
 * One step of data parallel training as it is computed, and the next forward pass, as one graph; for each stage the values that it gives. Each
 * worker has weights of its own. What comes from where is the graph's, nothing of it is said here.
 */
async function stepGraph(workers: number): Promise<{
  readonly graph: Graph;
  readonly stages: ReadonlyMap<string, readonly string[]>;
}> {
  const each = <T>(f: (worker: number) => T): T[] => Array.from({ length: workers }, (_, i) => f(i));
  const network = each((i) => [
    new Variable(nn.init.kaimingData([16, 8], 8, new Generator(i)), { name: `w1_${i}` }),
    new Variable(nn.init.kaimingData([4, 16], 16, new Generator(workers + i)), { name: `w2_${i}` }),
  ]);
  const forward = (x: Tensor, [w1, w2]: readonly Tensor[]): Tensor => linear(relu(linear(x, w1!)), w2!);
  const step = compile((loaded: readonly Tensor[], targets: readonly Tensor[], next: readonly Tensor[]) => {
    const outputs = each((i) => forward(loaded[i]!, network[i]!));
    const gradients = each((i) => grad(mse(outputs[i]!, targets[i]!), network[i]!));
    const reduced = [0, 1].map((k) =>
      gradients
        .map((g) => g[k]!)
        .reduce((a, b) => add(a, b))
        .div(workers),
    );
    const updated = each((i) => network[i]!.map((w, k) => sub(w, mul(reduced[k]!, 0.1))));
    return [outputs, gradients, reduced, updated, each((i) => forward(next[i]!, updated[i]!))];
  });
  const batches = (size: number): Tensor[] => each(() => tensor(new Float32Array(2 * size), { shape: [2, size] }));
  const { graph } = await step.model(batches(8), batches(4), batches(8));
  // Results stand in the order in which the function gives them, inputs in that of its arguments.
  const outputs = graph.outputs.map((v) => v.name);
  const inputs = graph.inputs.map((v) => v.name);
  const give = (count: number): string[] => outputs.splice(0, count);
  const stages = new Map<string, readonly string[]>();
  for (let i = 0; i < workers; i++) {
    stages.set(`load ${i}`, [inputs[i]!, inputs[workers + i]!]);
    stages.set(`load next ${i}`, [inputs[2 * workers + i]!]);
  }
  for (let i = 0; i < workers; i++) stages.set(`forward ${i}`, give(1));
  for (let i = 0; i < workers; i++) stages.set(`backward ${i}`, give(2));
  stages.set('all-reduce', give(2));
  for (let i = 0; i < workers; i++) stages.set(`update ${i}`, give(2));
  for (let i = 0; i < workers; i++) stages.set(`forward next ${i}`, give(1));
  return { graph, stages };
}

/** What waits for what: from the values of each stage back through the nodes that make them, to the values of other stages. */
export async function dependencies(workers: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const { graph, stages } = await stepGraph(workers);
  const stageOf = new Map([...stages].flatMap(([stage, values]) => values.map((value) => [value, stage] as const)));
  const maker = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const before = (stage: string, values: readonly string[]): readonly string[] => {
    const found = new Set<string>();
    const seen = new Set<string>();
    const visit = (value: string): void => {
      if (seen.has(value)) return;
      seen.add(value);
      const other = stageOf.get(value);
      if (other !== undefined && other !== stage) found.add(other);
      else maker.get(value)?.inputs.forEach(visit);
    };
    values.forEach(visit);
    return [...found];
  };
  return new Map([...stages].map(([stage, values]) => [stage, before(stage, values)]));
}

/** What can run at the same time: each wave waits for those before it. */
export function waves(after: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const level = (name: string): number => Math.max(0, ...after.get(name)!.map((before) => level(before) + 1));
  const grouped = Map.groupBy(after.keys(), level);
  return [...grouped].sort(([a], [b]) => a - b).map(([, names]) => names);
}

/** Whether one waits for another, directly or through others. */
const waitsFor = (after: ReadonlyMap<string, readonly string[]>, name: string, other: string): boolean =>
  after.get(name)!.some((before) => before === other || waitsFor(after, before, other));

export const exercise = defineExercise({
  id: '5.3',
  title: { en: 'Data parallel training', zh: '单机单卡、单机多卡、多机多卡训练流程的区别；哪些步骤可并行/必须串行' },
  asked: {
    en: 'How does training on one device, on several devices of a machine and on several machines differ? Which steps can run in parallel, and which must run one after the other? Hand in the numbers `vgg19p2`, `vgg19p4`, `vgg19p8`, `vgg19p16`, `resnet152p2`, `resnet152p4`, `resnet152p8`, `resnet152p16`. They are the bytes that each of 2, 4, 8 or 16 workers sends in a ring.',
    zh: '单机单卡、单机多卡、多机多卡的训练流程有什么区别？哪些步骤可以并行，哪些必须串行？请提交数值 `vgg19p2`、`vgg19p4`、`vgg19p8`、`vgg19p16`、`resnet152p2`、`resnet152p4`、`resnet152p8`、`resnet152p16`。均为 2、4、8 或 16 个设备成环时每个设备发送的字节数。',
  },
  explanation: {
    en: `**One device**: load a batch, forward, backward, update, again. **Several devices** (data parallel): each of $p$ workers has the whole network and a $p$-th of the batch; gradients are exchanged before the update.
**Several machines**: the same, but the exchange goes over the network, which is slower than the links inside a machine; it is done in two stages or overlapped. A network that does not fit one device is cut into parts
(model or pipeline parallel).

| parallel | one after the other |
|---|---|
| loading and preprocessing, of all workers and ahead of time | forward before backward of one worker |
| forward and backward of different workers | backward of all workers before the exchange ends |
| exchange of one layer's gradient with the backward pass of the layers below | the exchange before the update |
| stages of a pipeline on different micro-batches | the update before the next forward pass; layers in their order |

The mean of the workers' gradients is the gradient of the whole batch, if shards are equal:
$$\\frac1p\\sum_{i=1}^p \\nabla \\frac{p}{B}\\sum_{x \\in S_i} L(x) = \\nabla \\frac1B \\sum_x L(x),$$
so the result is that of one device (to rounding).

**The exchange.** In a ring the gradient of $n$ values is cut into $p$ pieces, which go round twice: summed up in $p-1$ steps, handed out in $p-1$ more. Each worker sends
$$\\frac{2(p-1)}{p}\\,n$$
values, less than $2n$ however many there are. For VGG19 in fp32 on 8 workers that is 1.0 GB in every step.

Here a step of data parallel training is recorded as a graph, and what waits for what is read off it; nothing of it is stated. Steps of one wave run side by side.

Sources: P. Patarasuk, X. Yuan, *Bandwidth optimal all-reduce algorithms for clusters of workstations*, JPDC 2009; A. Sergeev, M. Del Balso, *Horovod*, 2018.`,
    zh: `**单机单卡**：取一批数据，前向、反向、更新，如此反复。**单机多卡**（数据并行）：$p$ 个设备各有完整的网络和 $1/p$ 的批，更新之前交换梯度。**多机多卡**：流程相同，但交换要经过网络，比机内链路慢，因而分两级进行或与计算重叠。
单个设备放不下的网络再切成几部分（模型并行或流水线并行）。

| 可并行 | 必须串行 |
|---|---|
| 各设备的数据读取与预处理，并可提前进行 | 同一设备的前向先于反向 |
| 不同设备的前向与反向 | 全部设备的反向先于交换结束 |
| 某层梯度的交换与更低层的反向 | 交换先于更新 |
| 流水线的各级处理不同的微批 | 更新先于下一次前向；各层依次 |

各份大小相等时，各设备梯度的平均就是整批的梯度：
$$\\frac1p\\sum_{i=1}^p \\nabla \\frac{p}{B}\\sum_{x \\in S_i} L(x) = \\nabla \\frac1B \\sum_x L(x)$$
因此结果与单卡相同（舍入误差除外）。

**交换。** 环形 all-reduce 把 $n$ 个梯度值切成 $p$ 段，绕环两圈：$p-1$ 步求和，再 $p-1$ 步分发。每个设备发送
$$\\frac{2(p-1)}{p}\\,n$$
个值，无论有多少设备都不到 $2n$。fp32 的 VGG19 在 8 个设备上，每步为 1.0 GB。

这里把数据并行训练的一步记录为图，谁等谁由图得出，没有一条是写死的。同一批次中的步骤可并行。

出处：P. Patarasuk、X. Yuan，*Bandwidth optimal all-reduce algorithms for clusters of workstations*，JPDC 2009；A. Sergeev、M. Del Balso，*Horovod*，2018。`,
  },
  rows: 4,
  code: [
    { path: 'src/tensor/autograd.ts', words: { en: 'Gradients', zh: '求梯度' } },
    { path: 'src/tensor/compile.ts', words: { en: 'A step recorded as a graph', zh: '把一步记录为图' } },
    { path: 'src/report/summary/summary.ts', words: { en: 'Parameters of a network', zh: '网络的参数量' } },
  ],
  parameters: {
    workers: { kind: 'whole', words: { en: 'workers', zh: '设备数' }, default: 2, least: 2, most: 8 },
    values: {
      kind: 'whole',
      words: { en: 'parameters of a network of your own (0: none)', zh: '自定义网络的参数量（0 表示无）' },
      default: 0,
      least: 0,
      most: 1e13,
    },
  },
  async show({ table }, { workers, values }) {
    table(
      [
        { en: 'wave', zh: '批次' },
        { en: 'side by side', zh: '可并行的步骤' },
      ],
      waves(await dependencies(workers)).map((wave, i) => [i + 1, wave.join(', ')]),
    );
    const networks: [string, number][] = [
      ['VGG19', summarize(vgg19()).totals.parameters],
      ['ResNet152', summarize(resnet152()).totals.parameters],
      ...(values > 0 ? [['own', values] as [string, number]] : []),
    ];
    table(
      [
        { en: 'network', zh: '网络' },
        { en: 'parameters', zh: '参数' },
        ...[2, 4, 8, 16].map((p) => ({ en: `bytes sent, p = ${p}`, zh: `每设备发送字节，p = ${p}` })),
      ],
      networks.map(([name, count]) => [
        name,
        grouped(count),
        ...[2, 4, 8, 16].map((p) => grouped(ringBytes(count, p))),
      ]),
    );
  },
  async check(check) {
    const { equal, holds } = check.row(4);
    for (const workers of [2, 4, 8]) {
      const { whole, shards } = await gradients(32, workers);
      const { mean, sent } = ringAllReduce(shards);
      const off = mean.map((own) => own.reduce((most, v, i) => Math.max(most, Math.abs(v - whole[i]!)), 0));
      check
        .row(1)
        .atMost(`${workers} workers: mean of the shards' gradients less that of the batch`, Math.max(...off), 1e-12);
      check.close(`${workers} workers: values sent`, sent, ringBytes(whole.length, workers) / 4, workers);
    }
    const [vgg, resnet] = [vgg19(), resnet152()].map((model) => summarize(model).totals.parameters);
    check.row(2).equal(
      'VGG19, bytes by workers',
      [2, 4, 8, 16].map((p) => ringBytes(vgg!, p)),
      [574668960, 862003440, 1005670680, 1077504300],
    );
    check.row(3).equal('ResNet152 on 8', ringBytes(resnet!, 8), 421349656);
    const after = await dependencies(4);
    equal('stages of the graph', after.size, 4 * 6 + 1);
    holds(
      'each update waits for the exchange',
      [0, 1, 2, 3].every((i) => waitsFor(after, `update ${i}`, 'all-reduce')),
    );
    holds(
      'the exchange waits for every backward pass',
      [0, 1, 2, 3].every((i) => waitsFor(after, 'all-reduce', `backward ${i}`)),
    );
    const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].flatMap((k) => (i === k ? [] : [[i, k] as const])));
    holds(
      'the next pass waits for the update of its own worker alone',
      [0, 1, 2, 3].every((i) =>
        [0, 1, 2, 3].every((k) => after.get(`forward next ${i}`)!.includes(`update ${k}`) === (i === k)),
      ),
    );
    for (const what of ['load', 'load next', 'forward', 'backward']) {
      holds(
        `no worker's ${what} waits for another's`,
        !pairs.some(
          ([i, k]) => waitsFor(after, `${what} ${i}`, `load ${k}`) || waitsFor(after, `${what} ${i}`, `${what} ${k}`),
        ),
      );
    }
  },

  judge(submission, { values }) {
    const networks: [string, number][] = [
      ['vgg19', summarize(vgg19()).totals.parameters],
      ['resnet152', summarize(resnet152()).totals.parameters],
      ...(values > 0 ? [['own', values] as [string, number]] : []),
    ];
    return judgeNumbers(
      submission,
      networks.flatMap(([name, count]) =>
        [2, 4, 8, 16].map(
          (p): NumberField => ({
            name: `${name}p${p}`,
            words: {
              en: `bytes that each of ${p} workers sends in a ring, ${name}`,
              zh: `环中 ${p} 个设备各发送的字节数，${name}`,
            },
            expected: ringBytes(count, p),
            tolerance: p,
            slips: [
              {
                value: ringBytes(count, p) / 2,
                words: {
                  en: 'only one of the two rounds is counted: summing up, or handing out',
                  zh: '只计了一圈：求和或分发',
                },
              },
              {
                value: 4 * count * (p - 1),
                words: {
                  en: 'the whole gradient is sent to each of the others',
                  zh: '这是把完整梯度发给其余每个设备',
                },
              },
            ],
          }),
        ),
      ),
    );
  },
});
