/**
 * Memory after 100 and after 1,000 training steps: compiled MLP and LeNet-5, and an eager step of the MLP. Each case runs in a process of
 * its own with `--expose-gc`, which collects before both readings.
 *
 * What may grow and by how much: the live heap by 0.5 MB (code and inline caches still settle), bytes outside of it by 1 MB, the
 * resident set by 16 MB. An eager step leaves its intermediate results to the garbage collector, and malloc as it comes keeps pages of what
 * V8 had not collected yet (64 MB outside of its heap and more), so that the resident set wanders by as much: that run is shown without a
 * bar on it, and a second one has malloc told to give large blocks back at once (glibc's MALLOC_MMAP_THRESHOLD_), so that it holds what is
 * held. A compiled step gives the parameters that it replaces back at once, and meets the bar either way. A set of parameters left behind
 * at each step would be 222 MB (LeNet-5) or 1.5 GB (MLP).
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { crossEntropy, Generator, optim, type Tensor } from '#tensor';
import { judge } from './measure.ts';
import { ourTraining, RATE, SUBJECTS } from './subjects.ts';

const CASES = ['compiled MLP', 'compiled LeNet-5', 'eager MLP'] as const;
const MOST = { heapUsed: 0.5, external: 1, rss: 16 } as const;
/** malloc as it comes, and without pages kept back. */
const MALLOCS = [
  { name: 'malloc as it comes', env: {}, isExact: false },
  {
    name: 'blocks given back',
    env: { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' },
    isExact: true,
  },
] as const;

type Reading = Readonly<Record<keyof typeof MOST, number>>;

export default async function memory(): Promise<void> {
  for (const name of CASES) {
    for (const { name: malloc, env, isExact } of MALLOCS) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--expose-gc', '--conditions=source', fileURLToPath(import.meta.url), name],
        { encoding: 'utf8', env: { ...process.env, ...env } },
      );
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
      const [early, late, later] = JSON.parse(stdout) as [Reading, Reading, Reading];
      const wanders = !isExact && name.startsWith('eager');
      for (const key of ['heapUsed', 'external', 'rss'] as const) {
        const what = `${name}, ${malloc}: ${key} (${early[key].toFixed(1)} MB) 100 → 1,000`;
        const bar = key === 'rss' && wanders ? {} : { most: MOST[key] };
        judge(what, late[key] - early[key], { ...bar, unit: 'MB' });
      }
      const bar = wanders ? {} : { most: MOST.rss };
      judge(`${name}, ${malloc}: rss 1,000 → 1,900`, later.rss - late.rss, { ...bar, unit: 'MB' });
    }
  }
}

async function child(name: string): Promise<void> {
  const steps = await stepsOf(name);
  const readings: Reading[] = [];
  for (const count of [100, 900, 900]) {
    await steps(count);
    // What a step left to microtasks and finalizers goes between the collections.
    for (let i = 0; i < 3; i++) {
      globalThis.gc!();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    readings.push({ heapUsed: heapUsed / 1e6, external: external / 1e6, rss: rss / 1e6 });
  }
  console.log(JSON.stringify(readings));
}

async function stepsOf(name: string): Promise<(count: number) => Promise<void>> {
  const subject = SUBJECTS.find((s) => name.endsWith(s.name))!;
  const ours = await ourTraining(subject);
  // Read every tenth step, as a program that shows its loss does.
  if (name.startsWith('compiled')) {
    return async (count) => {
      for (let i = 0; i < count; i += 10) await ours.run(10);
    };
  }
  const network = subject.build(new Generator(1));
  const optimizer = new optim.SGD(network.parameters(), { rate: RATE });
  return async (count) => {
    for (let i = 0; i < count; i++) {
      const loss = crossEntropy(network.forward(ours.x) as Tensor, ours.y);
      optimizer.minimize(loss);
      await loss.item();
    }
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await child(process.argv[2]!);
