/** `systole explain` as a user calls it: what it prints stands in `goldens/`, the command on the first line. `vitest run test/cli -u` writes them anew. */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { systole } from './systole.ts';

const CASES = [
  ['layers', 'explain lenet5'],
  ['layer', 'explain resnet18 --layer layer1/0/conv2/Conv --schedules 3'],
  ['winograd', 'explain resnet18 --layer layer1/0/conv2/Conv --schedules 3 --machine textbook-extended'],
  ['im2col', 'explain resnet18 --layer 1 --schedules 3'],
  ['pool', 'explain lenet5 --layer network/2/MaxPool --schedules 3 --machine textbook-ch6 --fuse-pools off'],
  ['formula', 'explain vit-small --layer encoder/layers/encoder_layer_0/ln_1/LayerNormalization --schedules 3'],
  ['layer-zh', 'explain adder --layer 1 --schedules 2 --lang zh'],
] as const;

test.concurrent.for(CASES)('%s', async ([name, line], { expect }) => {
  const { code, stdout, stderr } = await systole(line.split(' '), tmpdir());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await expect(`$ systole ${line}\n${stdout}`).toMatchFileSnapshot(`goldens/explain-${name}.txt`);
});

test('a layer that is not there, and JSON', async () => {
  const wrong = await systole(['explain', 'adder', '--layer', 'nosuch'], tmpdir());
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('SYS-FLOW-150');
  const { stdout } = await systole(['explain', 'adder', '--json'], tmpdir());
  const { layers, cycles } = JSON.parse(stdout) as { layers: { cycles: number; losses: object }[]; cycles: number };
  expect(layers.reduce((n, l) => n + l.cycles, 0)).toBeLessThanOrEqual(cycles);
  for (const l of layers) expect(Object.values(l.losses).reduce((a, b) => a + b, 0)).toBeCloseTo(l.cycles, 6);
});
