/**
 * BatchNormalization: Y = (X − mean) ÷ √(var + ε) × scale + B for each channel (axis 1). ONNX BatchNormalization-15.
 * Since opset 14 `training_mode` takes mean and variance from the batch and returns the running ones.
 */
import { type Dim, elementCount, float, floatAttribute, int, intAttribute, type TensorType } from '#ir';
import { costOf, elements } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, type RefData } from '../refTensor.ts';
import { data, type SampleOptions, sample } from '../sampling.ts';
import { inputType, mayEqual, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { refuseTraining } from './training.ts';

/** Whether each activation has its own statistics (`spatial` = 0, before opset 9). */
const perActivation = (node: InferContext['node']): boolean => intAttribute(node, 'spatial', 1) === 0;

function infer(c: InferContext) {
  const x = inputType(c, 0);
  const expected: readonly Dim[] | undefined =
    x.shape === undefined
      ? undefined
      : perActivation(c.node)
        ? x.shape.slice(1)
        : [x.shape.length < 2 ? 1 : x.shape[1]!];
  for (let i = 1; i < 5; i++) {
    const own = inputType(c, i).shape;
    if (own === undefined || expected === undefined) continue;
    if (own.length !== expected.length || !own.every((d, axis) => mayEqual(d, expected[axis]!))) {
      c.fail(`X ${shapeText(x.shape)}, ${c.node.inputs[i]} ${shapeText(own)}`, shapeText(expected));
    }
  }
  const statistics: TensorType = { ...inputType(c, 3), shape: inputType(c, 3).shape ?? expected };
  return { types: c.node.outputs.map((_, i) => (i === 0 ? x : statistics)) };
}

function cost(c: CostContext) {
  const n = elements(c.inputs[0]);
  // Constant statistics are one factor and one shift a channel before the run begins.
  const isPrepared =
    intAttribute(c.node, 'training_mode', 0) === 0 && [1, 2, 3, 4].every((i) => c.constant(i) !== undefined);
  const channels = isPrepared ? 0 : elements(c.inputs[3]);
  return costOf(c, {
    multiplications: n + channels,
    additions: n + 2 * channels,
    divisions: channels,
    otherFunctions: channels,
  });
}

interface Layout {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
}

function evaluate(c: EvaluateContext) {
  const [x, scale, bias, mean, variance] = c.inputs.map((t) => t!);
  const training = intAttribute(c.node, 'training_mode', 0) !== 0;
  if (c.opset < 14 && c.outputCount > 1) refuseTraining(c.node, `${c.outputCount} outputs`);
  const channels = elementCount(mean!.dims);
  const batch = x!.dims.length === 0 ? 1 : x!.dims[0]!;
  const layout: Layout = { batch, channels, size: elementCount(x!.dims) / Math.max(1, batch * channels) };
  const values = numbersOf(x!);
  const [means, variances] = training ? statistics(values, layout) : [numbersOf(mean!), numbersOf(variance!)];
  const [scales, biases] = [numbersOf(scale!), numbersOf(bias!)];
  const epsilon = floatAttribute(c.node, 'epsilon', 1e-5);
  const y = new Float64Array(values.length);
  eachChannel(layout, (channel, i) => {
    y[i] =
      ((values[i]! - means[channel]!) / Math.sqrt(variances[channel]! + epsilon)) * scales[channel]! + biases[channel]!;
  });
  const outputs = [{ ...x!, data: y as RefData }];
  if (!training) return outputs;
  const momentum = floatAttribute(c.node, 'momentum', 0.9);
  const running = (old: typeof mean, now: Float64Array) => ({
    ...old!,
    data: numbersOf(old!).map((value, i) => value * momentum + now[i]! * (1 - momentum)),
  });
  return [...outputs, running(mean, means), running(variance, variances)].slice(0, c.outputCount);
}

/** Mean and (population) variance of each channel. */
function statistics(values: Float64Array, layout: Layout): [Float64Array, Float64Array] {
  const count = layout.batch * layout.size;
  const means = new Float64Array(layout.channels);
  const variances = new Float64Array(layout.channels);
  eachChannel(layout, (channel, i) => {
    means[channel]! += values[i]! / count;
  });
  eachChannel(layout, (channel, i) => {
    variances[channel]! += (values[i]! - means[channel]!) ** 2 / count;
  });
  return [means, variances];
}

function eachChannel({ batch, channels, size }: Layout, visit: (channel: number, flat: number) => void): void {
  let flat = 0;
  for (let n = 0; n < batch; n++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < size; i++) visit(channel, flat++);
    }
  }
}

