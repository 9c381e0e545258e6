/** All-reduces in closed form against devices that exchange real messages, each going on as soon as its own have arrived. */
import { describe, expect, test } from 'vitest';
import { type Cluster, linkBetween, portsOf } from './cluster.ts';
import { allGather, allReduce, ringBytes, treeRounds } from './collectives.ts';

const cluster = (devices: number, perNode = devices): Cluster => ({
  ...{ devices, perNode, intra: { bandwidth: 8, latency: 0.25 } },
  inter: perNode < devices ? { bandwidth: 2, latency: 1 } : null,
});

interface Step {
  readonly send?: { readonly to: number; readonly range: readonly [number, number] };
  readonly receive?: { readonly from: number; readonly range: readonly [number, number]; readonly adds: boolean };
}

interface Outcome {
  readonly seconds: number;
  readonly sent: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/**
 * Devices with a program each: a list of sends, which take what is there, and receives, which wait. Ports serve one message at a time.
 * @param program of a device, step by step; what is received is added, or replaces what is there
 */
function exchange(c: Cluster, vectors: readonly Float64Array[], program: (device: number) => readonly Step[]): Outcome {
  const held = vectors.map((v) => v.slice());
  const programs = held.map((_, d) => program(d));
  const at = held.map(() => 0);
  const clock = held.map(() => 0);
  const sent = held.map(() => 0);
  const ports = new Map<string, number>();
  const under = new Map<string, { readonly arrival: number; readonly values: Float64Array }[]>();
  for (let moved = true; moved; ) {
    moved = false;
    for (const [d, steps] of programs.entries()) {
      const step = steps[at[d]!];
      if (step === undefined) continue;
      const { send, receive } = step;
      const key = receive && `${receive.from} ${d}`;
      if (send !== undefined) {
        const values = held[d]!.slice(...send.range);
        const { latency, bandwidth } = linkBetween(c, d, send.to);
        const over = portsOf(c, d, send.to);
        const start = Math.max(clock[d]!, ...over.map((port) => ports.get(port) ?? 0));
        const arrival = start + latency + (8 * values.length) / bandwidth;
        for (const port of over) ports.set(port, arrival);
        const queue = under.get(`${d} ${send.to}`) ?? [];
        under.set(`${d} ${send.to}`, [...queue, { arrival, values }]);
        sent[d]! += 8 * values.length;
      }
      if (receive !== undefined) {
        const message = under.get(key!)?.[0];
        if (message === undefined) {
          // What this step sends is on its way; only the receiving half waits.
          if (send !== undefined) {
            programs[d] = [...steps.slice(0, at[d]!), { receive }, ...steps.slice(at[d]! + 1)];
            moved = true;
          }
          continue;
        }
        under.set(key!, under.get(key!)!.slice(1));
        const into = held[d]!.subarray(...receive.range);
        message.values.forEach((v, i) => {
          into[i] = receive.adds ? into[i]! + v : v;
        });
        clock[d] = Math.max(clock[d]!, message.arrival);
      }
      at[d]!++;
      moved = true;
    }
  }
  expect(programs.every((steps, d) => at[d] === steps.length)).toBe(true);
  return { seconds: Math.max(...clock), sent, vectors: held };
}

const vectorsOf = (devices: number, elements: number): Float64Array[] =>
  Array.from({ length: devices }, (_, d) => Float64Array.from({ length: elements }, (_v, i) => (d + 1) * 100 + i));

function ringProgram(p: number, elements: number) {
  const piece = (i: number): readonly [number, number] => {
    const k = ((i % p) + p) % p;
    return [Math.floor((k * elements) / p), Math.floor(((k + 1) * elements) / p)];
  };
  return (d: number) => {
    const [to, from] = [(d + 1) % p, (d - 1 + p) % p];
    const round = (r: number, shift: number, adds: boolean) => ({
      send: { to, range: piece(d + shift - r) },
      receive: { from, range: piece(from + shift - r), adds },
    });
    const rounds = Array.from({ length: p - 1 }, (_, r) => r);
    return [...rounds.map((r) => round(r, 0, true)), ...rounds.map((r) => round(r, 1, false))];
  };
}

function treeProgram(p: number, elements: number) {
  const whole = [0, elements] as const;
  return (d: number): readonly Step[] => {
    const distances = Array.from({ length: Math.ceil(Math.log2(p)) }, (_, r) => 2 ** r);
    const up = distances.flatMap((n): Step[] => {
      if (d % (2 * n) === n) return [{ send: { to: d - n, range: whole } }];
      return d % (2 * n) === 0 && d + n < p ? [{ receive: { from: d + n, range: whole, adds: true } }] : [];
    });
    const down = distances.toReversed().flatMap((n): Step[] => {
      if (d % (2 * n) === n) return [{ receive: { from: d - n, range: whole, adds: false } }];
      return d % (2 * n) === 0 && d + n < p ? [{ send: { to: d + n, range: whole } }] : [];
    });
    return [...up, ...down];
  };
}

describe('a ring', () => {
  test.each([
    [2, 16],
    [3, 16],
    [4, 16],
    [5, 13],
    [8, 64],
  ])('of %i devices and %i values sums them, sends and takes what the formula says', (p, elements) => {
    const c = cluster(p);
    const vectors = vectorsOf(p, elements);
    const real = exchange(c, vectors, ringProgram(p, elements));
    const sums = vectors.reduce((a, b) => a.map((v, i) => v + b[i]!));
    for (const own of real.vectors) expect([...own]).toEqual([...sums]);
    const formula = allReduce(
      c,
      vectors.map((_, d) => d),
      8 * elements,
      'ring',
      8,
    );
    expect(formula.sent).toEqual(real.sent);
    expect(formula.rounds).toBe(2 * (p - 1));
    if (elements % p === 0) {
      expect(formula.sent[0]).toBe(ringBytes(8 * elements, p));
      expect(formula.seconds).toBeCloseTo(real.seconds, 12);
      expect(formula.seconds).toBeCloseTo(2 * (p - 1) * (0.25 + (8 * elements) / p / 8), 12);
    } else expect(formula.seconds).toBeGreaterThanOrEqual(real.seconds - 1e-12);
  });

  test('over two machines is as fast as the network, give or take a round', () => {
    const c = cluster(8, 4);
    const real = exchange(c, vectorsOf(8, 64), ringProgram(8, 64));
    const { seconds } = allReduce(c, [0, 1, 2, 3, 4, 5, 6, 7], 8 * 64, 'ring', 8);
    expect(seconds).toBe(14 * (1 + 64 / 2));
    expect(real.seconds).toBeLessThanOrEqual(seconds);
    expect(real.seconds).toBeGreaterThan((seconds * 13) / 14);
  });

  test.each([
    [2, 574668960],
    [4, 862003440],
    [8, 1005670680],
    [16, 1077504300],
  ])('of VGG19 on %i devices: exercise 5.3', (p, bytes) => {
    const { sent } = allReduce(
      cluster(p),
      Array.from({ length: p }, (_, d) => d),
      4 * 143_667_240,
      'ring',
      4,
    );
    expect(ringBytes(4 * 143_667_240, p)).toBe(bytes);
    expect(Math.max(...sent) - bytes).toBeLessThan(8);
  });
});

describe('a tree', () => {
  test.each([2, 3, 4, 6, 8, 16])('of %i devices sums, sends and takes what the formula says', (p) => {
    const c = cluster(p);
    const vectors = vectorsOf(p, 10);
    const real = exchange(c, vectors, treeProgram(p, 10));
    const sums = vectors.reduce((a, b) => a.map((v, i) => v + b[i]!));
    for (const own of real.vectors) expect([...own]).toEqual([...sums]);
    const formula = allReduce(
      c,
      vectors.map((_, d) => d),
      80,
      'tree',
    );
    expect(formula.sent).toEqual(real.sent);
    expect(formula.rounds).toBe(treeRounds(p));
    expect(formula.seconds).toBeCloseTo(2 * Math.ceil(Math.log2(p)) * (0.25 + 80 / 8), 12);
    if (Number.isInteger(Math.log2(p))) expect(real.seconds).toBeCloseTo(formula.seconds, 12);
    else expect(real.seconds).toBeLessThanOrEqual(formula.seconds + 1e-12);
  });

  test('sends in all what a ring does', () => {
    const members = [0, 1, 2, 3, 4, 5];
    const total = (kind: 'ring' | 'tree'): number =>
      allReduce(cluster(6), members, 240, kind).sent.reduce((a, b) => a + b, 0);
    expect(total('tree')).toBe(total('ring'));
  });
});

test('one device, or nothing to send, exchanges nothing', () => {
  for (const kind of ['ring', 'tree'] as const) {
    expect(allReduce(cluster(1), [0], 100, kind)).toEqual({ rounds: 0, seconds: 0, sent: [0] });
    expect(allReduce(cluster(2), [0, 1], 0, kind)).toEqual({ rounds: 0, seconds: 0, sent: [0, 0] });
  }
});

test('an all-gather is half a ring', () => {
  const c = cluster(4);
  const gather = allGather(c, [0, 1, 2, 3], 64);
  const reduce = allReduce(c, [0, 1, 2, 3], 64, 'ring');
  expect(2 * gather.seconds).toBe(reduce.seconds);
  expect(gather.sent.map((n) => 2 * n)).toEqual(reduce.sent);
});
