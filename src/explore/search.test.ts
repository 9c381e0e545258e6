/** Searches over outcomes that are made up, told in any order: what is asked, what is kept, and that a search cut off goes on. */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { resolveMachine } from '#machine';
import type { Executor, Job, Metrics, Outcome } from './job.ts';
import { explore, memoryStore, type ResultStore } from './search.ts';
import { type Space, spaceOf } from './space.ts';
import { parseSpace } from './spaceFile.ts';

const space = (search: string, constraints = '{}', models = 'lenet5'): Promise<Space> =>
  spaceOf(
    parseSpace(
      `models: ${models}
machine: textbook-single
vary:
  nram.bytes: { from: 8192, to: 262144, times: 2 }
  wram.bytes: { from: 8192, to: 262144, times: 2 }
  vector.lanes: [16, 32, 48, 64]
  dram.bandwidth: [8, 16, 32]
objectives: [time, area]
constraints: ${constraints}
search: ${withoutOthers(search)}
`,
      'space.yaml',
    ),
    { machine: resolveMachine, model: async (network) => ({ network }) },
  );

/** A search without the keys that are of other methods: the tests below go through all of them with one text. */
function withoutOthers(search: string): string {
  const others = search.includes('exhaustive')
    ? ['budget', 'seed', 'population']
    : search.includes('random')
      ? ['population']
      : [];
  return others.reduce((text, key) => text.replace(new RegExp(`, ${key}: \\d+`), ''), search);
}

function outcomeOf({ key, point }: Job): Outcome {
  const { nram, wram, dram, vector, frequency } = point.machine;
  const cycles = Math.round(1e9 / Math.min(nram.bytes, 2 * wram.bytes) / dram.bandwidth.bytes + 1e6 / vector.lanes);
  const metrics: Metrics = {
    ...{
      samples: 1,
      cycles,
      seconds: cycles / frequency,
      energy: 1,
      efficiency: 0.5,
      bound: cycles / 2,
      boundBy: 'memory',
    },
    ...{ macs: 1, dramBytes: 1 },
  };
  // One in eight does not fit.
  return nram.bytes === wram.bytes && vector.lanes === 16
    ? { key, ok: false, failure: { code: 'SYS-LOWER-003', en: 'too little memory', zh: '内存不足' } }
    : { key, ok: true, metrics };
}

/** Tells outcomes late and in disorder, as so many workers would. */
function scattered(workers: number, seed: number, ran: string[]): Executor {
  const random = new Random(seed);
  return {
    async run(jobs, onOutcome, signal) {
      const held: Job[] = [];
      const tell = (): void => {
        const [job] = held.splice(random.integer(0, held.length - 1), 1);
        ran.push(job!.key);
        onOutcome(outcomeOf(job!));
      };
      for await (const job of jobs) {
        if (signal.aborted) return;
        held.push(job);
        if (held.length >= workers) tell();
      }
      while (held.length > 0 && !signal.aborted) tell();
    },
    close: async () => {},
  };
}

const options = (executor: Executor, store: ResultStore = memoryStore()) => ({
  ...{ executor, store, version: '1', signal: new AbortController().signal },
});

test('an exhaustive search looks at every design, and failures are results', async () => {
  const { designs, front, end } = await explore(await space('{ method: exhaustive }'), options(scattered(3, 1, [])));
  expect(end).toBe('complete');
  expect(designs.length).toBe(6 * 6 * 4 * 3);
  // 48 lanes are no power of two; what does not fit has the code of the compiler.
  const failures = designs.filter((d) => d.state === 'failed').map((d) => d.failure!.code);
  expect(failures.filter((c) => c === 'SYS-MACHINE-008').length).toBe(6 * 6 * 3);
  expect(failures.filter((c) => c === 'SYS-LOWER-003').length).toBe(6 * 3);
  const kept = designs.filter((d) => d.state === 'done');
  const beaten = (d: (typeof kept)[number]): boolean =>
    kept.some(
      ({ measures: m }) =>
        m.time! <= d.measures.time! &&
        m.area! <= d.measures.area! &&
        (m.time! < d.measures.time! || m.area! < d.measures.area!),
    );
  expect(front.map((i) => designs[i])).toEqual(kept.filter((d) => !beaten(d)));
});

