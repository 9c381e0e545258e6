/** Exercise 4.9: the shapes behind the pooling layers of VGG19, by shape inference over its graph, and the graph as TensorBoard shows it. */

import { defineExercise, judgeNumbers } from 'systole/course';
import { type DataFolder, memoryFolder, openEventWriter, readEvents } from 'systole/data';
import { type Dim, type Model, typeOf } from 'systole/ir';
import { charts } from 'systole/report';
import { vgg19 } from '../networks.ts';

/** Shapes of all values, [N, height, width, channels] where they are pictures. */
export function shapes(model: Model): ReadonlyMap<string, readonly Dim[]> {
  return new Map(
    model.graph.nodes.map((node) => {
      const type = typeOf(model.graph, node.outputs[0]!);
      const shape = type?.kind === 'tensor' ? type.shape! : [];
      const [n, c, ...sides] = shape;
      return [node.name, sides.length === 2 ? [n!, ...sides, c!] : shape];
    }),
  );
}

/** The graph as a TensorBoard log in a folder; the kinds of its nodes, read back. */
export async function exportGraph(model: Model, folder: DataFolder): Promise<ReadonlyMap<string, number>> {
  const { graph } = model;
  const sizes = (name: string): readonly (number | undefined)[] => {
    const type = typeOf(graph, name);
    return type?.kind === 'tensor' ? type.shape!.map((d) => (typeof d === 'number' ? d : undefined)) : [];
  };
  const log = await openEventWriter(folder);
  log.graph([
    ...graph.inputs.map(({ name }) => ({ name, op: 'Placeholder', inputs: [], shapes: [sizes(name)] })),
    ...graph.nodes.map(({ name, op, inputs, outputs }) => ({
      name,
      op,
      inputs: inputs.filter((input) => !graph.constants.has(input)),
      shapes: outputs.map(sizes),
    })),
  ]);
  await log.flush();
  const kinds = new Map<string, number>();
  for await (const event of readEvents(folder.stream(log.file))) {
    if (event.kind !== 'graph') continue;
    for (const { op } of event.nodes) kinds.set(op, (kinds.get(op) ?? 0) + 1);
  }
  return kinds;
}

const POOLS = [1, 2, 3, 4, 5].map((i) => `pool${i}`);

