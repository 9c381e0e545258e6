/**
 * Convolutions by im2col: the host's numbers, exact busy cycles and traffic, no races, whatever windows, padding, strides, dilations,
 * groups, batches, element types and cores; under any tiling that fits; and the fastest way is chosen.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { int, ints } from '#ir';
import type { Contraction, Tiling } from '#lower';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { randomTiling } from '../support/randomTiling.ts';

const ROUNDING = 2e-6;

function convolution(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const group = r.pick([1, 1, 1, 2, 3]);
  const [channels, filters] = [group * r.integer(1, 4), group * r.integer(1, 20)];
  const isFlat = g.oneIn(5);
  const kernel = isFlat ? [r.integer(2, 5)] : [r.integer(1, 5), r.integer(1, 5)];
  const dilations = kernel.map(() => r.pick([1, 1, 1, 2, 3]));
  const size = kernel.map((k, i) => r.integer((k - 1) * dilations[i]! + 1, (k - 1) * dilations[i]! + 10));
  const pads = Array.from({ length: 2 * kernel.length }, () => r.pick([0, 0, 1, 2, 5]));
  const x = g.input([r.pick([1, 1, 2]), channels, ...size]).name;
  const weights = g.weights([filters, channels / group, ...kernel]);
  const bias = g.oneIn(2) ? [g.constant([filters])] : [];
  let name = g.node('Conv', [x, weights, ...bias], {
    group: int(group),
    strides: ints(kernel.map(() => r.integer(1, 4))),
    pads: ints(g.oneIn(3) ? pads.map(() => 0) : pads),
    dilations: ints(dilations),
  });
  if (g.oneIn(2)) name = g.node('Relu', [name]);
  if (g.oneIn(3)) name = g.node('Add', [name, g.input(g.typed(name)!.dims.map((d) => (g.oneIn(2) ? d : 1))).name]);
  if (g.oneIn(4)) name = g.node('Mul', [name, g.constant([filters, ...kernel.map(() => 1)])]);
  return Object.assign(g, { result: name });
}

describe('random convolutions', () => {
  for (const [i, machine] of [...MACHINES, ...PRESETS].entries()) {
    test(machine.name, async () => {
      let done = 0;
      for (let seed = 0; seed < 10; seed++) {
        const g = convolution(10 * i + seed);
        const feeds = g.feeds();
        const { faults, compiled } = await runCompiled(g.model([g.result]), machine, feeds, {
          convolution: 'im2col',
          rounding: ROUNDING,
        });
        expect(faults, `seed ${10 * i + seed}`).toEqual([]);
        if (compiled.program.layers.some((l) => l.where === 'matrix')) done++;
      }
      expect(done).toBeGreaterThan(4);
    });

    test(`${machine.name}: any tiling that fits`, async () => {
      let done = 0;
      for (let seed = 0; seed < 6; seed++) {
        const g = convolution(10 * i + seed + 500);
        const feeds = g.feeds();
        const random = new Random(seed);
        const chosen: (Tiling | undefined)[] = [];
        const schedule = (k: Contraction, m: typeof machine): Tiling | undefined => {
          const t = randomTiling(k, m, random);
          chosen.push(t);
          if (k.unfold !== undefined && t !== undefined) done++;
          return t;
        };
        const options = { convolution: 'im2col', schedule, rounding: ROUNDING } as const;
        const { faults } = await runCompiled(g.model([g.result]), machine, feeds, options);
        expect(faults, `seed ${10 * i + seed + 500}, ${JSON.stringify(chosen)}`).toEqual([]);
      }
      expect(done).toBeGreaterThan(2);
    });
  }
});
