/** Reading a graph backwards, for passes that recognise what several nodes compute together. */
import { elementCount, type GraphNode, type Model, type Tensor, tensorIntegers, tensorNumbers } from '#ir';
import { isOnnxDomain } from '#ops';
import { type GraphIndex, indexOf, isPrivate } from './rewrite.ts';

/** A product taken apart: a constant, and the values that it multiplies. */
export interface Factors {
  readonly constant: number;
  readonly values: readonly string[];
  /** The nodes that multiply. */
  readonly nodes: readonly GraphNode[];
}

export class Backwards {
  readonly index: GraphIndex;
  readonly constants: ReadonlyMap<string, Tensor>;

  constructor({ graph }: Model) {
    this.index = indexOf(graph);
    this.constants = graph.constants;
  }

  /** The node that gives a value, where it is of an operator and nobody else reads the value. */
  alone(value: string, op: string): GraphNode | undefined {
    const node = this.node(value, op);
    return node !== undefined && isPrivate(this.index, value) ? node : undefined;
  }

  node(value: string, op: string): GraphNode | undefined {
    const node = this.index.producer.get(value);
    return node?.op === op && isOnnxDomain(node.domain) && node.outputs[0] === value ? node : undefined;
  }

  /** How many inputs of nodes read a value; none where its name must survive. */
  readers(value: string): number {
    return this.index.pinned.has(value) ? Number.POSITIVE_INFINITY : (this.index.uses.get(value) ?? 0);
  }

  /** The one element of a float constant. */
  number(value: string): number | undefined {
    const t = this.constants.get(value);
    if (t === undefined || t.dtype === 'string' || elementCount(t.dims) !== 1) return undefined;
    return tensorNumbers(t)[0];
  }

  integers(value: string): readonly number[] | undefined {
    const t = this.constants.get(value);
    return t === undefined || !/^u?int/.test(t.dtype) ? undefined : tensorIntegers(t).map(Number);
  }

  /** The operands of a node of two, one of which is the constant: the other. */
  besides(node: GraphNode, isWanted: (constant: number) => boolean): string | undefined {
    const [a = '', b = ''] = node.inputs;
    for (const [constant, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const value = this.number(constant);
      if (value !== undefined && isWanted(value)) return other;
    }
    return undefined;
  }

  /** What a value is a product of, through Mul, and Div by a constant, that nobody else reads. */
  factors(value: string, isRoot = false): Factors {
    const constant = this.number(value);
    if (constant !== undefined) return { constant, values: [], nodes: [] };
    const find = isRoot ? this.node.bind(this) : this.alone.bind(this);
    const product = find(value, 'Mul');
    if (product !== undefined) {
      const parts = product.inputs.map((name) => this.factors(name));
      return {
        constant: parts.reduce((p, f) => p * f.constant, 1),
        values: parts.flatMap((f) => f.values),
        nodes: [product, ...parts.flatMap((f) => f.nodes)],
      };
    }
    const quotient = find(value, 'Div');
    const divisor = quotient === undefined ? undefined : this.number(quotient.inputs[1]!);
    if (quotient === undefined || divisor === undefined) return { constant: 1, values: [value], nodes: [] };
    const inner = this.factors(quotient.inputs[0]!);
    return { ...inner, constant: inner.constant / divisor, nodes: [quotient, ...inner.nodes] };
  }
}

/** Whether a constant of a file, rounded as files have it, is meant to be a number. */
export const isAbout =
  (expected: number) =>
  (found: number): boolean =>
    Math.abs(found - expected) <= 1e-4 * Math.abs(expected);
