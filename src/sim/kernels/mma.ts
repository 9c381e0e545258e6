/**
 * `mma` on the WebAssembly kernels: blocks of pixels pass blocks of weight rows, accumulators in between lie in working
 * space. Results are those of the order that ARCHITECTURE.md gives; other orders are taken only over what is independent.
 */
import { ELEMENT_BYTES } from '#isa';
import { filtersOf, type Machine, type MatrixMode, modeOf } from '#machine';
import { elementsOf, type RecordWords, SIZE, STRIDE } from '#timing';
import type { MmaEntry } from '../entries.ts';
import { floatUnit } from './floats.ts';
import { integerUnit } from './integers.ts';
import { type Layout, PIXELS_PER_BLOCK } from './layout.ts';
import type { KernelFunctions } from './module.ts';
import { isInjective, memo, offsetsOf } from './nest.ts';

/** What the arithmetic of a type of operands works on. */
export interface Workshop {
  readonly machine: Machine;
  readonly layout: Layout;
  readonly kernels: KernelFunctions;
  /** The whole memory. */
  readonly words: Int32Array;
}

/** A block of pixels of one group of filters. */
export interface Block {
  readonly group: number;
  /** Filters of the group that are there. */
  readonly filters: number;
  readonly from: number;
  readonly count: number;
}

/** The arithmetic of a type, for the `mma` that `begin` was given last. */
export interface MatrixArithmetic {
  /** Takes an entry, of `pixels` pixels; returns how many of them may form a block. */
  begin(entry: MmaEntry, pixels: number): number;
  /** Groups whose weights can be had at once, from one on. */
  batch(group: number): number;
  /** Brings the neurons of `count` pixels in, whose addresses stand at layout.pixels. */
  fetch(count: number): void;
  /** Sums up; addresses of results stand at layout.outputs where they are drained. */
  compute(block: Block): void;
}

export function createMma(
  machine: Machine,
  memory: WebAssembly.Memory,
  layout: Layout,
  kernels: KernelFunctions,
): (entry: MmaEntry) => void {
  const { matrix } = machine;
  const words = new Int32Array(memory.buffer);
  const neuronTable = layout.pixels >>> 2;
  const resultTable = layout.outputs >>> 2;
  const workshop: Workshop = { machine, layout, kernels, words };
  let mode: MatrixMode | undefined;
  let unit: MatrixArithmetic;
  /** The arithmetic of a mode. What it keeps in working space is overwritten by that of another. */
  const unitOf = (asked: MatrixMode): MatrixArithmetic => {
    if (asked !== mode) unit = (asked === 'i8' || asked === 'i16' ? integerUnit : floatUnit)(workshop, asked);
    mode = asked;
    return unit;
  };

  const inputs = memo((pixels: RecordWords) => offsetsOf(pixels, pixels, 3));
  const results = memo((pixels: RecordWords, output: RecordWords) => offsetsOf(pixels, output, 3));

  return (entry) => {
    const pixels = elementsOf(entry.pixels, 0, 3);
    const filters = Math.max(0, entry.output[16 + SIZE]!);
    if (pixels === 0 || filters === 0) return;
    const tn = filtersOf(matrix, entry.type);
    const groups = Math.ceil(filters / tn);
    const groupStride = entry.output[16 + STRIDE]!;
    const neurons = inputs(entry.pixels);
    const outputs = entry.drain ? results(entry.pixels, entry.output) : undefined;
    const unit = unitOf(modeOf(entry.type));
    const block = Math.min(PIXELS_PER_BLOCK, unit.begin(entry, pixels));

    const fetch = (from: number, count: number): void => {
      for (let i = 0; i < count; i++) words[neuronTable + i] = layout.nram + entry.a + neurons[from + i]!;
      unit.fetch(count);
    };
    const compute = (group: number, from: number, count: number): void => {
      if (outputs !== undefined) {
        const to = layout.nram + entry.c + group * groupStride;
        for (let i = 0; i < count; i++) words[resultTable + i] = to + outputs[from + i]!;
      }
      unit.compute({ group, filters: Math.min(tn, filters - group * tn), from, count });
    };

    const apart = outputs === undefined || resultsAreApart(entry, filters, tn, groups);
    for (let group = 0; group < groups; ) {
      const end = Math.min(groups, group + unit.batch(group));
      if (apart) {
        for (let p = 0; p < pixels; p += block) {
          const count = Math.min(block, pixels - p);
          fetch(p, count);
          for (let g = group; g < end; g++) compute(g, p, count);
        }
      } else {
        for (let g = group; g < end; g++) {
          for (let p = 0; p < pixels; p++) {
            fetch(p, 1);
            compute(g, p, 1);
          }
        }
      }
      group = end;
    }
  };
}

/** Whether no two results meet, as far as strides show it; where they may, they are written in order. */
function resultsAreApart(entry: MmaEntry, filters: number, tn: number, groups: number): boolean {
  const strides = [0, 1, 2, 3].map((d) => entry.output[4 * d + STRIDE]!);
  const sizes = [0, 1, 2, 3].map((d) => entry.pixels[4 * d + SIZE]!);
  const row = ELEMENT_BYTES[entry.result] * Math.min(tn, filters);
  return isInjective([...sizes, groups], [...strides, entry.output[16 + STRIDE]!], row);
}
