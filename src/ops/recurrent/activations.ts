/**
 * Activation functions that RNN, GRU and LSTM name in their attribute `activations`: f, g, h of one direction, then of
 * the other. Names are matched without regard to case; `activation_alpha` and `activation_beta` are used up in order by
 * the functions that take them. ONNX RNN-22; defaults are those of the operators of the same names.
 */
import { float, floatsAttribute, type GraphNode, stringsAttribute } from '#ir';
import type { Work } from '../costs.ts';
import type { Expression } from '../expression.ts';
import type { Refuse } from '../shapes.ts';

interface ActivationSpec {
  readonly name: string;
  /** Default of a parameter that the function takes; 'required' where ONNX has none. */
  readonly alpha?: number | 'required';
  readonly beta?: number | 'required';
  readonly work: Work;
  readonly apply: (x: number, alpha: number, beta: number) => number;
  /** The same as nodes, and its derivative at x where the function gave y; at a kink as `apply` there takes a side. */
  readonly build: (x: Expression, alpha: number, beta: number) => Expression;
  readonly slope: (x: Expression, y: Expression, alpha: number, beta: number) => Expression;
}

const ACTIVATIONS: readonly ActivationSpec[] = [
  {
    name: 'Relu',
    work: { comparisons: 1 },
    apply: (x) => Math.max(0, x),
    build: (x) => x.apply('Relu'),
    slope: (x) => x.greater(0).cast(x.dtype),
  },
  {
    name: 'Tanh',
    work: { otherFunctions: 1 },
    apply: (x) => Math.tanh(x),
    build: (x) => x.tanh(),
    slope: (_, y) => y.mul(y).neg().add(1),
  },
  {
    name: 'Sigmoid',
    work: { exponentials: 1, divisions: 1, additions: 1 },
    apply: (x) => 1 / (1 + Math.exp(-x)),
    build: (x) => x.sigmoid(),
    slope: (_, y) => y.sub(y.mul(y)),
  },
  {
    name: 'Affine',
    alpha: 1,
    beta: 0,
    work: { multiplications: 1, additions: 1 },
    apply: (x, a, b) => a * x + b,
    build: (x, a, b) => x.mul(a).add(b),
    slope: (x, _, a) => x.ones().mul(a),
  },
  {
    name: 'LeakyRelu',
    alpha: 0.01,
    work: { comparisons: 1, multiplications: 1 },
    apply: (x, a) => (x >= 0 ? x : a * x),
    build: (x, a) => x.apply('LeakyRelu', [], { alpha: float(a) }),
    slope: (x, _, a) => x.greaterOrEqual(0).where(x.ones(), a),
  },
  {
    name: 'ThresholdedRelu',
    alpha: 1,
    work: { comparisons: 1 },
    apply: (x, a) => (x >= a ? x : 0),
    build: (x, a) => x.greaterOrEqual(a).where(x, 0),
    slope: (x, _, a) => x.greaterOrEqual(a).cast(x.dtype),
  },
  {
    name: 'ScaledTanh',
    alpha: 'required',
    beta: 'required',
    work: { multiplications: 2, otherFunctions: 1 },
    apply: (x, a, b) => a * Math.tanh(b * x),
    build: (x, a, b) => x.mul(b).tanh().mul(a),
    slope: (x, _, a, b) => {
      const t = x.mul(b).tanh();
      return t
        .mul(t)
        .neg()
        .add(1)
        .mul(a * b);
    },
  },
  {
    name: 'HardSigmoid',
    alpha: 0.2,
    beta: 0.5,
    work: { multiplications: 1, additions: 1, comparisons: 2 },
    apply: (x, a, b) => Math.min(Math.max(a * x + b, 0), 1),
    build: (x, a, b) => x.apply('HardSigmoid', [], { alpha: float(a), beta: float(b) }),
    slope: (x, y, a) =>
      y
        .greater(0)
        .apply('And', [y.less(1)])
        .cast(x.dtype)
        .mul(a),
  },
  {
    name: 'Elu',
    alpha: 1,
    work: { comparisons: 1, exponentials: 1, additions: 1, multiplications: 1 },
    apply: (x, a) => (x >= 0 ? x : a * Math.expm1(x)),
    build: (x, a) => x.apply('Elu', [], { alpha: float(a) }),
    slope: (x, y, a) => x.greaterOrEqual(0).where(1, y.add(a)),
  },
  {
    name: 'Softsign',
    work: { additions: 1, comparisons: 1, divisions: 1 },
    apply: (x) => x / (1 + Math.abs(x)),
    build: (x) => x.div(x.apply('Abs').add(1)),
    slope: (x) => {
      const d = x.apply('Abs').add(1);
      return d.mul(d).reciprocal();
    },
  },
  {
    name: 'Softplus',
    work: { exponentials: 1, otherFunctions: 1, additions: 1 },
    apply: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    build: (x) => x.apply('Softplus'),
    slope: (x) => x.sigmoid(),
  },
];

const NAMES = ACTIVATIONS.map((a) => a.name);

/** A function with its parameters. */
export interface Activation {
  readonly name: string;
  readonly work: Work;
  readonly apply: (x: number) => number;
  readonly build: (x: Expression) => Expression;
  readonly slope: (x: Expression, y: Expression) => Expression;
}

/**
 * The functions of each direction.
 * @param defaults names of the functions of one direction where the node names none
 */
export function activationsOf(
  c: Refuse,
  node: GraphNode,
  defaults: readonly string[],
  directions: number,
): readonly (readonly Activation[])[] {
  const count = defaults.length * directions;
  const named = stringsAttribute(node, 'activations') ?? Array.from({ length: directions }, () => defaults).flat();
  if (named.length !== count) {
    c.fail(
      {
        en: `${named.length} activations (${named.join(', ')})`,
        zh: `${named.length} 个激活函数（${named.join('、')}）`,
      },
      {
        en: `${count}: ${defaults.length} for each direction`,
        zh: `${count} 个：每个方向 ${defaults.length} 个`,
      },
    );
  }
  const nextAlpha = parameters(c, node, 'activation_alpha');
  const nextBeta = parameters(c, node, 'activation_beta');
  const all = named.map((name): Activation => {
    const spec = ACTIVATIONS.find((a) => a.name.toLowerCase() === name.toLowerCase());
    if (spec === undefined) {
      return c.fail({ en: `activation '${name}'`, zh: `激活函数 '${name}'` }, NAMES.join(' | '));
    }
    const alpha = nextAlpha(spec.alpha, spec.name);
    const beta = nextBeta(spec.beta, spec.name);
    return {
      name: spec.name,
      work: spec.work,
      apply: (x) => spec.apply(x, alpha, beta),
      build: (x) => spec.build(x, alpha, beta),
      slope: (x, y) => spec.slope(x, y, alpha, beta),
    };
  });
  return Array.from({ length: directions }, (_, d) => all.slice(d * defaults.length, (d + 1) * defaults.length));
}

/** Hands the values of an attribute to the functions that take one, in order; then the defaults. */
function parameters(c: Refuse, node: GraphNode, attribute: string) {
  const given = [...(floatsAttribute(node, attribute) ?? [])];
  return (otherwise: number | 'required' | undefined, name: string): number => {
    if (otherwise === undefined) return 0;
    const value = given.shift() ?? otherwise;
    if (value !== 'required') return value;
    return c.fail(
      { en: `no ${attribute} for ${name}`, zh: `${name} 缺少 ${attribute}` },
      { en: 'a value: it has no default', zh: '给出数值：它没有默认值' },
    );
  };
}
