/**
 * Linear algebra beyond products: systems, inverse, determinant, decompositions of matrices [n, n] or [m, n] in f32 or f64, computed in f64
 * by ml-matrix in this thread. Operators registered as user code registers them; those that have a gradient say its source, of the others
 * (qr, svd, eigenSymmetric, leastSquares) `grad` says that there is none (SYS-TEN-014). What is wrong with the numbers is thrown at once where they are at hand, else when the result is read.
 */
import {
  CholeskyDecomposition,
  EigenvalueDecomposition,
  LuDecomposition,
  Matrix,
  QrDecomposition,
  SingularValueDecomposition,
} from 'ml-matrix';
import { diagnostic } from '#base';
import { add, mul, neg } from './functions/elementwise.ts';
import { matMul, tril } from './functions/linear.ts';
import { reshape, transpose } from './functions/movement.ts';
import { registerOperator } from './registerOperator.ts';
import type { Tensor } from './tensor.ts';
import type { KernelTensor, OperatorKernel, Signature } from './userOperators.ts';

const wrongShape = diagnostic<{ op: string; found: string; expected: string }>('SYS-TEN-026', 'invalid', {
  en: (p) => `${p.op}: found ${p.found}; expected ${p.expected}.`,
  zh: (p) => `${p.op}：发现 ${p.found}；应为 ${p.expected}。`,
});

const singular = diagnostic<{ op: string; size: number }>('SYS-TEN-027', 'invalid', {
  en: (p) => `${p.op}: the ${p.size} × ${p.size} matrix is singular. leastSquares gives the solution of least norm.`,
  zh: (p) => `${p.op}：${p.size} × ${p.size} 矩阵奇异。可用 leastSquares 求最小范数解。`,
});

const notPositive = diagnostic<{ size: number }>('SYS-TEN-028', 'invalid', {
  en: (p) => `cholesky: the ${p.size} × ${p.size} matrix is not symmetric positive definite.`,
  zh: (p) => `cholesky：${p.size} × ${p.size} 矩阵不是对称正定矩阵。`,
});

const text = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

const square = (op: string, a: Signature): number => {
  const [rows, columns] = a.shape;
  if (a.shape.length !== 2 || rows !== columns) throw wrongShape({ op, found: text(a.shape), expected: '[n, n]' });
  return rows!;
};

const matrix = (op: string, a: Signature): readonly [number, number] => {
  if (a.shape.length !== 2) throw wrongShape({ op, found: text(a.shape), expected: '[m, n]' });
  return a.shape as readonly [number, number];
};

const read = ({ shape, data }: KernelTensor): Matrix =>
  Matrix.from1DArray(shape[0]!, shape[1] ?? 1, data as Float64Array);

const write = (to: KernelTensor, from: Matrix): void => {
  (to.data as Float64Array).set(from.to1DArray());
};

/** The same kernel for both types of real matrices. */
const real = (kernel: OperatorKernel) => ({ f32: kernel, f64: kernel });

const solveOperator = registerOperator({
  name: 'linalg.solve',
  inputs: ['A', 'B'],
  shape: ([a, b]) => {
    const n = square('solve', a!);
    const fits = b!.shape[0] === n && b!.shape.length <= 2 && b!.dtype === a!.dtype;
    if (!fits)
      throw wrongShape({
        op: 'solve',
        found: `A ${text(a!.shape)}, B ${text(b!.shape)}`,
        expected: 'A [n, n], B [n] or [n, k], of one type',
      });
    return [b!];
  },
  kernels: real(([a, b], [x]) => {
    const lu = new LuDecomposition(read(a!));
    if (lu.isSingular()) throw singular({ op: 'solve', size: a!.shape[0]! });
    write(x!, lu.solve(read(b!)));
  }),
  // dB = A⁻ᵀ·dX, dA = −dB·Xᵀ (Giles, Collected matrix derivative results, 2008).
  gradient: ({ inputs, outputs, dy }) => {
    const [a] = inputs as [Tensor];
    const x = outputs[0]!;
    const db = solve(transpose(a), dy[0]!);
    const columns = (t: Tensor): Tensor => (t.rank === 1 ? reshape(t, [-1, 1]) : t);
    return [neg(matMul(columns(db), transpose(columns(x)))), db];
  },
});

