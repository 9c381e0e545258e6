/**
 * Values that bodies of If, Loop and Scan read by name from the graph around them: they have readers that no node input
 * names, so they must stay in memory of their own, and be there before the body runs.
 */
import { type Attribute, int, tensorOf } from '#ir';
import { agreeOnEveryMachine, type GraphCase } from '../support/agreement.ts';
import { body, bodyNode, bodyValue } from '../support/bodies.ts';
import type { GraphBuilder } from '../support/graphBuilder.ts';

function condition(b: GraphBuilder): string {
  const { name } = b.input([], 'bool');
  b.set(name, tensorOf('bool', [], [1]));
  return name;
}

/** Neg(x) or Abs(x). */
const branches = (x: string, dims: readonly number[]): Record<string, Attribute> => ({
  then_branch: body('then', [bodyNode('Neg', [x], 'negative')], [bodyValue('negative', dims)]),
  else_branch: body('else', [bodyNode('Abs', [x], 'positive')], [bodyValue('positive', dims)]),
});

const CASES: readonly GraphCase[] = [
  {
    name: 'a vector function does not take in a value that an If reads',
    onHost: ['If'],
    make: (b) => {
      const y = b.node('Exp', [b.input([3, 7]).name]);
      const t = b.node('Tanh', [y]);
      const r = b.node('If', [condition(b)], branches(y, [3, 7]));
      b.declare(r, [3, 7]);
      return [t, r];
    },
  },
  {
    name: 'nor does a convolution',
    onHost: ['If'],
    make: (b) => {
      const y = b.node('Conv', [b.input([1, 3, 8, 8]).name, b.weights([4, 3, 3, 3])]);
      const t = b.node('Relu', [y]);
      const r = b.node('If', [condition(b)], branches(y, [1, 4, 6, 6]));
      b.declare(r, [1, 4, 6, 6]);
      return [t, r];
    },
  },
  {
    name: 'nor where the body of a Loop reads it, in an If of its own',
    onHost: ['Loop'],
    make: (b) => {
      const y = b.node('Sigmoid', [b.input([5]).name]);
      const t = b.node('Relu', [y]);
      const inner = { ...bodyNode('If', ['go'], 'step'), attributes: new Map(Object.entries(branches(y, [5]))) };
      const loop = body(
        'loop',
        [inner, bodyNode('Add', ['state', 'step'], 'next'), bodyNode('Identity', ['go'], 'on')],
        [bodyValue('on', [], 'bool'), bodyValue('next', [5])],
        [bodyValue('i', [], 'int64'), bodyValue('go', [], 'bool'), bodyValue('state', [5])],
      );
      const trips = b.keep(tensorOf('int64', [], [3]));
      const r = b.node('Loop', [trips, '', b.input([5]).name], { body: loop });
      b.declare(r, [5]);
      return [t, r];
    },
  },
  {
    name: 'a value of the host that the body of a Scan reads',
    onHost: ['Sin', 'Scan'],
    make: (b) => {
      const y = b.node('Sin', [b.node('Exp', [b.input([4]).name])]);
      const scan = body(
        'scan',
        [bodyNode('Mul', ['row', y], 'scaled')],
        [bodyValue('scaled', [4])],
        [bodyValue('row', [4])],
      );
      const r = b.node('Scan', [b.input([6, 4]).name], { body: scan, num_scan_inputs: int(1) });
      b.declare(r, [6, 4]);
      return [b.node('Relu', [y]), b.node('Tanh', [r])];
    },
  },
  {
    name: 'a branch that hands through an outer value has read it',
    onHost: ['If'],
    make: (b) => {
      const y = b.node('Exp', [b.input([9]).name]);
      const t = b.node('Tanh', [y]);
      const r = b.node('If', [condition(b)], {
        then_branch: body('then', [bodyNode('Identity', [y], 'same')], [bodyValue('same', [9])]),
        else_branch: body('else', [bodyNode('Neg', [t], 'other')], [bodyValue('other', [9])]),
      });
      b.declare(r, [9]);
      return [b.node('Neg', [t]), r];
    },
  },
];

agreeOnEveryMachine(CASES);
