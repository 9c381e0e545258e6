/**
 * Program: what lowering makes and the simulator runs. Plain data; constants come as functions so that a timing-only run
 * never writes out weights nobody reads. Addresses are DRAM byte addresses.
 */

import type { Machine } from '#machine';
import type { LinearSpace, Queue } from './fields.ts';
import { dmaLinear, macLinear } from './instructions/linear.ts';
import type { WinogradTile } from './instructions/winograd.ts';

/** Element types that tensors of a program may have in DRAM. */
export type SlotType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool';

export const SLOT_BYTES: Readonly<Record<SlotType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};

/** Strides in bytes of a dense row-major tensor. */
export function denseStrides(dtype: SlotType, dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = SLOT_BYTES[dtype];
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= dims[i]!;
  }
  return strides;
}

/** A tensor in DRAM: element (i0, i1, …) at address + Σ i·strides (bytes). Dense: its extent is elements × size. */
export interface TensorSlot {
  readonly name: string;
  readonly dtype: SlotType;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
  readonly address: number;
}

/** First and one-past-last byte that a slot's elements touch; empty tensors touch none. */
export function slotExtent(s: TensorSlot): { readonly from: number; readonly to: number } {
  if (s.dims.includes(0)) return { from: s.address, to: s.address };
  let from = s.address;
  let to = s.address + SLOT_BYTES[s.dtype];
  for (const [i, dim] of s.dims.entries()) {
    const reach = (dim - 1) * s.strides[i]!;
    if (reach < 0) from += reach;
    else to += reach;
  }
  return { from, to };
}

/** Bytes that are in DRAM before the run. */
export interface ConstantSegment {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  /** Little-endian contents; may be computed on demand, must always be the same. */
  readonly data: () => Uint8Array;
}

/** Work that the host does: an ONNX model whose inputs and outputs are tensors in DRAM. */
export interface HostPart {
  readonly name: string;
  /** Serialised ONNX model. */
  readonly onnx: Uint8Array;
  readonly inputs: readonly TensorSlot[];
  readonly outputs: readonly TensorSlot[];
  /** Time of the call on the machine's host, all included. */
  readonly cycles: number;
}

/** A node that runs on the host, and why. */
export interface HostNode {
  readonly name: string;
  readonly op: string;
  /** Nodes of the imported model that the passes had merged into it. */
  readonly merged: readonly string[];
  readonly reason: { readonly en: string; readonly zh: string };
  /** Why its cost is an estimate; absent where it is known. */
  readonly estimate?: { readonly en: string; readonly zh: string };
}

/** A loop over tiles. */
export interface LoopPlan {
  readonly dim: string;
  readonly tiles: number;
  readonly size: number;
  /** To how many cores, or clusters, its tiles are dealt in turn; absent: each that works does all of them. */
  readonly cores?: number;
}

/** A convolution that the Winograd unit does, and how exact that is. */
export interface WinogradPlan {
  readonly tile: WinogradTile;
  /** Transformed by the compiler, or by the unit. */
  readonly weights: 'ahead' | 'onChip';
  /** On the longest way from an operand to an output. */
  readonly roundings: number;
  /** The most that an output can be off by where no input is larger than 1, apart from underflow; it grows with the inputs. */
  readonly error: number;
  /** The largest output, without bias, that inputs up to 1 can have. */
  readonly reach: number;
}

/** Plain schedule data of one layer (a group of graph nodes that became one piece of program, or one host part). */
export interface LayerPlan {
  readonly index: number;
  /** Name of the layer's main node, with `2/4` behind it where that node became several layers. */
  readonly name: string;
  /** Names of all nodes in it, as in the imported model. */
  readonly nodes: readonly string[];
  /** Operator, with what is fused into it: `Conv+Relu`. */
  readonly op: string;
  readonly where: 'matrix' | 'vector' | 'winograd' | 'dma' | 'host' | 'none';
  /** The nodes of a host layer; absent elsewhere. */
  readonly onHost?: readonly HostNode[];
  /** Needed multiply-accumulates; those of a host layer's nodes, too. */
  readonly macs: number;
  /** Elementary vector-unit operations that the layer needs (not what the schedule executes). */
  readonly vectorOps: number;
  /** Compulsory traffic: external inputs, weights, outputs, each once. */
  readonly inputBytes: number;
  readonly weightBytes: number;
  readonly outputBytes: number;
  readonly outputShape: readonly number[];
  /** Loop nest, outermost first: `oc 4 × 128`. */
  readonly loops: readonly LoopPlan[];
  /** Absent where its weights lie dense, or it has none. */
  readonly sparse?: SparsePlan;
  /** Values between layers that it finds on the chip or leaves there; absent where there are none. */
  readonly kept?: readonly KeptValue[];
  /** Bytes that it loads for the layer behind it, its first weights; absent where none. */
  readonly ahead?: number;
  /** What lowering expects of it; absent where the host works, and where nobody has planned the program. */
  readonly predicted?: LayerPrediction;
  /** Where the Winograd unit does it. */
  readonly winograd?: WinogradPlan;
  /** First and one-past-last instruction. */
  readonly from: number;
  readonly to: number;
}