test('what breaks a limit that is known before is not run, and no search asks for it', async () => {
  for (const method of ['exhaustive', 'random', 'nsga2']) {
    const ran: string[] = [];
    const asked = await space(`{ method: ${method}, budget: 40 }`, '{ area: { most: 8 }, time: { most: 0.0001 } }');
    const { designs, front } = await explore(asked, options(scattered(2, 1, ran)));
    const did = designs.filter((d) => d.runs.length > 0 || d.failure?.code === 'SYS-LOWER-003');
    expect(ran.length).toBe(did.length);
    expect(did.every((d) => d.measures.area! <= 8)).toBe(true);
    for (const i of front) expect(designs[i]!.measures.time).toBeLessThanOrEqual(0.0001);
    if (method !== 'exhaustive') expect(designs.length).toBe(40);
  }
});

test.each(['random', 'nsga2', 'exhaustive'])(
  '%s: as many workers as there are, in any order, the result is the same',
  async (method) => {
    const asked = await space(`{ method: ${method}, budget: 60, seed: 7, population: 12 }`);
    const first = await explore(asked, options(scattered(1, 1, [])));
    for (const workers of [2, 5, 16]) {
      const again = await explore(asked, options(scattered(workers, workers, [])));
      expect({ ...again, ran: 0 }).toEqual({ ...first, ran: 0 });
    }
  },
);

test.each(['random', 'nsga2', 'exhaustive'])(
  '%s: cut off again and again, nothing runs twice and the end is the same',
  async (method) => {
    const asked = await space(`{ method: ${method}, budget: 60, seed: 3, population: 12 }`, '{}', '[lenet5, mlp]');
    const whole = await explore(asked, options(scattered(2, 1, [])));
    const store = memoryStore();
    const ran: string[] = [];
    const ends: string[] = [];
    for (let i = 0; i < 100; i++) {
      const abort = new AbortController();
      const executor = scattered(3, i, ran);
      // By a limit, or by a signal in the middle.
      const cut =
        i % 2 === 0
          ? { limit: method === 'exhaustive' ? 170 : 17 }
          : {
              signal: abort.signal,
              onProgress: (p: { ran: number }) => void (p.ran >= (method === 'exhaustive' ? 90 : 9) && abort.abort()),
            };
      const { end, ...rest } = await explore(asked, { ...options(executor, store), ...cut });
      ends.push(end);
      if (end !== 'complete') continue;
      expect(rest.designs).toEqual(whole.designs);
      expect(rest.front).toEqual(whole.front);
      break;
    }
    expect(new Set(ends)).toEqual(new Set(['limit', 'interrupted', 'complete']));
    expect(new Set(ran).size).toBe(ran.length);
    expect(store.size).toBe(whole.ran);
  },
);

test.each(['nsga2', 'random', 'exhaustive'])(
  '%s: of a space of which nothing is to be run nothing runs',
  async (method) => {
    const asked = await space(`{ method: ${method} }`, '{ area: { most: 0.1 } }');
    const ran: string[] = [];
    const found = await explore(asked, options(scattered(1, 1, ran)));
    expect([found.end, found.front, ran]).toEqual(['complete', [], []]);
    // A random search of a small space goes through all of it.
    if (method === 'exhaustive') expect(found.designs.filter((d) => d.state === 'excluded').length).toBe(6 * 6 * 3 * 3);
  },
);

test.each(['exhaustive', 'random', 'nsga2'])('%s: a signal is heard while designs are excluded', async (method) => {
  const asked = await space(`{ method: ${method}, budget: 100 }`, '{ area: { most: 0.001 } }');
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 0);
  const found = await explore(asked, { ...options(scattered(1, 1, [])), signal: abort.signal });
  expect(found.end).toBe('interrupted');
  expect(found.designs.length).toBeLessThan(asked.size);
});

