/**
 * MobileNetV2 (Sandler et al., Inverted Residuals and Linear Bottlenecks, 2018): thin maps between blocks, wide ones within, depthwise
 * convolutions there. Names and initial values are torchvision's.
 */
import { add, nn, type Tensor } from '#tensor';
import { gaussian, heFanOut, initialised, type NetworkOptions } from './options.ts';

export interface MobileNetOptions extends NetworkOptions {
  /** Factor on the widths of all layers. */
  readonly width?: number;
}

/** Table 2 of the paper: expansion, width, repetitions, first stride. */
const BLOCKS = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** To a multiple of 8, but never below nine tenths of the value. */
function rounded(value: number): number {
  const near = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return near < 0.9 * value ? near + 8 : near;
}

const convBnRelu = (inputs: number, outputs: number, kernel: number, stride = 1, groups = 1): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, groups, bias: false }),
    new nn.BatchNorm(outputs),
    nn.relu6(),
  );

class InvertedResidual extends nn.Module {
  readonly conv: nn.Sequential;
  readonly #isResidual: boolean;

  constructor(inputs: number, outputs: number, stride: number, expansion: number) {
    super();
    const hidden = inputs * expansion;
    this.conv = new nn.Sequential(
      ...(expansion === 1 ? [] : [convBnRelu(inputs, hidden, 1)]),
      convBnRelu(hidden, hidden, 3, stride, hidden),
      new nn.Conv(hidden, outputs, 1, { bias: false }),
      new nn.BatchNorm(outputs),
    );
    this.#isResidual = stride === 1 && inputs === outputs;
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x);
    return this.#isResidual ? add(x, y) : y;
  }
}

export function mobileNetV2(options: MobileNetOptions = {}): nn.Sequential {
  const { classes = 1000, width = 1 } = options;
  const build = (): nn.Sequential => {
    let inputs = rounded(32 * width);
    const features: nn.Module[] = [convBnRelu(3, inputs, 3, 2)];
    for (const [expansion, channels, count, stride] of BLOCKS) {
      const outputs = rounded(channels * width);
      for (let i = 0; i < count; i++) {
        features.push(new InvertedResidual(inputs, outputs, i === 0 ? stride : 1, expansion));
        inputs = outputs;
      }
    }
    const last = rounded(1280 * Math.max(1, width));
    return new nn.Sequential({
      features: new nn.Sequential(...features, convBnRelu(inputs, last, 1)),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: new nn.Sequential(new nn.Dropout(0.2), new nn.Linear(last, classes)),
    });
  };
  return initialised(build, options, { conv: heFanOut, linear: gaussian(0.01), linearBias: 0 });
}
