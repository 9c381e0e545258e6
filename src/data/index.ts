/**
 * Layer `data`: files of samples in and out as plain records (element type, dimensions, little-endian bytes), which fit
 * the graph's tensors as they are. Browser-safe: what touches the platform (image decoder, folders) has two halves
 * (`node.ts`, `browser.ts`), chosen by the package import `#data/platform`.
 */
export { openFolder } from '#data/platform';
export * from './array.ts';
export * from './arrayConfig.ts';
export {
  type Batch,
  type BatchOptions,
  batchCount,
  batches,
  batchOrder,
  type OrderOptions,
  type SampleSet,
  type SampleValues,
  sampleOrder,
} from './batches.ts';
export * from './byteSource.ts';
export * from './cifar.ts';
export * from './digits/drawDigits.ts';
export * from './download.ts';
export { fingerprint, fingerprintOf } from './fingerprint.ts';
export { type DataFolder, type DirectoryHandle, type FolderEntry, memoryFolder } from './folder.ts';
export * from './folderBatches.ts';
export * from './gzip.ts';
export * from './idx.ts';
export * from './image.ts';
export * from './imageFolder.ts';
export * from './imageSamples.ts';
export * from './imageSet.ts';
export * from './mnist.ts';
export type { Named } from './named.ts';
export * from './npy.ts';
export * from './npz.ts';
export * from './pipeline/augment.ts';
export * from './pipeline/crop.ts';
export {
  type FloatImage,
  type Floats,
  floatImage,
  fromPlanes,
  subtractMean,
  swapRedBlue,
  toPlanes,
} from './pipeline/floatImage.ts';
export * from './pipeline/preprocess.ts';
export * from './pipeline/standardise.ts';
export {
  type Affine,
  composeAffine,
  type Fill,
  rotation,
  scaling,
  shear,
  translation,
  warp,
} from './pipeline/warp.ts';
export * from './safetensors.ts';
export * from './sampleStream.ts';
export * from './sequences.ts';
export {
  type EncodedImage,
  type EventContent,
  encodeEvent,
  type LoggedEvent,
  readEvents,
} from './tensorboard/events.ts';
export * from './tensorboard/graph.ts';
export * from './tensorboard/histogram.ts';
export * from './tensorboard/writer.ts';
export * from './tfrecord/crc32c.ts';
export * from './tfrecord/examples.ts';
export * from './tfrecord/records.ts';
export * from './tfrecord/shards.ts';
export * from './topology.ts';
