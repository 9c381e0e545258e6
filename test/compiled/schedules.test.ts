/**
 * Schedules: whatever tiling of a contraction is chosen among those that fit, not only what the search likes, the program gives the
 * host's numbers and the predicted busy cycles; tilings that cut the reduction alike give the same bits.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { type Attribute, int, ints, tensorBytes } from '#ir';
import type { Tiling } from '#lower';

import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { randomTiling } from '../support/randomTiling.ts';

const ROUNDING = 2e-6;

function randomConvolution(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const group = r.pick([1, 1, 2]);
  const [channels, filters] = [group * r.integer(1, 9), group * r.integer(1, 40)];
  const kernel = [r.integer(1, 5), r.integer(1, 4)];
  const size = [r.integer(kernel[0]!, 14), r.integer(kernel[1]!, 14)];
  const x = g.input([r.integer(1, 3), channels, ...size]).name;
  const attributes: Record<string, Attribute> = {
    group: int(group),
    strides: ints([r.integer(1, 2), r.integer(1, 3)]),
    pads: ints(Array.from({ length: 4 }, () => r.integer(0, 2))),
    dilations: ints([kernel[0]! * 2 - 1 <= size[0]! ? r.integer(1, 2) : 1, 1]),
  };
  const bias = g.oneIn(2) ? [g.constant([filters])] : [];
  const convolved = g.node('Conv', [x, g.weights([filters, channels / group, ...kernel]), ...bias], attributes);
  const drained = g.oneIn(2) ? g.node('Relu', [convolved]) : convolved;
  const result = g.oneIn(2) ? behind(g, drained) : drained;
  return Object.assign(g, { result });
}

/** A chain of element-wise operators, some with operands of other shapes. */
function behind(g: GraphBuilder, value: string): string {
  const { dims } = g.typed(value)!;
  let name = value;
  for (let i = g.random.integer(1, 3); i > 0; i--) {
    const shape = g.oneIn(2) ? dims : dims.map((d) => (g.oneIn(2) ? 1 : d));
    const other = g.oneIn(2) ? g.input(shape).name : g.constant(shape);
    const op = g.random.pick(['Add', 'Sub', 'Mul', 'Max']);
    name = g.oneIn(3) ? g.node('Sigmoid', [name]) : g.node(op, g.oneIn(2) ? [name, other] : [other, name]);
  }
  return name;
}

describe('any tiling that fits', () => {
  for (const machine of [...MACHINES, ...PRESETS]) {
    test(machine.name, async () => {
      let tried = 0;
      let fused = 0;
      for (let seed = 0; seed < 12; seed++) {
        const g = randomConvolution(seed);
        const feeds = g.feeds();
        const random = new Random(1000 + seed);
        for (let i = 0; i < 3; i++) {
          const chosen: Tiling[] = [];
          const { faults, compiled } = await runCompiled(g.model([g.result]), machine, feeds, {
            rounding: ROUNDING,
            schedule: (k, m) => {
              const found = randomTiling(k, m, random);
              if (found !== undefined) chosen.push(found);
              return found;
            },
          });
          expect(faults, `seed ${seed}, ${JSON.stringify(chosen)}`).toEqual([]);
          if (compiled.program.layers.some((l) => l.where === 'matrix')) tried++;
          if (compiled.program.layers.some((l) => l.where === 'matrix' && l.vectorOps > 0)) fused++;
        }
      }
      expect(tried).toBeGreaterThan(10);
      expect(fused).toBeGreaterThan(5);
    });
  }

  test('the same cut of the reduction, the same bits', async () => {
    const [machine] = PRESETS;
    const g = new GraphBuilder(7, 13);
    const x = g.input([1, 12, 11, 13]).name;
    const y = g.node('Conv', [x, g.weights([40, 12, 3, 3]), g.constant([40])], { pads: ints([1, 1, 1, 1]) });
    const feeds = g.feeds();
    const whole = { b: 1, c: 12, ky: 3, wholeDepth: false } as const;
    const schedules: readonly Tiling[] = [
      { ...whole, y: 11, x: 13, n: 40, filtersOuter: false },
      { ...whole, y: 4, x: 5, n: 16, filtersOuter: false },
      { ...whole, y: 1, x: 13, n: 16, filtersOuter: true },
      { ...whole, y: 3, x: 2, n: 32, filtersOuter: true },
    ];
    const bits = [];
    for (const t of schedules) {
      const { faults, outputs } = await runCompiled(g.model([y]), machine!, feeds, {
        rounding: ROUNDING,
        schedule: () => t,
      });
      expect(faults).toEqual([]);
      bits.push(Buffer.from(tensorBytes(outputs.get(y)!)).toString('base64'));
    }
    expect(new Set(bits).size).toBe(1);
  });
});
