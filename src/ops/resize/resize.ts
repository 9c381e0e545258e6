/**
 * Resize: every axis shrunk or stretched to a size, or by a scale, with one of three interpolations and one of seven
 * rules for where elements lie. ONNX Resize-19. Scales are operand 1 at opset 10; since 11 a region, scales and sizes
 * are operands 1 to 3, and an operand of no elements counts as absent.
 */
import { type Attribute, float, int, ints, string, type Tensor, type TensorType, tensorNumbers, tensorOf } from '#ir';
import { costOf, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf } from '../refTensor.ts';
import { data, int64s, type SampleOptions, sample } from '../sampling.ts';
import { accepted, expectRank, inputType, type Refuse, type Shape } from '../shapes.ts';
import { ALL_TYPES, FLOATS, NUMBERS } from '../typeSets.ts';
import { resized, resizeWork } from './apply.ts';
import { resizeGradient, settledNumbers } from './gradient.ts';
import { plannedAxes, policyOf, type Request, resizedAxes, resizedShape } from './plan.ts';
import { interpolationOf } from './settings.ts';

const scalesInput = (opset: number): number => (opset < 11 ? 1 : 2);
const [ROI, SIZES] = [1, 3];

type Presence = 'present' | 'absent' | 'unknown';

function presence(type: TensorType | undefined): Presence {
  if (type === undefined) return 'absent';
  const size = type.shape?.[0];
  return typeof size === 'number' ? (size > 0 ? 'present' : 'absent') : 'unknown';
}

/** Whether scales or sizes are given; undefined where that is not known. */
function givenBy(c: InferContext): 'scales' | 'sizes' | undefined {
  const scales = presence(c.inputs[scalesInput(c.opset)]);
  const sizes = c.opset < 11 ? 'absent' : presence(c.inputs[SIZES]);
  if (scales === sizes && scales !== 'unknown') {
    c.fail(
      scales === 'present'
        ? { en: 'scales and sizes', zh: '同时有 scales 和 sizes' }
        : { en: 'neither scales nor sizes', zh: '既无 scales 也无 sizes' },
      { en: 'one of them', zh: '二者之一' },
    );
  }
  if (scales === 'present' || sizes === 'absent') return 'scales';
  return scales === 'absent' || sizes === 'present' ? 'sizes' : undefined;
}

function infer(c: InferContext) {
  const x = inputType(c, 0);
  const { mode } = interpolationOf(c);
  if (mode !== 'nearest' && !NUMBERS.includes(x.dtype)) c.fail(`X ${x.dtype}, mode ${mode}`, NUMBERS.join(' | '));
  const policy = policyOf(c, c.node);
  for (let i = 1; i < c.inputs.length; i++) expectRank(c, c.node.inputs[i]!, c.inputs[i]?.shape, [1]);
  if (x.shape === undefined) return { types: [x] };
  const axes = resizedAxes(c, c.node, x.shape.length);
  const by = givenBy(c);
  const scales = by === 'scales' ? c.constant(scalesInput(c.opset)) : undefined;
  const sizes = by === 'sizes' ? c.shapeValue(SIZES) : undefined;
  if (scales !== undefined || sizes !== undefined) {
    const request: Request = { axes, policy, ...(scales ? { scales: [...tensorNumbers(scales)] } : { sizes: sizes! }) };
    return { types: [{ ...x, shape: resizedShape(c, x.shape, request).shape }] };
  }
  const shape: Shape = x.shape.map((d, axis) => (axes.includes(axis) ? null : d));
  return { types: [{ ...x, shape }] };
}

function cost(c: CostContext) {
  const settings = interpolationOf({ ...accepted, node: c.node, opset: c.opset });
  return costOf(c, resizeWork(settings, staticDims(c.inputs[0]), staticDims(c.outputs[0])));
}

/** What is asked for, where the operands are numbers. */
export function asked(
  c: Refuse & Pick<InferContext, 'node' | 'opset'>,
  rank: number,
  operand: (index: number) => readonly number[] | undefined,
) {
  const settings = interpolationOf(c);
  const scales = operand(scalesInput(c.opset));
  const request: Request = {
    axes: resizedAxes(c, c.node, rank),
    policy: policyOf(c, c.node),
    ...(scales === undefined ? { sizes: operand(SIZES) ?? [] } : { scales }),
  };
  const roi = settings.coordinates === 'tf_crop_and_resize' ? operand(ROI) : undefined;
  return { settings, request, roi };
}

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const { settings, request, roi } = asked(c, x.dims.length, (index) => {
    const given = c.inputs[index];
    return given === undefined || given.data.length === 0 ? undefined : [...numbersOf(given)];
  });
  return [resized(settings, x, plannedAxes(c, x.dims, request, roi))];
}

