/**
 * Checkpoints: a run that is saved, restored elsewhere and resumed is the run without that, and so is a run in moments, in
 * which control never runs ahead. `checkpoints.test.ts` runs the first seeds, `checkpoints.full.test.ts` those after them.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { Random } from '#base';
import type { Program } from '#isa';
import { createSimulation, type Simulation, type SimulationOptions } from '#sim';
import { randomProgram } from './randomPrograms.ts';

type Mode = 'run' | 'moments';

const advance = (simulation: Simulation, mode: Mode): unknown =>
  mode === 'run' ? simulation.run(1) : simulation.moment();

/** Steps or moments from where a run stands to its end. */
function finish(simulation: Simulation, mode: Mode): number {
  let steps = 0;
  for (; simulation.next !== 'done'; steps++) advance(simulation, mode);
  return steps;
}

/** All that a finished run leaves, in whatever steps it came there. */
function outcome(simulation: Simulation): unknown {
  const { result, numbers, counters } = simulation.save();
  const all = numbers && simulation.readOutput('all');
  return { result, counters, all, pads: numbers?.pads, shared: numbers?.shared };
}

/** Saves a run at random, goes on here and elsewhere, and compares. */
export function checkStates(program: Program, options: SimulationOptions, random: Random, message: string): void {
  // Values of Vitest's own comparison are megabytes here.
  const same = (found: unknown, expected: unknown, what: string): void =>
    expect(isDeepStrictEqual(found, expected), `${what}, ${message}`).toBe(true);
  const whole = createSimulation(program, options);
  const steps = finish(whole, 'run');
  const expected = outcome(whole);
  const single = createSimulation(program, options);
  const moments = finish(single, 'moments');
  same(outcome(single), expected, 'in moments');

  for (const mode of ['run', 'moments'] as const) {
    const at = random.integer(0, mode === 'run' ? steps : moments);
    const first = createSimulation(program, options);
    for (let n = 0; n < at; n++) advance(first, mode);
    const state = first.save();
    const written = structuredClone(state);
    finish(first, mode);
    const end = first.save();
    // In place, with the state shared, and used twice.
    for (const time of ['first', 'second']) {
      first.restore(state);
      finish(first, mode);
      same(first.save(), end, `restored a ${time} time after ${at} in ${mode}`);
    }
    // Elsewhere, from what was written out or shared, and on in the other mode.
    for (const from of [structuredClone(written), state]) {
      const elsewhere = createSimulation(program, options);
      elsewhere.restore(from);
      finish(elsewhere, mode === 'run' ? 'moments' : 'run');
      same(outcome(elsewhere), expected, `elsewhere after ${at} in ${mode}`);
    }
    same(state, written, 'what was saved');
  }
}

export function testCheckpoints(first: number, programs: number): void {
  test(`${programs} random programs, saved at a random step`, { timeout: 1_800_000 }, () => {
    for (let seed = first; seed < first + programs; seed++) {
      const { program, text } = randomProgram(3_000_000 + seed);
      const options = { data: seed % 4 !== 0, hazards: seed % 3 !== 0 };
      checkStates(program, options, new Random(seed), `seed ${seed}\n${text}`);
    }
  });
}
