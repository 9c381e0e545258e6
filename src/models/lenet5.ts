/**
 * LeNet-5 (LeCun, Bottou, Bengio and Haffner, Gradient-Based Learning Applied to Document Recognition, 1998) over digits of 28 × 28: as it
 * is written today (61706 parameters), and as the paper has it (60000).
 */
import {
  add,
  avgPool,
  concat,
  conv,
  type Generator,
  mul,
  nn,
  square,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  tensor,
  Variable,
} from '#tensor';
import { BITMAPS } from './lenet5Codes.ts';

export interface LeNet5Options {
  /** `relu` with maximum pooling, or `tanh` with average pooling. */
  readonly variant?: 'relu' | 'tanh';
  readonly classes?: number;
  readonly generator?: Generator;
}

/** Two convolutions with pooling and three fully connected layers; logits of ten classes. */
export function lenet5({ variant = 'relu', classes = 10, generator }: LeNet5Options = {}): nn.Sequential {
  const own = generator === undefined ? {} : { generator };
  const activation = nn[variant];
  const pool = (): nn.Module => (variant === 'relu' ? nn.maxPool(2) : nn.avgPool(2));
  return new nn.Sequential({
    c1: new nn.Conv(1, 6, 5, { padding: 2, ...own }),
    a1: activation(),
    s2: pool(),
    c3: new nn.Conv(6, 16, 5, own),
    a3: activation(),
    s4: pool(),
    flatten: nn.flatten(),
    c5: new nn.Linear(400, 120, own),
    a5: activation(),
    f6: new nn.Linear(120, 84, own),
    a6: activation(),
    output: new nn.Linear(84, classes, own),
  });
}

/** Which maps of S2 each map of C3 sees: table I of the paper. */
const C3_TABLE: readonly (readonly number[])[] = [
  ...[0, 1, 2, 3, 4, 5].map((i) => [i, i + 1, i + 2]),
  ...[0, 1, 2, 3, 4, 5].map((i) => [i, i + 1, i + 2, i + 3]),
  ...[0, 1, 2].map((i) => [i, i + 1, i + 3, i + 4]),
  [0, 1, 2, 3, 4, 5],
].map((maps) => maps.map((m) => m % 6).sort((a, b) => a - b));

/** A·tanh(S·x), A = 1.7159, S = 2/3: the paper's appendix A. */
const squash = (x: Tensor): Tensor => mul(tanh(mul(x, 2 / 3)), 1.7159);

/** Sums of 2 × 2 times a coefficient of the map, plus a bias, squashed. */
class Subsampling extends nn.Module {
  readonly weight: Variable;
  readonly bias: Variable;

  constructor(maps: number) {
    super();
    // With a quarter the sum begins as the mean.
    this.weight = new Variable(nn.init.constantData([maps, 1, 1], 0.25), { name: 'weight' });
    this.bias = new Variable(nn.init.constantData([maps, 1, 1], 0), { name: 'bias' });
  }

  override forward(x: Tensor): Tensor {
    return squash(add(mul(avgPool(x, 2), mul(this.weight, 4)), this.bias));
  }
}

/** C3: maps with as many inputs are one convolution of groups. */
class ConnectedConv extends nn.Module {
  readonly weight3: Variable;
  readonly weight4: Variable;
  readonly weight6: Variable;
  readonly bias: Variable;

  constructor(generator: Generator | undefined) {
    super();
    const of = (inputs: number): Variable => {
      const maps = C3_TABLE.filter((seen) => seen.length === inputs).length;
      return new Variable(nn.init.kaimingData([maps, inputs, 5, 5], inputs * 25, generator), {
        name: `weight${inputs}`,
      });
    };
    this.weight3 = of(3);
    this.weight4 = of(4);
    this.weight6 = of(6);
    this.bias = new Variable(nn.init.constantData([16, 1, 1], 0), { name: 'bias' });
  }

  override forward(x: Tensor): Tensor {
    const parts = [this.weight3, this.weight4, this.weight6].map((weight) => {
      const [groups, inputs] = weight.shape as [number, number];
      const seen = C3_TABLE.filter((maps) => maps.length === inputs).flat();
      const picked = groups === 1 ? x : take(x, tensor(seen, { dtype: 'i64' }), 1);
      return conv(picked, weight, undefined, { groups });
    });
    return add(concat(parts, 1), this.bias);
  }
}

/** The distance of F6 to the code of each class: Σ(x − w)². The class is that of the least. */
class RadialBasis extends nn.Module {
  readonly codes: Variable;

  constructor() {
    super();
    const flat = BITMAPS.flatMap((rows) => [...rows.join('')].map((c) => (c === '#' ? 1 : -1)));
    const made = tensor(flat, { shape: [10, 84] });
    this.codes = new Variable(made.known!, { name: 'codes', trainable: false });
  }

  override forward(x: Tensor): Tensor {
    return sum(square(sub(x.unsqueeze(1), this.codes)), 2);
  }
}

/** The network of the paper: trainable subsampling, the table of connections, distances to fixed codes as results. */
export function lenet5Original({ generator }: Pick<LeNet5Options, 'generator'> = {}): nn.Sequential {
  const own = generator === undefined ? {} : { generator };
  const squashed = (): nn.Module => new nn.Lambda(squash);
  return new nn.Sequential({
    c1: new nn.Conv(1, 6, 5, { padding: 2, ...own }),
    a1: squashed(),
    s2: new Subsampling(6),
    c3: new ConnectedConv(generator),
    a3: squashed(),
    s4: new Subsampling(16),
    c5: new nn.Conv(16, 120, 5, own),
    a5: squashed(),
    flatten: nn.flatten(),
    f6: new nn.Linear(120, 84, own),
    a6: squashed(),
    output: new RadialBasis(),
  });
}
