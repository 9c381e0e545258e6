/**
 * autocast: a scope in which products take their operands in f16 or bf16 and what is sensitive to rounding takes them in f32, by the
 * kind of operator as in PyTorch (https://pytorch.org/docs/stable/amp.html, "Op-specific behavior"). The casts are nodes like any:
 * variables stay f32, and gradients come back to them in f32 (mixed precision: Micikevicius et al., ICLR 2018).
 */
import { diagnostic } from '#base';
import type { DataType } from '#ir';
import { isPromise } from './arguments.ts';
import { type DType, longName, promote } from './dtypes.ts';
import type { Tensor } from './tensor.ts';

const notNarrow = diagnostic<{ dtype: string }>('SYS-TEN-090', 'usage', {
  en: (p) => `autocast computes products in 'f16' or 'bf16', not in '${p.dtype}'.`,
  zh: (p) => `autocast 以 f16 或 bf16 计算乘积，不支持“${p.dtype}”。`,
});

const asynchronous = diagnostic<Record<string, never>>('SYS-TEN-091', 'usage', {
  en: () =>
    'the function given to autocast is asynchronous: the scope would end at its first await. Make it synchronous, and read data ' +
    'outside of it.',
  zh: () => '传给 autocast 的函数是异步的：作用域会在第一个 await 处结束。请改为同步函数，并在外部读取数据。',
});

/** Types that products may be narrowed to. */
export type NarrowFloat = 'f16' | 'bf16';

const table = (names: string): ReadonlySet<string> => new Set(names.split(' '));

/** Many products for each rounding: the operands in the narrow type. */
const NARROW = table('MatMul Gemm Conv ConvTranspose Einsum LSTM GRU RNN PRelu');

/** Sums, and functions that leave the narrow range or lose its few bits: in f32. */
const WIDE = table(
  'Exp Log Pow Reciprocal Softplus Softmax LogSoftmax ReduceSum ReduceMean ReduceProd ReduceL1 ReduceL2 ReduceLogSum ' +
    'ReduceLogSumExp ReduceSumSquare CumSum BatchNormalization LayerNormalization GroupNormalization InstanceNormalization ' +
    'RMSNormalization LpNormalization MeanVarianceNormalization LRN SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss',
);

/** Operands that must be of one type: the widest of theirs. Everything else takes what comes. */
const WIDEST = table('Add Sub Mul Div Mod Max Min Sum Mean Concat Where Equal Less LessOrEqual Greater GreaterOrEqual');

let narrow: DataType | undefined;

/** The type that products are narrowed to here, for what is recorded under it. */
export const autocastType = (): DataType | undefined => narrow;

/** Runs `f` with products in a type, or as they stand. */
export function withAutocast<T>(dtype: DataType | undefined, f: () => T): T {
  const before = narrow;
  narrow = dtype;
  try {
    return f();
  } finally {
    narrow = before;
  }
}

/**
 * Runs `f` with its products (matMul, linear, convolutions, einsum, recurrent layers) in `dtype`, and with softmax, losses,
 * normalisation and sums in f32. Gradients that are taken inside or later run in the types that the forward pass had.
 * @param dtype 'f16', whose gradients want a `LossScaler`; 'bf16', which has f32's range; 'f32' changes nothing
 * @throws SYS-TEN-090 another type; SYS-TEN-091 `f` is asynchronous
 */
export function autocast<T>(dtype: NarrowFloat | 'f32', f: () => T): T {
  if (dtype !== 'f16' && dtype !== 'bf16' && dtype !== 'f32') throw notNarrow({ dtype: dtype as DType });
  const result = withAutocast(dtype === 'f32' ? undefined : longName(dtype), f);
  if (isPromise(result)) {
    // Who hears of the mistake need not hear how the function ends.
    result.then(undefined, () => {});
    throw asynchronous({});
  }
  return result;
}

/** The operands of a node as the scope wants them. f64 is nobody's to narrow. */
export function autocastOperands(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  cast: (x: Tensor, dtype: DataType) => Tensor,
): readonly (Tensor | undefined)[] {
  if (narrow === undefined) return inputs;
  const from = (types: readonly DataType[], to: DataType): readonly (Tensor | undefined)[] =>
    inputs.map((t) => (t !== undefined && t.dataType !== to && types.includes(t.dataType) ? cast(t, to) : t));
  if (NARROW.has(op)) return from(['float32', 'float16', 'bfloat16'], narrow);
  if (WIDE.has(op)) return from(['float16', 'bfloat16'], 'float32');
  if (!WIDEST.has(op)) return inputs;
  const floats = inputs.flatMap((t) => (t !== undefined && FLOATS.includes(t.dataType) ? [t.dataType] : []));
  if (floats.length < 2) return inputs;
  return from(
    FLOATS,
    floats.reduce((a, b) => promote(a, b)!),
  );
}

const FLOATS: readonly DataType[] = ['float16', 'bfloat16', 'float32', 'float64'];
