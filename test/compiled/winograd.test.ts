/**
 * Convolutions by the Winograd unit: the host's numbers, exact busy cycles and traffic, no races, whatever sizes, padding, groups and
 * batches, on machines of every kind of matrix unit; and the fastest is chosen.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { int, ints, tensorNumbers } from '#ir';
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

/** Outputs of a convolution at 1 padding and the sums over absolute values, in f64. */
function exactly(
  x: Float64Array,
  w: Float64Array,
  [c, h, width]: readonly [number, number, number],
  filters: number,
): Float64Array {
  const out = new Float64Array(filters * h * width);
  for (let n = 0; n < filters; n++) {
    for (let y = 0; y < h; y++) {
      for (let i = 0; i < width; i++) {
        let sum = 0;
        for (let ch = 0; ch < c; ch++) {
          for (let ky = 0; ky < 3; ky++) {
            for (let kx = 0; kx < 3; kx++) {
              const [at, beside] = [y + ky - 1, i + kx - 1];
              if (at < 0 || at >= h || beside < 0 || beside >= width) continue;
              sum += x[(ch * h + at) * width + beside]! * w[((n * c + ch) * 3 + ky) * 3 + kx]!;
            }
          }
        }
        out[(n * h + y) * width + i] = sum;
      }
    }
  }
  return out;
}

test.each(['f2', 'f4'] as const)('%s: no output is off by more than the plan says', async (winograd) => {
  const engine = await sharedEngine();
  for (const [seed, channels] of [3, 40, 90].entries()) {
    const g = new GraphBuilder(seed, 13);
    const [filters, height, width] = [20, 13, 10];
    const x = g.input([1, channels, height, width]);
    const w = g.weights([filters, channels, 3, 3]);
    const model = g.model([g.node('Conv', [x.name, w], { pads: ints([1, 1, 1, 1]) })]);
    const feeds = g.feeds();
    const { program } = await compileModel(model, { machine: extended, engine, winograd });
    const { outputs } = await executeProgram(program, { data: true, feeds, engine: async () => engine });
    const numbers = (values: Iterable<number>): Float64Array => Float64Array.from(values);
    const input = numbers(tensorNumbers(feeds.get(x.name)!));
    const exact = exactly(
      input,
      numbers(tensorNumbers(model.graph.constants.get(w)!)),
      [channels, height, width],
      filters,
    );
    const [plan] = program.layers.flatMap((l) => l.winograd ?? []);
    const largest = input.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    const found = tensorNumbers([...outputs.values()][0]!);
    expect(plan).toMatchObject({ tile: winograd });
    const worst = exact.reduce((most, v, i) => Math.max(most, Math.abs(v - found[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(plan!.error * largest);
    expect(exact.every((v) => Math.abs(v) <= plan!.reach * largest)).toBe(true);
  }
});

describe('what is chosen', () => {
  const conv = (kernel: number, stride = 1) => {
    const g = new GraphBuilder(1, 13);
    const x = g.input([1, 64, 28, 28]).name;
    const attributes = { pads: ints([1, 1, 1, 1]), strides: ints([stride, stride]) };
    return g.model([g.node('Conv', [x, g.weights([64, 64, kernel, kernel])], attributes)]);
  };
  const tiles = async (model: ReturnType<typeof conv>, options: Partial<Parameters<typeof compileModel>[1]> = {}) => {
    const engine = await sharedEngine();
    const { program } = await compileModel(model, { machine: extended, engine, ...options });
    return program.layers.map((l) => l.winograd?.tile);
  };
  test('the fastest, what was asked for, and only where it can', async () => {
    expect(await tiles(conv(3))).toEqual(['f4']);
    expect(await tiles(conv(3), { winograd: 'f2' })).toEqual(['f2']);
    expect(await tiles(conv(3), { winograd: 'off' })).toEqual([undefined]);
    expect(await tiles(conv(5), { winograd: 'f4' })).toEqual([undefined]);
    expect(await tiles(conv(3, 2), { winograd: 'f4' })).toEqual([undefined]);
    const slow = { ...extended, winograd: { ...extended.winograd!, lanes: 1, tileCycles: { f2: 400, f4: 600 } } };
    expect(await tiles(conv(3), { machine: slow })).toEqual([undefined]);
  });
  test('a unit that is not there, or cannot be used, is refused when asked for', async () => {
    const few = { ...extended, control: { ...extended.control, semaphores: 16 } };
    const f2 = { ...extended, winograd: { ...extended.winograd!, tileCycles: { f2: 4 } } };
    for (const machine of [presets.get('textbook-single')!, few, f2]) {
      await expect(tiles(conv(3), { machine, winograd: 'f4' })).rejects.toMatchObject({ code: 'SYS-LOWER-070' });
    }
    expect(await tiles(conv(3), { machine: few })).toEqual([undefined]);
  });
});
