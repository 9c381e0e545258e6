/** Products: matrices, vectors, any contraction by Einstein's notation; triangles and diagonals. */
import { float, int, string, tensorOf } from '#ir';
import { apply } from '../apply.ts';
import { constantTensor } from '../autograd.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './elementwise.ts';
import { reshape, unsqueeze } from './movement.ts';
import { meet, type Operand } from './operands.ts';
import { sum } from './reduce.ts';

/** The matrix product, as numpy.matmul: leading axes are batches and broadcast, a vector is a row or a column. */
export const matMul = (a: Operand, b: Operand): Tensor => apply('MatMul', meet('MatMul', [a, b]));

/** Σ aᵢ·bᵢ of two vectors. */
export const dot = (a: Tensor, b: Tensor): Tensor => matMul(a, b);

/** aᵢ·bⱼ of two vectors. */
export const outer = (a: Tensor, b: Tensor): Tensor => mul(reshape(a, [-1, 1]), reshape(b, [1, -1]));

/**
 * A contraction by subscripts: `einsum('bij,bjk->bik', a, b)`. What `...` stands for is broadcast from the right, as in NumPy: it may be of
 * more axes in one operand than in another.
 */
export const einsum = (equation: string, ...operands: readonly Tensor[]): Tensor =>
  apply('Einsum', alignUnnamed(equation, meet('Einsum', operands)), { equation: string(equation) });

/** ONNX wants `...` of as many axes in every operand (Einsum-12): axes of size 1 in front of the fewer ones make it so. */
function alignUnnamed(equation: string, operands: readonly Tensor[]): readonly Tensor[] {
  const terms = equation.split('->')[0]!.split(',');
  const unnamed = operands.map((x, i) => {
    const term = terms[i] ?? '';
    return term.includes('...') ? x.rank - term.replace('...', '').replaceAll(' ', '').length : 0;
  });
  const most = Math.max(0, ...unnamed);
  return operands.map((x, i) => {
    const missing = most - unnamed[i]!;
    // What does not fit at all is refused by the operator, in its own words.
    if (!terms[i]?.includes('...') || missing === 0 || unnamed[i]! < 0) return x;
    const place = terms[i]!.split('...')[0]!.replaceAll(' ', '').length;
    return unsqueeze(
      x,
      Array.from({ length: missing }, (_, k) => place + k),
    );
  });
}

/** x·Wᵀ + b, W [outputs, inputs] as PyTorch keeps it; x of any rank, its last axis the inputs. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (x.rank === 2) return apply('Gemm', [x, weight, bias], { transB: int(1), alpha: float(1), beta: float(1) });
  const product = matMul(x, apply('Transpose', [weight]));
  return bias === undefined ? product : apply('Add', [product, bias]);
}

const triangle = (x: Tensor, upper: boolean, diagonal: number): Tensor =>
  apply('Trilu', [x, constantTensor(tensorOf('int64', [], [BigInt(diagonal)]))], { upper: int(upper ? 1 : 0) });

/** The lower triangle (with the diagonal), zeros above; `diagonal` moves the border. */
export const tril = (x: Tensor, diagonal = 0): Tensor => triangle(x, false, diagonal);
export const triu = (x: Tensor, diagonal = 0): Tensor => triangle(x, true, diagonal);

/** The sum of the diagonal of a matrix. */
export const trace = (x: Tensor): Tensor => sum(einsum('ii->i', x));
