/** Exercises 7.7 to 7.12: every schedule takes exactly the cycles that were worked out for it. */
import { existsSync, readFileSync } from 'node:fs';
import { assembleProgram, type Program } from 'systole/isa';
import { presets } from 'systole/machine';
import { createSimulation, type SimulationResult } from 'systole/sim';
import { describe, expect, test } from 'vitest';
import { machineOf, SCHEDULES } from './table.ts';

function timed(program: Program): SimulationResult {
  const run = createSimulation(program, { data: false }).run();
  if (run.state !== 'done') throw new Error(`the run stopped: ${run.state}`);
  return run.result;
}

describe.each(['7.7', '7.8', '7.9', '7.10', '7.11', '7.12'])('%s', (exercise) => {
  const schedules = SCHEDULES.filter((s) => s.exercise === exercise);

  test.each(schedules.map((s) => [s.name, s] as const))('%s', (_, schedule) => {
    const program = assembleProgram(schedule.text, { file: `${exercise}.s`, machine: machineOf(schedule, presets) });
    const { cycles, total, units } = timed(program);
    const busy = (name: string) => units.find((u) => u.name === name)!.busy;
    expect({ cycles, bytes: total.readBytes + total.writeBytes, busy: [busy('dma'), busy('matrix')] }).toEqual({
      cycles: schedule.cycles,
      bytes: schedule.bytes,
      busy: schedule.busy,
    });
  });
});

const PROGRAMS = '../shared/course/programs';

/** The programs as they were handed out, by the cycles that their schedules take. */
const HANDED_OUT: Readonly<Record<string, number>> = {
  '7.7_overlap': 34,
  '7.7_serial': 34,
  '7.8_db8': 4896,
  '7.8_k32': 4432,
  '7.8_k32_tail': 4208,
  '7.8_serial': 6912,
  '7.9_db_B32': 133888,
  '7.9_db_sliced_B32': 131872,
  '7.9_serial_B64': 157696,
  '7.10_db_B32': 132096,
  '7.10_db_B32_sparse8': 17408,
  '7.10_serial_B64': 147968,
  '7.11_db8': 1520,
  '7.11_serial_batch_shared': 2578,
  '7.11_serial_cols_shared': 2503,
  '7.11_serial_mixed': 2432,
  '7.12_best_P4_B32': 525504,
  '7.12_db_P4_B32': 537088,
  '7.12_serial_P4_B32': 618624,
};

describe.skipIf(!existsSync(PROGRAMS))(`programs handed out (skipped where ${PROGRAMS} is absent)`, () => {
  test.each(Object.entries(HANDED_OUT))('%s takes %d cycles', (name, cycles) => {
    const machine = presets.get(/^7\.1[12]/.test(name) ? 'textbook-cluster' : 'textbook-single')!;
    const text = readFileSync(`${PROGRAMS}/${name}.asm`, 'utf8');
    expect(timed(assembleProgram(text, { file: `${name}.asm`, machine })).cycles).toBe(cycles);
  });
});
