/**
 * Activation functions that RNN, GRU and LSTM name in their attribute `activations`: f, g, h of one direction, then of
 * the other. Names are matched without regard to case; `activation_alpha` and `activation_beta` are used up in order by
 * the functions that take them. ONNX RNN-22; defaults are those of the operators of the same names.
 */
import { floatsAttribute, type GraphNode, stringsAttribute } from '#ir';
import type { Work } from '../costs.ts';
import type { Refuse } from '../shapes.ts';

interface ActivationSpec {
  readonly name: string;
  /** Default of a parameter that the function takes; 'required' where ONNX has none. */
  readonly alpha?: number | 'required';
  readonly beta?: number | 'required';
  readonly work: Work;
  readonly apply: (x: number, alpha: number, beta: number) => number;
}

const ACTIVATIONS: readonly ActivationSpec[] = [
  { name: 'Relu', work: { comparisons: 1 }, apply: (x) => Math.max(0, x) },
  { name: 'Tanh', work: { transcendentals: 1 }, apply: (x) => Math.tanh(x) },
  { name: 'Sigmoid', work: { transcendentals: 2, additions: 1 }, apply: (x) => 1 / (1 + Math.exp(-x)) },
  { name: 'Affine', alpha: 1, beta: 0, work: { multiplications: 1, additions: 1 }, apply: (x, a, b) => a * x + b },
  {
    name: 'LeakyRelu',
    alpha: 0.01,
    work: { comparisons: 1, multiplications: 1 },
    apply: (x, a) => (x >= 0 ? x : a * x),
  },
  { name: 'ThresholdedRelu', alpha: 1, work: { comparisons: 1 }, apply: (x, a) => (x >= a ? x : 0) },
  {
    name: 'ScaledTanh',
    alpha: 'required',
    beta: 'required',
    work: { multiplications: 2, transcendentals: 1 },
    apply: (x, a, b) => a * Math.tanh(b * x),
  },
  {
    name: 'HardSigmoid',
    alpha: 0.2,
    beta: 0.5,
    work: { multiplications: 1, additions: 1, comparisons: 2 },
    apply: (x, a, b) => Math.min(Math.max(a * x + b, 0), 1),
  },
  {
    name: 'Elu',
    alpha: 1,
    work: { comparisons: 1, transcendentals: 1, additions: 1, multiplications: 1 },
    apply: (x, a) => (x >= 0 ? x : a * Math.expm1(x)),
  },
  {
    name: 'Softsign',
    work: { additions: 1, comparisons: 1, transcendentals: 1 },
    apply: (x) => x / (1 + Math.abs(x)),
  },
  {
    name: 'Softplus',
    work: { transcendentals: 2, additions: 1 },
    apply: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  },
];

const NAMES = ACTIVATIONS.map((a) => a.name);

/** A function with its parameters. */
export interface Activation {
  readonly name: string;
  readonly alpha: number;
  readonly beta: number;
  readonly work: Work;
  readonly apply: (x: number) => number;
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
    return { name: spec.name, alpha, beta, work: spec.work, apply: (x) => spec.apply(x, alpha, beta) };
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
