/** Gemm: Y = alpha × A′ × B′ + beta × C, where A′ and B′ are A and B, transposed on demand. ONNX Gemm-13. */
import { type Dim, float, floatAttribute, int, intAttribute } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { broadcastStrides, numbersOf, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { broadcastDim, expectRank, inputType, mayEqual, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

/** [rows, columns] of an operand as it enters the product. */
function matrix(c: Pick<InferContext, 'node'>, shape: readonly Dim[] | undefined, flag: string): [Dim, Dim] {
  const [rows = null, columns = null] = shape ?? [];
  return intAttribute(c.node, flag, 0) === 0 ? [rows, columns] : [columns, rows];
}

function infer(c: InferContext) {
  const [a, b, bias] = [inputType(c, 0), inputType(c, 1), c.inputs[2]?.shape];
  if (c.opset < 11 && c.inputs[2] === undefined) {
    c.fail(
      { en: "no input 2 'C'", zh: "缺少第 2 个输入 'C'" },
      { en: 'C (optional since opset 11)', zh: 'C（opset 11 起可省略）' },
    );
  }
  expectRank(c, 'A', a.shape, [2]);
  expectRank(c, 'B', b.shape, [2]);
  const [rows, inner] = matrix(c, a.shape, 'transA');
  const [innerB, columns] = matrix(c, b.shape, 'transB');
  if (!mayEqual(inner, innerB)) {
    c.fail(`A′ ${shapeText([rows, inner])}, B′ ${shapeText([innerB, columns])}`, 'A′ [M, K], B′ [K, N]');
  }
  const shape = [rows, columns];
  if (bias !== undefined) {
    const last = bias.length - 1;
    const fits =
      bias.length <= 2 &&
      bias.every(
        (d, i) => d === 1 || (broadcastDim(d, shape[1 - last + i]!) !== undefined && mayEqual(d, shape[1 - last + i]!)),
      );
    if (!fits) {
      c.fail(`C ${shapeText(bias)}`, {
        en: `a shape that broadcasts to ${shapeText(shape)}`,
        zh: `可广播到 ${shapeText(shape)} 的形状`,
      });
    }
  }
  return { types: [{ ...a, shape }] };
}

function cost(c: CostContext) {
  const outputs = elements(c.outputs[0]);
  const dims = staticDims(c.inputs[0]);
  const inner = intAttribute(c.node, 'transA', 0) === 0 ? dims[1]! : dims[0]!;
  const bias = c.inputs[2];
  const scaled = floatAttribute(c.node, 'alpha', 1) === 1 ? 0 : outputs;
  const scaledBias = floatAttribute(c.node, 'beta', 1) === 1 ? 0 : elements(bias);
  return costOf(c, {
    macs: outputs * inner,
    multiplications: outputs * inner + scaled + scaledBias,
    additions: outputs * Math.max(0, inner - 1) + (bias === undefined ? 0 : outputs),
  });
}

/** 64-bit integers are multiplied in f64: exact up to 2^53. */
function evaluate(c: EvaluateContext) {
  const [a, b, bias] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]];
  const [transA, transB] = [intAttribute(c.node, 'transA', 0) !== 0, intAttribute(c.node, 'transB', 0) !== 0];
  const [rows, inner] = transA ? [a.dims[1]!, a.dims[0]!] : [a.dims[0]!, a.dims[1]!];
  const columns = transB ? b.dims[0]! : b.dims[1]!;
  const [as, bs] = [numbersOf(a), numbersOf(b)];
  const alpha = floatAttribute(c.node, 'alpha', 1);
  const beta = floatAttribute(c.node, 'beta', 1);
  const biases = bias === undefined ? undefined : numbersOf(bias);
  const [biasRow, biasColumn] = bias === undefined ? [0, 0] : broadcastStrides(bias.dims, [rows, columns]);
  const y = new Float64Array(rows * columns);
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < columns; n++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += as[transA ? k * rows + m : m * inner + k]! * bs[transB ? n * inner + k : k * columns + n]!;
      }
      const offset = biases === undefined ? 0 : beta * biases[m * biasRow! + n * biasColumn!]!;
      y[m * columns + n] = alpha * sum + offset;
    }
  }
  return [refOf(a.dtype, [rows, columns], y)];
}

const gemmSample = (
  name: string,
  attributes: Parameters<typeof sample>[3],
  a: number[],
  b: number[],
  bias?: number[],
) =>
  sample(
    name,
    'Gemm',
    13,
    attributes,
    [data(a), data(b, { seed: 2 }), bias && data(bias, { seed: 3 })].slice(0, bias ? 3 : 2),
  );

export const gemm = operator({
  name: 'Gemm',
  summary: 'Product of two matrices, scaled, plus a scaled matrix that broadcasts.',
  versions: [7, 9, 11, 13],
  inputs: [
    { name: 'A', type: 'T' },
    { name: 'B', type: 'T' },
    { name: 'C', type: 'T', arity: 'optional' },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: [...FLOATS, 'uint32', 'uint64', 'int32', 'int64'] },
  attributes: {
    alpha: { kind: 'float', doc: 'Factor of the product; default 1.' },
    beta: { kind: 'float', doc: 'Factor of C; default 1.' },
    transA: { kind: 'int', doc: '1: A is [K, M]; default 0.' },
    transB: { kind: 'int', doc: '1: B is [N, K]; default 0.' },
  },
  infer,
  cost,
  costRule:
    'M × N × K MACs; K − 1 additions an output, one more with C; multiplications by alpha and beta where not 1.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    gemmSample('product', {}, [3, 4], [4, 5]),
    gemmSample('row of C', {}, [3, 4], [4, 5], [5]),
    gemmSample('column of C', {}, [3, 4], [4, 5], [3, 1]),
    gemmSample('matrix C', {}, [3, 4], [4, 5], [3, 5]),
    gemmSample('scalar C', {}, [3, 4], [4, 5], []),
    gemmSample('transposed', { transA: int(1), transB: int(1) }, [4, 3], [5, 4], [1, 5]),
    gemmSample('alpha and beta', { alpha: float(0.5), beta: float(-2) }, [3, 4], [4, 5], [5]),
    sample('before opset 11', 'Gemm', 7, { transB: int(1) }, [data([2, 3]), data([4, 3]), data([4])], {
      constants: [1, 2],
    }),
  ],
});

/** dA′ = α·dY·B′ᵀ, dB′ = α·A′ᵀ·dY, dC = β·dY, each written as one Gemm. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [a, b, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const [transA, transB] = [intAttribute(c.node, 'transA', 0), intAttribute(c.node, 'transB', 0)];
  const alpha = float(floatAttribute(c.node, 'alpha', 1));
  const product = (left: Expression, right: Expression, flipLeft: number, flipRight: number): Expression =>
    left.apply('Gemm', [right], { alpha, transA: int(flipLeft), transB: int(flipRight) });
  const da = (): Expression => (transA ? product(b, dy, transB, 1) : product(dy, b, 0, 1 - transB));
  const db = (): Expression => (transB ? product(dy, a, 1, transA) : product(a, dy, 1 - transA, 0));
  const beta = floatAttribute(c.node, 'beta', 1);
  const dc = (): Expression => (beta === 1 ? dy : dy.mul(beta)).sumTo(c.inputs[2]!);
  return [c.wanted(0) ? da() : undefined, c.wanted(1) ? db() : undefined, c.wanted(2) ? dc() : undefined];
}
