/**
 * Values that stay in NRAM between layers: the host's numbers, exact busy cycles and traffic and no races wherever they stay, on machines of every
 * kind; less traffic by just what is not moved; and never more time where prediction is exact.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { int, ints } from '#ir';
import type { KeptValue, Program } from '#isa';
import { coresOf, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';

const ROUNDING = 1e-5;

const textbook = presets.get('textbook-single')!;

const keptIn = (program: Program): readonly KeptValue[] =>
  program.layers.flatMap((l) => (l.kept ?? []).filter((k) => k.memory === 'nram'));

/** A chain of convolutions, pools, sums and element-wise operators, with values that are read again later. */
function images(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const x = g.input([r.integer(1, 2), r.integer(1, 9), r.integer(5, 11), r.integer(5, 11)]).name;
  let name = x;
  const made = [x];
  for (let i = r.integer(3, 6); i > 0; i--) {
    const dims = g.typed(name)!.dims;
    const [channels, rows, columns] = [dims[1]!, dims[2]!, dims[3]!];
    const kernel = [r.integer(1, Math.min(3, rows)), r.integer(1, Math.min(3, columns))];
    const pads = ints([0, 1, 2, 3].map((side) => (g.oneIn(2) ? 0 : r.integer(0, kernel[side % 2]! - 1))));
    const strides = ints([r.integer(1, 2), r.integer(1, 2)]);
    const alike = made.filter((other) => other !== name && g.typed(other)!.dims.join() === dims.join());
    switch (r.integer(0, 6)) {
      case 0:
        name = g.node('MaxPool', [name], { kernel_shape: ints(kernel), pads, strides });
        break;
      case 1:
        name = g.node('Conv', [name, g.weights([channels, 1, ...kernel])], { group: int(channels), pads, strides });
        break;
      case 2:
        name = g.node('Softmax', [name], { axis: int(1) });
        break;
      case 3:
        name = alike.length > 0 ? g.node('Add', [name, r.pick(alike)]) : g.node('Sigmoid', [name]);
        break;
      case 4: {
        const parts = [1, 2].map(() => g.node('Conv', [name, g.weights([r.integer(1, 20), channels, 1, 1])]));
        name = g.node('Concat', parts, { axis: int(1) });
        break;
      }
      default: {
        const filters = g.oneIn(2) ? channels : r.integer(1, 20);
        name = g.node('Conv', [name, g.weights([filters, channels, ...kernel])], { pads, strides });
        if (g.oneIn(2)) name = g.node('Relu', [name]);
        if (g.typed(name)!.dims.join() === dims.join() && g.oneIn(2)) name = g.node('Add', [name, made.at(-1)!]);
      }
    }
    made.push(name);
  }
  return Object.assign(g, { result: name });
}

/** Products with what stands between them in a network of fully connected layers or of attention. */
function rows(seed: number): GraphBuilder & { readonly result: string } {
  const g = new GraphBuilder(seed, 17);
  const r = g.random;
  let name = g.input([r.integer(1, 9), r.integer(1, 40)]).name;
  for (let i = r.integer(3, 5); i > 0; i--) {
    const [m, k] = g.typed(name)!.dims as [number, number];
    switch (r.integer(0, 4)) {
      case 0:
        name = g.node('LayerNormalization', [name, g.constant([k]), g.constant([k])]);
        break;
      case 1:
        name = g.node('Softmax', [name], { axis: int(1) });
        break;
      case 2: {
        const scores = g.node('MatMul', [name, g.node('Transpose', [name])]);
        name = g.node('MatMul', [g.node('Softmax', [scores], { axis: int(-1) }), name]);
        break;
      }
      default: {
        const n = g.oneIn(2) ? k : r.integer(1, 50);
        const product = g.node('Gemm', [name, g.weights([n, k], k), g.constant([n])], { transB: int(1) });
        name = n === k && g.oneIn(2) ? g.node('Add', [product, name]) : g.node('Tanh', [product]);
      }
    }
    if (m > 1 && g.oneIn(4)) name = g.node('Transpose', [name]);
  }
  return Object.assign(g, { result: name });
}

describe('values in NRAM between layers', () => {
  for (const machine of [...MACHINES, ...PRESETS, presets.get('textbook-extended')!]) {
    test(machine.name, async () => {
      const engine = await sharedEngine();
      let kept = 0;
      for (let seed = 0; seed < 15; seed++) {
        const g = (seed % 3 === 2 ? rows : images)(seed);
        const model = g.model([g.result]);
        const alone = coresOf(machine) === 1 ? {} : { cores: 1 };
        const { faults, compiled, cycles } = await runCompiled(model, machine, g.feeds(), {
          ...alone,
          rounding: ROUNDING,
        });
        expect(faults, `seed ${seed}`).toEqual([]);
        kept += keptIn(compiled.program).length;
        const { program } = await compileModel(model, { ...alone, machine, engine, keep: false });
        expect(keptIn(program)).toEqual([]);
        if (machine !== textbook) continue;
        const { result } = await executeProgram(program, { data: false });
        expect(cycles, `seed ${seed}`).toBeLessThanOrEqual(result.cycles);
      }
      expect(kept).toBeGreaterThan(0);
    });
  }
});

test('traffic falls by each value that stays, once written and once for every reader', async () => {
  const g = new GraphBuilder(1, 13);
  const x = g.input([4, 200]).name;
  const layer = (of: string, n: number): string => {
    const [, k] = g.typed(of)!.dims as [number, number];
    return g.node('Relu', [g.node('Gemm', [of, g.weights([n, k]), g.constant([n])], { transB: int(1) })]);
  };
  const first = layer(x, 300);
  const last = g.node('Add', [layer(layer(first, 100), 300), first]);
  const model = g.model([last]);
  const engine = await sharedEngine();
  const run = async (keep: boolean) => {
    const { program } = await compileModel(model, { machine: textbook, engine, keep });
    const { total } = (await executeProgram(program, { data: false })).result;
    // Another tiling may repeat biases.
    const weights = program.layers.reduce((n, l) => n + l.weightBytes, 0);
    return { program, bytes: total.readBytes + total.writeBytes - weights };
  };
  const [stays, moves] = [await run(true), await run(false)];
  const kept = keptIn(stays.program);
  // One value is read by two layers.
  expect(kept.map(({ bytes, access }) => [bytes, access])).toEqual([
    [4 * 4 * 300, 'write'],
    [4 * 4 * 300, 'read'],
    [4 * 4 * 100, 'write'],
    [4 * 4 * 100, 'read'],
    [4 * 4 * 300, 'read'],
  ]);
  expect(moves.bytes - stays.bytes).toBe(kept.reduce((n, k) => n + k.bytes, 0));
});

test('nothing stays where several cores run', async () => {
  const g = images(3);
  const machine = presets.get('textbook-cluster')!;
  const { program } = await compileModel(g.model([g.result]), { machine, engine: await sharedEngine() });
  expect(keptIn(program)).toEqual([]);
});
