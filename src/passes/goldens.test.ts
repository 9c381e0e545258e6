/** Each pass on a small graph, before and after, in the graph's own text form (`goldens/<pass>.txt`). */
import { expect, test } from 'vitest';
import { createEngine } from '#engine';
import { parseModel, printModel, verifyModel } from '#ir';
import { inferTypes } from '#ops';
import { type Pass, type PassContext, pipeline } from '#passes';

const byName = new Map(pipeline.map(({ pass }) => [pass.name, pass]));

/** The graphs, by pass. Each shows what is rewritten next to what must stay. */
const GRAPHS: Readonly<Record<string, string>> = {
  bindDims: `
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[N,C]) -> (y: float32[N,C]) {
      y = Relu(x) @relu
    }`,

  foldConstants: `
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[2,3,4]) -> (y: float32[2,12], three: float32[2], q: float32[2], r: float32[9]) {
      const n: int64[1] = {2}
      const minus: int64[1] = {-1}
      const nine: int64[1] = {9}
      const two: int64[] = {2}
      const zero: int64[] = {0}
      const a: float32[2] = {1.0, 2.0}
      const b: float32[2] = {2.0, 1.0}
      const big: int64[2] = {1000000, 1000}
      const codes: uint8[2] = {3, 4}
      const step: float32[] = {0.5}
      # A computed shape.
      s = Shape(x) @shape
      first = Gather[axis=0](s, zero) @gather
      axis = Constant[value=int64[1] {0}]() @constant
      rows = Unsqueeze(first, axis) @unsqueeze
      to = Concat[axis=0](rows, minus) @concat
      y = Reshape(x, to) @reshape
      # An output that is constant.
      three = Add(a, b) @add
      # Four thousand million bytes of one element stay one element; dense they would be over the limit.
      zeros = ConstantOfShape[value=float32[1] {0.25}](big) @zeros
      halves = Add(zeros, zeros) @halves
      turned = Transpose[perm=[1, 0]](halves) @turned
      used = ReduceSum[keepdims=0](turned) @used
      # A quantised weight stays one.
      q = DequantizeLinear(codes, step) @dequantize
      # No two runs draw the same.
      r = RandomNormal[shape=[9]]() @random
    }`,

  removeIdentities: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[2,3,4], h: float16[4]) -> (y: float32[2,3,4], z: float32[24], w: float32[4,2,3], v: float16[4], u: float32[2,3,4]) {
      const all: int64[1] = {-1}
      const rows: int64[2] = {2, 12}
      i = Identity(x) @identity
      d, mask = Dropout(i) @dropout
      c = Cast[to=1](d) @cast
      same = Transpose[perm=[0, 1, 2]](c) @same
      e = Relu(same) @relu
      # The name of an output survives.
      y = Identity(e) @output
      flat = Reshape(e, rows) @reshape1
      z = Reshape(flat, all) @reshape2
      t = Transpose[perm=[1, 2, 0]](e) @transpose1
      w = Transpose[perm=[1, 2, 0]](t) @transpose2
      # There and back through a wider type; not through a narrower one.
      wide = Cast[to=1](h) @widen
      v0 = Cast[to=10](wide) @back
      v = Neg(v0) @neg
      narrow = Cast[to=10](x) @narrow
      u = Cast[to=1](narrow) @wideAgain
    }`,

  fuseGemm: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[2,3], a: float32[2,2,3]) -> (y: float32[2,2], z: float32[2,2,2], k: float32[2,2]) {
      const w: float32[3,2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
      const b: float32[2] = {0.5, -0.5}
      const column: float32[2,1] = {0.5, -0.5}
      m = MatMul(x, w) @matmul
      y = Add(b, m) @add
      # A batch of matrices, or a bias of rows, is no Gemm with a row.
      n = MatMul(a, w) @batch
      z = Add(n, b) @addBatch
      o = MatMul(x, w) @rows
      k = Add(o, column) @addRows
    }`,

  foldBias: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[1,1,2,2]) -> (y: float32[1,2,2,2], z: float32[1,2,2,2], t: float32[1,2,2,2]) {
      const w: float32[2,1,1,1] = {1.0, 2.0}
      const b: float32[2] = {0.5, -0.5}
      const each: float32[2,1,1] = {10.0, 20.0}
      const half: float32[] = {0.5}
      const line: float32[2] = {1.0, 2.0}
      c = Conv(x, w, b) @conv
      d = Add(c, each) @add
      e = Mul(half, d) @mul
      y = Sub(e, half) @sub
      # [2] lies along the width, not the channels.
      f = Conv(x, w) @conv2
      z = Add(f, line) @addLine
      # A value that is read twice stays.
      p = Conv(x, w) @conv3
      q = Add(p, each) @add3
      t = Mul(p, q) @mul3
    }`,

  foldBatchNorm: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[1,1,2,2], a: float32[1,2]) -> (y: float32[1,2,2,2], s: float32[1,2,2,2], u: float32[1,2], v: float32[1,2]) {
      const w: float32[2,1,1,1] = {1.0, 2.0}
      const scale: float32[2] = {1.0, 3.0}
      const shift: float32[2] = {0.0, 1.0}
      const mean: float32[2] = {2.0, 1.0}
      const var: float32[2] = {4.0, 9.0}
      const splatW: float32[2,1,1,1] = splat 2.0
      const one: float32[2] = splat 1.0
      const fc: float32[2,2] = {1.0, 2.0, 3.0, 4.0}
      c = Conv(x, w) @conv
      y = BatchNormalization[epsilon=0.0](c, scale, shift, mean, var) @bn
      # Constants of one element stay so.
      d = Conv(x, splatW, one) @convSplat
      s = BatchNormalization[epsilon=0.0](d, one, one, one, one) @bnSplat
      # A product of matrices becomes a Gemm.
      m = MatMul(a, fc) @matmul
      u = BatchNormalization[epsilon=0.0](m, scale, shift, mean, var) @bnMatmul
      # Nothing before it to go into.
      v = BatchNormalization(a, scale, shift, mean, var) @alone
    }`,

  mergeEqualNodes: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[2]) -> (y: float32[2], z: float32[2], o: float32[2], r: float32[2]) {
      const two: float32[] = {2.0}
      const alsoTwo: float32[] = {2.0}
      const three: float32[] = {3.0}
      a = Mul(x, two) @a
      b = Mul(x, alsoTwo) @b
      c = Mul(x, three) @c
      d = Relu(a) @d
      e = Relu(b) @e
      y = Add(d, e) @sum
      z = Add(c, e) @other
      # An output of the graph keeps its own node; random numbers are drawn twice.
      o = Relu(b) @output
      r1 = RandomNormalLike(x) @random1
      r2 = RandomNormalLike(x) @random2
      r = Sub(r1, r2) @difference
    }`,

  removeDeadNodes: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[1,1,4,4], unused: float32[2], c: bool[]) -> (y: float32[1,1,2,2], w: float32[2]) {
      const used: float32[2] = {1.0, 2.0}
      const stale: float32[2] = {3.0, 4.0}
      dead = Relu(x) @dead
      deader = Relu(dead) @deader
      y, places = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](x) @pool
      # Read by a subgraph alone.
      inner = Neg(used) @inner
      w = If[then_branch=graph t() -> (p: float32[2]) { p = Relu(inner) @p }, else_branch=graph e() -> (q: float32[2]) { q = Exp(inner) @q }](c) @if
    }`,
};

test('every pass of the pipeline has a golden', () => {
  expect(Object.keys(GRAPHS).sort()).toEqual([...byName.keys()].sort());
});

test.each(Object.keys(GRAPHS))('%s', async (name) => {
  const pass = byName.get(name) as Pass;
  const context: PassContext = {
    dims: name === 'bindDims' ? { N: 4 } : {},
    declared: 'check',
    engine: await createEngine(),
    foldLimit: 2 ** 20,
    provenance: new Map(),
  };
  const before = inferTypes(parseModel(GRAPHS[name]!));
  verifyModel(before);
  const after = await pass.run(before, context);
  verifyModel(after);
  const provenance = [...context.provenance].map(([node, from]) => `# ${node} ← ${from.join(', ')}\n`).join('');
  await expect(
    `# vitest run src/passes -u\n# ${pass.name}: ${pass.summary}\n\n# before\n${printModel(before)}\n# after\n` +
      `${printModel(inferTypes(after))}${provenance}`,
  ).toMatchFileSnapshot(`goldens/${name}.txt`);
});
