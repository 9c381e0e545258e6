/** Layer `models`: networks written in the tensor API. */
export * from './alexnet.ts';
export * from './dcgan.ts';
export * from './densenet.ts';
export * from './lenet5.ts';
export * from './mlp.ts';
export * from './mobilenetV2.ts';
export type { NetworkOptions } from './options.ts';
export * from './registry.ts';
export * from './resnet.ts';
export * from './sequences.ts';
export * from './squeezenet.ts';
export * from './vgg.ts';
export * from './vit.ts';
