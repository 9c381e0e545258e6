/** Rules of random processor graphs: convolutions, matrix products, and the blocks that networks are made of. */
import { type Attribute, float, int, ints } from '#ir';
import { activation, broadcastable, isFloat, plain, product, type Rule, windowAttributes } from './graphRules.ts';

export const matrixRules: Readonly<Record<string, Rule>> = {
  conv(b, x) {
    const rank = x.dims.length - 2;
    if (rank < 1 || rank > 2 || !isFloat(x)) return undefined;
    const channels = x.dims[1]!;
    const divisors = [1, 1, channels, ...[2, 3, 4].filter((g) => channels % g === 0)];
    const groups = b.random.pick(divisors);
    const filters = groups * b.random.integer(1, groups > 1 ? 3 : 14);
    const kernel = Array.from({ length: rank }, () => b.random.integer(1, b.oneIn(4) ? 5 : 3));
    const per = channels / groups;
    const w = b.weights([filters, per, ...kernel], per * product(kernel));
    const bias = b.oneIn(2) ? [b.constant([filters])] : [];
    const attributes = windowAttributes(b, rank, kernel, true);
    if (groups > 1) attributes.group = int(groups);
    if (b.oneIn(2)) attributes.kernel_shape = ints(kernel);
    const y = b.node('Conv', [x.name, w, ...bias], attributes);
    return plain(b.oneIn(2) ? activation(b, y) : y);
  },
  depthwise(b, x) {
    const rank = x.dims.length - 2;
    if (rank < 1 || rank > 2 || !isFloat(x)) return undefined;
    const channels = x.dims[1]!;
    const kernel = Array.from({ length: rank }, () => b.random.integer(1, 3));
    const bias = b.oneIn(2) ? [b.constant([channels])] : [];
    const attributes = { ...windowAttributes(b, rank, kernel, true), group: int(channels) };
    const y = b.node('Conv', [x.name, b.weights([channels, 1, ...kernel], product(kernel)), ...bias], attributes);
    return plain(b.oneIn(2) ? activation(b, y) : y);
  },
  gemm(b, x) {
    if (x.dims.length !== 2 || !isFloat(x)) return undefined;
    const transA = b.oneIn(3);
    const transB = b.oneIn(2);
    const [m, k] = transA ? [x.dims[1]!, x.dims[0]!] : [x.dims[0]!, x.dims[1]!];
    const n = b.random.integer(1, 20);
    const others = b.values.filter((v) => isFloat(v) && v.dims.length === 2 && v.dims[transB ? 1 : 0] === k);
    const dynamic = others.length > 0 && b.oneIn(2) ? b.random.pick(others) : undefined;
    const columns = dynamic === undefined ? n : dynamic.dims[transB ? 0 : 1]!;
    const right = dynamic?.name ?? b.weights(transB ? [n, k] : [k, n], k);
    const attributes: Record<string, Attribute> = {};
    if (transA) attributes.transA = int(1);
    if (transB) attributes.transB = int(1);
    if (b.oneIn(4)) attributes.alpha = float(0.75);
    const cs: number[][] = [[columns], [1, columns], [], [1], [m, 1], [m, columns], [1, 1]];
    const c = b.oneIn(3) && b.opset >= 11 ? [] : [b.constant(b.random.pick(cs))];
    const same = b.values.filter((v) => isFloat(v) && v.dims.join() === [m, columns].join());
    if (c.length > 0 && same.length > 0 && b.oneIn(2)) c[0] = b.random.pick(same).name;
    if (c.length > 0 && b.oneIn(4)) attributes.beta = float(b.random.pick([0, 0.5]));
    const y = b.node('Gemm', [x.name, right, ...c], attributes);
    return plain(b.oneIn(3) ? activation(b, y) : y);
  },
  matmul(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    const k = x.dims.at(-1)!;
    const n = b.random.integer(1, 14);
    const lead = x.dims.slice(0, -2);
    const shapes = [[k], [k, n], [k, n], [...broadcastable(b, lead), k, n], [2, ...lead.map(() => 1), k, n]];
    const y = b.node('MatMul', [x.name, b.weights(b.random.pick(shapes), k)]);
    return plain(b.oneIn(3) ? activation(b, y) : y);
  },
  matmulConstantLeft(b, x) {
    if (!isFloat(x) || x.dims.length === 0) return undefined;
    const k = x.dims.length === 1 ? x.dims[0]! : x.dims.at(-2)!;
    const shape = b.oneIn(4) ? [k] : [b.random.integer(1, 9), k];
    return plain(b.node('MatMul', [b.weights(shape, k), x.name]));
  },
  matmulBoth(b, x) {
    if (!isFloat(x) || x.dims.length < 2) return undefined;
    // x · xᵀ over the last two dimensions, by way of a transposed view.
    const perm = x.dims.map((_, i) => i);
    perm.splice(-2, 2, x.dims.length - 1, x.dims.length - 2);
    const t = b.node('Transpose', [x.name], { perm: ints(perm) });
    const y = b.node('MatMul', b.oneIn(2) ? [x.name, t] : [t, x.name]);
    return plain(b.node('Mul', [y, b.scalar(0.25)]));
  },
  branches(b, x) {
    // An inception block: convolutions and a pool side by side, concatenated where they are produced.
    if (x.dims.length !== 4 || !isFloat(x)) return undefined;
    const c = x.dims[1]!;
    const conv = (k: number): string => {
      const f = b.random.integer(1, 9);
      const y = b.node('Conv', [x.name, b.weights([f, c, k, k], c * k * k), b.constant([f])], {
        pads: ints([(k - 1) / 2, (k - 1) / 2, (k - 1) / 2, (k - 1) / 2]),
      });
      return b.oneIn(2) ? b.node('Relu', [y]) : y;
    };
    const pool = (): string =>
      b.node('MaxPool', [x.name], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), strides: ints([1, 1]) });
    const inner = b.node('Concat', [conv(1), conv(3)], { axis: int(1) });
    return plain(b.node('Concat', [b.random.pick([conv(1), x.name]), inner, pool()], { axis: int(1) }), inner);
  },
  residual(b, x) {
    if (x.dims.length !== 4 || !isFloat(x)) return undefined;
    const c = x.dims[1]!;
    const conv = (of: string): string =>
      b.node('Conv', [of, b.weights([c, c, 3, 3], 9 * c), b.constant([c])], { pads: ints([1, 1, 1, 1]) });
    return plain(b.node('Relu', [b.node('Add', [conv(b.node('Relu', [conv(x.name)])), x.name])]));
  },
};
