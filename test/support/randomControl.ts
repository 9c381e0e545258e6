/** Options of the control unit, each on some of the random machines: scoreboard, result latencies, instruction fetch. */
import type { Random } from '#base';
import type { Machine } from '#machine';

/** Some machines order conflicting entries by themselves. */
function scoreboard(random: Random): Partial<Machine['control']> {
  const order = random.pick(['in-order', 'out-of-order'] as const);
  const versions = random.pick([1, 1, 2, 3]);
  return random.uniform() < 0.25 ? { scoreboard: { order, versions, entries: random.integer(1, 12) } } : {};
}

/** On some machines results take their time, on some instructions are fetched. */
function frontEnd(random: Random): Partial<Machine['control']> {
  const cycles = (): number => random.integer(0, 6);
  const wordsPerCycle = random.integer(1, 4);
  return {
    ...(random.uniform() < 0.4
      ? { pipeline: { aluCycles: cycles(), multiplyCycles: cycles(), loadCycles: cycles(), configCycles: cycles() } }
      : {}),
    ...(random.uniform() < 0.4
      ? {
          fetch: {
            wordsPerCycle,
            bufferWords: wordsPerCycle + random.integer(0, 9),
            latencyCycles: random.integer(0, 5),
            loopWords: random.pick([0, 0, 4, 16, 64]),
          },
        }
      : {}),
  };
}

export const randomControl = (random: Random): Partial<Machine['control']> => ({
  ...scoreboard(random),
  ...frontEnd(random),
});
