/**
 * Exercise 3.9: style transfer. A fixed network reads the content image, giving features P of one layer, and the style image, giving Gram
 * matrices A of several. Then an image x of noise is changed, and nothing else, so that its features F come near P and its Gram matrices
 * near A: L = α·½·Σ(F − P)² + β·Σ_l w_l·Σ(G_l − A_l)² ÷ (4·N²·M²); the gradient goes through the network down to the pixels.
 * The network here is a small one with random weights: enough to see the method, not to paint.
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { tensorOf } from 'systole/ir';
import {
  add,
  checkGradients,
  compile,
  conv,
  mul,
  optim,
  relu,
  style,
  type Tensor,
  tensor,
  Variable,
} from 'systole/tensor';

const { contentLoss, gram, styleLoss } = style;

type Precision = 'float32' | 'float64';

/** Two convolutions with ReLU; features of both. */
export class SmallNetwork {
  readonly weights: readonly Variable[];

  constructor(seed: number, precision: Precision) {
    const random = new Random(seed);
    const weight = (outputs: number, inputs: number): Variable => {
      const values = Float64Array.from(
        { length: outputs * inputs * 9 },
        () => random.normal() * Math.sqrt(2 / (9 * inputs)),
      );
      return new Variable(tensorOf(precision, [outputs, inputs, 3, 3], values), { trainable: false });
    };
    this.weights = [weight(6, 3), weight(8, 6)];
  }

  features(x: Tensor): readonly [Tensor, Tensor] {
    const [first, second] = this.weights as readonly [Variable, Variable];
    const low = relu(conv(x, first, undefined, { padding: 1 }));
    return [low, relu(conv(low, second, undefined, { padding: 1, stride: 2 }))];
  }
}

/** A picture [1, 3, size, size] by a rule. */
export const picture = (size: number, precision: Precision, of: (x: number, y: number, c: number) => number): Tensor =>
  tensor(
    Float64Array.from({ length: 3 * size * size }, (_, i) =>
      of(i % size, Math.floor(i / size) % size, Math.floor(i / (size * size))),
    ),
    { shape: [1, 3, size, size], dtype: precision === 'float32' ? 'f32' : 'f64' },
  );

/** What is transferred: a disc in the style of stripes. */
export function problem(size: number, precision: Precision) {
  const network = new SmallNetwork(1, precision);
  const middle = (size - 1) / 2;
  const content = picture(size, precision, (x, y) => (Math.hypot(x - middle, y - middle) < size / 3 ? 1 : 0));
  const stripes = picture(size, precision, (x, y, c) => (((x + y) >> 1) % 2 === 0 ? 1 : 0.2 * c));
  const random = new Random(2);
  const noise = Float64Array.from({ length: 3 * size * size }, () => random.uniform());
  const image = new Variable(tensorOf(precision, [1, 3, size, size], noise), { name: 'pixels' });
  const loss = (): Tensor => {
    const [, P] = network.features(content);
    const A = network.features(stripes).map(gram);
    const F = network.features(image);
    const inStyle = F.map((features, l) => styleLoss(features, A[l]!)).reduce((a, b) => add(a, b));
    return add(mul(contentLoss(F[1], P), 1e-2), mul(inStyle, 10));
  };
  return { network, image, loss };
}

/** The losses along the way. */
export async function transfer(steps = 100, size = 16) {
  const { network, image, loss } = problem(size, 'float32');
  const adam = new optim.Adam([image], { rate: 0.05 });
  const bytes = async (): Promise<string> => `${await Promise.all(network.weights.map((w) => w.data()))}`;
  const before = await bytes();
  const step = compile(() => {
    const value = loss();
    adam.minimize(value);
    return value;
  });
  const values: number[] = [];
  for (let i = 0; i <= steps; i++) values.push(await step().item());
  return { values, weightsChanged: (await bytes()) !== before };
}

export const exercise: Exercise = {
  id: '3.9',
  title: { en: 'Style transfer', zh: '简述图像风格迁移应用的基本过程' },
  rows: 5,
  async show({ print }) {
    const { values } = await transfer();
    for (const i of [0, 10, 30, 100]) print(`after ${i} steps: loss ${values[i]!.toFixed(5)}`);
  },
  async check({ equal, close, atMost, holds }) {
    const features = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: 'f64' },
    );
    equal('Gram matrix', await gram(features).toArray(), [
      [14, 32],
      [32, 77],
    ]);
    close(
      'style loss beside a zero Gram matrix',
      await styleLoss(features, mul(gram(features), 0)).item(),
      56.75694444444444,
      1e-12,
    );
    const { image, loss } = problem(6, 'float64');
    atMost('gradient of the pixels against differences, relative', checkGradients(loss, [image])[0]!.error, 1e-5);
    const { values, weightsChanged } = await transfer();
    atMost('loss after 100 steps over the first', values[100]! / values[0]!, 0.2);
    holds('the weights of the network are as before', !weightsChanged);
  },
};
