/**
 * Folding of tensors that repeat one element, without writing them out: element-wise operators are evaluated on one
 * element, and operators that only move elements keep it.
 */
import {
  BITS,
  elementCount,
  type GraphNode,
  type Model,
  staticShape,
  type Tensor,
  tensorAttribute,
  tensorIntegers,
  tensorOf,
  typeOf,
} from '#ir';
import { evaluateNode, onnxOpset, operatorIn } from '#ops';
import { isSplat } from './rewrite.ts';

/** Output element i depends on the inputs' elements at i alone (with broadcasting). */
const ELEMENTWISE = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Sum', 'Pow', 'Min', 'Max', 'Mean'],
  ...['Exp', 'Log', 'Sqrt', 'Reciprocal', 'Neg', 'Abs', 'Floor', 'Ceil', 'Round', 'Sign', 'Erf', 'Cast', 'Clip'],
  ...['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Where', 'Not', 'And', 'Or', 'Equal', 'Less', 'Greater'],
]);

/** Every output element is an element of the first input. */
const MOVING = new Set([
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Identity', 'Expand', 'Tile'],
  ...['Slice', 'Split', 'Gather', 'GatherElements', 'GatherND', 'DepthToSpace', 'SpaceToDepth'],
]);

/** The outputs as splats; undefined where the operator or its inputs do not keep to one element. */
export function foldSplat(
  model: Model,
  node: GraphNode,
  inputs: readonly (Tensor | undefined)[],
): readonly Tensor[] | undefined {
  const first = inputs[0];
  const types = node.outputs.map((name) => typeOf(model.graph, name));
  const shapes = types.map((type, i) => (node.outputs[i] === '' ? [] : staticShape(type)));
  if (first === undefined || shapes.includes(undefined)) return undefined;

  if (MOVING.has(node.op) && isSplat(first)) return shapes.map((dims) => ({ ...first, dims: dims! }));
  if (node.op === 'Concat' && isSplat(first) && inputs.every((t) => t !== undefined && sameSplat(t, first))) {
    return shapes.map((dims) => ({ ...first, dims: dims! }));
  }
  if (!ELEMENTWISE.has(node.op) || !inputs.some((t) => t !== undefined && isSplat(t))) return undefined;
  if (operatorIn(model, node) === undefined) return undefined;
  const elements = inputs.map((t) => (t === undefined ? undefined : oneElement(t)));
  if (elements.some((t, i) => t === undefined && inputs[i] !== undefined)) return undefined;
  return evaluateNode(node, onnxOpset(model), elements).map((value, i) =>
    'bytes' in value && BITS[value.dtype] >= 8 && elementCount(value.dims) === 1
      ? { dtype: value.dtype, dims: shapes[i]!, splat: value.bytes }
      : value,
  );
}

const sameSplat = (a: Tensor, b: Extract<Tensor, { splat: Uint8Array }>): boolean =>
  isSplat(a) && a.dtype === b.dtype && a.splat.every((byte, i) => byte === b.splat[i]);

/** A tensor whose elements are all one, as a scalar. */
function oneElement(t: Tensor): Tensor | undefined {
  if (isSplat(t)) return { dtype: t.dtype, dims: [], bytes: t.splat };
  return elementCount(t.dims) === 1 ? { ...t, dims: [] } : undefined;
}

/** ConstantOfShape: its value, float32 zero by default, in the given shape. */
export function constantOfShape(node: GraphNode, shape: Tensor): Tensor {
  const dims = tensorIntegers(shape).map(Number);
  const value = tensorAttribute(node, 'value') ?? tensorOf('float32', [1], [0]);
  if ('splat' in value) return { ...value, dims };
  if ('bytes' in value && BITS[value.dtype] >= 8) return { dtype: value.dtype, dims, splat: value.bytes };
  return tensorOf(value.dtype, dims, new Array(elementCount(dims)).fill(tensorIntegers(value)[0]!));
}