function differentiate(c: GradientContext) {
  const { settings, request, roi } = asked(c, c.inputs[0]!.rank, (index) => settledNumbers(c, index));
  return resizeGradient(c, settings, request, roi);
}

interface Case extends SampleOptions {
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly x?: Tensor;
  readonly roi?: readonly number[];
  readonly scales?: readonly number[];
  readonly sizes?: readonly number[];
}

const float32s = (values: readonly number[]): Tensor => tensorOf('float32', [values.length], values);

function resizeSample(name: string, given: Case) {
  const { opset = 19, attributes = {}, x = data([1, 2, 4, 5]), roi, scales, sizes, ...rest } = given;
  const optional = [
    ...(opset < 11 ? [] : [roi && float32s(roi)]),
    scales && float32s(scales),
    ...(sizes === undefined ? [] : [int64s(...sizes)]),
  ];
  return sample(name, 'Resize', opset, attributes, [x, ...optional], { constants: [1, 2, 3], ...rest });
}

export const resize = operator({
  name: 'Resize',
  summary: 'Axes shrunk or stretched to a size or by a scale: the nearest element, or linear or cubic interpolation.',
  versions: [10, 11, 13, 18, 19],
  inputs: [
    { name: 'X', type: 'T1' },
    { name: 'roi', type: 'T2', arity: 'optional', since: 11 },
    { name: 'scales', type: 'float32', arity: 'optional' },
    { name: 'sizes', type: 'int64', arity: 'optional', since: 11 },
  ],
  outputs: [{ name: 'Y', type: 'T1' }],
  types: { T1: ALL_TYPES, T2: FLOATS },
  attributes: {
    antialias: { kind: 'int', since: 18, doc: '1: the kernel is widened where an axis shrinks; default 0' },
    axes: { kind: 'ints', since: 18, doc: 'axes that roi, scales and sizes are given for; default all' },
    coordinate_transformation_mode: {
      kind: 'string',
      since: 11,
      doc: 'half_pixel (default), half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric, tf_half_pixel_for_nn, tf_crop_and_resize',
    },
    cubic_coeff_a: { kind: 'float', since: 11, doc: 'a of the cubic kernel; default −0.75' },
    exclude_outside: {
      kind: 'int',
      since: 11,
      doc: '1: elements outside X have no weight; 0 (default): the border stands for them',
    },
    extrapolation_value: { kind: 'float', since: 11, doc: 'what tf_crop_and_resize puts outside X; default 0' },
    keep_aspect_ratio_policy: {
      kind: 'string',
      since: 18,
      doc: 'of sizes: stretch (default), not_larger, not_smaller (one scale for all axes)',
    },
    mode: { kind: 'string', doc: 'nearest (default), linear, since opset 11 cubic' },
    nearest_mode: { kind: 'string', since: 11, doc: 'round_prefer_floor (default), round_prefer_ceil, floor, ceil' },
  },
  infer,
  cost,
  costRule:
    'nearest moves data only; else axis by axis, the last one first, K multiplications and K − 1 additions an element (linear: K = 2, cubic: K = 4, antialias: K/scale where that is below 1).',
  evaluate,
  gradient: differentiate,
  samples: () => [...nearestSamples(), ...linearSamples(), ...cubicSamples(), ...antialiasSamples(), ...cropSamples()],
});

const mode = (name: string, rest: Readonly<Record<string, Attribute>> = {}) => ({ mode: string(name), ...rest });
const coordinates = (name: string) => ({ coordinate_transformation_mode: string(name) });
const UP = [1, 1, 2.5, 1.7];
const DOWN = [1, 1, 0.6, 0.55];
const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
];
const ROUNDINGS = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];

