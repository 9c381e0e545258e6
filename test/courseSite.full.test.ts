/** The whole site of the course: every exercise run, every page of both languages in Chromium. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exercises } from '../course/index.ts';
import { buildSite } from '../scripts/site/build.ts';
import { ROOT } from './house/sources.ts';
import { pageFaults } from './support/courseSite.ts';
import { findChromium, openChromium } from './tour/chromium.ts';

const executable = findChromium();

test.skipIf(executable === undefined)('every page renders without a fault (skipped without Chromium)', async () => {
  // As deep in the repository as docs/course, since pages link into it.
  const folder = join(ROOT, '.cache', 'site-whole');
  const browser = await openChromium(executable!);
  try {
    const pages = await buildSite(folder);
    expect(pages.length).toBe(2 * (exercises.length + 1));
    expect(await pageFaults(browser, folder, pages)).toEqual([]);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
