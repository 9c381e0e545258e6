/**
 * Sparse weights: whatever share of them is zero, in whatever form they lie and however the contraction is tiled, a program gives the
 * host's numbers and takes the predicted cycles and bytes; and of a pruned network the compiler takes what is predicted to pay.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { sharedEngine } from '#engine';
import { compileModel, digitInput, executeProgram, lenet5Model, pruneWeights } from '#flow';
import { elementCount, int, ints, type Tensor, tensorOf } from '#ir';
import { readProgram, writeProgram } from '#isa';
import type { Contraction, Tiling } from '#lower';
import { type Machine, presets } from '#machine';
import { buildModel } from '#models';
import { layerReports } from '#report';
import { sparsity } from '#tensor';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';
import { randomTiling } from '../support/randomTiling.ts';
import { withTypes } from '../support/typedMachines.ts';

const ROUNDING = { float32: 2e-6, float16: 2 ** -8, bfloat16: 2 ** -5 } as const;
type Float = keyof typeof ROUNDING;

const machineOf = (name: string): Machine => MACHINES.find((m) => m.name === name)!;
const decompressing = (m: Machine): Machine => ({
  ...m,
  dma: { ...m.dma, decompressor: { elementsPerCycle: 5, pipelineCycles: 3 } },
});
const skipping = (m: Machine, weights: '2:4' | 'bitmap'): Machine =>
  ({ ...m, matrix: { ...m.matrix, sparsity: { weights } } }) as Machine;

type Form = 'stream' | 'two4' | 'bitmap';
const formOf = ({ weights }: Contraction): Form | undefined =>
  weights.kind === 'constant' ? weights.sparse?.form : undefined;

/** Weights [filters, channels, …] of which some are zero, now and then a whole filter, or two of each four channels. */
function sparseWeights(g: GraphBuilder, dims: readonly number[], isTwoOfFour: boolean, dtype: Float): Tensor {
  const { random } = g;
  const count = elementCount(dims);
  const most = Math.sqrt(3 / elementCount(dims.slice(1)));
  const zeros = random.pick([0.2, 0.5, 0.75, 0.95]);
  const emptied = g.oneIn(3) ? random.integer(0, dims[0]! - 1) : -1;
  const values = Array.from({ length: count }, (_, i) => {
    if (Math.floor(i / (count / dims[0]!)) === emptied || random.uniform() < zeros) return g.oneIn(9) ? -0 : 0;
    return most * (2 * random.uniform() - 1);
  });
  // Something must be left.
  values[count - 1] = most;
  const mask = isTwoOfFour ? sparsity.twoOfFourMask(values, dims) : undefined;
  return tensorOf(dtype, dims, mask === undefined ? values : values.map((v, i) => (mask[i] === 0 ? 0 : v)));
}

/** A convolution or product of such weights, with what may stand behind it. */
function layer(
  seed: number,
  isTwoOfFour: boolean,
  dtype: Float = 'float32',
): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 17);
  const r = g.random;
  const group = r.pick([1, 1, 2]);
  const per = isTwoOfFour ? 4 * r.integer(1, 5) : r.integer(1, 20);
  const filters = group * r.integer(1, 40);
  const biasOf = () =>
    g.keep(
      tensorOf(
        dtype,
        [filters],
        Array.from({ length: filters }, () => r.uniform() - 0.5),
      ),
    );
  if (g.oneIn(4)) {
    const inner = 4 * r.integer(1, 40);
    const w = g.keep(sparseWeights(g, [filters, inner], isTwoOfFour, dtype));
    const y = g.node('Gemm', [g.input([r.integer(1, 9), inner], dtype).name, w, biasOf()], { transB: int(1) });
    return Object.assign(g, { result: y });
  }
  const kernel = [r.integer(1, 4), r.integer(1, 4)];
  const size = kernel.map((least) => r.integer(least, 12));
  const x = g.input([r.integer(1, 2), group * per, ...size], dtype).name;
  const w = g.keep(sparseWeights(g, [filters, per, ...kernel], isTwoOfFour, dtype));
  const y = g.node('Conv', [x, w, ...(g.oneIn(2) ? [biasOf()] : [])], {
    group: int(group),
    pads: ints(Array.from({ length: 4 }, () => r.integer(0, 1))),
    strides: ints([r.integer(1, 2), 1]),
  });
  return Object.assign(g, { result: g.oneIn(2) ? g.node('Relu', [y]) : y });
}

async function runForms(machine: Machine, form: Form, count: number, dtype: Float = 'float32'): Promise<number> {
  let ran = 0;
  for (let seed = 0; seed < count; seed++) {
    const g = layer(seed, form === 'two4' || seed % 3 === 0, dtype);
    const random = new Random(1000 + seed);
    const chosen: Tiling[] = [];
    const { faults, compiled } = await runCompiled(g.model([g.result]), machine, g.feeds(), {
      rounding: ROUNDING[dtype],
      schedule: (k, m) => {
        if (formOf(k) !== form) return undefined;
        const found = randomTiling(k, m, random, form === 'two4' ? 4 : 1);
        if (found !== undefined) chosen.push(found);
        return found;
      },
    });
    expect(faults, `${form} on ${machine.name}, seed ${seed}: ${JSON.stringify(chosen.at(-1))}`).toEqual([]);
    if (compiled.program.layers.some((l) => l.where === 'matrix')) ran++;
  }
  return ran;
}

