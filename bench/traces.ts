/**
 * What a trace costs: one long timing-only run without an observer, with one that does nothing, and written as each format.
 *
 * Method: a hand-written program of two units that hand a buffer back and forth (six queue entries and a branch a round), on the
 * preset systolic-16x16; each way once to warm up, then once measured, in CPU time of the process, bytes counted and dropped. Resident memory is that of the
 * process after each run: it must not grow with the rounds. Rounds: the argument, or 200000.
 */
import { assembleProgram } from '#isa';
import { presets } from '#machine';
import { chromeTrace, createSimulation, type Observer, perfettoTrace, type Trace } from '#sim';

const source = (rounds: number): string => `
  .dram 4096
  .fill 0, 4096, f32 1
  .node "layer"
  cfg.dimi R0, 0, 64, 4
  li r1, 0x400
  loopi ${rounds}
    load nram, r0, r0, R0, R0, f32
    signal load, 0
    wait vector, 0
    vec.exp r1, r0, r0, R0, R0, R0, f32
    signal vector, 1
    wait load, 1
  endloop
  halt`;

export default function traces([argument]: readonly string[]): void {
  const rounds = Number(argument ?? 200_000);
  const machine = presets.get('systolic-16x16')!;
  const program = assembleProgram(source(rounds), { file: 'bench.s', machine });
  let events = 0;
  let bytes = 0;
  const count = (piece: { readonly length: number }): void => {
    bytes += piece.length;
  };
  const ways: Readonly<Record<string, () => Partial<Trace>>> = {
    'no observer': () => ({}),
    'observer that counts': () => ({ observer: () => void events++ }),
    'Chrome JSON': () => chromeTrace(program, count),
    Perfetto: () => perfettoTrace(program, count),
  };
  let base = 0;
  const rows = Object.entries(ways).map(([way, open]) => {
    const run = (): number => {
      events = 0;
      bytes = 0;
      const { observer, close } = open() as { observer?: Observer; close?: () => void };
      const start = process.cpuUsage();
      createSimulation(program, { data: false, ...(observer === undefined ? {} : { observer }) }).run();
      close?.();
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    run();
    const ms = run();
    if (base === 0) base = ms;
    return {
      way,
      'CPU ms': ms.toFixed(0),
      times: (ms / base).toFixed(2),
      'µs/round': ((1000 * (ms - base)) / rounds).toFixed(2),
      events,
      MB: (bytes / 1e6).toFixed(1),
      'RSS MB': (process.memoryUsage().rss / 2 ** 20).toFixed(0),
    };
  });
  console.table(rows);
}
