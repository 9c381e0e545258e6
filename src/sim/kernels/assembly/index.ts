// The kernels' WebAssembly module, written in AssemblyScript with fixed-width SIMD (no relaxed instructions, no memory
// management): all memory is the importer's, every argument called a pointer is a byte address in it. Compiled by
// `npm run kernels` into ../kernels.gen.ts.
export { dotBlock } from './dot';
export { drainHalves, drainIntegers, drainLongs } from './drain';
export { multiplyIntegers } from './integers';
export { convertHalves, packHalves, packIntegers, packWeights } from './pack';
export { drainRows, fetchRows, gather, keepRows } from './rows';
export { sparseBlock } from './sparse';
export { systolicBlock } from './systolic';
export { vec } from './vec';
