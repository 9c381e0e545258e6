/**
 * `systole estimate` and the pictures on paper, as a user calls them: what they print stands in `goldens/`, the command on the first line.
 * `vitest run test/cli -u` writes them anew.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systole } from './systole.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-estimate-'));
  writeFileSync(
    join(folder, 'dilated.txt'),
    'model ir=8 producer="test" opset {"": 17}\ngraph net(x: float32[N,2,8,8]) -> (y: float32[N,3,4,4]) {\n' +
      '  const w: float32[3,2,3,3] = splat 1.0\n  y = Conv[dilations=[2, 2], kernel_shape=[3, 3]](x, w) @wide\n}\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CASES = [
  ['fusion', 'estimate fusion alexnet vgg19 resnet152'],
  ['fusion-ridge', 'estimate fusion squeezenet --ridge 40 --bits 16 --lang zh'],
  ['speedup', 'estimate speedup alexnet-paper --conv 10 --fc 2'],
  ['speedup-roofline', 'estimate speedup alexnet-paper --conv 10 --fc 2 --time roofline --other-share 5 --lang zh'],
  ['fully-connected', 'estimate fully-connected --bandwidth 12.8 --bits 16'],
  ['fully-connected-single', 'estimate fully-connected --bandwidth 1.6 --rate 1 --peak 8 --batch 2 --lang zh'],
  ['tiling', 'estimate tiling --layer conv3 --tile 64,32,7,7'],
  ['tiling-product', 'estimate tiling --layer fc6 --lang zh'],
  ['roofline', 'plot roofline alexnet-paper vgg19 resnet152 --machine textbook-ch6 --multipliers 16,64,256,1024,4096'],
  ['roofline-layers', 'plot roofline alexnet-paper --machine textbook-ch6 --analytic --lang zh'],
  ['tile-walk', 'plot tiling --layer conv5'],
] as const;

test.concurrent.for(CASES)('%s', async ([name, line], { expect }) => {
  const { code, stdout, stderr } = await systole(line.split(' '), folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await expect(`$ systole ${line}\n${stdout}`).toMatchFileSnapshot(`goldens/estimate-${name}.txt`);
});

test('pictures on paper are files, too', async () => {
  for (const line of [
    'roofline adder lenet5 --multipliers 16,256 -o roofline.svg',
    'tiling lenet5 --layer network/3/Conv --lang zh -o walk.svg',
  ]) {
    expect((await systole(['plot', ...line.split(' ')], folder)).code).toBe(0);
  }
  expect(readFileSync(join(folder, 'roofline.svg'), 'utf8')).toMatch(/N = 16, ridge[\s\S]*lenet5/);
  expect(readFileSync(join(folder, 'walk.svg'), 'utf8')).toContain('network/3/Conv 的分块遍历');
});

test.each([
  ['tiling --layer conv9', 'SYS-CLI-220'],
  ['tiling --tile 1,2,3', 'SYS-CLI-221'],
  ['tiling --tile 97,2,3,4', 'SYS-REPORT-010'],
  ['tiling dilated.txt --batch 1', 'SYS-REPORT-011'],
  ['tiling lenet5 --batch 2', 'SYS-REPORT-011'],
  ['speedup lenet5 --other-share 100', 'SYS-CLI-004'],
  ['fully-connected --rate 0', 'SYS-CLI-004'],
])('refused: %s', async (words, code) => {
  const { code: exit, stderr } = await systole(['estimate', ...words.split(' ')], folder);
  expect(stderr).toContain(code);
  expect(exit).not.toBe(0);
});
