/**
 * The family of broadcasting operators of two inputs that answer yes or no: comparisons and logic. Known answers follow
 * shape computations, as exporters write them to choose between sizes.
 */
import type { DataType, Dim } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type Operator, operator, type Sample } from '../define.ts';
import type { RefElement } from '../refTensor.ts';
import { broadcastInputs } from '../shapes.ts';
import { broadcastEvaluate, broadcastType, broadcastValues, present } from './broadcast.ts';

export interface Predicate {
  readonly name: string;
  readonly summary: string;
  readonly versions: readonly number[];
  readonly types: readonly DataType[];
  /** Of two elements of one type. */
  readonly holds: (a: RefElement, b: RefElement) => boolean;
  readonly samples: () => readonly Sample[];
}

export const predicate = (spec: Predicate): Operator =>
  operator({
    name: spec.name,
    summary: spec.summary,
    versions: spec.versions,
    inputs: [
      { name: 'A', type: 'T' },
      { name: 'B', type: 'T' },
    ],
    outputs: [{ name: 'C', type: 'T1' }],
    types: { T: spec.types, T1: ['bool'] },
    attributes: {},
    infer: (c) => {
      const shape = broadcastInputs(c, c.inputs);
      const decide = (a: Dim, b: Dim): Dim =>
        typeof a === 'number' && typeof b === 'number' ? Number(spec.holds(a, b)) : null;
      return { types: [broadcastType('bool', shape)], values: [broadcastValues(c, shape, decide)] };
    },
    cost: (c) => elementwiseCost(c, { comparisons: 1 }),
    costRule: 'one comparison an output.',
    evaluate: (c) => [broadcastEvaluate(present(c.inputs), 'bool', ([a, b]) => Number(spec.holds(a!, b!)))],
    gradient: 'zero',
    samples: spec.samples,
  });
