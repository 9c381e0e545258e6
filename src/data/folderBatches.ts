/** Batches of pictures that lie in a folder: decoded when their batch comes, so that the set may be of any size. */
import type { Random } from '#base';
import { type Batch, batchOrder, type OrderOptions, wrongLength } from './batches.ts';
import type { RgbImage } from './image.ts';
import type { ImageFolder } from './imageFolder.ts';
import { randomOf } from './seeds.ts';

/**
 * The batches of an epoch of pictures that lie in a folder, decoded as they are needed.
 * @param options.first the batches before this one are left out, and not decoded
 * @param prepare turns a picture into the network's input, float32 [channels, height, width], of one size for all; its random
 *   numbers follow from seed, epoch and sample
 * @throws as `batchOrder` and `ImageFolder.read`; SYS-DAT-080 where `prepare` gives pictures of several sizes
 */
export async function* folderBatches(
  folder: ImageFolder,
  options: OrderOptions & { readonly first?: number },
  prepare: (
    image: RgbImage,
    random: Random,
  ) => { readonly dims: readonly number[]; readonly values: ArrayLike<number> },
): AsyncGenerator<Batch> {
  const { seed = 0, epoch = 0, first = 0 } = options;
  let index = 0;
  for (const samples of batchOrder(folder.files.length, options)) {
    if (index < first) {
      index++;
      continue;
    }
    const prepared = [];
    for (const sample of samples) prepared.push(prepare(await folder.read(sample), randomOf(seed, epoch, sample)));
    const { dims, values } = prepared[0]!;
    const inputs = new Float32Array(samples.length * values.length);
    for (const [i, picture] of prepared.entries()) {
      if (picture.values.length !== values.length) {
        throw wrongLength({
          what: 'prepare',
          found: picture.values.length,
          expected: values.length,
          dims: dims.join(', '),
        });
      }
      inputs.set(picture.values, i * values.length);
    }
    yield {
      index: index++,
      count: samples.length,
      samples,
      inputs,
      inputDims: [samples.length, ...dims],
      targets: BigInt64Array.from(samples, (sample) => BigInt(folder.files[sample]!.label)),
      targetDims: [samples.length],
    };
  }
}
