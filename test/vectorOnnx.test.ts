/**
 * The vector unit against ONNX Runtime through assembled programs: conversion, quantisation, rounding, selection, integer
 * arithmetic, transposition, pooling and the index of an extreme, on edges and random numbers. Bit for bit, but for NaNs, which are
 * all alike, and for functions that ONNX leaves to the implementation (`erf`, `softplus`), which are held to their error.
 */
import { describe, expect, test } from 'vitest';
import { float32Bits, Random } from '#base';
import { createEngine } from '#engine';
import { type Attribute, type DataType, int, ints, type Tensor, tensorBytes, tensorNumbers, tensorOf } from '#ir';
import { ELEMENT_BYTES, type ElementType } from '#isa';
import { presets } from '#machine';
import { GraphBuilder } from './support/graphBuilder.ts';
import { numbers, type Operand, runVector } from './support/vectorPrograms.ts';
import { VECTOR_TYPES } from './support/vectorTypes.ts';

const machine = presets.get('textbook-single')!;
const engine = await createEngine();
expect(engine.kind).toBe('native');

/** ONNX's name and number of each type. */
const ONNX: Readonly<Record<string, { readonly name: Exclude<DataType, 'string'>; readonly to: number }>> = {
  f32: { name: 'float32', to: 1 },
  f16: { name: 'float16', to: 10 },
  bf16: { name: 'bfloat16', to: 16 },
  i8: { name: 'int8', to: 3 },
  u8: { name: 'uint8', to: 2 },
  i16: { name: 'int16', to: 5 },
  i32: { name: 'int32', to: 6 },
};
const nameOf = (type: ElementType): Exclude<DataType, 'string'> => ONNX[type]!.name;
const isFloat = (type: ElementType): boolean => nameOf(type).includes('float');

/** One ONNX node over tensors of which some are constants, as ONNX Runtime computes it. */
async function onnx(
  op: string,
  inputs: readonly Tensor[],
  result: DataType,
  attributes: Record<string, Attribute> = {},
  dims = inputs[0]!.dims,
): Promise<Uint8Array> {
  const b = new GraphBuilder(1, 21);
  const names = inputs.map((tensor, i) => {
    if (i > 0) return b.keep(tensor);
    const { name } = b.input(tensor.dims, tensor.dtype);
    b.set(name, tensor);
    return name;
  });
  const y = b.node(op, names, attributes);
  b.declare(y, dims, result);
  const session = await engine.load(b.model([y]), { optimize: false });
  const value = (await session.run(b.feeds())).get(y)!;
  await session.release();
  return tensorBytes(value);
}

const COUNT = 4096;
const EDGES = [0, -0, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 0.49999997, 127, 127.5, 128, -128.5, 254.5, 255, 255.5, 256];
const WIDE = [
  32767.5,
  -32768.5,
  65504,
  65519,
  65520,
  -65520,
  1e-45,
  6e-8,
  2 ** -24,
  2 ** -25,
  3e-8,
  16777217,
  33554435,
];
const BEYOND = [Number.NaN, Infinity, -Infinity, 1e10, -1e10, 3.4e38];

/** Edges first, then numbers of all sizes: of an integer type all its values. */
function values(type: ElementType, seed: number, extra: readonly number[] = []): Tensor {
  const random = new Random(seed);
  const list = isFloat(type)
    ? [...EDGES, ...WIDE, ...extra]
    : [0, 1, -1, 127, 128, -128, 255, 32767, -32768, -(2 ** 31)];
  while (list.length < COUNT) {
    const size = 2 ** random.integer(-4, 16);
    if (isFloat(type)) list.push(random.uniform() < 0.5 ? random.normal() * size : Math.round(random.normal() * 8) / 2);
    else list.push(random.bits() >> random.integer(0, 31));
  }
  return tensorOf(nameOf(type), [COUNT], list);
}

/** Halves without infinities, which large numbers become. */
const finite = (type: ElementType, x: Tensor): Tensor =>
  type === 'f16'
    ? tensorOf(
        'float16',
        x.dims,
        Array.from(tensorNumbers(x), (v) => (Number.isFinite(v) ? v : 1)),
      )
    : x;

