/**
 * What `cfg.quant` leaves for the integers of the matrix unit, and what of it an `mma` may ask for: types that the machine
 * computes, results that its sums can become, zero points within their types.
 */
import { diagnostic, type Place } from '#base';
import {
  ELEMENT_TYPES,
  type ElementType,
  MMA_TYPES,
  RESULT_TYPES,
  type ResultType,
  WEIGHT_TYPES,
  type WeightType,
} from '#isa';
import { type Machine, type MatrixType, typesOf } from '#machine';

/** Plain data; replaced as a whole, so that an entry's is a snapshot. */
export interface Quantisation {
  readonly za: number;
  readonly zw: number;
  readonly zc: number;
  readonly weights: WeightType;
}

export const NO_QUANTISATION: Quantisation = { za: 0, zw: 0, zc: 0, weights: 'same' };

const notComputed = diagnostic<{ type: string; machine: string; types: readonly string[] }>(
  'SYS-SIM-100',
  'unsupported',
  {
    en: (p) =>
      `'mma' on ${p.type} is not supported on machine '${p.machine}': its matrix unit computes ${p.types.join(', ')}. Convert ` +
      'the operands, or take a machine whose matrix.types has it.',
    zh: (p) =>
      `机器“${p.machine}”不支持 ${p.type} 类型的 mma：其矩阵单元可计算 ${p.types.join('、')}。` +
      '请先转换操作数，或改用 matrix.types 中含该类型的机器。',
  },
);
const noSuchResult = diagnostic<{ type: string; result: string; results: readonly string[] }>(
  'SYS-SIM-101',
  'invalid',
  {
    en: (p) =>
      `'mma' on ${p.type} has no results of ${p.result}: its sums become ${p.results.join(', ')}. Take one of those, and convert ` +
      'with the vector unit.',
    zh: (p) =>
      `${p.type} 类型的 mma 不能给出 ${p.result} 结果：其累加和可转换为 ${p.results.join('、')}。请选用其中之一，再由向量单元转换。`,
  },
);
const zeroPointOutside = diagnostic<{ operand: string; type: string; found: number; least: number; most: number }>(
  'SYS-SIM-102',
  'invalid',
  {
    en: (p) =>
      `the zero point of ${p.operand} is ${p.found}, expected ${p.least}…${p.most}, since ${p.operand} is ${p.type} in this mma: ` +
      "correct 'cfg.quant' before it.",
    zh: (p) =>
      `${p.operand} 的零点为 ${p.found}，而本条 mma 中 ${p.operand} 为 ${p.type}，应为 ${p.least}…${p.most}：请更正之前的 cfg.quant。`,
  },
);
const weightsOfOtherType = diagnostic<{ type: string; weights: string }>('SYS-SIM-103', 'invalid', {
  en: (p) =>
    `'cfg.quant' says that weights are ${p.weights}, and this mma computes ${p.type}: only operands of 8 bits differ in type. ` +
    "Write 'cfg.quant 0, 0, 0' before it.",
  zh: (p) =>
    `cfg.quant 指定权重为 ${p.weights}，而本条 mma 计算 ${p.type}：只有 8 位操作数的类型可以不同。请在其前写 cfg.quant 0, 0, 0。`,
});

/** Zero points that each type of elements may have; 16 bits have one for results only. */
const ZERO_POINTS: Readonly<Partial<Record<ElementType, readonly [number, number]>>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
};

export interface Types {
  readonly type: MatrixType;
  readonly weights: MatrixType;
  readonly result: ElementType;
}

/**
 * Types of the operands and results of an `mma`, checked against machine and zero points.
 * @throws SYS-SIM-100 a type that the machine does not compute; -101 a result that it cannot be; -102, -103 what `cfg.quant`
 * left does not fit the integers
 */
export function typesOfMma(
  fields: { readonly type: number; readonly result: number },
  quantisation: Quantisation,
  machine: Machine,
  place: Place,
): Types {
  // On the way of every mma of a network in f32.
  if (fields.type === 0 && fields.result === 0) return F32;
  const type = ELEMENT_TYPES[fields.type]!;
  if (!isComputed(type, machine))
    throw notComputed({ type, machine: machine.name, types: typesOf(machine.matrix) }, place);
  const { sum, results } = MMA_TYPES[type];
  const asked = RESULT_TYPES[fields.result]!;
  if (!isOneOf(asked, results as readonly ResultType[])) {
    throw noSuchResult(
      { type, result: asked, results: [...new Set(results.map((r) => (r === 'sum' ? sum : r)))] },
      place,
    );
  }
  const result = asked === 'sum' ? sum : asked;
  if (sum === 'f32') return { type, weights: type, result };
  const weights = weightsOf(type, quantisation.weights, place);
  const { za, zw, zc } = quantisation;
  const check = (
    operand: string,
    found: number,
    of: ElementType,
    range: readonly [number, number] | undefined,
  ): void => {
    const [least, most] = range ?? [0, 0];
    if (found < least || found > most) throw zeroPointOutside({ operand, type: of, found, least, most }, place);
  };
  check('A', za, type, type === 'i16' ? undefined : ZERO_POINTS[type]);
  check('W', zw, weights, weights === 'i16' ? undefined : ZERO_POINTS[weights]);
  // Results without a zero point take no notice of it.
  if (ZERO_POINTS[result] !== undefined) check('C', zc, result, ZERO_POINTS[result]);
  return { type, weights, result };
}

function weightsOf(type: MatrixType, weights: WeightType, place: Place): MatrixType {
  if (weights === 'same') return type;
  if (type === 'i16') throw weightsOfOtherType({ type, weights }, place);
  return weights;
}

const F32: Types = { type: 'f32', weights: 'f32', result: 'f32' };

const isComputed = (type: ElementType, { matrix }: Machine): type is MatrixType =>
  type === 'f32' || (type !== 'i32' && type !== 'i64' && matrix.types?.[type === 'u8' ? 'i8' : type] !== undefined);

const isOneOf = <T extends string>(name: string, names: readonly T[]): name is T =>
  (names as readonly string[]).includes(name);

/** What a `cfg.quant` leaves. */
export const quantisationOf = (i: {
  readonly za: number;
  readonly zw: number;
  readonly zc: number;
  readonly weights: number;
}): Quantisation => ({ za: i.za, zw: i.zw, zc: i.zc, weights: WEIGHT_TYPES[i.weights]! });
