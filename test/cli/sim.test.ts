/**
 * `systole sim` on a schedule in the textbook's dialect, as a user calls it: what it prints stands in `goldens/`, the command on the
 * first line. `vitest run test/cli -u` writes them anew.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { systole } from './systole.ts';

/** Four tiles loaded and multiplied one after the other, then a result stored: 4 · (16 + 2) + 8 cycles. */
const SCHEDULE = `loop 4
  move DRAM NRAM 1024
  sync
  compute mac_32 300
  sync
endloop
move NRAM DRAM 512
sync
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-sim-'));
  writeFileSync(join(folder, 'schedule.s'), SCHEDULE);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.concurrent.for([
  ['json', 'sim schedule.s --machine textbook-single --json'],
  ['text', 'sim schedule.s --machine textbook-single'],
  ['text-zh', 'sim schedule.s --machine textbook-single --lang zh'],
] as const)('%s', async ([name, line], { expect }) => {
  const { code, stdout, stderr } = await systole(line.split(' '), folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await expect(`$ systole ${line}\n${stdout}`).toMatchFileSnapshot(`goldens/sim-${name}.txt`);
});
