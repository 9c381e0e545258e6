/**
 * A trace in Chrome's trace event format (JSON object form, read by Perfetto and chrome://tracing; "Trace Event Format", Google,
 * 2016). Several cores are a process each. One cycle is written as one microsecond, a flow as an arrow from the beginning of one slice to that of another. Text goes
 * to the sink in pieces of some kilobytes; nothing else of it is kept.
 */
import type { Program } from '#isa';
import { type Trace, timeline } from './timeline.ts';
import type { Facts, TraceWriter } from './writer.ts';

const PIECE = 1 << 14;

/** @param sink gets the text of the file, piece by piece */
export function chromeTrace(program: Program, sink: (text: string) => void): Trace {
  return timeline(program, chromeWriter(program.name, sink));
}

function chromeWriter(name: string, sink: (text: string) => void): TraceWriter {
  let text = `{"displayTimeUnit":"ns","otherData":{"program":${JSON.stringify(name)},"unit":"1 us = 1 cycle"},"traceEvents":[`;
  let separator = '\n';
  /** Names of counters, by track. */
  const counters: string[] = [];
  /** The process of each track: that of its group, or 0. */
  const processes: number[] = [];
  /** Names as JSON, since there are few. */
  const written = new Map<string, string>();
  const json = (value: string): string => {
    let found = written.get(value);
    if (found === undefined) {
      found = JSON.stringify(value);
      written.set(value, found);
    }
    return found;
  };
  const args = (facts: Facts): string => {
    let members = '';
    for (const key in facts) {
      const value = facts[key]!;
      members += `${members === '' ? '' : ','}${json(key)}:${typeof value === 'number' ? value : json(value)}`;
    }
    return members === '' ? '' : `,"args":{${members}}`;
  };
  const write = (event: string): void => {
    text += separator + event;
    separator = ',\n';
    if (text.length < PIECE) return;
    sink(text);
    text = '';
  };
  const head = (phase: string, track: number, cycle: number): string =>
    `{"ph":"${phase}","pid":${processes[track] ?? 0},"tid":${track},"ts":${cycle}`;
  const span = (track: number, from: number, to: number, called: string, facts: Facts): void =>
    write(`${head('X', track, from)},"dur":${to - from},"name":${json(called)}${args(facts)}}`);
  const arrow = (phase: string, track: number, cycle: number, id: number): void =>
    write(`${head(phase, track, cycle)},"id":${id},"cat":"semaphore","name":"semaphore"}`);

  return {
    track: ({ id, name: called, rank, unit, group, isGroup }) => {
      const process = isGroup ? id : (group ?? 0);
      processes[id] = process;
      if (unit !== undefined) {
        counters[id] = `${called} (${unit})`;
        return;
      }
      const meta = (key: string, members: string): void =>
        write(`{"ph":"M","pid":${process},"tid":${id},"name":"${key}","args":{${members}}}`);
      const what = isGroup ? 'process' : 'thread';
      meta(`${what}_name`, `"name":${json(called)}`);
      meta(`${what}_sort_index`, `"sort_index":${rank}`);
    },
    slice: (track, { from, to, name: called, facts, phases, out, in: into }) => {
      span(track, from, to, called, facts);
      // An arrow belongs to the slice that stands last before it, so it comes before the phases.
      for (const id of out) arrow('s', track, from, id);
      for (const id of into) arrow('f","bp":"e', track, from, id);
      for (const phase of phases) span(track, phase.from, phase.to, phase.name, {});
    },
    open: (track, cycle, called) => write(`${head('B', track, cycle)},"name":${json(called)}}`),
    close: (track, cycle) => write(`${head('E', track, cycle)}}`),
    instant: (track, cycle, called, facts) =>
      write(`${head('i', track, cycle)},"s":"g","name":${json(called)}${args(facts)}}`),
    count: (track, cycle, value) =>
      write(
        `{"ph":"C","pid":${processes[track]!},"ts":${cycle},"name":${json(counters[track]!)},"args":{"value":${value}}}`,
      ),
    end: () => {
      sink(`${text}\n]}\n`);
      text = '';
    },
  };
}
