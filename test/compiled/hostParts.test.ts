/** How nodes of the host are gathered into calls, and that the calls together do what the network does. */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compareOutputs, compileModel, runAndCheck } from '#flow';
import { parseModel, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { presets } from '#machine';

const eight = [2, 1, 3, 5, 1, 4, 2, 6];
const VALUES: Readonly<Record<string, Tensor>> = {
  x: tensorOf('float32', [8], eight),
  p: tensorOf('float32', [1, 2, 2, 2], eight),
  i: tensorOf('int64', [8], eight),
};

/** The operators of each host part of a compiled graph, and the calls that its layer-wise bound counts. */
async function partsOf(graph: string): Promise<{ parts: string[]; bound: string[] }> {
  const engine = await sharedEngine();
  const machine = presets.get('textbook-single')!;
  const model = parseModel(`model ir=8 producer="test" opset {"": 17}\ngraph g${graph}`);
  const compiled = await compileModel(model, { machine, engine });
  const feeds = new Map(model.graph.inputs.map(({ name }) => [name, VALUES[name]!]));
  expect((await runAndCheck(compiled, { engine, feeds })).check).toMatchObject({ ok: true });
  const { layers, layerwise } = compiled.program;
  return {
    parts: layers.filter((l) => l.where === 'host').map((l) => l.op),
    bound: layerwise!.groups.filter((g) => g.bound === 'host').map((g) => g.op),
  };
}

const CONV = 'const w: float32[2,2,1,1] = {1, 2, 3, 4}';

const FRACTIONS = 'const w: float32[2,2,1,1] = {0.3, 0.7, 0.1, 0.9}';

describe('one call for what follows each other on the host', () => {
  test.each([
    [
      'operators that the processor does not have',
      '(x: float32[8]) -> (y) { a = Sin(x) b = Cos(a) c = Sin(b) y = Cos(c) }',
      'Sin+Cos+Sin+Cos',
    ],
    [
      'operators that it has for another type',
      '(i: int64[8]) -> (y) { const k: int64[] = {3} a = Add(i, k) b = Mul(a, i) c = Sub(b, k) y = Add(c, a) }',
      'Add+Mul+Sub+Add',
    ],
    [
      'float64 between conversions',
      '(x: float32[8]) -> (y) { a = Cast[to=11](x) b = Exp(a) c = Sqrt(b) y = Cast[to=1](c) }',
      'Cast+Exp+Sqrt+Cast',
    ],
  ])('%s', async (_, graph, part) => {
    expect(await partsOf(graph)).toEqual({ parts: [part], bound: [part] });
  });

  test('two chains around a convolution that reads neither', async () => {
    const found = await partsOf(
      `(p: float32[1,2,2,2], i: int64[8]) -> (y, a, b) { ${CONV} s = Sin(p) y = Conv(p, w) a = Cos(s) b = Mul(i, i) }`,
    );
    const one = ['Sin+Cos+Mul'];
    expect(found).toEqual({ parts: one, bound: one });
  });

  test('the processor between two chains makes them two calls', async () => {
    const found = await partsOf(
      `(p: float32[1,2,2,2]) -> (y) { ${CONV} a = Sin(p) b = Cos(a) c = Conv(b, w) d = Sin(c) e = Cos(d) y = Mul(e, a) }`,
    );
    const two = ['Sin+Cos', 'Sin+Cos'];
    expect(found).toEqual({ parts: two, bound: two });
  });
});

describe('half precision', () => {
  test.each([
    [
      'float16',
      '(p: float32[1,2,2,2]) -> (y) { CONV h = Cast[to=10](p) v = Cast[to=10](w) c = Conv(h, v) r = Relu(c) s = Sigmoid(r) y = Cast[to=1](s) }',
    ],
    [
      'float16',
      '(p: float32[1,2,2,2]) -> (y) { CONV n = Cast[to=10](p) h = Div(n, n) g = Softsign(h) f = Cast[to=1](g) c = Conv(f, w) e = Cast[to=10](c) d = Tanh(e) y = Cast[to=1](d) }',
    ],
    [
      'bfloat16',
      '(p: float32[1,2,2,2]) -> (y) { CONV b = Cast[to=16](p) f = Cast[to=1](b) c = Conv(f, w) e = Cast[to=16](c) y = Cast[to=1](e) }',
    ],
  ])('%s passes within its rounding and fails beyond: %s', async (rounding, text) => {
    const engine = await sharedEngine();
    const model = parseModel(`model ir=8 producer="test" opset {"": 18}\ngraph g${text.replace('CONV', FRACTIONS)}`);
    const compiled = await compileModel(model, { machine: presets.get('textbook-single')!, engine });
    const feeds = new Map([
      [
        'p',
        tensorOf(
          'float32',
          [1, 2, 2, 2],
          eight.map((v) => v / 7),
        ),
      ],
    ]);
    const { check, outputs, reference } = await runAndCheck(compiled, { engine, feeds });
    expect(check).toMatchObject({ ok: true, outputs: [{ rounding }] });
    const y = outputs.get('y')!;
    const tampered = tensorOf(
      'float32',
      y.dims,
      [...tensorNumbers(y)].map((v, i) => (i === 3 ? v * 1.2 : v)),
    );
    const found = compareOutputs(new Map([['y', tampered]]), reference, engine.kind, compiled.model.graph);
    expect(found).toMatchObject({ ok: false, outputs: [{ wrong: 1 }] });
  });
});
