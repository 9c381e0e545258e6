/**
 * Efficiency of compiled programs: layer-wise bound ÷ achieved cycles, for networks of models/ × machines, and where the excess goes.
 *
 * Method: each network is built without weights (their values do not move time), compiled for batch 1, simulated timing only. The bound is
 * `report/layerwiseBound`; bars are those of the compiler's issue, printed beside each figure, for Winograd and sparsity off. `host` is the
 * share of host time in the total, which must be 0 for a bar to count. `--layers N` lists the N layers that lose most against the bound
 * of the groups whose nodes they hold (negative losses, where fusion gains, are not listed).
 * Winograd's algorithms are left out: the bound counts all products. `--layer-by-layer` leaves depth-first fusion out; with it the bar of
 * MobileNetV2 is 1.05.
 * Arguments: names of networks and machines (or machine files) in any order; without any, those that have bars. A data type among them
 * (f16, bf16, i8) makes the networks of that type: their weights are drawn then, and i8 is what `systole quantize` makes of them, calibrated
 * on one random image; what is counted depends on neither.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createEngine, type Engine } from '#engine';
import { bindSizes, compileModel, executeProgram, quantiseModel, randomSamples } from '#flow';
import { type Model, type Tensor, tensorNumbers, tensorOf } from '#ir';
import type { Program } from '#isa';
import { type Machine, parseMachine, presets } from '#machine';
import { buildModel, models } from '#models';

const small: Machine = {
  ...presets.get('textbook-single')!,
  name: 'textbook-16k',
  nram: { bytes: 16384 },
  wram: { bytes: 16384 },
};

const BARS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'textbook-single': { 'alexnet-paper': 0.95, alexnet: 0.95, vgg19: 0.96, resnet152: 0.94, 'mobilenet-v2': 0.85 },
  'textbook-cluster': { 'alexnet-paper': 0.92, alexnet: 0.92, vgg19: 0.92, resnet152: 0.92 },
  'textbook-16k': { 'alexnet-paper': 0.88, alexnet: 0.88, resnet152: 0.8 },
};

/** What integers of 8 bits are to reach. */
const I8_BARS: typeof BARS = {
  'textbook-single-i8x4': { 'alexnet-paper': 0.94, alexnet: 0.94, vgg19: 0.94, resnet152: 0.94, 'mobilenet-v2': 0.78 },
};

/** Leaves depth-first fusion out. */
const APART = '--layer-by-layer';

const TYPES = ['f32', 'f16', 'bf16', 'i8'] as const;
type Type = (typeof TYPES)[number];

/** The network in a data type. */
async function networkOf(name: string, type: Type, engine: Engine): Promise<Model> {
  const model = await buildModel(name, { weights: type !== 'f32' });
  if (type === 'f32') return model;
  const { model: bound } = bindSizes(model, { batch: 1 });
  if (type !== 'i8') return inHalf(bound, type === 'f16' ? 'float16' : 'bfloat16');
  const samples = async (of: Model) => randomSamples(of, { samples: 1, seed: 1 });
  const options = {
    calibration: 'minmax',
    percentile: 99.99,
    exclude: [],
    perTensor: false,
    reduceRange: false,
  } as const;
  return (await quantiseModel(bound, samples, { ...options, activations: 'i8', engine })).model;
}

/** Inputs and constants of float32 in another type of floats. */
function inHalf(model: Model, half: 'float16' | 'bfloat16'): Model {
  const { graph } = model;
  const asHalf = (t: Tensor): Tensor => (t.dtype === 'float32' ? tensorOf(half, t.dims, tensorNumbers(t)) : t);
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map((v) =>
        v.type?.kind === 'tensor' && v.type.dtype === 'float32' ? { ...v, type: { ...v.type, dtype: half } } : v,
      ),
      outputs: graph.outputs.map(({ name }) => ({ name, type: undefined })),
      constants: new Map([...graph.constants].map(([name, t]) => [name, asHalf(t)])),
      types: new Map(),
    },
  };
}

