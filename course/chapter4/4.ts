/** Exercise 4.4: VGG19's layers built with the weight file opened for each of them, as the lab had it, and opened once. */

import { Random } from 'systole/base';
import { defineExercise } from 'systole/course';
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

async function compare(seed = 1) {
  const x = random.normal([1, 3, 32, 32], { generator: new random.Generator(4) });
  const [before, after] = [weightFolder(seed), weightFolder(seed)];
  const old = await (await vgg(readEachTime(before.folder), x)).data();
  const now = await (await vgg(readOnce(after.folder), x)).data();
  const bytes = (await before.folder.read(FILE)).length;
  // That reading is one more.
  return { opened: [after.opened(), before.opened() - 1], bytes, old, now };
}

export const exercise = defineExercise({
  id: '4.4',
  title: { en: 'The weight file, opened once', zh: '重构 build_vggnet()、read_wb()、basic_calc()，只打开一次权重文件' },
  asked: {
    en: 'The lab builds VGG19 by functions that open the weight file for every layer. Rewrite them so that it is opened once.',
    zh: '实验代码搭建 VGG19 时每一层都打开一次权重文件。请重构这些函数，使文件只打开一次。',
  },
  explanation: {
    en: 'Reading is taken out of the layer. A **store** opens the file at the first layer that is asked for, keeps what it holds by name, and hands out tensors; `build` gets the store (or a function that reads a layer), not a path. So `read_wb(params, layer)` takes the loaded dictionary, and 16 convolutions and three fully connected layers mean one opening instead of 19. Tensors of a safetensors file are views of its bytes: nothing is copied.\n\nThe test of a refactoring is that nothing else changed: both ways must give the same network **to the last bit**. The network has the layers of VGG19 at a sixteenth of its channels, on 32 × 32, so that the program is quick.',
    zh: '把读文件从层中移出。由一个**权重仓库**在第一次需要时打开文件，按名字保存内容并提供张量；`build` 得到的是仓库（或读取一层的函数），而不是路径。于是 `read_wb(params, layer)` 接收已读入的字典，16 个卷积层与 3 个全连接层只打开 1 次文件，而不是 19 次。safetensors 文件中的张量是其字节的视图，不做复制。\n\n重构的检验标准是其余一切不变：两种方式得到的网络输出必须**逐位相同**。为使程序快速，网络保留 VGG19 的各层，通道数取十六分之一，输入为 32 × 32。',
  },
  rows: 2,
  answeredBy: 'program',
  code: [
    { path: 'src/data/safetensors.ts', words: { en: 'the weight file', zh: '权重文件' } },
    { path: 'src/data/folder.ts', words: { en: 'folders, also in memory', zh: '文件夹接口（含内存文件夹）' } },
  ],
  parameters: {
    seed: {
      kind: 'whole',
      words: { en: 'seed of the weights', zh: '权重的随机种子' },
      default: 1,
      least: 1,
      most: 1e6,
    },
  },
  async show({ print, table }, { seed }) {
    const { opened, bytes, old, now } = await compare(seed);
    table(
      [
        { en: 'code', zh: '代码' },
        { en: 'the file is opened', zh: '打开文件次数' },
        { en: 'bytes read', zh: '读取字节' },
      ],
      [
        ['readEachTime', opened[1]!, opened[1]! * bytes],
        ['readOnce', opened[0]!, opened[0]! * bytes],
      ],
    );
    const different = [...(now as Float32Array)].filter((v, i) => v !== old[i]).length;
    print({
      en: `Outputs that differ: ${different} of ${now.length}.`,
      zh: `不同的输出：${now.length} 个中有 ${different} 个。`,
    });
  },
  async check({ row, holds }) {
    const { opened, old, now } = await compare();
    row(1).equal('openings, new and old', opened, [1, 19]);
    holds(
      'outputs are finite and not all the same',
      new Set(now as Float32Array).size > 1 && [...(now as Float32Array)].every(Number.isFinite),
    );
    row(2).equal('outputs, bit by bit', [...(now as Float32Array)], [...(old as Float32Array)]);
  },
});
