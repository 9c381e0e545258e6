/** Caffe's layers by type, as operators of ONNX. Parameters and their defaults are those of BVLC Caffe's caffe.proto. */
import { diagnostic } from '#base';
import { batchNormalization, connected, convolution } from './convolution.ts';
import type { Attributes, Network } from './network.ts';
import { Message } from './textproto.ts';

export interface CaffeLayer {
  readonly net: Network;
  readonly name: string;
  readonly message: Message;
  readonly inputs: readonly string[];
  /** Results that the layer names. */
  readonly tops: number;
  /** The one layer that reads the result next. */
  readonly next: Message | undefined;
}

const unsupported = diagnostic<{ layer: string; type: string; setting: string; supported: string }>(
  'SYS-STR-015',
  'unsupported',
  {
    en: (p) => `layer '${p.layer}' (${p.type}) has ${p.setting}, which is not read; supported: ${p.supported}.`,
    zh: (p) => `层“${p.layer}”（${p.type}）使用了 ${p.setting}，不支持；支持：${p.supported}。`,
  },
);
const missing = diagnostic<{ layer: string; type: string; field: string }>('SYS-STR-016', 'invalid', {
  en: (p) => `layer '${p.layer}' (${p.type}) does not say ${p.field}; add it.`,
  zh: (p) => `层“${p.layer}”（${p.type}）缺少 ${p.field}；请补上。`,
});

const EMPTY = (at: Message): Message => new Message([], at.place);

const parameters = (l: CaffeLayer, name: string): Message => l.message.message(name) ?? EMPTY(l.message);

function refuse(l: CaffeLayer, setting: string, supported: string): Error {
  return unsupported({ layer: l.name, type: l.message.text('type') ?? '', setting, supported }, l.message.place);
}

function need(l: CaffeLayer, m: Message, field: string): number {
  const value = m.number(field);
  if (value === undefined) throw missing({ layer: l.name, type: l.message.text('type') ?? '', field }, l.message.place);
  return value;
}

/** `kernel_size: 3`, `kernel_size: 3 kernel_size: 5`, or `kernel_h: 3 kernel_w: 5`. */
function pair(
  m: Message,
  name: string,
  both: string,
  otherwise: number | undefined,
): readonly [number, number] | undefined {
  const height = m.number(`${name}_h`);
  const width = m.number(`${name}_w`);
  if (height !== undefined || width !== undefined) return [height ?? otherwise ?? 0, width ?? otherwise ?? 0];
  const listed = m.numbers(both);
  if (listed.length > 0) return [listed[0]!, listed[1] ?? listed[0]!];
  return otherwise === undefined ? undefined : [otherwise, otherwise];
}

/** Weights have names of their own where layers share them: `param { name: "w" }`. */
function weightNames(l: CaffeLayer): { weight: string; bias: string } {
  const [weight, bias] = l.message.messages('param').map((p) => p.text('name'));
  return { weight: weight || `${l.name}.weight`, bias: bias || `${l.name}.bias` };
}

function convolutional(l: CaffeLayer, transposed: boolean): readonly string[] {
  const m = parameters(l, 'convolution_param');
  const kernel = pair(m, 'kernel', 'kernel_size', undefined);
  if (kernel === undefined)
    throw missing({ layer: l.name, type: l.message.text('type') ?? '', field: 'kernel_size' }, l.message.place);
  const shape = {
    filters: need(l, m, 'num_output'),
    kernel,
    stride: pair(m, 'stride', 'stride', 1)!,
    pad: pair(m, 'pad', 'pad', 0)!,
    dilation: pair(m, 'dilation', 'dilation', 1)!,
    groups: m.number('group') ?? 1,
    bias: m.flag('bias_term', true),
    transposed,
  };
  // One layer may work on several inputs, with the same weights.
  return l.inputs.map((input, i) =>
    convolution(l.net, i === 0 ? l.name : `${l.name}.${i}`, input, shape, weightNames(l)),
  );
}

