/** Darknet's layers by section, as operators of ONNX. Settings and their defaults are those of darknet's src/parser.c. */
import { diagnostic } from '#base';
import { batchNormalization, connected, convolution } from './convolution.ts';
import type { Section } from './darknet.ts';
import type { Network } from './network.ts';

export interface DarknetLayer {
  readonly net: Network;
  readonly section: Section;
  readonly name: string;
  readonly input: string;
  /** The result of another layer, by its number. */
  readonly layer: (at: number) => string;
}

const unknownActivation = diagnostic<{ found: string; known: readonly string[] }>('SYS-STR-035', 'unsupported', {
  en: (p) => `activation '${p.found}' is not read; supported: ${p.known.join(', ')}`,
  zh: (p) => `不支持激活函数“${p.found}”；支持：${p.known.join('、')}`,
});
const unlike = diagnostic<{ here: string; from: string }>('SYS-STR-036', 'unsupported', {
  en: (p) =>
    `this shortcut adds [${p.from}] to [${p.here}]; a shortcut takes every s-th row and column of what is larger by a whole number s, and channels that both have`,
  zh: (p) =>
    `该 shortcut 将 [${p.from}] 加到 [${p.here}] 上；只支持来源的高和宽为整数倍（隔行隔列取样）且通道相同部分相加`,
});

/** Darknet's epsilon. */
const EPSILON = 1e-5;

type Activate = (net: Network, name: string, input: string) => string;

const plain =
  (op: string, attributes = {}): Activate =>
  (net, name, input) =>
    net.one(name, op, [input], attributes);

const ACTIVATIONS: Readonly<Record<string, Activate>> = {
  linear: (_, __, input) => input,
  relu: plain('Relu'),
  leaky: plain('LeakyRelu', { alpha: { float: 0.1 } }),
  logistic: plain('Sigmoid'),
  tanh: plain('Tanh'),
  elu: plain('Elu', { alpha: { float: 1 } }),
  selu: plain('Selu'),
  mish: plain('Mish'),
  relu6: (net, name, input) =>
    net.one(name, 'Clip', [input, net.scalar(`${name}.min`, 0), net.scalar(`${name}.max`, 6)]),
  swish: (net, name, input) => net.one(name, 'Mul', [input, net.one(`${name}/sigmoid`, 'Sigmoid', [input])]),
};

function activated({ net, section, name }: DarknetLayer, input: string, otherwise: string): string {
  const kind = section.text('activation', otherwise);
  const activate = ACTIVATIONS[kind];
  if (activate === undefined) throw unknownActivation({ found: kind, known: Object.keys(ACTIVATIONS) }, section.place);
  return activate(net, `${name}/${kind}`, input);
}

/** Batch normalisation, whose bias is the layer's, and activation. */
function finished(l: DarknetLayer, value: string, activation: string): string {
  const normal = l.section.number('batch_normalize', 0) !== 0;
  return activated(l, normal ? batchNormalization(l.net, `${l.name}/norm`, value, EPSILON) : value, activation);
}

const names = (name: string) => ({ weight: `${name}.weight`, bias: `${name}.bias` });

function convolutional(l: DarknetLayer): string {
  const { net, section, name, input } = l;
  const size = section.number('size', 1);
  const dilation = section.number('dilation', 1);
  const stride = section.number('stride', 1);
  const pad = section.number('pad', 0) !== 0 ? Math.floor(size / 2) * dilation : section.number('padding', 0);
  const shape = {
    filters: section.number('filters', 1),
    kernel: [size, size] as const,
    stride: [section.number('stride_y', stride), section.number('stride_x', stride)] as const,
    pad: [pad, pad] as const,
    dilation: [dilation, dilation] as const,
    groups: section.number('groups', 1),
    bias: section.number('batch_normalize', 0) === 0,
  };
  return finished(l, convolution(net, name, input, shape, names(name)), 'logistic');
}

/** Windows that stand half of the padding before the image; the last ones as far as they fit. */
function maxpool({ net, section, name, input }: DarknetLayer): string {
  const stride = section.number('stride', 1);
  const size = section.number('size', stride);
  const padding = section.number('padding', size - 1);
  const before = Math.floor(padding / 2);
  const pads = [before, before, padding - before, padding - before];
  return net.one(name, 'MaxPool', [input], { kernel_shape: [size, size], strides: [stride, stride], pads });
}

