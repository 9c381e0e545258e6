/**
 * What each of the compiler's larger steps is worth: cycles of networks with it and without, as a Markdown table (docs/compiler.md has one).
 *
 * Method: networks of models/ without weights, f32, batch 1, timing only; both programs of a pair from the same model in the same process.
 * `depth first` on textbook-single (`depthFirst: false` without); `cores` on textbook-cluster (four cores against one of them, `cores: 1`);
 * `SharedRAM` on textbook-cluster (2 MB against so little that no value stays there); `prefetch` on both (`prefetch: false` without).
 * Cycles are deterministic.
 */
import { createEngine } from '#engine';
import { type CompileOptions, compileModel, executeProgram } from '#flow';
import { type Machine, presets } from '#machine';
import { buildModel } from '#models';

const NETWORKS = ['alexnet', 'vgg19', 'resnet18', 'resnet50', 'resnet152', 'mobilenet-v2', 'squeezenet', 'densenet121'];

const single = presets.get('textbook-single')!;
const extended = presets.get('textbook-extended')!;
const cluster = presets.get('textbook-cluster')!;
const withoutShared: Machine = {
  ...cluster,
  name: 'textbook-cluster without SharedRAM',
  cluster: { ...cluster.cluster!, sharedRam: { ...cluster.cluster!.sharedRam, bytes: 64 } },
};

interface Pair {
  readonly head: string;
  readonly on: Partial<CompileOptions> & { readonly machine: Machine };
  readonly off: Partial<CompileOptions> & { readonly machine: Machine };
}

const PAIRS: readonly Pair[] = [
  { head: 'depth first', on: { machine: single }, off: { machine: single, depthFirst: false } },
  { head: 'Winograd', on: { machine: extended }, off: { machine: extended, winograd: 'off' } },
  { head: 'four cores', on: { machine: cluster }, off: { machine: cluster, cores: 1 } },
  { head: 'SharedRAM', on: { machine: cluster }, off: { machine: withoutShared } },
  { head: 'prefetch', on: { machine: single }, off: { machine: single, prefetch: false } },
  { head: 'prefetch on four cores', on: { machine: cluster }, off: { machine: cluster, prefetch: false } },
];

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

export default async function pairs(args: readonly string[]): Promise<void> {
  const engine = await createEngine();
  const heads = PAIRS.flatMap((p) => [`without ${p.head}`, 'with', '÷']);
  console.log(`| network | ${heads.join(' | ')} |`);
  console.log(`|---|${heads.map(() => '---:|').join('')}`);
  for (const name of args.length > 0 ? args : NETWORKS) {
    const model = await buildModel(name, { weights: false });
    const cycles = async (options: Pair['on']): Promise<number> => {
      const { program } = await compileModel(model, { engine, batch: 1, ...options });
      return (await executeProgram(program, { data: false })).result.cycles;
    };
    const cells: string[] = [];
    for (const { on, off } of PAIRS) {
      const [without, withIt] = [await cycles(off), await cycles(on)];
      cells.push(grouped(without), grouped(withIt), (without / withIt).toFixed(2));
    }
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}
