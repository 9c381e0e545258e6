/**
 * DCGAN (Radford, Metz and Chintala, Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks, 2016):
 * a generator of pictures by transposed convolutions, and a discriminator by convolutions. Layers and names are those of PyTorch's
 * example, without its last sigmoid: the discriminator gives logits.
 */
import { type Generator, nn } from '#tensor';

export interface DcganOptions {
  /** Height and width of the pictures: a power of two from 16. */
  readonly image?: number;
  readonly channels?: number;
  /** Numbers that a picture is made of. */
  readonly latent?: number;
  /** Maps at the widest resolution; twice as many at each half of it. */
  readonly features?: number;
  readonly generator?: Generator;
}

/** Resolutions between 4 × 4 and the picture. */
const stagesOf = (image: number): number => Math.log2(image) - 3;

/** Weights normal with deviation 0.02, those of normalisation around 1. */
function drawn(network: nn.Sequential, generator: Generator | undefined): nn.Sequential {
  for (const layer of Object.values((network as unknown as { main: nn.Sequential }).main)) {
    if (layer instanceof nn.Conv || layer instanceof nn.ConvTranspose) {
      layer.weight.set(nn.init.normalData(layer.weight.shape, 0.02, generator));
    } else if (layer instanceof nn.BatchNorm) {
      layer.weight.set(nn.init.normalData(layer.weight.shape, 0.02, generator, 1));
    }
  }
  return network;
}

/** [batch, latent, 1, 1] to pictures [batch, channels, image, image] of values in −1 … 1. */
export function dcganGenerator(options: DcganOptions = {}): nn.Sequential {
  const { image = 64, channels = 3, latent = 100, features = 64, generator } = options;
  const stages = stagesOf(image);
  const build = (): nn.Sequential => {
    const up = (from: number, to: number): nn.Module =>
      new nn.ConvTranspose(from, to, 4, { stride: 2, padding: 1, bias: false });
    const width = (stage: number): number => features * 2 ** stage;
    const middle = Array.from({ length: stages }, (_, i) => {
      const stage = stages - 1 - i;
      return [up(width(stage + 1), width(stage)), new nn.BatchNorm(width(stage)), nn.relu()];
    });
    const widest = width(stages);
    const first = [new nn.ConvTranspose(latent, widest, 4, { bias: false }), new nn.BatchNorm(widest), nn.relu()];
    return new nn.Sequential({
      main: new nn.Sequential(...first, ...middle.flat(), up(features, channels), nn.tanh()),
    });
  };
  return drawn(nn.init.skipInit(build), generator);
}

/** Pictures to one logit each [batch]: above 0 where they look real. */
export function dcganDiscriminator(options: Omit<DcganOptions, 'latent'> = {}): nn.Sequential {
  const { image = 64, channels = 3, features = 64, generator } = options;
  const stages = stagesOf(image);
  const build = (): nn.Sequential => {
    const down = (from: number, to: number): nn.Module =>
      new nn.Conv(from, to, 4, { stride: 2, padding: 1, bias: false });
    const middle = Array.from({ length: stages }, (_, i) => {
      const width = features * 2 ** (i + 1);
      return [down(width / 2, width), new nn.BatchNorm(width), nn.leakyRelu(0.2)];
    });
    const first = [down(channels, features), nn.leakyRelu(0.2)];
    const last = new nn.Conv(features * 2 ** stages, 1, 4, { bias: false });
    return new nn.Sequential({
      main: new nn.Sequential(...first, ...middle.flat(), last),
      flatten: new nn.Lambda((x) => x.reshape([-1])),
    });
  };
  return drawn(nn.init.skipInit(build), generator);
}
