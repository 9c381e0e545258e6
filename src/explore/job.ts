/**
 * The unit of work of a search: one network on one machine. A job says all that its result depends on, as JSON, so that whoever evaluates it (a worker
 * of this process, of another machine) gives the same outcome; its key is a hash of that and of the version of Systole. What cannot be
 * compiled or run is an outcome like any other, with its code.
 */
import type { Effort } from '#lower';
import type { Machine } from '#machine';

/** Which network: by its name, or by the bytes of its ONNX file. */
export type ModelReference =
  | { readonly network: string }
  | {
      /** As the user named it, for messages. */
      readonly file: string;
      /** SHA-256 of the bytes, hexadecimal: workers have them from whoever gave the job. */
      readonly sha256: string;
    };

export const POINT_TYPES = ['f32', 'f16', 'bf16', 'i8'] as const;
/** Type that a network is converted to before it is compiled; `i8` quantises it, calibrated on one random sample, which is enough for time. */
export type PointType = (typeof POINT_TYPES)[number];

export interface Point {
  readonly model: ModelReference;
  readonly type: PointType;
  /** Size of the first dimension of every input; absent: 1 for a network by name, as it stands for a file. */
  readonly batch?: number;
  /** How long the compiler looks for tilings. */
  readonly effort: Effort;
  /** The whole document. */
  readonly machine: Machine;
}

export interface Job {
  /** 64 hexadecimal digits; see `jobOf`. */
  readonly key: string;
  readonly point: Point;
  /** Jobs that have better one worker, if any (`dealer.ts`). Nothing of the outcome depends on it. */
  readonly family?: string;
}

/** What a run took; all of the whole run, of `samples` samples. */
export interface Metrics {
  readonly samples: number;
  readonly cycles: number;
  readonly seconds: number;
  /** Joules; null where the machine has no figures. */
  readonly energy: number | null;
  /** Layer-wise bound ÷ cycles. */
  readonly efficiency: number;
  /** Cycles: the physical bound, and the unit that it comes from. */
  readonly bound: number;
  readonly boundBy: string;
  readonly macs: number;
  /** Bytes over the DRAM channel. */
  readonly dramBytes: number;
}

/** Why there are no metrics: a diagnostic's code and texts. */
export interface Failure {
  readonly code: string;
  readonly en: string;
  readonly zh: string;
}

export type Outcome =
  | { readonly key: string; readonly ok: true; readonly metrics: Metrics }
  | { readonly key: string; readonly ok: false; readonly failure: Failure };

/** Runs jobs somewhere. */
export interface Executor {
  /**
   * Takes jobs as it can work on them, and tells each outcome once, in any order. Resolves when all are done; once aborted as soon as
   * nothing more will be told.
   */
  run(jobs: AsyncIterable<Job>, onOutcome: (outcome: Outcome) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Bytes of the ONNX files that jobs refer to, by their SHA-256. */
export type ModelBytes = (sha256: string) => Promise<Uint8Array>;

/** A job for a point. @param version of Systole: another one may find other cycles */
export async function jobOf(point: Point, version: string, family?: string): Promise<Job> {
  const { model, type, batch = null, effort, machine } = point;
  const { name: _, description: __, sources: ___, ...parts } = machine;
  const subject = JSON.stringify([
    'systole job 1',
    version,
    'network' in model ? ['network', model.network] : ['file', model.sha256],
    ...[type, batch, effort],
    sorted(parts),
  ]);
  const key = await sha256(new TextEncoder().encode(subject));
  return { key, point, ...(family === undefined ? {} : { family }) };
}

/** Keys of objects in order, so that the same machine written otherwise is the same. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, v]) => [key, sorted(v)]));
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
