/**
 * A generative adversarial network on digits: the generator makes pictures of noise, the discriminator tells them from real ones, and each
 * learns against the other. Losses are the non-saturating ones (Goodfellow et al. 2014, section 3), networks and settings DCGAN's (Radford
 * et al. 2016) at 32 × 32; digits get a margin of two pixels.
 */
import { dcganDiscriminator, dcganGenerator } from '#models';
import {
  add,
  at,
  detach,
  mean,
  mul,
  neg,
  nn,
  optim,
  pad,
  random,
  sigmoid,
  softplus,
  square,
  std,
  sub,
  type Tensor,
  Variable,
} from '#tensor';
import type { Metrics, Task } from './task.ts';

const IMAGE = 32;
const DIGIT = 28;
const MARGIN = (IMAGE - DIGIT) / 2;
const LATENT = 64;
const FEATURES = 16;
/** Noise that is drawn once, so that pictures of one epoch after another can be compared: for so many of them. */
const FIXED = 500;

const withMargin = (x: Tensor): Tensor =>
  pad(
    x,
    [
      [0, 0],
      [0, 0],
      [MARGIN, MARGIN],
      [MARGIN, MARGIN],
    ],
    'constant',
    -1,
  );

const withoutMargin = (x: Tensor): Tensor => at(x, '...', [MARGIN, MARGIN + DIGIT], [MARGIN, MARGIN + DIGIT]);

/**
 * How far the pictures are from real ones in mean and deviation of their pixels: the Fréchet distance of two normal distributions with
 * independent pixels (Dowson and Landau 1982), for each pixel. Falls as the generator learns, which neither loss does.
 */
function distance(a: Tensor, b: Tensor): Tensor {
  const apart = (of: (x: Tensor) => Tensor): Tensor => mean(square(sub(of(a), of(b))));
  return add(
    apart((x) => mean(x, 0)),
    apart((x) => std(x, 0)),
  );
}

export const gan: Task = {
  name: 'gan',
  summary: {
    en: 'a generator of digits against a discriminator (DCGAN)',
    zh: '数字生成器与判别器的对抗训练（DCGAN）',
  },
  defaults: { epochs: 5, batch: 64, rate: 2e-4 },
  best: 'distance',
  data: 'digits',
  prepare: { dims: [1, DIGIT, DIGIT], mean: 0.5, std: 0.5 },
  build({ generator, hyperparameters: { rate } }) {
    const options = { image: IMAGE, channels: 1, features: FEATURES, generator };
    const maker = dcganGenerator({ ...options, latent: LATENT });
    const judge = dcganDiscriminator(options);
    const fixed = new Variable(nn.init.normalData([FIXED, LATENT, 1, 1], 1, generator), {
      name: 'noise',
      trainable: false,
    });
    const adam = (module: nn.Module): optim.Optimizer =>
      new optim.Adam(module.parameters(), { rate, betas: [0.5, 0.999] });
    const optimizers = { generator: adam(maker), discriminator: adam(judge) };
    const ofFixed = (count: number): Tensor => maker.forward(at(fixed, [0, count]));
    // The probability of 'real' is a sigmoid of the logit: −log D = softplus(−logit), −log(1 − D) = softplus(logit).
    const missed = (real: Tensor, made: Tensor): Tensor => add(mean(softplus(neg(real))), mean(softplus(made)));
    const seen = (made: Tensor): Tensor => mean(softplus(neg(made)));
    const metrics = (discriminator: Tensor, generator: Tensor, real: Tensor, made: Tensor): Metrics => ({
      loss: add(discriminator, generator),
      discriminator,
      generator,
      real: mean(sigmoid(real)),
      made: mean(sigmoid(made)),
    });
    return {
      network: maker,
      input: [LATENT, 1, 1],
      modules: { generator: maker, discriminator: judge },
      optimizers,
      step(digits) {
        const noise = random.normal([digits.shape[0]!, LATENT, 1, 1], { generator });
        const pictures = maker.forward(noise);
        // Real and made ones go in batches of their own, each with its own statistics.
        const [real, made] = [judge.forward(withMargin(digits)), judge.forward(detach(pictures))];
        const discriminator = missed(real, made);
        optimizers.discriminator.minimize(discriminator);
        const again = seen(judge.forward(pictures));
        optimizers.generator.minimize(again);
        return metrics(discriminator, again, real, made);
      },
      evaluate(digits) {
        const pictures = ofFixed(digits.shape[0]!);
        const [real, made] = [judge.forward(withMargin(digits)), judge.forward(pictures)];
        return {
          ...metrics(missed(real, made), seen(made), real, made),
          distance: distance(withoutMargin(pictures), digits),
        };
      },
      samples: (count) => mul(add(withoutMargin(ofFixed(count)), 1), 0.5),
    };
  },
};