function pooling(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'pooling_param');
  const [input] = l.inputs as [string];
  const kind = m.text('pool') ?? 'MAX';
  const isMax = kind === 'MAX' || kind === '0';
  if (!isMax && kind !== 'AVE' && kind !== '1') throw refuse(l, `pool: ${kind}`, 'MAX, AVE');
  if (m.flag('global_pooling', false))
    return [l.net.one(l.name, isMax ? 'GlobalMaxPool' : 'GlobalAveragePool', [input])];
  const kernel = pair(m, 'kernel', 'kernel_size', undefined);
  if (kernel === undefined) throw missing({ layer: l.name, type: 'Pooling', field: 'kernel_size' }, l.message.place);
  const pad = pair(m, 'pad', 'pad', 0)!;
  const rounding = m.text('round_mode') ?? 'CEIL';
  const attributes: Attributes = {
    kernel_shape: kernel,
    strides: pair(m, 'stride', 'stride', 1)!,
    pads: [...pad, ...pad],
    ceil_mode: rounding === 'CEIL' || rounding === '0' ? 1 : 0,
    ...(isMax ? {} : { count_include_pad: 1 }),
  };
  return [l.net.one(l.name, isMax ? 'MaxPool' : 'AveragePool', [input], attributes)];
}

/** The same for each element. */
const elementwise =
  (op: string, attributes: (l: CaffeLayer) => Attributes = () => ({})) =>
  (l: CaffeLayer): readonly string[] => [l.net.one(l.name, op, l.inputs.slice(0, 1), attributes(l))];

function scaled(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'scale_param');
  const [input, other] = l.inputs as [string, string?];
  if (other !== undefined) return [l.net.one(l.name, 'Mul', [input, other])];
  const axis = m.number('axis') ?? 1;
  if (axis !== 1) throw refuse(l, `axis: ${axis}`, 'axis: 1');
  const shape = [
    l.net.size(input, 1),
    ...l.net
      .dims(input)
      .slice(2)
      .map(() => 1),
  ];
  const product = l.net.one(l.name, 'Mul', [input, l.net.weights(`${l.name}.weight`, shape)]);
  if (!m.flag('bias_term', false)) return [product];
  return [l.net.one(`${l.name}/bias`, 'Add', [product, l.net.weights(`${l.name}.bias`, shape)])];
}

/** Statistics, and the scale and bias of the Scale layer behind: together one BatchNormalization. */
function normalised(l: CaffeLayer): readonly string[] {
  const scale = l.next?.message('scale_param') ?? (l.next === undefined ? undefined : EMPTY(l.next));
  if (l.next?.text('type') !== 'Scale' || scale?.flag('bias_term', false) !== true)
    throw refuse(l, 'no Scale layer with bias_term: true behind it', 'BatchNorm followed by Scale { bias_term: true }');
  return [batchNormalization(l.net, l.name, l.inputs[0]!, parameters(l, 'batch_norm_param').number('eps') ?? 1e-5)];
}

function eltwise(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'eltwise_param');
  const operation = m.text('operation') ?? 'SUM';
  const op = { PROD: 'Mul', SUM: 'Add', MAX: 'Max', '0': 'Mul', '1': 'Add', '2': 'Max' }[operation];
  if (op === undefined) throw refuse(l, `operation: ${operation}`, 'PROD, SUM, MAX');
  const weighted = m.numbers('coeff');
  const inputs = l.inputs.map((input, i) => {
    const weight = op === 'Add' ? (weighted[i] ?? 1) : 1;
    if (weight === 1) return input;
    return l.net.one(`${l.name}/coeff${i}`, 'Mul', [input, l.net.setting(`${l.name}.coeff${i}`, [weight], 'float32')]);
  });
  return [
    inputs.slice(1).reduce((sum, input, i) => {
      return l.net.one(i === inputs.length - 2 ? l.name : `${l.name}/${i}`, op, [sum, input]);
    }, inputs[0]!),
  ];
}

function power(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'power_param');
  let value = l.inputs[0]!;
  const step = (suffix: string, op: string, by: number): void => {
    value = l.net.one(`${l.name}${suffix}`, op, [value, l.net.setting(`${l.name}.${op}`, [by], 'float32')]);
  };
  const [scale, shift, exponent] = [m.number('scale') ?? 1, m.number('shift') ?? 0, m.number('power') ?? 1];
  if (scale !== 1) step('/scale', 'Mul', scale);
  if (shift !== 0) step('/shift', 'Add', shift);
  if (exponent !== 1) step('', 'Pow', exponent);
  return [value];
}

