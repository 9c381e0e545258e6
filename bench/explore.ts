/**
 * Design-space exploration: designs a second with local workers, compilation included, and memory.
 *
 * `npm run bench explore [DESIGNS] [WORKERS] [SPACE.yaml]`: examples/12-two-thousand-machines.yaml (AlexNet on textbook-single with five fields varied)
 * gone through whole, all 2,000 designs, by `systole explore`'s own search, pool and store in a folder of its own; or fewer DESIGNS, drawn at random
 * with seed 1, which share less of what the compiler's searches find. The clock starts when the first outcome of every worker is there, so that starting threads and loading the network is told apart.
 * CPU seconds are those of the process with all its threads: on a machine that others use as well they say more than the clock.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explore, localExecutor, openStore, parseSpace, spaceIdentity, spaceOf } from '#explore';
import { resolveMachine } from '#machine';

const SPACE = new URL('../examples/12-two-thousand-machines.yaml', import.meta.url);

export default async function bench([designs = 'all', workers = '2', path]: readonly string[]): Promise<void> {
  const text = readFileSync(path ?? SPACE, 'utf8');
  const read = await spaceOf(parseSpace(text, path ?? SPACE.pathname), {
    machine: resolveMachine,
    model: async (network) => ({ network }),
  });
  const count = designs === 'all' ? read.size : Number(designs);
  const method = designs === 'all' ? 'exhaustive' : 'random';
  const space = { ...read, search: { method, budget: count, seed: 1, population: 0 } } as const;
  const folder = mkdtempSync(join(tmpdir(), 'systole-bench-'));
  const options = { version: 'bench', identity: await spaceIdentity(space), resume: false };
  const store = await openStore(join(folder, 'results.sqlite'), options);
  const executor = localExecutor({
    workers: Number(workers),
    timeout: space.timeout,
    models: () => Promise.reject(new Error('only networks by name')),
  });
  const marks: { readonly ran: number; readonly seconds: number; readonly cpu: number; readonly rss: number }[] = [];
  const began = performance.now();
  const mark = (ran: number): void => {
    const { user, system } = process.cpuUsage();
    const rss = process.memoryUsage().rss / 2 ** 20;
    marks.push({ ran, seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6, rss });
  };
  const every = Math.max(1, Math.floor(count / 8));
  try {
    const { designs: all } = await explore(space, {
      ...{ executor, store, version: 'bench', signal: new AbortController().signal },
      onProgress: ({ ran }) => {
        if (ran !== marks.at(-1)?.ran && (ran === Number(workers) || (ran > Number(workers) && ran % every === 0)))
          mark(ran);
      },
    });
    const [first, last] = [marks[0]!, marks.at(-1)!];
    console.log(
      `${all.length} designs of ${space.size}, ${workers} workers; first outcomes after ${first.seconds.toFixed(1)} s`,
    );
    for (const [i, m] of marks.entries()) {
      const before = marks[i - 1];
      if (before === undefined) continue;
      const n = m.ran - before.ran;
      const rate = n / (m.seconds - before.seconds);
      const cpu = (1000 * (m.cpu - before.cpu)) / n;
      console.log(
        `${String(m.ran).padStart(6)} runs  ${rate.toFixed(1).padStart(6)}/s  ${cpu.toFixed(0).padStart(5)} ms CPU each  ${m.rss.toFixed(0).padStart(5)} MiB`,
      );
    }
    const n = last.ran - first.ran;
    console.log(
      `in all ${(n / (last.seconds - first.seconds)).toFixed(1)} designs/s, ${((1000 * (last.cpu - first.cpu)) / n).toFixed(0)} ms CPU each`,
    );
  } finally {
    await executor.close();
    store.close();
    rmSync(folder, { recursive: true });
  }
}
