/**
 * Every operator's gradient in float32 as one graph of the host engine, against the reference evaluation of the same: that the rules
 * emit what the host has kernels for, and that both compute the same. (That the rules are right: gradients.test.ts.)
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { type Tensor as Data, elementCount, type GraphNode, tensorNumbers, tensorOf } from '#ir';
import { BUILD_OPSET, type Operator, operators, type Sample } from '#ops';
import { isSetting } from '../../test/support/settings.ts';
import { apply, applyNode } from './apply.ts';
import { constantTensor, grad, tracked } from './autograd.ts';
import type { Cell } from './cell.ts';
import { compile } from './compile.ts';
import { isFloat } from './dtypes.ts';
import { withReference } from './eager.ts';
import type { Tensor } from './tensor.ts';

const ROUNDED = 'five elements by a scale of 1.4: the kernel of the host makes 7 of them (f32), its shape inference 6';
/** What is not compared, with the reason. */
const SKIPPED: Readonly<Record<string, string>> = {
  'BatchNormalization training': 'refused, with a code: the framework builds it from reductions',
  'OneHot int32 indices': 'its depth is a float, which is open here',
  'OneHot floats': 'its depth is a float, which is open here',
  'Resize one axis': ROUNDED,
  'Resize crop by scales': ROUNDED,
};

/** One graph holds one operator set: samples of other versions, and of other element types, are left to the reference. */
function comparable(op: Operator, s: Sample): boolean {
  const version = (opset: number): number => op.versions.findLast((v) => v <= opset) ?? 0;
  const floats = s.inputs.flatMap((t, i) => (t !== undefined && isFloat(t.dtype) && !isSetting(s, i) ? [t] : []));
  return (
    // It ends with opset 9.
    op.name !== 'Upsample' &&
    s.noHost === undefined &&
    version(s.opset) === version(BUILD_OPSET) &&
    floats.some((t) => elementCount(t.dims) > 0) &&
    floats.every((t) => t.dtype === 'float32')
  );
}

/** dL/dx by each of `wrt`, for L = Σ of all float outputs times fixed weights. */
function gradients(node: GraphNode, inputs: readonly (Tensor | undefined)[], wrt: readonly Tensor[]): Tensor[] {
  const random = new Random(77);
  const outputs = applyNode(node, BUILD_OPSET, inputs).filter((t, i) => node.outputs[i] !== '' && isFloat(t.dataType));
  const parts = outputs.map((t) => {
    const weights = Array.from({ length: elementCount(t.shape) }, () => random.uniform() + 0.5);
    const product = apply('Mul', [t, constantTensor(tensorOf(t.dataType, t.shape, weights))]);
    return apply('ReduceSum', [product], { keepdims: { kind: 'int', value: 0n } });
  });
  const loss = parts.reduce((a, b) => apply('Add', [a, b]));
  return grad(loss, wrt, { allowUnused: true });
}

const dataOf = (t: Tensor): Data => (t.source as Cell).data!;

async function compare(s: Sample): Promise<void> {
  const isOpen = (t: Data | undefined, i: number): t is Data => t !== undefined && isFloat(t.dtype) && !isSetting(s, i);
  const constants = s.inputs.map((t, i) => (t === undefined || isOpen(t, i) ? undefined : constantTensor(t)));
  const floats = s.inputs.filter(isOpen);
  const run = (given: readonly Tensor[]): Tensor[] => {
    const leaves = given.map(tracked);
    const rest = [...leaves];
    return gradients(
      s.node,
      s.inputs.map((t, i) => (isOpen(t, i) ? rest.shift() : constants[i])),
      leaves,
    );
  };
  const expected = withReference(() => run(floats.map(constantTensor)).map(dataOf));
  const compiled = compile((...given: Tensor[]) => run(given), { threads: 1 });
  for (const [i, t] of compiled(...floats.map(constantTensor)).entries()) {
    const [found, wanted] = [await t.value(), expected[i]!].map(tensorNumbers) as [Float64Array, Float64Array];
    const largest = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
    found.forEach((v, k) => {
      if (!(Math.abs(v - wanted[k]!) <= 1e-4 * largest)) expect(v, `input ${i}, element ${k}`).toBe(wanted[k]);
    });
  }
}

describe.each([...operators.values()].filter((op) => typeof op.gradient === 'function'))('$name', (op) => {
  const samples = op.samples().filter((s) => comparable(op, s));
  for (const s of samples) {
    const reason = SKIPPED[`${op.name} ${s.name}`];
    test.skipIf(reason !== undefined)(reason === undefined ? s.name : `${s.name}: ${reason}`, () => compare(s));
  }
  test.skipIf(samples.length > 0)('no sample of float32 in the opset of the tensor API', () => {});
});
