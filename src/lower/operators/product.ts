/** A matrix product as a contraction. */
import type { Contraction } from '../contraction.ts';
import { placeOf, type View } from '../views.ts';

/** out[m, n] = a[m, k] · b[k, n] as a contraction: rows are pixels. */
export function product(
  name: string,
  a: View,
  out: View,
  m: number,
  n: number,
  inner: number,
  rest: Pick<Contraction, 'weights' | 'act' | 'epilogue' | 'types' | 'quantisation'> & {
    readonly outer?: Contraction['outer'];
  },
): Contraction {
  const one = { total: 1, scale: 1, kernel: 1, dilation: 1, pad: 0, limit: 1, aStride: 0, outStride: 0 };
  const rank = a.dims.length;
  const outRank = out.dims.length;
  return {
    name,
    outer: rest.outer ?? [],
    b: { total: 1, aStride: 0, outStride: 0 },
    y: one,
    x: { ...one, total: m, limit: m, aStride: a.strides[rank - 2]!, outStride: out.strides[outRank - 2]! },
    c: { total: inner, aStride: a.strides[rank - 1]! },
    n: { total: n, outStride: out.strides[outRank - 1]! },
    a: placeOf(a),
    out: placeOf(out),
    weights: rest.weights,
    act: rest.act,
    ...(rest.epilogue === undefined ? {} : { epilogue: rest.epilogue }),
    ...(rest.types === undefined ? {} : { types: rest.types }),
    ...(rest.quantisation === undefined ? {} : { quantisation: rest.quantisation }),
  };
}
