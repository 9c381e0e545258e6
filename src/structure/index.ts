/** Layer `structure`: networks as other frameworks describe them, without weights: Caffe's prototxt and Darknet's cfg. */
export { readCaffe, type StructureOptions } from './caffe.ts';
export { readDarknet } from './darknet.ts';