function lrn(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'lrn_param');
  const region = m.text('norm_region') ?? 'ACROSS_CHANNELS';
  if (region !== 'ACROSS_CHANNELS' && region !== '0') throw refuse(l, `norm_region: ${region}`, 'ACROSS_CHANNELS');
  return [
    l.net.one(l.name, 'LRN', l.inputs.slice(0, 1), {
      size: m.number('local_size') ?? 5,
      alpha: { float: m.number('alpha') ?? 1 },
      beta: { float: m.number('beta') ?? 0.75 },
      bias: { float: m.number('k') ?? 1 },
    }),
  ];
}

function sliced(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'slice_param');
  const axis = m.number('axis') ?? m.number('slice_dim') ?? 1;
  const [input] = l.inputs as [string];
  const total = l.net.size(input, axis);
  const points = m.numbers('slice_point');
  const ends =
    points.length > 0 ? [...points, total] : Array.from({ length: l.tops }, (_, i) => ((i + 1) * total) / l.tops);
  const lengths = ends.map((end, i) => end - (ends[i - 1] ?? 0));
  if (lengths.length !== l.tops || lengths.some((n) => !(n > 0) || !Number.isInteger(n)))
    throw refuse(l, `parts ${lengths.join(', ')} of ${total}`, 'one part for each top, none of them empty');
  return l.net.add(l.name, 'Split', [input, l.net.setting(`${l.name}.split`, lengths)], { axis }, l.tops);
}

function reshaped(l: CaffeLayer): readonly string[] {
  const m = parameters(l, 'reshape_param');
  const shape = m.message('shape')?.numbers('dim') ?? [];
  if ((m.number('axis') ?? 0) !== 0 || (m.number('num_axes') ?? -1) !== -1)
    throw refuse(l, 'axis or num_axes', 'a shape of all axes');
  // The batch stays what it is, whatever the file had in mind.
  const open = shape.map((d, i) => (i === 0 && d > 0 && shape.includes(-1) ? 0 : d));
  return [l.net.one(l.name, 'Reshape', [l.inputs[0]!, l.net.setting(`${l.name}.shape`, open)])];
}

const axisOf =
  (param: string, otherwise: number) =>
  (l: CaffeLayer): Attributes => ({
    axis: parameters(l, param).number('axis') ?? parameters(l, param).number('concat_dim') ?? otherwise,
  });

/** As many names for one value as the layer has tops. */
const handed = (l: CaffeLayer): readonly string[] => Array.from({ length: l.tops }, () => l.inputs[0]!);

export const CAFFE_LAYERS: Readonly<Record<string, (l: CaffeLayer) => readonly string[]>> = {
  Convolution: (l) => convolutional(l, false),
  Deconvolution: (l) => convolutional(l, true),
  InnerProduct: (l) => {
    const m = parameters(l, 'inner_product_param');
    const shape = { outputs: need(l, m, 'num_output'), bias: m.flag('bias_term', true), axis: m.number('axis') ?? 1 };
    return l.inputs.map((input, i) =>
      connected(l.net, i === 0 ? l.name : `${l.name}.${i}`, input, shape, weightNames(l)),
    );
  },
  Pooling: pooling,
  LRN: lrn,
  BatchNorm: normalised,
  Scale: (l) => {
    const [producer] = l.inputs;
    // What BatchNorm before it has already taken in.
    return l.net.isMade(producer!, 'BatchNormalization') ? [producer!] : scaled(l);
  },
  Bias: (l) => [
    l.net.one(l.name, 'Add', [
      l.inputs[0]!,
      l.inputs[1] ??
        l.net.weights(`${l.name}.bias`, [
          l.net.size(l.inputs[0]!, 1),
          ...l.net
            .dims(l.inputs[0]!)
            .slice(2)
            .map(() => 1),
        ]),
    ]),
  ],
  ReLU: (l) => {
    const slope = parameters(l, 'relu_param').number('negative_slope') ?? 0;
    return slope === 0 ? elementwise('Relu')(l) : elementwise('LeakyRelu', () => ({ alpha: { float: slope } }))(l);
  },
  ReLU6: (l) => [
    l.net.one(l.name, 'Clip', [l.inputs[0]!, l.net.scalar(`${l.name}.min`, 0), l.net.scalar(`${l.name}.max`, 6)]),
  ],
  PReLU: (l) => {
    const shared = parameters(l, 'prelu_param').flag('channel_shared', false);
    const shape = shared
      ? [1]
      : [
          l.net.size(l.inputs[0]!, 1),
          ...l.net
            .dims(l.inputs[0]!)
            .slice(2)
            .map(() => 1),
        ];
    return [l.net.one(l.name, 'PRelu', [l.inputs[0]!, l.net.weights(`${l.name}.slope`, shape)])];
  },
  ELU: elementwise('Elu', (l) => ({ alpha: { float: parameters(l, 'elu_param').number('alpha') ?? 1 } })),
  Sigmoid: elementwise('Sigmoid'),
  TanH: elementwise('Tanh'),
  AbsVal: elementwise('Abs'),
  BNLL: elementwise('Softplus'),
  Power: power,
  Dropout: (l) => [l.net.one(l.name, 'Dropout', l.inputs.slice(0, 1))],
  Softmax: elementwise('Softmax', axisOf('softmax_param', 1)),
  Concat: (l) => [l.net.one(l.name, 'Concat', l.inputs, axisOf('concat_param', 1)(l))],
  Eltwise: eltwise,
  Flatten: elementwise('Flatten', axisOf('flatten_param', 1)),
  Reshape: reshaped,
  Permute: (l) => [
    l.net.one(l.name, 'Transpose', l.inputs.slice(0, 1), { perm: parameters(l, 'permute_param').numbers('order') }),
  ],
  Slice: sliced,
  Split: handed,
  // Losses: what they make of scores. Labels are not computed with.
  SoftmaxWithLoss: elementwise('Softmax', axisOf('softmax_param', 1)),
  SigmoidCrossEntropyLoss: elementwise('Sigmoid'),
};