describe('any form under any tiling', () => {
  test.each([
    ['stream', decompressing(machineOf('tiny-run'))],
    ['stream', decompressing(machineOf('tiny-flat'))],
    ['stream', decompressing(machineOf('tiny-systolic'))],
    ['stream', decompressing(machineOf('tiny-banks'))],
    ['bitmap', skipping(machineOf('tiny-run'), 'bitmap')],
    ['bitmap', skipping(machineOf('tiny-flat'), 'bitmap')],
    ['bitmap', skipping(machineOf('tiny-cluster'), 'bitmap')],
    ['two4', skipping(machineOf('tiny-run'), '2:4')],
    ['two4', skipping(machineOf('tiny-flat'), '2:4')],
    ['two4', skipping(machineOf('tiny-systolic'), '2:4')],
    ['two4', skipping(machineOf('tiny-narrow'), '2:4')],
  ] as const)('%s on %o', async (form, machine) => {
    expect(await runForms(machine, form, 16)).toBeGreaterThan(8);
  });

  test.each(['float16', 'bfloat16'] as const)('stream of %s', async (dtype) => {
    const machine = decompressing(withTypes(machineOf('tiny-run'), 1));
    expect(await runForms(machine, 'stream', 12, dtype)).toBeGreaterThan(5);
  });
});

test('stream of integers', async () => {
  let ran = 0;
  for (let seed = 0; seed < 12; seed++) {
    const g = new GraphBuilder(seed, 17);
    const r = g.random;
    const [inner, n] = [r.integer(1, 60), r.integer(1, 30)];
    const dtype = r.pick(['int8', 'uint8'] as const);
    const zero = dtype === 'int8' ? r.pick([0, -3]) : r.pick([0, 7]);
    const codes = Array.from({ length: inner * n }, () => (g.oneIn(2) ? 0 : r.integer(1, 100)));
    const w = g.keep(tensorOf(dtype, [inner, n], codes));
    const zeros = [g.keep(tensorOf('uint8', [], [3])), g.keep(tensorOf(dtype, [], [zero]))];
    const y = g.node('MatMulInteger', [g.input([r.integer(1, 9), inner], 'uint8').name, w, ...zeros]);
    const random = new Random(seed);
    const machine = decompressing(withTypes(machineOf('tiny-run'), 1));
    const { faults, compiled } = await runCompiled(g.model([y]), machine, g.feeds(), {
      schedule: (k, m) => (formOf(k) === 'stream' ? randomTiling(k, m, random) : undefined),
    });
    expect(faults, `seed ${seed}`).toEqual([]);
    if (compiled.program.layers.some((l) => l.where === 'matrix')) ran++;
  }
  expect(ran).toBeGreaterThan(6);
});

describe('what the compiler takes', () => {
  const extended = presets.get('textbook-extended')!;
  const options = { share: 0.75, global: false, isExcluded: () => false };

  test.each([
    ['2:4', extended],
    ['magnitude', extended],
    ['2:4', skipping(presets.get('systolic-16x16')!, '2:4')],
    ['magnitude', decompressing(presets.get('systolic-16x16')!)],
  ] as const)('of LeNet-5 pruned to %s', async (pattern, machine) => {
    const { model } = pruneWeights(lenet5Model(), { ...options, pattern });
    const feeds = new Map([['input', digitInput(2).feed]]);
    const run = async (sparse: 'auto' | 'off') => {
      const { faults, compiled, cycles } = await runCompiled(model, machine, feeds, { batch: 2, sparse });
      expect(faults).toEqual([]);
      const { program } = compiled;
      expect(readProgram(writeProgram(program)).layers).toEqual(program.layers);
      const { result } = await executeProgram(program, { data: false });
      const layers = layerReports(program, result).flatMap((l) => (l.sparse === null ? [] : [{ ...l, ...l.sparse }]));
      return { cycles, layers, ...result.total };
    };
    const [dense, sparse] = [await run('off'), await run('auto')];
    expect(sparse.cycles).toBeLessThan(dense.cycles);
    expect(sparse.readBytes).toBeLessThan(dense.readBytes);
    if (pattern === '2:4' || machine === extended) expect(sparse.macs).toBeLessThan(dense.macs);
    else expect(sparse.macs).toBe(dense.macs);
    expect(dense.layers).toEqual([]);
    expect(sparse.layers.length).toBeGreaterThan(0);
    for (const l of sparse.layers) {
      expect(l.nonzero).toBeLessThanOrEqual(l.weights / 2);
      expect(l.bytesSpared).toBeGreaterThan(0);
      // Some rows are there for the fullest filter.
      if (l.form !== 'stream' && pattern === '2:4') expect(l.macsExecuted + l.macsSkipped).toBe(l.macs);
      else expect(l.macsExecuted).toBeGreaterThanOrEqual((l.macs * l.nonzero) / l.weights);
    }
  });

  test('weights without zeros, and weights that are not there, lie dense', async () => {
    const engine = await sharedEngine();
    for (const model of [lenet5Model(), await buildModel('squeezenet', { weights: false })]) {
      const words = async (sparse: 'auto' | 'off') =>
        (await compileModel(model, { machine: extended, engine, batch: 1, sparse })).program.words;
      expect(await words('auto')).toEqual(await words('off'));
    }
  });
});
