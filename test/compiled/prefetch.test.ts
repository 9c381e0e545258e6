/**
 * Weights ahead of their use: random chains of layers agree with the host and are as predicted on test machines, chips of several
 * clusters and random machines, with prefetch and deeper buffers and without; in large networks the first weights of a layer do come while
 * the one before works; and more than two buffers of weights are taken where they pay.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram, explainModel } from '#flow';
import { int, ints, type Model } from '#ir';
import { fitsContraction, type Schedule, searchTiling } from '#lower';
import { type Machine, presets } from '#machine';
import { buildModel } from '#models';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { machineWith } from '../support/processor.ts';
import { randomMachine } from '../support/randomMachine.ts';

const ROUNDING = 4e-6;

/** Layers one behind the other, most of them with weights: convolutions of every kind, what stands between, products. */
function chain(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  let name = g.input([r.integer(1, 2), r.integer(1, 12), r.integer(3, 9), r.integer(3, 9)]).name;
  const dims = (): readonly number[] => g.typed(name)!.dims;
  const bias = (n: number): string[] => (g.oneIn(2) ? [g.constant([n])] : []);
  const steps: readonly (() => string)[] = [
    () => {
      const [filters, kernel] = [r.integer(1, 60), r.pick([1, 1, 3])];
      const pads = ints(Array.from({ length: 4 }, () => (kernel - 1) / 2));
      return g.node('Conv', [name, g.weights([filters, dims()[1]!, kernel, kernel]), ...bias(filters)], { pads });
    },
    () => {
      const channels = dims()[1]!;
      const group = r.pick([2, 3, channels].filter((n) => channels % n === 0));
      const filters = group * r.integer(1, 5);
      const w = g.weights([filters, channels / group, 1, 1]);
      return g.node('Conv', [name, w, ...bias(filters)], { group: int(group) });
    },
    () => g.node('MaxPool', [name], { kernel_shape: ints([2, 2]), pads: ints([0, 0, 1, 1]) }),
    () => g.node('Sigmoid', [name]),
  ];
  for (let i = r.integer(2, 5); i > 0; i--) name = r.pick([steps[0]!, steps[0]!, ...steps])();
  if (g.oneIn(2)) return Object.assign(g, { result: name });
  name = g.node('Flatten', [name]);
  for (let i = r.integer(1, 3); i > 0; i--) {
    const n = r.integer(1, 120);
    name = g.node('Gemm', [name, g.weights([n, dims()[1]!], dims()[1]!), g.constant([n])], { transB: int(1) });
  }
  return Object.assign(g, { result: name });
}

const cluster = presets.get('textbook-cluster')!;
const chip = (count: number, cores: number): Machine => ({
  ...machineWith('textbook-cluster', { nram: { bytes: 8192 }, wram: { bytes: 8192 } }),
  name: `${count} × ${cores} cores`,
  cluster: { ...cluster.cluster!, count, cores },
});

/** Holds chains to the host on a machine; tells for how many of them the option makes another program. */
async function heldTo(seeds: readonly number[], machine: Machine): Promise<number> {
  let differ = 0;
  for (const seed of seeds) {
    const g = chain(seed);
    const feeds = g.feeds();
    const words: number[] = [];
    for (const prefetch of [true, false]) {
      const options = { rounding: ROUNDING, prefetch };
      const { faults, compiled } = await runCompiled(g.model([g.result]), machine, feeds, options);
      expect(faults, `seed ${seed}, prefetch ${prefetch}, on ${machine.name}`).toEqual([]);
      words.push(compiled.program.words.length);
    }
    if (words[0] !== words[1]) differ++;
  }
  return differ;
}

describe('chains agree with the host', () => {
  const machines = [...MACHINES, ...PRESETS, chip(1, 3), chip(2, 3)];
  test.each(machines.map((m, i) => [m.name, m, i] as const))('on %s', async (_, machine, i) => {
    const seeds = Array.from({ length: 4 }, (_, n) => 4 * i + n);
    expect(await heldTo(seeds, machine)).toBeGreaterThan(0);
  });

  test('on random machines', async () => {
    let differ = 0;
    for (let seed = 0; seed < 15; seed++) differ += await heldTo([1000 + seed], randomMachine(seed));
    expect(differ).toBeGreaterThan(5);
  });
});

