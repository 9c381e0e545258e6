/**
 * What a file format of traces writes: tracks, slices nested on them, flows between slices, values of counters. On each track
 * cycles never go back, and neither slices nor their phases overlap but by nesting.
 */

/** A track is declared before anything stands on it. */
export interface Track {
  /** From 1 on. */
  readonly id: number;
  readonly name: string;
  /** Place among its like. */
  readonly rank: number;
  /** Of a counter. */
  readonly unit?: string;
  /** The group that it stands in, which is declared before it. */
  readonly group?: number;
  /** It is one: a core, where there are several. */
  readonly isGroup?: true;
}

/** What is shown of a slice beside its name. */
export type Facts = Readonly<Record<string, string | number>>;

/** A piece of a slice. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Slice {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly facts: Facts;
  /** One after the other. */
  readonly phases: readonly Phase[];
  /** Flows that begin here, and those that end here. */
  readonly out: number[];
  readonly in: number[];
}

export interface TraceWriter {
  track(track: Track): void;
  slice(track: number, slice: Slice): void;
  /** A slice around those that follow on its track, up to its `close`. */
  open(track: number, cycle: number, name: string): void;
  close(track: number, cycle: number): void;
  instant(track: number, cycle: number, name: string, facts: Facts): void;
  count(track: number, cycle: number, value: number): void;
  /** Hands out what is left. */
  end(): void;
}
