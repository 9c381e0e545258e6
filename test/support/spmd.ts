/**
 * Random programs for several cores: both models give one trace and one result, time does not depend on data, checkpoints go on as the
 * run would have, and where orders are left out there is one verdict, whatever the timing. And what a program leaves that divides its
 * work by the number of the core does not depend on how many there are. `spmd.test.ts` runs the first seeds, `spmd.full.test.ts` those
 * after them.
 */
import { expect, test } from 'vitest';
import { Random, SystoleError } from '#base';
import type { Program } from '#isa';
import { createSimulation, runFunctional, type Simulation, TraceRecorder } from '#sim';
import { checkStates } from './checkpoints.ts';
import { dividedProgram, spmdProgram } from './spmdPrograms.ts';

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The same program where everything takes other times. */
function retimed(program: Program, variant: number): Program {
  const { machine } = program;
  const { control, dma, dram, cluster } = machine;
  return {
    ...program,
    machine: {
      ...machine,
      control: {
        ...control,
        cyclesPerInstruction: variant % 2,
        signalLatency: 7 * variant,
        queueDepth: 1 + 40 * variant,
      },
      dma: { ...dma, setupCycles: variant === 1 ? 0 : 50 },
      dram: { ...dram, latencyCycles: variant === 2 ? 0 : 300 },
      cluster: { ...cluster!, remoteSignalLatency: 90 * variant, barrierLatency: variant === 1 ? 400 : 0 },
    },
  };
}

function errorOf(simulation: Simulation): SystoleError | undefined {
  try {
    simulation.run();
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  return undefined;
}

/** The output of a program, or the code it is stopped with. */
function outcome(program: Program): Uint8Array | string {
  const simulation = createSimulation(program, { data: true });
  const [stopped, stoppedTiming] = [simulation, createSimulation(program, { data: false })].map(errorOf);
  expect(stoppedTiming).toEqual(stopped);
  return stopped?.code ?? simulation.readOutput('all');
}

export function testSpmd(first: number, programs: number): void {
  test(`${programs} programs: one trace, one result, one time`, { timeout: 1_800_000 }, async () => {
    const met = { collectives: 0, ports: 0, meetings: 0, remote: 0 };
    for (let seed = first; seed < first + programs; seed++) {
      const { program, text } = spmdProgram(8_000_000 + seed);
      const message = `seed ${seed}, machine ${JSON.stringify(program.machine)}\n${text}`;
      const recorder = new TraceRecorder();
      const simulation = createSimulation(program, {
        data: true,
        observer: (event) => {
          recorder.observer(event);
          if (event.type === 'channel:grant' && event.channel === 'port') met.ports++;
          if (event.type === 'control:resume' && event.cause === 'barrier') met.meetings++;
          if ('entry' in event && event.type.endsWith(':start')) {
            if ('multicast' in event.entry) met.collectives++;
            if (event.entry.kind === 'signal' && event.entry.core !== undefined) met.remote++;
          }
        },
      });
      const state = simulation.run();
      if (state.state !== 'done') throw new Error('no host here');
      const functional = await runFunctional(program);
      expect(recorder.trace, message).toEqual(functional.trace);
      expect(state.result.dynamicInstructions, message).toBe(functional.executed);
      expect(sameBytes(simulation.readOutput('all'), functional.outputs.get('all')!), `DRAM, ${message}`).toBe(true);
      for (const [core, memories] of functional.cores.entries()) {
        for (const space of ['nram', 'wram', 'aram', 'shared'] as const) {
          for (const { address, bytes } of memories[space].pieces()) {
            const found = simulation.memories!.bytesOf(space, core).subarray(address, address + bytes.length);
            expect(sameBytes(found, bytes), `${space} of core ${core} from ${address}, ${message}`).toBe(true);
          }
        }
      }
      for (const unit of state.result.units) expect(unit.busy + unit.idle, message).toBe(state.result.cycles);
      const control = Object.values(state.result.control).reduce((sum, cycles) => sum + cycles, 0);
      expect(control, message).toBe(functional.cores.length * state.result.cycles);
      expect(createSimulation(program, { data: false }).run(), message).toEqual(state);
    }
    for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(programs / 2);
  });

  test(`${programs} programs with orders left out: one verdict, and one result if it is good`, {
    timeout: 1_800_000,
  }, () => {
    const verdicts = { race: 0, good: 0 };
    for (let seed = first; seed < first + programs; seed++) {
      const { program, text } = spmdProgram(9_000_000 + seed, 0.25);
      const [one, ...others] = [0, 1, 2].map((variant) => outcome(retimed(program, variant)));
      for (const other of others) {
        if (typeof one === 'string' || typeof other === 'string') expect(other, `seed ${seed}\n${text}`).toBe(one);
        else expect(sameBytes(other, one!), text).toBe(true);
      }
      if (typeof one === 'string') {
        expect(one, text).toBe('SYS-SIM-031');
        verdicts.race++;
      } else verdicts.good++;
    }
    expect(Math.min(verdicts.race, verdicts.good)).toBeGreaterThan(programs / 10);
  });

  test(`${programs / 3} programs leave the same on 1, 2 and 4 cores`, { timeout: 1_800_000 }, async () => {
    for (let seed = first; seed < first + programs / 3; seed++) {
      const { program, text } = dividedProgram(10_000_000 + seed);
      const left = [1, 2, 4].map((cores) => {
        const simulation = createSimulation({ ...program, cores }, { data: true });
        simulation.run();
        return simulation.readOutput('all');
      });
      for (const other of left.slice(1)) expect(sameBytes(other, left[0]!), `seed ${seed}\n${text}`).toBe(true);
      const functional = await runFunctional({ ...program, cores: 4 });
      expect(sameBytes(functional.outputs.get('all')!, left[0]!), `seed ${seed}\n${text}`).toBe(true);
    }
  });

  test(`${programs / 3} programs, saved at a random step`, { timeout: 1_800_000 }, () => {
    for (let seed = first; seed < first + programs / 3; seed++) {
      const { program, text } = spmdProgram(11_000_000 + seed);
      checkStates(
        program,
        { data: seed % 4 !== 0, hazards: seed % 3 !== 0 },
        new Random(seed),
        `seed ${seed}\n${text}`,
      );
    }
  });
}
