/**
 * Cost of the textbook's instructions, which have sizes only. One stream drives the cores of a cluster in lockstep, so that a
 * transfer for all of them is one transfer: on the DRAM channel the bytes of all cores follow each other (multicast: once),
 * a private link carries what its own core takes, one port carries what all of its cluster take. Clusters do the same side by side.
 */
import type { LinearSpace } from '#isa';
import { clustersOf, coresOf, coresPerCluster, type Machine, type MatrixMode, macsPerCycle, modesOf } from '#machine';
import type { DmaCost } from './dma.ts';
import { cyclesAtRate } from './rate.ts';

export interface LinearTransfer {
  readonly from: LinearSpace;
  readonly to: LinearSpace;
  /** Of each core, or of each SharedRAM. */
  readonly bytes: number;
  readonly multicast: boolean;
}

/** Whether the transfer uses the links of the SharedRAM; otherwise it uses the DRAM channel. */
export const overLinks = ({ from, to }: Pick<LinearTransfer, 'from' | 'to'>): boolean =>
  from !== 'dram' && to !== 'dram';

/** Pieces of `bytes` that leave the memories of the chip, or DRAM. */
export function piecesOf(machine: Machine, { from, to, multicast }: LinearTransfer): number {
  if (overLinks({ from, to })) return multicast ? clustersOf(machine) : coresOf(machine);
  if (from === 'shared' || to === 'shared') return clustersOf(machine);
  return multicast ? 1 : coresOf(machine);
}

/** Of a transfer over the DRAM channel. Each core's piece is one contiguous segment. */
export function linearDmaCost(machine: Machine, transfer: LinearTransfer): DmaCost {
  const { bytes } = transfer;
  const segments = piecesOf(machine, transfer);
  const { burstBytes, setupCycles, scratchpadBytesPerCycle } = machine.dma;
  const dramBytes = segments * Math.ceil(bytes / burstBytes) * burstBytes;
  const channelCycles = cyclesAtRate(dramBytes, machine.dram.bandwidth);
  const shared = transfer.from === 'shared' || transfer.to === 'shared';
  const transferCycles = Math.max(
    channelCycles + machine.dram.latencyCycles,
    shared ? 0 : Math.ceil(bytes / scratchpadBytesPerCycle),
  );
  return {
    payloadBytes: segments * bytes,
    dramBytes,
    scratchBytes: bytes,
    segments,
    setupCycles,
    channelCycles,
    transferCycles,
    cycles: setupCycles + transferCycles,
  };
}

/** Cycles of a transfer between SharedRAM and scratchpads. */
export function linkCycles(machine: Machine, transfer: LinearTransfer): number {
  const { link, ports } = machine.cluster!.sharedRam;
  const pieces = ports === 'private' || transfer.multicast ? 1 : coresPerCluster(machine);
  const bytes = pieces * transfer.bytes;
  return machine.dma.setupCycles + cyclesAtRate(bytes, link);
}

/** Types of the matrix unit that compute operands of so many bits. */
const BY_BITS: Readonly<Record<string, readonly MatrixMode[]>> = { 32: ['f32'], 16: ['f16', 'bf16', 'i16'], 8: ['i8'] };

/**
 * The type of the matrix unit whose lanes take an operation of the dialect, `add_16` for one: that of so many bits which is
 * computed fastest, f32 where the unit has none of them.
 */
export function linearMode({ matrix }: Machine, type: string): MatrixMode {
  const modes = BY_BITS[type.split('_')[1]!]!.filter((mode) => modesOf(matrix).includes(mode));
  const fastest = (a: MatrixMode, b: MatrixMode): MatrixMode =>
    macsPerCycle(matrix, b) > macsPerCycle(matrix, a) ? b : a;
  return modes.length === 0 ? 'f32' : modes.reduce(fastest);
}

/** Cycles of `count` operations of each core. */
export const linearComputeCycles = (machine: Machine, count: number, type: string): number =>
  machine.matrix.pipelineCycles + Math.ceil(count / macsPerCycle(machine.matrix, linearMode(machine, type)));