function machineOf(name: string): Machine | undefined {
  if (name === small.name) return small;
  const preset = presets.get(name);
  if (preset !== undefined || !existsSync(name)) return preset;
  return parseMachine(readFileSync(name, 'utf8'), name);
}

export default async function efficiency(args: readonly string[]): Promise<void> {
  const at = args.indexOf('--layers');
  const listed = at < 0 ? 0 : Number(args[at + 1]);
  const isType = (n: string): n is Type => (TYPES as readonly string[]).includes(n);
  const type = args.find(isType) ?? 'f32';
  const bars = type === 'i8' ? I8_BARS : type === 'f32' ? BARS : {};
  const depthFirst = !args.includes(APART);
  const names = args.filter((n, i) => !isType(n) && n !== APART && (at < 0 || (i !== at && i !== at + 1)));
  const networks = names.filter((n) => models.has(n));
  const machines = names.flatMap((n) => (models.has(n) ? [] : [machineOf(n) ?? unknown(n)]));
  const engine = await createEngine();
  const rows = [];
  for (const machine of machines.length > 0 ? machines : Object.keys(bars).map((n) => machineOf(n)!)) {
    const barred = bars[machine.name] ?? {};
    for (const network of networks.length > 0 ? networks : Object.keys(barred)) {
      const model = await networkOf(network, type, engine);
      const start = performance.now();
      const { program } = await compileModel(model, { machine, engine, batch: 1, depthFirst, winograd: 'off' });
      const compiled = performance.now();
      const { result } = await executeProgram(program, { data: false });
      const bound = program.layerwise!.cycles;
      const host = program.layers.reduce((n, l, i) => n + (l.where === 'host' ? result.layers[i]!.cycles : 0), 0);
      const bar = barred[network];
      const reached = bound / result.cycles;
      rows.push({
        machine: machine.name,
        network,
        type,
        cycles: result.cycles,
        bound,
        efficiency: reached.toFixed(4),
        bar: bar === undefined ? '' : `${reached >= bar ? 'ok' : '  '} ≥ ${bar}`,
        'host %': ((100 * host) / result.cycles).toFixed(1),
        words: program.words.length,
        'compile ms': (compiled - start).toFixed(0),
        'timing ms': (performance.now() - compiled).toFixed(0),
      });
      if (listed > 0) losses(program, result.layers, listed);
    }
  }
  console.table(rows);
}

function unknown(name: string): never {
  throw new Error(`'${name}' is no network of models/, no preset and no machine file`);
}

/** The layers that take longest beyond the bound of their groups. */
function losses(program: Program, layers: readonly { readonly cycles: number }[], most: number): void {
  const groupOf = new Map(program.layerwise!.groups.flatMap((g) => g.nodes.map((n) => [n, g] as const)));
  const took = new Map<object, { cycles: number; names: string[]; loops: string[]; where: string }>();
  program.layers.forEach((layer, i) => {
    const group = layer.nodes.map((n) => groupOf.get(n)).find((g) => g !== undefined) ?? layer;
    const sum = took.get(group) ?? { cycles: 0, names: [], loops: [], where: layer.where };
    sum.cycles += layers[i]!.cycles;
    sum.names.push(layer.op);
    sum.loops.push(layer.loops.map((l) => `${l.dim} ${l.tiles}×${l.size}`).join(' '));
    took.set(group, sum);
  });
  const table = [...took].map(([group, t]) => {
    const g = group as { name: string; cycles?: number; bound?: string };
    const bound = 'bound' in group ? g.cycles! : 0;
    return {
      group: g.name,
      bound: Math.round(bound),
      by: g.bound ?? '',
      cycles: t.cycles,
      lost: Math.round(t.cycles - bound),
      layers: t.names.join(' | '),
      loops: t.loops.join(' | '),
    };
  });
  console.table(table.sort((a, b) => b.lost - a.lost).slice(0, most));
}
