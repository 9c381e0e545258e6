/**
 * The matrix product that MatMul and the products of integers share, as numpy.matmul: a 1-D operand is a row (left) or a column (right)
 * and its axis disappears from the result; leading axes are batches and broadcast. ONNX MatMul-13.
 */
import type { Dim } from '#ir';
import { elements, staticDims, type Work } from '../costs.ts';
import type { CostContext, RefTensor } from '../define.ts';
import { broadcastStrides, eachIndex, offsetAt, type RefData } from '../refTensor.ts';
import { broadcastShapes, mayEqual, type Refuse, type Shape, shapeText } from '../shapes.ts';

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

/** The shape of the product of two inputs; undefined where a rank is not known. Refuses operands that do not fit. */
export function inferProduct(c: Refuse, a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined) return undefined;
  return (
    productShape(a, b) ??
    c.fail(`A ${shapeText(a)}, B ${shapeText(b)}`, {
      en: 'A […, M, K], B […, K, N] with leading axes that broadcast',
      zh: 'A […, M, K]、B […, K, N]，且前面的轴可广播',
    })
  );
}

/** Work of a product without bias; `a` is the place of the left operand among the inputs. */
export function productWork(c: CostContext, a = 0): Required<Pick<Work, 'macs' | 'multiplications' | 'additions'>> {
  const outputs = elements(c.outputs[0]);
  const inner = staticDims(c.inputs[a]).at(-1)!;
  const macs = outputs * inner;
  return { macs, multiplications: macs, additions: outputs * Math.max(0, inner - 1) };
}

/** The product in f64; of 64-bit integers exact, wrapping around. */
export function matrixProduct(
  a: RefTensor,
  b: RefTensor,
): { readonly dims: readonly number[]; readonly data: RefData } {
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
  return { dims, data: sameKind(a.data, sums) };
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
