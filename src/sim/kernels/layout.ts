/**
 * Where everything lies in the WebAssembly memory: the processor's memories first, each with room behind it that vector
 * loads may read beyond an end, then the kernels' working space. Offsets in bytes; all sizes follow from the machine.
 */
import { diagnostic } from '#base';
import {
  accumulatorWidth,
  aramBytes,
  filtersOf,
  type Machine,
  type MatrixUnit,
  modesOf,
  vectorLanes,
  vectorTypes,
} from '#machine';

const tooLarge = diagnostic<{ machine: string; bytes: number; limit: number }>('SYS-SIM-060', 'unsupported', {
  en: (p) =>
    `simulating '${p.machine}' with data needs ${p.bytes} bytes of memory, at most ${p.limit} can be addressed: ` +
    'take smaller scratchpads, or simulate timing only.',
  zh: (p) =>
    `带数据仿真机器“${p.machine}”需要 ${p.bytes} 字节内存，最多可寻址 ${p.limit} 字节：请减小片上存储，或只仿真时间。`,
});

const PAGE = 65536;
const LIMIT = 2 ** 32 - PAGE;
/** Pixels that a block of multiply-accumulates covers; their accumulators fit the first-level cache. */
export const PIXELS_PER_BLOCK = 64;
/** Bytes of packed neurons that a block aims at: half of a usual second-level cache. */
const PACKED_TARGET = 262144;
const MINIMAL_STRIP = 256;

export interface Layout {
  readonly nram: number;
  readonly wram: number;
  readonly aram: number;
  /** Words of one vector job. */
  readonly job: number;
  /** A number that is the second operand of every element. */
  readonly scalar: number;
  /** Four strips and the lanes. */
  readonly room: number;
  /** Elements of a strip: a power of two, at least the lanes. */
  readonly strip: number;
  /** Partial sums of a tree. */
  readonly tree: number;
  /** Addresses of the neurons and results of a block's pixels. */
  readonly pixels: number;
  readonly outputs: number;
  /** Accumulators of a block. */
  readonly accumulators: number;
  /** Segments and neuron offsets of a reduction, room for the longest that WRAM can hold weights for. */
  readonly segments: number;
  readonly offsets: number;
  /** Packed neurons. */
  readonly packed: number;
  readonly packedBytes: number;
  /** Weights that are not f32, as the multipliers take them. */
  readonly weights: number;
  readonly weightBytes: number;
  /** Of `mma.sparse`, where the machine has it: neuron offsets of every row of four filters, and weights that each filter keeps. */
  readonly sparse: { readonly offsets: number; readonly kept: number } | undefined;
  readonly pages: number;
}

/** @throws SYS-SIM-060 more than 32-bit addresses reach */
export function layoutOf(machine: Machine): Layout {
  const { matrix, vector } = machine;
  const room = matrixRoom(matrix, machine.wram.bytes);
  const lanes = Math.max(...vectorTypes(vector).map((type) => vectorLanes(vector, type)!));
  const strip = Math.max(MINIMAL_STRIP, lanes);
  const lanesLog = 32;
  const hasSparsity = matrix.kind !== 'scalar' && matrix.sparsity !== undefined;
  let end = 1024;
  const take = (bytes: number): number => {
    const at = end;
    end += Math.ceil((bytes + 64) / 64) * 64;
    return at;
  };
  const layout = {
    nram: take(machine.nram.bytes),
    wram: take(machine.wram.bytes),
    aram: take(aramBytes(matrix)),
    job: take(4 * 34),
    scalar: take(16),
    room: take(4 * (4 * strip + lanes)),
    strip,
    tree: take(32 * (lanesLog + 1)),
    pixels: take(4 * PIXELS_PER_BLOCK),
    outputs: take(4 * PIXELS_PER_BLOCK),
    // Vectors in pairs, pixels in fours: what a tile computes beside the edge has room too.
    accumulators: take((PIXELS_PER_BLOCK + 4) * room.accumulators),
    segments: take(16 * room.segments),
    offsets: take(4 * room.offsets),
    packed: take(room.packed),
    packedBytes: room.packed,
    weights: take(room.weights),
    weightBytes: room.weights,
    // A row of one filter has room for four.
    sparse: hasSparsity
      ? { offsets: take(4 * machine.wram.bytes), kept: take(16 * Math.ceil(filtersOf(matrix) / 4)) }
      : undefined,
  };
  if (end > LIMIT) throw tooLarge({ machine: machine.name, bytes: end, limit: LIMIT });
  return { ...layout, pages: Math.ceil(end / PAGE) };
}

/**
 * What the longest reductions of each type need, that is those for which WRAM can hold weights.
 * Halves become f32, integers i16: of these neurons are padded to four elements, weights to rows of four and panels of four.
 */
function matrixRoom(matrix: MatrixUnit, wramBytes: number) {
  const modes = modesOf(matrix);
  const hasHalves = modes.includes('f16') || modes.includes('bf16');
  const hasBytes = modes.includes('i8');
  const hasIntegers = hasBytes || modes.includes('i16');
  return {
    accumulators: Math.max(...modes.map((mode) => 8 * accumulatorWidth(mode) * Math.ceil(filtersOf(matrix, mode) / 8))),
    segments: wramBytes >>> (hasHalves ? 1 : 2),
    offsets: hasBytes ? wramBytes : wramBytes >>> (hasHalves || hasIntegers ? 1 : 2),
    packed: Math.max(PACKED_TARGET, hasHalves || hasIntegers ? 2 * wramBytes + 64 : wramBytes),
    weights: Math.max(hasHalves ? 2 * wramBytes : 0, hasIntegers ? 8 * wramBytes + 256 : 0),
  };
}
