/** The host engine: which build loaded, that both agree, values of all types, inner values, and coded errors. */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Notice, Random } from '#base';
import { createEngine, type Engine, hostValues } from '#engine';
import {
  BITS,
  type DataType,
  type Graph,
  type GraphNode,
  int,
  ints,
  type Model,
  type Tensor,
  tensorNumbers,
  tensorOf,
  tensorType,
} from '#ir';
import { modelOf, writeModel } from '#onnx';
import { engineOf } from './engine.ts';
import { openRuntime } from './node.ts';

const node = (op: string, inputs: string[], outputs: string[], attributes: GraphNode['attributes'] = new Map()) => ({
  name: `${op}_${outputs[0]}`,
  op,
  domain: '',
  inputs,
  outputs,
  attributes,
});

function convModel(): Model {
  const graph: Graph = {
    name: 'conv',
    inputs: [{ name: 'x', type: tensorType('float32', ['N', 2, 5, 5]) }],
    outputs: [{ name: 'z', type: tensorType('float32', ['N', 3, 5, 5]) }],
    nodes: [node('Conv', ['x', 'w'], ['y'], new Map([['pads', ints([1, 1, 1, 1])]])), node('Relu', ['y'], ['z'])],
    constants: new Map([
      [
        'w',
        tensorOf(
          'float32',
          [3, 2, 3, 3],
          Array.from({ length: 54 }, (_, i) => Math.sin(i)),
        ),
      ],
    ]),
    types: new Map(),
  };
  return modelOf(graph);
}

const pass = (dtype: DataType): Model =>
  modelOf({
    name: 'pass',
    inputs: [{ name: 'x', type: tensorType(dtype, [2, 3]) }],
    outputs: [{ name: 'y', type: tensorType(dtype, [2, 3]) }],
    nodes: [node('Identity', ['x'], ['y'])],
    constants: new Map(),
    types: new Map(),
  });

const x = tensorOf(
  'float32',
  [1, 2, 5, 5],
  Array.from({ length: 50 }, (_, i) => Math.cos(3 * i)),
);
const engines = new Map<string, Engine>();
const notices: Notice[] = [];

beforeAll(async () => {
  const onNotice = (n: Notice) => notices.push(n);
  engines.set('native', await createEngine({ onNotice }));
  engines.set('wasm', await createEngine({ prefer: 'wasm', onNotice }));
});

test('the native engine loads here, without a notice', () => {
  expect([...engines].map(([wanted, engine]) => [wanted, engine.kind])).toEqual([
    ['native', 'native'],
    ['wasm', 'wasm'],
  ]);
  expect(notices).toEqual([]);
});

test('without the native engine the WASM one runs, with a notice that says how to add it', async () => {
  const seen: Notice[] = [];
  const native = () => Promise.reject(new Error("Cannot find package 'onnxruntime-node'\nRequire stack: …"));
  const wasm = async () => import('onnxruntime-web');
  const engine = engineOf(await openRuntime({ onNotice: (n) => seen.push(n) }, { native, wasm }));
  expect(engine.kind).toBe('wasm');
  expect(seen.map((n) => n.code)).toEqual(['SYS-ENG-002']);
  expect(seen[0]!.en).toContain("Cannot find package 'onnxruntime-node'. The WASM build runs instead");
  expect(seen[0]!.en).toContain('npm install onnxruntime-node');
  expect((await hostValues(convModel(), new Map([['x', x]]), undefined, engine)).get('z')!.dims).toEqual([1, 3, 5, 5]);
  await expect(openRuntime({}, { native, wasm: native })).rejects.toMatchObject({ code: 'SYS-ENG-001' });
});

test('both builds give the same answer on a convolution, from a graph and from bytes', async () => {
  const results: Float64Array[] = [];
  for (const engine of engines.values()) {
    for (const model of [convModel(), writeModel(convModel())]) {
      const session = await engine.load(model);
      expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['N', 2, 5, 5] }]);
      results.push(tensorNumbers((await session.run(new Map([['x', x]]))).get('z')!));
      await session.release();
    }
  }
  for (const r of results) for (let i = 0; i < r.length; i++) expect(r[i]!).toBeCloseTo(results[0]![i]!, 5);
  expect(Math.max(...results[0]!)).toBeGreaterThan(0.5);
});