const operand = (register: string, type: ElementType, tensor: Tensor): Operand => ({
  register,
  type,
  bytes: tensorBytes(tensor),
});

/** Records R1 … over all elements of the given types, side by side. */
const rows = (...types: readonly ElementType[]): string =>
  types.map((type, i) => `cfg.dimi R${i + 1}, 0, ${COUNT}, ${ELEMENT_BYTES[type]}`).join('\n');

const whole = (type: ElementType, count = COUNT) => ({ type, count });

describe('Cast', () => {
  test.each(VECTOR_TYPES.flatMap((from) => VECTOR_TYPES.map((to) => [from, to] as const)))(
    '%s to %s',
    async (from, to) => {
      // What leaves 32 bits, and NaN, ONNX leaves open for integers.
      const x = isFloat(to) ? values(from, 1, BEYOND) : finite(from, values(from, 1));
      const expected = await onnx('Cast', [x], nameOf(to), { to: int(ONNX[to]!.to) });
      const body = `${rows(from, to)}\nvec.mov r1, r2, r0, R1, R0, R2, ${from}, to ${to}`;
      const { bytes } = await runVector(machine, [operand('r2', from, x)], whole(to), body);
      expect(numbers(to, bytes)).toEqual(numbers(to, expected));
    },
  );

  test('what ONNX leaves open: toward the nearest integer of 32 bits, a NaN to 0', async () => {
    const x = tensorOf('float32', [6], BEYOND);
    const cast = async (to: ElementType, sat: string) => {
      const body = `cfg.dimi R1, 0, 6, 4\ncfg.dimi R2, 0, 6, ${ELEMENT_BYTES[to]}
        vec.mov r1, r2, r0, R1, R0, R2, f32, to ${to}${sat}`;
      return [
        ...Array.from(numbers(to, (await runVector(machine, [operand('r2', 'f32', x)], whole(to, 6), body)).bytes)),
      ];
    };
    const most = 2 ** 31 - 1;
    expect(await cast('i32', '')).toEqual([0, most, -most - 1, most, -most - 1, most]);
    expect(await cast('i8', '')).toEqual([0, -1, 0, -1, 0, -1]);
    expect(await cast('i8', ', sat')).toEqual([0, 127, -128, 127, -128, 127]);
    expect(await cast('u8', ', sat')).toEqual([0, 255, 0, 255, 0, 255]);
  });
});

const AXIS = 64;
const AXIS_ROWS = COUNT / AXIS;

