/**
 * Operators whose indices are data but choose among few: OneHot and the losses of classes. Every class is compared with the index, so
 * that no address depends on data: 1 where it is the one, 0 elsewhere.
 */
import { intAttribute, stringAttribute, tensorIntegers, tensorNumbers } from '#ir';
import { apply, type Expression, fill, max, mul, reduce, sub, sum, where } from '../formula/expression.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { computed, notComputed } from '../reasons.ts';
import type { View } from '../views.ts';
import { Kernels, operandOf } from './formulas.ts';

/** Indices as 32-bit integers: of 64 bits the lower half, which holds every index that a memory can have. */
const asIndices = (v: View): View | undefined =>
  v.dtype === 'int64' || v.dtype === 'int32' ? { ...v, dtype: 'int32' } : undefined;

/** A view with an axis of one element more. */
const withAxis = (v: View, at: number): View => ({
  ...v,
  dims: [...v.dims.slice(0, at), 1, ...v.dims.slice(at)],
  strides: [...v.strides.slice(0, at), 0, ...v.strides.slice(at)],
});

/** Numbers along one of `rank` axes. */
function along(
  p: Planner,
  name: string,
  rank: number,
  axis: number,
  values: readonly number[],
  type: 'int32' | 'float32' = 'int32',
): Expression {
  const dims = Array.from({ length: rank }, (_, i) => (i === axis ? values.length : 1));
  if (type === 'float32') return operandOf(p.floatConstant(name, dims, () => Float32Array.from(values)));
  return operandOf(p.constantView(name, dims, 'int32', () => new Uint8Array(Int32Array.from(values).buffer)));
}

export const lowerOneHot: Lowering = (node, p) => {
  const [indices, depthName, valuesName] = node.inputs as [string, string, string];
  const [depth, values] = [p.constant(depthName), p.constant(valuesName)];
  if (depth === undefined || values === undefined) return computed('its depth or its values are', '其深度或取值');
  const out = node.outputs[0]!;
  if (!p.isFloat(out)) return notComputed(p.dtype(out));
  const ofFloat = p.dtype(indices) === 'float32';
  const view = ofFloat ? p.view(indices) : asIndices(p.view(indices));
  if (view === undefined) return notComputed(p.dtype(indices));
  const dims = p.dims(out);
  const axis = intAttribute(node, 'axis', -1);
  const at = axis < 0 ? axis + dims.length : axis;
  const classes = dims[at]!;
  const [off, on] = tensorNumbers(values) as unknown as [number, number];
  const index = operandOf(withAxis(view, at));
  const from = (start: number): Expression =>
    along(
      p,
      `${node.name}.from ${start}`,
      dims.length,
      at,
      Array.from({ length: classes }, (_, i) => start + i),
      ofFloat ? 'float32' : 'int32',
    );
  const isOne = max(apply('eq', index, from(0), 'f32'), apply('eq', index, from(-classes), 'f32'));
  const kernels = new Kernels(p, node);
  const root = where(isOne, on, fill(isOne, off));
  kernels.formula(
    dims,
    dims.map(() => false),
    root,
    p.output(out, 'row-major'),
  );
  return kernels.commit();
};

/** NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss. */
export const lowerClassLoss: Lowering = (node, p): ToHost | undefined => {
  const [x, target, weightName] = node.inputs as [string, string, string | undefined];
  for (const name of [x, ...(weightName ? [weightName] : [])]) if (!p.isFloat(name)) return notComputed(p.dtype(name));
  const dims = p.dims(x);
  const kernels = new Kernels(p, node);
  const classAxis = dims.map((_, i) => i === 1);
  let logarithms = p.view(x);
  if (node.op === 'SoftmaxCrossEntropyLoss') {
    const shown = node.outputs[1];
    const place = shown === undefined || shown === '' ? kernels.temporary(dims) : p.output(shown, logarithms);
    const scores = operandOf(logarithms);
    const peak = reduce('max', scores);
    const total = sum(apply('exp', sub(scores, peak)));
    kernels.formula(dims, classAxis, sub(sub(scores, peak), apply('log', total)), place);
    logarithms = place;
  }
  const named = asIndices(p.view(target));
  if (named === undefined) return notComputed(p.dtype(target));
  const ignored = node.attributes.has('ignore_index') ? intAttribute(node, 'ignore_index', 0) : undefined;
  // What takes no part is no class.
  const numbers = Array.from({ length: dims[1]! }, (_, i) => (i === ignored ? -(2 ** 31) : i));
  const classes = along(p, `${node.name}.classes`, dims.length, 1, numbers);
  const isNamed = apply('eq', operandOf(withAxis(named, 1)), classes, 'f32');
  const chosen = where(isNamed, operandOf(logarithms), fill(isNamed, 0));
  const weight =
    weightName === undefined || weightName === ''
      ? undefined
      : operandOf({
          ...p.view(weightName),
          dims: dims.map((d, i) => (i === 1 ? d : 1)),
          strides: dims.map((_, i) => (i === 1 ? p.view(weightName).strides[0]! : 0)),
        });
  const weighted = weight === undefined ? chosen : mul(chosen, weight);
  const shares = weight === undefined ? isNamed : mul(isNamed, weight);
  const reduction = stringAttribute(node, 'reduction', 'mean');
  const output = p.output(node.outputs[0]!, 'row-major');
  if (reduction === 'none') {
    kernels.formula(dims, classAxis, apply('neg', sum(weighted)), withAxis(output, 1), output);
  } else {
    const all = dims.map(() => true);
    const loss = apply('neg', sum(weighted));
    const one = { ...output, dims: dims.map(() => 1), strides: dims.map(() => 0) };
    kernels.formula(dims, all, reduction === 'sum' ? loss : apply('div', loss, sum(shares)), one, output);
  }
  return kernels.commit();
};

/** EyeLike: its input only has a shape. */
export const lowerEyeLike: Lowering = (node, p) => {
  const out = node.outputs[0]!;
  if (p.dtype(out) !== 'float32') return notComputed(p.dtype(out));
  const [rows, columns] = p.dims(out) as [number, number];
  const k = intAttribute(node, 'k', 0);
  const view = p.floatConstant(`${node.name}.eye`, [rows, columns], () =>
    Float32Array.from({ length: rows * columns }, (_, i) => ((i % columns) - Math.floor(i / columns) === k ? 1 : 0)),
  );
  p.alias(out, view);
  return undefined;
};

/** Trilu: what lies on the other side of a diagonal is 0. */
export const lowerTrilu: Lowering = (node, p) => {
  const [name, kName] = node.inputs as [string, string | undefined];
  if (!p.isFloat(name)) return notComputed(p.dtype(name));
  const k = kName === undefined || kName === '' ? undefined : p.constant(kName);
  if (kName && k === undefined) return computed('its diagonal is', '其对角线');
  const diagonal = k === undefined ? 0 : Number(tensorIntegers(k)[0]);
  const upper = intAttribute(node, 'upper', 1) !== 0;
  const dims = p.dims(name);
  const [rows, columns] = dims.slice(-2) as [number, number];
  const stays = (i: number, j: number): boolean => (upper ? j - i >= diagonal : j - i <= diagonal);
  const mask = operandOf(
    p.floatConstant(`${node.name}.kept`, [rows, columns], () =>
      Float32Array.from({ length: rows * columns }, (_, i) => (stays(Math.floor(i / columns), i % columns) ? 1 : 0)),
    ),
  );
  const kernels = new Kernels(p, node);
  const view = p.view(name);
  const root = where(mask, operandOf(view), fill(mask, 0));
  kernels.formula(
    dims,
    dims.map(() => false),
    root,
    p.output(node.outputs[0]!, view),
  );
  return kernels.commit();
};
