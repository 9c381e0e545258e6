/**
 * Streaming writer of Chrome's trace event format (JSON object form, read by Perfetto and chrome://tracing; "Trace Event
 * Format", Google, 2016). One cycle is written as one microsecond. Text goes to the sink in pieces of some kilobytes;
 * nothing else of the trace is kept.
 */
import type { LayerPlan } from '#isa';
import type { QueueEntry, SignalEntry, WaitEntry } from './entries.ts';
import type { Observer, SimulationEvent, UnitName } from './events.ts';

const TRACKS: readonly (UnitName | 'control' | 'host')[] = [
  'control',
  'load',
  'store',
  'dma',
  'matrix',
  'vector',
  'host',
];
const PIECE = 1 << 14;

export interface ChromeTrace {
  readonly observer: Observer;
  /** Writes the end; call it once, after the run or after its failure. */
  close(): void;
}

/** @param sink gets the text of the file, piece by piece */
export function chromeTrace(
  program: { readonly name: string; readonly layers: readonly LayerPlan[] },
  sink: (text: string) => void,
): ChromeTrace {
  let text = `{"displayTimeUnit":"ns","otherData":{"program":${JSON.stringify(program.name)},"unit":"1 us = 1 cycle"},"traceEvents":[`;
  let separator = '\n';
  const write = (event: object): void => {
    text += separator + JSON.stringify(event);
    separator = ',\n';
    if (text.length < PIECE) return;
    sink(text);
    text = '';
  };
  const named = new Set<number>();
  const track = (name: (typeof TRACKS)[number]): number => {
    const tid = TRACKS.indexOf(name);
    if (!named.has(tid)) {
      named.add(tid);
      write({ ph: 'M', pid: 0, tid, name: 'thread_name', args: { name } });
      write({ ph: 'M', pid: 0, tid, name: 'thread_sort_index', args: { sort_index: tid } });
    }
    return tid;
  };
  const span = (on: (typeof TRACKS)[number], name: string, from: number, to: number, args: object): void =>
    write({ ph: 'X', pid: 0, tid: track(on), ts: from, dur: to - from, name, args });

  let since = 0;
  const observer = (event: SimulationEvent): void => {
    const layer = program.layers[event.layer]?.name;
    const args = { pc: event.pc, ...(layer === undefined ? {} : { layer }) };
    switch (event.type) {
      case 'load:end':
      case 'store:end':
      case 'mma:end':
      case 'vec:end':
      case 'move:end':
      case 'compute:end':
      case 'wait:end':
      case 'signal:end': {
        const { entry } = event;
        // Semaphores that take no time would only litter the picture.
        if (entry.kind === 'wait' || entry.kind === 'signal') {
          if (event.cycle === event.start) return;
          span(event.unit, `${entry.kind} ${entry.semaphore}`, event.start, event.cycle, args);
          return;
        }
        const name = nameOf(entry);
        span(event.unit, layer === undefined ? name : `${name} ${layer}`, event.start, event.cycle, args);
        return;
      }
      case 'control:stall':
      case 'host:start':
        since = event.cycle;
        return;
      case 'control:resume':
        span('control', `wait for ${event.cause === 'queue' ? 'a full queue' : event.cause}`, since, event.cycle, args);
        return;
      case 'host:end':
        span('host', event.name, since, event.cycle, args);
        return;
      case 'halt':
        write({ ph: 'i', s: 'g', pid: 0, tid: track('control'), ts: event.cycle, name: 'halt', args });
        return;
      case 'load:start':
      case 'store:start':
      case 'mma:start':
      case 'vec:start':
      case 'move:start':
      case 'compute:start':
      case 'wait:start':
      case 'signal:start':
      case 'channel:grant':
        return;
      default:
        event satisfies never;
    }
  };
  return {
    observer,
    close: () => {
      sink(`${text}\n]}\n`);
      text = '';
    },
  };
}

/** What an entry is called in the picture. */
function nameOf(entry: Exclude<QueueEntry, WaitEntry | SignalEntry>): string {
  switch (entry.kind) {
    case 'vec':
      return `vec.${entry.function}`;
    case 'move':
      return `move ${entry.from} ${entry.to}`;
    case 'compute':
      return `compute ${entry.type}`;
    default:
      return entry.kind;
  }
}
