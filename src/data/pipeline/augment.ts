/**
 * Random changes to training pictures, those of Keras' ImageDataGenerator and random crops. Every function gets its
 * random numbers from the caller, so the same seed changes the same pictures alike.
 */
import { diagnostic, type Random } from '#base';
import { expectSize, type FloatImage, mapValues, roomLike } from './floatImage.ts';
import { composeAffine, type Fill, IDENTITY, rotation, scaling, shear, translation, warp } from './warp.ts';

export interface Augmentation {
  /** Largest turn either way, in degrees. */
  readonly rotation?: number;
  /** Largest shift either way, as a part of the width, and of the height. */
  readonly shiftX?: number;
  readonly shiftY?: number;
  /** Largest shear either way, in degrees. */
  readonly shear?: number;
  /** Least and largest zoom, of each axis for itself; above 1 the picture grows. */
  readonly zoom?: readonly [least: number, most: number];
  /** What stands beyond the edges; `nearest` by default. */
  readonly fill?: Fill;
  /** Pixels put around the picture, out of which one of the old size is cut; filled with 0. */
  readonly cropPadding?: number;
  /** Every other picture, on average, is mirrored: left and right, up and down. */
  readonly flipX?: boolean;
  readonly flipY?: boolean;
  /** Least and largest factor. */
  readonly brightness?: readonly [least: number, most: number];
  /** Largest number that is added to a channel, or taken from it, each for itself. */
  readonly channelShift?: number;
  /** Between which numbers brightness and channel shift must stay; 0 to 255 by default. */
  readonly range?: readonly [least: number, most: number];
}

const badOption = diagnostic<{ name: string; found: string; expected: { en: string; zh: string } }>(
  'SYS-DAT-077',
  'usage',
  {
    en: (p) => `augmentation '${p.name}' is ${p.found}; expected ${p.expected.en}`,
    zh: (p) => `数据增强选项 '${p.name}' 为 ${p.found}；应为${p.expected.zh}`,
  },
);

const NOT_NEGATIVE = { en: 'a number of at least 0', zh: '非负数' };
const POSITIVE_PAIR = { en: 'two numbers above 0, the smaller first', zh: '两个正数，小者在前' };

function check(options: Augmentation): void {
  for (const name of ['rotation', 'shiftX', 'shiftY', 'shear', 'cropPadding', 'channelShift'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isFinite(value) && value >= 0)) continue;
    throw badOption({ name, found: String(value), expected: NOT_NEGATIVE });
  }
  if (options.cropPadding !== undefined && !Number.isInteger(options.cropPadding)) {
    throw badOption({
      name: 'cropPadding',
      found: String(options.cropPadding),
      expected: { en: 'a whole number', zh: '整数' },
    });
  }
  for (const name of ['zoom', 'brightness'] as const) {
    const value = options[name];
    if (value === undefined || (value[0] > 0 && value[1] >= value[0] && Number.isFinite(value[1]))) continue;
    throw badOption({ name, found: `[${value}]`, expected: POSITIVE_PAIR });
  }
}

/**
 * A function that changes a picture at random: turned, shifted, sheared and zoomed in one sampling, then cropped,
 * mirrored, made brighter or darker, its channels shifted. What is not asked for is not done.
 * @throws SYS-DAT-077 an option that makes no sense
 */
export function augmenter(options: Augmentation): (image: FloatImage, random: Random) => FloatImage {
  check(options);
  const { fill = 'nearest', range = [0, 255] } = options;
  const clamp = (value: number): number => Math.min(range[1], Math.max(range[0], value));
  return (image, random) => {
    const either = (most: number): number => most * (2 * random.uniform() - 1);
    const between = ([least, most]: readonly [number, number]): number => least + (most - least) * random.uniform();
    let map = IDENTITY;
    if (options.zoom) map = composeAffine(scaling(between(options.zoom), between(options.zoom)), map);
    if (options.shear) map = composeAffine(shear(either(options.shear)), map);
    if (options.rotation) map = composeAffine(rotation(either(options.rotation)), map);
    const shift = [either(options.shiftX ?? 0) * image.width, either(options.shiftY ?? 0) * image.height] as const;
    if (options.shiftX || options.shiftY) map = composeAffine(map, translation(...shift));
    let out = map === IDENTITY ? image : warp(image, map, fill);
    if (options.cropPadding) out = randomCrop(out, options.cropPadding, random);
    if (options.flipX && random.bits() & 1) out = flip(out, 'x');
    if (options.flipY && random.bits() & 1) out = flip(out, 'y');
    if (options.brightness) {
      const factor = between(options.brightness);
      out = mapValues(out, (value) => clamp(value * factor));
    }
    if (options.channelShift) {
      const shifts = Array.from({ length: out.channels }, () => either(options.channelShift!));
      out = mapValues(out, (value, c) => clamp(value + shifts[c]!));
    }
    return out;
  };
}

/** Mirrored: `x` left and right, `y` up and down. */
export function flip(image: FloatImage, axis: 'x' | 'y'): FloatImage {
  const { width, height, channels } = image;
  const values = roomLike(image.values, image.values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = axis === 'x' ? y * width + width - 1 - x : (height - 1 - y) * width + x;
      for (let c = 0; c < channels; c++) values[(y * width + x) * channels + c] = image.values[from * channels + c]!;
    }
  }
  return { ...image, values };
}

/**
 * A window of the picture's own size out of the picture with `padding` zeros around it, as CIFAR-10's are augmented
 * (K. He et al., arXiv:1512.03385, section 4.2: padding 4).
 */
export function randomCrop(image: FloatImage, padding: number, random: Random): FloatImage {
  const [dx, dy] = [random.integer(-padding, padding), random.integer(-padding, padding)];
  const { width, height, channels } = image;
  expectSize('randomCrop', width, height);
  const values = roomLike(image.values, image.values.length);
  for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
    for (let x = Math.max(0, -dx); x < Math.min(width, width - dx); x++) {
      for (let c = 0; c < channels; c++) {
        values[(y * width + x) * channels + c] = image.values[((y + dy) * width + x + dx) * channels + c]!;
      }
    }
  }
  return { ...image, values };
}