describe.each(['native', 'wasm'])('%s', (kind) => {
  const engine = () => engines.get(kind)!;

  test.each([
    'float32',
    'float64',
    'float16',
    'bfloat16',
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'int64',
    'uint64',
    'bool',
    'float8e4m3fn',
    'float8e5m2',
    'int4',
    'uint4',
  ] as const)('a %s tensor goes in and comes out, unaligned and as a splat too', async (dtype) => {
    const value = tensorOf(dtype, [2, 3], [0, 1, 2, 3, 100, 1]) as Extract<Tensor, { bytes: Uint8Array }>;
    const session = await engine().load(pass(dtype));
    expect(session.inputs[0]!.dtype).toBe(dtype);
    const shifted = new Uint8Array(value.bytes.length + 1);
    shifted.set(value.bytes, 1);
    const buffer = Buffer.from(shifted.buffer).subarray(1);
    for (const fed of [value, { ...value, bytes: shifted.subarray(1) }, { ...value, bytes: buffer }]) {
      const out = (await session.run(new Map([['x', fed]]))).get('y')!;
      expect([out.dtype, out.dims, tensorNumbers(out)]).toEqual([dtype, [2, 3], tensorNumbers(value)]);
    }
    // Types below a byte have no splats.
    if (BITS[dtype] < 8) return session.release();
    const splat = { dtype, dims: [2, 3], splat: value.bytes.slice(0, value.bytes.length / 6) };
    expect(tensorNumbers((await session.run(new Map([['x', splat]]))).get('y')!)).toEqual(new Float64Array(6));
    await session.release();
  });

  test('strings go in and come out', async () => {
    const value: Tensor = { dtype: 'string', dims: [2, 3], strings: ['a', '', '汉字', 'd', 'e', 'f'] };
    expect((await hostValues(pass('string'), new Map([['x', value]]), ['y'], engine())).get('y')).toEqual(value);
  });

  test('int64 keeps all its bits', async () => {
    const value = tensorOf('int64', [2, 3], [2n ** 63n - 1n, -(2n ** 63n), 0n, 1n, -1n, 2n ** 53n + 1n]);
    const out = (await hostValues(pass('int64'), new Map([['x', value]]), undefined, engine())).get('y')!;
    expect(out).toEqual(value);
  });

  test('inner values come out, whether asked of a graph or of bytes', async () => {
    for (const model of [convModel(), writeModel(convModel())]) {
      const values = await hostValues(model, new Map([['x', x]]), ['y', 'z'], engine());
      const [y, z] = [...values.values()].map(tensorNumbers);
      expect([...values.keys()]).toEqual(['y', 'z']);
      expect(Math.min(...y!)).toBeLessThan(0);
      expect(z).toEqual(y!.map((v) => Math.max(0, v)));
    }
  });

  test('wrong feeds are coded errors', async () => {
    const session = await engine().load(convModel());
    const run = (feeds: [string, Tensor][]) => session.run(new Map(feeds));
    await expect(run([])).rejects.toMatchObject({ code: 'SYS-ENG-005', kind: 'usage' });
    await expect(
      run([
        ['x', x],
        ['y', x],
      ]),
    ).rejects.toMatchObject({ code: 'SYS-ENG-006', kind: 'usage' });
    await expect(run([['x', { ...x, dims: [1, 2, 25] }]])).rejects.toMatchObject({
      code: 'SYS-ENG-007',
      message: "input 'x' is given as float32[1,2,25], but the model takes float32[N,2,5,5]",
    });
    await expect(run([['x', tensorOf('float64', x.dims, tensorNumbers(x))]])).rejects.toMatchObject({
      code: 'SYS-ENG-007',
    });
    await expect(run([['x', { ...x, dims: [2, 2, 5, 5] }]])).rejects.toMatchObject({ code: 'SYS-ENG-010' });
    await session.release();
    await expect(run([['x', x]])).rejects.toMatchObject({ code: 'SYS-ENG-011', kind: 'internal' });
  });

  test('models that cannot be loaded or run are coded errors with the node', async () => {
    const load = (bytes: Uint8Array) => engine().load(bytes);
    const whole = writeModel(convModel());
    await expect(load(whole.subarray(0, whole.length - 60))).rejects.toMatchObject({
      code: 'SYS-ENG-003',
      kind: 'invalid',
    });
    await expect(load(new TextEncoder().encode('no model'))).rejects.toMatchObject({ code: 'SYS-ENG-003' });
    await expect(load(new Uint8Array())).rejects.toMatchObject({ code: 'SYS-ENG-003' });
    await expect(engine().load(convModel(), { outputs: ['nowhere'] })).rejects.toMatchObject({ code: 'SYS-ENG-012' });
    await expect(engine().load(whole, { outputs: ['nowhere'] })).rejects.toMatchObject({ code: 'SYS-ENG-012' });
    const base = convModel();
    const unknown = {
      ...base,
      graph: { ...base.graph, nodes: [base.graph.nodes[0]!, node('Nonsense', ['y'], ['z'])] },
    };
    await expect(engine().load(unknown)).rejects.toMatchObject({
      code: 'SYS-ENG-004',
      kind: 'unsupported',
      // The WASM build's message does not name the node.
      place: kind === 'native' ? { node: 'Nonsense_z' } : {},
    });
    const gather = modelOf({
      ...base.graph,
      nodes: [node('Gather', ['x', 'i'], ['z'], new Map([['axis', int(1)]]))],
      constants: new Map(),
      inputs: [...base.graph.inputs, { name: 'i', type: tensorType('int64', [3]) }],
    });
    const feeds = new Map([
      ['x', x],
      ['i', tensorOf('int64', [3], [0, 1, 7])],
    ]);
    await expect(hostValues(gather, feeds, undefined, engine())).rejects.toMatchObject({
      code: 'SYS-ENG-008',
      place: { node: 'Gather_z' },
    });
  });
});

