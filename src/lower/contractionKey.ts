/** What tells a contraction from others where its time is concerned: the key of what searches decided for it. */
import type { Machine } from '#machine';
import { type Contraction, typesOfContraction } from './contraction.ts';
import { parametersOf } from './contractionWeights.ts';
import { windowKey } from './kernels/window.ts';
import { sparseKey } from './sparse/forms.ts';

/** All that the search looks at. */
export const keyOf = (k: Contraction): string => {
  const { outer, b, y, x, c, n, weights, a, out, prologue, epilogue, unfold, pool } = k;
  return JSON.stringify([
    typesOfContraction(k),
    parametersOf(k),
    sparseKey(k),
    outer.map((o) => o.total),
    b,
    y,
    x,
    c,
    n,
    weights.kind === 'constant' ? weights.isHeld : [weights.cStride, weights.nStride, weights.place.home],
    a.home,
    out.home,
    prologue && windowKey(prologue),
    unfold && [unfold.taps, unfold.by, unfold.of.a.home, unfold.of.y, unfold.of.x, unfold.of.c],
    epilogue?.steps.map((s) => [s.f, s.a, typeof s.b, s.into, s.type, s.accumulate]),
    epilogue?.operands.map((o) => [o.type, o.outer, o.b, o.y, o.x, o.n, o.place.home]),
    pool && [pool.reduce, pool.fill !== 0, pool.sums, typeof pool.scale === 'object' ? pool.scale : typeof pool.scale],
  ]);
};

const VECTOR: readonly (keyof Machine)[] = ['vector'];

/** What of a machine the time of a contraction does not depend on: the vector unit, where it has nothing to do with it. */
export const unseenBy = ({ prologue, epilogue, pool, unfold }: Contraction): typeof VECTOR | undefined =>
  prologue === undefined && epilogue === undefined && pool === undefined && unfold?.by !== 'vector'
    ? VECTOR
    : undefined;
