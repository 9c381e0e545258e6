/**
 * The units' arithmetic and data movement for the cycle model, bit for bit that of the functional model: WebAssembly SIMD for
 * `mma` and `vec`, JavaScript for transfers. One set of kernels is one core's memories.
 */
import { aramBytes, type Machine } from '#machine';
import type { Kernels } from '../entries.ts';
import { layoutOf } from './layout.ts';
import { createMma } from './mma.ts';
import { instantiate } from './module.ts';
import { createLoadSparse, createMmaSparse } from './sparse.ts';
import { createTransfers } from './transfer.ts';
import { createVec } from './vec.ts';
import { createWinograd } from './winograd.ts';

const NO_BYTES = new Uint8Array(0);

/**
 * @param shared SharedRAM of the cluster
 * @throws SYS-SIM-060 scratchpads that do not fit a WebAssembly memory
 */
export function createKernels(machine: Machine, shared: Uint8Array = NO_BYTES): Kernels {
  const layout = layoutOf(machine);
  const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages });
  const functions = instantiate(memory);
  const nram = new Uint8Array(memory.buffer, layout.nram, machine.nram.bytes);
  const wram = new Uint8Array(memory.buffer, layout.wram, machine.wram.bytes);
  return {
    nram,
    wram,
    aram: new Uint8Array(memory.buffer, layout.aram, aramBytes(machine.matrix)),
    mma: createMma(machine, memory, layout, functions),
    vec: createVec(machine, memory, layout, functions),
    ...createTransfers(nram, wram, shared),
    loadSparse: createLoadSparse(nram, wram),
    mmaSparse: createMmaSparse(machine, memory, layout, functions),
    winograd: createWinograd(nram, wram),
  };
}
