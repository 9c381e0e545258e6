/** The compulsory traffic of a program: derived from its plan, exact where nothing is read twice. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { parseModel } from '#ir';
import { presets } from '#machine';
import { assertAbovePhysicalBound } from '#report';
import { errorOf } from '../support/errorText.ts';

/** What is in the graph, elements (f32) that must be read, elements that must be written. */
const CASES: readonly (readonly [name: string, graph: string, read: number, written: number])[] = [
  [
    'weights and bias count, once each',
    `(x: float32[1,3,8,8]) -> (y) { const w: float32[4,3,3,3] = splat 1.5 const b: float32[4] = splat 1.5 y = Conv(x, w, b) }`,
    3 * 64 + 4 * 27 + 4,
    4 * 36,
  ],
  [
    'a strided window of one pixel leaves three in four out',
    `(x: float32[1,3,8,8]) -> (y) { const w: float32[4,3,1,1] = splat 1.5 y = Conv[strides=[2,2]](x, w) }`,
    3 * 16 + 12,
    4 * 16,
  ],
  [
    'rows that no window reaches are not read',
    '(x: float32[1,2,7,7]) -> (y) { y = MaxPool[kernel_shape=[2,2], strides=[2,2]](x) }',
    2 * 36,
    2 * 9,
  ],
  [
    'what a Gather leaves out is not read',
    `(x: float32[10,6]) -> (y) { const i: int64[2] = {2, 3} z = Gather(x, i) y = Exp(z) }`,
    12,
    12,
  ],
  [
    'two readers of one input read it once, two halves both',
    `(x: float32[1,4,3,3], h: float32[8,5]) -> (y, z, u, v) {
      y = Exp(x) z = Tanh(x)
      const s: int64[2] = {4, 4} a, b = Split(h, s) u = Exp(a) v = Exp(b)
    }`,
    36 + 40,
    72 + 40,
  ],
  [
    'negative padding is not read',
    '(x: float32[6,6]) -> (y) { const p: int64[4] = {0, -2, 0, 1} y = Pad(x, p) }',
    24,
    30,
  ],
  ['a broadcast reads its elements once', '(x: float32[6,1], z: float32[6,9]) -> (y) { y = Add(z, x) }', 60, 54],
  [
    'the host writes its own outputs and reads its own inputs',
    '(x: float32[6], z: float32[7]) -> (y, u) { y = Sin(x) u = Exp(z) }',
    7,
    7,
  ],
];

test.each(CASES)('%s', async (_, graph, read, written) => {
  const machine = presets.get('textbook-single')!;
  const engine = await sharedEngine();
  const model = parseModel(`model ir=8 producer="test" opset {"": 17}\ngraph g${graph}`);
  const { program } = await compileModel(model, { machine, engine });
  expect(program.compulsory).toEqual({ readBytes: 4 * read, writeBytes: 4 * written });
  const { result } = await executeProgram(program, { data: false });
  assertAbovePhysicalBound(program, result);
  // A simulator that loses traffic does not lower its own bound.
  for (const lost of ['readBytes', 'writeBytes'] as const) {
    const total = { ...result.total, [lost]: program.compulsory![lost] - 4 };
    expect(errorOf(() => assertAbovePhysicalBound(program, { ...result, total }))).toMatchObject({
      code: 'SYS-REPORT-001',
    });
  }
});
