/**
 * Exercise 5.3: training on one device, on several, on several machines. In data parallel training each of p workers has the whole network and a
 * p-th of the batch. Parallel are loading, forward and backward of different workers (and, layer by layer, the exchange of gradients with
 * the backward pass). Serial are forward before backward of one worker, the exchange before the update, the update before the next
 * step. The mean of the workers' gradients is that of the whole batch, so the result is that of one device.
 * A ring exchanges it: the gradient is cut into p pieces, which go round twice, once being summed up and once being handed out; each
 * worker sends 2·(p − 1) ÷ p of the gradient's bytes, whatever p is. On one machine the ring runs over its links, between machines over the network.
 */

import { Random } from '#base';
import { tensorOf } from '#ir';
import { summarize } from '#report';
import { grad, linear, mse, relu, tensor, Variable } from '#tensor';
import { type Exercise, main } from '../exercise.ts';
import { resnet152, vgg19 } from '../networks.ts';

/** Bytes that each worker sends (and receives) in a ring all-reduce of so many f32 values. */
export const ringBytes = (values: number, workers: number): number => (2 * (workers - 1) * values * 4) / workers;

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

/** What waits for what in one step of data parallel training, and the next step's loading. */
export function dependencies(workers: number): ReadonlyMap<string, readonly string[]> {
  const each = (what: string): string[] => Array.from({ length: workers }, (_, i) => `${what} ${i}`);
  const after = new Map<string, readonly string[]>([['all-reduce', each('backward')]]);
  for (let i = 0; i < workers; i++) {
    after.set(`load ${i}`, []);
    after.set(`forward ${i}`, [`load ${i}`]);
    after.set(`backward ${i}`, [`forward ${i}`]);
    after.set(`update ${i}`, ['all-reduce']);
    after.set(`load next ${i}`, [`load ${i}`]);
    after.set(`forward next ${i}`, [`load next ${i}`, `update ${i}`]);
  }
  return after;
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

export const exercise: Exercise = {
  id: '5.3',
  title: 'Data parallel training',
  show(print) {
    waves(dependencies(2)).forEach((wave, i) => {
      print(`${i + 1}: ${wave.join(', ')}`);
    });
    const { parameters } = summarize(vgg19()).totals;
    for (const p of [2, 4, 8, 16])
      print(`VGG19 on ${p} workers: ${ringBytes(parameters, p)} bytes from each in every step`);
  },
  async check({ close, equal, holds }) {
    for (const workers of [2, 4, 8]) {
      const { whole, shards } = await gradients(32, workers);
      const { mean, sent } = ringAllReduce(shards);
      for (const own of mean) close(`${workers} workers: the mean gradient`, [...own], [...whole], 1e-12);
      close(`${workers} workers: values sent`, sent, ringBytes(whole.length, workers) / 4, workers);
    }
    const [vgg, resnet] = [vgg19(), resnet152()].map((model) => summarize(model).totals.parameters);
    equal(
      'VGG19, bytes by workers',
      [2, 4, 8, 16].map((p) => ringBytes(vgg!, p)),
      [574668960, 862003440, 1005670680, 1077504300],
    );
    equal('ResNet152 on 8', ringBytes(resnet!, 8), 421349656);
    const after = dependencies(4);
    holds(
      'each update waits for the exchange',
      [0, 1, 2, 3].every((i) => waitsFor(after, `update ${i}`, 'all-reduce')),
    );
    holds(
      'the exchange waits for every backward pass',
      [0, 1, 2, 3].every((i) => waitsFor(after, 'all-reduce', `backward ${i}`)),
    );
    const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].flatMap((k) => (i === k ? [] : [[i, k] as const])));
    for (const what of ['load', 'forward', 'backward']) {
      holds(
        `no worker's ${what} waits for another's`,
        !pairs.some(
          ([i, k]) => waitsFor(after, `${what} ${i}`, `load ${k}`) || waitsFor(after, `${what} ${i}`, `${what} ${k}`),
        ),
      );
    }
  },
};

await main(import.meta, exercise);
