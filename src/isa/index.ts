/** Layer `isa`: instructions, encoder, assembler, disassembler, the Program container. */
export { type AssembleOptions, type Assembly, assemble } from './assembler/assemble.ts';
export {
  type AssembledFile,
  type AssembleProgramOptions,
  assembleFile,
  assembleProgram,
} from './assembler/program.ts';
export { isProgram, readProgram } from './container/read.ts';
export { writeProgram, writeProgramChunks } from './container/write.ts';
export * from './dataflow.ts';
export * from './define.ts';
export * from './disassemble.ts';
export * from './disassembleProgram.ts';
export * from './encode.ts';
export {
  BARRIER_SCOPES,
  COMPUTE_TYPES,
  CORE_NUMBERS,
  type CoreNumber,
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  type ElementType,
  INTEGER_RANGES,
  type IntegerType,
  isFloatType,
  LINEAR_SPACES,
  type LinearSpace,
  LOOP_DEPTH,
  MULTICASTS,
  QUEUES,
  type Queue,
  RECORD_DIMENSIONS,
  RECORDS,
  SCALAR_REGISTERS,
  SCRATCHPADS,
  type Scratchpad,
  SEMAPHORE_MAX,
  SEMAPHORES,
  SPACES,
  type Space,
  SYNC_SCOPES,
  type SyncScope,
} from './fields.ts';
export { WEIGHT_TYPES, type WeightType } from './instructions/cfg.ts';
export { ACTIVATIONS, type Activation, MMA_TYPES, RESULT_TYPES, type ResultType } from './instructions/mma.ts';
export {
  ACCUMULATIONS,
  type Accumulation,
  B_MODES,
  BINARY_FUNCTIONS,
  type BMode,
  FUNCTION_TYPES,
  type FunctionTypes,
  resultCode,
  resultType,
  SCALING_FUNCTIONS,
  SELECTING_FUNCTIONS,
  scalarIsFloat,
  secondType,
  VECTOR_FUNCTIONS,
  type VectorFunction,
} from './instructions/vec.ts';
export {
  WINOGRAD_KERNEL,
  WINOGRAD_OUTPUTS,
  WINOGRAD_TILES,
  WINOGRAD_TRANSFORMS,
  type WinogradTile,
  type WinogradTransform,
  winogradSides,
} from './instructions/winograd.ts';
export * from './isaPage.ts';
export * from './program.ts';
export * from './registry.ts';
export * from './sparse/stream.ts';
export * from './sparse/weights.ts';
export { type MemoryUse, memoryUses } from './textbook/judged.ts';
export { LINEAR_NAMES } from './textbook/operands.ts';
export { isTextbook } from './textbook/textbook.ts';
export * from './transcendental.ts';
export * from './winogradTransforms.ts';
