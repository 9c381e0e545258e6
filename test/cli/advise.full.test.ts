/**
 * The example of docs/advice.md: what `systole advise` says of MobileNetV2 on the textbook's machine, each command of it run again. `vitest run
 * test/cli/advise.full.test.ts -u` writes it anew; `npm run docs` takes it into the page.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systole } from './systole.ts';

const WORDS = ['advise', 'mobilenet-v2', '--machine', 'textbook-single'];

test('three pieces of advice on MobileNetV2, each confirmed by the run that it proposes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-advise-'));
  try {
    const { stdout } = await systole(WORDS, folder);
    await expect(`# systole ${WORDS.join(' ')}\n${stdout}`).toMatchFileSnapshot('../goldens/advice/mobilenet-v2.txt');
    const { advice } = JSON.parse((await systole([...WORDS, '--json'], folder)).stdout);
    expect(advice.length).toBeGreaterThanOrEqual(3);
    for (const { commands, after, saved } of advice.slice(0, 3)) {
      expect(saved.share).toBeGreaterThan(0.03);
      const [command] = commands;
      expect(stdout).toContain(`$ ${command}`);
      const { stdout: made } = await systole([...command.split(' ').slice(1), '--json'], folder);
      expect(JSON.parse(made).cycles, command).toBe(after.cycles * after.samples);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
