/** A training's log for TensorBoard: a point of each curve an epoch, and the network's graph as it is trained. */
import type { EventWriter, GraphNode as LoggedNode } from '#data';
import type { Attribute, Model } from '#ir';
import type { EpochEvent } from './fit.ts';

/** Writes an epoch's means, its learning rate and its speed. */
export async function logEpoch(writer: EventWriter, event: EpochEvent): Promise<void> {
  const { epoch, train, validation, rate, samplesPerSecond } = event;
  for (const [set, means] of [
    ['train', train],
    ['validation', validation ?? {}],
  ] as const) {
    for (const [name, value] of Object.entries(means)) writer.scalar(`${name}/${set}`, epoch, value);
  }
  writer.scalar('rate', epoch, rate);
  writer.scalar('samples per second', epoch, samplesPerSecond);
  await writer.flush();
}

/** A model's nodes as TensorBoard draws them: inputs are placeholders, initialisers constants; a colon has another meaning there. */
export function loggedGraph({ graph }: Model): LoggedNode[] {
  const plain = (name: string): string => name.replaceAll(':', '_').replace(/^\^/, '_');
  const producers = new Map<string, string>();
  for (const node of graph.nodes) {
    for (const [i, output] of node.outputs.entries()) {
      producers.set(output, i === 0 ? plain(node.name) : `${plain(node.name)}:${i}`);
    }
  }
  const source = (value: string): string => producers.get(value) ?? plain(value);
  return [
    ...graph.inputs.map(({ name, type }) => ({
      name: plain(name),
      op: 'Placeholder',
      inputs: [],
      ...(type?.kind === 'tensor' && type.shape !== undefined
        ? { shapes: [type.shape.map((d) => (typeof d === 'number' ? d : undefined))] }
        : {}),
    })),
    ...[...graph.constants].map(([name, t]) => ({ name: plain(name), op: 'Const', inputs: [], shapes: [t.dims] })),
    ...graph.nodes.map((node) => ({
      name: plain(node.name),
      op: node.op,
      inputs: node.inputs.filter((input) => input !== '').map(source),
      attributes: Object.fromEntries([...node.attributes].flatMap(([name, a]) => logged(name, a))),
    })),
  ];
}

function logged(
  name: string,
  a: Attribute,
): [string, string | number | bigint | readonly bigint[] | readonly number[]][] {
  return a.kind === 'int' || a.kind === 'float' || a.kind === 'string' || a.kind === 'ints' || a.kind === 'floats'
    ? [[name, a.value]]
    : [];
}
