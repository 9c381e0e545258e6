/** Layer `onnx`: read and write `.onnx` models and the `.pb` tensors beside them. */
export { type ExternalReader, externalEscapes } from './external.ts';
export { type ReadOptions, readModel } from './readModel.ts';
export { type OnnxValue, readTensor, readValue, writeTensor } from './values.ts';
export { modelOf, type SplitModel, splitModel, writeModel } from './writeModel.ts';
