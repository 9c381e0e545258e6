/**
 * What ScatterElements and ScatterND share: how an update meets what stands at its place. Updates are applied in row-major
 * order; where ONNX leaves the order of several updates of one place open (`none`), the last one stays.
 */
import { type DataType, stringAttribute } from '#ir';
import { costOf, elements } from '../costs.ts';
import type { AttributeSpec, Cost, CostContext, InferContext } from '../define.ts';
import type { RefElement } from '../refTensor.ts';

type Combine = (old: RefElement, update: RefElement) => RefElement;

/** A function of two elements of one type from its halves for numbers and for 64-bit integers. */
const both =
  (numbers: (a: number, b: number) => number, wide: (a: bigint, b: bigint) => bigint): Combine =>
  (a, b) =>
    typeof a === 'bigint' ? wide(a, b as bigint) : numbers(a as number, b as number);

interface Reduction {
  /** First opset of the operators that has it. */
  readonly since: number;
  readonly counts?: 'additions' | 'multiplications' | 'comparisons';
  readonly combine: Combine;
}

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  none: { since: 0, combine: (_, update) => update },
  add: {
    since: 16,
    counts: 'additions',
    combine: both(
      (a, b) => a + b,
      (a, b) => a + b,
    ),
  },
  mul: {
    since: 16,
    counts: 'multiplications',
    combine: both(
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  },
  max: { since: 18, counts: 'comparisons', combine: both(Math.max, (a, b) => (a > b ? a : b)) },
  min: { since: 18, counts: 'comparisons', combine: both(Math.min, (a, b) => (a < b ? a : b)) },
};

export const SCATTER_REDUCTION: AttributeSpec = {
  kind: 'string',
  since: 16,
  doc: 'How an update meets the old element: none (default) replaces it; add, mul; since opset 18 max, min.',
};

export const COST_RULE = 'moves data; with `reduction`, one operation of its kind an update.';

const reductionOf = ({ node }: Pick<InferContext, 'node'>): Reduction | undefined =>
  REDUCTIONS[stringAttribute(node, 'reduction', 'none')];

/** Refuses a reduction that the opset or the element type does not have. */
export function checkReduction(c: InferContext, dtype: DataType): void {
  const known = Object.entries(REDUCTIONS).filter(([, r]) => c.opset >= r.since && (dtype !== 'string' || !r.counts));
  const found = reductionOf(c);
  if (known.some(([, r]) => r === found)) return;
  c.fail(
    `reduction '${stringAttribute(c.node, 'reduction', 'none')}', ${dtype}`,
    known.map(([name]) => name).join(' | '),
  );
}

export const combineOf = (c: Pick<InferContext, 'node'>): Combine => reductionOf(c)!.combine;

/** The cost where input 2 holds the updates. */
export function scatterCost(c: CostContext): Cost {
  const counts = reductionOf(c)?.counts;
  return costOf(c, counts === undefined ? {} : { [counts]: elements(c.inputs[2]) });
}
