/** Export to ONNX, and modules of imported models: names, open sizes, the same outputs, training on. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { type Tensor as Data, type Dim, type Model, parseModel, tensorNumbers, tensorOf } from '#ir';
import { readModel, writeModel } from '#onnx';
import {
  compile,
  crossEntropy,
  exportModel,
  fromData,
  fromModel,
  nn,
  noGrad,
  optim,
  random,
  relu,
  sum,
  type Tensor,
  tensor,
} from './index.ts';

const engine = await createEngine();
const ramp = (dims: readonly number[]): Data =>
  tensorOf(
    'float32',
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i * 0.7)),
  );
const run = async (model: Model, feeds: Readonly<Record<string, Data>>): Promise<Data[]> => {
  const session = await engine.load(writeModel(model));
  const results = await session.run(new Map(Object.entries(feeds)));
  return model.graph.outputs.map((v) => results.get(v.name) as Data);
};
const close = (a: Data, b: Data, bound = 1e-5): void => {
  expect(a.dims).toEqual(b.dims);
  const [x, y] = [tensorNumbers(a), tensorNumbers(b)];
  const scale = y.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  expect(x.reduce((worst, v, i) => Math.max(worst, Math.abs(v - y[i]!)), 0) / scale).toBeLessThan(bound);
};

const small = (drop = 0.3): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv(2, 4, 3, { padding: 1, bias: false }),
    new nn.BatchNorm(4),
    nn.relu(),
    nn.maxPool(2),
    nn.flatten(),
    new nn.Dropout(drop),
    new nn.Linear(4 * 9, 3),
  );

describe('exportModel', () => {
  test('initialisers have state_dict names, the batch is open, the mode comes back', async () => {
    const net = small();
    const model = await exportModel(net, { image: ['N', 2, 6, 6] }, { outputs: ['logits'], name: 'small' });
    expect(net.training).toBe(true);
    expect([...model.graph.constants.keys()]).toEqual(net.variables().map(([name]) => name));
    expect(model.graph.inputs).toEqual([
      { name: 'image', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 2, 6, 6] } },
    ]);
    expect(model.graph.outputs).toEqual([
      { name: 'logits', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 3] } },
    ]);
    expect(model.graph.nodes.map((n) => n.op)).toEqual([
      'Conv',
      'BatchNormalization',
      'Relu',
      'MaxPool',
      'Flatten',
      'Gemm',
    ]);
    expect(model.graph.nodes.map((n) => n.name)[0]).toBe('0/Conv');
    for (const n of [1, 5]) {
      const x = ramp([n, 2, 6, 6]);
      close((await run(model, { image: x }))[0]!, await net.eval().forward(fromData(x)).value());
    }
  });

  test('a function of several inputs and outputs', async () => {
    const layer = new nn.Linear(3, 2);
    const both = (a: Tensor, b: Tensor) => ({ y: relu(layer.forward(a)), total: sum(b) });
    const model = await exportModel(both, { a: ['N', 3], b: { shape: [4], dtype: 'f64' } });
    expect(model.graph.outputs.map((v) => v.name)).toEqual(['output_0', 'output_1']);
    expect(model.graph.outputs[0]!.type).toMatchObject({ shape: ['N', 2] });
  });

  test('what cannot be exported is refused', async () => {
    const drawing = (x: Tensor): Tensor => x.add(random.uniform([2]));
    await expect(exportModel(drawing, { x: [2] })).rejects.toThrow(/draws random numbers/);
    const net = small();
    await expect(exportModel((x) => net.forward(x), { x: [2, 2, 6, 6] })).rejects.toThrow(/cannot hold/);
    await expect(exportModel((() => 3) as never, { x: [2] })).rejects.toThrow(/returns 3/);
    await expect(exportModel((x) => x, { x: [2] }, { outputs: ['x'] })).rejects.toThrow(/names of outputs/);
    await expect(exportModel((x) => x, { x: [2] }, { outputs: ['y', 'z'] })).rejects.toThrow(/1 tensors/);
  });

  test('sizes that a function computes from an open shape stay symbols, of a known one become constants', async () => {
    const expanded = (x: Tensor): Tensor => {
      const flat = nn.flatten().forward(x);
      return flat.unflatten(1, [2, -1]).swapAxes(1, 2).flatten(1, 2);
    };
    const model = await exportModel(expanded, { x: ['N', 4, 3] });
    expect(model.graph.outputs[0]!.type).toMatchObject({ shape: ['N', 12] });
  });
});

describe('fromModel', () => {
  test('replays, trains and is exported again', async () => {
    const net = small(0);
    const model = await exportModel(net, { image: ['N', 2, 6, 6] }, { outputs: ['logits'] });
    const imported = fromModel(readModel(writeModel(model)));
    expect(imported.variables().map(([name]) => name)).toEqual(net.variables().map(([name]) => name));
    expect(imported.size).toBe(net.size);
    const x = fromData(ramp([8, 2, 6, 6]));
    const labels = tensor([0, 1, 2, 0, 1, 2, 0, 1], { dtype: 'i64' });
    const forward = (t: Tensor): Tensor => imported.forward(t) as Tensor;
    close(await noGrad(() => imported.eval() && forward(x)).value(), await net.eval().forward(x).value());

    // The network that it came from takes the same steps (its Dropout is not part of the model).
    const train = async (module: nn.Module): Promise<number[]> => {
      const logits = module.train() as nn.Module & { forward(x: Tensor): Tensor };
      const adam = new optim.Adam(module.parameters(), { rate: 0.02 });
      const step = compile((t: Tensor, l: Tensor) => {
        const loss = crossEntropy(logits.forward(t), l);
        adam.minimize(loss);
        return loss;
      });
      const losses: number[] = [];
      for (let i = 0; i < 20; i++) losses.push(await step(x, labels).item());
      return losses;
    };
    const losses = await train(imported);
    const original = await train(net);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.8);
    losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(original[i]!, 3);
    });
    const mean = (await imported.state()).get('1.running_mean')!;
    expect(tensorNumbers(mean).some((v) => v !== 0)).toBe(true);
    const again = await exportModel(imported, { image: ['N', 2, 6, 6] });
    close((await run(again, { image: ramp([8, 2, 6, 6]) }))[0]!, await forward2(imported, x));
  });

  test.each([
    ['GroupNormalization', 21, 'GroupNormalization[num_groups=2](x, w, b)', 4],
    ['RMSNormalization', 23, 'RMSNormalization(x, w)', 3],
  ])(
    '%s of opset %i is exported in operators of the opset that the model says, and runs',
    async (op, opset, call, size) => {
      const model = parseModel(`
      model ir=10 producer="test" opset {"": ${opset}}
      graph net(x: float32[N,4,2,3]) -> (y: float32[N,4,2,3]) {
        const w: float32[${size}] = {${[1, 2, 0.5, 3].slice(0, size).join(', ')}}
        const b: float32[${size}] = {${[0, 1, 2, -1].slice(0, size).join(', ')}}
        y = ${call}
      }`);
      const again = await exportModel(fromModel(model), { x: ['N', 4, 2, 3] });
      expect(again.graph.nodes.map((n) => n.op)).not.toContain(op);
      const feeds = { x: ramp([2, 4, 2, 3]) };
      close((await run(again, feeds))[0]!, (await run(model, feeds))[0]!);
    },
  );

  test('shapes that the graph computes are followed, open sizes too', async () => {
    const model = parseModel(`
      model ir=8 producer="test" opset {"": 13}
      graph net(x: float32[N,4,6]) -> (y: float32[?,?,?]) {
        const first: int64[] = {0}
        const zero: int64[1] = {0}
        const rest: int64[2] = {2, -1}
        shape = Shape(x)
        n = Gather(shape, first)
        head = Unsqueeze(n, zero)
        asked = Concat[axis=0](head, rest)
        y = Reshape(x, asked)
      }`);
    const imported = fromModel(model);
    expect((imported.forward(fromData(ramp([3, 4, 6]))) as Tensor).dims).toEqual([3, 2, 12]);
    const open = await exportModel(imported, { x: ['N', 4, 6] }, { outputs: ['y'] });
    expect(open.graph.outputs[0]!.type).toMatchObject({ shape: ['N', 2, 12] });
    const fixed = await exportModel(imported, { x: [5, 4, 6] }, { outputs: ['y'] });
    expect(fixed.graph.nodes.map((n) => n.op)).toEqual(['Reshape']);
    expect((await run(fixed, { x: ramp([5, 4, 6]) }))[0]!.dims).toEqual([5, 2, 12]);
  });

  test('refuses what it does not know, and wrong numbers of inputs', async () => {
    const model = await exportModel((x) => x.add(1), { x: [2] });
    const node = { ...model.graph.nodes[0]!, domain: 'own', op: 'Thing', name: 'n1' };
    expect(() => fromModel({ ...model, graph: { ...model.graph, nodes: [node] } })).toThrow(/'n1' \(Thing/);
    expect(() => fromModel(model).forward()).toThrow(/1 inputs \(x\)/);
  });

  const DATA = new URL('../../../shared/data/', import.meta.url);
  const absent = existsSync(DATA) ? '' : ' (skipped: ../shared/data is not there)';
  const files: readonly (readonly [string, readonly Dim[]])[] = [
    ['onnx-models/mnist-8.onnx', [1, 1, 28, 28]],
    ['onnx-models/mnist-mlp-bn-pytorch.onnx', [1, 784]],
    ['onnx-models/ultraface-rfb-320.onnx', [1, 3, 240, 320]],
    ['onnx-conformance/light/light_squeezenet.onnx', [1, 3, 224, 224]],
    ['onnx-conformance/light/light_resnet50.onnx', [1, 3, 224, 224]],
  ];
  test.skipIf(absent !== '').each(files)(`%s${absent}`, async (path) => {
    const bytes = new Uint8Array(readFileSync(new URL(path, DATA)));
    const model = readModel(bytes);
    const [input] = model.graph.inputs;
    const dims = (input!.type as { shape: readonly Dim[] }).shape.map((d) => (typeof d === 'number' ? d : 1));
    const x = ramp(dims);
    const wanted = await run(model, { [input!.name]: x });
    const imported = fromModel(model).eval();
    const got = [noGrad(() => imported.forward(fromData(x)))].flat();
    for (const [i, t] of got.entries()) close(await t.value(), wanted[i]!, 1e-4);
    // And as one graph of this API's opset.
    const again = await exportModel(imported, { [input!.name]: dims });
    for (const [i, t] of (await run(again, { [input!.name]: x })).entries()) close(t, wanted[i]!, 1e-4);
  });
});

const forward2 = (module: nn.Module, x: Tensor): Promise<Data> =>
  (module.eval() as nn.Module & { forward(x: Tensor): Tensor }).forward(x).value();
