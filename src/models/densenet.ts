/**
 * DenseNet (Huang, Liu, van der Maaten and Weinberger, Densely Connected Convolutional Networks, 2017): every layer of a block sees the maps
 * of all before it. Names and initial values are torchvision's.
 */
import { concat, nn, relu, type Tensor } from '#tensor';
import { heFanIn, initialised, type NetworkOptions } from './options.ts';

/** New maps of a layer, and how many times as many its 1 × 1 convolution makes. */
const [GROWTH, WIDENING] = [32, 4];
const BLOCKS_121: readonly number[] = [6, 12, 24, 16];

class DenseLayer extends nn.Module {
  readonly norm1: nn.BatchNorm;
  readonly conv1: nn.Conv;
  readonly norm2: nn.BatchNorm;
  readonly conv2: nn.Conv;

  constructor(inputs: number) {
    super();
    this.norm1 = new nn.BatchNorm(inputs);
    this.conv1 = new nn.Conv(inputs, WIDENING * GROWTH, 1, { bias: false });
    this.norm2 = new nn.BatchNorm(WIDENING * GROWTH);
    this.conv2 = new nn.Conv(WIDENING * GROWTH, GROWTH, 3, { padding: 1, bias: false });
  }

  /** The maps before and the new ones. */
  override forward(x: Tensor): Tensor {
    const narrow = this.conv1.forward(relu(this.norm1.forward(x)));
    return concat([x, this.conv2.forward(relu(this.norm2.forward(narrow)))], 1);
  }
}

const transition = (inputs: number): nn.Sequential =>
  new nn.Sequential({
    norm: new nn.BatchNorm(inputs),
    relu: nn.relu(),
    conv: new nn.Conv(inputs, inputs / 2, 1, { bias: false }),
    pool: nn.avgPool(2),
  });

export function densenet121(options: NetworkOptions = {}): nn.Sequential {
  const { classes = 1000 } = options;
  const build = (): nn.Sequential => {
    let maps = 64;
    const features: [string, nn.Module][] = [
      ['conv0', new nn.Conv(3, maps, 7, { stride: 2, padding: 3, bias: false })],
      ['norm0', new nn.BatchNorm(maps)],
      ['relu0', nn.relu()],
      ['pool0', nn.maxPool(3, { stride: 2, padding: 1 })],
    ];
    BLOCKS_121.forEach((count, block) => {
      const layers = Array.from({ length: count }, (_, i) => [`denselayer${i + 1}`, new DenseLayer(maps + i * GROWTH)]);
      features.push([`denseblock${block + 1}`, new nn.Sequential(Object.fromEntries(layers))]);
      maps += count * GROWTH;
      if (block === BLOCKS_121.length - 1) return;
      features.push([`transition${block + 1}`, transition(maps)]);
      maps /= 2;
    });
    features.push(['norm5', new nn.BatchNorm(maps)]);
    return new nn.Sequential({
      features: new nn.Sequential(Object.fromEntries(features)),
      relu: nn.relu(),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: new nn.Linear(maps, classes),
    });
  };
  return initialised(build, options, { conv: heFanIn, linearBias: 0 });
}