/** X of A·X = B; B [n] or [n, k]. @throws SYS-TEN-026 shapes; -027 a singular matrix */
export const solve = (a: Tensor, b: Tensor): Tensor => solveOperator([a, b])[0]!;

const inverseOperator = registerOperator({
  name: 'linalg.inverse',
  inputs: ['A'],
  shape: ([a]) => {
    square('inverse', a!);
    return [a!];
  },
  kernels: real(([a], [y]) => {
    const lu = new LuDecomposition(read(a!));
    if (lu.isSingular()) throw singular({ op: 'inverse', size: a!.shape[0]! });
    write(y!, lu.solve(Matrix.eye(a!.shape[0]!)));
  }),
  // dA = −A⁻ᵀ·dY·A⁻ᵀ (Giles 2008).
  gradient: ({ outputs, dy }) => {
    const t = transpose(outputs[0]!);
    return [neg(matMul(matMul(t, dy[0]!), t))];
  },
});

/** A⁻¹. @throws SYS-TEN-026, -027 as `solve` */
export const inverse = (a: Tensor): Tensor => inverseOperator([a])[0]!;

const determinantOperator = registerOperator({
  name: 'linalg.determinant',
  inputs: ['A'],
  shape: ([a]) => {
    square('determinant', a!);
    return [{ dtype: a!.dtype, shape: [] }];
  },
  kernels: real(([a], [y]) => {
    (y!.data as Float64Array)[0] = new LuDecomposition(read(a!)).determinant;
  }),
  // dA = dy·det(A)·A⁻ᵀ (Jacobi's formula).
  gradient: ({ inputs, outputs, dy }) => [mul(mul(dy[0]!, outputs[0]!), transpose(inverse(inputs[0]!)))],
});

/** det A, a scalar. Its gradient needs A to be invertible. */
export const determinant = (a: Tensor): Tensor => determinantOperator([a])[0]!;

const choleskyOperator = registerOperator({
  name: 'linalg.cholesky',
  inputs: ['A'],
  shape: ([a]) => {
    square('cholesky', a!);
    return [a!];
  },
  kernels: real(([a], [l]) => {
    const of = read(a!);
    const found = of.isSymmetric() ? new CholeskyDecomposition(of) : undefined;
    if (found === undefined || !found.isPositiveDefinite()) throw notPositive({ size: a!.shape[0]! });
    write(l!, found.lowerTriangularMatrix);
  }),
  // dA = ½(S + Sᵀ), S = L⁻ᵀ·Φ(Lᵀ·dL)·L⁻¹, where Φ takes the lower triangle with half of the diagonal (Murray, Differentiation of the
  // Cholesky decomposition, 2016, equation 10). A is symmetric, and so is dA: it is shared by both triangles.
  gradient: ({ outputs, dy }) => {
    const l = outputs[0]!;
    const up = transpose(l);
    const product = matMul(up, tril(dy[0]!));
    const phi = mul(add(tril(product), tril(product, -1)), 0.5);
    const s = transpose(solve(up, transpose(solve(up, phi))));
    return [mul(add(s, transpose(s)), 0.5)];
  },
});

/** L, lower triangular, of A = L·Lᵀ. Its gradient is symmetric. @throws SYS-TEN-028 A is not symmetric positive definite */
export const cholesky = (a: Tensor): Tensor => choleskyOperator([a])[0]!;

const qrOperator = registerOperator({
  name: 'linalg.qr',
  inputs: ['A'],
  shape: ([a]) => {
    const [m, n] = matrix('qr', a!);
    if (m < n) throw wrongShape({ op: 'qr', found: text(a!.shape), expected: '[m, n] with m ≥ n' });
    return [a!, { dtype: a!.dtype, shape: [n, n] }];
  },
  kernels: real(([a], [q, r]) => {
    const found = new QrDecomposition(read(a!));
    write(q!, found.orthogonalMatrix);
    write(r!, found.upperTriangularMatrix);
  }),
});

