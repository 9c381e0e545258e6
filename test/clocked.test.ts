/**
 * The cycle model, which jumps from event to event, against a model that steps every cycle through the documented state tables:
 * every entry of every unit starts and ends at the same cycle.
 */
import { expect, test } from 'vitest';
import type { Machine } from '#machine';
import { createSimulation, type QueueEntry, type SimulationEvent, type Work } from '#sim';
import { SIZE, UNIT_MACHINES } from '#timing';
import { type ClockedEntry, runClocked } from './support/clockedModel.ts';
import { randomProgram } from './support/randomPrograms.ts';

const PROGRAMS = 1000;
const byUnit = (entries: readonly ClockedEntry[]) =>
  Object.fromEntries([...Map.groupBy(entries, (e) => e.unit)].sort(([a], [b]) => (a < b ? -1 : 1)));

/** What becomes of lane-cycles by the states that they fall in. */
function lanesIn(states: Readonly<Record<string, number>>, used: number) {
  const cycles = (...of: string[]): number => of.reduce((n, state) => n + (states[state] ?? 0), 0);
  const [pipeline, fill, drain] = [cycles('PIPELINE'), cycles('FILL'), cycles('SKEW', 'EMPTY', 'TREE')];
  const available = pipeline + fill + drain + cycles('CHUNK', 'STREAM', 'STEP', 'GROUP', 'TILE');
  return { available, used, pipeline, fill, drain, ragged: available - pipeline - fill - drain - used };
}

/** Lane-cycles that an entry asks for of the Winograd unit. */
function tileCycles(entry: QueueEntry, { winograd }: Machine): number {
  if (entry.kind !== 'winograd') return 0;
  return [0, 1, 2].reduce((n, d) => n * Math.max(0, entry.source[4 * d + SIZE]!), winograd!.tileCycles[entry.tile]!);
}

/** Lane-cycles of what the entries of other units ask for. */
function usedIn(name: string, { macs, vectorOps, divideOps, transcendentalOps }: Work, { vector }: Machine): number {
  if (name === 'matrix') return macs;
  const { simple, divide, transcendental } = vector.cycles;
  const others = divideOps * (divide - simple) + transcendentalOps * (transcendental - simple);
  return vectorOps * simple + others;
}

/** Idle causes and producers; the programs have no host parts. */
const CAUSES = [
  'channel',
  'dram',
  'tail',
  'sync',
  'empty',
  'semaphore',
  'dependence',
  'bank',
  'load',
  'store',
  'matrix',
  'vector',
  'winograd',
];

test(`${PROGRAMS} random programs: every start and end at the same cycle`, { timeout: 600_000 }, () => {
  let compared = 0;
  const spent: Record<string, number> = {};
  /** How many units had idle cycles of a cause, or waited for a producer. */
  const met = new Map<string, number>();
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const { program, text } = randomProgram(40_000 + seed);
    const { nram, wram, control } = program.machine;
    // Who of those that come at one cycle is first at a bank, when instructions take no time, is no question of hardware.
    if (control.cyclesPerInstruction === 0 && (nram.banks ?? wram.banks) !== undefined) continue;
    const entries: ClockedEntry[] = [];
    let tiles = 0;
    const observer = (event: SimulationEvent): void => {
      if (!('start' in event)) return;
      tiles += tileCycles(event.entry, program.machine);
      entries.push({ unit: event.unit, pc: event.pc, start: event.start, end: event.cycle });
    };
    const state = createSimulation(program, { data: false, observer }).run();
    if (state.state !== 'done') throw new Error('no host here');
    const clocked = runClocked(program);
    const message = `seed ${seed}, machine ${JSON.stringify(program.machine)}\n${text}`;
    expect(byUnit(entries), message).toEqual(byUnit(clocked.entries));
    expect(clocked.cycles, message).toBe(state.result.cycles);
    expect(clocked.control, message).toEqual(state.result.control);
    for (const [account, n] of Object.entries(clocked.control)) spent[account] = (spent[account] ?? 0) + n;
    for (const unit of state.result.units) {
      const { states, ...use } = clocked.uses[unit.name]!;
      expect({ busy: unit.busy, idleBy: unit.idleBy, waits: unit.waits }, `${unit.name}, ${message}`).toEqual(use);
      if (unit.lanes !== undefined) {
        const used = unit.name === 'winograd' ? tiles : usedIn(unit.name, state.result.total, program.machine);
        expect(unit.lanes, `${unit.name}, ${message}`).toEqual(lanesIn(states, used));
      }
      for (const counts of [unit.idleBy, unit.waits]) {
        for (const [key, n] of Object.entries(counts)) if (n > 0) met.set(key, (met.get(key) ?? 0) + 1);
      }
    }
    compared += entries.length;
  }
  expect(compared).toBeGreaterThan(9 * PROGRAMS);
  for (const cause of CAUSES) expect(met.get(cause), cause).toBeGreaterThan(PROGRAMS / 50);
  for (const [account, cycles] of Object.entries(spent))
    if (account !== 'host' && account !== 'barrier') expect(cycles, account).toBeGreaterThan(PROGRAMS);
});

test('every state is reached from the first, and every next state exists', () => {
  for (const { unit, states } of UNIT_MACHINES) {
    const reached = new Set([states[0]!.name]);
    for (const name of reached) {
      for (const { to } of states.find((s) => s.name === name)!.next) reached.add(to);
    }
    expect([...reached].sort(), unit).toEqual(states.map((s) => s.name).sort());
  }
});
