/** Rules of random processor graphs: pools, reductions, normalisations and element-wise operators. */
import { type Attribute, float, int, ints } from '#ir';
import {
  activation,
  axisOf,
  broadcastable,
  isFloat,
  plain,
  positive,
  type Rule,
  someAxes,
  windowAttributes,
} from './graphRules.ts';

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
    return plain(b.node('AveragePool', [x.name], attributes));
  },
  globalPool: (b, x) =>
    x.dims.length >= 3 && x.dims.length <= 5 && isFloat(x)
      ? plain(b.node(b.random.pick(['GlobalAveragePool', 'GlobalMaxPool']), [x.name]))
      : undefined,
  reduce(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    const op = b.random.pick(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin']);
    const axes = b.oneIn(5) ? undefined : someAxes(b, x).map((a) => (b.oneIn(4) ? a - x.dims.length : a));
    const attributes: Record<string, Attribute> = b.oneIn(2) ? { keepdims: int(0) } : {};
    const asInput = b.opset >= (op === 'ReduceSum' ? 13 : 18);
    if (axes !== undefined && !asInput) attributes.axes = ints(axes);
    const y = b.node(op, [x.name, ...(axes !== undefined && asInput ? [b.int64s(axes)] : [])], attributes);
    return plain(op === 'ReduceSum' ? b.node('Mul', [y, b.scalar(0.1)]) : y);
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
  host: (b, x) =>
    isFloat(x) ? plain(b.node(b.random.pick(['Softplus', 'Elu', 'Erf', 'Softsign']), [x.name])) : undefined,
};