export const exercise = defineExercise({
  id: '4.9',
  title: { en: 'Shapes of VGG19', zh: 'VGG19 在 (224,224,3) 输入下每个池化层后的张量形状，并用 TensorBoard 验证' },
  asked: {
    en: 'Which shapes do the tensors of VGG19 have behind each pooling layer for one picture of 224 × 224 × 3? Verify it with TensorBoard. Hand in the numbers `pool1`, `pool2`, `pool3`, `pool4`, `pool5`, `flatten`. They are the elements of these tensors.',
    zh: 'VGG19 的输入为一张 (224, 224, 3) 的图像时，每个池化层之后的张量形状是什么？用 TensorBoard 验证。请提交数值 `pool1`、`pool2`、`pool3`、`pool4`、`pool5`、`flatten`。均为相应张量的元素数。',
  },
  explanation: {
    en: String.raw`A convolution of $3 \times 3$, stride 1 and padding 1 keeps height and width, $\lfloor (224 + 2 - 3)/1 \rfloor + 1 = 224$, and has as many channels as filters; a pooling of $2 \times 2$ with stride 2 halves both sides and keeps the channels. The five blocks have 64, 128, 256, 512 and 512 filters, so behind pooling $p$ the sides are $224/2^p$; what goes into the first fully connected layer is $7 \cdot 7 \cdot 512$ values.

Here that is inferred from the graph, not typed in. The graph is also written as a log for TensorBoard (GraphDef in an event file) and read back; the function exportGraph of this program writes it to a folder that TensorBoard opens (tensorboard --logdir FOLDER).

Source: K. Simonyan, A. Zisserman, *Very deep convolutional networks for large-scale image recognition*, arXiv:1409.1556, 2014 (column E).`,
    zh: String.raw`$3 \times 3$、步长 1、填充 1 的卷积保持高和宽：$\lfloor (224 + 2 - 3)/1 \rfloor + 1 = 224$，通道数等于滤波器数；$2 \times 2$、步长 2 的池化使两边减半，通道数不变。五个块分别有 64、128、256、512、512 个滤波器，所以第 $p$ 个池化层之后边长为 $224/2^p$；进入第一个全连接层的是 $7 \cdot 7 \cdot 512$ 个值。

这里的形状由图推断得到，并非手工填写。图还被写成 TensorBoard 日志（事件文件中的 GraphDef）并读回验证；本程序的函数 exportGraph 可把它写入文件夹，用 TensorBoard 打开（tensorboard --logdir FOLDER）。

来源：K. Simonyan、A. Zisserman，*Very deep convolutional networks for large-scale image recognition*，arXiv:1409.1556，2014（E 列）。`,
  },
  claimed: {
    en: 'Claimed: the second block has 64 filters and pooling leaves (56, 56, 64); the list then breaks off. The second block has **128** filters: (112, 112, 128), behind the pooling (56, 56, 128); then (28, 28, 256), (14, 14, 512) and (7, 7, 512).',
    zh: '原答案称第二个块有 64 个滤波器，池化后为 (56, 56, 64)，之后的部分缺失。第二个块应有 **128** 个滤波器：(112, 112, 128)，池化后为 (56, 56, 128)；其后为 (28, 28, 256)、(14, 14, 512)、(7, 7, 512)。',
  },
  rows: 3,
  code: [
    { path: 'src/ops/infer.ts', words: { en: 'inference of shapes', zh: '形状推断' } },
    { path: 'src/data/tensorboard/graph.ts', words: { en: 'graphs for TensorBoard', zh: '写给 TensorBoard 的图' } },
    { path: 'course/networks.ts', words: { en: 'the network, layer by layer', zh: '逐层构建的网络' } },
  ],
  parameters: {
    side: {
      kind: 'whole',
      words: { en: 'height and width of the picture', zh: '图像边长' },
      default: 224,
      least: 32,
      most: 1024,
    },
  },
  async show({ print, table, picture, language }, { side }) {
    const model = vgg19(side);
    const at = shapes(model);
    table(
      [
        { en: 'behind', zh: '位置' },
        { en: 'shape (N, height, width, channels)', zh: '形状（N、高、宽、通道）' },
        { en: 'elements', zh: '元素数' },
      ],
      [...POOLS, 'flatten', 'fc8'].map((name) => {
        const shape = at.get(name) as readonly number[];
        return [name, shape.join(' × '), shape.reduce((a, b) => a * b)];
      }),
    );
    const kinds = await exportGraph(model, memoryFolder('log'));
    print({
      en: `The log for TensorBoard, read back: ${kinds.get('Conv')} convolutions, ${kinds.get('MaxPool')} poolings, ${kinds.get('Gemm')} fully connected layers.`,
      zh: `TensorBoard 日志读回：卷积 ${kinds.get('Conv')} 个，池化 ${kinds.get('MaxPool')} 个，全连接 ${kinds.get('Gemm')} 个。`,
    });
    const zh = language === 'zh';
    const bars = model.graph.nodes
      .filter((n) => n.op === 'Conv' || n.op === 'MaxPool' || n.op === 'Gemm')
      .map(({ name, op }) => {
        const shape = at.get(name) as readonly number[];
        return { name, value: shape.reduce((a, b) => a * b), label: shape.slice(1).join(' × '), group: op };
      });
    picture(
      'shapes',
      (await charts()).barsPicture(bars, {
        title: zh ? 'VGG19 各层输出' : 'What the layers of VGG19 give',
        x: zh ? '元素数' : 'elements',
        log: true,
      }),
      {
        en: 'Bars of the output sizes of all convolutions, poolings and fully connected layers with their shapes.',
        zh: '所有卷积、池化与全连接层输出大小的条形图，标有形状。',
      },
    );
  },
  judge(submission, { side }) {
    const at = shapes(vgg19(side));
    const elements = (name: string): number => (at.get(name) as readonly number[]).reduce((a, b) => a * b);
    return judgeNumbers(
      submission,
      [...POOLS, 'flatten'].map((name) => ({
        name,
        words: { en: `elements behind ${name}`, zh: `${name} 之后的元素数` },
        expected: elements(name),
        slips:
          name === 'pool2'
            ? [
                {
                  value: elements(name) / 2,
                  words: {
                    en: 'the second block has 64 filters instead of 128',
                    zh: '把第二个块的 128 个滤波器当成了 64 个',
                  },
                },
              ]
            : [],
      })),
    );
  },
  async check({ row, equal }) {
    const model = vgg19();
    const at = shapes(model);
    row(1).equal(
      'behind the pooling layers',
      POOLS.map((name) => at.get(name)),
      [
        [1, 112, 112, 64],
        [1, 56, 56, 128],
        [1, 28, 28, 256],
        [1, 14, 14, 512],
        [1, 7, 7, 512],
      ],
    );
    row(2).equal('the input of fc6', at.get('flatten'), [1, 25088]);
    const kinds = await exportGraph(model, memoryFolder('log'));
    row(3).equal(
      'nodes of the exported graph: conv, pool, fc',
      ['Conv', 'MaxPool', 'Gemm'].map((op) => kinds.get(op)),
      [16, 5, 3],
    );
    equal('filters of the second block', at.get('conv2_1'), [1, 112, 112, 128]);
  },
});
