/**
 * Pixels that lie in one line, such as the rows of a matrix product, in several lines: an array of scalar MACs has a pixel of a plane in each
 * element, so that of a single line it fills one row only. Where windows are single pixels, a line of Y · X of them is a plane of Y lines, each
 * beginning X pixels behind the one before; the same results in the same places.
 */
import { type Machine, unitFor } from '#machine';
import { type Contraction, type Spatial, typesOfContraction } from './contraction.ts';

/** Whether it is a number of single pixels, none in padding. */
const isPlain = ({ scale, kernel, pad, pool, total, limit }: Spatial): boolean =>
  scale === 1 && kernel === 1 && pad === 0 && pool === undefined && limit === total;

/** The contraction with its pixels along x in as many lines as keep most elements of the array busy; the same where there is nothing to gain. */
export function foldPixels(k: Contraction, machine: Machine): Contraction {
  const unit = unitFor(machine.matrix, typesOfContraction(k).a);
  if (unit.kind !== 'scalar' || k.y.total !== 1 || !isPlain(k.y) || !isPlain(k.x)) return k;
  if (k.prologue !== undefined || k.unfold !== undefined || k.pool !== undefined) return k;
  const { total } = k.x;
  let [best, lines] = [Math.ceil(total / unit.columns), 1];
  for (let y = 2; y <= total; y++) {
    const blocks = Math.ceil(y / unit.rows) * Math.ceil(total / y / unit.columns);
    if (total % y === 0 && blocks < best) [best, lines] = [blocks, y];
  }
  if (lines === 1) return k;
  const across = total / lines;
  return {
    ...k,
    y: { ...k.y, total: lines, limit: lines, aStride: across * k.x.aStride, outStride: across * k.x.outStride },
    x: { ...k.x, total: across, limit: across },
    ...(k.epilogue === undefined
      ? {}
      : {
          epilogue: {
            ...k.epilogue,
            operands: k.epilogue.operands.map((o) => ({ ...o, y: across * o.x })),
          },
        }),
  };
}
