/**
 * LRN: local response normalisation across channels, Y = X ÷ (bias + alpha/size × Σ X²)^beta, the sum over `size`
 * channels around each one. ONNX LRN-13; Krizhevsky et al. 2012, section 3.3.
 */
import { elementCount, float, floatAttribute, int, intAttribute, tensorOf } from '#ir';
import { costOf, staticDims } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { inputType, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

/** First and last channel of the window around `channel`. */
function channelRange(channel: number, channels: number, size: number): [number, number] {
  const first = channel - Math.floor((size - 1) / 2);
  return [Math.max(0, first), Math.min(channels - 1, channel + Math.ceil((size - 1) / 2))];
}

function infer(c: InferContext) {
  const x = inputType(c, 0);
  if (x.shape !== undefined && x.shape.length < 2) c.fail(`X ${shapeText(x.shape)}`, 'X [N, C, D1, …]');
  const size = intAttribute(c.node, 'size', 0);
  if (size < 1) c.fail(`size ${size}`, 'size ≥ 1');
  return { types: [x] };
}

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const [batch, channels, ...spatial] = x.dims as [number, number, ...number[]];
  const plane = elementCount(spatial);
  const size = intAttribute(c.node, 'size', 1);
  const alpha = floatAttribute(c.node, 'alpha', 1e-4);
  const beta = floatAttribute(c.node, 'beta', 0.75);
  const bias = floatAttribute(c.node, 'bias', 1);
  const values = numbersOf(x);
  const y = new Float64Array(values.length);
  for (let n = 0; n < batch; n++) {
    for (let channel = 0; channel < channels; channel++) {
      const [first, last] = channelRange(channel, channels, size);
      for (let i = 0; i < plane; i++) {
        let squares = 0;
        for (let k = first; k <= last; k++) squares += values[(n * channels + k) * plane + i]! ** 2;
        const at = (n * channels + channel) * plane + i;
        y[at] = values[at]! / (bias + (alpha / size) * squares) ** beta;
      }
    }
  }
  return [{ ...x, data: y }];
}

export const lrn = operator({
  name: 'LRN',
  summary: 'Divides each element by a power of the sum of squares in neighbouring channels.',
  versions: [1, 13],
  inputs: [{ name: 'X', type: 'T' }],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: {
    size: { kind: 'int', required: true, doc: 'How many channels the sum takes.' },
    alpha: { kind: 'float', doc: 'Factor of the mean square; default 1e-4.' },
    beta: { kind: 'float', doc: 'Exponent; default 0.75.' },
    bias: { kind: 'float', doc: 'Added to the mean square; default 1.' },
  },
  infer,
  cost(c) {
    const [batch, channels, ...spatial] = staticDims(c.inputs[0]) as [number, number, ...number[]];
    const positions = batch * elementCount(spatial);
    let additions = 0;
    for (let channel = 0; channel < channels; channel++) {
      const [first, last] = channelRange(channel, channels, intAttribute(c.node, 'size', 1));
      additions += last - first + 1;
    }
    const n = positions * channels;
    return costOf(c, { multiplications: 2 * n, additions: positions * additions, powers: n, divisions: n });
  },
  costRule: 'an element: square and factor (2 multiplications), one addition for each channel in reach, power and ÷.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    sample('defaults', 'LRN', 7, { size: int(3) }, [data([2, 5, 3, 3])]),
    sample('all attributes', 'LRN', 13, { size: int(5), alpha: float(0.02), beta: float(0.5), bias: float(2) }, [
      data([1, 7, 2, 2]),
    ]),
    sample('strong', 'LRN', 13, { size: int(3), alpha: float(0.5) }, [data([1, 6, 2, 2])]),
  ],
});

/** dx = dy·s^−β − 2αβ/size · x · Σ dy·x·s^(−β−1), the sum over the channels whose window holds this one. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const channels = x.shape[1]!;
  if (typeof channels !== 'number') {
    return c.fail({ en: 'an open number of channels', zh: '通道数未定' }, { en: 'a known one', zh: '已知的通道数' });
  }
  const size = intAttribute(c.node, 'size', 1);
  const alpha = floatAttribute(c.node, 'alpha', 1e-4);
  const beta = floatAttribute(c.node, 'beta', 0.75);
  const band = new Float64Array(channels * channels);
  for (let channel = 0; channel < channels; channel++) {
    const [first, last] = channelRange(channel, channels, size);
    band.fill(1, channel * channels + first, channel * channels + last + 1);
  }
  const windows = dy.constant(tensorOf(dy.dtype, [channels, channels], band));
  // [N, C, …] as [N, C, positions], so that a matrix over channels multiplies from the left.
  const planes = (v: Expression): Expression => v.apply('Reshape', [v.int64s([0, channels, -1])]);
  const s = windows
    .matMul(planes(x.mul(x)))
    .mul(alpha / size)
    .add(floatAttribute(c.node, 'bias', 1));
  const [xs, dys] = [planes(x), planes(dy)];
  const power = s.pow(-beta);
  const reach = windows.matrixTranspose().matMul(dys.mul(xs).mul(power).div(s));
  return [
    dys
      .mul(power)
      .sub(xs.mul(reach).mul((2 * alpha * beta) / size))
      .reshapeLike(x),
  ];
}
