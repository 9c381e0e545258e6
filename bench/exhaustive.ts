/**
 * The tile search against exhaustive search: layers sampled from networks of models/, on tpu-v1 and gemmini-16x16 in 8 bits, or as asked for.
 *
 * Method: of each sampled contraction all even sizes of all tiles, both loop orders, activations whole or blocked in depth, kernels whole or
 * row by row, blocks held or not, all that fit, are predicted (`nestTime`). Then the network is compiled twice without prefetch and with poolings apart, with what
 * the search takes and with the best of all for the sampled layers, and simulated timing only; ratio = cycles of the first ÷ of the second.
 * Arguments: machines, networks, f32 for floats, `--layers N` for how many in all (10), `--seed S`.
 */
import { Random } from '#base';
import { createEngine } from '#engine';
import { bindSizes, compileModel, executeProgram, quantiseModel, randomSamples } from '#flow';
import { type Contraction, searchTiling, type Tiling } from '#lower';
import { filtersOf, lanesOf, type Machine, presets } from '#machine';
import { buildModel, models } from '#models';
import { buildContraction, fitsContraction, predictContraction, typesOfContraction } from '../src/lower/contraction.ts';
import { keyOf } from '../src/lower/contractionKey.ts';
import { evenTiles } from '../src/lower/tiles.ts';

const small: Machine = {
  ...presets.get('textbook-single')!,
  name: 'textbook-16k',
  nram: { bytes: 16384 },
  wram: { bytes: 16384 },
};

/** All tilings that fit. */
function* tilingsOf(k: Contraction, machine: Machine): Generator<Tiling> {
  const { a } = typesOfContraction(k);
  const booleans = [false, true];
  for (const c of evenTiles(k.c.total, lanesOf(machine.matrix, a)))
    for (const n of evenTiles(k.n.total, filtersOf(machine.matrix, a)))
      for (const y of evenTiles(k.y.total))
        for (const x of evenTiles(k.x.total))
          for (const ky of new Set([k.y.kernel, 1]))
            for (const wholeDepth of c < k.c.total ? booleans : [false])
              for (const filtersOuter of n < k.n.total && (y < k.y.total || x < k.x.total) ? booleans : [false])
                for (const holdsActivations of n < k.n.total ? booleans : [false])
                  for (const holdsWeights of y < k.y.total || x < k.x.total ? booleans : [false]) {
                    const t = { b: 1, y, x, n, c, ky, wholeDepth, filtersOuter, holdsActivations, holdsWeights };
                    if (fitsContraction(k, t, machine)) yield t;
                  }
}

const predicted = (k: Contraction, t: Tiling, machine: Machine): number =>
  predictContraction(buildContraction(k, t, machine, 0), k, t, machine).cycles;

export default async function exhaustive(args: readonly string[]): Promise<void> {
  const after = (name: string, otherwise: number): number => {
    const at = args.indexOf(name);
    return at < 0 ? otherwise : Number(args[at + 1]);
  };
  const [most, random] = [after('--layers', 10), new Random(after('--seed', 1))];
  const isMachine = (n: string): boolean => presets.has(n) || n === small.name;
  const machines = args.filter(isMachine);
  const networks = args.filter((n) => models.has(n));
  const engine = await createEngine();
  for (const name of machines.length > 0 ? machines : ['tpu-v1', 'gemmini-16x16']) {
    const machine = presets.get(name) ?? small;
    const rows = [];
    const names = networks.length > 0 ? networks : ['lenet5', 'squeezenet', 'resnet18', 'mobilenet-v2'];
    for (const [i, network] of names.entries()) {
      let model = bindSizes(await buildModel(network, { weights: !args.includes('f32') }), { batch: 1 }).model;
      if (!args.includes('f32')) {
        const samples = async (of: typeof model) => randomSamples(of, { samples: 1, seed: 1 });
        const how = {
          calibration: 'minmax',
          percentile: 99.99,
          exclude: [],
          perTensor: false,
          reduceRange: false,
        } as const;
        model = (await quantiseModel(model, samples, { ...how, activations: 'i8', engine })).model;
      }
      const found = new Map<string, Contraction>();
      const ways = { prefetch: false, depthFirst: false, fusePools: false, winograd: 'off' } as const;
      const options = { machine, engine, batch: 1, ...ways };
      await compileModel(model, {
        ...options,
        schedule: (k, m) => {
          const tiling = searchTiling(k, m);
          // Not those that are asked for and do not fit, nor tiles of two layers.
          if (tiling !== undefined && k.prologue === undefined) found.set(keyOf(k), k);
          return tiling;
        },
      });
      const wanted = Math.round(((i + 1) * most) / names.length) - Math.round((i * most) / names.length);
      const left = [...found];
      const best = new Map<string, { k: Contraction; tiling: Tiling; tried: number }>();
      for (let n = 0; n < wanted && left.length > 0; n++) {
        const [[key, k]] = left.splice(random.integer(0, left.length - 1), 1) as [[string, Contraction]];
        let [least, tiling, tried] = [Number.POSITIVE_INFINITY, searchTiling(k, machine)!, 0];
        for (const t of tilingsOf(k, machine)) {
          tried++;
          const cycles = predicted(k, t, machine);
          if (cycles < least) [least, tiling] = [cycles, t];
        }
        best.set(key, { k, tiling, tried });
      }
      const run = async (of: 'found' | 'best') => {
        const layers: string[] = [];
        const { program } = await compileModel(model, {
          ...options,
          schedule: (k, m) => {
            const key = keyOf(k);
            if (best.has(key)) layers.push(key);
            return (of === 'best' ? best.get(key)?.tiling : undefined) ?? searchTiling(k, m);
          },
        });
        const { result } = await executeProgram(program, { data: false });
        return { program, result };
      };
      const [ours, theirs] = [await run('found'), await run('best')];
      for (const { k, tiling, tried } of best.values()) {
        const at = ours.program.layers.findIndex((l) => k.name.startsWith(l.name) || l.name.startsWith(k.name));
        const [chosen, exhaustive] = [ours, theirs].map(({ result }) => result.layers[at]?.cycles ?? Number.NaN);
        rows.push({
          ...{
            network,
            layer: k.name,
            n: k.n.total,
            c: k.c.total,
            y: k.y.total,
            x: k.x.total,
            kernel: k.y.kernel,
            tried,
          },
          ...{ chosen, exhaustive, ratio: (chosen! / exhaustive!).toFixed(3) },
          predicted: (predicted(k, searchTiling(k, machine)!, machine) / predicted(k, tiling, machine)).toFixed(3),
        });
      }
    }
    console.log(name);
    console.table(rows);
  }
}
