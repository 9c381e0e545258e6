/**
 * ONNX Runtime runs a quantised graph in integers at its higher optimisation levels: what qdqToQLinear makes of it gives the same, bit for
 * bit, node by node as it stands and optimised, and by the reference evaluation.
 */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine } from '#engine';
import { type Model, parseModel, printModel, type Tensor, tensorNumbers } from '#ir';
import { evaluateGraph } from '#ops';
import { integerSteps, pipeline, runPasses } from '#passes';
import { type Byte, byteTensor } from '../../test/support/randomQuantised.ts';

const engine = await createEngine();

const list = (t: Tensor): string => `{${[...tensorNumbers(t)].join(', ')}}`;
const count = (values: readonly unknown[]): string => `{${values.join(', ')}}`;

/** DQ → Conv → Relu → Q → DQ → MaxPool → Q → DQ → Flatten → Q → DQ → Gemm → Q → DQ → MatMul → Q, of random sizes, types, scales. */
function network(random: Random): Model {
  const type = random.pick<Byte>(['uint8', 'int8']);
  const perChannel = random.integer(0, 1) === 1;
  const [channels, maps, units, last] = [1, 2, 3, 4].map(() => random.integer(1, 6)) as [
    number,
    number,
    number,
    number,
  ];
  const zero = type === 'uint8' ? 0 : -128;
  const flat = maps * 9;
  const scales = (n: number): number[] =>
    Array.from({ length: perChannel ? n : 1 }, () => Math.fround(0.01 + 0.02 * random.uniform()));
  const [sx, sy, sz, so] = [0.02, 0.03 * Math.sqrt(channels), 0.2, 0.9].map((s) =>
    Math.fround(s * (0.5 + random.uniform())),
  );
  const [sw, sm] = [scales(maps), scales(units)];
  const scaleText = (name: string, values: readonly number[], of: number): string =>
    `const ${name}: float32[${perChannel ? of : ''}] = ${count(values)}`;
  const biases = (n: number, spread: number): number[] =>
    Array.from({ length: n }, () => random.integer(-spread, spread));
  const each = (values: readonly number[], n: number, by: number): number[] =>
    Array.from({ length: perChannel ? n : 1 }, (_, i) => Math.fround(values[i]! * by));
  return parseModel(`
    model ir=8 producer="test" opset {"": 13}
    graph g(x: ${type}[2,${channels},6,6]) -> (y: ${type}[2,${last}]) {
      const sx: float32[] = {${sx}}
      const zx: ${type}[] = {${random.integer(zero, zero + 255)}}
      const sy: float32[] = {${sy}}
      const zy: ${type}[] = {${zero}}
      const sz: float32[] = {${sz}}
      const zz: ${type}[] = {${zero + 100}}
      const so: float32[] = {${so}}
      const zo: ${type}[] = {${zero + 130}}
      const w: int8[${maps},${channels},3,3] = ${list(byteTensor(random, [maps, channels, 3, 3], 'int8', true))}
      ${scaleText('sw', sw, maps)}
      const b: int32[${maps}] = ${count(biases(maps, 3000))}
      ${scaleText('sb', each(sw, maps, sx!), maps)}
      const m: int8[${units},${flat}] = ${list(byteTensor(random, [units, flat], 'int8', true))}
      ${scaleText('sm', sm, units)}
      const c: int32[${units}] = ${count(biases(units, 9000))}
      ${scaleText('sc', each(sm, units, sy!), units)}
      const k: int8[${units},${last}] = ${list(byteTensor(random, [units, last], 'int8', true))}
      const sk: float32[] = {0.05}
      const zk: int8[] = {0}
      xf = DequantizeLinear(x, sx, zx)
      wf = DequantizeLinear[axis=0](w, sw)
      bf = DequantizeLinear[axis=0](b, sb)
      c1 = Conv[pads=[1, 1, 1, 1]](xf, wf, bf) @conv
      c2 = Relu(c1)
      c3 = QuantizeLinear(c2, sy, zy)
      c4 = DequantizeLinear(c3, sy, zy)
      p1 = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](c4)
      p2 = QuantizeLinear(p1, sy, zy)
      p3 = DequantizeLinear(p2, sy, zy)
      f1 = Flatten(p3)
      f2 = QuantizeLinear(f1, sy, zy)
      f3 = DequantizeLinear(f2, sy, zy)
      mf = DequantizeLinear[axis=0](m, sm)
      cf = DequantizeLinear[axis=0](c, sc)
      g1 = Gemm[transB=1](f3, mf, cf) @gemm
      g2 = QuantizeLinear(g1, sz, zz)
      g3 = DequantizeLinear(g2, sz, zz)
      kf = DequantizeLinear(k, sk, zk)
      l1 = MatMul(g3, kf) @matmul
      y = QuantizeLinear(l1, so, zo)
    }`);
}

async function outputOf(model: Model, feeds: ReadonlyMap<string, Tensor>, optimize: boolean): Promise<number[]> {
  const session = await engine.load(model, { optimize, threads: 1 });
  const result = await session.run(feeds);
  await session.release();
  return [...tensorNumbers(result.get('y')!)];
}

test('60 random networks give the integers of ONNX Runtime', async () => {
  let steps = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const model = network(random);
    const { model: integers } = await runPasses(model, { steps: [...pipeline, ...integerSteps], engine });
    expect(integers.graph.nodes.map((n) => n.op)).toEqual([
      ...['QLinearConv', 'MaxPool', 'Flatten', 'Reshape', 'QLinearConv', 'Reshape', 'QLinearMatMul'],
    ]);
    const input = model.graph.inputs[0]!.type;
    if (input?.kind !== 'tensor') throw new Error('no input');
    const feeds = new Map([['x', byteTensor(random, input.shape as number[], input.dtype as Byte)]]);
    const expected = await outputOf(model, feeds, true);
    const message = `seed ${seed}:\n${printModel(integers)}`;
    expect(await outputOf(integers, feeds, false), message).toEqual(expected);
    expect(await outputOf(integers, feeds, true), message).toEqual(expected);
    expect([...tensorNumbers(evaluateGraph(integers, feeds).get('y')!)], message).toEqual(expected);
    // As it is written the graph computes in floats, which may round to the step beside.
    const floats = await outputOf(model, feeds, false);
    steps = Math.max(steps, ...floats.map((v, i) => Math.abs(v - expected[i]!)));
  }
  expect(steps).toBeLessThanOrEqual(1);
});
