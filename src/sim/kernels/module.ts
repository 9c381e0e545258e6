/** The compiled module and an instance of it on a memory. What each function does stands in assembly/*.ts. */
import { KERNELS } from './kernels.gen.ts';

/** Addresses are byte offsets in the memory; all are i32, p0 and p1 f32 where floats are drained. Types by their code. */
export interface KernelFunctions {
  dotBlock(
    pixels: number,
    count: number,
    weights: number,
    row: number,
    vectors: number,
    lanes: number,
    from: number,
    to: number,
    accumulators: number,
    tree: number,
  ): void;
  systolicBlock(
    pixels: number,
    count: number,
    weights: number,
    row: number,
    vectors: number,
    lanes: number,
    from: number,
    to: number,
    accumulators: number,
  ): void;
  sparseBlock(
    pixels: number,
    count: number,
    values: number,
    row: number,
    vectors: number,
    lanes: number,
    rows: number,
    run: number,
    offsets: number,
    kept: number,
    accumulators: number,
    stack: number,
    chain: boolean,
  ): void;
  gather(pixels: number, count: number, offsets: number, elements: number, to: number): void;
  fetchRows(from: number, stride: number, to: number, width: number, count: number, filters: number): void;
  keepRows(from: number, width: number, to: number, stride: number, count: number, filters: number): void;
  drainRows(
    from: number,
    width: number,
    outputs: number,
    count: number,
    filters: number,
    bias: number,
    act: number,
    p0: number,
    p1: number,
  ): void;
  drainHalves(
    from: number,
    width: number,
    outputs: number,
    count: number,
    filters: number,
    bias: number,
    act: number,
    p0: number,
    p1: number,
    result: number,
  ): void;
  drainIntegers(...args: DrainIntegers): void;
  drainLongs(...args: DrainIntegers): void;
  multiplyIntegers(
    neurons: number,
    row: number,
    count: number,
    weights: number,
    filters: number,
    pairs: number,
    accumulators: number,
    width: number,
    isLong: number,
  ): void;
  packIntegers(
    pixels: number,
    count: number,
    starts: number,
    runs: number,
    length: number,
    type: number,
    zero: number,
    to: number,
    row: number,
  ): void;
  packHalves(
    pixels: number,
    count: number,
    starts: number,
    runs: number,
    length: number,
    type: number,
    to: number,
  ): void;
  convertHalves(from: number, count: number, type: number, to: number): void;
  packWeights(
    weights: number,
    rows: number,
    filters: number,
    type: number,
    zero: number,
    pairs: number,
    to: number,
  ): void;
  vec(job: number, room: number): void;
}

type DrainIntegers = [
  from: number,
  width: number,
  outputs: number,
  count: number,
  filters: number,
  bias: number,
  scale: number,
  act: number,
  p0: number,
  p1: number,
  result: number,
  zero: number,
];

let compiled: WebAssembly.Module | undefined;

/** Synchronous: the module is a few kilobytes, far below the limit that browsers set for that. */
export function instantiate(memory: WebAssembly.Memory): KernelFunctions {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0)));
  // The exports' types are those of the AssemblyScript sources, which TypeScript does not see.
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as KernelFunctions;
}
