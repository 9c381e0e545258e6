/**
 * NSGA-II over a space of choices: Deb, Pratap, Agarwal, Meyarivan, A fast and elitist multiobjective genetic algorithm, IEEE TEC 6(2), 2002. A
 * point is a position in the list of values of each parameter. Values in order (sizes) are crossed by simulated binary crossover and mutated by
 * steps that are mostly small; names are exchanged and drawn anew. What was evaluated is never asked for again: children that are known are
 * mutated until they are new. The same seed asks for the same points, whoever evaluates them in whatever order.
 */
import type { Random } from '#base';
import { dominates, type Objectives } from './pareto.ts';

export interface Parameter {
  readonly name: string;
  /** How many values it has. */
  readonly size: number;
  /** Whether they are in order, so that neighbours are alike. */
  readonly ordered: boolean;
}

/** Position of each parameter's value. */
export type Genome = readonly number[];

export interface Judged {
  readonly genome: Genome;
  /** All minimised; absent where the point could not be evaluated. */
  readonly objectives?: Objectives;
  /** By how much constraints are broken in all; 0 where all hold. */
  readonly violation: number;
  /** Points are compared with those of their own group, and each group has fronts of its own. */
  readonly group?: string;
}

export interface Nsga2Options {
  readonly parameters: readonly Parameter[];
  readonly random: Random;
  /** Points of a generation, even. */
  readonly population?: number;
  readonly crossover?: number;
  /** Of a parameter; by default 1 ÷ their number. */
  readonly mutation?: number;
  /** Whether a point is worth evaluating, as far as that is known before: others are not asked for. */
  readonly admissible?: (genome: Genome) => boolean | Promise<boolean>;
}

interface Ranked extends Judged {
  readonly rank: number;
  readonly crowding: number;
}

export const keyOf = (genome: Genome): string => genome.join(',');

/** Deb's rule: whole points before broken ones, of broken ones the less broken, of whole ones the dominating; within a group. */
export function isBetter(a: Judged, b: Judged): boolean {
  if (a.objectives === undefined || b.objectives === undefined)
    return a.objectives !== undefined && b.objectives === undefined;
  if (a.group !== b.group) return false;
  if (a.violation !== b.violation) return a.violation < b.violation;
  return a.violation === 0 && dominates(a.objectives, b.objectives);
}

/** Fronts, best first. */
export function sortByDominance(points: readonly Judged[]): readonly (readonly Judged[])[] {
  const worse = points.map((p) => points.flatMap((q, j) => (isBetter(p, q) ? [j] : [])));
  const betters = points.map(() => 0);
  for (const list of worse) for (const j of list) betters[j]!++;
  const fronts: Judged[][] = [];
  let current = points.flatMap((_, i) => (betters[i] === 0 ? [i] : []));
  while (current.length > 0) {
    fronts.push(current.map((i) => points[i]!));
    const next: number[] = [];
    for (const i of current) for (const j of worse[i]!) if (--betters[j]! === 0) next.push(j);
    current = next;
  }
  return fronts;
}

/** Of each group of a front apart. */
function crowdingByGroup(front: readonly Judged[]): readonly number[] {
  const crowding = new Map<Judged, number>();
  for (const own of Map.groupBy(front, (p) => p.group).values())
    for (const [i, distance] of crowdingOf(own).entries()) crowding.set(own[i]!, distance);
  return front.map((p) => crowding.get(p)!);
}

/** For each point of a front the sum over objectives of the distance between its neighbours, relative to the front's extent; ends are infinite. */
export function crowdingOf(front: readonly Judged[]): readonly number[] {
  const distance = front.map(() => 0);
  const count = front[0]?.objectives?.length ?? 0;
  for (let m = 0; m < count; m++) {
    const at = (i: number): number => front[i]!.objectives?.[m] ?? Number.POSITIVE_INFINITY;
    const order = front.map((_, i) => i).sort((a, b) => at(a) - at(b) || a - b);
    const extent = at(order.at(-1)!) - at(order[0]!);
    distance[order[0]!] = distance[order.at(-1)!] = Number.POSITIVE_INFINITY;
    if (!(extent > 0 && Number.isFinite(extent))) continue;
    for (let k = 1; k < order.length - 1; k++) distance[order[k]!]! += (at(order[k + 1]!) - at(order[k - 1]!)) / extent;
  }
  return distance;
}