function route(l: DarknetLayer): string {
  const { net, section, name } = l;
  const groups = section.number('groups', 1);
  const parts = section.numbers('layers').map((at, i) => {
    const value = l.layer(at);
    if (groups === 1) return value;
    const part = net.size(value, 1) / groups;
    const from = part * section.number('group_id', 0);
    return sliceOf(net, `${name}/part${i}`, value, { axes: [1], starts: [from], ends: [from + part] });
  });
  return parts.length === 1 ? parts[0]! : net.one(name, 'Concat', parts, { axis: 1 });
}

interface Cut {
  readonly axes: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly steps?: readonly number[];
}

function sliceOf(net: Network, name: string, value: string, { axes, starts, ends, steps }: Cut): string {
  const settings = [starts, ends, axes, ...(steps === undefined ? [] : [steps])].map((values, i) =>
    net.setting(`${name}.${['starts', 'ends', 'axes', 'steps'][i]!}`, values),
  );
  return net.one(name, 'Slice', [value, ...settings]);
}

/** Adds another layer's result: its every s-th row and column where it is larger, and of channels those that both have. */
function shortcut(l: DarknetLayer): string {
  const { net, section, name, input } = l;
  let from = l.layer(section.number('from', -1));
  const shape = (value: string): number[] => [1, 2, 3].map((axis) => net.size(value, axis));
  const here = shape(input);
  const there = shape(from);
  const stride = there[1]! / here[1]!;
  if (!Number.isInteger(stride) || stride < 1 || there[2]! / here[2]! !== stride)
    throw unlike({ here: here.join('×'), from: there.join('×') }, section.place);
  if (stride > 1) {
    const cut = { axes: [2, 3], starts: [0, 0], ends: [there[1]!, there[2]!], steps: [stride, stride] };
    from = sliceOf(net, `${name}/sampled`, from, cut);
  }
  if (there[0]! > here[0]!) from = sliceOf(net, `${name}/channels`, from, { axes: [1], starts: [0], ends: [here[0]!] });
  else if (there[0]! < here[0]!)
    from = net.one(`${name}/channels`, 'Pad', [
      from,
      net.setting(`${name}.pads`, [0, 0, 0, 0, 0, here[0]! - there[0]!, 0, 0]),
    ]);
  return activated(l, net.one(name, 'Add', [input, from]), 'linear');
}

/** The middle of the image. */
function crop({ net, section, name, input }: DarknetLayer): string {
  const size = [section.number('crop_height', 1), section.number('crop_width', 1)];
  const starts = size.map((n, i) => Math.max(0, Math.floor((net.size(input, 2 + i) - n) / 2)));
  return sliceOf(net, name, input, { axes: [2, 3], starts, ends: starts.map((s, i) => s + size[i]!) });
}

function upsample({ net, section, name, input }: DarknetLayer): string {
  const stride = section.number('stride', 2);
  const scales = net.setting(`${name}.scales`, [1, 1, stride, stride], 'float32');
  return net.one(name, 'Resize', [input, '', scales], {
    ...{ mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  });
}

const handed = (l: DarknetLayer): string => l.input;

export const DARKNET_LAYERS: Readonly<Record<string, (l: DarknetLayer) => string>> = {
  convolutional,
  conv: convolutional,
  connected: (l) => {
    const shape = { outputs: l.section.number('output', 1), bias: l.section.number('batch_normalize', 0) === 0 };
    return finished(l, connected(l.net, l.name, l.input, shape, names(l.name)), 'logistic');
  },
  maxpool,
  max: maxpool,
  avgpool: ({ net, name, input }) => net.one(name, 'GlobalAveragePool', [input]),
  batchnorm: ({ net, name, input }) => batchNormalization(net, name, input, EPSILON),
  normalization: ({ net, section, name, input }) =>
    net.one(name, 'LRN', [input], {
      size: section.number('size', 5),
      alpha: { float: section.number('alpha', 0.0001) },
      beta: { float: section.number('beta', 0.75) },
      bias: { float: section.number('kappa', 1) },
    }),
  activation: (l) => activated(l, l.input, 'linear'),
  dropout: ({ net, name, input }) => net.one(name, 'Dropout', [input]),
  softmax: ({ net, name, input }) => net.one(name, 'Softmax', [input], { axis: 1 }),
  shortcut,
  route,
  crop,
  upsample,
  // What boxes are read from, and what training minimises: nothing more is computed of the network.
  yolo: handed,
  region: handed,
  detection: handed,
  cost: handed,
};
