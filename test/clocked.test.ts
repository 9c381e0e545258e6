/**
 * The cycle model, which jumps from event to event, against a model that steps every cycle through the documented state tables:
 * every entry of every unit starts and ends at the same cycle.
 */
import { expect, test } from 'vitest';
import { createSimulation, type SimulationEvent } from '#sim';
import { UNIT_MACHINES } from '#timing';
import { type ClockedEntry, runClocked } from './support/clockedModel.ts';
import { randomProgram } from './support/randomPrograms.ts';

const PROGRAMS = 1000;
const byUnit = (entries: readonly ClockedEntry[]) =>
  Object.fromEntries([...Map.groupBy(entries, (e) => e.unit)].sort(([a], [b]) => (a < b ? -1 : 1)));

test(`${PROGRAMS} random programs: every start and end at the same cycle`, { timeout: 600_000 }, () => {
  let compared = 0;
  const spent: Record<string, number> = {};
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const { program, text } = randomProgram(40_000 + seed);
    const entries: ClockedEntry[] = [];
    const observer = (event: SimulationEvent): void => {
      if (!('start' in event)) return;
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
    compared += entries.length;
  }
  expect(compared).toBeGreaterThan(10 * PROGRAMS);
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
