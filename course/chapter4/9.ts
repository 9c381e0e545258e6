/**
 * Exercise 4.9: the shapes behind the pooling layers of VGG19, by shape inference over its graph, and the graph as TensorBoard shows it. Blocks have
 * 64, 128, 256, 512 and 512 filters (the second 128, not 64), each pooling halves both sides.
 *   node --conditions=source course/chapter4/9.ts --out DIR     writes the graph; then: tensorboard --logdir DIR
 */

import type { Exercise } from 'systole/course';
import { type DataFolder, memoryFolder, openEventWriter, openFolder, readEvents } from 'systole/data';
import { type Dim, type Model, typeOf } from 'systole/ir';
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

export const exercise: Exercise = {
  id: '4.9',
  title: { en: 'Shapes of VGG19', zh: 'VGG19 在 (224,224,3) 输入下每个池化层后的张量形状，并用 TensorBoard 验证' },
  rows: 3,
  async show({ print }) {
    const model = vgg19();
    const at = shapes(model);
    for (const name of [...POOLS, 'flatten', 'fc8']) print(`${name}: ${at.get(name)!.join(' × ')}`);
    const out = process.argv.indexOf('--out');
    if (out > 0) await exportGraph(model, openFolder(process.argv[out + 1]!));
  },
  async check({ equal }) {
    const model = vgg19();
    const at = shapes(model);
    equal(
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
    equal('the input of fc6', at.get('flatten'), [1, 25088]);
    const kinds = await exportGraph(model, memoryFolder('log'));
    equal(
      'nodes of the exported graph: conv, pool, fc',
      ['Conv', 'MaxPool', 'Gemm'].map((op) => kinds.get(op)),
      [16, 5, 3],
    );
  },
};
