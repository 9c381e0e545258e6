/**
 * No word, valid or not, ends in anything but a documented result or a coded trap, in either model and either fidelity; and what the
 * cycle model runs to its end has the functional model's result.
 */
import { expect, test } from 'vitest';
import { SystoleError } from '#base';
import type { Program } from '#isa';
import { type Machine, presets } from '#machine';
import { createSimulation, runFunctional } from '#sim';
import { machineWith } from './support/processor.ts';
import { randomWords } from './support/randomWords.ts';

const PROGRAMS = 4000;
/** With and without what a machine may have. */
const options = {
  dma: { decompressor: { elementsPerCycle: 4, pipelineCycles: 1 } },
  winograd: { lanes: 2, tileCycles: { f2: 4, f4: 6 }, pipelineCycles: 1 },
};
const MACHINES = [
  ...['textbook-single', 'systolic-16x16', 'shidiannao', 'textbook-cluster', 'textbook-single-ddr4'].map(
    (n) => presets.get(n)!,
  ),
  machineWith('textbook-single', { control: { scoreboard: { order: 'out-of-order', versions: 2, entries: 8 } } }),
  ...(['2:4', 'bitmap'] as const).map((weights) =>
    machineWith('textbook-single', { ...options, matrix: { sparsity: { weights } } as Partial<Machine['matrix']> }),
  ),
];
/** Enough for loops around loops of these lengths, and not for those that never end. */
const LIMIT = 500;

/** Streams and weights that are not what their instruction says. */
const DATA_CODES = ['SYS-SIM-170', 'SYS-SIM-171'];

type Outcome = { readonly code: string } | { readonly cycles: number; readonly bytes?: Uint8Array };

function simulated(program: Program, data: boolean): Outcome {
  const simulation = createSimulation(program, { data, maxInstructions: LIMIT });
  const state = simulation.run();
  // `host n` names a part that the program does not have, so nothing ever asks for the host.
  if (state.state !== 'done') throw new Error(state.state);
  return { cycles: state.result.cycles, ...(data ? { bytes: simulation.readOutput('all') } : {}) };
}

/** What a run answers, or the code that it stops with; anything else that it throws is a bug. */
function outcomeOf(run: () => Outcome): Outcome {
  try {
    return run();
  } catch (error) {
    if (error instanceof SystoleError && error.kind !== 'internal') return { code: error.code };
    throw error;
  }
}

test(`${PROGRAMS} programs of random words`, { timeout: 600_000 }, async () => {
  const codes = new Map<string, number>();
  const count = (code: string): void => {
    codes.set(code, (codes.get(code) ?? 0) + 1);
  };
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const program = randomWords(seed, MACHINES[seed % MACHINES.length]!);
    const message = `seed ${seed}`;
    const timing = outcomeOf(() => simulated(program, false));
    const data = outcomeOf(() => simulated(program, true));
    count('code' in timing ? timing.code : 'end');
    if ('code' in timing) {
      // Programs without addresses are refused with data.
      if (!('code' in data && ['SYS-SIM-009', ...DATA_CODES].includes(data.code)))
        expect(data, message).toEqual(timing);
      continue;
    }
    if ('code' in data) {
      // What compressed data holds shows with data only, and to the functional model, too.
      expect(['SYS-SIM-009', ...DATA_CODES], message).toContain(data.code);
      if (data.code !== 'SYS-SIM-009') {
        await expect(runFunctional(program, { maxInstructions: LIMIT }), message).rejects.toMatchObject(data);
        count(data.code);
      }
      continue;
    }
    expect(data.cycles, message).toBe(timing.cycles);
    const { outputs } = await runFunctional(program, { maxInstructions: LIMIT });
    expect(data.bytes, message).toEqual(outputs.get('all'));
  }
  console.log(`random words: ${JSON.stringify(Object.fromEntries([...codes].sort((a, b) => b[1] - a[1])))}`);
  expect(codes.get('end')).toBeGreaterThan(PROGRAMS / 40);
  expect(codes.size).toBeGreaterThan(12);
});
