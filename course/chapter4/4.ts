/**
 * Exercise 4.4: VGG19 built with its weight file opened once. In the lab's code every layer opened the file anew; here a store opens it at
 * the first layer and hands out tensors, which are views of its bytes. Both ways give the same network to the last bit. The network has
 * VGG19's layers at a sixteenth of its channels, on 32 × 32, so that the program is quick.
 */

import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import {
  arrayOf,
  type DataArray,
  type DataFolder,
  memoryFolder,
  readSafetensors,
  writeSafetensors,
} from 'systole/data';
import { conv, flatten, fromData, linear, maxPool, random, relu, type Tensor } from 'systole/tensor';
import { VGG19_GROUPS } from '../networks.ts';

const FILE = 'vgg19-small.safetensors';

interface LayerShape {
  readonly name: string;
  readonly weight: readonly number[];
}

/** The sixteen convolutions and three fully connected layers, in order. */
export const LAYERS: readonly LayerShape[] = (() => {
  const convolutions = VGG19_GROUPS.flatMap((filters, g) =>
    filters.map((count, i) => ({ name: `conv${g + 1}_${i + 1}`, count: count / 16 })),
  );
  const before = [3, ...convolutions.map(({ count }) => count)];
  return [
    ...convolutions.map(({ name, count }, i) => ({ name, weight: [count, before[i]!, 3, 3] })),
    { name: 'fc6', weight: [64, 32] },
    { name: 'fc7', weight: [64, 64] },
    { name: 'fc8', weight: [10, 64] },
  ];
})();

/** A folder with the weight file; `opened` counts how often it is read. */
export function weightFolder(seed: number): { readonly folder: DataFolder; readonly opened: () => number } {
  const stream = new Random(seed);
  const parameters: Record<string, DataArray> = {};
  for (const { name, weight } of LAYERS) {
    const count = weight.reduce((a, b) => a * b);
    const spread = Math.sqrt(2 / (count / weight[0]!));
    parameters[`${name}.weight`] = arrayOf(
      Float32Array.from({ length: count }, () => spread * stream.normal()),
      weight,
    );
    parameters[`${name}.bias`] = arrayOf(
      Float32Array.from({ length: weight[0]! }, () => 0.1 * stream.normal()),
      [weight[0]!],
    );
  }
  const files = memoryFolder('weights', { [FILE]: writeSafetensors(parameters) });
  let count = 0;
  const read: DataFolder['read'] = (path) => {
    count++;
    return files.read(path);
  };
  return { folder: { ...files, read }, opened: () => count };
}

type ReadLayer = (name: string) => Promise<readonly [weight: Tensor, bias: Tensor]>;

const layerOf = (tensors: ReadonlyMap<string, DataArray>, name: string): readonly [Tensor, Tensor] => [
  fromData(tensors.get(`${name}.weight`)!),
  fromData(tensors.get(`${name}.bias`)!),
];

/** As the lab had it: open, take one layer, close. */
export const readEachTime =
  (folder: DataFolder): ReadLayer =>
  async (name) =>
    layerOf(readSafetensors(await folder.read(FILE)).tensors, name);

/** Opened once, at the first layer that is asked for. */
export function readOnce(folder: DataFolder): ReadLayer {
  let tensors: Promise<ReadonlyMap<string, DataArray>> | undefined;
  return async (name) => {
    tensors ??= folder.read(FILE).then((bytes) => readSafetensors(bytes).tensors);
    return layerOf(await tensors, name);
  };
}

/** Builds the network and runs it. */
export async function vgg(read: ReadLayer, x: Tensor): Promise<Tensor> {
  let h = x;
  for (const [g, filters] of VGG19_GROUPS.entries()) {
    for (const i of filters.keys()) {
      const [weight, bias] = await read(`conv${g + 1}_${i + 1}`);
      h = relu(conv(h, weight, bias, { padding: 1 }));
    }
    h = maxPool(h, 2);
  }
  h = flatten(h);
  for (const name of ['fc6', 'fc7', 'fc8']) {
    const [weight, bias] = await read(name);
    h = linear(h, weight, bias);
    if (name !== 'fc8') h = relu(h);
  }
  return h;
}

async function compare() {
  const x = random.normal([1, 3, 32, 32], { generator: new random.Generator(4) });
  const [before, after] = [weightFolder(1), weightFolder(1)];
  const old = await (await vgg(readEachTime(before.folder), x)).data();
  const now = await (await vgg(readOnce(after.folder), x)).data();
  return { opened: [after.opened(), before.opened()], old, now };
}

export const exercise: Exercise = {
  id: '4.4',
  title: { en: 'The weight file, opened once', zh: '重构 build_vggnet()、read_wb()、basic_calc()，只打开一次权重文件' },
  rows: 2,
  async show({ print }) {
    const { opened } = await compare();
    print(`the file is opened ${opened[1]} times by the old code, ${opened[0]} time by the new`);
  },
  async check({ equal, holds }) {
    const { opened, old, now } = await compare();
    equal('openings, new and old', opened, [1, 19]);
    holds(
      'outputs are finite and not all the same',
      new Set(now as Float32Array).size > 1 && [...(now as Float32Array)].every(Number.isFinite),
    );
    equal('outputs, bit by bit', [...(now as Float32Array)], [...(old as Float32Array)]);
  },
};
