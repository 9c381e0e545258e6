/**
 * The search: which designs are looked at, and what comes of them. Everything that is asked follows from the space and its seed, never from the order
 * in which workers are done, so that a search that was cut off asks for the same again, finds in the store what is there, and goes on.
 */
import { diagnostic, Random } from '#base';
import type { Machine } from '#machine';
import { type Executor, type Failure, type Job, jobOf, type Metrics, type Outcome } from './job.ts';
import { type Measures, objectivesOf, runMeasures, staticMeasures, violationOf } from './measures.ts';
import { type Genome, keyOf, Nsga2 } from './nsga2.ts';
import { paretoFront } from './pareto.ts';
import { genomeAt, machineAt, pointsAt, type Space, type Values, valuesAt } from './space.ts';

/** Outcomes by key, kept as soon as they are told. */
export interface ResultStore {
  get(key: string): Outcome | undefined;
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
  /** Positions of the designs that keep all limits and that no other dominates. */
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
  /** Jobs that ran now. */
  readonly ran: number;
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

const noDesign = diagnostic<object>('SYS-EXPLORE-030', 'unsupported', {
  en: () =>
    "no design of the space keeps the limits on area, peak and capacity, so that nothing is to be run. Loosen 'constraints', or let 'vary' have other values.",
  zh: () => '空间中没有设计满足 area、peak 与 capacity 的限制，无可运行。请放宽 constraints，或给 vary 其他取值。',
});

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

/** @throws SYS-EXPLORE-030 where no design is worth a run */
export async function explore(space: Space, options: ExploreOptions): Promise<Exploration> {
  const { executor, store, version, signal, limit = Number.POSITIVE_INFINITY, onProgress } = options;
  const { search } = space;
  const total = search.method === 'exhaustive' ? space.size : Math.min(search.budget, space.size);
  const designs: Design[] = [];
  let [ran, reused, failed] = [0, 0, 0];
  /** Jobs handed to the executor. */
  let given = 0;
  let end: Exploration['end'] = 'complete';
  const finish = (design: Design): Design => {
    designs.push(design);
    if (design.state === 'failed') failed++;
    onProgress?.({ done: designs.length, total, failed, ran });
    return design;
  };

  /** Runs designs; those that have no outcome in the end, because the search was cut off, are left out. */
  const run = async (genomes: Iterable<Genome>): Promise<readonly Design[]> => {
    const made: { readonly at: number; readonly design: Design }[] = [];
    /** Designs that wait for a job that is under way, by its key. */
    const waiting = new Map<string, (() => void)[]>();
    async function* jobs(): AsyncGenerator<Job> {
      let at = 0;
      for (const genome of genomes) {
        const place = at++;
        const planned = plan(space, genome);
        const { machine } = planned;
        if (machine === undefined || planned.violation > 0) {
          made.push({ at: place, design: finish(unrun(planned)) });
          continue;
        }
        const points = pointsAt(space, planned.values, machine);
        const all = await Promise.all(points.map((point) => jobOf(point, version)));
        const missing = new Set(all.map((job) => job.key).filter((key) => store.get(key) === undefined));
        reused += all.length - missing.size;
        const conclude = (): void => {
          made.push({ at: place, design: finish(concluded(space, planned, all, store)) });
        };
        if (missing.size === 0) {
          conclude();
          continue;
        }
        let left = missing.size;
        for (const key of missing) {
          const others = waiting.get(key);
          const done = (): void => {
            if (--left === 0) conclude();
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
    }
    await executor.run(
      jobs(),
      (outcome) => {
        const told = waiting.get(outcome.key);
        if (told === undefined) return;
        store.put(outcome);
        waiting.delete(outcome.key);
        ran++;
        for (const done of told) done();
      },
      signal,
    );
    if (signal.aborted && (waiting.size > 0 || end !== 'complete')) end = 'interrupted';
    return made.sort((a, b) => a.at - b.at).map((m) => m.design);
  };

  if (search.method === 'nsga2') await evolve(space, run, () => end !== 'complete');
  else await run(search.method === 'random' ? drawn(space) : counted(space));
  if (end === 'complete' && designs.every((d) => d.state === 'excluded')) throw noDesign({});
  // In the order of the space, whoever was done first.
  designs.sort((a, b) => compareGenomes(a.genome, b.genome));
  return { designs, front: frontOf(space, designs), end, ran, reused };
}

function* counted(space: Space): Generator<Genome> {
  for (let i = 0; i < space.size; i++) yield genomeAt(space, i);
}

/** Worth a run, as far as that is known before. */
const isAdmissible = (space: Space, genome: Genome): boolean => {
  const { machine, violation } = plan(space, genome);
  return machine !== undefined && violation === 0;
};

/** Draws that find nothing new, after which a random search is over. */
const MOST_DRAWS = 100_000;

/** Different designs that keep the limits that are known before. */
function* drawn(space: Space): Generator<Genome> {
  const { budget, seed } = space.search;
  if (budget >= space.size) return yield* counted(space);
  const random = new Random(seed);
  const known = new Set<string>();
  let found = 0;
  for (let draws = 0; found < budget && known.size < space.size && draws < MOST_DRAWS; draws++) {
    const genome = space.dimensions.map((d) => random.integer(0, d.size - 1));
    const key = keyOf(genome);
    if (known.has(key)) continue;
    known.add(key);
    draws = 0;
    if (!isAdmissible(space, genome)) continue;
    found++;
    yield genome;
  }
}

async function evolve(
  space: Space,
  run: (genomes: readonly Genome[]) => Promise<readonly Design[]>,
  isCut: () => boolean,
): Promise<void> {
  const { budget, seed, population } = space.search;
  const engine = new Nsga2({
    parameters: space.dimensions,
    random: new Random(seed),
    population,
    admissible: (genome) => isAdmissible(space, genome),
  });
  for (let left = budget; left > 0; ) {
    const genomes = engine.ask().slice(0, left);
    if (genomes.length === 0) return;
    const designs = await run(genomes);
    if (isCut()) return;
    left -= genomes.length;
    engine.tell(
      designs.map((d) => ({
        genome: d.genome,
        violation: d.violation,
        ...(d.state === 'done' ? { objectives: objectivesOf(d.measures as Measures, space.objectives) } : {}),
      })),
    );
  }
}

function unrun({ machine: _, failure, ...planned }: Planned): Design {
  if (failure === undefined) return { ...planned, state: 'excluded', runs: [] };
  return { ...planned, state: 'failed', runs: [], failure };
}

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

/** Positions of the designs of the front. */
export function frontOf(space: Space, designs: readonly Design[]): readonly number[] {
  const kept = designs.flatMap((d, i) => (d.state === 'done' && d.violation === 0 ? [i] : []));
  const front = paretoFront(kept.map((i) => objectivesOf(designs[i]!.measures as Measures, space.objectives)));
  return front.map((i) => kept[i]!);
}
