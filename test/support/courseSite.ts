/** Opens every page of the course's site in Chromium and says what a reader would trip over. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser } from 'playwright-core';

interface Verdict {
  readonly passes: readonly unknown[];
  readonly violations: readonly { readonly id: string; readonly impact: string; readonly nodes: readonly unknown[] }[];
}

/** Per page: what it complains of or asks of the network, pictures that do not load, formulas that are not set, what axe finds serious. */
export async function pageFaults(
  browser: Browser,
  folder: string,
  pages: readonly string[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [i, page] of pages.entries()) {
    const context = await browser.newContext({
      viewport: i % 3 === 0 ? { width: 390, height: 800 } : { width: 1100, height: 900 },
      colorScheme: i % 2 === 0 ? 'light' : 'dark',
    });
    const tab = await context.newPage();
    const say = (what: string): number => faults.push(`${page}: ${what}`);
    tab.on('console', (m) => ['error', 'warning'].includes(m.type()) && say(m.text()));
    tab.on('pageerror', (error) => say(error.message));
    tab.on('request', (r) => /^(?:file|data):/.test(r.url()) || say(`asks for ${r.url()}`));
    await tab.goto(pathToFileURL(join(folder, page)).href, { waitUntil: 'load' });
    const found = (await tab.evaluate(`({
      pictures: [...document.images].filter((i) => i.naturalWidth === 0).map((i) => i.src),
      wrong: document.querySelectorAll('.katex-error').length,
      formulas: document.querySelectorAll('.katex').length,
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      text: [...document.querySelectorAll('main p, main li, main h1, main h2, main td')].filter((e) => !e.closest('pre')).map((e) => e.innerText).join('\\n'),
    })`)) as { pictures: string[]; wrong: number; formulas: number; wide: number; text: string };
    for (const picture of found.pictures) say(`no picture ${picture}`);
    if (found.wrong > 0) say(`${found.wrong} formulas are wrong`);
    if (found.formulas === 0 && readFileSync(join(folder, page), 'utf8').includes('class="katex"')) say('no formula');
    if (found.wide > 1) say(`${found.wide} pixels wider than the window`);
    const left = /\$|\*\*|\\[a-z]{2,}|undefined|\[object/.exec(found.text.replace(/^.*systole .*$/gm, ''));
    if (left !== null) say(`source shows: ${found.text.slice(Math.max(0, left.index - 30), left.index + 40)}`);
    await tab.evaluate(axe.source);
    const { passes, violations } = (await tab.evaluate('axe.run({ preload: false })')) as Verdict;
    if (passes.length < 8) say('axe looked at nothing');
    for (const v of violations) {
      if (v.impact === 'serious' || v.impact === 'critical')
        say(`${v.id}: ${JSON.stringify(v.nodes[0]).slice(0, 300)}`);
    }
    await context.close();
  }
  return faults;
}
