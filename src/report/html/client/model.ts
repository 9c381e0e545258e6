/** The runs of the page with their columns read, and what its parts share: which run is shown, compared with which, which layer is chosen. */

import { pairLayers } from '../../comparison.ts';
import { ByteReader } from '../bytes.ts';
import type { PageData, PageRun } from '../data.ts';
import type { SliceLabel } from '../slices.ts';

export interface Track {
  readonly unit: string;
  readonly length: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly label: Uint16Array;
  readonly layer: Int32Array;
  readonly count: Uint32Array;
  readonly work: Float64Array;
  readonly wait: Float64Array;
}

export interface Timeline {
  readonly labels: readonly SliceLabel[];
  readonly merged: number;
  readonly tracks: readonly Track[];
}

export interface Buffers {
  readonly name: string;
  readonly bytes: number;
  readonly merged: number;
  readonly dropped: number;
  readonly length: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly writer: Uint8Array;
  readonly layer: Int32Array;
}

export function readTimeline({ timeline }: PageRun, parts: readonly Uint8Array[]): Timeline | undefined {
  if (timeline === undefined) return undefined;
  const { labels, merged } = timeline;
  return {
    labels,
    merged,
    tracks: timeline.tracks.map(({ unit, slices: n, part }) => {
      const read = new ByteReader(parts[part]!);
      const track: Track = {
        ...{ unit, length: n, from: new Float64Array(n), to: new Float64Array(n), label: new Uint16Array(n) },
        ...{
          layer: new Int32Array(n),
          count: new Uint32Array(n),
          work: new Float64Array(n),
          wait: new Float64Array(n),
        },
      };
      const { from, to, label, layer, count, work, wait } = track;
      for (let i = 0; i < n; i++) from[i] = read.signed();
      for (let i = 0; i < n; i++) {
        from[i]! += i === 0 ? 0 : to[i - 1]!;
        to[i] = from[i]! + read.signed();
      }
      for (let i = 0; i < n; i++) label[i] = read.signed();
      for (let i = 0; i < n; i++) layer[i] = read.signed() + (i === 0 ? 0 : layer[i - 1]!);
      for (let i = 0; i < n; i++) count[i] = read.signed() + 1;
      const isWait = labels.map((l) => l.kind === 'wait');
      for (let i = 0; i < n; i++) work[i] = count[i]! > 1 ? read.signed() : isWait[label[i]!] ? 0 : to[i]! - from[i]!;
      for (let i = 0; i < n; i++) wait[i] = count[i]! > 1 ? read.signed() : isWait[label[i]!] ? to[i]! - from[i]! : 0;
      return track;
    }),
  };
}

export function readBuffers({ memories = [] }: PageRun, parts: readonly Uint8Array[]): readonly Buffers[] {
  return memories.map(({ name, bytes, merged, dropped, buffers: n, part }) => {
    const read = new ByteReader(parts[part]!);
    const of: Buffers = {
      ...{ name, bytes, merged, dropped, length: n, from: new Float64Array(n), to: new Float64Array(n) },
      ...{ low: new Float64Array(n), high: new Float64Array(n), writer: new Uint8Array(n), layer: new Int32Array(n) },
    };
    for (let i = 0; i < n; i++) of.from[i] = read.signed() + (i === 0 ? 0 : of.from[i - 1]!);
    for (let i = 0; i < n; i++) of.to[i] = of.from[i]! + read.signed();
    for (let i = 0; i < n; i++) of.low[i] = read.signed();
    for (let i = 0; i < n; i++) of.high[i] = of.low[i]! + read.signed();
    for (let i = 0; i < n; i++) of.writer[i] = read.signed();
    for (let i = 0; i < n; i++) of.layer[i] = read.signed();
    return of;
  });
}

/** Mutable: what the reader chose. Every part of the page draws from it and tells it. */
export interface State {
  readonly data: PageData;
  readonly parts: readonly Uint8Array[];
  run: number;
  baseline: number | null;
  /** The layer whose details are shown. */
  layer: number | null;
  /** The layer that others of this run are measured by. */
  pinned: number | null;
  sort: { readonly key: string; readonly down: boolean };
  filter: string;
  /** Cycles that timeline and memories show; null for all. */
  view: { readonly from: number; readonly to: number } | null;
}

export const runOf = (state: State): PageRun => state.data.runs[state.run]!;

/** The run that is compared with, if that is another one. */
export const baselineOf = ({ data, run, baseline }: State): PageRun | undefined =>
  baseline === null || baseline === run ? undefined : data.runs[baseline];

export const runName = ({ report }: PageRun): string => `${report.model} · ${report.machine}`;

/** Of each layer of a run the one of another that does the same work, by index; undefined where there is none, or several share it. */
export function counterparts(run: PageRun, other: PageRun): readonly (number | undefined)[] {
  const found: (number | undefined)[] = run.report.layers.map(() => undefined);
  for (const { a, b } of pairLayers(other.report.layers, run.report.layers))
    if (a.length === 1 && b.length === 1) found[b[0]!] = a[0];
  return found;
}
