/**
 * The search: which designs are looked at, and what comes of them. Everything that is asked follows from the space and its seed, never from the order
 * in which workers are done, so that a search that was cut off asks for the same again, finds in the store what is there, and goes on.
 */
import { Random } from '#base';
import type { Machine } from '#machine';
import { isForGood } from './failures.ts';
import { type Executor, type Failure, type Job, jobOf, type Metrics, type Outcome } from './job.ts';
import { type Measures, objectivesOf, runMeasures, staticMeasures, violationOf } from './measures.ts';
import { familyOf, inFamilies } from './neighbours.ts';
import { type Genome, keyOf, Nsga2 } from './nsga2.ts';
import { paretoFront } from './pareto.ts';
import { machineAt, pointsAt, type Space, type Values, valuesAt } from './space.ts';

/** Outcomes by key, kept as soon as they are told. */
export interface ResultStore {
  get(key: string): Outcome | undefined;
  /** In the place of what was there. */
  put(outcome: Outcome): void;
  /** How many there are. */
  readonly size: number;
  close(): void;
}

/** Outcomes of this run alone. */
export function memoryStore(): ResultStore {
  const outcomes = new Map<string, Outcome>();
  return {
    get: (key) => outcomes.get(key),
    put: (outcome) => void outcomes.set(outcome.key, outcome),
    get size() {
      return outcomes.size;
    },
    close: () => {},
  };
}

/** What became of a design. */
export interface Design {
  readonly values: Values;
  readonly genome: Genome;
  /** done; excluded by a limit that is known before a run; failed, with the reason. */
  readonly state: 'done' | 'excluded' | 'failed';
  /** Of the machine alone where it did not run; empty where there is no such machine. */
  readonly measures: Partial<Measures>;
  /** By how much limits are broken. */
  readonly violation: number;
  /** Of the networks that it was judged by, in the order of the space; empty where it did not run. */
  readonly runs: readonly Metrics[];
  readonly failure?: Failure & { readonly model?: string };
}

export interface Exploration {
  readonly designs: readonly Design[];
  /** Positions of the designs that keep all limits and that no other dominates; where each network is judged for itself, no other of its network. */
  readonly front: readonly number[];
  /** Whether the search came to its end, or why not. */
  readonly end: 'complete' | 'limit' | 'interrupted';
  /** Jobs that ran now, and those that the store had. */
  readonly ran: number;
  readonly reused: number;
}

export interface SearchProgress {
  /** Designs looked at, of how many. */
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  /** Of them, those that break a limit that is known before. */
  readonly excluded: number;
  /** Jobs handed out now, and those of them that ran. */
  readonly given: number;
  readonly ran: number;
  /** Jobs that are still to run now, about: by what share of the designs so far had to. */
  readonly left: number;
}

export interface ExploreOptions {
  readonly executor: Executor;
  readonly store: ResultStore;
  /** Of Systole. */
  readonly version: string;
  readonly signal: AbortSignal;
  /** Jobs to run at most now. */
  readonly limit?: number;
  readonly onProgress?: (progress: SearchProgress) => void;
}

/** A design before it has run. */
interface Planned {
  readonly genome: Genome;
  readonly values: Values;
  readonly machine: Machine | undefined;
  readonly failure?: Failure;
  readonly measures: Partial<Measures>;
  readonly violation: number;
}

function plan(space: Space, genome: Genome): Planned {
  const values = valuesAt(space, genome);
  const machine = machineAt(space, genome);
  if ('code' in machine) return { genome, values, machine: undefined, failure: machine, measures: {}, violation: 0 };
  const measures = staticMeasures(machine, values.dtype as never);
  return { genome, values, machine, measures, violation: violationOf(measures, space.constraints) };
}

/** Designs that are looked at without a run before others have their turn: a signal, a terminal, workers. */
const MOST_AT_ONCE = 200;

type Run = (genomes: Iterable<Genome> | AsyncIterable<Genome>) => Promise<void>;