describe('QuantizeLinear and DequantizeLinear', () => {
  const quantised = ['i8', 'u8', 'i16'] as const;
  const scales = (type: ElementType, count: number, seed: number): number[] => {
    const random = new Random(seed);
    // Powers of two among them make ties; of a half only what it holds.
    const list = Array.from({ length: count }, (_, i) =>
      i % 3 === 0 ? 2 ** random.integer(-6, 4) : 0.001 + random.uniform(),
    );
    return Array.from(numbers('f32', tensorBytes(tensorOf('float32', [count], list)))).map((x) =>
      type === 'f16' ? Number(Math.round(x * 1024) / 1024) || 1 / 1024 : x,
    );
  };

  test.each((['f32', 'f16'] as const).flatMap((type) => quantised.map((to) => [type, to] as const)))(
    '%s to %s, a scale for the tensor',
    async (type, to) => {
      for (const [i, zero] of (to === 'u8' ? [0, 128, 255] : [0, -3, 7, 127]).entries()) {
        // Of f16 ONNX Runtime quantises no infinities and NaNs soundly: it adds the zero point to what its conversion makes of them.
        const x = type === 'f32' ? values(type, 10 + i, BEYOND) : finite(type, values(type, 10 + i));
        const scale = i === 0 ? 1 : scales(type, 1, i)[0]!;
        const constants = [tensorOf(nameOf(type), [], [scale]), tensorOf(nameOf(to), [], [zero])];
        const expected = await onnx('QuantizeLinear', [x, ...constants], nameOf(to));
        const body = `${rows(type, to)}\nli r3, ${zero}\ncfg.zero r3\nli r4, ${float32Bits(scale) | 0}
          vec.quant r1, r2, r4, R1, R0, R2, ${type}, scalar, to ${to}`;
        const { bytes } = await runVector(machine, [operand('r2', type, x)], whole(to), body);
        expect(numbers(to, bytes), `scale ${scale}, zero ${zero}`).toEqual(numbers(to, expected));
      }
    },
  );

  test.each(quantised)('f32 to %s, a scale and a zero point for each of an axis', async (to) => {
    const x = values('f32', 20);
    const scale = scales('f32', AXIS, 21);
    const random = new Random(22);
    const zeros = Array.from({ length: AXIS }, () =>
      to === 'u8' ? random.integer(0, 255) : random.integer(-128, 127),
    );
    const table = { ...x, dims: [AXIS_ROWS, AXIS] };
    const constants = [tensorOf('float32', [AXIS], scale), tensorOf(nameOf(to), [AXIS], zeros)];
    const expected = await onnx('QuantizeLinear', [table, ...constants], nameOf(to), { axis: int(1) });
    const size = ELEMENT_BYTES[to];
    const body = `
      cfg.dimi R1, 0, ${AXIS}, 4
      cfg.dimi R1, 1, ${AXIS_ROWS}, ${4 * AXIS}
      cfg.dimi R2, 0, ${AXIS}, 4
      cfg.dimi R3, 0, ${AXIS}, ${size}
      cfg.dimi R3, 1, ${AXIS_ROWS}, ${size * AXIS}
      vec.quant r2, r2, r3, R1, R2, R1, f32, record, to i32
      vec.add r1, r2, r4, R1, R2, R3, i32, record, to ${to}, sat`;
    const operands = [
      operand('r2', 'f32', x),
      operand('r3', 'f32', constants[0]!),
      operand('r4', 'i32', tensorOf('int32', [AXIS], zeros)),
    ];
    const { bytes } = await runVector(machine, operands, whole(to), body);
    expect(numbers(to, bytes)).toEqual(numbers(to, expected));
  });

  test.each(
    (['i8', 'u8', 'i16', 'i32'] as const).flatMap((from) => (['f32', 'f16'] as const).map((to) => [from, to] as const)),
  )('%s back to %s, a scale for each of an axis', async (from, to) => {
    const x = values(from, 30);
    const zero = from === 'i32' ? 0 : from === 'u8' ? 131 : -5;
    const scale = scales(to, AXIS, 31);
    const constants = [
      tensorOf(nameOf(to), [AXIS], scale),
      tensorOf(nameOf(from), [AXIS], new Array<number>(AXIS).fill(zero)),
    ];
    const table = { ...x, dims: [AXIS_ROWS, AXIS] };
    const expected = await onnx('DequantizeLinear', [table, ...constants], nameOf(to), { axis: int(1) });
    const [a, c] = [ELEMENT_BYTES[from], ELEMENT_BYTES[to]];
    const body = `
      cfg.dimi R1, 0, ${AXIS}, ${a}
      cfg.dimi R1, 1, ${AXIS_ROWS}, ${a * AXIS}
      cfg.dimi R2, 0, ${AXIS}, 4
      cfg.dimi R3, 0, ${AXIS}, ${c}
      cfg.dimi R3, 1, ${AXIS_ROWS}, ${c * AXIS}
      li r5, ${zero}
      cfg.zero r5
      vec.dequant r1, r2, r3, R1, R2, R3, ${from}, record, to ${to}`;
    const operands = [operand('r2', from, x), operand('r3', 'f32', tensorOf('float32', [AXIS], scale))];
    const { bytes } = await runVector(machine, operands, whole(to), body);
    expect(numbers(to, bytes)).toEqual(numbers(to, expected));
  });
});

