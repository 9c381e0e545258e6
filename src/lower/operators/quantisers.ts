/**
 * QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear as formulas. A zero point that is one known number is the instruction's;
 * others are added to, or taken from, integers of 32 bits.
 */
import { type GraphNode, intAttribute, tensorNumbers } from '#ir';
import {
  add,
  apply,
  convert,
  dequantise,
  type Expression,
  max,
  min,
  type Operand,
  quantise,
  reduce,
  sub,
  where,
} from '../formula/expression.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { notComputed, toHost } from '../reasons.ts';
import type { View } from '../views.ts';
import { Kernels, operandOf } from './formulas.ts';
import type { Arguments } from './functions.ts';

/** A scale or zero point: one known number, or an operand that varies along the axis of the node. */
function parameter({ node, p }: Arguments, i: number, type: 'float' | 'integer'): Operand | undefined {
  const name = node.inputs[i] ?? '';
  if (name === '') return undefined;
  const constant = p.constant(name);
  const values = constant === undefined ? [] : [...new Set(tensorNumbers(constant))];
  if (values.length === 1) return values[0]!;
  const rank = p.dims(node.inputs[0]!).length;
  const view = p.view(name);
  const axis = intAttribute(node, 'axis', 1);
  const at = axis < 0 ? axis + rank : axis;
  const along: View =
    view.dims.length === 1 && view.dims[0] !== 1
      ? {
          ...view,
          dims: Array.from({ length: rank }, (_, d) => (d === at ? view.dims[0]! : 1)),
          strides: Array.from({ length: rank }, (_, d) => (d === at ? view.strides[0]! : 0)),
        }
      : { ...view, dims: [], strides: [] };
  const e = operandOf(along);
  return type === 'integer' ? convert(e, 'i32') : e;
}

/** What keeps either of them from the vector unit. */
function refusal({ node, p }: Arguments): ToHost | undefined {
  if (intAttribute(node, 'block_size', 0) !== 0) return toHost('its scales are those of blocks', '其比例按块给出');
  const [scale, zero = ''] = node.inputs.slice(1) as [string, string | undefined];
  if (!['float32', 'float16', 'bfloat16'].includes(p.dtype(scale))) return notComputed(p.dtype(scale));
  if (zero !== '' && !['int8', 'uint8', 'int16', 'int32'].includes(p.dtype(zero))) return notComputed(p.dtype(zero));
  return undefined;
}

export function quantizeLinear(c: Arguments): Expression | ToHost {
  const refused = refusal(c);
  if (refused !== undefined) return refused;
  const precision = intAttribute(c.node, 'precision', 0);
  if (precision > 1) return toHost('it divides in another precision than float32', '它不以 float32 精度做除法');
  const scale = parameter(c, 1, 'float')!;
  const zero = parameter(c, 2, 'integer') ?? 0;
  if (typeof zero === 'number') return quantise(c.at(0), scale, zero, c.result);
  return { ...add(quantise(c.at(0), scale, 0, 'i32'), zero), type: c.result, saturate: true } as Expression;
}

export function dequantizeLinear(c: Arguments): Expression | ToHost {
  const refused = refusal(c);
  if (refused !== undefined) return refused;
  const scale = parameter(c, 1, 'float')!;
  const zero = parameter(c, 2, 'integer') ?? 0;
  if (typeof zero === 'number') return dequantise(c.at(0), scale, zero);
  return dequantise(sub(convert(c.at(0), 'i32'), zero), scale, 0);
}

/** Integers of 8 bits by the range of the data, with 0 in it: the scale is a 255th of it, or 1 where there is none. */
export const lowerDynamicQuantizeLinear: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!p.isFloat(name)) return notComputed(p.dtype(name));
  if (node.outputs.length < 3 || node.outputs.includes(''))
    return toHost('its scale or zero point is not asked for', '没有要求它的比例或零点输出');
  const dims = p.dims(name);
  const all = dims.map(() => true);
  const one = dims.map(() => 1);
  const x = operandOf(p.view(name));
  const kernels = new Kernels(p, node);
  const ranked = (v: View): View => ({ ...v, dims: one, strides: one.map(() => 0) });
  const extremum = (by: 'min' | 'max'): Expression => {
    const row = kernels.temporary(one);
    kernels.formula(dims, all, by === 'min' ? min(reduce('min', x), 0) : max(reduce('max', x), 0), row);
    return operandOf(row);
  };
  const [low, high] = [extremum('min'), extremum('max')];
  const [y, scale, zero] = outputsOf(p, node);
  const still = dims.map(() => false);
  const width = sub(high, low);
  const step = apply('div', width, 255);
  kernels.formula(one, still, where(apply('eq', width, 0), 1, step), ranked(scale), scale);
  const of = operandOf(ranked(scale));
  // −(low ÷ scale) to the nearest integer: quantised with a step of 1.
  const negative = apply('neg', apply('div', low, of));
  kernels.formula(one, still, quantise(negative, 1, 0, 'u8'), ranked(zero), zero);
  const shifted = add(quantise(x, of, 0, 'i32'), convert(operandOf(ranked(zero)), 'i32'));
  kernels.formula(dims, still, { ...shifted, type: 'u8', saturate: true } as Expression, y);
  return kernels.commit();
};

/** Memory of the three outputs, asked for or not. */
function outputsOf(p: Planner, node: GraphNode): readonly [View, View, View] {
  const input = p.view(node.inputs[0]!);
  const [y, scale, zero] = node.outputs as [string, string, string];
  return [p.output(y, input), p.output(scale, 'row-major'), p.output(zero, 'row-major')];
}
