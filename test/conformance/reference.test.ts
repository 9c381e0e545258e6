/**
 * The reference evaluation against ONNX's own conformance suite: every test whose nodes are all known operators, and
 * whose inputs and outputs are tensors. What inference says of the outputs must fit them, too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { type Model, type Tensor, typeText } from '#ir';
import { readModel, readValue } from '#onnx';
import { evaluateGraph, inferTypes, mergeTypes, operatorIn } from '#ops';
import { difference } from '../support/compareTensors.ts';

const SUITE = new URL('../../../shared/data/onnx-conformance/node/', import.meta.url);

const ALIGN_CORNERS =
  'align_corners by scales: the suite takes scale × length, a fraction, for the new length; ONNX Runtime takes the elements there are';

/** Tests of known operators that the reference evaluation does not serve, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  test_resize_downsample_scales_cubic_align_corners: ALIGN_CORNERS,
  test_resize_downsample_scales_linear_align_corners: ALIGN_CORNERS,
  test_training_dropout_default: 'training mode: the expected output holds the random numbers of NumPy',
  test_training_dropout_mask: 'training mode: the expected output holds the random numbers of NumPy',
};

/** Tests whose expected outputs are less exact than their element type; the suite's own relative tolerance is 1e-3. */
const ROUNDED: Readonly<Record<string, { readonly tolerance: number; readonly reason: string }>> = {
  test_averagepool_2d_ceil_last_window_starts_on_pad: {
    tolerance: 1e-3,
    reason: 'the expected output is printed with four digits',
  },
};

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, SUITE)));

/** The model of a test directory, where all its nodes are known. */
function knownModel(name: string): Model | undefined {
  const model = readModel(bytesOf(`${name}/model.onnx`));
  return model.graph.nodes.every((node) => operatorIn(model, node) !== undefined) ? model : undefined;
}

/** The tensors of one data set in the order of the graph's values; undefined where one is not a tensor. */
function tensorsOf(directory: string, kind: 'input' | 'output', model: Model): Map<string, Tensor> | undefined {
  const values = kind === 'input' ? model.graph.inputs : model.graph.outputs;
  const out = new Map<string, Tensor>();
  for (const [i, value] of values.entries()) {
    const path = `${directory}/${kind}_${i}.pb`;
    if (!existsSync(new URL(path, SUITE))) continue;
    const read = readValue(bytesOf(path), value.type);
    if (read.kind !== 'tensor') return undefined;
    out.set(value.name, read.tensor);
  }
  return out;
}

const present = existsSync(SUITE);
const names = present ? readdirSync(SUITE).filter((name) => name.startsWith('test_')) : [];
/** Operators that each must pass at least one test of the suite by itself. */
const REQUIRED = (
  'Conv Gemm MatMul Relu LeakyRelu Sigmoid Tanh Clip Softmax LogSoftmax MaxPool AveragePool GlobalAveragePool ' +
  'BatchNormalization LRN Dropout Add Sum Sub Mul Div Exp Sqrt Concat Split Slice Gather Transpose Reshape Flatten ' +
  'Squeeze Unsqueeze Shape Constant ConstantOfShape Cast Identity Pad ReduceMean ReduceSum ' +
  'Sin Cos Sign Softplus Softsign Selu Celu Mish ThresholdedRelu Round IsNaN IsInf Mod Mean ReduceProd ' +
  'ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ArgMax ArgMin TopK GatherElements ' +
  'ScatterElements GatherND ScatterND OneHot NonZero CumSum Trilu EyeLike DepthToSpace SpaceToDepth ' +
  'LayerNormalization RMSNormalization InstanceNormalization GroupNormalization LpNormalization ' +
  'MeanVarianceNormalization ConvTranspose MaxUnpool NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss'
).split(' ');

const passed = new Map<string, number>();
const noTensors: string[] = [];

describe.skipIf(!present)('ONNX conformance suite (skipped where ../shared/data/onnx-conformance is absent)', () => {
  const cases = names.flatMap((name) => {
    const model = knownModel(name);
    return model === undefined ? [] : [{ name, model }];
  });

  afterAll(() => {
    const counts = [...passed].sort().map(([op, n]) => `${op} ${n}`);
    console.log(`${[...passed.values()].reduce((a, b) => a + b, 0)} of ${names.length} tests: ${counts.join(', ')}`);
    for (const [name, reason] of Object.entries(EXCEPTIONS)) console.log(`exception: ${name}: ${reason}`);
    for (const [name, { reason }] of Object.entries(ROUNDED)) console.log(`larger tolerance: ${name}: ${reason}`);
    if (noTensors.length > 0) console.log(`not compared, values are not all tensors: ${noTensors.join(', ')}`);
  });

  test.each(cases.filter(({ name }) => !(name in EXCEPTIONS)))('$name', ({ name, model }) => {
    const typed = inferTypes(model);
    for (const set of readdirSync(new URL(name, SUITE)).filter((d) => d.startsWith('test_data_set'))) {
      const feeds = tensorsOf(`${name}/${set}`, 'input', model);
      const expected = tensorsOf(`${name}/${set}`, 'output', model);
      if (feeds === undefined || expected === undefined) {
        noTensors.push(name);
        return;
      }
      const found = evaluateGraph(model, feeds);
      for (const [output, tensor] of expected) {
        expect(difference(found.get(output), tensor, ROUNDED[name]?.tolerance), output).toBeUndefined();
        const inferred = typed.graph.outputs.find((v) => v.name === output)!.type!;
        const actual = { kind: 'tensor', dtype: tensor.dtype, shape: tensor.dims } as const;
        expect(mergeTypes(actual, inferred), `${typeText(inferred)} for ${typeText(actual)}`).toBeDefined();
      }
    }
    const ops = new Set(model.graph.nodes.map((n) => n.op));
    const key = ops.size === 1 ? [...ops][0]! : '(several operators)';
    passed.set(key, (passed.get(key) ?? 0) + 1);
  });

  test('every operator has passed', () => {
    expect(REQUIRED.filter((op) => !passed.has(op))).toEqual([]);
  });

  test('exceptions still exist', () => {
    for (const name of [...Object.keys(EXCEPTIONS), ...Object.keys(ROUNDED)]) expect(names).toContain(name);
  });
});
