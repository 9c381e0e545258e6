/**
 * Stepping over random programs: whatever way the debugger comes to a place, backwards too, it shows the same there; nothing
 * that it shows is ahead of the cycle; and the end is that of a plain run.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { Random } from '#base';
import { createDebugger, createSimulation, type Debugger, MEMORIES } from '#sim';
import { randomProgram } from './support/randomPrograms.ts';
import { spmdProgram } from './support/spmdPrograms.ts';

/** Everything that a debugger shows. */
function shown(d: Debugger): object {
  // Random programs run on machines of one core, which have no SharedRAM.
  const memories = MEMORIES.filter((memory) => memory !== 'shared').map((memory) =>
    d.read(memory, 0, memory === 'dram' ? d.program.dramBytes : 4096),
  );
  const { cycle, instructions, isDone, channelFree } = d;
  return {
    ...{ cycle, instructions, isDone, channelFree, memories, instruction: d.instruction(), control: d.control() },
    ...{ records: d.records(), units: d.units(), semaphores: d.semaphores() },
  };
}

/** What is ahead of the cycle. */
function ahead(d: Debugger): unknown[] {
  return d
    .units()
    .flatMap(({ running, queue }) => [
      ...queue.filter(({ dispatched }) => dispatched > d.cycle),
      ...(running !== undefined && (running.start > d.cycle || running.end! < d.cycle) ? [running] : []),
    ]);
}

test.each([
  ['instructions', 'one core', 15],
  ['cycles', 'one core', 15],
  ['instructions', 'several cores', 8],
  ['cycles', 'several cores', 8],
] as const)(
  'back and forward by %s over random programs of %s',
  {
    timeout: 120_000,
  },
  async (by, on, programs) => {
    for (let seed = 1; seed <= programs; seed++) {
      const { program, text } = (on === 'one core' ? randomProgram : spmdProgram)(4_000_000 + seed);
      const random = new Random(seed);
      const same = (found: unknown, expected: unknown, what: string): void =>
        expect(isDeepStrictEqual(found, expected), `${what}, seed ${seed}\n${text}`).toBe(true);
      const d = createDebugger(program, { data: true, checkpointBytes: random.pick([0, 2 ** 20, 2 ** 28]) });
      d.follow(random.integer(0, d.cores - 1));
      const forward = (n: number) => (by === 'instructions' ? d.step(n) : d.stepCycles(n));
      const back = (n: number) => (by === 'instructions' ? d.stepBack(n) : d.stepCyclesBack(n));
      // The cycle 0 is not over at the beginning.
      if (by === 'cycles') await d.runToCycle(0);
      const places = [shown(d)];
      while (!d.isDone) {
        const stop = await forward(1);
        expect(stop.reasons.map((r) => r.kind === 'error' && r.error)).toEqual([false]);
        expect(ahead(d)).toEqual([]);
        places.push(shown(d));
        if (places.length > 300) break;
      }
      const last = places.length - 1;
      let at = last;
      for (let n = 0; n < 12; n++) {
        const to = random.integer(0, last);
        if (to < at) await back(at - to);
        else if (to > at) await forward(to - at);
        at = to;
        same(shown(d), places[at], `place ${at} of ${last}`);
      }
      await d.continue();
      const whole = createSimulation(program, { data: true }).run();
      same((await d.continue()).reasons, [{ kind: 'done', result: whole.state === 'done' && whole.result }], 'the end');
    }
  },
);
