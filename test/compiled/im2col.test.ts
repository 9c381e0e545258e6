/**
 * Convolutions by im2col: the host's numbers, exact busy cycles and traffic, no races, whatever windows, padding, strides, dilations,
 * groups, batches, element types and cores; under any tiling that fits; and the fastest way is chosen.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { int, ints } from '#ir';
import type { Contraction, ConvolutionChoice, Tiling } from '#lower';
import { type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { randomTiling } from '../support/randomTiling.ts';
import { withTypes } from '../support/typedMachines.ts';
import { inType } from './everyType.ts';

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

    // The link's semaphores are those of what the vector unit makes for the matrix unit.
    const unfolders = machine.cluster === undefined ? (['dma', 'vector'] as const) : (['dma'] as const);
    test.each(unfolders)(`${machine.name}: any tiling that fits, unfolded by %s`, async (by) => {
      let done = 0;
      for (let seed = 0; seed < 6; seed++) {
        const g = convolution(10 * i + seed + 500);
        const feeds = g.feeds();
        const random = new Random(seed);
        const chosen: (Tiling | undefined)[] = [];
        const schedule = (k: Contraction, m: typeof machine): Tiling | undefined => {
          const t = k.unfold === undefined || k.unfold.by === by ? randomTiling(k, m, random) : undefined;
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

describe.each(['f16', 'bf16', 'i8', 'u8'] as const)('%s', (type) => {
  const machines = [presets.get('textbook-single-i8x4')!, ...MACHINES.map((m, i) => withTypes(m, i))];
  test.each(machines.map((m) => [m.name, m] as const))('%s', async (_, machine) => {
    for (let seed = 0; seed < 3; seed++) {
      const g = convolution(900 + seed);
      const { model, feeds } = await inType(g.model([g.result]), type);
      const rounding = { f16: 2e-2, bf16: 0.2, i8: 0, u8: 0 }[type];
      const { faults } = await runCompiled(model, machine, feeds, { convolution: 'im2col', rounding });
      expect(faults, `seed ${900 + seed}`).toEqual([]);
    }
  });
});

/** A convolution as first layers of networks have it. */
function firstLayer(kernel: number, stride: number, channels = 3, group = 1) {
  const g = new GraphBuilder(kernel, 13);
  const x = g.input([1, group * channels, 59, 59]).name;
  const weights = g.weights([group * 32, channels, kernel, kernel]);
  const pads = ints(Array.from({ length: 4 }, () => Math.floor(kernel / 2)));
  return g.model([g.node('Conv', [x, weights], { strides: ints([stride, stride]), pads, group: int(group) })]);
}

async function cyclesBy(model: ReturnType<typeof firstLayer>, machine: Machine, convolution: ConvolutionChoice) {
  const { program } = await compileModel(model, { machine, engine: await sharedEngine(), convolution });
  return (await executeProgram(program, { data: false })).result.cycles;
}

test.each([
  ['11 × 11 / 4', [11, 4], 33 / 23],
  ['7 × 7 / 2', [7, 2], 14 / 10],
  ['3 × 3', [3, 1], 3 / 2],
  ['5 × 5 of one channel', [5, 1, 1], 5 / 2],
  ['3 × 3 of groups of 2', [3, 1, 2, 4], 3 / 2],
] as const)(
  '%s: as much faster as it takes fewer rows of lanes',
  async (_, [kernel, stride, channels, group], gain) => {
    const model = firstLayer(kernel, stride, channels, group);
    const single = presets.get('textbook-single')!;
    const [direct, im2col, auto] = [
      await cyclesBy(model, single, 'direct'),
      await cyclesBy(model, single, 'im2col'),
      await cyclesBy(model, single, 'auto'),
    ];
    expect(auto).toBe(im2col);
    expect(direct / im2col).toBeGreaterThan(0.93 * gain);
    expect(direct / im2col).toBeLessThan(1.03 * gain);
  },
);

test('where lanes go on over the ends of runs, and where DRAM decides, windows stay as they lie', async () => {
  const single = presets.get('textbook-single')!;
  const narrow: Machine = { ...single, name: 'narrow', dram: { ...single.dram, bandwidth: { bytes: 1, cycles: 2 } } };
  for (const machine of [presets.get('tpu-v1')!, presets.get('gemmini-16x16')!, narrow]) {
    const model = firstLayer(7, 2);
    const [direct, im2col, auto] = [
      await cyclesBy(model, machine, 'direct'),
      await cyclesBy(model, machine, 'im2col'),
      await cyclesBy(model, machine, 'auto'),
    ];
    expect(auto, machine.name).toBe(direct);
    expect(im2col, machine.name).toBeGreaterThanOrEqual(direct);
  }
});

test('where DRAM would be busy with elements that come several times, the vector unit copies them', async () => {
  const single = presets.get('textbook-single')!;
  const narrow: Machine = { ...single, name: 'narrow', dram: { ...single.dram, bandwidth: { bytes: 10, cycles: 1 } } };
  const options = { machine: narrow, engine: await sharedEngine() };
  const model = firstLayer(11, 4);
  const [direct, im2col] = [
    await compileModel(model, { ...options, convolution: 'direct' }),
    await compileModel(model, options),
  ].map(({ program }) => program.layers[0]!.predicted!);
  expect(im2col!.busy.vector).toBeGreaterThan(0);
  expect(im2col!.cycles).toBeLessThan(0.95 * direct!.cycles);
  expect(im2col!.readBytes).toBeLessThan(1.3 * direct!.readBytes);
});

test('a window of more taps than transfers may bring is unfolded by the vector unit, or not at all', async () => {
  const g = new GraphBuilder(1, 13);
  const x = g.input([1, 2, 24, 23]).name;
  const name = g.node('Conv', [x, g.weights([5, 2, 9, 9])], { dilations: ints([2, 2]), pads: ints([3, 2, 1, 4]) });
  for (const [machine, copies] of [
    ['textbook-single', true],
    ['textbook-cluster', false],
  ] as const) {
    const options = { convolution: 'im2col', rounding: ROUNDING } as const;
    const { faults, compiled } = await runCompiled(g.model([name]), presets.get(machine)!, g.feeds(), options);
    expect(faults).toEqual([]);
    expect((compiled.program.layers[0]!.predicted!.busy.vector ?? 0) > 0, machine).toBe(copies);
  }
});

test('the unfolded elements of a pixel come in one block', async () => {
  const machine = presets.get('textbook-single')!;
  const cut = (k: Contraction): Tiling => ({
    ...{ b: 1, y: 1, x: 1, n: 16, c: k.unfold === undefined ? k.c.total : 4, ky: k.y.kernel },
    ...{ filtersOuter: false, wholeDepth: false },
  });
  const options = { machine, engine: await sharedEngine(), schedule: cut, convolution: 'im2col' } as const;
  await expect(compileModel(firstLayer(7, 2), options)).rejects.toMatchObject({ code: 'SYS-LOWER-111' });
});
