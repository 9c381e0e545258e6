/** `nn`: modules, with PyTorch's names for what they hold. */

export type { SavedState, State, StateValue } from '../state.ts';
export {
  type AttentionOptions,
  causalMask,
  type EncoderLayerOptions,
  MultiHeadAttention,
  PositionalEmbedding,
  TransformerEncoderLayer,
} from './attention.ts';
export {
  adaptiveAvgPoolLayer as adaptiveAvgPool,
  avgPoolLayer as avgPool,
  elu,
  flattenLayer as flatten,
  gelu,
  globalAvgPoolLayer as globalAvgPool,
  hardSwish,
  Lambda,
  leakyRelu,
  localResponseNormLayer as localResponseNorm,
  logSoftmaxLayer as logSoftmax,
  maxPoolLayer as maxPool,
  relu,
  relu6,
  Sequential,
  sigmoid,
  silu,
  softmaxLayer as softmax,
  softplus,
  tanh,
} from './containers.ts';
export * as init from './init.ts';
export { xavier } from './initialise.ts';
export { BatchNorm, Conv, ConvTranspose, Dropout, Embedding, GroupNorm, LayerNorm, Linear, RMSNorm } from './layers.ts';
export { Module } from './module.ts';
export { GRU, LSTM, type RecurrentOptions, RNN, type RNNOptions } from './recurrent.ts';
