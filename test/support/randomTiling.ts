/** Random tilings, for tests of what holds under any of them. */
import type { Random } from '#base';
import { type Contraction, fitsContraction, type Tiling } from '#lower';
import { filtersOf, type Machine } from '#machine';

/**
 * A random tiling that fits; undefined where a hundred did not.
 * @param channels which blocks of channels are whole multiples of
 */
export function randomTiling(k: Contraction, machine: Machine, random: Random, channels = 1): Tiling | undefined {
  const tn = filtersOf(machine.matrix);
  const part = (total: number): number => (random.integer(0, 2) === 0 ? total : random.integer(1, total));
  for (let i = 0; i < 100; i++) {
    const n = random.integer(0, 2) === 0 ? k.n.total : Math.min(k.n.total, tn * random.integer(1, 3));
    const [y, x, c] = [part(k.y.total), part(k.x.total), channels * part(k.c.total / channels)];
    const b = y === k.y.total && x === k.x.total && k.pool === undefined ? part(k.b.total) : 1;
    const dealt = random.pick([[], ['n'], ['y'], ['x']]);
    const t: Tiling = {
      ...{ b, y, x, n, c, ky: part(k.y.kernel) },
      filtersOuter: random.integer(0, 1) === 1,
      wholeDepth: c < k.c.total && random.integer(0, 1) === 1,
      holdsActivations: random.integer(0, 1) === 1,
      holdsWeights: random.integer(0, 1) === 1,
      ...(k.pool !== undefined && random.integer(0, 1) === 1 ? { carriesRows: true } : {}),
      deals: dealt.map((loop) => ({ loop, over: 'core' })),
    };
    if (fitsContraction(k, t, machine)) return t;
  }
  return undefined;
}
