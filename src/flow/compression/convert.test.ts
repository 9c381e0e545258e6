/** Conversion to half precision: what is converted and what stays, values by ONNX Runtime, and runs on the processor. */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { type Model, parseModel, type Tensor, tensorNumbers, tensorOf, typeOf } from '#ir';
import { presets } from '#machine';
import { buildModel } from '#models';
import { writeModel } from '#onnx';
import { Generator } from '#tensor';
import { bindSizes, compileModel } from '../compile.ts';
import { embeddedModel } from '../embedded/index.ts';
import { digitInput } from '../embedded/lenet5.ts';
import { randomInput } from '../inputs.ts';
import { runAndCheck } from '../run.ts';
import { convertModel, HALVES } from './convert.ts';

const parsed = (graph: string, opset = 20): Model =>
  parseModel(`model ir=9 producer="test" opset {"": ${opset}}\n${graph}\n`, 'test.txt');

async function onHost(model: Model, feeds: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
  const session = await (await sharedEngine()).load(writeModel(model));
  try {
    return (await session.run(feeds)) as Map<string, Tensor>;
  } finally {
    await session.release();
  }
}

test('constants are rounded to nearest, ties to even, and stop at the largest value', async () => {
  const model = parsed(`graph g(x: float32[5]) -> (y: float32[5]) {
  const w: float32[5] = {1.00048828125, 1.00146484375, 65519, -3.4e38, 1e-8}
  y = Mul(x, w) @mul
}`);
  const { model: half, clipped, converted, kept } = await convertModel(model, 'float16');
  expect([...tensorNumbers(half.graph.constants.get('w')!)]).toEqual([1, 1.001953125, 65504, -65504, 0]);
  expect({ clipped, converted, kept }).toEqual({ clipped: 2, converted: 1, kept: [] });
  expect(half.graph.nodes.map((n) => n.op)).toEqual(['Cast', 'Mul', 'Cast']);
  expect(typeOf(half.graph, 'y')).toEqual(typeOf(model.graph, 'y'));
});

test('operators without the type, sizes, captured values and outputs stay float32 between Casts', async () => {
  const model = parsed(`graph g(x: float32[2,4], keep: bool[]) -> (y: float32[2,4], r: float32[2,4], z: float32[4,8]) {
  const two: float32[] = {2}
  const half: float32[] = {0.5}
  r = Relu(x) @relu
  c = Celu[alpha=0.5](r) @celu
  s = Mul(c, half) @scale
  shape = Shape(s) @shape
  sizes = Cast[to=1](shape) @sizes
  more = Mul(sizes, two) @more
  double = Cast[to=7](more) @double
  z = Resize[mode="nearest"](s, _, _, double) @resize
  y = If[then_branch=graph t() -> (a: float32[2,4]) { a = Add(s, s) @sum }, else_branch=graph e() -> (b: float32[2,4]) { b = Neg(r) @neg }](keep) @if
}`);
  const { model: half, kept, converted } = await convertModel(model, 'float16');
  expect(kept).toEqual([
    { node: 'celu', op: 'Celu' },
    { node: 'if', op: 'If' },
  ]);
  expect(converted).toBe(3);
  const types = Object.fromEntries(['r', 'c', 's', 'sizes', 'more'].map((name) => [name, typeOf(half.graph, name)]));
  expect(Object.values(types).map((t) => t?.kind === 'tensor' && t.dtype)).toEqual(new Array(5).fill('float32'));
  expect(half.graph.nodes.map((n) => n.op).join(' ')).toBe(
    'Cast Relu Cast Celu Cast Mul Cast Shape Cast Mul Cast Resize Cast If',
  );
  const feeds = new Map([
    ['x', tensorOf('float32', [2, 4], [-1, 2, 3, 4, 5, 6, -7, 8])],
    ['keep', tensorOf('bool', [], [1])],
  ]);
  // All these values are float16's own: nothing may change.
  const [before, after] = [await onHost(model, feeds), await onHost(half, feeds)];
  for (const name of ['y', 'r', 'z']) expect(after.get(name)).toEqual(before.get(name));
});

describe.each(HALVES)('%s', (type) => {
  test('LeNet-5 on the processor, nothing of it on the host', async () => {
    const engine = await sharedEngine();
    const { model } = await convertModel(bindSizes(embeddedModel('lenet5'), { batch: 1 }).model, type);
    const compiled = await compileModel(model, { machine: presets.get('textbook-single')!, engine });
    expect(compiled.program.layers.filter((l) => l.where === 'host')).toEqual([]);
    const { feed, label } = digitInput(1);
    const { check, outputs } = await runAndCheck(compiled, { engine, feeds: new Map([['input', feed]]) });
    expect(check.ok).toBe(true);
    const scores = [...tensorNumbers(outputs.get('output')!)];
    expect(scores.indexOf(Math.max(...scores))).toBe(label);
  });
});

test('a transformer in float16 is what ONNX Runtime makes of the file', async () => {
  const { model } = bindSizes(await buildModel('vit-small', { generator: new Generator(3) }), { batch: 1 });
  const { model: half, kept } = await convertModel(model, 'float16');
  expect(kept).toEqual([]);
  const feeds = new Map([['input', randomInput({ dtype: 'float32', dims: [1, 3, 32, 32] }, 1, 0)]]);
  const [wide, narrow] = [await onHost(model, feeds), await onHost(half, feeds)].map((o) =>
    tensorNumbers(o.get('logits')!),
  );
  const largest = Math.max(...wide!.map(Math.abs));
  for (const [i, v] of wide!.entries()) expect(Math.abs(narrow![i]! - v)).toBeLessThan(0.01 * largest);
});