describe('functions of floats', () => {
  test.each([
    ['round', 'Round'],
    ['floor', 'Floor'],
    ['ceil', 'Ceil'],
    ['abs', 'Abs'],
    ['neg', 'Neg'],
    ['sqrt', 'Sqrt'],
    ['recip', 'Reciprocal'],
  ] as const)('%s is %s', async (f, op) => {
    const x = values('f32', 40, BEYOND);
    const expected = await onnx(op, [x], 'float32');
    const body = `${rows('f32')}\nvec.${f} r1, r2, r0, R1, R0, R1, f32`;
    const { bytes } = await runVector(machine, [operand('r2', 'f32', x)], whole('f32'), body);
    expect(numbers('f32', bytes)).toEqual(numbers('f32', expected));
  });

  test.each([
    ['erf', 'Erf', 4],
    ['softplus', 'Softplus', 16],
  ] as const)('%s is %s within %i roundings', async (f, op, roundings) => {
    const x = values('f32', 41, [Infinity, -Infinity]);
    const expected = numbers('f32', await onnx(op, [x], 'float32'));
    const body = `${rows('f32')}\nvec.${f} r1, r2, r0, R1, R0, R1, f32`;
    const found = numbers('f32', (await runVector(machine, [operand('r2', 'f32', x)], whole('f32'), body)).bytes);
    for (let i = 0; i < COUNT; i++) {
      if (found[i] === expected[i]) continue;
      // ONNX Runtime's own errors are absolute: its Softplus takes log(1 + e^x).
      const bound = roundings * 2 ** -24 * Math.max(1, Math.abs(expected[i]!));
      expect(Math.abs(found[i]! - expected[i]!), `${f}(${tensorNumbers(x)[i]})`).toBeLessThan(bound);
    }
  });

  test('Gelu in four steps', async () => {
    const x = values('f32', 42);
    const expected = numbers('f32', await onnx('Gelu', [x], 'float32'));
    const body = `${rows('f32')}
      li r3, ${float32Bits(Math.SQRT1_2) | 0}
      li r4, 1.0f
      li r5, 0.5f
      vec.mul r1, r2, r3, R1, R0, R1, f32, scalar
      vec.erf r1, r1, r0, R1, R0, R1, f32
      vec.add r1, r1, r4, R1, R0, R1, f32, scalar
      vec.mul r1, r1, r2, R1, R1, R1, f32, record
      vec.mul r1, r1, r5, R1, R0, R1, f32, scalar`;
    const found = numbers('f32', (await runVector(machine, [operand('r2', 'f32', x)], whole('f32'), body)).bytes);
    for (let i = 0; i < COUNT; i++) {
      expect(Math.abs(found[i]! - expected[i]!)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected[i]!)));
    }
  });
});

describe('integers', () => {
  const pairs = (type: ElementType) => [values(type, 50), values(type, 51)] as const;

  test.each([
    ['add', 'Add', 'i32'],
    ['sub', 'Sub', 'i32'],
    ['mul', 'Mul', 'i32'],
    ['max', 'Max', 'i32'],
    ['min', 'Min', 'i8'],
    ['max', 'Max', 'u8'],
    ['and', 'BitwiseAnd', 'i8'],
    ['or', 'BitwiseOr', 'i16'],
    ['xor', 'BitwiseXor', 'u8'],
    ['and', 'BitwiseAnd', 'i32'],
  ] as const)('%s is %s on %s', async (f, op, type) => {
    const [a, b] = pairs(type);
    const expected = await onnx(op, [a, b], nameOf(type));
    const body = `${rows(type)}\nvec.${f} r1, r2, r3, R1, R1, R1, ${type}, record`;
    const { bytes } = await runVector(machine, [operand('r2', type, a), operand('r3', type, b)], whole(type), body);
    expect(numbers(type, bytes)).toEqual(numbers(type, expected));
  });

  test.each([
    ['not', 'BitwiseNot', 'u8'],
    ['abs', 'Abs', 'i32'],
    ['neg', 'Neg', 'i8'],
  ] as const)('%s is %s on %s', async (f, op, type) => {
    const [a] = pairs(type);
    const expected = await onnx(op, [a], nameOf(type));
    const body = `${rows(type)}\nvec.${f} r1, r2, r0, R1, R0, R1, ${type}`;
    const { bytes } = await runVector(machine, [operand('r2', type, a)], whole(type), body);
    expect(numbers(type, bytes)).toEqual(numbers(type, expected));
  });

  test.each([
    ['shl', 'LEFT'],
    ['shr', 'RIGHT'],
  ] as const)('%s is BitShift on u8', async (f, direction) => {
    const a = values('u8', 52);
    const by = tensorOf(
      'uint8',
      [COUNT],
      Array.from({ length: COUNT }, (_, i) => i % 8),
    );
    const attribute: Attribute = { kind: 'string', value: direction };
    const expected = await onnx('BitShift', [a, by], 'uint8', { direction: attribute });
    const body = `${rows('u8')}\nvec.${f} r1, r2, r3, R1, R1, R1, u8, record`;
    const { bytes } = await runVector(machine, [operand('r2', 'u8', a), operand('r3', 'u8', by)], whole('u8'), body);
    expect(bytes).toEqual(new Uint8Array(expected));
  });

  test('div is Div on i32', async () => {
    const [a, rest] = pairs('i32');
    const b = tensorOf(
      'int32',
      [COUNT],
      Array.from(new Int32Array(tensorBytes(rest).slice().buffer), (v) => (v === -1 ? 2 : v || 3)),
    );
    const expected = await onnx('Div', [a, b], 'int32');
    const body = `${rows('i32')}\nvec.div r1, r2, r3, R1, R1, R1, i32, record`;
    const { bytes } = await runVector(machine, [operand('r2', 'i32', a), operand('r3', 'i32', b)], whole('i32'), body);
    expect(numbers('i32', bytes)).toEqual(numbers('i32', expected));
  });
});