const nearestSamples = () => [
  resizeSample('opset 10, up', { opset: 10, scales: [1, 1, 2, 3] }),
  resizeSample('opset 10, down', { opset: 10, scales: DOWN }),
  resizeSample('opset 10, linear', { opset: 10, attributes: mode('linear'), scales: UP }),
  ...COORDINATES.flatMap((name) => [
    resizeSample(`nearest ${name}, up`, { opset: 13, attributes: coordinates(name), scales: UP }),
    resizeSample(`nearest ${name}, down`, { opset: 11, attributes: coordinates(name), scales: DOWN, roi: [] }),
  ]),
  ...ROUNDINGS.flatMap((name) => [
    resizeSample(`${name}, up`, { attributes: { nearest_mode: string(name) }, scales: [1, 1, 3, 2] }),
    resizeSample(`${name}, down`, { attributes: { nearest_mode: string(name) }, scales: [1, 1, 0.5, 0.7] }),
    resizeSample(`${name}, asymmetric`, {
      attributes: { nearest_mode: string(name), ...coordinates('asymmetric') },
      scales: [1, 1, 2.5, 0.4],
    }),
  ]),
  resizeSample('sizes', { opset: 11, sizes: [1, 2, 7, 3], scales: [], roi: [] }),
  resizeSample('sizes of all axes', { opset: 13, sizes: [2, 5, 3, 8] }),
  resizeSample('axes', { attributes: { axes: ints([3, 1]) }, sizes: [9, 3] }),
  resizeSample('scales of axes', { opset: 18, attributes: { axes: ints([2]) }, scales: [0.5] }),
  resizeSample('negative axes', {
    attributes: { axes: ints([-1]) },
    scales: [2],
  }),
  resizeSample('not_larger', {
    opset: 18,
    attributes: { axes: ints([2, 3]), keep_aspect_ratio_policy: string('not_larger') },
    sizes: [7, 8],
  }),
  resizeSample('not_smaller', {
    attributes: { axes: ints([2, 3]), keep_aspect_ratio_policy: string('not_smaller') },
    sizes: [7, 8],
  }),
  resizeSample('one axis', { x: data([5]), scales: [1.4] }),
  resizeSample('five axes', { x: data([1, 2, 2, 3, 2]), scales: [1, 1, 2, 1.5, 3] }),
  resizeSample('int32', { x: data([1, 1, 2, 3], { dtype: 'int32', high: 99 }), scales: [1, 1, 2, 2] }),
  resizeSample('uint8', { x: data([2, 3], { dtype: 'uint8', low: 0, high: 255 }), scales: [2, 2] }),
  resizeSample('string', {
    x: { dtype: 'string', dims: [2], strings: ['a', 'b'] },
    scales: [2],
    noHost: 'ONNX Runtime has no Resize kernel for strings',
  }),
  resizeSample('nothing', { x: data([1, 0, 3]), scales: [1, 2, 2] }),
];

const linearSamples = () => [
  ...COORDINATES.flatMap((name) => [
    resizeSample(`linear ${name}, up`, { attributes: mode('linear', coordinates(name)), scales: UP }),
    resizeSample(`linear ${name}, down`, { opset: 13, attributes: mode('linear', coordinates(name)), scales: DOWN }),
  ]),
  resizeSample('linear, to one element', {
    attributes: mode('linear', coordinates('align_corners')),
    sizes: [1, 2, 1, 1],
  }),
  resizeSample('linear pytorch_half_pixel, to one element', {
    attributes: mode('linear', coordinates('pytorch_half_pixel')),
    sizes: [1, 2, 1, 1],
  }),
  resizeSample('linear, channels last', { attributes: mode('linear'), scales: [1, 2, 1.5, 1] }),
  resizeSample('linear, matrix', { attributes: mode('linear'), x: data([3, 4]), scales: [2, 0.5] }),
  resizeSample('linear, three axes', { attributes: mode('linear'), x: data([2, 3, 4]), scales: [2, 1.5, 0.5] }),
  resizeSample('linear, five axes', { attributes: mode('linear'), x: data([1, 2, 2, 3, 2]), sizes: [1, 2, 3, 2, 5] }),
  resizeSample('linear, one axis', {
    attributes: mode('linear'),
    x: data([5]),
    scales: [1.4],
    noHost: 'its linear mode takes 2 to 5 axes',
  }),
  resizeSample('linear, every axis of four', {
    attributes: mode('linear'),
    sizes: [2, 3, 3, 4],
    noHost: 'its linear mode resizes two of four axes at most',
  }),
  resizeSample('linear, not_larger', {
    attributes: mode('linear', { axes: ints([2, 3]), keep_aspect_ratio_policy: string('not_larger') }),
    sizes: [7, 8],
  }),
  resizeSample('linear, int32', {
    attributes: mode('linear'),
    x: data([1, 1, 2, 3], { dtype: 'int32', low: -99, high: 99 }),
    scales: [1, 1, 2, 2],
  }),
  resizeSample('linear, uint8', {
    attributes: mode('linear'),
    x: data([1, 1, 2, 3], { dtype: 'uint8', low: 0, high: 255 }),
    scales: [1, 1, 2, 2],
  }),
  resizeSample('linear, float64', {
    attributes: mode('linear'),
    x: data([3, 4], { dtype: 'float64' }),
    scales: [2, 2],
    noHost: 'ONNX Runtime has no Resize kernel for float64',
  }),
];

