/**
 * What shares a scale and a zero point: the whole tensor (0-D, or one element), each index of `axis` (1-D), or blocks of `block_size`
 * elements along it (the rank of x). ONNX QuantizeLinear-25, DequantizeLinear-25.
 */
import { type Dim, intAttribute, type TensorType } from '#ir';
import type { AttributeSpec, EvaluateContext, InferContext } from '../define.ts';
import { stridesOf } from '../refTensor.ts';
import { accepted, mayEqual, normalizeAxis, type Shape, shapeText } from '../shapes.ts';

export const GRANULARITY_ATTRIBUTES = {
  axis: {
    kind: 'int',
    since: 13,
    doc: 'the axis along which scales differ, from the end if negative; no meaning with one scale; default 1',
  },
  block_size: { kind: 'int', since: 21, doc: 'elements along `axis` that share a scale; default 0: all of an index' },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

const isOne = (shape: Shape): boolean => shape.length === 0 || (shape.length === 1 && shape[0] === 1);

/** The same, where a size may still turn out to be 1. */
const mayBeOne = (shape: Shape): boolean => shape.length === 0 || (shape.length === 1 && mayEqual(shape[0]!, 1));

/** Refuses scales and zero points (inputs 1 and 2) whose shapes fit neither x nor each other. */
export function checkGranularity(c: InferContext, x: TensorType): void {
  const [scale, zero] = [c.inputs[1]?.shape, c.inputs[2]?.shape];
  if (scale !== undefined && zero !== undefined) checkEqual(c, scale, zero);
  if (scale === undefined || x.shape === undefined || isOne(scale)) return;
  const { shape } = x;
  const block = intAttribute(c.node, 'block_size', 0);
  if (block < 0) c.fail(`block_size ${block}`, { en: '0 or more', zh: '不小于 0' });
  const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 1), shape.length);
  const expected: Shape = block === 0 ? [shape[axis]!] : shape.map((d, i) => (i === axis ? blocksOf(d, block) : d));
  const fits = scale.length === expected.length && scale.every((d, i) => mayEqual(d, expected[i]!));
  if (!fits) {
    c.fail(`x ${shapeText(shape)}, scale ${shapeText(scale)}`, {
      en: `a scale of shape [] or ${shapeText(expected)} (axis ${axis}, block_size ${block})`,
      zh: `比例的形状应为 [] 或 ${shapeText(expected)}（axis ${axis}，block_size ${block}）`,
    });
  }
}

const blocksOf = (d: Dim, block: number): Dim => (typeof d === 'number' ? Math.ceil(d / block) : null);

function checkEqual(c: InferContext, scale: Shape, zero: Shape): void {
  const equal = scale.length === zero.length && scale.every((d, i) => mayEqual(d, zero[i]!));
  if (!equal && !(mayBeOne(scale) && mayBeOne(zero))) {
    c.fail(`scale ${shapeText(scale)}, zero point ${shapeText(zero)}`, {
      en: 'a zero point of the shape of the scale',
      zh: '零点与比例形状相同',
    });
  }
}

/** Where the scale of the element at a flat place of x stands. */
export function scaleIndex(c: EvaluateContext): (flat: number) => number {
  const [x, scale] = [c.inputs[0]!.dims, c.inputs[1]!.dims];
  if (isOne(scale)) return () => 0;
  const strides = stridesOf(x);
  const axis = normalizeAxis(accepted, intAttribute(c.node, 'axis', 1), x.length);
  const size = x[axis]!;
  const along = (flat: number): number => Math.floor(flat / strides[axis]!) % size;
  const block = intAttribute(c.node, 'block_size', 0);
  if (block === 0) return along;
  const inner = strides[axis]!;
  const blocks = scale[axis]!;
  return (flat) => {
    const outer = Math.floor(flat / (inner * size));
    return (outer * blocks + Math.floor(along(flat) / block)) * inner + (flat % inner);
  };
}