/** How narrow children lie around their parents, and mutants around what they come from. */
const SPREAD = { crossover: 15, mutation: 20 };

/** Share of mutations that take any value: fronts of machines have gaps that no small step leads across, as where a value first fits on the chip. */
const LEAP = 0.3;

/**
 * Share of children of which half of the parameters take any value at once: what pays only together (a memory that holds a value whole, and a
 * channel so slow that this counts) is not found one by one, since each alone is dominated.
 */
const JUMP = 0.15;

/** Attempts at a child that was not evaluated before. */
const ATTEMPTS = 50;
/** Points that are found not to be admissible, after which a generation is what it is. */
const MOST_REFUSED = 100_000;

/** Mutable: ask for a generation, evaluate it, tell. */
export class Nsga2 {
  readonly #parameters: readonly Parameter[];
  readonly #random: Random;
  readonly #size: number;
  readonly #crossover: number;
  readonly #mutation: number;
  readonly #admissible: (genome: Genome) => boolean | Promise<boolean>;
  readonly #known = new Set<string>();
  #population: readonly Ranked[] = [];

  constructor({ parameters, random, population = 40, crossover = 0.9, mutation, admissible }: Nsga2Options) {
    this.#parameters = parameters;
    this.#random = random;
    this.#size = population + (population % 2);
    this.#crossover = crossover;
    this.#admissible = admissible ?? (() => true);
    this.#mutation = mutation ?? 1 / Math.max(1, parameters.length);
  }

