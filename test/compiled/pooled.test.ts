/**
 * Convolutions with what is behind them and a pooling, as one layer and, by wish, as two: the host's numbers, exact busy cycles, no races, on
 * machines of every kind, under the search's tilings and under any others; and that it is one layer where that pays.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { sharedEngine } from '#engine';
import { quantiseModel, randomSamples } from '#flow';
import { type Attribute, int, ints, tensorBytes } from '#ir';
import type { Program } from '#isa';
import type { Tiling } from '#lower';
import { presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { inHalf } from '../support/halfGraphs.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { HAS_VNNI } from '../support/randomQuantised.ts';
import { randomTiling } from '../support/randomTiling.ts';
import { withTypes } from '../support/typedMachines.ts';

const ROUNDING = 4e-6;

const ones = ints([1, 1, 1, 1]);

type Built = GraphBuilder & { readonly result: string };

const POOLINGS = ['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'];

/** A convolution, something behind it, and a pooling of any kind. @param poolings which of them */
function pooled(seed: number, poolings = POOLINGS): Built {
  const g = new GraphBuilder(seed, 19);
  const r = g.random;
  const group = r.pick([1, 1, 1, 2]);
  const [channels, filters] = [group * r.integer(1, 12), group * r.integer(1, 30)];
  const kernel = [r.integer(1, 3), r.integer(1, 3)];
  const size = [r.integer(6, 18), r.integer(6, 18)];
  const x = g.input([r.pick([1, 1, 2]), channels, ...size]).name;
  let name = g.node(
    'Conv',
    [x, g.weights([filters, channels / group, ...kernel]), ...(g.oneIn(2) ? [g.constant([filters])] : [])],
    {
      group: int(group),
      strides: ints([r.pick([1, 1, 2]), r.pick([1, 1, 2])]),
      pads: ints([0, 1, 0, 1].map((_, i) => r.integer(0, kernel[i % 2]! - 1))),
    },
  );
  if (g.oneIn(2)) name = g.node('Relu', [name]);
  if (g.oneIn(3)) name = g.node('Add', [name, g.input(g.typed(name)!.dims).name]);
  if (g.oneIn(4)) name = g.node('Mul', [name, g.constant([filters, 1, 1])]);
  const op = r.pick(poolings);
  const [rows, columns] = g.typed(name)!.dims.slice(2) as [number, number];
  const window = [r.integer(1, Math.min(4, rows)), r.integer(1, Math.min(4, columns))] as const;
  const fits = (i: number, dilation: number): boolean => (window[i]! - 1) * dilation + 1 <= [rows, columns][i]!;
  const attributes: Record<string, Attribute> = op.startsWith('Global')
    ? {}
    : {
        kernel_shape: ints(window),
        strides: ints([r.integer(1, 3), r.integer(1, 3)]),
        pads: ints([0, 1, 2, 3].map((i) => r.integer(0, Math.ceil(window[i % 2]! / 2) - 1))),
        ceil_mode: int(r.integer(0, 1)),
        ...(op === 'AveragePool' ? { count_include_pad: int(r.integer(0, 1)) } : {}),
        ...(op === 'MaxPool' ? { dilations: ints([0, 1].map((i) => (fits(i, 2) ? r.integer(1, 2) : 1))) } : {}),
      };
  name = g.node(op, [name], attributes);
  // What is left may stay on the chip for a reader.
  if (g.oneIn(2)) name = g.node('Conv', [name, g.weights([5, filters, 1, 1])]);
  return Object.assign(g, { result: name });
}

/** Whether a convolution and a pooling are one layer. */
const isFused = ({ layers }: Program): boolean =>
  layers.some((l) => {
    const ops = l.op.split('+');
    return ops.some((op) => op.endsWith('Pool')) && ops.some((op) => op.endsWith('Conv'));
  });

/** Machines by name; of those that are test machine and preset at once one. */
const ALL = [...new Map([...MACHINES, ...PRESETS].map((m) => [m.name, m])).values()];

describe('a convolution and a pooling', () => {
  test.each(ALL.map((m) => [m.name, m] as const))('%s', async (_, machine) => {
    let fused = 0;
    for (let seed = 0; seed < 12; seed++) {
      const g = pooled(seed);
      const feeds = g.feeds();
      for (const fusePools of seed % 4 === 0 ? [true, false] : [true]) {
        const options = { rounding: ROUNDING, fusePools };
        const { faults, compiled } = await runCompiled(g.model([g.result]), machine, feeds, options);
        expect(faults, `seed ${seed}`).toEqual([]);
        if (!isFused(compiled.program)) continue;
        fused++;
        expect(fusePools).toBe(true);
      }
    }
    expect(fused).toBeGreaterThan(1);
  });
});

