/** f16 and bf16 in kernels: every node's results are rounded, whatever the host would have let pass. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { DATA_TYPES, type DataType, type GraphNode, int, type Model, tensorNumbers, tensorOf, tensorType } from '#ir';
import { modelOf } from '#onnx';
import { evaluateNode } from '#ops';
import { roundHalves } from './halfFloats.ts';

const engines = { native: await createEngine(), wasm: await createEngine({ prefer: 'wasm' }) };

const node = (op: string, inputs: string[], outputs: string[], attributes: GraphNode['attributes'] = new Map()) => ({
  name: outputs[0]!,
  op,
  domain: '',
  inputs,
  outputs,
  attributes,
});
const to = (dtype: DataType) => new Map([['to', int(DATA_TYPES.indexOf(dtype) + 1)]]);

/** y = relu(x·w + b) with operands narrowed within the graph. */
const product = (dtype: DataType): Model =>
  modelOf({
    name: 'product',
    inputs: [
      { name: 'x', type: tensorType('float32', [2, 3]) },
      { name: 'b', type: tensorType(dtype, [2]) },
    ],
    outputs: [
      { name: 'y', type: tensorType(dtype, [2, 2]) },
      { name: 'narrow', type: tensorType('float32', [2, 2]) },
    ],
    nodes: [
      node('Cast', ['x'], ['h'], to(dtype)),
      node('MatMul', ['h', 'w'], ['p']),
      node('Add', ['p', 'b'], ['s']),
      node('Relu', ['s'], ['y']),
      node('Cast', ['y'], ['narrow'], to('float32')),
    ],
    constants: new Map([['w', tensorOf(dtype, [3, 2], [1 + 2 ** -10, -0.3, 0.7, 2, 1e-3, -1])]]),
    types: new Map(),
  });

const cases = (['native', 'wasm'] as const).flatMap((build) => [
  [build, 'float16'] as const,
  [build, 'bfloat16'] as const,
]);

describe.each(cases)('%s, %s', (build, dtype) => {
  const engine = engines[build];
  const x = tensorOf('float32', [2, 3], [1 + 2 ** -12, 0.1, -7, 3.3, 1e-4, 1e5]);
  const b = tensorOf(dtype, [2], [0.01, 1]);

  test('nodes round as their references do', async () => {
    const kernel = await engine.kernel(product(dtype));
    const [y, narrow] = (await kernel.run([x, b].map((t) => engine.upload(t)))).map((t) => engine.download(t));
    const model = product(dtype);
    const values = new Map([['x', x], ['b', b], ...model.graph.constants]);
    for (const n of model.graph.nodes) {
      const given = n.inputs.map((name) => values.get(name));
      evaluateNode(n, 21, given).forEach((value, i) => {
        values.set(n.outputs[i]!, value);
      });
    }
    expect(y!.dtype).toBe(dtype);
    expect([...tensorNumbers(y!)]).toEqual([...tensorNumbers(values.get('y')!)]);
    expect([...tensorNumbers(narrow!)]).toEqual([...tensorNumbers(values.get('y')!)]);
    // 1e5 is beyond f16 and within bf16.
    expect(tensorNumbers(y!).some((v) => v === Number.POSITIVE_INFINITY)).toBe(dtype === 'float16');
  });

  test('results go on into other kernels', async () => {
    const kernel = await engine.kernel(product(dtype));
    const [y] = await kernel.run([x, b].map((t) => engine.upload(t)));
    const twice = await engine.kernel(
      modelOf({
        name: 'twice',
        inputs: [{ name: 'y', type: tensorType(dtype, ['A', 'B']) }],
        outputs: [{ name: 'z', type: undefined }],
        nodes: [node('Add', ['y', 'y'], ['z'])],
        constants: new Map(),
        types: new Map(),
      }),
    );
    const [z] = await twice.run([y!]);
    expect(z!.dtype).toBe(dtype);
    const doubled = [...tensorNumbers(engine.download(y!))].map((v) => 2 * v);
    expect([...tensorNumbers(engine.download(z!))]).toEqual(doubled);
  });
});

test('a model without them is left alone', () => {
  const model = product('float32');
  expect(roundHalves(model)).toBe(model);
});
