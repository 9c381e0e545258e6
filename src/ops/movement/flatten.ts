/** Flatten: a matrix; the dimensions before `axis` are its rows, the others its columns. */
import { int, intAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { sameElements } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { dimProduct, type Refuse } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { reshaped } from './rearrange.ts';

/** The axis may equal the rank: all dimensions are rows then. */
function splitAxis(c: Refuse, axis: number, rank: number): number {
  if (axis < -rank || axis > rank) {
    c.fail(
      { en: `axis ${axis} for ${rank} dimensions`, zh: `${rank} 维张量的轴 ${axis}` },
      { en: `an axis from ${-rank} to ${rank}`, zh: `${-rank} 到 ${rank} 之间的轴` },
    );
  }
  return axis < 0 ? axis + rank : axis;
}

export const flatten = operator({
  name: 'Flatten',
  summary: 'A matrix: the dimensions before `axis` are its rows, the others its columns.',
  versions: [1, 9, 11, 13, 21, 23],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { axis: { kind: 'int', doc: 'first dimension of the columns; default 1; negative since opset 11' } },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    if (shape === undefined) return { types: [{ kind: 'tensor', dtype, shape: [null, null] }] };
    const axis = splitAxis(c, intAttribute(c.node, 'axis', 1), shape.length);
    return {
      types: [{ kind: 'tensor', dtype, shape: [dimProduct(shape.slice(0, axis)), dimProduct(shape.slice(axis))] }],
    };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; counted as read and written once, though a memory layout may make it free.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const axis = splitAxis(c, intAttribute(c.node, 'axis', 1), x.dims.length);
    const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
    return [reshaped(x, [product(x.dims.slice(0, axis)), product(x.dims.slice(axis))])];
  },
  gradient: sameElements,
  samples: () => [
    sample('default', 'Flatten', 13, {}, [data([2, 3, 4])]),
    sample('axis 0', 'Flatten', 7, { axis: int(0) }, [data([2, 3, 4])]),
    sample('axis 2', 'Flatten', 9, { axis: int(2) }, [data([2, 3, 4])]),
    sample('axis of the rank', 'Flatten', 21, { axis: int(3) }, [data([2, 3, 4])]),
    sample('negative', 'Flatten', 11, { axis: int(-1) }, [data([2, 3, 4])]),
    sample('empty', 'Flatten', 13, {}, [data([2, 0, 4])]),
  ],
});
