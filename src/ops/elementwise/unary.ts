/**
 * The family of element-wise operators of one input: what such an operator's file declares, and the shape rule, cost and
 * evaluation that follow from it. The output has the shape of the input, and its type unless the family's `output` says
 * otherwise (predicates).
 */
import { internalError } from '#base';
import type { DataType, GraphNode } from '#ir';
import { elementwiseCost, type Work } from '../costs.ts';
import { type AttributeSpec, type Operator, operator, type Sample } from '../define.ts';
import type { Gradient } from '../gradient.ts';
import { refFrom } from '../refTensor.ts';

export interface UnaryOperator {
  readonly name: string;
  readonly summary: string;
  readonly versions: readonly number[];
  readonly types: readonly DataType[];
  /** Element type of the output; default: that of the input. */
  readonly output?: DataType;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Operations per element. */
  readonly work: Work;
  readonly costRule: string;
  /** The function of one element under the node's attributes. */
  readonly apply: (x: number, node: GraphNode) => number;
  /** The same for 64-bit integers, where `types` has them. */
  readonly applyWide?: (x: bigint) => bigint;
  readonly gradient: Gradient;
  readonly samples: () => readonly Sample[];
}

export const unary = (spec: UnaryOperator): Operator =>
  operator({
    name: spec.name,
    summary: spec.summary,
    versions: spec.versions,
    inputs: [{ name: 'X', type: 'T' }],
    outputs: [{ name: 'Y', type: spec.output ?? 'T' }],
    types: { T: spec.types },
    attributes: spec.attributes ?? {},
    infer: ({ inputs }) => ({ types: [{ ...inputs[0]!, dtype: spec.output ?? inputs[0]!.dtype }] }),
    cost: (c) => elementwiseCost(c, spec.work),
    costRule: spec.costRule,
    evaluate: ({ node, inputs }) => {
      const x = inputs[0]!;
      return [
        refFrom(spec.output ?? x.dtype, x.dims, (i) => {
          const value = x.data[i]!;
          if (typeof value === 'number') return spec.apply(value, node);
          if (typeof value === 'bigint' && spec.applyWide !== undefined) return spec.applyWide(value);
          throw internalError({ what: `${spec.name} of ${x.dtype} has no evaluation` });
        }),
      ];
    },
    gradient: spec.gradient,
    samples: spec.samples,
  });