test('what failed for want of time or with its worker is tried anew by the next search, once', async () => {
  const asked = await space('{ method: exhaustive }');
  const store = memoryStore();
  const codes = ['SYS-EXPLORE-040', 'SYS-EXPLORE-041', 'SYS-EXPLORE-110', 'SYS-EXPLORE-001'];
  let count = 0;
  const failing = scattered(3, 1, []);
  const first = await explore(asked, {
    ...options(
      {
        ...failing,
        run: (jobs, onOutcome, signal) =>
          failing.run(
            jobs,
            (outcome) => {
              const code = count++ < 8 ? codes[count % 4]! : undefined;
              onOutcome(
                code === undefined ? outcome : { key: outcome.key, ok: false, failure: { code, en: '', zh: '' } },
              );
            },
            signal,
          ),
      },
      store,
    ),
  });
  expect(first.designs.filter((d) => codes.includes(d.failure?.code ?? '')).length).toBe(8);
  const told: number[] = [];
  const second = await explore(asked, {
    ...options(scattered(3, 1, []), store),
    onProgress: (p) => void told.push(p.left),
  });
  expect([second.ran, second.reused]).toEqual([8, first.ran - 8]);
  // What is there is not counted among what is to run; of the 108 designs of 48 lanes nobody knows yet that they are no machines.
  expect(Math.max(...told)).toBeLessThanOrEqual(6 * 6 * 3 + 8);
  expect(told.at(-1)).toBe(0);
  const whole = await explore(asked, options(scattered(3, 1, [])));
  expect(second.designs).toEqual(whole.designs);
});

test('what is left to run is no more than the limit', async () => {
  const told: number[] = [];
  await explore(await space('{ method: exhaustive }'), {
    ...options(scattered(3, 1, [])),
    limit: 50,
    onProgress: (p) => void told.push(p.left + p.ran),
  });
  expect(Math.max(...told)).toBe(50);
});

test('each network has a front of its own, however much smaller another is', async () => {
  for (const method of ['exhaustive', 'nsga2']) {
    const each = await space(`{ method: ${method}, budget: 200 }`, '{}', '[lenet5, mlp]');
    const asked: Space = {
      ...each,
      rule: 'each',
      dimensions: [{ name: 'model', values: ['lenet5', 'mlp'], size: 2, ordered: false }, ...each.dimensions],
      size: 2 * each.size,
    };
    const sized: Executor = {
      async run(jobs, onOutcome) {
        for await (const job of jobs) {
          const outcome = outcomeOf(job);
          const factor = 'network' in job.point.model && job.point.model.network === 'mlp' ? 0.001 : 1;
          if (!outcome.ok) onOutcome(outcome);
          else {
            const { metrics } = outcome;
            const seconds = metrics.seconds * factor;
            onOutcome({ ...outcome, metrics: { ...metrics, cycles: metrics.cycles * factor, seconds } });
          }
        }
      },
      close: async () => {},
    };
    const { designs, front } = await explore(asked, options(sized));
    const fronts = ['lenet5', 'mlp'].map((model) =>
      front.flatMap((i) => {
        const { model: own, ...values } = designs[i]!.values;
        return own === model ? [values] : [];
      }),
    );
    expect(fronts[0]!.length).toBeGreaterThan(3);
    // Their times differ by a factor alone.
    if (method === 'exhaustive') expect(fronts[0]).toEqual(fronts[1]);
    else expect(fronts[1]!.length).toBeGreaterThan(3);
  }
});

test('several networks are one measure, by each rule', async () => {
  const one = await space('{ method: random, budget: 5 }');
  const rules = await Promise.all(
    (['geomean', 'sum', 'worst'] as const).map(async (rule) => {
      const asked: Space = {
        ...one,
        rule,
        models: ['lenet5', 'mlp'].map((name) => ({ name, reference: { network: name } })),
      };
      return explore(asked, options(scattered(1, 1, [])));
    }),
  );
  const single = await explore(one, options(scattered(1, 1, [])));
  for (const [i, d] of single.designs.entries()) {
    if (d.state !== 'done') continue;
    // Both take the same here.
    expect(rules[0]!.designs[i]!.measures.time).toBeCloseTo(d.measures.time!, 12);
    expect(rules[1]!.designs[i]!.measures.time).toBeCloseTo(2 * d.measures.time!, 12);
    expect(rules[2]!.designs[i]!.measures.time).toBe(d.measures.time);
    expect(rules[1]!.designs[i]!.measures.efficiency).toBeCloseTo(0.5, 12);
  }
});
