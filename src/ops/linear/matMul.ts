/**
 * MatMul: matrix product as numpy.matmul: a 1-D operand is a row (left) or a column (right) and its axis disappears from
 * the result; leading axes are batches and broadcast. ONNX MatMul-13.
 */
import type { Dim, Tensor } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { broadcastStrides, eachIndex, offsetAt, type RefData } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { broadcastShapes, inputType, mayEqual, type Shape, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

/** Operand shapes as matrices, and the shape of the result; undefined where they do not fit. */
function productShape(a: Shape, b: Shape): Shape | undefined {
  const left: Shape = a.length === 1 ? [1, a[0]!] : a;
  const right: Shape = b.length === 1 ? [b[0]!, 1] : b;
  if (a.length === 0 || b.length === 0 || !mayEqual(left.at(-1)!, right.at(-2)!)) return undefined;
  const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)]);
  if (batch === undefined) return undefined;
  const rows: readonly Dim[] = a.length === 1 ? [] : [left.at(-2)!];
  const columns: readonly Dim[] = b.length === 1 ? [] : [right.at(-1)!];
  return [...batch, ...rows, ...columns];
}

function infer(c: InferContext) {
  const [a, b] = [inputType(c, 0), inputType(c, 1)];
  if (a.shape === undefined || b.shape === undefined) return { types: [{ ...a, shape: undefined }] };
  const shape =
    productShape(a.shape, b.shape) ??
    c.fail(`A ${shapeText(a.shape)}, B ${shapeText(b.shape)}`, {
      en: 'A […, M, K], B […, K, N] with leading axes that broadcast',
      zh: 'A […, M, K]、B […, K, N]，且前面的轴可广播',
    });
  return { types: [{ ...a, shape }] };
}

function evaluate(c: EvaluateContext) {
  const [a, b] = [c.inputs[0]!, c.inputs[1]!];
  const dims = productShape(a.dims, b.dims) as readonly number[];
  const left = a.dims.length === 1 ? [1, a.dims[0]!] : a.dims;
  const right = b.dims.length === 1 ? [b.dims[0]!, 1] : b.dims;
  const [rows, inner, columns] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)]) as readonly number[];
  const [leftStrides, rightStrides] = [
    broadcastStrides(left.slice(0, -2), batch),
    broadcastStrides(right.slice(0, -2), batch),
  ];
  const sums: (number | bigint)[] = [];
  eachIndex(batch, (index) => {
    const leftStart = offsetAt(index, leftStrides) * rows * inner;
    const rightStart = offsetAt(index, rightStrides) * inner * columns;
    for (let m = 0; m < rows; m++) {
      for (let n = 0; n < columns; n++) {
        sums.push(dot(a.data, leftStart + m * inner, b.data, rightStart + n, columns, inner));
      }
    }
  });
  return [{ dtype: a.dtype, dims, data: sameKind(a.data, sums) }];
}

/** Σ a[i] × b[i × step] over `count` elements from two starting points; exact for 64-bit integers. */
function dot(a: RefData, aStart: number, b: RefData, bStart: number, step: number, count: number): number | bigint {
  if (a instanceof Float64Array && b instanceof Float64Array) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += a[aStart + i]! * b[bStart + i * step]!;
    return sum;
  }
  let sum = 0n;
  for (let i = 0; i < count; i++) sum += BigInt(a[aStart + i]!) * BigInt(b[bStart + i * step]!);
  return sum;
}

/** An array like `like` with these elements; 64-bit integers wrap. */
function sameKind(like: RefData, values: readonly (number | bigint)[]): RefData {
  if (like instanceof BigInt64Array) return BigInt64Array.from(values as readonly bigint[]);
  if (like instanceof BigUint64Array) return BigUint64Array.from(values as readonly bigint[]);
  return Float64Array.from(values as readonly number[]);
}

const matMulSample = (name: string, a: Tensor, b: Tensor) => sample(name, 'MatMul', 13, {}, [a, b]);

export const matMul = operator({
  name: 'MatMul',
  summary: 'Matrix product with batches that broadcast, as numpy.matmul.',
  versions: [1, 9, 13],
  inputs: [
    { name: 'A', type: 'T' },
    { name: 'B', type: 'T' },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: [...FLOATS, 'uint32', 'uint64', 'int32', 'int64'] },
  attributes: {},
  infer,
  cost(c) {
    const outputs = elements(c.outputs[0]);
    const inner = staticDims(c.inputs[0]).at(-1)!;
    const macs = outputs * inner;
    return costOf(c, { macs, multiplications: macs, additions: outputs * Math.max(0, inner - 1) });
  },
  costRule: 'K MACs and K − 1 additions an output.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    matMulSample('matrices', data([3, 4]), data([4, 5], { seed: 2 })),
    matMulSample('batches', data([2, 3, 4]), data([2, 4, 5], { seed: 2 })),
    matMulSample('batches that broadcast', data([2, 1, 3, 4]), data([3, 4, 2], { seed: 2 })),
    matMulSample('matrix times vector', data([3, 4]), data([4], { seed: 2 })),
    matMulSample('vector times batches', data([4]), data([2, 4, 3], { seed: 2 })),
    matMulSample('vectors', data([4]), data([4], { seed: 2 })),
    matMulSample(
      'integers',
      data([2, 3], { dtype: 'int32', low: -9, high: 9 }),
      data([3, 2], { dtype: 'int32', low: -9, high: 9 }),
    ),
    matMulSample(
      'long integers',
      data([2, 3], { dtype: 'int64', low: -9, high: 9 }),
      data([3], { dtype: 'int64', low: -9, high: 9 }),
    ),
  ],
});

/** dA = dY·Bᵀ, dB = Aᵀ·dY, summed over the batches along which an operand was repeated. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [a, b] = [c.inputs[0]!, c.inputs[1]!];
  const left = a.rank === 1 ? a.unsqueeze([0]) : a;
  const right = b.rank === 1 ? b.unsqueeze([1]) : b;
  let dy = c.dy[0]!;
  if (b.rank === 1) dy = dy.unsqueeze([dy.rank]);
  if (a.rank === 1) dy = dy.unsqueeze([dy.rank - 1]);
  const da = (): Expression => dy.matMul(right.matrixTranspose()).sumTo(left).reshapeLike(a);
  const db = (): Expression => {
    const columns = right.shape.at(-1);
    const rows = left.shape.at(-1);
    // One product over all batches, where they share one matrix.
    if (right.rank === 2 && left.rank > 2 && typeof rows === 'number' && typeof columns === 'number') {
      return flat(left, rows).matrixTranspose().matMul(flat(dy, columns)).reshapeLike(b);
    }
    return left.matrixTranspose().matMul(dy).sumTo(right).reshapeLike(b);
  };
  return [c.wanted(0) ? da() : undefined, c.wanted(1) ? db() : undefined];
}

const flat = (x: Expression, columns: number): Expression => x.apply('Reshape', [x.int64s([-1, columns])]);
