/**
 * Layer `data`: files of samples in and out as plain records (element type, dimensions, little-endian bytes), which fit
 * the graph's tensors as they are. Browser-safe: the image decoder's platform half (`node.ts`, `browser.ts`) is chosen
 * by the package import `#data/platform`.
 */
export * from './array.ts';
export * from './gzip.ts';
export * from './idx.ts';
export * from './image.ts';
export * from './mnist.ts';
export * from './npy.ts';
export * from './topology.ts';