describe('under any tiling that fits', () => {
  test.each(ALL.map((m) => [m.name, m] as const))('%s', async (_, machine) => {
    let [fused, carried, unfolded] = [0, 0, 0];
    for (let seed = 100; seed < 124; seed++) {
      const g = pooled(seed);
      const random = new Random(seed);
      const found = new Set<string>();
      const { faults, compiled } = await runCompiled(g.model([g.result]), machine, g.feeds(), {
        rounding: ROUNDING,
        convolution: seed % 2 === 0 ? 'im2col' : 'direct',
        schedule: (k, m) => {
          // Nothing but the fused layer, where it can be had.
          if (k.pool === undefined && found.has(k.name)) return undefined;
          const tiling = randomTiling(k, m, random);
          if (k.pool !== undefined && tiling !== undefined) found.add(k.name);
          if (tiling?.carriesRows === true) carried++;
          if (tiling !== undefined && k.pool !== undefined && k.unfold !== undefined) unfolded++;
          return tiling;
        },
      });
      expect(faults, `seed ${seed}`).toEqual([]);
      if (isFused(compiled.program)) fused++;
    }
    expect(fused).toBeGreaterThan(5);
    expect(carried).toBeGreaterThan(0);
    expect(unfolded).toBeGreaterThan(0);
  });
});

test('rows that are handed on give the same bits as rows computed twice', async () => {
  const machine = presets.get('textbook-single')!;
  const g = new GraphBuilder(5, 13);
  const x = g.input([1, 6, 21, 17]).name;
  const wide = g.node('Relu', [g.node('Conv', [x, g.weights([20, 6, 3, 3]), g.constant([20])], { pads: ones })]);
  const y = g.node('MaxPool', [wide], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ones });
  const feeds = g.feeds();
  const tile = { b: 1, c: 6, ky: 3, n: 20, filtersOuter: false, wholeDepth: false } as const;
  const schedules: readonly Tiling[] = [
    { ...tile, y: 11, x: 9 },
    { ...tile, y: 3, x: 4 },
    { ...tile, y: 2, x: 9, carriesRows: true },
    { ...tile, y: 3, x: 2, carriesRows: true },
    { ...tile, y: 1, x: 5, n: 16, filtersOuter: true, carriesRows: true },
  ];
  const runs = [];
  for (const t of schedules) {
    const run = await runCompiled(g.model([y]), machine, feeds, {
      rounding: ROUNDING,
      schedule: (k) => (k.pool === undefined ? undefined : t),
    });
    expect(run.faults, JSON.stringify(t)).toEqual([]);
    expect(run.compiled.program.layers.map((l) => l.op)).toEqual(['Conv+Relu+MaxPool']);
    runs.push(run);
  }
  expect(new Set(runs.map((r) => Buffer.from(tensorBytes(r.outputs.get(y)!)).toString('base64'))).size).toBe(1);
  // A tiling that is none of the pooled convolution's is one of the convolution alone.
  const apart = await runCompiled(g.model([y]), machine, feeds, {
    ...{ rounding: ROUNDING, schedule: () => ({ ...tile, y: 21, x: 17 }) },
  });
  expect(apart.faults).toEqual([]);
  expect(apart.compiled.program.layers.map((l) => l.op)).toEqual(['Conv+Relu', 'MaxPool']);
});

test('of integers and in half precision, too', async () => {
  const engine = await sharedEngine();
  const options = { calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false } as const;
  const machines = [presets.get('textbook-single-i8x4')!, ...MACHINES.slice(0, 5).map((m, i) => withTypes(m, i))];
  const fused = { integers: 0, halves: 0 };
  for (const [i, machine] of machines.entries()) {
    for (let seed = 200 + 4 * i; seed < 204 + 4 * i; seed++) {
      const maxima = pooled(seed, ['MaxPool']);
      const { model: integers } = await quantiseModel(
        maxima.model([maxima.result]),
        async (m) => randomSamples(m, { samples: maxima.inputs[0]!.dims[0]!, seed }),
        { ...options, reduceRange: !HAS_VNNI, activations: seed % 2 === 0 ? 'i8' : 'u8', engine },
      );
      const any = pooled(seed);
      const halves = inHalf(
        { model: any.model([any.result]), feeds: any.feeds() },
        seed % 2 === 0 ? 'float16' : 'bfloat16',
      )!;
      const runs = [
        ['integers', await runCompiled(integers, machine, maxima.feeds())],
        ['halves', await runCompiled(halves.model, machine, halves.feeds, { rounding: 2 ** -4 })],
      ] as const;
      for (const [type, { faults, compiled }] of runs) {
        expect(faults, `${type}, seed ${seed} on ${machine.name}`).toEqual([]);
        if (isFused(compiled.program)) fused[type]++;
      }
    }
  }
  expect(fused.integers).toBeGreaterThan(3);
  expect(fused.halves).toBeGreaterThan(3);
});

test('pays in time and traffic where memory is slow', async () => {
  const machine = presets.get('textbook-ch6')!;
  const g = new GraphBuilder(3, 13);
  const x = g.input([1, 16, 28, 28]).name;
  const wide = g.node('Relu', [g.node('Conv', [x, g.weights([64, 16, 3, 3])], { pads: ones })]);
  const y = g.node('MaxPool', [wide], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const run = (fusePools: boolean) =>
    runCompiled(g.model([y]), machine, g.feeds(), { rounding: ROUNDING, fusePools, keep: false });
  const [one, two] = [await run(true), await run(false)];
  expect([one.faults, two.faults]).toEqual([[], []]);
  expect([one, two].map((r) => r.compiled.program.layers.length)).toEqual([1, 2]);
  expect(one.cycles).toBeLessThan(0.7 * two.cycles);
});
