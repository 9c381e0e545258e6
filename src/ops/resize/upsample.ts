/**
 * Upsample, which Resize-10 replaced: axes stretched by scales of at least 1, the nearest element below or linear
 * interpolation. ONNX Upsample-9; `scales` is an attribute before opset 9.
 */
import { type Attribute, floats, floatsAttribute, string, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { costOf, staticDims } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, expectRank, inputType, type Refuse } from '../shapes.ts';
import { ALL_TYPES, NUMBERS } from '../typeSets.ts';
import { resized, resizeWork } from './apply.ts';
import { resizeGradient, settledNumbers } from './gradient.ts';
import { plannedAxes, type Request, resizedShape } from './plan.ts';
import { upsampleInterpolation } from './settings.ts';

function requestOf(c: Refuse, scales: readonly number[], rank: number): Request {
  if (scales.some((s) => !(s >= 1))) c.fail(`scales [${scales}]`, 'scales ≥ 1');
  return { axes: Array.from({ length: rank }, (_, axis) => axis), scales, policy: 'stretch' };
}

function infer(c: InferContext) {
  if (c.opset > 9)
    c.fail(`opset ${c.opset}`, { en: 'Resize: Upsample ends with opset 9', zh: 'Resize：Upsample 止于 opset 9' });
  const x = inputType(c, 0);
  const { mode } = upsampleInterpolation(c);
  if (mode !== 'nearest' && !NUMBERS.includes(x.dtype)) c.fail(`X ${x.dtype}, mode ${mode}`, NUMBERS.join(' | '));
  expectRank(c, 'scales', c.inputs[1]?.shape, [1]);
  const constant = c.constant(1);
  const scales = c.opset < 9 ? floatsAttribute(c.node, 'scales') : constant && [...tensorNumbers(constant)];
  if (x.shape === undefined) return { types: [x] };
  if (scales === undefined) return { types: [{ ...x, shape: x.shape.map(() => null) }] };
  return { types: [{ ...x, shape: resizedShape(c, x.shape, requestOf(c, scales, x.shape.length)).shape }] };
}

function upsampleSample(
  name: string,
  opset: number,
  scales: readonly number[],
  attributes: Readonly<Record<string, Attribute>> = {},
  x: Tensor = data([1, 2, 3, 4]),
) {
  const inputs = opset < 9 ? [x] : [x, tensorOf('float32', [scales.length], scales)];
  const own = opset < 9 ? { ...attributes, scales: floats(scales) } : attributes;
  return sample(name, 'Upsample', opset, own, inputs, { constants: [1] });
}

export const upsample = operator({
  name: 'Upsample',
  summary: 'Axes stretched by scales: the nearest element below, or linear interpolation. Ends with opset 9.',
  versions: [7, 9],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'scales', type: 'float32', since: 9 },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: {
    mode: { kind: 'string', doc: 'nearest (default), linear' },
    scales: { kind: 'floats', required: true, until: 9, doc: 'one scale for each axis, at least 1' },
  },
  infer,
  cost: (c) =>
    costOf(
      c,
      resizeWork(
        upsampleInterpolation({ ...accepted, node: c.node, opset: c.opset }),
        staticDims(c.inputs[0]),
        staticDims(c.outputs[0]),
      ),
    ),
  costRule: 'as Resize.',
  evaluate(c) {
    const x = c.inputs[0]!;
    const scales = c.opset < 9 ? floatsAttribute(c.node, 'scales')! : [...numbersOf(c.inputs[1]!)];
    return [
      resized(upsampleInterpolation(c), x, plannedAxes(c, x.dims, requestOf(c, scales, x.dims.length), undefined)),
    ];
  },
  gradient(c) {
    const scales = c.opset < 9 ? floatsAttribute(c.node, 'scales') : settledNumbers(c, 1);
    return resizeGradient(c, upsampleInterpolation(c), requestOf(c, scales ?? [], c.inputs[0]!.rank), undefined);
  },
  samples: () => [
    upsampleSample('attribute', 7, [1, 1, 2, 3]),
    upsampleSample('attribute, linear', 7, [1, 1, 2, 1.5], { mode: string('linear') }),
    upsampleSample('input', 9, [1, 1, 2, 2], { mode: string('nearest') }),
    upsampleSample('fractions', 9, [1, 1, 1.4, 2.6]),
    upsampleSample('linear', 9, [1, 1, 2.5, 1.3], { mode: string('linear') }),
    upsampleSample('matrix', 9, [2, 3], {}, data([2, 3])),
    upsampleSample('int32', 9, [2, 3], {}, data([2, 3], { dtype: 'int32', high: 9 })),
  ],
});
