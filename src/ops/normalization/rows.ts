/**
 * Rows that normalisations take apart: runs of contiguous elements, each with its own statistics. LayerNormalization,
 * InstanceNormalization, GroupNormalization and RMSNormalization differ in what a row is and in how it is scaled after.
 */
import { type DataType, elementCount, intAttribute } from '#ir';
import { costOf, elements, totalWork, type Work } from '../costs.ts';
import type { AttributeSpec, Cost, CostContext, InferContext } from '../define.ts';
import type { Refuse, Shape } from '../shapes.ts';

export const EPSILON: AttributeSpec = { kind: 'float', doc: 'added to the variance; default 1e-5' };

/** The precision that statistics are kept in: the type of the outputs that hold them. The reference works in f64 anyway. */
export const STASH_TYPE: AttributeSpec = {
  kind: 'int',
  doc: 'element type of the statistics, by ONNX’s number: 1 (default) float32, 16 bfloat16',
};

const STASH_TYPES: ReadonlyMap<number, DataType> = new Map([
  [1, 'float32'],
  [16, 'bfloat16'],
]);

export function stashType(c: Refuse & Pick<InferContext, 'node'>): DataType {
  const number = intAttribute(c.node, 'stash_type', 1);
  return STASH_TYPES.get(number) ?? c.fail(`stash_type ${number}`, [...STASH_TYPES.keys()].join(' | '));
}

/** The default of `epsilon` in ONNX's normalisations, as the float32 it is. */
export const DEFAULT_EPSILON = Math.fround(1e-5);

export interface Rows {
  readonly means: Float64Array;
  /** 1 ÷ √(variance + ε). */
  readonly inverses: Float64Array;
}

/** Mean and inverse deviation (of the population) of each run of `length` elements. */
export function rowStatistics(x: Float64Array, length: number, epsilon: number): Rows {
  const count = length === 0 ? 0 : x.length / length;
  const means = new Float64Array(count);
  const inverses = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const values = x.subarray(row * length, (row + 1) * length);
    const mean = values.reduce((a, b) => a + b, 0) / length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    means[row] = mean;
    inverses[row] = 1 / Math.sqrt(variance + epsilon);
  }
  return { means, inverses };
}

/** Elements of a row that takes the axes from `axis` on. */
export const rowLength = (dims: readonly number[], axis: number): number => elementCount(dims.slice(axis));

/** The shape of the statistics: the axes from `axis` on have size 1. */
export const statisticsShape = <D>(shape: readonly D[], axis: number): (D | 1)[] =>
  shape.map((d, k) => (k < axis ? d : 1));

/** Two passes over n elements in `rows` rows for the statistics, one that centres and scales, and what `rest` adds. */
export function normalizationCost(c: CostContext, rows: number, rest: Work): Cost {
  const n = elements(c.inputs[0]);
  const statistics: Work = {
    additions: 2 * Math.max(0, n - rows) + n + rows,
    multiplications: n + 2 * rows,
    divisions: rows,
    otherFunctions: rows,
  };
  return costOf(c, totalWork(statistics, { multiplications: n }, rest));
}

export const STATISTICS_COST =
  'an element: centring, square, two sums, one multiplication by the inverse deviation; a row: mean, variance, ε, √, ÷';

/** Whether a parameter stretches to a shape by broadcasting without stretching that shape. */
export function stretchesTo(parameter: Shape, shape: Shape): boolean {
  const skipped = shape.length - parameter.length;
  return (
    skipped >= 0 &&
    parameter.every((d, k) => {
      const to = shape[k + skipped]!;
      return d === 1 || typeof d !== 'number' || typeof to !== 'number' || d === to;
    })
  );
}
