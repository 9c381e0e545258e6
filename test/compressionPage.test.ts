/** docs/compression.md: its commands run as they stand and print what the page says, but for the digits behind the point. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from './house/sources.ts';
import { runPage } from './support/pageCode.ts';

/** The commands of the page, each with the lines that stand behind it. */
function sessions(page: string): readonly { readonly args: readonly string[]; readonly said: string }[] {
  return [...page.matchAll(/```console\n(.*?)```/gs)].flatMap(([, block]) =>
    block!
      .split(/^\$ systole /m)
      .slice(1)
      .map((text) => {
        const [line, ...said] = text.trimEnd().split('\n');
        return { args: line!.split(' '), said: said.join('\n') };
      }),
  );
}

/** Figures of floats differ in their last digits from CPU to CPU. */
const rounded = (text: string): string => text.replaceAll(/\d+\.\d+(e[+-]?\d+)?/g, '#').trim();

test('the commands of docs/compression.md print what it says', { timeout: 60_000 }, () => {
  const page = readFileSync(`${ROOT}docs/compression.md`, 'utf8');
  const all = sessions(page);
  expect(all).toHaveLength(5);
  runPage('docs/compression.md', ({ status, stderr, folder }) => {
    expect([status, stderr]).toEqual([0, '']);
    for (const { args, said } of all) {
      const run = spawnSync(process.execPath, ['--conditions=source', `${ROOT}bin/systole.mjs`, ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', NO_COLOR: '1' },
      });
      expect([run.status, rounded(run.stdout)], args.join(' ')).toEqual([0, rounded(said)]);
    }
  });
});
