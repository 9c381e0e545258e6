/**
 * Why nothing happens in a row of a timeline: the spans between a unit's entries, each with the cause that `sim/idle.ts` counts it under.
 * What waits inside an entry (semaphores, the DRAM channel) has spans of its own from the recorder.
 */
import type { Language } from '#base';
import type { TimelineSpan } from './timeline.ts';

/** Of a unit, in the order in which a legend names them; `semaphore` and `channel` come from entries, the others from gaps. */
export const CAUSES = ['semaphore', 'channel', 'operands', 'sync', 'host', 'empty', 'tail'] as const;
export type StallCause = (typeof CAUSES)[number];

export const CAUSE_FILLS: Readonly<Record<StallCause, string>> = {
  semaphore: '#f6dfa6',
  channel: '#e2a38f',
  operands: '#c6b5e3',
  sync: '#cdd5dd',
  host: '#f0c9d8',
  empty: '#eef1f4',
  tail: '#fbfcfd',
};

export const CAUSE_WORDS: Readonly<Record<Language, Readonly<Record<StallCause, string>>>> = {
  en: {
    semaphore: 'waits for another unit',
    channel: 'waits for the DRAM channel',
    operands: 'waits for operands or a bank',
    sync: 'idle: sync',
    host: 'idle: the host works',
    empty: 'idle: queue empty',
    tail: 'after its last entry',
  },
  zh: {
    semaphore: '等待其他单元',
    channel: '等待 DRAM 通道',
    operands: '等待操作数或存储体',
    sync: '空闲：sync 同步',
    host: '空闲：主机工作',
    empty: '空闲：队列空',
    tail: '末项之后',
  },
};

export interface Stall {
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  readonly cause: StallCause;
}

/** Core that a row belongs to: `matrix 2` is of core 2. */
const coreOf = (unit: string): string => unit.split(' ')[1] ?? '0';

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The parts of [from, to) inside and outside sorted intervals. */
function split(from: number, to: number, intervals: readonly Interval[]): { inside: Interval[]; outside: Interval[] } {
  const inside: Interval[] = [];
  const outside: Interval[] = [];
  let at = from;
  for (let i = firstEndingAfter(intervals, from); i < intervals.length && intervals[i]!.from < to; i++) {
    const [low, high] = [Math.max(at, intervals[i]!.from), Math.min(to, intervals[i]!.to)];
    if (low > at) outside.push({ from: at, to: low });
    if (high > low) inside.push({ from: low, to: high });
    at = Math.max(at, high);
  }
  if (at < to) outside.push({ from: at, to });
  return { inside, outside };
}

function firstEndingAfter(intervals: readonly Interval[], cycle: number): number {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]!.to <= cycle) low = middle + 1;
    else high = middle;
  }
  return low;
}

const inOrder = <T extends Interval>(spans: readonly T[]): readonly T[] =>
  [...spans].sort((a, b) => a.from - b.from || a.to - b.to);

/**
 * What stalls units in a recorded run, and when they have nothing more to do.
 * @param end cycles of the run
 * @param units rows that are looked at; `control` and `host` have no queue and no stalls
 */
export function stallsOf(spans: readonly TimelineSpan[], units: readonly string[], end: number): readonly Stall[] {
  const byUnit = Map.groupBy(spans, (s) => s.unit);
  const stalls: Stall[] = [];
  for (const unit of units) {
    const name = unit.split(' ')[0]!;
    if (name === 'control' || name === 'host') continue;
    const core = coreOf(unit);
    const control = byUnit.get(core === '0' ? 'control' : `control ${core}`) ?? [];
    const host = inOrder(byUnit.get('host') ?? []);
    const sync = inOrder(control.filter((s) => s.label === 'sync' || s.label === 'barrier' || s.label === 'host'));
    const add = (cause: StallCause, parts: readonly Interval[]): void => {
      for (const { from, to } of parts) stalls.push({ unit, from, to, cause });
    };
    let at = 0;
    for (const span of inOrder(byUnit.get(unit) ?? [])) {
      if (span.kind === 'wait') add(span.label === 'channel' ? 'channel' : 'semaphore', [span]);
      if (span.from > at) {
        const ready = Math.min(Math.max(at, span.ready ?? span.from), span.from);
        if (ready < span.from) add('operands', [{ from: ready, to: span.from }]);
        const hosted = split(at, ready, host);
        add('host', hosted.inside);
        for (const part of hosted.outside) {
          const synced = split(part.from, part.to, sync);
          add('sync', synced.inside);
          add('empty', synced.outside);
        }
      }
      at = Math.max(at, span.to);
    }
    if (at < end) stalls.push({ unit, from: at, to: end, cause: 'tail' });
  }
  return stalls;
}