/** Constant weights of a layer that lie compressed. */
export interface SparsePlan {
  /**
   * stream: compressed in DRAM alone, every weight multiplied; two4, bitmap: as `mma.sparse` multiplies them, those that are kept and
   * what fills up rows
   */
  readonly form: 'stream' | 'two4' | 'bitmap';
  readonly weights: number;
  /** Of them not zero. */
  readonly nonzero: number;
  /** Bytes of the packed weights, and what they would take dense. */
  readonly bytes: number;
  readonly denseBytes: number;
}

/** A value that stays on the chip between layers. */
export interface KeptValue {
  readonly value: string;
  /** Of the whole value, whatever part of it the layer touches. */
  readonly bytes: number;
  /** `wram`: weights, which the first layer that has them leaves to the others. */
  readonly memory: 'nram' | 'wram' | 'shared';
  readonly access: 'read' | 'write';
}

/** A unit by its queue; 'dma' is both transfer queues where the machine has only one, 'link' the link to the SharedRAM. */
export type UnitName = Queue | 'dma';

/** Of these figures all are exact, as a run of the layer by itself has them, but `cycles`. */
export interface LayerPrediction {
  /** An estimate: how far the units' work overlaps is not simulated. */
  readonly cycles: number;
  /** Busy cycles of each unit that works in it: its entries, waits and signals, those of all cores. */
  readonly busy: Readonly<Partial<Record<UnitName, number>>>;
  /** Cycles that the DRAM channel is taken. */
  readonly channelCycles: number;
  /** Bytes that are asked for, and bytes in whole bursts. */
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readBurstBytes: number;
  readonly writeBurstBytes: number;
}

/** A group of nodes of the layer-wise bound, and what it needs at least. */
export interface GroupBound {
  /** Name of the first node. */
  readonly name: string;
  readonly op: string;
  readonly nodes: readonly string[];
  readonly macs: number;
  readonly vectorOps: number;
  readonly bytes: number;
  readonly cycles: number;
  readonly bound: 'compute' | 'vector' | 'memory' | 'host';
}

/** What a network needs whatever the compiler decides. It follows from the graph, which the program no longer holds. */
export interface LayerwiseBound {
  readonly cycles: number;
  readonly groups: readonly GroupBound[];
}

/** The first instruction that has no data, `dma.linear` or `mac.linear`: its program counts time only. */
export function timingOnlyAt({ words }: Program): { readonly index: number; readonly mnemonic: string } | undefined {
  const index = words.findIndex((word) => LINEAR.has(Number(word >> 56n)));
  return index < 0 ? undefined : { index, mnemonic: LINEAR.get(Number(words[index]! >> 56n))! };
}

const LINEAR: ReadonlyMap<number, string> = new Map([dmaLinear, macLinear].map((d) => [d.opcode, d.mnemonic]));

/**
 * Where an operand of `dma.linear` or `mac.linear` lies, as far as the program says so: execution k of the instruction, counted
 * from 0, has it at addresses[k mod n] + step·⌊k ÷ n⌋, n being the number of addresses.
 */
export interface LinearOperand {
  readonly instruction: number;
  readonly memory: LinearSpace;
  readonly mode: 'read' | 'write';
  readonly bytes: number;
  readonly addresses: readonly number[];
  readonly step: number;
}

export interface Program {
  readonly name: string;
  readonly machine: Machine;
  /**
   * How many cores of the machine run it, the first ones; the others are parked, and no barrier or multicast counts them. Absent:
   * all. A program of the textbook's dialect always drives all of them.
   */
  readonly cores?: number;
  /** Instruction words. */
  readonly words: BigUint64Array;
  readonly dramBytes: number;
  readonly constants: readonly ConstantSegment[];
  readonly inputs: readonly TensorSlot[];
  readonly outputs: readonly TensorSlot[];
  readonly host: readonly HostPart[];
  readonly layers: readonly LayerPlan[];
  /** Absent where there was no network (assembly). */
  readonly layerwise?: LayerwiseBound;
  /**
   * Bytes that the DMA must move whatever the schedule: of inputs and constants what is read at all, of outputs what the host
   * does not write, each once. Absent where nobody has planned the program (assembly).
   */
  readonly compulsory?: { readonly readBytes: number; readonly writeBytes: number };
  /** Of instructions that have no addresses in their words (the textbook's dialect), by instruction. */
  readonly operands?: readonly LinearOperand[];
}
