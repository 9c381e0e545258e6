/**
 * Random uses of the operators on quantised values, seeded. Where products of u8 and i8 may saturate (a CPU without VNNI), weights
 * have 7 bits.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Random } from '#base';
import { type Attribute, elementCount, type GraphNode, int, ints, type Tensor, tensorOf } from '#ir';
import type { Sample } from '#ops';

export type Byte = 'uint8' | 'int8';

const cpu = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
/** Whether ONNX Runtime's kernels multiply u8 by i8 without saturating between. */
export const HAS_VNNI = /\b(avx512_vnni|avx_vnni|asimddp)\b/.test(cpu);

export const byteTensor = (random: Random, dims: readonly number[], dtype: Byte, isWeight = false): Tensor => {
  const narrow = isWeight && !HAS_VNNI;
  const [low, high] = dtype === 'uint8' ? [0, narrow ? 127 : 255] : narrow ? [-64, 63] : [-128, 127];
  const values = Array.from({ length: elementCount(dims) }, () => random.integer(low!, high!));
  return tensorOf(dtype, dims, values);
};

const zeroOf = (random: Random, dtype: Byte): Tensor => byteTensor(random, [], dtype);
const scaleOf = (random: Random, size = 1): Tensor => tensorOf('float32', [], [size * (0.5 + random.uniform())]);
const chance = (random: Random): boolean => random.integer(0, 1) === 1;

function caseOf(
  op: string,
  attributes: Readonly<Record<string, Attribute>>,
  inputs: readonly (Tensor | undefined)[],
  constants: readonly number[] = [],
  outputs = 1,
): Sample {
  const node: GraphNode = {
    name: op,
    op,
    domain: '',
    inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)),
    outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    attributes: new Map(Object.entries(attributes)),
  };
  return { name: op, node, opset: 13, inputs, constants };
}

interface Convolved {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly filters: number;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Products that an output sums. */
  readonly depth: number;
}

function convolution(random: Random, xType: Byte, wType: Byte): Convolved {
  const group = random.pick([1, 1, 1, 2, 3]);
  const [inside, outside] = [random.integer(1, 4), random.integer(1, 5)];
  const depthwise = random.integer(0, 4) === 0;
  const channels = depthwise ? group * 2 : inside * group;
  const groups = depthwise ? channels : group;
  const kernel = [random.integer(1, 3), random.integer(1, 3)];
  const filters = outside * groups;
  const size = () => random.integer(6, 9);
  const attributes: Record<string, Attribute> = { group: int(groups) };
  if (chance(random))
    attributes.pads = ints(Array.from({ length: 4 }, (_, i) => random.integer(0, kernel[i % 2]! - 1)));
  if (chance(random)) attributes.strides = ints([random.integer(1, 2), random.integer(1, 2)]);
  if (random.integer(0, 3) === 0) attributes.dilations = ints([random.integer(1, 2), random.integer(1, 2)]);
  return {
    x: byteTensor(random, [random.integer(1, 2), channels, size(), size()], xType),
    w: byteTensor(random, [filters, channels / groups, ...kernel], wType, true),
    filters,
    attributes,
    depth: (channels / groups) * kernel[0]! * kernel[1]!,
  };
}

/** Types of neurons and weights for which ONNX Runtime has kernels. */
const typesOf = (random: Random): readonly [Byte, Byte] =>
  random.pick<readonly [Byte, Byte]>([
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
    ['int8', 'int8'],
  ]);

/** A scale of results with which most of them lie within their type. */
const resultScale = (random: Random, depth: number): Tensor => scaleOf(random, 0.02 * 0.02 * 60 * Math.sqrt(depth));

function qLinearConv(random: Random): Sample {
  const [xType, wType] = typesOf(random);
  const { x, w, filters, attributes, depth } = convolution(random, xType, wType);
  const perChannel = chance(random);
  const wScale = perChannel
    ? tensorOf(
        'float32',
        [filters],
        Array.from({ length: filters }, () => 0.01 + 0.02 * random.uniform()),
      )
    : scaleOf(random, 0.02);
  const wZero = perChannel
    ? tensorOf(wType, [filters], new Array(filters).fill(wType === 'uint8' ? 128 : 0))
    : zeroOf(random, wType);
  const bias = chance(random)
    ? [
        tensorOf(
          'int32',
          [filters],
          Array.from({ length: filters }, () => random.integer(-9000, 9000)),
        ),
      ]
    : [];
  const inputs = [
    x,
    scaleOf(random, 0.02),
    zeroOf(random, xType),
    w,
    wScale,
    wZero,
    resultScale(random, depth),
    zeroOf(random, xType),
  ];
  return caseOf('QLinearConv', attributes, [...inputs, ...bias], [3, 4, 5]);
}

