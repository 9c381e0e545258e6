/** One loop gives every operator its tests: schema, shape rule against evaluation, cost. (Host: test/conformance.) */
import { describe, expect, test } from 'vitest';
import { elementCount, type Model, staticShape, type TensorType } from '#ir';
import { nodeCost } from './cost.ts';
import type { Sample } from './define.ts';
import { evaluateNode } from './evaluate.ts';
import { inferTypes } from './infer.ts';
import { operatorOf, operators } from './registry.ts';
import { sampleModel } from './sampling.ts';

const HAS_MACS = new Set([
  ...['Conv', 'ConvTranspose', 'Einsum', 'Gemm', 'GRU', 'LSTM', 'MatMul', 'RNN'],
  ...['ConvInteger', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul'],
]);

/** An Einsum of one operand, or of nothing, multiplies nothing. */
const sumsOnly = (s: Sample): boolean =>
  s.node.op === 'Einsum' && (s.inputs.length === 1 || s.inputs.some((t) => elementCount(t!.dims) === 0));

/** Attributes that no sample sets, with the reason. */
const UNSAMPLED: Readonly<Record<string, string>> = {};

describe.each([...operators.values()])('$name', (op) => {
  const samples = op.samples();

  test('schema', () => {
    expect(samples.length).toBeGreaterThan(0);
    expect([...op.versions]).toEqual([...op.versions].sort((a, b) => a - b));
    expect(new Set(samples.map((s) => s.name)).size).toBe(samples.length);
    expect(op.costRule, 'a line of the reference page').toBeTruthy();
    const set = new Set(samples.flatMap((s) => [...s.node.attributes.keys()]));
    for (const name of set) expect(Object.keys(op.attributes)).toContain(name);
    const missing = Object.keys(op.attributes).filter((a) => !set.has(a) && !(`${op.name}.${a}` in UNSAMPLED));
    expect(missing, 'attributes that no sample sets').toEqual([]);
    for (const s of samples) expect(operatorOf(s.node, s.opset)).toBe(op);
  });

  test.each(samples)('$name: inferred type is the evaluated one', (s) => {
    const model = inferTypes(sampleModel(s));
    const outputs = evaluateNode(s.node, s.opset, s.inputs);
    s.node.outputs.forEach((name, i) => {
      if (name === '') return;
      const inferred = model.graph.outputs.find((v) => v.name === name)?.type as TensorType;
      expect({ dtype: inferred.dtype, dims: staticShape(inferred) }).toEqual({
        dtype: outputs[i]!.dtype,
        dims: [...outputs[i]!.dims],
      });
    });
  });

  test.each(samples)('$name: cost', (s) => {
    const cost = nodeCost(inferTypes(sampleModel(s)), s.node);
    for (const [key, value] of Object.entries(cost)) {
      expect(Number.isFinite(value) && value >= 0, `${key} = ${value}`).toBe(true);
    }
    expect(cost.macs > 0).toBe(HAS_MACS.has(op.name) && !sumsOnly(s));
  });

  test.each(samples)('$name: unknown sizes never contradict the known ones', (s) => {
    for (const open of openModels(s)) {
      const type = inferTypes(open).graph.outputs[0]?.type;
      const exact = inferTypes(sampleModel(s)).graph.outputs[0]?.type;
      if (type?.kind !== 'tensor' || exact?.kind !== 'tensor') continue;
      expect(type.dtype).toBe(exact.dtype);
      if (type.shape === undefined) continue;
      expect(type.shape.length).toBe(exact.shape!.length);
      type.shape.forEach((d, i) => {
        if (typeof d === 'number') expect(d).toBe(exact.shape![i]);
      });
    }
  });
});

/** The sample with sizes withheld: all dimensions unknown, the first symbolic, the ranks unknown. */
function openModels(s: Sample): Model[] {
  const model = sampleModel(s);
  const withShapes = (f: (shape: readonly (number | string | null)[]) => TensorType['shape']): Model => ({
    ...model,
    graph: {
      ...model.graph,
      inputs: model.graph.inputs.map((v) => {
        const type = v.type as TensorType;
        return { name: v.name, type: { ...type, shape: f(type.shape!) } };
      }),
    },
  });
  return [
    withShapes((shape) => shape.map(() => null)),
    withShapes((shape) => shape.map((d, i) => (i === 0 ? `N${d}` : d))),
    withShapes(() => undefined),
  ];
}