/** A run, when its layers ended, and when weights began to come: those of which layer, in which. */
async function watched(model: Model, machine: Machine, prefetch: boolean) {
  const { program } = await compileModel(model, { machine, engine: await sharedEngine(), batch: 1, prefetch });
  const packed = program.constants.filter((c) => c.name.endsWith('.weights'));
  const owner = (weights: string): number =>
    program.layers.findIndex((l) => l.nodes.some((n) => `${n}.weights` === weights));
  const began = new Map<string, { readonly cycle: number; readonly of: number; readonly by: number }>();
  const { result } = await executeProgram(program, {
    data: false,
    observer: (event) => {
      if (event.type !== 'load:start' || !('entry' in event) || event.entry.kind !== 'load') return;
      const { dram } = event.entry;
      const segment = packed.find((c) => dram >= c.address && dram < c.address + c.bytes);
      if (segment === undefined || began.has(segment.name)) return;
      began.set(segment.name, { cycle: event.cycle, of: owner(segment.name), by: event.layer });
    },
  });
  let end = 0;
  const ends = result.layers.map((l) => (end += l.cycles));
  return { program, result, ends, began };
}

describe.each(['textbook-single', 'textbook-cluster'])('on %s', (name) => {
  test.each(['alexnet', 'squeezenet'])('weights of layers of %s come while those before work', async (network) => {
    const model = await buildModel(network, { weights: false });
    const machine = presets.get(name)!;
    const [on, off] = [await watched(model, machine, true), await watched(model, machine, false)];
    expect(on.result.cycles).toBeLessThan(off.result.cycles);
    const { ends } = on;
    expect(on.result.total.readBytes).toBe(off.result.total.readBytes);
    const isEarly = ({ cycle, of, by }: { cycle: number; of: number; by: number }): boolean =>
      by === of - 1 && cycle < ends[by]!;
    expect([...on.began.values()].filter(isEarly).length).toBeGreaterThan(on.began.size / 2);
    expect([...off.began.values()].every(({ of, by }) => by === of)).toBe(true);
  });
});

describe('more than two buffers of weights', () => {
  const small: Machine = {
    ...presets.get('textbook-single')!,
    name: 'small',
    nram: { bytes: 16384 },
    wram: { bytes: 16384 },
  };
  const counted = async (model: Model, machine: Machine, weightBuffers: number) => {
    const options = { machine, engine: await sharedEngine(), batch: 1, weightBuffers };
    const { program } = await compileModel(model, options);
    return { program, result: (await executeProgram(program, { data: false })).result };
  };

  test('pay where tiles of activations come between many blocks', async () => {
    const model = await buildModel('squeezenet', { weights: false });
    const [two, more] = [await counted(model, small, 2), await counted(model, small, 8)];
    expect(more.result.cycles).toBeLessThan(0.996 * two.result.cycles);
    const { layers } = await explainModel(model, { machine: small, engine: await sharedEngine(), batch: 1 });
    const buffers = layers.flatMap((l) => l.contraction?.streams.filter((s) => s.name === 'weights') ?? []);
    expect(Math.max(...buffers.map((s) => s.buffers))).toBeGreaterThan(2);
  });

  test('agree with the host, with exact predictions', async () => {
    let deeper = 0;
    for (const [i, machine] of [small, ...MACHINES, chip(1, 3)].entries()) {
      for (let seed = 3 * i; seed < 3 * i + 3; seed++) {
        const g = new GraphBuilder(seed, 13);
        const r = g.random;
        const channels = r.integer(8, 40);
        const x = g.input([1, channels, r.integer(6, 16), r.integer(6, 16)]).name;
        const first = g.node('Conv', [x, g.weights([r.integer(30, 90), channels, 3, 3])], { pads: ints([1, 1, 1, 1]) });
        const result = g.node('Conv', [first, g.weights([r.integer(30, 90), g.typed(first)!.dims[1]!, 1, 1])]);
        const words: string[] = [];
        for (const weightBuffers of [2, 8]) {
          const options = { rounding: ROUNDING, schedule: narrow, weightBuffers };
          const { faults, compiled } = await runCompiled(g.model([result]), machine, g.feeds(), options);
          expect(faults, `seed ${seed}, ${weightBuffers} buffers, on ${machine.name}`).toEqual([]);
          words.push(compiled.program.words.join());
        }
        if (words[0] !== words[1]) deeper++;
      }
    }
    expect(deeper).toBeGreaterThan(4);
  });
});

/** Small blocks of weights that pass while activations stay, where that fits: more buffers of them are likely to pay. */
const narrow: Schedule = (k, machine) => {
  const at = (total: number, most: number): number => Math.min(total, most);
  const tiling = {
    ...{ b: 1, y: at(k.y.total, 3), x: at(k.x.total, 8), n: at(k.n.total, 5), c: at(k.c.total, 8), ky: k.y.kernel },
    ...{ filtersOuter: false, wholeDepth: k.c.total > 8 },
  };
  return fitsContraction(k, tiling, machine) ? tiling : searchTiling(k, machine);
};
