/** Rules of random processor graphs: operators that are written out in others, and those that compare with classes. */
import { type Attribute, int, ints, string, tensorOf } from '#ir';
import { axisOf, isFloat, plain, product, type Rule } from './graphRules.ts';

export const expandedRules: Readonly<Record<string, Rule>> = {
  transposedConvolution(b, x) {
    const rank = x.dims.length - 2;
    if (rank < 1 || rank > 2 || !isFloat(x)) return undefined;
    const channels = x.dims[1]!;
    const groups = b.random.pick([1, 1, ...[2, 3].filter((g) => channels % g === 0)]);
    const maps = b.random.integer(1, 4);
    const kernel = Array.from({ length: rank }, () => b.random.integer(1, 4));
    const each = (low: number, high: number): number[] =>
      Array.from({ length: rank }, () => b.random.integer(low, high));
    const attributes: Record<string, Attribute> = { group: int(groups), strides: ints(each(1, 3)) };
    if (b.oneIn(3)) attributes.dilations = ints(each(1, 2));
    if (b.oneIn(3)) attributes.pads = ints([...each(0, 1), ...each(0, 1)]);
    const w = b.weights([channels, maps, ...kernel], (channels / groups) * product(kernel));
    const bias = b.oneIn(2) ? [b.constant([maps * groups])] : [];
    return plain(b.node('ConvTranspose', [x.name, w, ...bias], attributes));
  },
  volume(b, x) {
    if (x.dims.length !== 5 || !isFloat(x)) return undefined;
    const kernel = x.dims.slice(2).map((d) => b.random.integer(1, Math.min(3, d)));
    if (b.oneIn(2))
      return plain(b.node(b.random.pick(['MaxPool', 'AveragePool']), [x.name], { kernel_shape: ints(kernel) }));
    const channels = x.dims[1]!;
    return plain(
      b.node('Conv', [x.name, b.weights([b.random.integer(1, 4), channels, ...kernel], channels * product(kernel))]),
    );
  },
  computedWeights(b, x) {
    if (x.dims.length !== 4 || !isFloat(x) || x.dims[2]! < 2 || x.dims[3]! < 2) return undefined;
    const channels = x.dims[1]!;
    const w = b.node('Tanh', [b.node('ReduceMean', [x.name], { keepdims: int(0) })]);
    const weights = b.node('Mul', [b.weights([3, channels, 2, 2], channels * 4), w]);
    return plain(b.node('Conv', [x.name, weights], b.oneIn(2) ? { pads: ints([1, 0, 0, 1]) } : {}));
  },
  resize(b, x) {
    if (x.dims.length !== 4 || !isFloat(x)) return undefined;
    const given = b.keep(tensorOf('float32', [4], [1, 1, b.random.pick([1, 2, 3]), b.random.pick([1, 2])]));
    if (b.opset < 13) return undefined;
    const mode = b.random.pick(['nearest', 'linear']);
    const coordinates = b.random.pick(['half_pixel', 'asymmetric', 'align_corners']);
    return plain(
      b.node('Resize', [x.name, '', given], {
        mode: string(mode),
        coordinate_transformation_mode: string(coordinates),
        ...(mode === 'nearest' && coordinates === 'asymmetric' ? { nearest_mode: string('floor') } : {}),
      }),
    );
  },
  upsample(b, x) {
    if (x.dims.length !== 4 || !isFloat(x) || b.opset > 9) return undefined;
    const scales = b.keep(tensorOf('float32', [4], [1, 1, b.random.pick([1, 2, 3]), b.random.pick([1, 2])]));
    const mode = string(b.random.pick(['nearest', 'linear']));
    return plain(b.node('Upsample', [x.name, scales], { mode }));
  },
  blocks(b, x) {
    if (x.dims.length !== 4 || !isFloat(x)) return undefined;
    const [, channels, h, w] = x.dims as [number, number, number, number];
    if (channels % 4 === 0 && b.oneIn(2)) {
      const mode = b.opset < 11 ? {} : { mode: string(b.random.pick(['DCR', 'CRD'])) };
      return plain(b.node('DepthToSpace', [x.name], { blocksize: int(2), ...mode }));
    }
    const block = [2, 3].find((k) => h % k === 0 && w % k === 0);
    return block === undefined ? undefined : plain(b.node('SpaceToDepth', [x.name], { blocksize: int(block) }));
  },
  tile(b, x) {
    if (x.dims.length === 0 || x.dims.length > 3) return undefined;
    return plain(b.node('Tile', [x.name, b.int64s(x.dims.map(() => b.random.integer(1, 2)))]));
  },
  runningSum(b, x) {
    if (x.dims.length === 0 || !isFloat(x) || b.opset < 11) return undefined;
    const axis = b.keep(tensorOf('int64', [], [axisOf(b, x)]));
    const attributes: Record<string, Attribute> = {};
    if (b.oneIn(2)) attributes.exclusive = int(1);
    if (b.oneIn(2)) attributes.reverse = int(1);
    return plain(b.node('Mul', [b.node('CumSum', [x.name, axis], attributes), b.scalar(0.1)]));
  },
  einsum(b, x) {
    if (!isFloat(x) || x.dims.length < 2 || x.dims.length > 3 || b.opset < 12) return undefined;
    const [rows, inner] = x.dims.slice(-2) as [number, number];
    const w = b.weights([inner, b.random.integer(1, 6)], inner);
    const [left, out] = x.dims.length === 2 ? ['ij', 'ki'] : ['bij', 'kbi'];
    const second = b.weights([rows], rows);
    return b.oneIn(2)
      ? plain(b.node('Einsum', [x.name, w], { equation: string(`${left},jk->${out}`) }))
      : plain(b.node('Einsum', [x.name, second], { equation: string(`${left},i->${left.replace('i', '')}`) }));
  },
  recurrent(b, x) {
    if (x.dims.length < 2 || !isFloat(x) || x.dims[0]! > 6 || product(x.dims) > 600 || b.opset < 14) return undefined;
    const [steps, ...rest] = x.dims as [number, ...number[]];
    const size = product(rest);
    const sequence = b.node('Reshape', [x.name, b.int64s([steps, 1, size])]);
    const op = b.random.pick(['LSTM', 'GRU', 'RNN']);
    const hidden = b.random.integer(1, 5);
    const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]!;
    const direction = b.random.pick(['forward', 'reverse', 'bidirectional']);
    const directions = direction === 'bidirectional' ? 2 : 1;
    const rows = gates * hidden;
    const inputs = [sequence, b.weights([directions, rows, size], size), b.weights([directions, rows, hidden], hidden)];
    if (b.oneIn(2)) inputs.push(b.constant([directions, 2 * rows]));
    const attributes: Record<string, Attribute> = { hidden_size: int(hidden), direction: string(direction) };
    if (op === 'GRU' && b.oneIn(2)) attributes.linear_before_reset = int(1);
    return b.nodeOf(op, inputs, attributes, 2);
  },
  continued(b, x) {
    if (x.dims.length < 2 || !isFloat(x) || b.opset < 11) return undefined;
    const pads = x.dims.map((d) => b.random.integer(0, Math.min(2, d - 1)));
    return plain(
      b.node('Pad', [x.name, b.int64s([...pads, ...pads])], { mode: string(b.random.pick(['reflect', 'edge'])) }),
    );
  },
  triangle: (b, x) =>
    isFloat(x) && x.dims.length >= 2 && b.opset >= 14
      ? plain(
          b.node('Trilu', [x.name, b.keep(tensorOf('int64', [], [b.random.integer(-2, 2)]))], {
            upper: int(b.random.integer(0, 1)),
          }),
        )
      : undefined,
  eye: (b, x) =>
    isFloat(x) && x.dims.length === 2
      ? plain(b.node('Add', [x.name, b.node('EyeLike', [x.name], { k: int(1) })]))
      : undefined,
  oneHot(b, x) {
    if (!isFloat(x) || x.dims.length === 0 || x.dims.length > 3 || b.opset < 12) return undefined;
    const index = b.node('ArgMax', [b.node('Floor', [b.node('Mul', [x.name, b.scalar(4)])])], {
      axis: int(-1),
      keepdims: int(0),
    });
    const depth = b.keep(tensorOf('int64', [], [x.dims.at(-1)!]));
    const hot = b.node('OneHot', [index, depth, b.keep(tensorOf('float32', [2], [-0.5, 1.5]))], {
      axis: int(b.oneIn(2) ? -1 : 0),
    });
    return plain(hot);
  },
  classLoss(b, x) {
    if (!isFloat(x) || x.dims.length < 2 || x.dims.length > 4 || b.opset < 13) return undefined;
    const target = b.node('ArgMin', [b.node('Floor', [b.node('Mul', [x.name, b.scalar(4)])])], {
      axis: int(1),
      keepdims: int(0),
    });
    const weights = b.oneIn(2) ? [b.constant([x.dims[1]!], 0.5, 1.5)] : [];
    const attributes: Record<string, Attribute> = { reduction: string(b.random.pick(['none', 'sum', 'mean'])) };
    const op = b.random.pick(['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss']);
    const loss = b.node(op, [x.name, target, ...weights], attributes);
    return plain(b.node('Mul', [loss, b.keep(tensorOf('float32', [], [0.1]))]));
  },
};
