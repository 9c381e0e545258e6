/**
 * Values whose shape Systole's rules do not give: what the host engine can tell is learnt from it, what depends on data is
 * refused with the node that makes it, and the repair that the message names works.
 */
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram, runAndCheck } from '#flow';
import { parseModel, type Tensor, tensorOf } from '#ir';
import { presets } from '#machine';

const machine = presets.get('textbook-single')!;
const HEADER = 'model ir=8 producer="test" opset {"": 17}';

async function compiled(graph: string, dims: Record<string, number> = {}) {
  const model = parseModel(`${HEADER}\ngraph g${graph}`);
  return compileModel(model, { machine, engine: await sharedEngine(), dims });
}

/** Compiles and runs; what went wrong, if anything. */
async function outcome(graph: string, feeds: Record<string, Tensor>, dims: Record<string, number> = {}) {
  try {
    const checked = await runAndCheck(await compiled(graph, dims), {
      engine: await sharedEngine(),
      feeds: new Map(Object.entries(feeds)),
    });
    return { ok: checked.check.ok };
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    return { code: error.code, node: error.place.node, en: error.text('en'), zh: error.text('zh') };
  }
}

const x = tensorOf('float32', [8], [1.5, -1, 0.5, -2, 3, 0.25, -3, 4]);
const square = tensorOf('float32', [3, 3], [2, 0, 1, 0, 3, 0, 1, 0, 2]);

describe('learnt from the host engine', () => {
  test.each([
    ['a scalar result', '(x: float32[3,3]) -> (y) { a = Relu(x) y = Det(a) }', square],
    ['a scalar in the middle', '(x: float32[3,3]) -> (y) { a = Relu(x) d = Det(a) y = Exp(d) }', square],
    ['an output of stated type and no shape', '(x: float32[3,3]) -> (y: float32[*]) { y = Det(x) }', square],
    [
      'a tensor made of a sequence',
      '(x: float32[8]) -> (y) { a = Relu(x) s = SequenceConstruct(a, a) b = ConcatFromSequence[axis=0](s) y = Exp(b) }',
      x,
    ],
  ])('%s', async (_, graph, value) => {
    expect(await outcome(graph, { x: value })).toEqual({ ok: true });
  });
});

describe('depends on data', () => {
  const three = tensorOf('int64', [1], [3]);
  const topK = (b: string) =>
    `(x: float32[8], k: int64[1]) -> (y) { a = Relu(x) ${b}, i = TopK(a, k) @top c = Relu(b) y = Exp(c) }`;

  test('an output: the node that makes the shape is named, and stating the shape is a repair', async () => {
    const refused = await outcome(topK('b'), { x, k: three });
    expect(refused).toMatchObject({ code: 'SYS-LOWER-001', node: 'top' });
    expect(refused.en).toContain("Node 'top' (TopK) makes 'b' of type float32[?]");
    expect(refused.en).toContain("state it in the model (value_info of 'b')");
    expect(refused.zh).toContain('节点“top”（TopK）');
    expect(await outcome(topK('b: float32[3]'), { x, k: three })).toEqual({ ok: true });
  });

  test('a size that has a name is given with --dim', async () => {
    const refused = await outcome(topK('b: float32[M]'), { x, k: three });
    expect(refused).toMatchObject({ code: 'SYS-LOWER-001', node: 'top' });
    expect(refused.en).toContain('--dim M=SIZE');
    expect(await outcome(topK('b: float32[M]'), { x, k: three }, { M: 3 })).toEqual({ ok: true });
  });

  test('a value between host and processor', async () => {
    // What the processor makes of the number of indices is needed where the indices are read again.
    const graph = (n: string) =>
      `(x: float32[8]) -> (z) { ${n} = NonZero(x) @where c = Cast[to=1](n) s = ReduceSum[keepdims=0](c) e = Exp(s) ` +
      'o = Mul(c, e) z = ReduceSumSquare[keepdims=1](o) }';
    const refused = await outcome(graph('n'), { x });
    expect(refused).toMatchObject({ code: 'SYS-LOWER-002' });
    expect(refused.en).toContain("Node 'where' (NonZero) makes 'n' of type int64[1,?]");
    const full = tensorOf('float32', [8], [0.5, -1, 0.5, -2, 3, 0.25, -3, 4]);
    expect(await outcome(graph('n: int64[1,8]').replace('Exp', 'Sigmoid'), { x: full })).toEqual({ ok: true });
  });

  test.each([
    [
      'beside a host node that the processor waits for',
      '(x: float32[8]) -> (y, z) { s = Sin(x) n = NonZero(x) y = Exp(s) c = Cast[to=1](n) z = ReduceSumSquare[keepdims=1](c) }',
    ],
    [
      'a Gather and a Reshape behind a job that reads from the host, too',
      '(x: float32[8]) -> (y, z) { const flat: int64[1] = {-1} s = Sin(x) n = NonZero(x) y = Exp(s) ' +
        'i = Reshape(n, flat) g = Gather(x, i) k = Concat[axis=0](g, g) z = ReduceSumSquare[keepdims=1](k) }',
    ],
    [
      'read after the processor has read what is made of it',
      '(x: float32[8]) -> (y, z) { n = NonZero(x) c = Cast[to=1](n) s = ReduceSum[keepdims=0](c) y = Sqrt(s) ' +
        'o = Sigmoid(c) z = ReduceSumSquare[keepdims=1](o) }',
    ],
    [
      'a sequence beside it',
      '(x: float32[8]) -> (y, z) { q = SequenceConstruct(x, x) s = Sin(x) y = Exp(s) z = ConcatFromSequence[axis=0](q) }',
    ],
  ])('stays on the host: %s', async (_, graph) => {
    expect(await outcome(graph, { x })).toEqual({ ok: true });
  });

  test('data that gives another shape stops the run with node and value', async () => {
    const graph =
      '(x: float32[8]) -> (b, y) { a = Relu(x) b: int64[1,8] = NonZero(a) @where c = Cast[to=1](b) y = Exp(c) }';
    const stopped = await outcome(graph, { x });
    expect(stopped).toMatchObject({ code: 'SYS-FLOW-004', node: 'where' });
    expect(stopped.en).toContain("node 'where' (NonZero), on the host, made 'b' as int64[1,5]");
    expect(stopped.en).toContain('compiled for int64[1,8]');
    expect(stopped.zh).toContain('取决于数据');
  });

  test('a Reshape to a computed shape is done by the host, which sees the shape', async () => {
    const graph =
      '(x: float32[8], s: int64[2]) -> (y) { a = Relu(x) b: float32[2,4] = Reshape(a, s) @shape y = Exp(b) }';
    expect(await outcome(graph, { x, s: tensorOf('int64', [2], [2, 4]) })).toEqual({ ok: true });
    const { program } = await compiled(graph);
    const feeds = new Map([
      ['x', x],
      ['s', tensorOf('int64', [2], [4, 2])],
    ]);
    const run = executeProgram(program, { data: true, feeds, engine: sharedEngine });
    await expect(run).rejects.toMatchObject({ code: 'SYS-FLOW-004' });
  });
});