describe('selection', () => {
  test.each(VECTOR_TYPES)('select and unless of %s are Where', async (type) => {
    const [a, b] = [values(type, 60, BEYOND), values(type, 61)];
    const random = new Random(62);
    const condition = Array.from({ length: COUNT }, () => random.integer(0, 1));
    const mask = tensorOf(nameOf(type), [COUNT], condition);
    // Where moves bits, which those of integers as wide are.
    const like = { 1: 'uint8', 2: 'float16', 4: 'int32' }[ELEMENT_BYTES[type]] as DataType;
    const [x, y] = [a, b].map((t) => ({ dtype: like, dims: t.dims, bytes: tensorBytes(t) })) as [Tensor, Tensor];
    const expected = await where(tensorOf('bool', [COUNT], condition), x, y);
    for (const [f, kept, put] of [
      ['select', 'r4', 'r3'],
      ['unless', 'r3', 'r4'],
    ]) {
      const body = `${rows(type)}\nvec.mov r1, ${kept}, r0, R1, R0, R1, ${type}\nvec.${f} r1, r2, ${put}, R1, R1, R1, ${type}, record`;
      const operands = [operand('r2', type, mask), operand('r3', type, a), operand('r4', type, b)];
      expect((await runVector(machine, operands, whole(type), body)).bytes, f).toEqual(new Uint8Array(expected));
    }
  });

  const where = (condition: Tensor, x: Tensor, y: Tensor): Promise<Uint8Array> => {
    // ONNX Runtime has no Where of 16-bit types.
    if (x.dtype !== 'float16') return onnx('Where', [condition, x, y], x.dtype, {}, x.dims);
    const [p, q, c] = [tensorBytes(x), tensorBytes(y), tensorBytes(condition)];
    return Promise.resolve(p.map((v, i) => (c[i >> 1] === 1 ? v : q[i]!)));
  };

  test.each([
    ['gt', 'Greater'],
    ['ge', 'GreaterOrEqual'],
    ['lt', 'Less'],
    ['le', 'LessOrEqual'],
    ['eq', 'Equal'],
  ] as const)('%s is %s, as a u8', async (f, op) => {
    const [a, b] = [values('f32', 63, BEYOND), values('f32', 64, BEYOND)];
    const expected = await onnx(op, [a, b], 'bool');
    const body = `${rows('f32', 'u8')}\nvec.${f} r1, r2, r3, R1, R1, R2, f32, record, to u8`;
    const { bytes } = await runVector(machine, [operand('r2', 'f32', a), operand('r3', 'f32', b)], whole('u8'), body);
    expect(bytes).toEqual(new Uint8Array(expected));
    if (f === 'eq') {
      const other = body.replace('vec.eq', 'vec.ne');
      const ne = await runVector(machine, [operand('r2', 'f32', a), operand('r3', 'f32', b)], whole('u8'), other);
      expect(ne.bytes).toEqual(bytes.map((v) => 1 - v));
    }
  });
});

