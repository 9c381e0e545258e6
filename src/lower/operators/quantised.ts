/**
 * Products of quantised values on the matrix unit: QLinearConv and QLinearMatMul, whose sums are requantised in the drain path as ONNX
 * Runtime requantises them, bit for bit, and ConvInteger and MatMulInteger, whose sums are the result. Scales and zero points are
 * known numbers: they are parts of instructions and of the packed weights.
 */
import { elementCount, type GraphNode, tensorNumbers } from '#ir';
import type { ContractionTypes, Quantisation } from '../contraction.ts';
import { matrixTypeOf } from '../elementTypes.ts';
import { convert, mul, quantise, sub } from '../formula/expression.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { computed, lacksType, toHost } from '../reasons.ts';
import type { View } from '../views.ts';
import { type Convolution, convolution } from './conv.ts';
import { noChain, quantisedChains } from './epilogue.ts';
import { Kernels, operandOf } from './formulas.ts';
import { matrixProduct } from './matmul.ts';

/** What a node says of one of its operands. */
interface Parameter {
  readonly name: string;
  readonly values: Float64Array;
}

type Six = readonly [Parameter, Parameter, Parameter, Parameter, Parameter, Parameter];
type Seven = readonly [...Six, Parameter];

/** Inputs i, j, … of a node as numbers; 0 where a zero point is left out; undefined where one is computed. */
function parametersOf(p: Planner, node: GraphNode, at: readonly number[]): readonly Parameter[] | undefined {
  const found: Parameter[] = [];
  for (const i of at) {
    const name = node.inputs[i] ?? '';
    const constant = p.constant(name);
    if (name !== '' && constant === undefined) return undefined;
    found.push({ name, values: constant === undefined ? Float64Array.of(0) : tensorNumbers(constant) });
  }
  return found;
}

const computedParameters = computed('its scales and zero points are', '其比例与零点');

/** The one value of a parameter; undefined where it has several. */
const single = ({ values }: Parameter): number | undefined => {
  const [first] = values;
  return values.every((v) => v === first) ? first : undefined;
};

const several = (name: string): ToHost =>
  toHost(
    `'${name}' has several values; the matrix unit takes one for all of an operand`,
    `“${name}”有多个取值；矩阵单元对整个操作数只用一个`,
  );

/** Types of a contraction of integers; the reason for the host where the matrix unit does not compute them. */
function integerTypes(p: Planner, a: string, w: string, result: 'i32' | string): ContractionTypes | ToHost {
  const of = (name: string) => matrixTypeOf(p.machine, p.dtype(name));
  const [x, y] = [of(a), of(w)];
  if (x === undefined) return lacksType(p.machine, 'matrix', p.dtype(a));
  if (y === undefined) return lacksType(p.machine, 'matrix', p.dtype(w));
  return { a: x, w: y, result: result === 'i32' ? 'i32' : p.dtype(result) === 'int8' ? 'i8' : 'u8' };
}

const isRefusal = <T extends object>(t: T | ToHost): t is ToHost => 'host' in t;

/** f32(f32(sA · sB) ÷ sC): what sums are multiplied with. */
const combined = (a: number, b: number, c: number): number => Math.fround(Math.fround(a * b) / c);

/** Zero points of operands and result, each a single number. */
function zerosOf(a: Parameter, w: Parameter, result?: Parameter): Quantisation['zero'] | ToHost {
  for (const parameter of [a, w, ...(result === undefined ? [] : [result])])
    if (single(parameter) === undefined) return several(parameter.name);
  return { a: single(a)!, w: single(w)!, result: result === undefined ? 0 : single(result)! };
}

const computedWeights = computed('its weights are', '其权重');

export const lowerQLinearConv: Lowering = (node, p) => {
  const k = convolutionOfIntegers(p, node);
  return isRefusal(k) ? k : convolution(p, node, k, quantisedChains(p, node.outputs[0]!, k.zero!.result));
};

/** A QLinearConv of known parameters; the reason for the host where it is not one. */
export function convolutionOfIntegers(p: Planner, node: GraphNode): Convolution | ToHost {
  const [x, , , w] = node.inputs as [string, string, string, string];
  const parameters = parametersOf(p, node, [1, 2, 4, 5, 6, 7, 8]);
  if (parameters === undefined) return computedParameters;
  const [xScale, xZero, wScale, wZero, yScale, yZero, bias] = parameters as Seven;
  const weights = p.constant(w);
  if (weights === undefined) return computedWeights;
  const zero = zerosOf(xZero, wZero, yZero);
  if (isRefusal(zero)) return zero;
  const [sx, sy] = [single(xScale), single(yScale)];
  if (sx === undefined || sy === undefined) return several(sx === undefined ? xScale.name : yScale.name);
  const types = integerTypes(p, x, w, node.outputs[0]!);
  const sw = wScale.values;
  return {
    ...{ x, weights, zero },
    types: isRefusal(types) ? undefined : types,
    bias: bias.name === '' ? undefined : (n) => bias.values[n]!,
    scale: (n) => combined(sx, sw[sw.length === 1 ? 0 : n]!, sy),
  };
}

export const lowerConvInteger: Lowering = (node, p) => {
  const [x, w] = node.inputs as [string, string];
  const parameters = parametersOf(p, node, [2, 3]);
  if (parameters === undefined) return computedParameters;
  const zero = zerosOf(parameters[0]!, parameters[1]!);
  if (isRefusal(zero)) return zero;
  const weights = p.constant(w);
  if (weights === undefined) return computedWeights;
  const types = integerTypes(p, x, w, 'i32');
  const made = { x, weights, zero, bias: undefined, types: isRefusal(types) ? undefined : types };
  return convolution(p, node, made, [noChain(node.outputs[0]!)]);
};