export async function explore(space: Space, options: ExploreOptions): Promise<Exploration> {
  const { executor, store, version, signal, limit = Number.POSITIVE_INFINITY, onProgress } = options;
  const { search } = space;
  const total = search.method === 'exhaustive' ? space.size : Math.min(search.budget, space.size);
  const designs: Design[] = [];
  const before = store.size;
  let [ran, reused, failed, excluded] = [0, 0, 0, 0];
  /** Designs whose outcomes were all there. */
  let known = 0;
  /** Jobs handed to the executor. */
  let given = 0;
  let end: Exploration['end'] = 'complete';
  const left = (): number => {
    const open = total - designs.length;
    // What is there and was not asked for yet may be of these.
    const there = Math.min(open, (before - reused) / (space.rule === 'each' ? 1 : space.models.length));
    const fresh = designs.length - known;
    return Math.min(limit - ran, fresh === 0 ? 0 : ((open - Math.max(0, there)) * ran) / fresh);
  };
  const tell = (): void =>
    onProgress?.({ done: designs.length, total, failed, excluded, given, ran, left: Math.round(left()) });
  const finish = (design: Design): void => {
    designs.push(design);
    if (design.state === 'failed') failed++;
    if (design.state === 'excluded') excluded++;
    tell();
  };
  let looked = 0;
  const breathe = async (): Promise<void> => {
    if (++looked % MOST_AT_ONCE !== 0) return;
    tell();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  /** Jobs whose failures are of this run: those of an earlier one that need not come again are tried anew, once. */
  const again = new Set<string>();
  const isMissing = (key: string): boolean => {
    const outcome = store.get(key);
    return outcome === undefined || !(isForGood(outcome) || again.has(key));
  };

  /** Runs designs; those that have no outcome in the end, because the search was cut off, are left out. */
  const run: Run = async (genomes) => {
    /** Designs that wait for a job that is under way, by its key. */
    const waiting = new Map<string, (() => void)[]>();
    let isThrough = false;
    async function* jobs(): AsyncGenerator<Job> {
      for await (const genome of genomes) {
        if (signal.aborted) return;
        const planned = plan(space, genome);
        const { machine } = planned;
        if (machine === undefined || planned.violation > 0) {
          finish(new Unrun(space, planned));
          await breathe();
          continue;
        }
        const points = pointsAt(space, planned.values, machine);
        const all = await Promise.all(points.map((point) => jobOf(point, version, familyOf(space, genome))));
        if (signal.aborted) return;
        const missing = new Set(all.map((job) => job.key).filter(isMissing));
        reused += all.length - missing.size;
        const conclude = (): void => finish(concluded(space, planned, all, store));
        if (missing.size === 0) {
          known++;
          conclude();
          await breathe();
          continue;
        }
        let open = missing.size;
        for (const key of missing) {
          const others = waiting.get(key);
          const done = (): void => {
            if (--open === 0) conclude();
          };
          if (others !== undefined) others.push(done);
          else if (given >= limit || signal.aborted) {
            end = signal.aborted ? 'interrupted' : 'limit';
            return;
          } else {
            given++;
            waiting.set(key, [done]);
            yield all.find((job) => job.key === key)!;
          }
        }
      }
      isThrough = !signal.aborted;
    }
    await executor.run(
      jobs(),
      (outcome) => {
        const told = waiting.get(outcome.key);
        if (told === undefined) return;
        store.put(outcome);
        if (!isForGood(outcome)) again.add(outcome.key);
        waiting.delete(outcome.key);
        ran++;
        for (const done of told) done();
      },
      signal,
    );
    if (signal.aborted && (waiting.size > 0 || !isThrough)) end = 'interrupted';
  };

  if (search.method === 'nsga2') {
    const generation = async (genomes: readonly Genome[]): Promise<readonly Design[]> => {
      const first = designs.length;
      await run(genomes);
      return designs.slice(first);
    };
    await evolve(space, generation, breathe, signal, () => end !== 'complete');
    if (signal.aborted && end === 'complete' && designs.length < total) end = 'interrupted';
  } else await run(search.method === 'random' ? drawn(space, breathe, signal) : inFamilies(space));
  // In the order of the space, whoever was done first.
  designs.sort((a, b) => compareGenomes(a.genome, b.genome));
  return { designs, front: frontOf(space, designs), end, ran, reused };
}

/** Worth a run, as far as that is known before. */
const isAdmissible = (space: Space, genome: Genome): boolean => {
  const { machine, violation } = plan(space, genome);
  return machine !== undefined && violation === 0;
};

/** Draws one after the other that find nothing new, or nothing that keeps the limits, after which a random search is over. */
const MOST_DRAWS = 100_000;

/** Different designs that keep the limits that are known before. */
async function* drawn(space: Space, breathe: () => Promise<void>, signal: AbortSignal): AsyncGenerator<Genome> {
  const { budget, seed } = space.search;
  if (budget >= space.size) return yield* inFamilies(space);
  const random = new Random(seed);
  const known = new Set<string>();
  let [draws, refused, found] = [0, 0, 0];
  while (found < budget && known.size < space.size && draws < MOST_DRAWS && refused < MOST_DRAWS) {
    const genome = space.dimensions.map((d) => random.integer(0, d.size - 1));
    const key = keyOf(genome);
    draws++;
    if (known.has(key)) continue;
    known.add(key);
    draws = 0;
    if (isAdmissible(space, genome)) {
      [found, refused] = [found + 1, 0];
      yield genome;
      continue;
    }
    refused++;
    await breathe();
    // Whoever takes designs sees the signal, too.
    if (signal.aborted) return;
  }
}

async function evolve(
  space: Space,
  run: (genomes: readonly Genome[]) => Promise<readonly Design[]>,
  breathe: () => Promise<void>,
  signal: AbortSignal,
  isCut: () => boolean,
): Promise<void> {
  const { budget, seed, population } = space.search;
  const engine = new Nsga2({
    parameters: space.dimensions,
    random: new Random(seed),
    population,
    admissible: async (genome) => {
      await breathe();
      return isAdmissible(space, genome);
    },
  });
  for (let left = budget; left > 0; ) {
    const genomes = (await engine.ask(signal)).slice(0, left);
    if (genomes.length === 0 || signal.aborted) return;
    const designs = await run(genomes);
    if (isCut()) return;
    left -= genomes.length;
    engine.tell(
      designs.map((d) => ({
        ...{ genome: d.genome, violation: d.violation, group: groupOf(d) },
        ...(d.state === 'done' ? { objectives: objectivesOf(d.measures as Measures, space.objectives) } : {}),
      })),
    );
  }
}

/** A design that did not run. There may be a million: its values follow from its place. */
class Unrun implements Design {
  readonly state: 'excluded' | 'failed';
  readonly genome: Genome;
  readonly measures: Partial<Measures>;
  readonly violation: number;
  readonly runs: readonly Metrics[] = NO_RUNS;
  readonly failure?: Failure;
  readonly #space: Space;

  constructor(space: Space, { genome, measures, violation, failure }: Planned) {
    this.#space = space;
    this.state = failure === undefined ? 'excluded' : 'failed';
    this.genome = genome;
    this.measures = measures;
    this.violation = violation;
    if (failure !== undefined) this.failure = failure;
  }

  get values(): Values {
    return valuesAt(this.#space, this.genome);
  }
}
const NO_RUNS: readonly Metrics[] = [];

function concluded(space: Space, planned: Planned, jobs: readonly Job[], store: ResultStore): Design {
  const { machine: _, ...rest } = planned;
  const outcomes = jobs.map((job) => store.get(job.key)!);
  const broken = outcomes.findIndex((o) => !o.ok);
  const first = outcomes[broken];
  if (first !== undefined && !first.ok) {
    const several = space.models.length > 1 && planned.values.model === undefined;
    const model = several ? { model: space.models[broken]!.name } : {};
    return { ...rest, state: 'failed', runs: [], failure: { ...first.failure, ...model } };
  }
  const runs = outcomes.flatMap((o) => (o.ok ? [o.metrics] : []));
  const measures: Partial<Measures> = { ...planned.measures, ...runMeasures(runs, space.rule) };
  return { ...rest, state: 'done', measures, violation: violationOf(measures, space.constraints), runs };
}

function compareGenomes(a: Genome, b: Genome): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** Designs are compared within their network, where each is judged for itself: a small one is not better for being small. */
export const groupOf = ({ values: { model } }: Design): string => (model === undefined ? '' : String(model));

/** Positions of the designs of the front; of those of each network where each is judged for itself. */
export function frontOf(space: Space, designs: readonly Design[]): readonly number[] {
  const kept = designs.flatMap((d, i) => (d.state === 'done' && d.violation === 0 ? [i] : []));
  const fronts = [...Map.groupBy(kept, (i) => groupOf(designs[i]!)).values()].flatMap((own) =>
    paretoFront(own.map((i) => objectivesOf(designs[i]!.measures as Measures, space.objectives))).map((i) => own[i]!),
  );
  return fronts.sort((a, b) => a - b);
}

/** Failed designs by the code of the reason. */
export function failuresOf(designs: readonly Design[]): Readonly<Record<string, number>> {
  const codes = designs.flatMap((d) => d.failure?.code ?? []);
  return Object.fromEntries([...Map.groupBy(codes, (c) => c)].map(([code, all]) => [code, all.length]));
}

/** Designs by what became of them. */
export const statesOf = (designs: readonly Design[]): Readonly<Record<Design['state'], number>> => ({
  done: designs.filter((d) => d.state === 'done').length,
  excluded: designs.filter((d) => d.state === 'excluded').length,
  failed: designs.filter((d) => d.state === 'failed').length,
});
