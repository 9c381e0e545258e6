/** Rules of random processor graphs: pools, reductions, normalisations and element-wise operators. */
import { type Attribute, float, int, ints, string } from '#ir';
import type { GraphBuilder } from './graphBuilder.ts';
import {
  activation,
  axisOf,
  broadcastable,
  isFloat,
  plain,
  positive,
  product,
  type Rule,
  someAxes,
  windowAttributes,
} from './graphRules.ts';

/** Reductions whose results grow with the number of elements. */
const SUMS: ReadonlySet<string> = new Set(['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare']);

/** Between 0.9 and 1.1, for products of many. */
const bounded = (b: GraphBuilder, x: string): string =>
  b.node(
    'Clip',
    b.opset < 11 ? [x] : [x, b.scalar(0.9), b.scalar(1.1)],
    b.opset < 11 ? { min: float(0.9), max: float(1.1) } : {},
  );

export const vectorRules: Readonly<Record<string, Rule>> = {
  maxPool(b, x) {
    const rank = x.dims.length - 2;
    if (rank < 1 || rank > 2 || !isFloat(x)) return undefined;
    const kernel = Array.from({ length: rank }, () => b.random.integer(1, 3));
    const attributes = windowAttributes(b, rank, kernel, b.opset >= 10);
    attributes.kernel_shape = ints(kernel);
    if (b.oneIn(3) && b.opset >= 10) attributes.ceil_mode = int(1);
    // A dilated window that meets nothing but padding gives −∞ here and the lowest number in ONNX Runtime.
    const dilations = attributes.dilations?.kind === 'ints' ? attributes.dilations.value.map(Number) : [];
    if (dilations.some((d, a) => (kernel[a]! - 1) * d >= x.dims[2 + a]!)) delete attributes.pads;
    return plain(b.node('MaxPool', [x.name], attributes));
  },
  averagePool(b, x) {
    const rank = x.dims.length - 2;
    if (rank < 1 || rank > 2 || !isFloat(x)) return undefined;
    const kernel = Array.from({ length: rank }, () => b.random.integer(1, 3));
    const attributes = windowAttributes(b, rank, kernel, b.opset >= 19);
    attributes.kernel_shape = ints(kernel);
    if (b.oneIn(3)) attributes.count_include_pad = int(1);
    if (b.oneIn(3) && b.opset >= 19) attributes.ceil_mode = int(1);
    // The mean of a dilated window that meets nothing but padding is 0 ÷ 0, which ONNX leaves open.
    const dilations = attributes.dilations?.kind === 'ints' ? attributes.dilations.value.map(Number) : [];
    if (dilations.some((d, a) => (kernel[a]! - 1) * d >= x.dims[2 + a]!)) delete attributes.pads;
    return plain(b.node('AveragePool', [x.name], attributes));
  },
  globalPool: (b, x) =>
    x.dims.length >= 3 && x.dims.length <= 5 && isFloat(x)
      ? plain(b.node(b.random.pick(['GlobalAveragePool', 'GlobalMaxPool']), [x.name]))
      : undefined,
  reduce(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    const op = b.random.pick([
      ...['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'],
      ...['ReduceProd', 'ReduceLogSum', 'ReduceLogSumExp'],
    ]);
    const from = op === 'ReduceLogSum' || op === 'ReduceProd' ? bounded(b, positive(b, x.name)) : x.name;
    const axes = b.oneIn(5) ? undefined : someAxes(b, x).map((a) => (b.oneIn(4) ? a - x.dims.length : a));
    const attributes: Record<string, Attribute> = b.oneIn(2) ? { keepdims: int(0) } : {};
    const asInput = b.opset >= (op === 'ReduceSum' ? 13 : 18);
    if (axes !== undefined && !asInput) attributes.axes = ints(axes);
    const y = b.node(op, [from, ...(axes !== undefined && asInput ? [b.int64s(axes)] : [])], attributes);
    return plain(SUMS.has(op) ? b.node('Mul', [y, b.scalar(0.1)]) : y);
  },
  softmax(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    const attributes: Record<string, Attribute> = b.oneIn(4) ? {} : { axis: int(axisOf(b, x)) };
    if (b.opset < 11 && attributes.axis === undefined && x.dims.length < 2) return undefined;
    if (b.opset < 11) attributes.axis = int(b.random.integer(0, x.dims.length - 1));
    return plain(b.node(b.random.pick(['Softmax', 'Softmax', 'LogSoftmax']), [x.name], attributes));
  },
  lrn(b, x) {
    if (!isFloat(x) || x.dims.length !== 4) return undefined;
    const attributes: Record<string, Attribute> = { size: int(b.random.pick([1, 3, 5])) };
    if (b.oneIn(2)) attributes.alpha = float(0.5);
    if (b.oneIn(2)) attributes.beta = float(0.5);
    if (b.oneIn(2)) attributes.bias = float(2);
    return plain(b.node('LRN', [x.name], attributes));
  },
  batchNorm(b, x) {
    if (!isFloat(x) || x.dims.length < 2) return undefined;
    const c = [x.dims[1]!];
    const inputs = [x.name, b.constant(c), b.constant(c), b.constant(c), b.constant(c, 0.5, 2)];
    const y = b.node('BatchNormalization', inputs, b.oneIn(2) ? { epsilon: float(0.01) } : {});
    return plain(b.oneIn(2) ? activation(b, y) : y);
  },
  unary: (b, x) => (isFloat(x) ? plain(activation(b, x.name)) : undefined),
  unaryChain: (b, x) => (isFloat(x) ? plain(activation(b, activation(b, activation(b, x.name)))) : undefined),
  binaryConstant(b, x) {
    if (!isFloat(x)) return undefined;
    const op = b.random.pick(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min']);
    const c = b.constant(broadcastable(b, x.dims), 0.5, 1.5);
    const swapped = b.oneIn(3);
    if (op === 'Div' && swapped) return plain(b.node('Div', [c, positive(b, x.name)]));
    return plain(b.node(op, swapped ? [c, x.name] : [x.name, c]));
  },
  binaryWider(b, x) {
    if (!isFloat(x) || x.dims.length > 3) return undefined;
    // x itself is repeated.
    const dims = x.dims.map((d) => (d === 1 ? b.random.integer(1, 5) : d));
    const c = b.constant(b.oneIn(2) ? [b.random.integer(1, 3), ...dims] : dims);
    return plain(b.node(b.random.pick(['Add', 'Mul', 'Sub']), b.oneIn(2) ? [x.name, c] : [c, x.name]));
  },
  binaryTwo(b, x) {
    const others = b.values.filter((v) => isFloat(v) && v.dims.join() === x.dims.join());
    if (!isFloat(x) || others.length === 0) return undefined;
    const y = b.random.pick(others).name;
    const op = b.random.pick(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum']);
    const sum = b.node(op, [x.name, op === 'Div' ? positive(b, y) : y]);
    return plain(b.oneIn(2) ? activation(b, sum) : sum);
  },
  binaryOuter(b, x) {
    // [.., n, 1] against [.., 1, n] of the same memory.
    if (!isFloat(x) || x.dims.length === 0 || x.dims.length > 3 || b.opset < 13) return undefined;
    const column = b.node('Unsqueeze', [x.name, b.int64s([x.dims.length])]);
    const row = b.node('Unsqueeze', [x.name, b.int64s([x.dims.length - 1])]);
    return plain(b.node(b.random.pick(['Add', 'Mul', 'Sub', 'Max']), [column, row]));
  },
  variadic(b, x) {
    if (!isFloat(x)) return undefined;
    const parts = Array.from({ length: b.random.integer(1, 3) }, () => b.constant(broadcastable(b, x.dims)));
    return plain(b.node(b.random.pick(['Sum', 'Max', 'Min']), [x.name, ...parts]));
  },
  prelu(b, x) {
    if (!isFloat(x)) return undefined;
    const dims =
      x.dims.length >= 2 && b.oneIn(2) ? [x.dims[1]!, ...x.dims.slice(2).map(() => 1)] : broadcastable(b, x.dims);
    return plain(b.node('PRelu', [x.name, b.constant(dims)]));
  },
  function(b, x) {
    if (!isFloat(x)) return undefined;
    const since: readonly (readonly [string, number])[] = [
      ...(['Softplus', 'Softsign', 'Elu', 'Selu', 'Sign', 'Erf', 'Floor', 'Ceil'] as const).map(
        (op) => [op, 9] as const,
      ),
      ...([
        ['Celu', 12],
        ['ThresholdedRelu', 10],
        ['Round', 11],
        ['HardSwish', 14],
        ['Mish', 18],
        ['Gelu', 20],
      ] as const),
    ];
    const known = since.filter(([, version]) => version <= b.opset);
    const one = (of: string): string => {
      // The newest most often, since only some graphs have them.
      const [op] = b.oneIn(3) ? b.random.pick(known) : b.random.pick(known.slice(-6));
      if (op !== 'Floor' && op !== 'Ceil' && op !== 'Round') return b.node(op, [of]);
      return b.node('Mul', [b.node(op, [b.node('Mul', [of, b.scalar(8)])]), b.scalar(0.125)]);
    };
    return plain(one(one(one(x.name))));
  },
  power(b, x) {
    if (!isFloat(x)) return undefined;
    const exponent = b.random.pick([0, 0.5, 1, 2, 3, -1, -0.5]);
    return plain(b.node('Pow', [exponent === 2 || exponent === 3 ? x.name : positive(b, x.name), b.scalar(exponent)]));
  },
  mean(b, x) {
    if (!isFloat(x)) return undefined;
    const parts = Array.from({ length: b.random.integer(0, 8) }, () => b.constant(broadcastable(b, x.dims)));
    return plain(b.node('Mean', [x.name, ...parts]));
  },
  choice(b, x) {
    if (!isFloat(x) || b.opset < 16) return undefined;
    const y = b.constant(broadcastable(b, x.dims));
    const op = b.random.pick(['Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual']);
    return plain(b.node('Where', [b.node(op, [x.name, y]), x.name, b.oneIn(2) ? y : b.scalar(0.5)]));
  },
  logic(b, x) {
    if (!isFloat(x) || b.opset < 16) return undefined;
    const compared = (op: string): string => b.node(op, [x.name, b.constant(broadcastable(b, x.dims))]);
    const [p, q] = [compared('Greater'), b.node('Not', [compared('Less')])];
    const both = b.node(b.random.pick(['And', 'Or', 'Xor', 'Equal']), [p, q]);
    const other = b.random.pick([q, b.node('IsNaN', [x.name]), b.node('IsInf', [x.name])]);
    return plain(b.node('Cast', [both], { to: int(1) }), b.node('Or', [both, other]));
  },
  argExtremum(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    // Steps, so that neighbours are equal and rounding moves no extremum.
    const steps = b.node('Floor', [b.node('Add', [x.name, b.constant(x.dims, -4, 4)])]);
    const attributes: Record<string, Attribute> = { axis: int(axisOf(b, x)) };
    if (b.oneIn(2)) attributes.keepdims = int(0);
    if (b.oneIn(3) && b.opset >= 12) attributes.select_last_index = int(1);
    const y = b.node(b.random.pick(['ArgMax', 'ArgMin']), [steps], attributes);
    return b.oneIn(2)
      ? plain(y)
      : plain(b.node('Hardmax', [steps], { axis: int(Math.abs(axisOf(b, x)) % x.dims.length) }));
  },
  rows(b, x) {
    if (!isFloat(x) || x.dims.length === 0 || b.opset < 17) return undefined;
    const axis = axisOf(b, x);
    const row = x.dims.slice(axis);
    const bias = b.oneIn(2) ? [b.constant(row)] : [];
    // Values that hardly differ, as cosines of small numbers, have a mean whose rounding is most of what is left when it is taken away.
    const apart = b.node('Mul', [x.name, b.constant(x.dims, -1, 1)]);
    const y = b.node('LayerNormalization', [apart, b.constant(row, 0.5, 1.5), ...bias], {
      axis: int(axis),
      epsilon: float(0.01),
    });
    return plain(b.oneIn(3) ? activation(b, y) : y);
  },
  rootMeanSquare(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    if (b.opset >= 23)
      return plain(b.node('RMSNormalization', [x.name, b.constant([x.dims.at(-1)!])], { epsilon: float(0.01) }));
    const square = b.node('Add', [b.node('Mul', [x.name, x.name]), b.scalar(0.1)]);
    return plain(b.node('Div', [x.name, b.node('Sqrt', [square])]));
  },
  gelu: (b, x) =>
    isFloat(x) && b.opset >= 20
      ? plain(b.node('Gelu', [x.name], b.oneIn(2) ? { approximate: string('tanh') } : {}))
      : undefined,
  channels(b, x) {
    if (!isFloat(x) || x.dims.length < 3) return undefined;
    const c = [x.dims[1]!];
    if (b.opset < 21 || b.oneIn(2))
      return plain(b.node('InstanceNormalization', [x.name, b.constant(c), b.constant(c)], { epsilon: float(0.1) }));
    const groups = b.random.pick([1, 2, 3, x.dims[1]!].filter((g) => x.dims[1]! % g === 0));
    return plain(
      b.node('GroupNormalization', [x.name, b.constant(c), b.constant(c)], {
        num_groups: int(groups),
        epsilon: float(0.1),
      }),
    );
  },
  norms(b, x) {
    if (!isFloat(x) || x.dims.length < 2) return undefined;
    if (b.oneIn(2) && x.dims.length === 4 && product(x.dims) > 8 * x.dims[1]!)
      return plain(b.node('MeanVarianceNormalization', [b.node('Add', [x.name, b.constant(x.dims, -4, 4)])]));
    return plain(
      b.node('LpNormalization', [positive(b, x.name)], { axis: int(axisOf(b, x)), p: int(b.random.integer(1, 2)) }),
    );
  },
  host: (b, x) => (isFloat(x) ? plain(b.node(b.random.pick(['Sin', 'Cos']), [x.name])) : undefined),
};
