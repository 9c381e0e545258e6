/**
 * Two models, one truth: for random programs the functional and the cycle model execute the same entries in every queue and
 * leave the same memories, and counting time without data gives the same cycles. And where orders are left out, what the
 * hazard detector says depends neither on timing nor on whether there is data, and what it lets pass does not depend on timing.
 * `agreement.test.ts` runs the first 1,000 seeds, `agreement.full.test.ts` those after them.
 */
import { expect, test } from 'vitest';
import { SystoleError } from '#base';
import type { Program } from '#isa';
import { type ArchitecturalTrace, createSimulation, runFunctional, type Simulation, TraceRecorder } from '#sim';
import { RAW, randomProgram } from './randomPrograms.ts';

/** What each queue executed; sorted where a machine may do so in another order. */
const stepsOf = (trace: ArchitecturalTrace, inOrder: boolean) =>
  new Map(
    [...trace].map(([unit, steps]) => [
      unit,
      inOrder ? steps : [...steps].sort((a, b) => a.pc - b.pc || a.hash - b.hash),
    ]),
  );

/** Byte at which the memories differ, or −1. Below `raw`, two NaNs are alike: which NaN an operation gives is left open. */
function difference(found: Uint8Array, expected: Uint8Array, raw: number): number {
  const [a, b] = [found, expected].map((bytes) => new Uint32Array(bytes.slice().buffer)) as [Uint32Array, Uint32Array];
  const isNan = (word: number): boolean => (word & 0x7fffffff) > 0x7f800000;
  if (a.length !== b.length) return Math.min(a.length, b.length);
  return a.findIndex((word, i) => word !== b[i] && !(4 * i < raw && isNan(word) && isNan(b[i]!))) * 4;
}

/** Declares the tests for `programs` seeds from `first` on. */
export function testAgreement(first: number, programs: number): void {
  test(`${programs} random programs: one trace, one result, one time`, { timeout: 1_800_000 }, async () => {
    const executed = {
      programs: 0,
      load: 0,
      store: 0,
      mma: 0,
      integers: 0,
      vec: 0,
      loadSparse: 0,
      mmaSparse: 0,
      winograd: 0,
    };
    for (let seed = first; seed < first + programs; seed++) {
      const { program, text } = randomProgram(seed);
      const message = `seed ${seed}, machine ${JSON.stringify(program.machine)}\n${text}`;
      const recorder = new TraceRecorder();
      const simulation = createSimulation(program, { data: true, observer: recorder.observer });
      const state = simulation.run();
      const functional = await runFunctional(program);

      const { scoreboard } = program.machine.control;
      const inOrder = scoreboard?.order !== 'out-of-order';
      expect(stepsOf(recorder.trace, inOrder), message).toEqual(stepsOf(functional.trace, inOrder));
      if (state.state !== 'done') throw new Error('no host here');
      expect(state.result.dynamicInstructions, message).toBe(functional.executed);
      const all = functional.outputs.get('all')!;
      expect(difference(simulation.readOutput('all'), all, RAW), `DRAM, ${message}`).toBeLessThan(0);
      for (const space of ['nram', 'wram', 'aram'] as const) {
        for (const { address, bytes } of functional.memories[space].pieces()) {
          const found = simulation.memories!.bytesOf(space, 0).subarray(address, address + bytes.length);
          const at = difference(found, bytes, space === 'nram' ? RAW - address : Number.POSITIVE_INFINITY);
          expect(at, `${space} from ${address}, ${message}`).toBeLessThan(0);
        }
      }

      expect(createSimulation(program, { data: false }).run(), message).toEqual(state);
      executed.programs++;
      for (const step of [...recorder.trace.values()].flat()) {
        const kind = program.words[step.pc]! >> 56n;
        if (kind === 0x42n) executed.load++;
        if (kind === 0x43n) executed.store++;
        if (kind === 0x44n) executed.mma++;
        if (kind === 0x44n && ((program.words[step.pc]! >> 48n) & 7n) > 2n) executed.integers++;
        if (kind === 0x45n) executed.vec++;
        if (kind === 0x46n) executed.loadSparse++;
        if (kind === 0x4cn) executed.mmaSparse++;
        if (kind >= 0x4dn && kind <= 0x4fn) executed.winograd++;
      }
    }
    console.log(`agreement: ${JSON.stringify(executed)}`);
    expect(Math.min(executed.load, executed.store, executed.mma, executed.integers, executed.vec)).toBeGreaterThan(
      programs / 2,
    );
    expect(Math.min(executed.loadSparse, executed.mmaSparse, executed.winograd)).toBeGreaterThan(programs / 10);
  });

  /** The same program where everything takes other times. */
  function retimed(program: Program, variant: number): Program {
    const { machine } = program;
    const { control, dma, dram, vector } = machine;
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
        vector: { ...vector, pipelineCycles: variant === 1 ? 200 : 0 },
      },
    };
  }

  /** The output of a program, or the code it is stopped with. */
  function outcome(program: Program): Uint8Array | string {
    const simulation = createSimulation(program, { data: true });
    const [stopped, stoppedTiming] = [simulation, createSimulation(program, { data: false })].map(errorOf);
    expect(stoppedTiming).toEqual(stopped);
    return stopped?.code ?? simulation.readOutput('all');
  }

  /** What a run is stopped with, if it is. */
  function errorOf(simulation: Simulation): SystoleError | undefined {
    try {
      simulation.run();
    } catch (error) {
      if (error instanceof SystoleError) return error;
      throw error;
    }
    return undefined;
  }

  test(`${programs / 2} programs with orders left out: one verdict, and one result if it is good`, {
    timeout: 1_800_000,
  }, () => {
    const verdicts = { race: 0, good: 0 };
    for (let seed = first; seed < first + programs / 2; seed++) {
      const { program, text } = randomProgram(1_000_000 + seed, 0.8);
      const [first, ...others] = [0, 1, 2].map((variant) => outcome(retimed(program, variant)));
      for (const other of others) {
        if (typeof first === 'string' || typeof other === 'string') expect(other, text).toBe(first);
        else expect(difference(other, first!, 0), text).toBeLessThan(0);
      }
      if (typeof first === 'string') {
        expect(first, text).toBe('SYS-SIM-031');
        verdicts.race++;
      } else verdicts.good++;
    }
    console.log(`orders left out: ${JSON.stringify(verdicts)}`);
    // Nothing races where there is a scoreboard.
    expect(Math.min(verdicts.race, verdicts.good)).toBeGreaterThan(programs / 40);
  });
}
