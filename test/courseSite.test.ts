/** The site of the course, built of two exercises: both languages in Chromium, and what ends a build. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildSite } from '../scripts/site/build.ts';
import { filesOf } from '../scripts/site/figures.ts';
import { deadLinks } from '../scripts/site/links.ts';
import { formulaHtml, markdownHtml } from '../scripts/site/markdown.ts';
import { ROOT } from './house/sources.ts';
import { pageFaults } from './support/courseSite.ts';
import { findChromium, openChromium } from './tour/chromium.ts';

const executable = findChromium();
const ABSENT = 'no Chromium on this machine: apt-get install chromium, or set CHROMIUM to its path';

let [parent, browser] = ['', undefined as Browser | undefined];
beforeAll(async () => {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  parent = mkdtempSync(join(ROOT, '.cache', 'site-'));
  if (executable !== undefined) browser = await openChromium(executable);
});
afterAll(async () => {
  await browser?.close();
  rmSync(parent, { recursive: true, force: true });
});

test('pages of both languages, complete and without a fault', async (context) => {
  const folder = join(parent, 'site');
  const wanted = ['2.2', '2.6'];
  // Links into the repository hold where the site is two folders deep, as docs/course is; here it is three.
  await expect(buildSite(folder, { isWanted: (id) => wanted.includes(id) })).rejects.toThrow('lead nowhere');
  const near = `${parent}-near`;
  try {
    const pages = await buildSite(near, { isWanted: (id) => wanted.includes(id) });
    expect(pages).toEqual(['en', 'zh'].flatMap((l) => ['index', ...wanted].map((name) => `${l}/${name}.html`)));
    expect(readFileSync(join(near, 'en/2.2.html'), 'utf8')).toMatch(
      /22538[\s\S]*class="wrong"[\s\S]*href="2\.6\.html"/,
    );
    writeFileSync(
      join(near, 'en/more.html'),
      '<a href="2.2.html#main"></a><a href="2.2.html#no"></a><img src="../x.svg">',
    );
    expect(deadLinks(near)).toEqual(['en/more.html: 2.2.html#no', 'en/more.html: ../x.svg']);
    if (browser === undefined) {
      if (process.env.CI === 'true') throw new Error(ABSENT);
      return context.skip(ABSENT);
    }
    expect(await pageFaults(browser, near, pages)).toEqual([]);
  } finally {
    rmSync(near, { recursive: true, force: true });
  }
});

test('Markdown keeps formulas from its own marks; a wrong formula ends the build', () => {
  expect(markdownHtml('a $x_1*y_2*z$ *b*')).toMatch(/class="katex"[\s\S]*<em>b<\/em>/);
  expect(markdownHtml('一\n二')).toContain('一二');
  expect(markdownHtml('**数据。**有 $a*b$')).toContain('<strong>数据。</strong>有');
  expect(markdownHtml('| a | b |\n|---|---|\n| 1 | 2 |')).toContain('<div class="scroll" tabindex="0"><table>');
  expect(() => formulaHtml('\\frac{1}', false)).toThrow(/KaTeX/);
});

test('figures depend on which files of MNIST are there, not on whether its folder is', () => {
  const folder = join(parent, 'mnist');
  expect(filesOf(folder)).toEqual(['absent']);
  mkdirSync(folder);
  writeFileSync(join(folder, 'train-images-idx3-ubyte'), 'abc');
  expect(filesOf(folder)).toEqual(['train-images-idx3-ubyte 3']);
  writeFileSync(join(folder, 't10k-images-idx3-ubyte'), 'ab');
  expect(filesOf(folder)).toEqual(['t10k-images-idx3-ubyte 2', 'train-images-idx3-ubyte 3']);
});