const cubicSamples = () => [
  ...COORDINATES.flatMap((name) => [
    resizeSample(`cubic ${name}, up`, { opset: 11, attributes: mode('cubic', coordinates(name)), scales: UP, roi: [] }),
    resizeSample(`cubic ${name}, down`, { attributes: mode('cubic', coordinates(name)), scales: DOWN }),
  ]),
  resizeSample('cubic, a = −0.5', { attributes: mode('cubic', { cubic_coeff_a: float(-0.5) }), scales: UP }),
  resizeSample('cubic, exclude_outside', {
    attributes: mode('cubic', { exclude_outside: int(1) }),
    scales: UP,
  }),
  resizeSample('cubic, exclude_outside, a = −0.5, down', {
    attributes: mode('cubic', { exclude_outside: int(1), cubic_coeff_a: float(-0.5) }),
    scales: DOWN,
  }),
  resizeSample('cubic, matrix by sizes', { attributes: mode('cubic'), x: data([4, 4]), sizes: [9, 3] }),
  resizeSample('cubic, three axes', {
    attributes: mode('cubic'),
    x: data([2, 3, 4]),
    sizes: [3, 4, 5],
    noHost: 'its cubic mode takes 2 or 4 axes',
  }),
];

const antialiasSamples = () => {
  const antialias = (name: string, rest = {}) => mode(name, { antialias: int(1), ...rest });
  const x = data([1, 2, 7, 9]);
  return [
    ...['linear', 'cubic'].flatMap((name) => [
      resizeSample(`antialias ${name}, down`, { attributes: antialias(name), x, scales: DOWN }),
      resizeSample(`antialias ${name}, far down`, { opset: 18, attributes: antialias(name), x, sizes: [1, 2, 2, 3] }),
      resizeSample(`antialias ${name}, up`, { attributes: antialias(name), scales: UP }),
      resizeSample(`antialias ${name}, exclude_outside`, {
        attributes: antialias(name, { exclude_outside: int(1) }),
        x,
        scales: DOWN,
      }),
      resizeSample(`antialias ${name}, align_corners`, {
        attributes: antialias(name, coordinates('align_corners')),
        x,
        sizes: [1, 2, 3, 5],
      }),
      resizeSample(`antialias ${name}, uint8`, {
        attributes: antialias(name),
        x: data([1, 1, 7, 9], { dtype: 'uint8', low: 0, high: 255 }),
        sizes: [1, 1, 3, 4],
      }),
    ]),
    resizeSample('antialias cubic, a = −0.5', {
      attributes: antialias('cubic', { cubic_coeff_a: float(-0.5) }),
      x,
      scales: DOWN,
    }),
    resizeSample('antialias linear, int32', {
      attributes: antialias('linear'),
      x: data([1, 1, 7, 9], { dtype: 'int32', low: -999, high: 999 }),
      sizes: [1, 1, 3, 4],
    }),
    resizeSample('antialias linear, five axes', {
      attributes: antialias('linear'),
      x: data([1, 2, 5, 6, 4]),
      sizes: [1, 2, 2, 3, 3],
    }),
  ];
};

const cropSamples = () => {
  const crop = (name: string, rest = {}) => mode(name, { ...coordinates('tf_crop_and_resize'), ...rest });
  const roi = [0, 0, 0.2, 0.4, 1, 1, 0.7, 1.2];
  return [
    ...['nearest', 'linear', 'cubic'].map((name) =>
      resizeSample(`crop ${name}`, {
        opset: 13,
        attributes: crop(name, { extrapolation_value: float(10) }),
        roi,
        sizes: [1, 2, 3, 7],
      }),
    ),
    resizeSample('crop by scales', { opset: 11, attributes: crop('linear'), roi, scales: [1, 1, 2, 1.4] }),
    resizeSample('crop of axes', {
      opset: 18,
      attributes: crop('linear', { axes: ints([2, 3]) }),
      roi: [0.4, 0.6, 0.8, 0.9],
      sizes: [3, 3],
    }),
    resizeSample('crop to one element', { attributes: crop('linear'), roi, sizes: [1, 2, 1, 1] }),
    resizeSample('crop backwards', {
      attributes: crop('linear'),
      roi: [0, 0, 1, 0.9, 1, 1, 0, 0.1],
      sizes: [1, 2, 3, 7],
    }),
    resizeSample('crop to the same size', {
      attributes: crop('linear'),
      roi: [0, 0, 0.25, 0.25, 1, 1, 0.75, 0.75],
      sizes: [1, 2, 4, 5],
      noHost: 'it copies X where no size changes, whatever the region',
    }),
  ];
};
