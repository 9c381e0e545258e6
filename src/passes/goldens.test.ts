/** Each pass on a small graph, before and after, in the graph's own text form (`goldens/<pass>.txt`). */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine, hostValues } from '#engine';
import { elementCount, parseModel, printModel, tensorOf, verifyModel } from '#ir';
import { inferTypes } from '#ops';
import { floatSteps, integerSteps, type Pass, type PassContext, pipeline, recognitionSteps, runPasses } from '#passes';
import { difference } from '../../test/support/compareTensors.ts';

const byName = new Map(
  [...pipeline, ...recognitionSteps, ...integerSteps, ...floatSteps].map(({ pass }) => [pass.name, pass]),
);

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

  expandFunctions: `
    model ir=10 producer="test" opset {"": 23}
    graph g(q: float32[1,2,3,4], k: float32[1,1,5,4], v: float32[1,1,5,2], x: float32[2,3], h: float16[2]) -> (y: float32[1,2,3,2], s: float32[2,3], c: float32[2], e: float32[2,3], w: float16[2]) {
      # Two heads of queries share one of keys.
      y: float32[1,2,3,2] = Attention[is_causal=1](q, k, v) @attention
      s: float32[2,3] = Shrink[lambd=0.5, bias=0.25](x) @shrink
      like = Constant[value=float32[1] {0.0}]() @like
      c: float32[2] = CastLike(h, like) @cast
      # Known as it stands.
      e = Elu(x) @elu
      # In half precision it is computed in float32 and rounded once.
      wide = Swish(h) @swish
      w = Relu(wide) @relu
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

  simplifyShapes: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[N,3,4]) -> (y: float32[N,12], z: float32[N,2,2,3], u: int64[3,K]) {
      const zero: int64[] = {0}
      const twelve: int64[1] = {12}
      const split: int64[4] = {-1, 2, 2, 3}
      const start: int64[1] = {0}
      const first: int64[1] = {0}
      # The size of a batch, computed.
      s = Shape(x) @shape
      n = Gather[axis=0](s, zero) @gather
      rows = Unsqueeze(n, first) @unsqueeze
      to = Concat[axis=0](rows, twelve) @concat
      y = Reshape(x, to) @reshape
      # Of two in a row the last counts.
      f = Flatten(x) @flat
      z = Reshape(f, split) @last
      # Nothing is known of this one.
      t = Relu(x) @relu
      where = NonZero(t) @where
      open = Shape(where) @open
      u = Reshape(where, open) @unknown
    }`,

  moveTransposes: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[1,2,3,4], a: float32[2,3], b: float32[2,3]) -> (y: float32[1,2,3,4], z: float32[3,2], w: float32[3,2]) {
      const none: float32[] = {0.0}
      # There and back around element-wise nodes.
      t = Transpose[perm=[0, 2, 3, 1]](x) @there
      r = Relu(t) @relu
      c = Clip(r, none) @clip
      y = Transpose[perm=[0, 3, 1, 2]](c) @back
      # Two alike; and one that somebody else reads, too.
      s = Transpose[perm=[1, 0]](a) @left
      u = Transpose[perm=[1, 0]](b) @right
      z = Add(s, u) @sum
      k = Transpose[perm=[1, 0]](a) @kept
      l = Relu(k) @first
      w = Mul(l, k) @second
    }`,

  foldPads: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[1,1,4,4]) -> (y: float32[1,1,5,4], p: float32[1,1,3,3], m: float32[1,1,3,3], k: float32[1,1,3,2]) {
      const w: float32[1,1,3,3] = splat 1.0
      const around: int64[8] = {0, 0, 1, 1, 0, 0, 1, 1}
      const below: int64[8] = {0, 0, 0, 0, 0, 0, 1, 0}
      const low: float32[] = {-inf}
      const one: float32[] = {1.0}
      a = Pad(x, around) @pad
      # On top of pads of its own.
      y = Conv[pads=[0, 0, 1, 0]](a, w) @conv
      b = Pad(x, around) @padPool
      p = AveragePool[kernel_shape=[2, 2], strides=[2, 2]](b) @average
      c = Pad(x, around, low) @padMax
      m = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](c) @max
      # Ones are no padding of a convolution.
      d = Pad(x, below, one) @ones
      e = Pad(d, around, one) @more
      k = Conv[strides=[2, 2]](e, w) @other
    }`,

  recogniseGelu: `
    model ir=9 producer="test" opset {"": 20}
    graph g(x: float32[2,3], z: float32[2,3]) -> (y: float32[2,3], t: float32[2,3], n: float32[2,3]) {
      const half: float32[] = {0.5}
      const one: float32[] = {1.0}
      const root: float32[] = {1.4142135}
      const three: float32[] = {3.0}
      const c: float32[] = {0.044715}
      const s: float32[] = {0.7978846}
      d = Div(x, root) @div
      e = Erf(d) @erf
      f = Add(e, one) @plus
      g1 = Mul(x, f) @gate
      y = Mul(g1, half) @half
      # By the hyperbolic tangent, in another order.
      p = Pow(z, three) @cube
      q = Mul(c, p) @scaled
      r = Add(z, q) @polynomial
      u = Mul(s, r) @outer
      v = Tanh(u) @tanh
      w = Add(one, v) @plus2
      h = Mul(half, z) @half2
      t = Mul(h, w) @gate2
      # Another constant is another function.
      a = Mul(x, half) @inner
      b = Erf(a) @erf3
      i = Add(b, one) @plus3
      j = Mul(x, i) @gate3
      n = Mul(j, half) @half3
    }`,

  recogniseLayerNorm: `
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[2,3,4], z: float32[2,4]) -> (y: float32[2,3,4], u: float32[2,4], v: float32[2,3,4]) {
      const two: float32[] = {2.0}
      const half: float32[] = {0.5}
      const epsilon: float32[] = {0.00001}
      const scale: float32[4] = {1.0, 2.0, 3.0, 4.0}
      const bias: float32[4] = {4.0, 3.0, 2.0, 1.0}
      m = ReduceMean[axes=[-1]](x) @mean
      d = Sub(x, m) @centre
      s = Pow(d, two) @square
      a = ReduceMean[axes=[-1]](s) @variance
      e = Add(a, epsilon) @epsilon
      r = Sqrt(e) @root
      n = Div(d, r) @normalise
      w = Mul(n, scale) @scale
      y = Add(w, bias) @bias
      # Without scale and bias; the square as a product.
      m2 = ReduceMean[axes=[1]](z) @mean2
      d2 = Sub(z, m2) @centre2
      s2 = Mul(d2, d2) @square2
      a2 = ReduceMean[axes=[1]](s2) @variance2
      e2 = Add(epsilon, a2) @epsilon2
      r2 = Pow(e2, half) @root2
      u = Div(d2, r2) @normalise2
      # Over another axis.
      m3 = ReduceMean[axes=[1]](x) @mean3
      d3 = Sub(x, m3) @centre3
      s3 = Pow(d3, two) @square3
      a3 = ReduceMean[axes=[1]](s3) @variance3
      e3 = Add(a3, epsilon) @epsilon3
      r3 = Sqrt(e3) @root3
      v = Div(d3, r3) @normalise3
    }`,

  recogniseAttention: `
    model ir=11 producer="test" opset {"": 23}
    graph g(q: float32[1,2,3,4], k: float32[1,2,5,4], v: float32[1,2,5,4], mask: float32[3,5]) -> (y: float32[1,2,3,4], z: float32[1,2,3,4]) {
      const two: float32[] = {2.0}
      t = Transpose[perm=[0, 1, 3, 2]](k) @turn
      p = MatMul(q, t) @scores
      s = Div(p, two) @scale
      m = Add(s, mask) @mask
      a = Softmax[axis=-1](m) @softmax
      y = MatMul(a, v) @values
      # Over another axis.
      t2 = Transpose[perm=[0, 1, 3, 2]](k) @turn2
      p2 = MatMul(q, t2) @scores2
      a2 = Softmax[axis=2](p2) @softmax2
      z = MatMul(a2, v) @values2
    }`,

  qdqToQLinear: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: uint8[1,1,3,3], a: uint8[2,4]) -> (p: uint8[1,1,1,1], q: uint8[2,2], r: uint8[2,2], u: uint8[1,1,2,2], v: uint8[1,1,2,2]) {
      const s: float32[] = {0.5}
      const z: uint8[] = {0}
      const wide: float32[] = {6.0}
      const none: float32[] = {0.0}
      const w: int8[1,1,2,2] = {1, -2, 3, -4}
      const sw: float32[1] = {0.25}
      const zw: int8[1] = {0}
      const b: int32[1] = {7}
      const sb: float32[1] = {0.125}
      const other: float32[1] = {0.5}
      const m: int8[2,4] = {1, 2, 3, 4, 5, 6, 7, 8}
      const sm: float32[2] = {0.5, 0.25}
      const k: int8[4,2] = {1, 2, 3, 4, 5, 6, 7, 8}
      const c: int32[2] = {9, -9}
      const sc: float32[2] = {0.25, 0.125}
      xf = DequantizeLinear(x, s, z) @dqX
      wf = DequantizeLinear[axis=0](w, sw, zw) @dqW
      bf = DequantizeLinear[axis=0](b, sb) @dqB
      # A convolution; the saturation of the quantiser is the Relu.
      y1 = Conv(xf, wf, bf) @conv
      y2 = Relu(y1) @relu
      y3 = QuantizeLinear(y2, s, z) @qConv
      # The largest of integers is the integer of the largest.
      y4 = DequantizeLinear(y3, s, z) @dqPool
      y5 = MaxPool[kernel_shape=[2, 2]](y4) @pool
      p = QuantizeLinear(y5, s, z) @qPool
      # Products of matrices, with and without a bias.
      af = DequantizeLinear(a, s, z) @dqA
      kf = DequantizeLinear(k, s) @dqK
      t1 = MatMul(af, kf) @matmul
      q = QuantizeLinear(t1, s, z) @qMatmul
      mf = DequantizeLinear[axis=0](m, sm) @dqM
      cf = DequantizeLinear[axis=0](c, sc) @dqC
      t2 = Gemm[transB=1](af, mf, cf) @gemm
      r = QuantizeLinear(t2, s, z) @qGemm
      # A bias of another scale stays; a Clip that cuts within the range is one of the codes.
      of = DequantizeLinear[axis=0](b, other) @dqOther
      u1 = Conv(xf, wf, of) @convOther
      u = QuantizeLinear(u1, s, z) @qOther
      v1 = Conv(xf, wf) @convClip
      v2 = Clip(v1, none, wide) @clip
      v = QuantizeLinear(v2, s, z) @qClip
    }`,

  dequantiseConstants: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[1,1,3,3], c: int8[2]) -> (y: float32[1,1,2,2], z: float32[2]) {
      const w: int8[1,1,2,2] = {1, -2, 3, -4}
      const s: float32[] = {0.25}
      wf = DequantizeLinear(w, s) @dqW
      y = Conv(x, wf) @conv
      # What is fed is no constant.
      z = DequantizeLinear(c, s) @dqC
    }`,

  qdqToFloats: `
    model ir=8 producer="test" opset {"": 13}
    graph g(x: float32[2,3], v: float32[3]) -> (y: float32[2,3], z: float32[2,3], q: uint8[2,3], w: float32[3]) {
      const s: float32[] = {0.5}
      const t: float32[] = {0.25}
      const e: uint8[] = {3}
      const n: float32[3] = {0.5, 0.25, 0.125}
      a = Relu(x) @relu
      q1 = QuantizeLinear(a, s, e) @q1
      y1 = DequantizeLinear(q1, s, e) @dq1
      y = Exp(y1) @exp
      # The same codes once more, the second time as an output.
      z = DequantizeLinear(q1, s, e) @dq2
      # Codes that are an output, and read at another scale.
      q = QuantizeLinear(a, s, e) @q3
      q3 = DequantizeLinear(q, t, e) @dq3
      u = Tanh(q3) @tanh
      # Scales of an axis.
      q4 = QuantizeLinear[axis=0](v, n) @q4
      w = DequantizeLinear[axis=0](q4, n) @dq4
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

test('every pass has a golden', () => {
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

/** Passes whose graphs ONNX Runtime runs before and after, on floats. */
const COMPARED = [
  ...['simplifyShapes', 'moveTransposes', 'foldPads', 'recogniseGelu', 'recogniseLayerNorm', 'recogniseAttention'],
  ...['removeIdentities', 'fuseGemm', 'foldBias', 'foldBatchNorm', 'qdqToFloats'],
];

test.each(COMPARED)('%s: ONNX Runtime computes the same', async (name) => {
  const engine = await createEngine();
  const before = inferTypes(parseModel(GRAPHS[name]!));
  const { model: after } = await runPasses(before, { engine, steps: [{ pass: byName.get(name)!, why: '' }] });
  expect(after).not.toBe(before);
  const random = new Random(3);
  const feeds = new Map(
    before.graph.inputs.map(({ name: input, type }) => {
      if (type?.kind !== 'tensor') throw new Error(`${input} is no tensor`);
      const dims = type.shape!.map((d) => (typeof d === 'number' ? d : 2));
      const values = Array.from({ length: elementCount(dims) }, () => 2 * random.normal());
      return [input, tensorOf(type.dtype, dims, values)] as const;
    }),
  );
  const [expected, found] = [
    await hostValues(before, feeds, undefined, engine),
    await hostValues(after, feeds, undefined, engine),
  ];
  for (const [output, value] of expected) expect(difference(found.get(output), value), output).toBeUndefined();
});
