/**
 * Random small graphs for property tests: images through convolutions, normalisations, computed constants, reshapes and
 * the nodes that passes look for, with values read twice and inner values as outputs. A graph is a list of numbers, so
 * that a failing one shrinks.
 */
import fc from 'fast-check';
import { Random } from '#base';
import {
  type Attribute,
  elementCount,
  float,
  type GraphNode,
  int,
  ints,
  type Model,
  type Tensor,
  tensorOf,
  tensorType,
} from '#ir';

interface Value {
  readonly name: string;
  readonly dims: readonly number[];
}

class Builder {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Tensor>();
  readonly values: Value[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  integer(low: number, high: number): number {
    return this.#random.integer(low, high);
  }

  constant(dims: readonly number[], low = -1, high = 1): string {
    const data = Array.from({ length: elementCount(dims) }, () => low + (high - low) * this.#random.uniform());
    return this.keep(tensorOf('float32', dims, data));
  }

  int64s(values: readonly number[]): string {
    return this.keep(tensorOf('int64', [values.length], values));
  }

  keep(value: Tensor): string {
    const name = `k${this.constants.size}`;
    this.constants.set(name, value);
    return name;
  }

  add(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, outputs = 1): string {
    const n = this.nodes.length;
    const names = Array.from({ length: outputs }, (_, i) => `v${n}${i === 0 ? '' : `_${i}`}`);
    this.nodes.push({
      name: `${op}_${n}`,
      op,
      domain: '',
      inputs,
      outputs: names,
      attributes: new Map(Object.entries(attributes)),
    });
    return names[0]!;
  }

  /** A constant of a shape, now and then one that nodes compute. */
  computed(dims: readonly number[]): string {
    switch (this.integer(0, 4)) {
      case 0:
        return this.add('Add', [this.constant(dims), this.constant(dims)]);
      case 1: {
        const value: Attribute = { kind: 'tensor', value: tensorOf('float32', [1], [0.375]) };
        return this.add('ConstantOfShape', [this.int64s(dims)], { value });
      }
      case 2:
        return this.add('Reshape', [this.constant([elementCount(dims)]), this.int64s(dims)]);
      default:
        return this.constant(dims);
    }
  }
}

type Rule = (b: Builder, x: Value) => Value | undefined;

const same = (x: Value, name: string): Value => ({ name, dims: x.dims });

/** Each gives a new value from an earlier one, or nothing where the shape does not suit. */
const RULES: readonly Rule[] = [
  function conv(b, x) {
    if (x.dims.length !== 4) return undefined;
    const channels = b.integer(1, 3);
    const weights = b.computed([channels, x.dims[1]!, 3, 3]);
    const bias = b.integer(0, 1) ? [b.computed([channels])] : [];
    const name = b.add('Conv', [x.name, weights, ...bias], { pads: ints([1, 1, 1, 1]) });
    return { name, dims: [x.dims[0]!, channels, ...x.dims.slice(2)] };
  },
  function batchNorm(b, x) {
    if (x.dims.length < 2) return undefined;
    const c = [x.dims[1]!];
    const inputs = [x.name, b.computed(c), b.computed(c), b.computed(c), b.constant(c, 0.5, 2)];
    return same(x, b.add('BatchNormalization', inputs, { epsilon: float(1e-3) }));
  },
  function channelConstant(b, x) {
    if (x.dims.length < 2) return undefined;
    const dims = b.integer(0, 2) === 0 ? [] : [x.dims[1]!, ...x.dims.slice(2).map(() => 1)];
    const op = ['Add', 'Sub', 'Mul', 'Div'][b.integer(0, 3)]!;
    const operands = [x.name, b.constant(dims, 0.5, 2)];
    return same(x, b.add(op, b.integer(0, 1) && op !== 'Div' ? operands.reverse() : operands));
  },
  (b, x) => same(x, b.add('Relu', [x.name])),
  (b, x) => same(x, b.add('Identity', [x.name])),
  (b, x) => same(x, b.add('Dropout', [x.name], {}, 2)),
  (b, x) => same(x, b.add('Cast', [b.add('Cast', [x.name], { to: int(11) })], { to: int(1) })),
  function transpose(b, x) {
    const perm = x.dims.map((_, i) => i);
    if (b.integer(0, 1)) perm.reverse();
    return { name: b.add('Transpose', [x.name], { perm: ints(perm) }), dims: perm.map((axis) => x.dims[axis]!) };
  },
  function flattenByShape(b, x) {
    // Reshape to [first dimension, the rest], computed as exporters do.
    const first = b.add('Gather', [b.add('Shape', [x.name]), b.int64s([0])]);
    const to = b.add('Concat', [first, b.int64s([-1])], { axis: int(0) });
    const [n = 1, ...rest] = x.dims;
    return { name: b.add('Reshape', [x.name, to]), dims: [n, elementCount(rest)] };
  },
  function reshape(b, x) {
    const dims = [elementCount(x.dims)];
    return { name: b.add('Reshape', [x.name, b.int64s(dims)]), dims };
  },
  function dense(b, x) {
    if (x.dims.length !== 2) return undefined;
    const columns = b.integer(1, 4);
    const product = b.add('MatMul', [x.name, b.computed([x.dims[1]!, columns])]);
    const bias = b.computed([[columns], [1, columns], [], [x.dims[0]!, 1]][b.integer(0, 3)]!);
    return { name: b.add('Add', [product, bias]), dims: [x.dims[0]!, columns] };
  },
  function gemm(b, x) {
    if (x.dims.length !== 2) return undefined;
    const columns = b.integer(1, 4);
    const transB = b.integer(0, 1);
    const k = x.dims[1]!;
    const inputs = [x.name, b.constant(transB ? [columns, k] : [k, columns]), b.constant([columns])];
    const attributes = { transB: int(transB), alpha: float(0.5), beta: float(2) };
    return { name: b.add('Gemm', inputs, attributes), dims: [x.dims[0]!, columns] };
  },
  function sumOfTwo(b, x) {
    const others = b.values.filter((v) => v.name !== x.name && `${v.dims}` === `${x.dims}`);
    const other = others.at(b.integer(-others.length, -1));
    return other === undefined ? undefined : same(x, b.add('Add', [x.name, other.name]));
  },
  function twice(b, x) {
    const [left, right] = [0, 1].map(() => b.add('Mul', [x.name, b.keep(tensorOf('float32', [], [0.5]))]));
    return same(x, b.add('Sub', [b.add('Relu', [left!]), b.add('Relu', [b.add('Neg', [right!])])]));
  },
];

/** A random model of one input `x`, float32[2,2,3,3]. */
export const randomModel: fc.Arbitrary<Model> = fc
  .record({
    seed: fc.nat(),
    steps: fc.array(fc.tuple(fc.nat(RULES.length - 1), fc.nat(3)), { minLength: 1, maxLength: 12 }),
    outputs: fc.array(fc.nat(20), { maxLength: 3 }),
  })
  .map(({ seed, steps, outputs }) => {
    const b = new Builder(seed);
    b.values.push({ name: 'x', dims: [2, 2, 3, 3] });
    for (const [rule, back] of steps) {
      const from = b.values.at(-1 - Math.min(back, b.values.length - 1))!;
      const value = RULES[rule]!(b, from);
      if (value !== undefined) b.values.push(value);
    }
    const inner = b.values.slice(1);
    const picked = [...outputs.map((i) => inner[i % inner.length]), inner.at(-1)].filter((v) => v !== undefined);
    const unique = picked.length === 0 ? [{ name: b.add('Relu', ['x']), dims: [2, 2, 3, 3] }] : [...new Set(picked)];
    return {
      irVersion: 8,
      producer: 'test',
      opsets: new Map([['', 13]]),
      graph: {
        name: 'random',
        inputs: [{ name: 'x', type: tensorType('float32', [2, 2, 3, 3]) }],
        outputs: unique.map((v) => ({ name: v.name, type: tensorType('float32', v.dims) })),
        nodes: b.nodes,
        constants: b.constants,
        types: new Map(),
      },
      functions: [],
      metadata: new Map(),
    };
  });
