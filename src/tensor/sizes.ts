/**
 * Computations on shapes (Shape → Gather → Concat → Reshape, as exporters write them) are followed while operations are applied: what
 * comes out of known sizes alone is a constant, and of open ones the elements are known as numbers and symbols. So a shape that the
 * graph computes is as good as one that the program states.
 */
import { SystoleError } from '#base';
import { type Tensor as Data, elementCount, type GraphNode, tensorOf } from '#ir';
import { evaluateNode, type Inferred } from '#ops';
import { Cell } from './cell.ts';
import { type Sizes, Tensor } from './tensor.ts';

/** Tensors of more elements are no shapes. */
const LONGEST = 256;

export interface Followed {
  /** The outputs, where all of them are constants: then the node need not run. */
  readonly constants?: readonly Tensor[];
  /** Else their marks. */
  readonly sizes: readonly (Sizes | undefined)[];
}

const SOURCES = new Set(['Shape', 'Size']);

/** What is known of a node's outputs beyond their types; undefined for all that has nothing to do with shapes. */
export function follow(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  inferred: Inferred,
): Followed | undefined {
  const { constants } = inferred;
  if (inputs.length === 0 && constants?.every((value) => value !== undefined)) {
    return { constants: constants.map((value) => constant(value, undefined)), sizes: [] };
  }
  const isMarked = SOURCES.has(node.op) || (inputs.some((t) => t?.sizes) && inputs.every(isSmallConstantOrMarked));
  if (!isMarked) return undefined;
  const sizes = inferred.types.map((_, i) => ({ values: inferred.values?.[i] }));
  const data = inferred.types.map((type, i) => {
    const values = sizes[i]!.values;
    if (type?.shape === undefined || !values?.every((d) => typeof d === 'number')) return undefined;
    return tensorOf(type.dtype, type.shape.length === 0 ? [] : [values.length], values as readonly number[]);
  });
  const whole = data.every((value) => value !== undefined) ? data : evaluated(node, opset, inputs, inferred);
  if (whole === undefined) return { sizes };
  return { constants: whole.map((value, i) => constant(value, sizes[i]!)), sizes };
}

const isSmallConstantOrMarked = (t: Tensor | undefined): boolean =>
  t === undefined || t.sizes !== undefined || (t.known !== undefined && elementCount(t.known.dims) <= LONGEST);

/** The outputs of a node over known sizes whose shape rule does not follow values: a size scaled by a float and rounded. */
function evaluated(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  { types }: Inferred,
): readonly Data[] | undefined {
  const isSmall = types.every((t) => t?.shape?.every((d) => typeof d === 'number') && count(t.shape) <= LONGEST);
  if (inputs.length === 0 || !isSmall || inputs.some((t) => t !== undefined && t.known === undefined)) return undefined;
  try {
    return evaluateNode(
      node,
      opset,
      inputs.map((t) => t?.known),
    );
  } catch (error) {
    // What cannot be evaluated is left to the run, which says why.
    if (error instanceof SystoleError && error.kind !== 'internal') return undefined;
    throw error;
  }
}

const count = (shape: readonly unknown[]): number => elementCount(shape as readonly number[]);

const constant = (value: Data, sizes: Sizes | undefined): Tensor =>
  new Tensor({
    type: { kind: 'tensor', dtype: value.dtype, shape: value.dims },
    source: Cell.of(value),
    known: value,
    sizes,
  });
