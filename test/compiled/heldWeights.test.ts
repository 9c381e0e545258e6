/**
 * Weights that stay in WRAM through the layers that have them: the host's numbers, busy cycles and traffic as predicted and no races
 * (`runCompiled`) for recurrent networks, branches and chains that share weights, on machines of every kind; each loaded once; fewer cycles.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { type Attribute, int, ints, string } from '#ir';
import type { KeptValue, Program } from '#isa';
import { type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { machineWith } from '../support/processor.ts';
import { randomMachine } from '../support/randomMachine.ts';

const ROUNDING = 1e-5;

const heldIn = (program: Program): readonly KeptValue[] =>
  program.layers.flatMap((l) => (l.kept ?? []).filter((k) => k.memory === 'wram'));

interface Recurrent {
  readonly steps: number;
  readonly batch: number;
  readonly inputs: number;
  readonly hidden: number;
}

const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;

/** A recurrent operator over a sequence, in one direction or both. */
function recurrent(
  op: keyof typeof GATES,
  { steps, batch, inputs, hidden }: Recurrent,
  { both = false, ...more }: { readonly both?: boolean; readonly linear_before_reset?: Attribute } = {},
): GraphBuilder {
  const g = new GraphBuilder(5, 17);
  const rows = GATES[op] * hidden;
  const directions = both ? 2 : 1;
  const most = 1 / Math.sqrt(hidden);
  const operands = [
    g.input([steps, batch, inputs]).name,
    g.constant([directions, rows, inputs], -most, most),
    g.constant([directions, rows, hidden], -most, most),
    g.constant([directions, 2 * rows]),
  ];
  const direction = string(both ? 'bidirectional' : 'forward');
  g.node(op, operands, { hidden_size: int(hidden), direction, ...more });
  return g;
}

const resultOf = (g: GraphBuilder): string => g.nodes.at(-1)!.outputs[0]!;

/** A chain of layers that draw their weights from a few; some have weights of their own. */
function sharing(seed: number): GraphBuilder {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const [rows, size] = [r.integer(1, 5), r.integer(3, 40)];
  const square = Array.from({ length: r.integer(1, 3) }, () => g.weights([size, size], size));
  const bias = g.constant([size]);
  let name = g.input([rows, size]).name;
  for (let i = r.integer(4, 9); i > 0; i--) {
    const w = g.oneIn(5) ? g.weights([size, size], size) : r.pick(square);
    name = g.oneIn(2)
      ? g.node('Gemm', [name, w, bias], { transB: int(1) })
      : g.node('Gemm', [name, w], { transB: int(1) });
    if (g.oneIn(2)) name = g.node('Tanh', [name]);
  }
  return g;
}

/** Two pictures through the same convolutions, layer by layer, with a pool of each between. */
function branches(): GraphBuilder {
  const g = new GraphBuilder(9, 13);
  let pair = [g.input([1, 6, 12, 12]).name, g.input([1, 6, 9, 12]).name];
  for (const filters of [16, 24, 16]) {
    const channels = g.typed(pair[0]!)!.dims[1]!;
    const [w, b] = [g.weights([filters, channels, 3, 3]), g.constant([filters])];
    pair = pair.map((name) => g.node('Relu', [g.node('Conv', [name, w, b], { pads: ints([1, 1, 1, 1]) })]));
  }
  const [a, b] = pair.map((name) => g.node('GlobalAveragePool', [name]));
  g.node('Sub', [a!, b!]);
  return g;
}

const textbook = presets.get('textbook-single')!;
const clusters: Machine = {
  ...machineWith('textbook-cluster', { wram: { bytes: 32768 } }),
  name: '2 × 3 cores',
  cluster: { ...presets.get('textbook-cluster')!.cluster!, count: 2, cores: 3 },
};
const ALL: readonly Machine[] = [...MACHINES, ...PRESETS, clusters];

