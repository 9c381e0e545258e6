/** The compiled module and an instance of it on a memory. What each function does stands in assembly/*.ts. */
import { KERNELS } from './kernels.gen.ts';

/** Addresses are byte offsets in the memory; all are i32, p0 and p1 f32. */
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
  vec(job: number, room: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** Synchronous: the module is a few kilobytes, far below the limit that browsers set for that. */
export function instantiate(memory: WebAssembly.Memory): KernelFunctions {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0)));
  // The exports' types are those of the AssemblyScript sources, which TypeScript does not see.
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as KernelFunctions;
}