const mnist = new URL('../../../shared/data/onnx-models/mnist-8.onnx', import.meta.url);
test.skipIf(!existsSync(mnist))('a published model (skipped where ../shared/data/onnx-models is absent)', async () => {
  const image = tensorOf(
    'float32',
    [1, 1, 28, 28],
    Array.from({ length: 784 }, (_, i) => (i * 37) % 256),
  );
  const answers: Float64Array[] = [];
  for (const engine of engines.values()) {
    const out = await hostValues(readFileSync(mnist), new Map([['Input3', image]]), undefined, engine);
    answers.push(tensorNumbers(out.get('Plus214_Output_0')!));
  }
  const scale = Math.max(...answers[0]!.map(Math.abs));
  answers[1]!.forEach((v, i) => {
    expect(Math.abs(v - answers[0]![i]!) / scale).toBeLessThan(1e-5);
  });
});

test('large constants, which the native engine reads where they are, are what they are in a file', async () => {
  const random = new Random(3);
  for (const dtype of ['float32', 'float64', 'float16', 'int8', 'uint8', 'int32', 'int64', 'bool'] as const) {
    const values = Array.from({ length: 9000 }, () => random.integer(0, dtype === 'bool' ? 1 : 100));
    const large = tensorOf(dtype, [90, 100], values);
    const model = modelOf({
      name: 'large',
      inputs: [{ name: 'row', type: tensorType('int64', [1]) }],
      outputs: [{ name: 'y', type: tensorType(dtype, [1, 100]) }],
      nodes: [node('Gather', ['w', 'row'], ['y'])],
      constants: new Map([['w', large]]),
      types: new Map(),
    });
    const feeds = { row: tensorOf('int64', [1], [7]) };
    const native = engines.get('native')!;
    const apart = (await (await native.load(model)).run(feeds)).get('y')!;
    const inFile = (await (await native.load(writeModel(model))).run(feeds)).get('y')!;
    expect([dtype, apart]).toEqual([dtype, inFile]);
    expect([...tensorNumbers(apart as Tensor)]).toEqual(values.slice(700, 800));
  }
});
