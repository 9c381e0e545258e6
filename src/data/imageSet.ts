/** Small pictures with labels, all in memory: what MNIST, CIFAR-10 and the drawn digits are. */
import { diagnostic } from '#base';

export interface ImageSet {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [count, channels, height, width] levels, 0 to 255. */
  readonly pixels: Uint8Array;
  /** [count] indices into `classes`. */
  readonly labels: Uint8Array;
  readonly classes: readonly string[];
}

const wrongHoldOut = diagnostic<{ found: number; count: number }>('SYS-DAT-064', 'usage', {
  en: (p) => `${p.found} images cannot be held out of ${p.count}; expected a whole number from 0 to ${p.count - 1}`,
  zh: (p) => `无法从 ${p.count} 张图像中留出 ${p.found} 张；应为 0 至 ${p.count - 1} 的整数`,
});

/** Images `from` to `to` (not included): views of the set. */
export function sliceImages(set: ImageSet, from: number, to: number): ImageSet {
  const size = set.channels * set.height * set.width;
  return {
    ...set,
    count: to - from,
    pixels: set.pixels.subarray(from * size, to * size),
    labels: set.labels.subarray(from, to),
  };
}

/**
 * The set without its last `count` images, and these: how a validation set is taken from a training set that is in
 * random order already, as MNIST's and CIFAR-10's are.
 * @throws SYS-DAT-064 nothing would be left
 */
export function holdOut(set: ImageSet, count: number): { readonly train: ImageSet; readonly heldOut: ImageSet } {
  if (!(Number.isInteger(count) && count >= 0 && count < set.count)) {
    throw wrongHoldOut({ found: count, count: set.count });
  }
  const at = set.count - count;
  return { train: sliceImages(set, 0, at), heldOut: sliceImages(set, at, set.count) };
}

/** Sets of the same form behind one another. */
export function joinImages(sets: readonly [ImageSet, ...ImageSet[]]): ImageSet {
  const count = sets.reduce((sum, set) => sum + set.count, 0);
  const [first] = sets;
  const pixels = new Uint8Array(count * first.channels * first.height * first.width);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const set of sets) {
    pixels.set(set.pixels, (at * pixels.length) / count);
    labels.set(set.labels, at);
    at += set.count;
  }
  return { ...first, count, pixels, labels };
}
