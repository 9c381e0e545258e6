/**
 * Random uses of operators, held against the host engine: drawing shapes, axes and data, building the node, and the comparison of
 * reference evaluation and inferred types with what the host computes. Seeded; a failing case is written out in its message.
 */
import { expect } from 'vitest';
import type { Random } from '#base';
import type { Engine } from '#engine';
import { type Attribute, elementCount, staticShape, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { evaluateNode, inferTypes, type Sample, sampleModel } from '#ops';
import { difference } from './compareTensors.ts';

export const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
export const dimsOf = (random: Random, low = 1, rank = random.integer(1, 4)): number[] =>
  many(rank, () => random.integer(low, 5));
/** Every element is another number, so that a wrong place shows. */
export const counting = (dims: readonly number[]): Tensor =>
  tensorOf(
    'float32',
    dims,
    many(elementCount(dims), (i) => i + 1),
  );
export const int64s = (values: readonly number[]): Tensor => tensorOf('int64', [values.length], values);
export const signed = (random: Random, axis: number, rank: number): number =>
  random.integer(0, 1) === 0 ? axis : axis - rank;

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** Input 0 is fed, the others are constants. */
export function caseOf(
  op: string,
  attributes: Readonly<Record<string, Attribute>>,
  inputs: readonly (Tensor | undefined)[],
  { outputs = 1, opset = 19, fed = [0] }: { outputs?: number; opset?: number; fed?: readonly number[] } = {},
): Sample {
  const node = {
    name: op,
    op,
    domain: '',
    inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)),
    outputs: many(outputs, (i) => `y${i}`),
    attributes: new Map(Object.entries(attributes)),
  };
  const constants = inputs.flatMap((_, i) => (fed.includes(i) ? [] : [i]));
  return { name: op, node, opset, inputs, constants };
}

/** Holds reference and inferred types of a case against the host. @param seed for the message */
export async function expectAgreement(engine: Engine, s: Sample, seed: number): Promise<void> {
  const text = `seed ${seed}: ${[...s.node.attributes].map(([name, a]) => `${name}=${'value' in a ? a.value : ''}`)} ${s.inputs
    .map((t, i) => (t === undefined ? '-' : s.constants?.includes(i) ? `(${tensorNumbers(t)})` : `[${t.dims}]`))
    .join(' ')}`;
  const model = inferTypes(sampleModel(s));
  const feeds = new Map(s.inputs.flatMap((t, i) => (s.constants?.includes(i) ? [] : [[`x${i}`, t!] as const])));
  const session = await engine.load(model, { optimize: false, threads: 1 });
  const host = await session.run(feeds);
  await session.release();
  const reference = evaluateNode(s.node, s.opset, s.inputs);
  s.node.outputs.forEach((name, i) => {
    expect(difference(reference[i], host.get(name)!), `${name}, ${text}`).toBeUndefined();
    expect(staticShape(model.graph.outputs[i]!.type), `${name}, ${text}`).toEqual([...reference[i]!.dims]);
  });
}