/** Q [m, n] with orthonormal columns and R [n, n], upper triangular, of A = Q·R; no gradient. */
export function qr(a: Tensor): [q: Tensor, r: Tensor] {
  const [q, r] = qrOperator([a]);
  return [q!, r!];
}

const svdOperator = registerOperator({
  name: 'linalg.svd',
  inputs: ['A'],
  shape: ([a]) => {
    const [m, n] = matrix('svd', a!);
    const k = Math.min(m, n);
    const { dtype } = a!;
    return [
      { dtype, shape: [m, k] },
      { dtype, shape: [k] },
      { dtype, shape: [n, k] },
    ];
  },
  kernels: real(([a], [u, s, v]) => {
    const [m, n] = a!.shape as readonly [number, number];
    // The library wants at least as many rows as columns.
    const found = new SingularValueDecomposition(m >= n ? read(a!) : read(a!).transpose());
    const k = Math.min(m, n);
    const first = (of: Matrix): Matrix => of.subMatrix(0, of.rows - 1, 0, k - 1);
    write(m >= n ? u! : v!, first(found.leftSingularVectors));
    write(m >= n ? v! : u!, first(found.rightSingularVectors));
    (s!.data as Float64Array).set(found.diagonal.slice(0, k));
  }),
});

/** U [m, k], s [k] falling, V [n, k] of A = U·diag(s)·Vᵀ, k = min(m, n); no gradient. */
export function svd(a: Tensor): [u: Tensor, s: Tensor, v: Tensor] {
  const [u, s, v] = svdOperator([a]);
  return [u!, s!, v!];
}

const eigenOperator = registerOperator({
  name: 'linalg.eigenSymmetric',
  inputs: ['A'],
  shape: ([a]) => [{ dtype: a!.dtype, shape: [square('eigenSymmetric', a!)] }, a!],
  kernels: real(([a], [values, vectors]) => {
    const found = new EigenvalueDecomposition(read(a!), { assumeSymmetric: true });
    (values!.data as Float64Array).set(found.realEigenvalues);
    write(vectors!, found.eigenvectorMatrix);
  }),
});

/** Eigenvalues [n], rising, and eigenvectors as columns, of a symmetric matrix (its lower triangle counts); no gradient. */
export function eigenSymmetric(a: Tensor): [values: Tensor, vectors: Tensor] {
  const [values, vectors] = eigenOperator([a]);
  return [values!, vectors!];
}

const leastSquaresOperator = registerOperator({
  name: 'linalg.leastSquares',
  inputs: ['A', 'B'],
  shape: ([a, b]) => {
    const [m, n] = matrix('leastSquares', a!);
    if (b!.shape[0] !== m || b!.shape.length > 2 || b!.dtype !== a!.dtype) {
      throw wrongShape({
        op: 'leastSquares',
        found: `A ${text(a!.shape)}, B ${text(b!.shape)}`,
        expected: 'A [m, n], B [m] or [m, k], of one type',
      });
    }
    return [{ dtype: a!.dtype, shape: [n, ...b!.shape.slice(1)] }];
  },
  kernels: real(([a, b], [x]) => {
    const of = read(a!);
    const found = new SingularValueDecomposition(of.rows >= of.columns ? of : of.transpose());
    const wide = of.rows < of.columns;
    const [u, v] = wide
      ? [found.rightSingularVectors, found.leftSingularVectors]
      : [found.leftSingularVectors, found.rightSingularVectors];
    // Singular values below the rounding of the largest count as zero.
    const limit = Math.max(of.rows, of.columns) * Number.EPSILON * found.diagonal[0]!;
    const k = Math.min(of.rows, of.columns);
    const inner = u
      .subMatrix(0, u.rows - 1, 0, k - 1)
      .transpose()
      .mmul(read(b!));
    for (let i = 0; i < k; i++) inner.mulRow(i, found.diagonal[i]! > limit ? 1 / found.diagonal[i]! : 0);
    write(x!, v.subMatrix(0, v.rows - 1, 0, k - 1).mmul(inner));
  }),
});

/** X of least ‖A·X − B‖, and of these the one of least norm (by the singular values); no gradient. */
export const leastSquares = (a: Tensor, b: Tensor): Tensor => leastSquaresOperator([a, b])[0]!;
