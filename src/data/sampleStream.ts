/** Samples that are made when their batch comes: sets of pictures that do not fit in memory. */
import type { Random } from '#base';
import type { Batch, OrderOptions } from './batches.ts';
import { fingerprintOf } from './fingerprint.ts';
import { folderBatches } from './folderBatches.ts';
import type { RgbImage } from './image.ts';
import type { ImageFolder } from './imageFolder.ts';

export interface SampleStream {
  readonly count: number;
  /** Dimensions of one input. */
  readonly inputDims: readonly number[];
  /** As `fingerprint` gives it for samples in memory: here of names and classes. */
  readonly fingerprint: string;
  /** The batches of an epoch, from number `first` on (0 by default). */
  batches(options: OrderOptions & { readonly first?: number }): AsyncIterable<Batch>;
}

/**
 * Pictures with classes as samples: float32 [channels, height, width] inputs, class numbers as int64.
 * @param prepare turns a picture into an input of these dimensions; its random numbers follow from seed, epoch and sample
 */
export function pictureStream(
  pictures: ImageFolder,
  inputDims: readonly number[],
  prepare: (
    image: RgbImage,
    random: Random,
  ) => { readonly dims: readonly number[]; readonly values: ArrayLike<number> },
): SampleStream {
  return {
    count: pictures.files.length,
    inputDims,
    fingerprint: fingerprintOf(
      JSON.stringify([pictures.classes, pictures.files.map(({ path, label }) => [path, label])]),
    ),
    batches: (options) => folderBatches(pictures, options, prepare),
  };
}
