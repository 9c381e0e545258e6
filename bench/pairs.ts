/**
 * What each of the compiler's larger steps is worth: cycles of networks with it and without, as Markdown tables (docs/compiler.md has them).
 *
 * Method: networks of models/ without weights, f32, batch 1, timing only; both programs of a pair from the same model in the same process.
 * Arguments: names of networks, and of pairs; by default all. `depth first` on textbook-single (`depthFirst: false` without);
 * `pooling` on the same, where memory is slow (textbook-ch6), with scratchpads of 16 KB, on textbook-cluster and on gemmini-16x16
 * (`fusePools: false` without); `values in NRAM` on the same (`keep: false` without), with networks of small values too, and their traffic;
 * `Winograd` on textbook-extended (`winograd: 'off'` without); `four cores` on textbook-cluster (against one of them, `cores: 1`);
 * `SharedRAM` on textbook-cluster (2 MB against so little that no value stays there); `prefetch` on both (`prefetch: false` without);
 * `deeper buffers` on textbook-single with scratchpads of 16 KB (`weightBuffers: 2` without);
 * `sparsity` on textbook-extended, of random weights of which `systole prune --pattern 2:4` has made half zero (`sparse: 'off'` without),
 * with all convolutions direct, and with the Winograd unit free to do those that it does faster;
 * `im2col …` on several machines, f32, and i8 of random weights (`convolution: 'direct'` without), which the other pairs leave out so that
 * each step is seen by itself. Cycles are deterministic.
 */
import { createEngine, type Engine } from '#engine';
import { type CompileOptions, compileModel, executeProgram, pruneWeights, quantiseModel, randomSamples } from '#flow';
import type { Model } from '#ir';
import { type Machine, presets } from '#machine';
import { buildModel } from '#models';

const NETWORKS = ['alexnet', 'vgg19', 'resnet18', 'resnet50', 'resnet152', 'mobilenet-v2', 'squeezenet', 'densenet121'];

const single = presets.get('textbook-single')!;
const cluster = presets.get('textbook-cluster')!;
const extended = presets.get('textbook-extended')!;
const withoutShared: Machine = {
  ...cluster,
  name: 'textbook-cluster without SharedRAM',
  cluster: { ...cluster.cluster!, sharedRam: { ...cluster.cluster!.sharedRam, bytes: 64 } },
};

const small: Machine = { ...single, name: 'textbook-16k', nram: { bytes: 16384 }, wram: { bytes: 16384 } };

interface Pair {
  readonly head: string;
  /** Whether the network has weights, two of each four of them zero. */
  readonly isPruned?: boolean;
  /** Whether it is one of integers of 8 bits. */
  readonly isQuantised?: boolean;
  readonly networks?: readonly string[];
  /** Whether traffic is told, too. */
  readonly bytes?: boolean;
  readonly on: Partial<CompileOptions> & { readonly machine: Machine };
  readonly off: Partial<CompileOptions> & { readonly machine: Machine };
}

const im2col = (machine: Machine, more: Partial<Pair> = {}): Pair => ({
  head: `im2col on ${machine.name}`,
  networks: [...NETWORKS, 'lenet5'],
  on: { machine, convolution: 'auto' },
  off: { machine },
  ...more,
});

const POOLED = [...NETWORKS, 'lenet5'];

/** Poolings fused on a machine, and each a layer of its own. */
const pooling = (head: string, machine: Machine): Pair => ({
  ...{ head, networks: POOLED, bytes: true },
  on: { machine, convolution: 'auto' },
  off: { machine, convolution: 'auto', fusePools: false },
});

const PAIRS: readonly Pair[] = [
  { head: 'depth first', on: { machine: single }, off: { machine: single, depthFirst: false } },
  pooling('pooling', single),
  pooling('pooling where memory is slow', presets.get('textbook-ch6')!),
  pooling('pooling in 16 KB', small),
  pooling('pooling on four cores', cluster),
  pooling('pooling on gemmini', presets.get('gemmini-16x16')!),
  { head: 'Winograd', on: { machine: extended }, off: { machine: extended, winograd: 'off' } },
  {
    head: 'values in NRAM',
    networks: [...NETWORKS, 'lenet5', 'mlp', 'lstm', 'vit-small'],
    bytes: true,
    on: { machine: single },
    off: { machine: single, keep: false },
  },
  { head: 'four cores', on: { machine: cluster }, off: { machine: cluster, cores: 1 } },
  { head: 'SharedRAM', on: { machine: cluster }, off: { machine: withoutShared } },
  { head: 'prefetch', on: { machine: single }, off: { machine: single, prefetch: false } },
  { head: 'prefetch on four cores', on: { machine: cluster }, off: { machine: cluster, prefetch: false } },
  { head: 'deeper buffers', on: { machine: small }, off: { machine: small, weightBuffers: 2 } },
  {
    head: 'sparsity',
    isPruned: true,
    on: { machine: extended, winograd: 'off' },
    off: { machine: extended, winograd: 'off', sparse: 'off' },
  },
  {
    head: 'sparsity beside Winograd',
    isPruned: true,
    on: { machine: extended },
    off: { machine: extended, sparse: 'off' },
  },
  im2col(single),
  im2col(small),
  im2col(cluster),
  im2col(presets.get('textbook-single-i8x4')!, { isQuantised: true }),
];

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

const pruned = async (name: string): Promise<Model> =>
  pruneWeights(await buildModel(name), { share: 0.5, pattern: '2:4', global: false, isExcluded: () => false }).model;

/** In 8 bits, of random weights and samples. */
async function quantised(name: string, engine: Engine): Promise<Model> {
  const sample = async (m: Model) => randomSamples(m, { samples: 1, seed: 1 });
  const how = { calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false, reduceRange: false } as const;
  return (await quantiseModel(await buildModel(name), sample, { ...how, activations: 'i8', engine })).model;
}

export default async function pairs(args: readonly string[]): Promise<void> {
  const engine = await createEngine();
  const named = PAIRS.filter((p) => args.includes(p.head));
  const given = args.filter((name) => !PAIRS.some((p) => p.head === name));
  for (const pair of named.length > 0 ? named : PAIRS) {
    const { head, networks = NETWORKS, bytes = false, isPruned = false, isQuantised = false, on, off } = pair;
    const heads = ['without', 'with', '÷', ...(bytes ? ['DRAM bytes without', 'with', '÷'] : [])];
    console.log(`\n${head}\n\n| network | ${heads.join(' | ')} |\n|---|${heads.map(() => '---:|').join('')}`);
    for (const name of given.length > 0 ? given : networks) {
      const model = isPruned
        ? await pruned(name)
        : isQuantised
          ? await quantised(name, engine)
          : await buildModel(name, { weights: false });
      const run = async (options: Pair['on']) => {
        const { program } = await compileModel(model, {
          ...{ engine, batch: 1, convolution: 'direct' },
          ...options,
        });
        const { cycles, total } = (await executeProgram(program, { data: false })).result;
        return [cycles, ...(bytes ? [total.readBytes + total.writeBytes] : [])];
      };
      const [without, withIt] = [await run(off), await run(on)];
      const cells = without.flatMap((n, i) => [grouped(n), grouped(withIt[i]!), (n / withIt[i]!).toFixed(3)]);
      console.log(`| ${name} | ${cells.join(' | ')} |`);
    }
  }
}