/** Layers that say something of a finished network, and compute none of its values. */
export const DROPPED: ReadonlySet<string> = new Set([
  ...[
    'Accuracy',
    'Silence',
    'EuclideanLoss',
    'HingeLoss',
    'MultinomialLogisticLoss',
    'InfogainLoss',
    'ContrastiveLoss',
  ],
]);

/** Where data comes in: sizes of the tops as far as the layer says them. */
export const DATA_LAYERS: Readonly<Record<string, (m: Message) => readonly (readonly number[] | undefined)[]>> = {
  Input: (m) => (m.message('input_param')?.messages('shape') ?? []).map((s) => s.numbers('dim')),
  DummyData: (m) => (m.message('dummy_data_param')?.messages('shape') ?? []).map((s) => s.numbers('dim')),
  MemoryData: (m) => {
    const p = m.message('memory_data_param');
    const sizes = ['batch_size', 'channels', 'height', 'width'].map((f) => p?.number(f));
    return [sizes.every((s) => s !== undefined) ? (sizes as number[]) : undefined];
  },
  Data: () => [],
  ImageData: () => [],
  HDF5Data: () => [],
  WindowData: () => [],
};

/** Names of types before Caffe had layers as strings (`layers { type: CONVOLUTION }`). */
export const V1_TYPES: Readonly<Record<string, string>> = {
  ...{ ABSVAL: 'AbsVal', ACCURACY: 'Accuracy', BNLL: 'BNLL', CONCAT: 'Concat', CONVOLUTION: 'Convolution' },
  ...{ DATA: 'Data', DECONVOLUTION: 'Deconvolution', DROPOUT: 'Dropout', DUMMY_DATA: 'DummyData' },
  ...{ ELTWISE: 'Eltwise', EUCLIDEAN_LOSS: 'EuclideanLoss', FLATTEN: 'Flatten', HDF5_DATA: 'HDF5Data' },
  ...{ HINGE_LOSS: 'HingeLoss', IMAGE_DATA: 'ImageData', INNER_PRODUCT: 'InnerProduct', LRN: 'LRN' },
  ...{ MEMORY_DATA: 'MemoryData', POOLING: 'Pooling', POWER: 'Power', RELU: 'ReLU', SIGMOID: 'Sigmoid' },
  ...{ SIGMOID_CROSS_ENTROPY_LOSS: 'SigmoidCrossEntropyLoss', SILENCE: 'Silence', SLICE: 'Slice' },
  ...{ SOFTMAX: 'Softmax', SOFTMAX_LOSS: 'SoftmaxWithLoss', SPLIT: 'Split', TANH: 'TanH', WINDOW_DATA: 'WindowData' },
};
