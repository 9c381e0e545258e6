/**
 * Networks as graphs whose weights are all zero: enough for shapes, work and traffic, and small, since a constant of one value is stored
 * as that value. A `Net` is written layer by layer; each call adds a node and gives the name of what comes out.
 */
import { type Attribute, type GraphNode, int, ints, type Model, type Tensor, tensorType } from 'systole/ir';
import { inferTypes } from 'systole/ops';
import { pipeline, runPasses } from 'systole/passes';
import { SUMMARY_PASSES, type Summary, summarize } from 'systole/report';

export class Net {
  readonly #name: string;
  readonly #input: readonly number[];
  readonly #nodes: GraphNode[] = [];
  readonly #constants = new Map<string, Tensor>();

  /** @param input shape, NCHW */
  constructor(name: string, input: readonly number[]) {
    this.#name = name;
    this.#input = input;
  }

  #add(op: string, name: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    this.#nodes.push({
      name,
      op,
      domain: '',
      inputs,
      outputs: [name],
      attributes: new Map(Object.entries(attributes)),
    });
    return name;
  }

  #zeros(name: string, dims: readonly number[]): string {
    this.#constants.set(name, { dtype: 'float32', dims, splat: new Uint8Array(4) });
    return name;
  }

  conv(
    name: string,
    x: string,
    [inputs, outputs, kernel]: readonly [number, number, number],
    { stride = 1, padding = 0, groups = 1, bias = true } = {},
  ): string {
    const operands = [x, this.#zeros(`${name}.weight`, [outputs, inputs / groups, kernel, kernel])];
    if (bias) operands.push(this.#zeros(`${name}.bias`, [outputs]));
    return this.#add('Conv', name, operands, {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([padding, padding, padding, padding]),
      group: int(groups),
    });
  }

  batchNorm(name: string, x: string, channels: number): string {
    const parameters = ['weight', 'bias', 'running_mean', 'running_var'];
    return this.#add('BatchNormalization', name, [
      x,
      ...parameters.map((p) => this.#zeros(`${name}.${p}`, [channels])),
    ]);
  }

  relu = (name: string, x: string): string => this.#add('Relu', name, [x]);
  add = (name: string, a: string, b: string): string => this.#add('Add', name, [a, b]);
  flatten = (name: string, x: string): string => this.#add('Flatten', name, [x], { axis: int(1) });
  globalAvgPool = (name: string, x: string): string => this.#add('GlobalAveragePool', name, [x]);

  maxPool(name: string, x: string, kernel: number, stride: number, padding = 0): string {
    return this.#add('MaxPool', name, [x], {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([padding, padding, padding, padding]),
    });
  }

  linear(name: string, x: string, inputs: number, outputs: number): string {
    const operands = [x, this.#zeros(`${name}.weight`, [outputs, inputs]), this.#zeros(`${name}.bias`, [outputs])];
    return this.#add('Gemm', name, operands, { transB: int(1) });
  }

  /** The graph with this as its output, types inferred. */
  model(output: string): Model {
    return inferTypes({
      irVersion: 9,
      producer: 'systole',
      opsets: new Map([['', 20]]),
      graph: {
        name: this.#name,
        inputs: [{ name: 'x', type: tensorType('float32', this.#input) }],
        outputs: [{ name: output, type: undefined }],
        nodes: this.#nodes,
        constants: this.#constants,
        types: new Map(),
      },
      functions: [],
      metadata: new Map(),
    });
  }
}

/** The summary of one sample, as `systole summary` counts it; the batch is called N where it is open. */
export async function countedOnce(model: Model, name: string): Promise<Summary> {
  const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
  return summarize((await runPasses(model, { dims: { N: 1 }, steps })).model, name);
}

/** Filters of VGG19's convolutions, a pooling after each group (Simonyan and Zisserman, arXiv:1409.1556, column E). */
export const VGG19_GROUPS = [
  [64, 64],
  [128, 128],
  [256, 256, 256, 256],
  [512, 512, 512, 512],
  [512, 512, 512, 512],
] as const;

/** @param side height and width of the picture; the first fully connected layer takes what is left of them */
export function vgg19(side = 224): Model {
  const net = new Net('vgg19', [1, 3, side, side]);
  let [x, channels] = ['x', 3];
  VGG19_GROUPS.forEach((filters, g) => {
    filters.forEach((count, i) => {
      const name = `conv${g + 1}_${i + 1}`;
      x = net.relu(`relu${g + 1}_${i + 1}`, net.conv(name, x, [channels, count, 3], { padding: 1 }));
      channels = count;
    });
    x = net.maxPool(`pool${g + 1}`, x, 2, 2);
  });
  x = net.relu('relu6', net.linear('fc6', net.flatten('flatten', x), 512 * Math.floor(side / 32) ** 2, 4096));
  x = net.relu('relu7', net.linear('fc7', x, 4096, 4096));
  return net.model(net.linear('fc8', x, 4096, 1000));
}

/** AlexNet as torchvision has it: one tower (Krizhevsky, arXiv:1404.5997), without the identity pooling to 6 × 6. */
export function alexnet(): Model {
  const net = new Net('alexnet', [1, 3, 224, 224]);
  let x = 'x';
  const conv = (
    i: number,
    shape: readonly [number, number, number],
    options: { stride?: number; padding: number },
  ): void => {
    x = net.relu(`relu${i}`, net.conv(`conv${i}`, x, shape, options));
  };
  conv(1, [3, 64, 11], { stride: 4, padding: 2 });
  x = net.maxPool('pool1', x, 3, 2);
  conv(2, [64, 192, 5], { padding: 2 });
  x = net.maxPool('pool2', x, 3, 2);
  conv(3, [192, 384, 3], { padding: 1 });
  conv(4, [384, 256, 3], { padding: 1 });
  conv(5, [256, 256, 3], { padding: 1 });
  x = net.flatten('flatten', net.maxPool('pool5', x, 3, 2));
  x = net.relu('relu6', net.linear('fc6', x, 9216, 4096));
  x = net.relu('relu7', net.linear('fc7', x, 4096, 4096));
  return net.model(net.linear('fc8', x, 4096, 1000));
}

/** ResNet152 (He et al., arXiv:1512.03385), the stride of a stage in its 3 × 3 convolution (v1.5, as torchvision has it). */
export function resnet152(): Model {
  const net = new Net('resnet152', [1, 3, 224, 224]);
  const normed = (name: string, x: string, shape: readonly [number, number, number], stride: number): string => {
    const y = net.conv(name, x, shape, { stride, padding: shape[2] >> 1, bias: false });
    return net.batchNorm(`${name}.bn`, y, shape[1]);
  };
  let x = net.maxPool('pool1', net.relu('relu1', normed('conv1', 'x', [3, 64, 7], 2)), 3, 2, 1);
  let channels = 64;
  [3, 8, 36, 3].forEach((count, stage) => {
    const width = 64 << stage;
    for (let i = 0; i < count; i++) {
      const name = `layer${stage + 1}.${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const shortcut = i === 0 ? normed(`${name}.shortcut`, x, [channels, 4 * width, 1], stride) : x;
      let y = net.relu(`${name}.relu1`, normed(`${name}.conv1`, x, [channels, width, 1], 1));
      y = net.relu(`${name}.relu2`, normed(`${name}.conv2`, y, [width, width, 3], stride));
      y = normed(`${name}.conv3`, y, [width, 4 * width, 1], 1);
      x = net.relu(`${name}.relu3`, net.add(`${name}.add`, y, shortcut));
      channels = 4 * width;
    }
  });
  return net.model(net.linear('fc', net.flatten('flatten', net.globalAvgPool('pool', x)), 2048, 1000));
}

/** MobileNetV1 (Howard et al., arXiv:1704.04861, table 1). */
export function mobilenetV1(): Model {
  const net = new Net('mobilenetv1', [1, 3, 224, 224]);
  const layer = (
    name: string,
    x: string,
    shape: readonly [number, number, number],
    stride: number,
    groups: number,
  ): string => {
    const y = net.conv(name, x, shape, { stride, padding: shape[2] >> 1, groups, bias: false });
    return net.relu(`${name}.relu`, net.batchNorm(`${name}.bn`, y, shape[1]));
  };
  let x = layer('conv1', 'x', [3, 32, 3], 2, 1);
  let channels = 32;
  const blocks = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...new Array<[number, number]>(5).fill([512, 1]),
    [1024, 2],
    [1024, 1],
  ];
  for (const [i, [filters, stride]] of (blocks as [number, number][]).entries()) {
    x = layer(`depthwise${i + 1}`, x, [channels, channels, 3], stride, channels);
    x = layer(`pointwise${i + 1}`, x, [channels, filters, 1], 1, 1);
    channels = filters;
  }
  return net.model(net.linear('fc', net.flatten('flatten', net.globalAvgPool('pool', x)), 1024, 1000));
}
