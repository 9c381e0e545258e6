/**
 * ResNet (He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, 2016). By default torchvision's "v1.5", whose bottlenecks
 * stride in the 3 × 3 convolution; the paper's strides in the first 1 × 1. Names and initial values are torchvision's.
 */
import { add, nn, relu, type Tensor } from '#tensor';
import { heFanOut, initialised, type NetworkOptions } from './options.ts';

/** Blocks of each of the four stages, and whether they are bottlenecks. */
const STAGES = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
  152: { blocks: [3, 8, 36, 3], bottleneck: true },
} as const;

export interface ResNetOptions extends NetworkOptions {
  /** Whether bottlenecks stride in their first convolution, as in the paper. */
  readonly strideFirst?: boolean;
}

const conv = (inputs: number, outputs: number, kernel: number, stride = 1): nn.Conv =>
  new nn.Conv(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, bias: false });

/** Where the sizes of input and output differ, what brings the one to the other. */
const shortcut = (inputs: number, outputs: number, stride: number): nn.Sequential | undefined =>
  stride === 1 && inputs === outputs
    ? undefined
    : new nn.Sequential(conv(inputs, outputs, 1, stride), new nn.BatchNorm(outputs));

class BasicBlock extends nn.Module {
  readonly conv1: nn.Conv;
  readonly bn1: nn.BatchNorm;
  readonly conv2: nn.Conv;
  readonly bn2: nn.BatchNorm;
  readonly downsample: nn.Sequential | undefined;

  constructor(inputs: number, width: number, stride: number) {
    super();
    this.conv1 = conv(inputs, width, 3, stride);
    this.bn1 = new nn.BatchNorm(width);
    this.conv2 = conv(width, width, 3);
    this.bn2 = new nn.BatchNorm(width);
    this.downsample = shortcut(inputs, width, stride);
  }

  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    return relu(add(this.bn2.forward(this.conv2.forward(y)), this.downsample?.forward(x) ?? x));
  }
}

const EXPANSION = 4;

class Bottleneck extends nn.Module {
  readonly conv1: nn.Conv;
  readonly bn1: nn.BatchNorm;
  readonly conv2: nn.Conv;
  readonly bn2: nn.BatchNorm;
  readonly conv3: nn.Conv;
  readonly bn3: nn.BatchNorm;
  readonly downsample: nn.Sequential | undefined;

  constructor(inputs: number, width: number, stride: number, strideFirst: boolean) {
    super();
    this.conv1 = conv(inputs, width, 1, strideFirst ? stride : 1);
    this.bn1 = new nn.BatchNorm(width);
    this.conv2 = conv(width, width, 3, strideFirst ? 1 : stride);
    this.bn2 = new nn.BatchNorm(width);
    this.conv3 = conv(width, EXPANSION * width, 1);
    this.bn3 = new nn.BatchNorm(EXPANSION * width);
    this.downsample = shortcut(inputs, EXPANSION * width, stride);
  }

  override forward(x: Tensor): Tensor {
    const narrow = relu(this.bn1.forward(this.conv1.forward(x)));
    const y = relu(this.bn2.forward(this.conv2.forward(narrow)));
    return relu(add(this.bn3.forward(this.conv3.forward(y)), this.downsample?.forward(x) ?? x));
  }
}

function resnet(depth: keyof typeof STAGES, options: ResNetOptions): nn.Sequential {
  const { classes = 1000, strideFirst = false } = options;
  const { blocks, bottleneck } = STAGES[depth];
  const build = (): nn.Sequential => {
    let inputs = 64;
    const stages = blocks.map((count, stage) => {
      const width = 64 * 2 ** stage;
      const made = Array.from({ length: count }, (_, i) => {
        const stride = i === 0 && stage > 0 ? 2 : 1;
        const block = bottleneck
          ? new Bottleneck(inputs, width, stride, strideFirst)
          : new BasicBlock(inputs, width, stride);
        inputs = bottleneck ? EXPANSION * width : width;
        return block;
      });
      return [`layer${stage + 1}`, new nn.Sequential(...made)] as const;
    });
    return new nn.Sequential({
      conv1: new nn.Conv(3, 64, 7, { stride: 2, padding: 3, bias: false }),
      bn1: new nn.BatchNorm(64),
      relu: nn.relu(),
      maxpool: nn.maxPool(3, { stride: 2, padding: 1 }),
      ...Object.fromEntries(stages),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: new nn.Linear(inputs, classes),
    });
  };
  return initialised(build, options, { conv: heFanOut });
}

export const resnet18 = (options: ResNetOptions = {}): nn.Sequential => resnet(18, options);
export const resnet34 = (options: ResNetOptions = {}): nn.Sequential => resnet(34, options);
export const resnet50 = (options: ResNetOptions = {}): nn.Sequential => resnet(50, options);
export const resnet101 = (options: ResNetOptions = {}): nn.Sequential => resnet(101, options);
export const resnet152 = (options: ResNetOptions = {}): nn.Sequential => resnet(152, options);
