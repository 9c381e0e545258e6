/**
 * What a page of reports holds: one entry for each run. A run that was read from a JSON file has its report alone. Columns of many numbers are
 * parts of the block beside the JSON (`bytes.ts`), named by their number.
 */
import type { Machine } from '#machine';
import type { AdviceReport } from '../advice.ts';
import type { Roofs } from '../pictures/roofline.ts';
import type { RunReport } from '../runReport.ts';
import type { SliceLabel } from './slices.ts';

/** A report without the values of tensors. */
export type PageReport = Omit<RunReport, 'outputs'>;

/** Where the cycles of a layer went, as `systole explain` tells it. */
export interface PageLosses {
  readonly bound: { readonly cycles: number; readonly by: 'matrix' | 'vector' | 'memory' };
  readonly losses: Readonly<Record<string, number>>;
}

export interface PageTimeline {
  readonly labels: readonly SliceLabel[];
  readonly merged: number;
  readonly tracks: readonly { readonly unit: string; readonly slices: number; readonly part: number }[];
}

export interface PageMemory {
  readonly name: string;
  readonly bytes: number;
  readonly buffers: number;
  readonly merged: number;
  /** Buffers that were not recorded. */
  readonly dropped: number;
  readonly part: number;
}

export interface PageListing {
  readonly lines: readonly string[];
  /** Of each line the index of its instruction; −1 of labels and ends of loops. */
  readonly indices: readonly number[];
  /** Of each layer its first instruction, and the one behind its last. */
  readonly layers: readonly (readonly [from: number, to: number])[];
}

export interface PageRun {
  readonly report: PageReport;
  /** By layer; null where the host runs it. */
  readonly explained?: readonly (PageLosses | null)[];
  readonly timeline?: PageTimeline;
  readonly memories?: readonly PageMemory[];
  readonly listing?: PageListing;
  readonly machine?: Machine;
  readonly diagram?: Readonly<Record<'en' | 'zh', string>>;
  readonly roofs?: Roofs;
  /** Absent where it was not asked for. */
  readonly advice?: AdviceReport;
  /** The command that makes this run again. */
  readonly command?: string;
  /** Path of the file that it was read from. */
  readonly file?: string;
}

export interface PageData {
  readonly runs: readonly PageRun[];
  /** The run that others are compared with. */
  readonly baseline: number | null;
  /** The language that the page opens in, unless its reader chose one. */
  readonly language: 'en' | 'zh';
  /** The command that made the page, and the version. */
  readonly command: string;
  readonly version: string;
}