function convInteger(random: Random): Sample {
  const { x, w, attributes } = convolution(random, 'uint8', random.pick<Byte>(['uint8', 'int8']));
  const zeros = chance(random) ? [zeroOf(random, 'uint8'), zeroOf(random, w.dtype as Byte)] : [];
  return caseOf('ConvInteger', attributes, [x, w, ...zeros]);
}

function product(random: Random): {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly types: readonly [Byte, Byte];
  readonly depth: number;
} {
  const types = typesOf(random);
  const [m, k, n] = [random.integer(1, 6), random.integer(1, 40), random.integer(1, 20)];
  const batch = random.integer(0, 2) === 0 ? [random.integer(1, 3)] : [];
  return {
    a: byteTensor(random, [...batch, m, k], types[0]),
    b: byteTensor(random, [k, n], types[1], true),
    types,
    depth: k,
  };
}

function qLinearMatMul(random: Random): Sample {
  const { a, b, types, depth } = product(random);
  const columns = b.dims.at(-1)!;
  const perColumn = chance(random);
  const bScale = perColumn
    ? tensorOf(
        'float32',
        [columns],
        Array.from({ length: columns }, () => 0.01 + 0.02 * random.uniform()),
      )
    : scaleOf(random, 0.02);
  const bZero = perColumn ? byteTensor(random, [columns], types[1], true) : zeroOf(random, types[1]);
  const inputs = [
    a,
    scaleOf(random, 0.02),
    zeroOf(random, types[0]),
    b,
    bScale,
    bZero,
    resultScale(random, depth),
    zeroOf(random, types[0]),
  ];
  return caseOf('QLinearMatMul', {}, inputs, [3, 4, 5]);
}

function matMulInteger(random: Random): Sample {
  const { a, b, types } = product(random);
  const zeros = chance(random) ? [zeroOf(random, types[0]), zeroOf(random, types[1])] : [];
  return caseOf('MatMulInteger', {}, [a, b, ...zeros]);
}

const floats = (random: Random, dims: readonly number[], size: number): Tensor =>
  tensorOf(
    'float32',
    dims,
    Array.from({ length: elementCount(dims) }, () => size * random.normal()),
  );

function shapeAndAxis(random: Random): { readonly dims: readonly number[]; readonly axis: number } {
  const dims = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 7));
  return { dims, axis: random.integer(-dims.length, dims.length - 1) };
}

function quantizeLinear(random: Random): Sample {
  const { dims, axis } = shapeAndAxis(random);
  const type = random.pick<Byte>(['uint8', 'int8']);
  const each = chance(random) ? [dims.at(axis)!] : [];
  const scale = tensorOf(
    'float32',
    each,
    Array.from({ length: elementCount(each) }, () => 0.01 + 0.05 * random.uniform()),
  );
  return caseOf('QuantizeLinear', { axis: int(axis) }, [
    floats(random, dims, 2),
    scale,
    byteTensor(random, each, type),
  ]);
}

function dequantizeLinear(random: Random): Sample {
  const { dims, axis } = shapeAndAxis(random);
  const type = random.pick<Byte>(['uint8', 'int8']);
  const each = chance(random) ? [dims.at(axis)!] : [];
  const scale = tensorOf(
    'float32',
    each,
    Array.from({ length: elementCount(each) }, () => 0.01 + 0.05 * random.uniform()),
  );
  const zero = chance(random) ? [byteTensor(random, each, type)] : [];
  return caseOf('DequantizeLinear', { axis: int(axis) }, [byteTensor(random, dims, type), scale, ...zero]);
}

const dynamicQuantizeLinear = (random: Random): Sample =>
  caseOf('DynamicQuantizeLinear', {}, [floats(random, shapeAndAxis(random).dims, 3)], [], 3);

export const RANDOM_QUANTISED: Readonly<Record<string, (random: Random) => Sample>> = {
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinearMatMul,
  ConvInteger: convInteger,
  MatMulInteger: matMulInteger,
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
};