export const lowerMatMulInteger: Lowering = (node, p) => {
  const [a, b, aZero = ''] = node.inputs as [string, string, string | undefined];
  if (aZero !== '' && p.constant(aZero) === undefined) return withComputedZero(p, node, aZero);
  const parameters = parametersOf(p, node, [2, 3]);
  if (parameters === undefined) return computedParameters;
  const zero = zerosOf(parameters[0]!, parameters[1]!);
  if (isRefusal(zero)) return zero;
  const types = integerTypes(p, a, b, 'i32');
  if (isRefusal(types)) return types;
  return matrixProduct(p, node, { a, b, types, zero }, [noChain(node.outputs[0]!)]);
};

export const lowerQLinearMatMul: Lowering = (node, p) => {
  const [a, , , b] = node.inputs as [string, string, string, string];
  const parameters = parametersOf(p, node, [1, 2, 4, 5, 6, 7]);
  if (parameters === undefined) return computedParameters;
  const [aScale, aZero, bScale, bZero, yScale, yZero] = parameters as Six;
  const zero = zerosOf(aZero, bZero, yZero);
  if (isRefusal(zero)) return zero;
  const [sa, sy] = [single(aScale), single(yScale)];
  if (sa === undefined || sy === undefined) return several(sa === undefined ? aScale.name : yScale.name);
  const columns = p.dims(b).length === 1 ? 1 : p.dims(b).at(-1)!;
  const sb = bScale.values;
  if (sb.length !== 1 && (sb.length !== columns || p.dims(b).length > 2)) return several(bScale.name);
  const scale = (n: number): number => combined(sa, sb[sb.length === 1 ? 0 : n]!, sy);
  const output = node.outputs[0]!;
  const constant = p.constant(b);
  if (constant !== undefined && p.dims(b).length <= 2) {
    const types = integerTypes(p, a, b, output);
    return isRefusal(types)
      ? types
      : matrixProduct(p, node, { a, b, types, zero, scale }, quantisedChains(p, output, zero.result));
  }
  const types = integerTypes(p, a, b, 'i32');
  if (isRefusal(types)) return types;
  return inTwoSteps(
    p,
    node,
    { a, b, types, zero },
    Array.from({ length: columns }, (_, n) => scale(n)),
  );
};

/**
 * A product with known weights whose neurons have a computed zero point, as DynamicQuantizeLinear makes it:
 * Σ (a − za)·w' = Σ a·w' − za·Σ w', the second sum known for each column.
 */
function withComputedZero(p: Planner, node: GraphNode, aZero: string): ToHost | undefined {
  const [a, b] = node.inputs as [string, string];
  const weights = p.constant(b);
  const [bZero] = parametersOf(p, node, [3]) ?? [];
  if (weights?.dims.length !== 2 || bZero === undefined || elementCount(p.dims(aZero)) !== 1) return computedParameters;
  const zw = single(bZero);
  if (zw === undefined) return several(bZero.name);
  const types = integerTypes(p, a, b, 'i32');
  if (isRefusal(types)) return types;
  const output = node.outputs[0]!;
  const dims = p.dims(output);
  const kernels = new Kernels(p, node);
  const sums = kernels.temporary(dims, 'int32');
  const columns = weights.dims[1]!;
  const ofColumns = p.constantView(`${node.name}.sums`, [columns], 'int32', () => {
    const all = new Int32Array(columns);
    tensorNumbers(weights).forEach((w, i) => {
      all[i % columns]! += w - zw;
    });
    return new Uint8Array(all.buffer);
  });
  const za = convert(operandOf({ ...p.view(aZero), dims: [], strides: [] }), 'i32');
  kernels.formula(
    dims,
    dims.map(() => false),
    sub(operandOf(sums), mul(operandOf(ofColumns), za)),
    p.output(output, 'row-major'),
  );
  if (kernels.refused !== undefined) return kernels.refused;
  const k = { a, b, types, zero: { a: 0, w: zw, result: 0 }, into: sums };
  return matrixProduct(p, node, k, [noChain(output)]) ?? kernels.commit([node], true);
}

/** Where both operands are computed there is no room for scales among the weights: sums first, then what requantises them. */
function inTwoSteps(
  p: Planner,
  node: GraphNode,
  k: { readonly a: string; readonly b: string; readonly types: ContractionTypes; readonly zero: Quantisation['zero'] },
  scales: readonly number[],
): ToHost | undefined {
  const output = node.outputs[0]!;
  const dims = p.dims(output);
  const kernels = new Kernels(p, node);
  const sums = kernels.temporary(dims, 'int32');
  const x = convert(operandOf(sums), 'f32');
  const isOne = new Set(scales).size === 1;
  const factors = (): View => p.floatConstant(`${node.name}.scales`, [scales.length], () => Float32Array.from(scales));
  const scaled = isOne ? mul(x, scales[0]!) : mul(x, operandOf(factors()));
  const type = p.dtype(output) === 'int8' ? 'i8' : 'u8';
  const still = dims.map(() => false);
  kernels.formula(dims, still, quantise(scaled, 1, k.zero.result, type), p.output(output, 'row-major'));
  if (kernels.refused !== undefined) return kernels.refused;
  return matrixProduct(p, node, { ...k, into: sums }, [noChain(output)]) ?? kernels.commit([node], true);
}
