/**
 * MatMul: matrix product as numpy.matmul, with batches that broadcast (product.ts). ONNX MatMul-13.
 */
import type { Tensor } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { inferProduct, matrixProduct, productWork } from './product.ts';

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
  infer(c) {
    const [a, b] = [inputType(c, 0), inputType(c, 1)];
    return { types: [{ ...a, shape: inferProduct(c, a.shape, b.shape) }] };
  },
  cost: (c) => costOf(c, productWork(c)),
  costRule: 'K MACs and K − 1 additions an output.',
  evaluate: (c) => [{ dtype: c.inputs[0]!.dtype, ...matrixProduct(c.inputs[0]!, c.inputs[1]!) }],
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
