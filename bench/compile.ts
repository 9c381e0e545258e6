/**
 * Compile time against ONNX Runtime's session creation for the same file, from cache too; whole runs; peak memory.
 *
 *   npm run bench compile -- [--rounds N] [NETWORK…]      networks of models/, by default all; best of N (3) rounds
 *
 * Method: a network is written to an ONNX file with its weights drawn. Every sample is a process of its own, as a user meets it: it reads the
 * file, lets ONNX Runtime (native, its own optimisation, as many threads as it likes) create a session of it, and compiles it for
 * textbook-single and one sample, from the bytes to the program: first without a cache, then, in another process, with the cache that
 * the first has written. Ratios are ours ÷ theirs of one process, the least of the rounds; `cpu` is processor time (of all threads,
 * garbage collection among them), which a busy machine moves less than the clock. Reading the file is apart. Then runs of some networks:
 * `timing` counts cycles only, `data` is what `systole run` does, from the file to the checked answer. Memory is the peak of the process.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine } from '#engine';
import { type CacheStore, type Compiled, compileModel, executeProgram, randomInput, runAndCheck } from '#flow';
import { DEFAULT_MACHINE, resolveMachine } from '#machine';
import { buildModel, models } from '#models';
import { readModel, writeModel } from '#onnx';

/** Runs, and the seconds and bytes that the project has set itself. */
const RUNS = [
  { network: 'resnet152', what: 'timing', seconds: 1 },
  { network: 'alexnet', what: 'data', seconds: 2 },
  { network: 'vgg19', what: 'data', seconds: 10 },
] as const;
const MEMORY = 3e9;

const SAMPLES = ['compile', 'timing', 'data'] as const;
type Sample = (typeof SAMPLES)[number];

/** Milliseconds by what they went to; bytes of the peak. */
type Measured = Readonly<Record<string, number>>;

export default async function compile(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '3' }, sample: { type: 'string' } },
  });
  if (values.sample !== undefined) {
    const [file, cache] = positionals as [string, string];
    console.log(JSON.stringify(await sample(values.sample as Sample, file, cache)));
    return;
  }
  const unknown = positionals.filter((name) => !models.has(name));
  if (unknown.length > 0)
    throw new Error(`no network '${unknown.join("', '")}'; there are: ${[...models.keys()].join(', ')}`);
  const rounds = Array.from({ length: Number(values.rounds) });
  const folder = mkdtempSync(join(tmpdir(), 'systole-bench-'));
  console.log(`${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`);
  const [compiled, ran] = [[] as object[], [] as object[]];
  try {
    for (const network of positionals.length > 0 ? positionals : models.keys()) {
      const file = join(folder, `${network}.onnx`);
      writeFileSync(file, writeModel(await buildModel(network)));
      const turns = rounds.map(() => {
        const cache = mkdtempSync(join(folder, 'cache-'));
        return { cold: measure('compile', file, cache), cached: measure('compile', file, cache) };
      });
      compiled.push(compileRow(network, turns));
      for (const { what, seconds } of RUNS.filter((run) => run.network === network)) {
        const cache = mkdtempSync(join(folder, 'cache-'));
        const all = rounds.map(() => measure(what, file, cache));
        ran.push(runRow(network, what, seconds, all));
      }
      rmSync(file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.table(compiled);
  if (ran.length > 0) console.table(ran);
  console.log(`load ${loadavg()[0]!.toFixed(1)}`);
}

const least = (all: readonly Measured[], of: (m: Measured) => number): number => Math.min(...all.map(of));
const most = (all: readonly Measured[], of: (m: Measured) => number): number => Math.max(...all.map(of));

function compileRow(network: string, turns: readonly { readonly cold: Measured; readonly cached: Measured }[]): object {
  const [cold, cached] = [turns.map((t) => t.cold), turns.map((t) => t.cached)];
  return {
    network,
    'file MB': (cold[0]!.bytes! / 1e6).toFixed(1),
    'read ms': least([...cold, ...cached], (m) => m.read!).toFixed(0),
    'ORT session ms': least([...cold, ...cached], (m) => m.session!).toFixed(0),
    'compile ms': least(cold, (m) => m.compile!).toFixed(0),
    'cpu ms': least(cold, (m) => m['compile cpu']!).toFixed(0),
    '÷ ORT': least(cold, (m) => m.compile! / m.session!).toFixed(2),
    'cached ms': least(cached, (m) => m.compile!).toFixed(0),
    'cached cpu ms': least(cached, (m) => m['compile cpu']!).toFixed(0),
    'cached ÷ ORT': least(cached, (m) => m.compile! / m.session!).toFixed(2),
    'cpu ÷ ORT': least(cold, (m) => m['compile cpu']! / m['session cpu']!).toFixed(2),
    'cached cpu ÷ ORT': least(cached, (m) => m['compile cpu']! / m['session cpu']!).toFixed(2),
  };
}

function runRow(network: string, what: string, seconds: number, all: readonly Measured[]): object {
  const ms = least(all, (m) => m[what]!);
  const peak = most(all, (m) => m.peak!);
  return {
    network,
    what,
    ms: ms.toFixed(0),
    'cpu ms': least(all, (m) => m[`${what} cpu`]!).toFixed(0),
    'compile ms': least(all, (m) => m.compile!).toFixed(0),
    bar: `${ms < 1000 * seconds ? 'ok' : '  '} < ${seconds} s`,
    'peak MB': (peak / 1e6).toFixed(0),
    memory: `${peak < MEMORY ? 'ok' : '  '} < ${MEMORY / 1e6} MB`,
  };
}

/** Takes a sample in a process of its own. */
function measure(what: Sample, file: string, cache: string): Measured {
  const run = fileURLToPath(new URL('./run.ts', import.meta.url));
  const args = ['--conditions=source', run, 'compile', '--sample', what, file, cache];
  const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${what} of ${file}: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

/** A cache in a folder that is there. */
const storeIn = (folder: string): CacheStore => ({
  async read(name) {
    try {
      return readFileSync(join(folder, name));
    } catch {
      return undefined;
    }
  },
  async write(name, bytes) {
    writeFileSync(join(folder, name), bytes);
  },
});

async function sample(what: Sample, file: string, folder: string): Promise<Measured> {
  const machine = resolveMachine(DEFAULT_MACHINE);
  const engine = await createEngine();
  const { InferenceSession } = await import('onnxruntime-node');
  const times: Record<string, number> = {};
  const clock = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const [start, used] = [performance.now(), process.cpuUsage()];
    const value = await work();
    times[name] = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    times[`${name} cpu`] = (user + system) / 1000;
    return value;
  };
  if (what === 'compile') {
    const session = await clock('session', () => InferenceSession.create(file, { logSeverityLevel: 4 }));
    await session.release();
  }
  const cache = { store: storeIn(folder), compiler: 'this' };
  const compiledFrom = async (file: string): Promise<Compiled> => {
    const bytes = await clock('read', () => readFileSync(file));
    return clock('compile', () => compileModel(readModel(bytes), { machine, engine, batch: 1, cache }));
  };
  if (what === 'data') {
    await clock('data', async () => {
      const compiled = await compiledFrom(file);
      const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
      const { check } = await runAndCheck(compiled, { engine, feeds });
      if (!check.ok) throw new Error('the numbers differ from the host');
    });
  } else {
    const { program } = await compiledFrom(file);
    if (what === 'timing') await clock('timing', () => executeProgram(program, { data: false }));
  }
  return { ...times, bytes: statSync(file).size, peak: process.resourceUsage().maxRSS * 1024 };
}
