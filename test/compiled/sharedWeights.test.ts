/** Weights that several nodes have are packed once, where they are packed alike. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, randomInput, runAndCheck } from '#flow';
import { parseModel } from '#ir';
import { presets } from '#machine';

const MODEL = parseModel(`
  model ir=8 producer="test" opset {"": 17}
  graph net(x: float32[1,16,12,12], r: float32[4,32]) -> (y: float32[1,16,12,12], s: float32[4,32]) {
    const w: float32[16,16,3,3] = splat 0.01
    const b: float32[16] = splat 0.5
    const m: float32[32,32] = splat 0.02
    c1 = Conv[pads=[1, 1, 1, 1]](x, w, b) @one
    c2 = Conv[pads=[1, 1, 1, 1]](c1, w, b) @two
    y = Conv[pads=[1, 1, 1, 1]](c2, w) @without
    t = MatMul(r, m) @first
    s = MatMul(t, m) @second
  }`);

test('three convolutions and two products', async () => {
  const engine = await sharedEngine();
  const machine = presets.get('textbook-single')!;
  const compiled = await compileModel(MODEL, { machine, engine });
  const packed = compiled.program.constants.filter((c) => c.name.endsWith('.weights'));
  // The third convolution has no bias behind its blocks.
  expect(packed.map((c) => c.bytes).sort((a, b) => a - b)).toEqual([4 * 1024, 4 * 2304, 4 * (2304 + 16)]);
  // Compulsory is what the network has, not what copies of it would take.
  expect(compiled.program.compulsory!.readBytes).toBe(
    packed.reduce((n, c) => n + c.bytes, 0) + 4 * (16 * 144 + 4 * 32),
  );
  const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  const { check } = await runAndCheck(compiled, { engine, feeds });
  expect(check.ok).toBe(true);
});
