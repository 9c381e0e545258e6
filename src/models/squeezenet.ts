/**
 * SqueezeNet (Iandola et al., AlexNet-level accuracy with 50x fewer parameters, 2016) and its release 1.1, which takes 2.4 times less work.
 * Names and initial values are torchvision's.
 */
import { concat, nn, relu, type Tensor } from '#tensor';
import { dropout, gaussian, initialised, type NetworkOptions } from './options.ts';

/** Few maps by 1 × 1, then many by 1 × 1 and by 3 × 3. */
class Fire extends nn.Module {
  readonly squeeze: nn.Conv;
  readonly expand1x1: nn.Conv;
  readonly expand3x3: nn.Conv;

  constructor(inputs: number, squeeze: number, expand: number) {
    super();
    this.squeeze = new nn.Conv(inputs, squeeze, 1);
    this.expand1x1 = new nn.Conv(squeeze, expand, 1);
    this.expand3x3 = new nn.Conv(squeeze, expand, 3, { padding: 1 });
  }

  override forward(x: Tensor): Tensor {
    const narrow = relu(this.squeeze.forward(x));
    return concat([relu(this.expand1x1.forward(narrow)), relu(this.expand3x3.forward(narrow))], 1);
  }
}

/** Squeezed and expanded maps of the eight Fire modules. */
const FIRES = [
  [16, 64],
  [16, 64],
  [32, 128],
  [32, 128],
  [48, 192],
  [48, 192],
  [64, 256],
  [64, 256],
] as const;

const FORMS = {
  // The first convolution, and the Fire modules before which a pooling stands.
  '1.0': { width: 96, kernel: 7, pools: [0, 3, 7] },
  '1.1': { width: 64, kernel: 3, pools: [0, 2, 4] },
} as const;

function squeezenet(form: keyof typeof FORMS, options: NetworkOptions): nn.Sequential {
  const { classes = 1000 } = options;
  const { width, kernel, pools } = FORMS[form];
  const isLast = (conv: readonly number[]): boolean => conv[0] === classes && conv[1] === 512;
  const build = (): nn.Sequential => {
    let inputs: number = width;
    const features: nn.Module[] = [new nn.Conv(3, width, kernel, { stride: 2 }), nn.relu()];
    FIRES.forEach(([squeeze, expand], i) => {
      if ((pools as readonly number[]).includes(i)) features.push(nn.maxPool(3, { stride: 2, ceil: true }));
      features.push(new Fire(inputs, squeeze, expand));
      inputs = 2 * expand;
    });
    return new nn.Sequential({
      features: new nn.Sequential(...features),
      classifier: new nn.Sequential(dropout(options), new nn.Conv(inputs, classes, 1), nn.relu(), nn.globalAvgPool()),
      flatten: nn.flatten(),
    });
  };
  // He's variance as a uniform distribution, but the classifier normal.
  return initialised(build, options, {
    conv: (shape, generator) => {
      if (isLast(shape)) return gaussian(0.01)(shape, generator);
      const fan = shape.slice(1).reduce((a, b) => a * b, 1);
      return nn.init.uniformData(shape, Math.sqrt(6 / fan), generator);
    },
    convBias: 0,
  });
}

export const squeezeNet10 = (options: NetworkOptions = {}): nn.Sequential => squeezenet('1.0', options);
export const squeezeNet11 = (options: NetworkOptions = {}): nn.Sequential => squeezenet('1.1', options);
