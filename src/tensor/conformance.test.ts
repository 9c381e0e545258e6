/**
 * ONNX's conformance suite as modules: every test of known operators, of whatever opset, applied node by node, and exported as one graph
 * of the tensor API's opset.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { type Tensor as Data, type Model, tensorNumbers } from '#ir';
import { readModel, readValue } from '#onnx';
import { operatorIn } from '#ops';
import { type DType, exportModel, fromData, fromModel, type InputSpec, noGrad } from './index.ts';

const SUITE = new URL('../../../shared/data/onnx-conformance/node/', import.meta.url);

const FLOAT4 = 'the host engine exchanges no float4e2m1';
const ALIGN_CORNERS =
  'the suite takes scale × length, a fraction, for the new length; ONNX Runtime the elements there are';
const RANDOM = 'training mode: the expected output holds the random numbers of NumPy';
const BLOCKS = 'scales of blocks came with opset 21, and the tensor API writes its graphs in an earlier one';
const EXCEPTIONS: Readonly<Record<string, string>> = {
  test_cast_FLOAT4E2M1_to_FLOAT: FLOAT4,
  test_cast_FLOAT4E2M1_to_FLOAT16: FLOAT4,
  test_castlike_FLOAT4E2M1_to_FLOAT_expanded: FLOAT4,
  test_castlike_FLOAT16_to_FLOAT4E2M1_expanded: FLOAT4,
  test_castlike_FLOAT_to_FLOAT4E2M1_expanded: FLOAT4,
  test_convinteger_with_padding: 'ONNX Runtime takes one zero point of the weights, not one for each filter',
  test_dequantizelinear_blocked: BLOCKS,
  test_quantizelinear_blocked_asymmetric: BLOCKS,
  test_quantizelinear_blocked_symmetric: BLOCKS,
  test_quantizelinear_float4e2m1: FLOAT4,
  test_resize_downsample_scales_cubic_align_corners: ALIGN_CORNERS,
  test_resize_downsample_scales_linear_align_corners: ALIGN_CORNERS,
  test_training_dropout_default: RANDOM,
  test_training_dropout_mask: RANDOM,
};

/** Types for which ONNX Runtime has the kernels of whole graphs; single operations fall back to the reference evaluation. */
const PLAIN: readonly string[] = ['float32', 'float64', 'int32', 'int64', 'bool'];

/** Tests that ONNX Runtime does not run as a graph. */
const NO_KERNEL = /^test_((lstm|gru|simple_rnn)_batchwise|clip_default_int8)/;

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, SUITE)));

function values(name: string, kind: 'input' | 'output', model: Model): readonly Data[] | undefined {
  const found = (kind === 'input' ? model.graph.inputs : model.graph.outputs).map((v, i) => {
    const path = `${name}/test_data_set_0/${kind}_${i}.pb`;
    if (!existsSync(new URL(path, SUITE))) return undefined;
    const read = readValue(bytesOf(path), v.type);
    return read.kind === 'tensor' ? read.tensor : undefined;
  });
  return found.every((t) => t !== undefined) ? found : undefined;
}

/** The suite's own tolerance is 1e-3. */
function expectClose(found: Data, expected: Data): void {
  expect([found.dtype, found.dims]).toEqual([expected.dtype, expected.dims]);
  if (expected.dtype === 'string') return;
  const [a, b] = [tensorNumbers(found), tensorNumbers(expected)];
  const bad = b.findIndex((v, i) => !Object.is(v, a[i]) && !(Math.abs(v - a[i]!) <= 2e-3 * Math.max(1, Math.abs(v))));
  if (bad >= 0) expect(`element ${bad}: ${a[bad]}`).toBe(`element ${bad}: ${b[bad]}`);
}

const present = existsSync(SUITE);
const cases = (present ? readdirSync(SUITE) : []).flatMap((name) => {
  if (!name.startsWith('test_') || name in EXCEPTIONS) return [];
  const model = readModel(bytesOf(`${name}/model.onnx`));
  if (!model.graph.nodes.every((node) => operatorIn(model, node) !== undefined)) return [];
  const [inputs, outputs] = [values(name, 'input', model), values(name, 'output', model)];
  return inputs === undefined || outputs === undefined ? [] : [{ name, model, inputs, outputs }];
});

describe.skipIf(!present)('ONNX conformance suite (skipped where ../shared/data/onnx-conformance is absent)', () => {
  test('most of the suite is served', () => expect(cases.length).toBeGreaterThan(800));

  test.each(cases)('$name', async ({ name, model, inputs, outputs }) => {
    const module = fromModel(model).eval();
    const results = [noGrad(() => module.forward(...inputs.map(fromData)))].flat();
    for (const [i, t] of results.entries()) expectClose(await t.value(), outputs[i]!);

    if (NO_KERNEL.test(name) || [...inputs, ...outputs].some((t) => !PLAIN.includes(t.dtype))) return;
    const specs = inputs.map((t, i): [string, InputSpec] => [
      `in_${i}`,
      { shape: t.dims, dtype: fromData(t).dtype as DType },
    ]);
    const again = await exportModel(module, Object.fromEntries(specs));
    const session = await (await createEngine()).load(again);
    const got = await session.run(new Map(inputs.map((t, i) => [`in_${i}`, t])));
    for (const [i, v] of again.graph.outputs.entries()) expectClose(got.get(v.name) as Data, outputs[i]!);
    await session.release();
  });
});
