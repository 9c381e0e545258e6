/**
 * Depthwise convolutions with the 1×1 convolutions behind them, as one layer and, by wish, as two: the host's numbers, exact busy cycles,
 * no races, on machines of every kind; and that the pair is one layer where that pays.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { quantiseModel, randomSamples } from '#flow';
import { type Attribute, int, ints } from '#ir';
import { presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { inHalf } from '../support/halfGraphs.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { HAS_VNNI } from '../support/randomQuantised.ts';
import { withTypes } from '../support/typedMachines.ts';

const ROUNDING = 4e-6;

function pair(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const [channels, filters] = [r.integer(2, 40), r.integer(1, 40)];
  const kernel = [r.integer(1, 3), r.integer(2, 3)];
  const size = [r.integer(4, 15), r.integer(4, 15)];
  const x = g.input([r.integer(1, 2), channels, ...size]).name;
  const attributes: Record<string, Attribute> = {
    group: int(channels),
    strides: ints([r.integer(1, 2), r.integer(1, 2)]),
    pads: ints([1, 1, 1, 1].map((most) => r.integer(0, most))),
    dilations: ints([r.integer(1, 2), 1]),
  };
  const bias = (n: number): string[] => (g.oneIn(2) ? [g.constant([n])] : []);
  let name = g.node('Conv', [x, g.weights([channels, 1, ...kernel]), ...bias(channels)], attributes);
  if (g.oneIn(2)) name = g.node('Clip', [name, g.scalar(0), g.scalar(0.5)]);
  name = g.node('Conv', [name, g.weights([filters, channels, 1, 1]), ...bias(filters)]);
  if (g.oneIn(3)) name = g.node('Relu', [name]);
  if (g.oneIn(2)) name = g.node('Add', [name, g.input(g.typed(name)!.dims).name]);
  return Object.assign(g, { result: name });
}

describe('depthwise and 1×1', () => {
  for (const [i, machine] of [...MACHINES, ...PRESETS].entries()) {
    test(machine.name, async () => {
      let together = 0;
      // Every machine has some of its own.
      for (let seed = 10 * i; seed < 10 * i + 10; seed++) {
        const g = pair(seed);
        const feeds = g.feeds();
        for (const depthFirst of [true, false]) {
          const { faults, compiled } = await runCompiled(g.model([g.result]), machine, feeds, {
            rounding: ROUNDING,
            depthFirst,
          });
          expect(faults, `seed ${seed}`).toEqual([]);
          const isOne = compiled.program.layers.some((l) => l.op.split('+').filter((op) => op === 'Conv').length === 2);
          if (isOne) together++;
          expect(isOne && !depthFirst).toBe(false);
        }
      }
      // The link of a cluster takes the semaphores.
      if (machine.cluster === undefined) expect(together).toBeGreaterThan(0);
      else expect(together).toBe(0);
    });
  }

  test('of integers and in half precision, too', async () => {
    const engine = await sharedEngine();
    const options = { calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false } as const;
    const machines = [presets.get('textbook-single-i8x4')!, ...MACHINES.slice(0, 5).map((m, i) => withTypes(m, i))];
    const together = { QLinearConv: 0, Conv: 0 };
    for (const [i, machine] of machines.entries()) {
      for (let seed = 4 * i; seed < 4 * i + 3; seed++) {
        const g = pair(seed);
        const model = g.model([g.result]);
        const { model: integers } = await quantiseModel(
          model,
          async (m) => randomSamples(m, { samples: g.inputs[0]!.dims[0]!, seed }),
          { ...options, reduceRange: !HAS_VNNI, activations: seed % 2 === 0 ? 'i8' : 'u8', engine },
        );
        const halves = inHalf({ model, feeds: g.feeds() }, seed % 2 === 0 ? 'float16' : 'bfloat16')!;
        const runs = [
          ['QLinearConv', await runCompiled(integers, machine, g.feeds())],
          ['Conv', await runCompiled(halves.model, machine, halves.feeds, { rounding: 2 ** -5 })],
        ] as const;
        for (const [op, { faults, compiled }] of runs) {
          expect(faults, `seed ${seed} on ${machine.name}`).toEqual([]);
          const ops = compiled.program.layers.map((l) => l.op.split('+').filter((name) => name === op).length);
          if (ops.includes(2)) together[op]++;
        }
      }
    }
    expect(together.QLinearConv).toBeGreaterThan(3);
    expect(together.Conv).toBeGreaterThan(3);
  });

  test('pays in time and traffic', async () => {
    const machine = presets.get('textbook-single')!;
    const g = new GraphBuilder(3, 13);
    const x = g.input([1, 96, 28, 28]).name;
    const wide = g.node('Conv', [x, g.weights([96, 1, 3, 3])], { group: int(96), pads: ints([1, 1, 1, 1]) });
    const y = g.node('Conv', [wide, g.weights([24, 96, 1, 1])]);
    const run = (depthFirst: boolean) =>
      runCompiled(g.model([y]), machine, g.feeds(), { rounding: ROUNDING, depthFirst });
    const [one, two] = [await run(true), await run(false)];
    expect([one.faults, two.faults]).toEqual([[], []]);
    expect([one, two].map((r) => r.compiled.program.layers.length)).toEqual([1, 2]);
    expect(one.cycles).toBeLessThan(0.8 * two.cycles);
  });
});
