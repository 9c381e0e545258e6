/**
 * Gradient rules: reverse-mode differentiation of one node as further nodes of standard operators, so that forward, backward and
 * update are one graph and gradients have gradients. A rule stands in its operator's file. For y = f(x) and a scalar loss L it is
 * given dL/dy and returns dL/dx (a vector–Jacobian product; Griewank and Walther, Evaluating Derivatives, 2008, ch. 3).
 *
 * Conventions at kinks, those of the frameworks: relu'(0) = 0; of equal maxima each gets an equal share (MaxPool: the first alone).
 */
import type { GraphNode, Tensor } from '#ir';
import type { Phrase } from './define.ts';
import type { Attributes, Expression } from './expression.ts';

export interface GradientContext {
  readonly node: GraphNode;
  readonly opset: number;
  /** By position; undefined where absent. */
  readonly inputs: readonly (Expression | undefined)[];
  /** By position; undefined where the node does not name it. */
  readonly outputs: readonly (Expression | undefined)[];
  /** dL/dy by output; undefined where the loss does not depend on it. At least one is there. */
  readonly dy: readonly (Expression | undefined)[];
  /** Whether somebody asks for the gradient of an input: a rule may leave out the others. */
  wanted(index: number): boolean;
  /** Constant data of an input, where it is known while the graph is built. */
  constant(index: number): Tensor | undefined;
  /** A node that does not begin with an expression at hand. */
  emit(op: string, inputs: readonly (Expression | undefined)[], attributes?: Attributes): Expression;
  /** Throws the coded error: this use of the operator has no gradient. */
  fail(found: Phrase, expected: Phrase): never;
}

/** dL/dx by input; undefined for zero (integers, conditions, inputs nobody wants). */
export type GradientRule = (context: GradientContext) => readonly (Expression | undefined)[];

/** The gradient of an operator: a rule; `zero` where it is constant almost everywhere or of no real input; or why it has none. */
export type Gradient = GradientRule | 'zero' | { readonly none: Phrase };

/** The rule of an element-wise operator of one input: dL/dx from dL/dy, x and y. */
export const elementwiseGradient =
  (rule: (dy: Expression, x: Expression, y: Expression, node: GraphNode) => Expression): GradientRule =>
  (c) => [rule(c.dy[0]!, c.inputs[0]!, c.outputs[0]!, c.node)];

/** The rule of a broadcasting operator of several inputs: one function for each, summed over what broadcasting repeated. */
export const broadcastGradient =
  (...rules: readonly ((dy: Expression, inputs: readonly Expression[], y: Expression) => Expression)[]): GradientRule =>
  (c) => {
    const inputs = c.inputs as readonly Expression[];
    return rules.map((rule, i) => (c.wanted(i) ? rule(c.dy[0]!, inputs, c.outputs[0]!).sumTo(inputs[i]!) : undefined));
  };

/** The same elements in another order of axes or under another shape. */
export const sameElements: GradientRule = (c) => [c.dy[0]!.reshapeLike(c.inputs[0]!)];
