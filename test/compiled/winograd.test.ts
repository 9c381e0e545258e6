/**
 * Convolutions by the Winograd unit: the host's numbers, exact busy cycles and traffic, no races, whatever sizes, padding, groups and
 * batches, on machines of every kind of matrix unit; and the fastest is chosen.
 */
import { describe, expect, test } from 'vitest';
import { int, ints } from '#ir';
import { type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';

const extended = presets.get('textbook-extended')!;

/** Machines of one core, with a Winograd unit of few lanes and the semaphores for it. */
const machines: readonly Machine[] = [
  extended,
  ...MACHINES.filter((m) => m.cluster === undefined).map(
    (m, i): Machine => ({
      ...m,
      name: `${m.name} with winograd`,
      control: { ...m.control, semaphores: 32 },
      nram: { ...m.nram, bytes: Math.max(m.nram.bytes, 16384) },
      winograd: { lanes: [4, 3, 8, 16][i % 4]!, tileCycles: { f2: 4, f4: 6 }, pipelineCycles: i % 3 },
    }),
  ),
];

function convolution(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const group = g.oneIn(4) ? 2 : 1;
  const [channels, filters] = [r.integer(1, 40), group * r.integer(1, 40)];
  const size = [r.integer(3, 17), r.integer(3, 17)];
  const x = g.input([r.pick([1, 1, 2, 3]), group * channels, ...size]).name;
  const bias = g.oneIn(2) ? [g.constant([filters])] : [];
  const pads = ints([0, 0, 0, 0].map(() => r.integer(0, 2)));
  let name = g.node('Conv', [x, g.weights([filters, channels, 3, 3]), ...bias], { group: int(group), pads });
  if (g.oneIn(2)) name = g.oneIn(2) ? g.node('Relu', [name]) : g.node('LeakyRelu', [name]);
  else if (g.oneIn(3)) name = g.node('Clip', [name, g.scalar(-0.25), g.scalar(0.5)]);
  if (g.oneIn(3)) name = g.node('Add', [name, g.input(g.typed(name)!.dims).name]);
  if (g.oneIn(4)) name = g.node('Mul', [name, g.constant([filters, 1, 1])]);
  return Object.assign(g, { result: name });
}

describe('random convolutions', () => {
  for (const [i, machine] of machines.entries()) {
    test(machine.name, async () => {
      let done = 0;
      // Rounding: see the errors in ARCHITECTURE.md; values here are of the order of 1.
      for (let seed = 0; seed < 4; seed++) {
        const g = convolution(4 * i + seed);
        const feeds = g.feeds();
        for (const winograd of ['f2', 'f4'] as const) {
          const { faults, compiled } = await runCompiled(g.model([g.result]), machine, feeds, {
            winograd,
            rounding: 2e-5,
          });
          expect(faults, `seed ${seed}, ${winograd}`).toEqual([]);
          if (compiled.program.layers.some((l) => l.predicted?.busy.winograd !== undefined)) done++;
        }
      }
      expect(done).toBeGreaterThan(0);
    });
  }
});