  /** Points to evaluate next, none twice; fewer than a generation where the space has no more, or once aborted. */
  async ask(signal?: AbortSignal): Promise<readonly Genome[]> {
    const asked: Genome[] = [];
    const most = this.#parameters.reduce((n, p) => n * p.size, 1);
    let refused = 0;
    const take = async (genome: Genome): Promise<boolean> => {
      const key = keyOf(genome);
      if (this.#known.has(key)) return false;
      this.#known.add(key);
      if (!(await this.#admissible(genome))) {
        refused++;
        return false;
      }
      asked.push(genome);
      return true;
    };
    const isOver = (): boolean =>
      asked.length === this.#size || this.#known.size === most || refused > MOST_REFUSED || signal?.aborted === true;
    while (!isOver()) {
      const children = this.#population.length === 0 ? this.#spread() : this.#children();
      for (const child of children) {
        let genome = child;
        let attempt = 0;
        while (!isOver() && !(await take(genome)))
          genome = attempt++ < ATTEMPTS ? this.#mutated(genome, Math.min(1, 2 * this.#mutation)) : this.#drawn();
      }
    }
    return asked;
  }

  /** What became of points; any number of them, in any order. */
  tell(judged: readonly Judged[]): void {
    for (const { genome } of judged) this.#known.add(keyOf(genome));
    // By place, so that the order in which workers are done plays no part.
    const all = [...this.#population, ...judged].sort((a, b) => compareGenomes(a.genome, b.genome));
    const next: Ranked[] = [];
    for (const [rank, front] of sortByDominance(all).entries()) {
      const crowding = crowdingByGroup(front);
      const ranked = front.map((p, i): Ranked => ({ ...p, rank, crowding: crowding[i]! }));
      const room = this.#size - next.length;
      if (ranked.length > room) ranked.sort((a, b) => b.crowding - a.crowding || compareGenomes(a.genome, b.genome));
      next.push(...ranked.slice(0, room));
      if (next.length === this.#size) break;
    }
    this.#population = next;
  }

  /**
   * A first generation: a Latin hypercube (McKay, Beckman, Conover, Technometrics 21(2), 1979), so that every value of every parameter is there as
   * often as any other; and in it, since sizes mostly bear on objectives one way, the point with the least of everything and that with the most.
   */
  #spread(): readonly Genome[] {
    const columns = this.#parameters.map((p) => {
      const column = Array.from({ length: this.#size }, (_, i) =>
        Math.floor(((i + this.#random.uniform()) / this.#size) * p.size),
      );
      for (let i = column.length - 1; i > 0; i--) {
        const j = this.#random.integer(0, i);
        [column[i], column[j]] = [column[j]!, column[i]!];
      }
      return column;
    });
    return Array.from({ length: this.#size }, (_, i) =>
      this.#parameters.map(({ ordered, size }, p) => (i > 1 || !ordered ? columns[p]![i]! : i === 0 ? 0 : size - 1)),
    );
  }

  #drawn(): Genome {
    return this.#parameters.map((p) => this.#random.integer(0, p.size - 1));
  }

  #parent(): Ranked {
    const [a, b] = [this.#random.pick(this.#population), this.#random.pick(this.#population)];
    if (a.rank !== b.rank) return a.rank < b.rank ? a : b;
    return a.crowding >= b.crowding ? a : b;
  }

  #children(): readonly Genome[] {
    const [a, b] = [this.#parent().genome, this.#parent().genome];
    const [c, d] = this.#random.uniform() < this.#crossover ? this.#crossed(a, b) : [a, b];
    return [this.#mutated(c, this.#mutation), this.#mutated(d, this.#mutation)];
  }

  #crossed(a: Genome, b: Genome): readonly [Genome, Genome] {
    const c = [...a];
    const d = [...b];
    this.#parameters.forEach(({ size, ordered }, i) => {
      if (this.#random.uniform() < 0.5) return;
      if (!ordered) {
        [c[i], d[i]] = [d[i]!, c[i]!];
        return;
      }
      const u = this.#random.uniform();
      const power = 1 / (SPREAD.crossover + 1);
      const beta = u <= 0.5 ? (2 * u) ** power : (1 / (2 * (1 - u))) ** power;
      const [x, y] = [a[i]!, b[i]!];
      c[i] = clamp(Math.round(0.5 * ((1 + beta) * x + (1 - beta) * y)), size);
      d[i] = clamp(Math.round(0.5 * ((1 - beta) * x + (1 + beta) * y)), size);
      if (this.#random.uniform() < 0.5) [c[i], d[i]] = [d[i]!, c[i]!];
    });
    return [c, d];
  }

  #jumped(genome: Genome): Genome {
    const jumped = [...genome];
    const free = this.#parameters.flatMap(({ size }, i) => (size > 1 ? [i] : []));
    for (let k = 0; k < free.length; k += 2) {
      const i = this.#random.pick(free);
      jumped[i] = this.#random.integer(0, this.#parameters[i]!.size - 1);
    }
    return jumped;
  }

  #mutated(genome: Genome, rate: number): Genome {
    if (this.#random.uniform() < JUMP) return this.#jumped(genome);
    return genome.map((v, i) => {
      const { size, ordered } = this.#parameters[i]!;
      if (size === 1 || this.#random.uniform() >= rate) return v;
      // Of few values a step leads nowhere new: now and then any other is taken.
      if (!ordered || this.#random.uniform() < LEAP) return (v + this.#random.integer(1, size - 1)) % size;
      const u = this.#random.uniform();
      const power = 1 / (SPREAD.mutation + 1);
      const delta = u < 0.5 ? (2 * u) ** power - 1 : 1 - (2 * (1 - u)) ** power;
      const step = Math.round(delta * size);
      // A mutation that changes nothing is none.
      return clamp(v + (step === 0 ? (u < 0.5 ? -1 : 1) : step), size);
    });
  }
}

const clamp = (v: number, size: number): number => Math.max(0, Math.min(size - 1, v));

function compareGenomes(a: Genome, b: Genome): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
