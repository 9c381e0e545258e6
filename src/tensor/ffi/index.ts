/** `ffi`: functions of WebAssembly modules by their C prototypes, checked and typed. */
export { type Argument, type BoundFunction, bindFunctions, type Exports, hostType } from './bind.ts';
export { type Generated, type GenerateOptions, generateBinding, prototypeText } from './generate.ts';
export { type CType, type Prototype, readPrototypes, type Scalar } from './prototypes.ts';