const [ROWS, COLUMNS] = [48, 80] as const;

describe('by records alone', () => {
  test.each(['i8', 'f16', 'i32'] as const)('transposition of %s, and what it takes', async (type) => {
    const all = values(type, 70);
    const size = ELEMENT_BYTES[type];
    const table: Tensor = {
      dtype: nameOf(type),
      dims: [ROWS, COLUMNS],
      bytes: tensorBytes(all).slice(0, ROWS * COLUMNS * size),
    };
    const expected = await onnx('Transpose', [table], nameOf(type), { perm: ints([1, 0]) }, [COLUMNS, ROWS]);
    const body = `
      cfg.dimi R1, 0, ${COLUMNS}, ${size}
      cfg.dimi R1, 1, ${ROWS}, ${COLUMNS * size}
      cfg.dimi R2, 0, 0, ${ROWS * size}
      cfg.dimi R2, 1, 0, ${size}
      vec.mov r1, r2, r0, R1, R0, R2, ${type}`;
    const { bytes, busy } = await runVector(machine, [operand('r2', type, table)], whole(type, ROWS * COLUMNS), body);
    expect(numbers(type, bytes)).toEqual(numbers(type, expected));
    // As any mov: rows × ⌈columns ÷ lanes⌉.
    expect(busy).toBe(ROWS * Math.ceil(COLUMNS / machine.vector.lanes));
  });

  test.each(['i8', 'u8'] as const)('MaxPool 2 × 2 of %s', async (type) => {
    const [channels, side] = [16, 14];
    const all = tensorBytes(values(type, 71)).slice(0, channels * side * side);
    // ONNX has channels outside; here they are inside.
    const planes = new Uint8Array(all.length);
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < side * side; i++) planes[c * side * side + i] = all[i * channels + c]!;
    const x: Tensor = { dtype: nameOf(type), dims: [1, channels, side, side], bytes: planes };
    const half = side / 2;
    const attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
    const pooled = await onnx('MaxPool', [x], nameOf(type), attributes, [1, channels, half, half]);
    const expected = new Uint8Array(pooled.length);
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < half * half; i++) expected[i * channels + c] = pooled[c * half * half + i]!;
    const row = channels * side;
    const body = `
      cfg.dimi R1, 0, ${channels}, 1
      cfg.dimi R1, 1, 2, ${channels}
      cfg.dimi R1, 2, 2, ${row}
      cfg.dimi R1, 3, ${half}, ${2 * channels}
      cfg.dimi R1, 4, ${half}, ${2 * row}
      cfg.dimi R2, 0, 0, 1
      cfg.dimi R2, 3, 0, ${channels}
      cfg.dimi R2, 4, 0, ${channels * half}
      vec.mov r1, r2, r0, R1, R0, R2, ${type}, max, init`;
    const { bytes } = await runVector(
      machine,
      [{ register: 'r2', type, bytes: all }],
      whole(type, expected.length),
      body,
    );
    expect(bytes).toEqual(expected);
  });

  test('a depthwise convolution of bytes: per-lane multiply-add with the weights of each channel', async () => {
    const [channels, side, kernel] = [8, 12, 3];
    const out = side - kernel + 1;
    const image = tensorBytes(values('u8', 72)).slice(0, channels * side * side);
    const taps = tensorBytes(values('u8', 73)).slice(0, channels * kernel * kernel);
    const outside = (inside: Uint8Array, area: number): Uint8Array =>
      inside.map((_, i) => inside[(i % area) * channels + Math.floor(i / area)]!);
    const x: Tensor = { dtype: 'uint8', dims: [1, channels, side, side], bytes: outside(image, side * side) };
    const w: Tensor = { dtype: 'uint8', dims: [channels, 1, kernel, kernel], bytes: outside(taps, kernel * kernel) };
    const sums = await onnx('ConvInteger', [x, w], 'int32', { group: int(channels) }, [1, channels, out, out]);
    const planes = new Int32Array(sums.slice().buffer);
    const expected = planes.map((_, i) => planes[(i % channels) * out * out + Math.floor(i / channels)]!);
    // An instruction for each row of taps, since records have five dimensions: c, kx, x, y and one to spare.
    const row = channels * side;
    const body = `
      cfg.dimi R1, 0, ${channels}, 1
      cfg.dimi R1, 1, ${kernel}, ${channels}
      cfg.dimi R1, 2, ${kernel}, ${row}
      cfg.dimi R1, 3, ${out}, ${channels}
      cfg.dimi R1, 4, ${out}, ${row}
      cfg.dimi R2, 0, 0, 1
      cfg.dimi R2, 1, 0, ${channels}
      cfg.dimi R2, 2, 0, ${channels * kernel}
      cfg.dimi R3, 0, 0, 4
      cfg.dimi R3, 3, 0, ${4 * channels}
      cfg.dimi R3, 4, 0, ${4 * channels * out}
      vec.mul r1, r2, r3, R1, R2, R3, u8, record, add, init, to i32`;
    const operands: Operand[] = [
      { register: 'r2', type: 'u8', bytes: image },
      { register: 'r3', type: 'u8', bytes: taps },
    ];
    const { bytes } = await runVector(machine, operands, whole('i32', expected.length), body);
    expect(numbers('i32', bytes)).toEqual(expected);
  });

  test.each([
    ['ArgMax', 'max', 0],
    ['ArgMax', 'max', 1],
    ['ArgMin', 'min', 0],
    ['ArgMin', 'min', 1],
  ] as const)('%s by %s, last index: %i', async (op, extreme, last) => {
    const random = new Random(74);
    // Few values, so that extremes meet.
    const list = Array.from({ length: ROWS * COLUMNS }, () => random.integer(-20, 20));
    const x = tensorOf('float32', [ROWS, COLUMNS], list);
    const indices = await onnx(op, [x], 'int64', { axis: int(1), select_last_index: int(last), keepdims: int(0) }, [
      ROWS,
    ]);
    const expected = Array.from(new BigInt64Array(indices.slice().buffer), Number);
    const count = tensorOf(
      'int32',
      [COLUMNS],
      Array.from({ length: COLUMNS }, (_, i) => i),
    );
    const [beyond, meet] = last === 1 ? [-1, 'max'] : [COLUMNS, 'min'];
    const body = `
      cfg.dimi R1, 0, ${COLUMNS}, 4
      cfg.dimi R1, 1, ${ROWS}, ${4 * COLUMNS}
      cfg.dimi R2, 0, 0, 0
      cfg.dimi R2, 1, 0, 4
      cfg.dimi R3, 0, 0, 4
      li r5, 60000
      vec.mov r5, r2, r0, R1, R0, R2, f32, ${extreme}, init
      vec.eq r2, r2, r5, R1, R2, R1, f32, record, to i32
      vec.mov r1, r4, r0, R1, R0, R1, i32
      vec.select r1, r2, r3, R1, R3, R1, i32, record
      vec.mov r5, r1, r0, R1, R0, R2, i32, ${meet}, init
      cfg.dimi R4, 0, ${ROWS}, 4
      vec.mov r1, r5, r0, R4, R0, R4, i32`;
    const filled = tensorOf('int32', [ROWS * COLUMNS], new Array<number>(ROWS * COLUMNS).fill(beyond));
    const operands = [operand('r2', 'f32', x), operand('r3', 'i32', count), operand('r4', 'i32', filled)];
    const roomy = { ...machine, nram: { bytes: 2 ** 18 } };
    const { bytes } = await runVector(roomy, operands, whole('i32', ROWS), body.replace('60000', '200000'));
    expect([...new Int32Array(bytes.slice().buffer)]).toEqual(expected);
  });
});
