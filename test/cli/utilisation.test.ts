/**
 * `systole utilisation` as a user calls it: what it prints stands in `goldens/`, the command on the first line. `vitest run test/cli
 * -u` writes them anew.
 */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { systole } from './systole.ts';

const CASES = [
  ['layers', 'utilisation'],
  ['sizes', 'utilisation --multipliers 16,32,64,128,256,512,1024,2048,4096 --bits 16'],
  ['scalar', 'utilisation --array scalar-mac --multipliers 512 --lang zh'],
  ['json', 'utilisation --multipliers 256,1024 --traffic weight-stationary --mapping channel --json'],
  ['model', 'utilisation adder --batch 2 --machine systolic-16x16 --array scalar-mac --traffic ideal --json'],
] as const;

test.concurrent.for(CASES)('%s', async ([name, line], { expect }) => {
  const { code, stdout, stderr } = await systole(line.split(' '), tmpdir());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await expect(`$ systole ${line}\n${stdout}`).toMatchFileSnapshot(`goldens/utilisation-${name}.txt`);
});

test('what it says on the help page is what it takes by default', async () => {
  const explicit =
    'utilisation --machine textbook-ch6 --array vector-mac --mapping im2col --traffic ideal --multipliers 256 --bits 32';
  const [plain, spelt] = await Promise.all(['utilisation', explicit].map((line) => systole(line.split(' '), tmpdir())));
  expect(spelt).toEqual(plain);
});
