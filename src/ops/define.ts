/**
 * What an operator is: schema, shape rule, cost, reference evaluation, gradient, samples. One operator,
 * one file, one line in `registry.ts`; checker, documentation and tests derive from it.
 */
import type { DataType, Dim, GraphNode, Tensor, TensorType } from '#ir';
import type { Gradient } from './gradient.ts';

/** How many values stand at a place in the signature. */
export type Arity = 'single' | 'optional' | 'variadic';

export interface ParameterSpec {
  readonly name: string;
  readonly arity?: Arity;
  /** Type variable (`T`) bound in `types`, or a fixed element type. */
  readonly type: string;
  /** First opset in which this place is an input (earlier it was an attribute, or did not exist). */
  readonly since?: number;
}

export interface AttributeSpec {
  readonly kind: 'int' | 'float' | 'string' | 'tensor' | 'ints' | 'floats' | 'strings' | 'graph' | 'sparse';
  readonly required?: boolean;
  /** Opset range in which the attribute exists, `until` excluded. */
  readonly since?: number;
  readonly until?: number;
  /** What it means, with its default: one line of the reference page. */
  readonly doc: string;
}

/**
 * Work of one node, in elementary operations. Conventions (docs/ops): a MAC is one multiply-accumulate; multiplications
 * and additions count what the arithmetic needs (K−1 additions an output, +1 with bias); comparisons count max, clip and
 * relu. Functions that take more than a multiplier or an adder stand apart by kind, each call as one, `transcendentals` being their sum.
 * Bytes count each input and output once.
 */
export interface Cost {
  readonly macs: number;
  readonly multiplications: number;
  readonly additions: number;
  readonly comparisons: number;
  /** eˣ. */
  readonly exponentials: number;
  /** Quotients, remainders and reciprocals. */
  readonly divisions: number;
  /** xʸ with any y. */
  readonly powers: number;
  /** √, logarithm, tanh, erf, sine, cosine. */
  readonly otherFunctions: number;
  /** Exponentials, divisions, powers and other functions together. */
  readonly transcendentals: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** A tensor in the reference evaluation: f64 (or exact 64-bit integer, or string) elements in row-major order. */
export interface RefTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: Float64Array | BigInt64Array | BigUint64Array | readonly string[];
}

/** A piece of a message: the same in both languages (a shape, a number), or one text for each. */
export type Phrase = string | { readonly en: string; readonly zh: string };

export interface InferContext {
  readonly node: GraphNode;
  /** Version of the node's operator set. */
  readonly opset: number;
  /**
   * Types of the inputs; undefined where absent. A rule is only called where every input that is present is a tensor
   * of a known element type that the schema allows, no required input is missing, and the attributes are the schema's;
   * the rank may be unknown (`shape` undefined).
   */
  readonly inputs: readonly (TensorType | undefined)[];
  /** Constant data of an input, where it is known at this point. */
  constant(index: number): Tensor | undefined;
  /** Values of a 1-D or 0-D integer input known element by element, perhaps symbolically (a shape computation). */
  shapeValue(index: number): readonly Dim[] | undefined;
  /** Throws the coded error that names the node: wrong rank, mismatched dimensions, … */
  fail(found: Phrase, expected: Phrase): never;
}

/**
 * Types of the outputs; `values` carries what is known of 0-D and 1-D integer outputs, so that shape computations
 * resolve; `constants` carries whole outputs (of Constant and Identity).
 */
export interface Inferred {
  readonly types: readonly (TensorType | undefined)[];
  readonly values?: readonly (readonly Dim[] | undefined)[];
  readonly constants?: readonly (Tensor | undefined)[];
}

export interface CostContext {
  readonly node: GraphNode;
  readonly opset: number;
  /** Fully static types. */
  readonly inputs: readonly (TensorType | undefined)[];
  readonly outputs: readonly (TensorType | undefined)[];
  /** Constant data of an input, where it is known. */
  constant(index: number): Tensor | undefined;
}

export interface EvaluateContext {
  readonly node: GraphNode;
  readonly opset: number;
  readonly inputs: readonly (RefTensor | undefined)[];
  /** How many outputs the node names. */
  readonly outputCount: number;
  /** Throws the coded error that names the node: what only the data shows (an index out of range, division by zero). */
  fail(found: Phrase, expected: Phrase): never;
}

/** One use of the operator that the registry-wide tests run: host engine against reference, shapes, gradient. */
export interface Sample {
  readonly name: string;
  readonly node: GraphNode;
  readonly opset: number;
  readonly inputs: readonly (Tensor | undefined)[];
  /** Inputs that must be initialisers (weights, shapes), by index. */
  readonly constants?: readonly number[];
  /** Why the host engine has no kernel for it; the comparison is then skipped and says so. */
  readonly noHost?: string;
}

export interface Operator {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Opset versions in which ONNX changed it; the first is the first supported. */
  readonly versions: readonly number[];
  readonly inputs: readonly ParameterSpec[];
  readonly outputs: readonly ParameterSpec[];
  /** Element types each type variable may take. */
  readonly types: Readonly<Record<string, readonly DataType[]>>;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly infer: (context: InferContext) => Inferred;
  readonly cost: (context: CostContext) => Cost;
  /** What `cost` counts, in words: a line of the reference page. */
  readonly costRule: string;
  /** The executable specification: plain loops in f64, results rounded to the output type by the caller. */
  readonly evaluate: (context: EvaluateContext) => readonly RefTensor[];
  /** How to differentiate it: see `gradient.ts`. */
  readonly gradient?: Gradient;
  readonly samples: () => readonly Sample[];
}

/** Declares an operator; the identity function, for its type. */
export const operator = (op: Operator): Operator => op;
