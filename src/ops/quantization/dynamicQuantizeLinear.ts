/**
 * DynamicQuantizeLinear: uint8 with scale and zero point from the data: the range, with 0 in it, in 255 steps. All in f32, as ONNX
 * Runtime computes it; a range of no width has the scale 1. ONNX DynamicQuantizeLinear-11.
 */
import { tensorOf } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import { numbersOf, refFrom, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { quantise } from './rounding.ts';

const RANGE = [0, 255] as const;

export const dynamicQuantizeLinear = operator({
  name: 'DynamicQuantizeLinear',
  summary: 'Floats as uint8, with scale and zero point taken from their range.',
  versions: [11],
  inputs: [{ name: 'x', type: 'T1' }],
  outputs: [
    { name: 'y', type: 'T2' },
    { name: 'y_scale', type: 'float32' },
    { name: 'y_zero_point', type: 'T2' },
  ],
  types: { T1: ['float32'], T2: ['uint8'] },
  attributes: {},
  infer(c) {
    const { shape } = inputType(c, 0);
    return {
      types: [
        { kind: 'tensor', dtype: 'uint8', shape },
        { kind: 'tensor', dtype: 'float32', shape: [] },
        { kind: 'tensor', dtype: 'uint8', shape: [] },
      ],
    };
  },
  cost(c) {
    const n = elements(c.inputs[0]);
    return costOf(c, { comparisons: 4 * n, divisions: n, additions: n });
  },
  costRule: 'two comparisons for the range, one division, one addition, two comparisons (saturation) an output.',
  evaluate(c) {
    const x = c.inputs[0]!;
    const xs = numbersOf(x);
    const low = xs.reduce((least, v) => Math.min(least, v), 0);
    const high = xs.reduce((most, v) => Math.max(most, v), 0);
    const scale = low === high ? 1 : Math.fround(Math.fround(high - low) / 255);
    const zero = quantise(Math.fround(-Math.fround(low / scale)), 0, RANGE);
    return [
      refFrom('uint8', x.dims, (i) => quantise(Math.fround(xs[i]! / scale), zero, RANGE)),
      refOf('float32', [], [scale]),
      refOf('uint8', [], [zero]),
    ];
  },
  gradient: {
    none: {
      en: 'it rounds, and its scale follows from two elements alone',
      zh: '它取整，且比例仅由两个元素决定',
    },
  },
  samples: () => [
    sample('both signs', 'DynamicQuantizeLinear', 11, {}, [data([3, 7], { low: -1, high: 5 })], { outputs: 3 }),
    sample('above 0', 'DynamicQuantizeLinear', 11, {}, [data([5], { low: 1, high: 5 })], { outputs: 3 }),
    sample('below 0', 'DynamicQuantizeLinear', 11, {}, [data([5], { low: -5, high: -1 })], { outputs: 3 }),
    sample('zeros', 'DynamicQuantizeLinear', 11, {}, [tensorOf('float32', [3], [0, 0, 0])], { outputs: 3 }),
  ],
});
