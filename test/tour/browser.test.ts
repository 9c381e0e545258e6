/**
 * The tour in Chromium, from the same sources as in Node: bundled, served on 127.0.0.1, run in a headless page.
 * The result must equal Node's exactly, and the page's console must stay free of errors.
 */
import { expect, test } from 'vitest';
import { findChromium, openChromium } from './chromium.ts';
import { bundleTour, servePage } from './page.ts';
import { runTour } from './tour.ts';

const executable = findChromium();
const ABSENT = 'no Chromium on this machine: apt-get install chromium, or set CHROMIUM to its path';

test('the tour needs nothing of Node to be bundled', async () => {
  expect((await bundleTour()).length).toBeGreaterThan(1000);
});

test('the tour gives the same result in headless Chromium as in Node', async (context) => {
  if (executable === undefined) {
    // The gate must not pass for want of a browser.
    if (process.env.CI === 'true') throw new Error(ABSENT);
    console.warn(`skipped: ${context.task.name}: ${ABSENT}`);
    return context.skip(ABSENT);
  }
  const page = await servePage(await bundleTour());
  const browser = await openChromium(executable);
  try {
    const tab = await browser.newPage();
    const complaints: string[] = [];
    tab.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
    tab.on('pageerror', (error) => complaints.push(error.message));
    await tab.goto(page.url);
    // A text, because the test runner rewrites `import(…)` in functions.
    const wasmPaths = JSON.stringify(`${page.url}ort/`);
    const result: unknown = await tab.evaluate(
      `import('/tour.js').then((t) => t.runTour({ wasmPaths: ${wasmPaths} }))`,
    );
    expect(result).toEqual(await runTour());
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
    await page.close();
  }
});
