/**
 * NSGA-II on the ZDT problems (Zitzler, Deb, Thiele, Evolutionary Computation 8(2), 2000), whose fronts are known, with variables in steps; and
 * dominance, fronts and hypervolumes against plain definitions.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { type Genome, keyOf, Nsga2, type Parameter } from './nsga2.ts';
import { dominates, hypervolume, type Objectives, paretoFront } from './pareto.ts';

const STEPS = 1001;
const unit = (v: number): number => v / (STEPS - 1);

interface Problem {
  readonly variables: number;
  readonly evaluate: (x: readonly number[]) => Objectives;
  /** Hypervolume of the true front up to (1.1, 1.1), or as deep as a front of 101 points has it. */
  readonly front: (f1: number) => number;
}

const g = (x: readonly number[]): number => 1 + (9 * x.slice(1).reduce((a, b) => a + b, 0)) / (x.length - 1);

const PROBLEMS: Readonly<Record<string, Problem>> = {
  ZDT1: {
    variables: 30,
    evaluate: (x) => [x[0]!, g(x) * (1 - Math.sqrt(x[0]! / g(x)))],
    front: (f1) => 1 - Math.sqrt(f1),
  },
  ZDT2: { variables: 30, evaluate: (x) => [x[0]!, g(x) * (1 - (x[0]! / g(x)) ** 2)], front: (f1) => 1 - f1 ** 2 },
  ZDT3: {
    variables: 30,
    evaluate: (x) => [x[0]!, g(x) * (1 - Math.sqrt(x[0]! / g(x)) - (x[0]! / g(x)) * Math.sin(10 * Math.PI * x[0]!))],
    front: (f1) => 1 - Math.sqrt(f1) - f1 * Math.sin(10 * Math.PI * f1),
  },
  ZDT4: {
    variables: 10,
    evaluate: (x) => {
      const rest = x.slice(1).map((v) => 10 * v - 5);
      const h = 1 + 10 * rest.length + rest.reduce((s, v) => s + v * v - 10 * Math.cos(4 * Math.PI * v), 0);
      return [x[0]!, h * (1 - Math.sqrt(x[0]! / h))];
    },
    front: (f1) => 1 - Math.sqrt(f1),
  },
  ZDT6: {
    variables: 10,
    evaluate: (x) => {
      const f1 = 1 - Math.exp(-4 * x[0]!) * Math.sin(6 * Math.PI * x[0]!) ** 6;
      const h = 1 + 9 * (x.slice(1).reduce((a, b) => a + b, 0) / (x.length - 1)) ** 0.25;
      return [f1, h * (1 - (f1 / h) ** 2)];
    },
    front: (f1) => 1 - f1 ** 2,
  },
};

async function search(problem: Problem, seed: number, generations: number): Promise<readonly Objectives[]> {
  const parameters: Parameter[] = Array.from({ length: problem.variables }, (_, i) => ({
    ...{ name: `x${i}`, size: STEPS, ordered: true },
  }));
  const engine = new Nsga2({ parameters, random: new Random(seed), population: 100 });
  const seen: Objectives[] = [];
  for (let i = 0; i < generations; i++) {
    const asked = await engine.ask();
    const judged = asked.map((genome) => ({ genome, violation: 0, objectives: problem.evaluate(genome.map(unit)) }));
    seen.push(...judged.map((j) => j.objectives));
    engine.tell(judged);
  }
  return paretoFront(seen).map((i) => seen[i]!);
}

describe.each(Object.entries(PROBLEMS))('%s', (name, problem) => {
  test('250 generations of 100 come near the true front', async () => {
    const reference = [1.1, 1.1];
    const least = name === 'ZDT6' ? 0.2807753191 : 0;
    const ideal = Array.from({ length: 2001 }, (_, i) => least + ((1 - least) * i) / 2000).map((f1) => [
      f1,
      problem.front(f1),
    ]);
    const share = hypervolume(await search(problem, 3, 250), reference) / hypervolume(ideal, reference);
    expect(share).toBeGreaterThan(name === 'ZDT4' ? 0.7 : 0.97);
    expect(share).toBeLessThanOrEqual(1.0001);
  });
});

test('no point is asked for twice, a space is used up, and the order of answers plays no part', async () => {
  const parameters: Parameter[] = [
    { name: 'a', size: 7, ordered: true },
    { name: 'b', size: 4, ordered: false },
    { name: 'c', size: 5, ordered: true },
  ];
  const value = (genome: Genome): Objectives => [genome[0]! + genome[2]!, (6 - genome[0]!) * (1 + genome[1]!)];
  const run = async (reverse: boolean): Promise<readonly string[]> => {
    const engine = new Nsga2({ parameters, random: new Random(5), population: 12 });
    const asked: string[] = [];
    for (;;) {
      const genomes = await engine.ask();
      if (genomes.length === 0) return asked;
      asked.push(...genomes.map(keyOf));
      // A third of them cannot be evaluated, another breaks a constraint.
      const judged = genomes.map((genome) => {
        const kind = (genome[0]! + genome[1]! + genome[2]!) % 3;
        return kind === 0 ? { genome, violation: 0 } : { genome, violation: kind - 1, objectives: value(genome) };
      });
      engine.tell(reverse ? judged.toReversed() : judged);
    }
  };
  const asked = await run(false);
  expect(new Set(asked).size).toBe(7 * 4 * 5);
  expect(asked).toEqual(await run(true));
});

test('each group has fronts of its own: the better values of another are no reason', async () => {
  const parameters: Parameter[] = [
    { name: 'network', size: 2, ordered: false },
    { name: 'a', size: 300, ordered: true },
    { name: 'b', size: 300, ordered: true },
  ];
  const engine = new Nsga2({ parameters, random: new Random(2), population: 40 });
  let last: readonly Genome[] = [];
  for (let i = 0; i < 30; i++) {
    last = await engine.ask();
    engine.tell(
      last.map((genome) => {
        const [network, a, b] = genome as [number, number, number];
        const scale = network === 0 ? 1 : 1000;
        return {
          genome,
          violation: 0,
          group: String(network),
          objectives: [scale * (1 + a + b), scale * (600 - a + b)],
        };
      }),
    );
  }
  // Both are still bred, and come near their fronts (b = 0).
  for (const network of [0, 1]) {
    const own = last.filter((g) => g[0] === network);
    expect(own.length).toBeGreaterThan(8);
    // Of children some are leaps, which lie anywhere; a seventh would by chance.
    expect(own.filter((g) => g[2]! < 40).length).toBeGreaterThan(own.length / 3);
  }
});

const points = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 }), { maxLength: 12 });

test('fronts are what no other point dominates; volumes are those of counted cubes', () => {
  fc.assert(
    fc.property(points, (given) => {
      const front = new Set(paretoFront(given));
      for (const [i, p] of given.entries()) expect(front.has(i)).toBe(!given.some((q) => dominates(q, p)));
      let cubes = 0;
      for (let x = 0; x < 6; x++)
        for (let y = 0; y < 6; y++)
          for (let z = 0; z < 6; z++) if (given.some((p) => p[0]! <= x && p[1]! <= y && p[2]! <= z)) cubes++;
      expect(hypervolume(given, [6, 6, 6])).toBe(cubes);
    }),
  );
});