function norm(
  name: string,
  opset: number,
  attributes: Parameters<typeof sample>[3],
  x: number[],
  channels: number[],
  options: SampleOptions = {},
) {
  const statistic = (seed: number, low: number, high: number) => data(channels, { seed, low, high });
  const inputs = [data(x), statistic(2, 0.5, 2), statistic(3, -1, 1), statistic(4, -1, 1), statistic(5, 0.5, 2)];
  return sample(name, 'BatchNormalization', opset, attributes, inputs, { constants: [1, 2, 3, 4], ...options });
}

export const batchNormalization = operator({
  name: 'BatchNormalization',
  summary: 'Normalises each channel by a mean and a variance, then scales and shifts it.',
  versions: [7, 9, 14, 15],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'scale', type: 'T1' },
    { name: 'B', type: 'T1' },
    { name: 'input_mean', type: 'T2' },
    { name: 'input_var', type: 'T2' },
  ],
  outputs: [
    { name: 'Y', type: 'T' },
    { name: 'running_mean', type: 'T2', arity: 'optional' },
    { name: 'running_var', type: 'T2', arity: 'optional' },
    { name: 'saved_mean', type: 'T2', arity: 'optional' },
    { name: 'saved_var', type: 'T2', arity: 'optional' },
  ],
  types: { T: FLOATS, T1: FLOATS, T2: FLOATS },
  attributes: {
    epsilon: { kind: 'float', doc: 'Added to the variance; default 1e-5.' },
    momentum: { kind: 'float', doc: 'Weight of the old running mean and variance in training; default 0.9.' },
    spatial: { kind: 'int', until: 9, doc: '1 (default): statistics for each channel; 0: for each activation.' },
    training_mode: { kind: 'int', since: 14, doc: '1: statistics of the batch; default 0.' },
  },
  infer,
  cost,
  costRule:
    'one multiplication and one addition an element; for each channel √, ÷, one multiplication and two additions that fold the statistics, unless constants make that once and for all.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    norm('image', 9, {}, [2, 3, 4, 4], [3]),
    norm('epsilon', 15, { epsilon: float(0.01), momentum: float(0.5) }, [1, 3, 2, 2], [3]),
    norm('features', 7, {}, [4, 5], [5]),
    norm('spatial', 7, { spatial: int(1) }, [2, 3, 4], [3]),
    norm('per activation', 7, { spatial: int(0) }, [2, 3, 4], [3, 4]),
    norm('three axes', 14, { training_mode: int(0) }, [1, 2, 2, 3, 2], [2]),
    norm('training', 15, { training_mode: int(1), momentum: float(0.7) }, [2, 3, 4, 4], [3], { outputs: 3 }),
  ],
});

/** Of the affine map that inference computes; mean and variance of the batch are for the framework's layer, which builds them. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  if (intAttribute(c.node, 'training_mode', 0) !== 0) {
    c.fail('training_mode = 1', {
      en: 'inference; batchNorm of the framework trains, by reductions of its own',
      zh: '推理；训练请用框架的 batchNorm，它由归约运算构成',
    });
  }
  const [x, scale, bias, mean, variance] = c.inputs as readonly Expression[];
  const dy = c.dy[0]!;
  const spread = (v: Expression): Expression => {
    const axes = perActivation(c.node) ? [] : x!.shape.slice(2).map((_, i) => i + 1);
    return v.cast(x!.dtype).unsqueeze(axes);
  };
  const inverse = spread(variance!)
    .add(floatAttribute(c.node, 'epsilon', 1e-5))
    .sqrt()
    .reciprocal();
  const normal = x!.sub(spread(mean!)).mul(inverse);
  const slope = spread(scale!).mul(inverse);
  const back = (v: Expression, like: Expression): Expression =>
    v.sumTo(spread(like)).reshapeLike(like).cast(like.dtype);
  const rules = [
    () => dy.mul(slope),
    () => back(dy.mul(normal), scale!),
    () => back(dy, bias!),
    () => back(dy.mul(slope).neg(), mean!),
    () => back(dy.mul(slope).mul(normal).mul(inverse).mul(-0.5), variance!),
  ];
  return rules.map((rule, i) => (c.wanted(i) ? rule() : undefined));
}