const SMALL = { steps: 5, batch: 2, inputs: 7, hidden: 20 };
const NETWORKS: Readonly<Record<string, () => GraphBuilder>> = {
  LSTM: () => recurrent('LSTM', SMALL),
  'LSTM in both directions': () => recurrent('LSTM', { ...SMALL, batch: 1 }, { both: true }),
  GRU: () => recurrent('GRU', SMALL),
  'GRU whose gates are one product': () => recurrent('GRU', SMALL, { linear_before_reset: int(1) }),
  RNN: () => recurrent('RNN', SMALL),
  branches,
};

describe.each(Object.entries(NETWORKS).map(([name, make], i) => [name, make, i] as const))('%s', (_, make, i) => {
  // The first on all, the others on those that the ones before leave out.
  const machines = i === 0 ? ALL : ALL.filter((_, m) => m % 3 === i % 3);
  test('as the host computes it', async () => {
    const g = make();
    let held = 0;
    for (const machine of machines) {
      const { faults, compiled } = await runCompiled(g.model([resultOf(g)]), machine, g.feeds(), {
        rounding: ROUNDING,
      });
      expect(faults, machine.name).toEqual([]);
      if (heldIn(compiled.program).length > 0) held++;
    }
    expect(held).toBeGreaterThan(machines.length / 3);
  });
});

test('chains that share weights, on test machines and random ones', async () => {
  let held = 0;
  for (let seed = 0; seed < 24; seed++) {
    const g = sharing(seed);
    const machine = seed % 2 === 0 ? ALL[(seed / 2) % ALL.length]! : randomMachine(seed);
    const { faults, compiled } = await runCompiled(g.model([resultOf(g)]), machine, g.feeds(), { rounding: ROUNDING });
    expect(faults, `seed ${seed} on ${machine.name}`).toEqual([]);
    held += heldIn(compiled.program).length > 0 ? 1 : 0;
  }
  expect(held).toBeGreaterThan(6);
});

test('recurrent weights cross the channel once, and steps take what their products do', async () => {
  const engine = await sharedEngine();
  const shape = { steps: 10, batch: 1, inputs: 32, hidden: 128 };
  const g = recurrent('LSTM', shape);
  const model = g.model([resultOf(g)]);
  const run = async (keep: boolean) => {
    const { program } = await compileModel(model, { machine: textbook, engine, keep });
    return { program, result: (await executeProgram(program, { data: false })).result };
  };
  const [held, without] = [await run(true), await run(false)];
  // From the second step on, the first having no state.
  const products = held.program.layers.filter((l) => l.kept?.some((k) => k.memory === 'wram') === true);
  expect(products).toHaveLength(shape.steps - 1);
  expect(heldIn(held.program).map((k) => k.access)).toEqual(['write', ...products.slice(1).map(() => 'read')]);
  const bytes = 4 * 4 * shape.hidden * shape.hidden;
  expect(heldIn(held.program).every((k) => k.bytes === bytes)).toBe(true);
  expect(held.result.total.readBytes - held.program.compulsory!.readBytes).toBeLessThan(bytes / 10);
  // 16 × 16 multiply-accumulates a cycle, and nothing to wait for.
  const macs = 4 * shape.hidden * shape.hidden;
  for (const { index } of products) expect(held.result.layers[index]!.cycles).toBeLessThan(macs / 256 + 10);
  expect(held.result.cycles).toBeLessThan(without.result.cycles / 4);
});

test('weights that WRAM does not hold whole stay in DRAM', async () => {
  const g = recurrent('LSTM', { steps: 4, batch: 1, inputs: 8, hidden: 64 });
  const machine = machineWith('textbook-single', { wram: { bytes: 16384 } });
  const { faults, compiled } = await runCompiled(g.model([resultOf(g)]), machine, g.feeds(), { rounding: ROUNDING });
  expect(faults).toEqual([]);
  expect(heldIn(compiled.program)).toEqual([]);
});
