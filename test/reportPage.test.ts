/**
 * The page of a report as its reader has it: written by `systole report`, opened from disk in Chromium, sorted, filtered, pinned, zoomed, read in
 * Chinese and in the dark, judged by axe. The script that it holds is that of the sources.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundlePage } from '../scripts/page.ts';
import { systole } from './cli/systole.ts';
import { findChromium, openChromium } from './tour/chromium.ts';

const executable = findChromium();
const ABSENT = 'no Chromium on this machine: apt-get install chromium, or set CHROMIUM to its path';

let folder = '';
let browser: Browser | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'systole-report-'));
  if (executable !== undefined) browser = await openChromium(executable);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('client.gen.ts is what `npm run page` writes, and small', async () => {
  const generated = readFileSync(new URL('../src/report/html/client.gen.ts', import.meta.url), 'utf8');
  expect(generated).toBe(await bundlePage());
  expect(generated.length).toBeLessThan(300_000);
});

test.each([
  ['report lenet5 -o report.txt', 'SYS-CLI-210'],
  ['report lenet5 -o nowhere/report.html', 'SYS-CLI-013'],
  ['report lenet5 --machine textbok-single', 'SYS-MACHINE-'],
])('refused: %s', async (words, code) => {
  const { code: exit, stderr } = await systole(words.split(' '), folder);
  expect(stderr).toContain(code);
  expect(exit).not.toBe(0);
});

/** A page of a file, and what it complained of. */
async function opened(file: string): Promise<{ readonly tab: Page; readonly complaints: string[] }> {
  const tab = await browser!.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints: string[] = [];
  tab.on('console', (m) => ['error', 'warning'].includes(m.type()) && complaints.push(m.text()));
  tab.on('pageerror', (error) => complaints.push(error.message));
  tab.on('request', (r) => /^(file|data|blob):/.test(r.url()) || complaints.push(`asks for ${r.url()}`));
  await tab.goto(pathToFileURL(file).href);
  await tab.waitForSelector('#summary');
  return { tab, complaints };
}

interface Verdict {
  readonly passes: readonly unknown[];
  readonly violations: readonly { readonly id: string; readonly impact: string; readonly nodes: readonly unknown[] }[];
}

/** What axe finds, serious or worse. */
async function faults(tab: Page): Promise<readonly string[]> {
  await tab.evaluate(axe.source);
  const { passes, violations } = (await tab.evaluate('axe.run()')) as Verdict;
  // It looked.
  expect(passes.length).toBeGreaterThan(15);
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${JSON.stringify(v.nodes[0]).slice(0, 400)}`);
}

const column = (tab: Page, n: number): Promise<readonly string[]> =>
  tab.locator(`#layers-table tbody tr > :nth-child(${n})`).allTextContents();

test('a report opens from disk, is complete, and does what its reader asks', async (context) => {
  const file = join(folder, 'report.html');
  const made = await systole(['report', 'lenet5', '-o', file, '--json'], folder);
  expect(made.stderr).toBe('');
  const { bytes, runs } = JSON.parse(made.stdout);
  expect(bytes).toBe(statSync(file).size);
  expect(readFileSync(file, 'utf8')).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  if (browser === undefined) {
    // The gate must not pass for want of a browser.
    if (process.env.CI === 'true') throw new Error(ABSENT);
    console.warn(`skipped: ${context.task.name}: ${ABSENT}`);
    return context.skip(ABSENT);
  }
  const { tab, complaints } = await opened(file);
  const text = await tab.locator('body').innerText();
  const [report] = runs;
  expect(text).toContain(String(report.cycles).replace(/\B(?=(\d{3})+$)/g, ','));
  for (const id of 'summary layers advice units roofline timeline memory energy program machine reproduce'.split(' '))
    expect(await tab.locator(`section#${id} h2`).count(), id).toBe(1);
  expect(await column(tab, 2)).toEqual(report.layers.map((l: { name: string }) => l.name));
  expect(await faults(tab)).toEqual([]);

  // Sort: by cycles, slowest first, then the other way.
  await tab.locator('button.sort[data-key="cycles"]').click();
  const slowest = [...report.layers].sort((a, b) => b.cycles - a.cycles).map((l) => l.name);
  expect(await column(tab, 2)).toEqual(slowest);
  expect(await tab.locator('th[aria-sort="descending"]').innerText()).toContain('cycles');
  await tab.locator('button.sort[data-key="cycles"]').press('Enter');
  expect((await column(tab, 2))[0]).toBe(slowest.at(-1));
  expect(await tab.locator('th[aria-sort="ascending"]').count()).toBe(1);

  // Filter: every word counts.
  await tab.fill('#filter', 'gemm relu');
  const gemms = report.layers.filter((l: { op: string }) => /gemm.*relu/i.test(l.op)).length;
  expect((await column(tab, 2)).length).toBe(gemms);
  await tab.fill('#filter', '');

  // Pin: all others by their ratio to the slowest.
  await tab.locator('#layers-table tbody tr .pin').last().click();
  const ratios = (await column(tab, 5)).map((cell) => Number(/×([\d.]+)/.exec(cell)![1]));
  expect(ratios.at(-1)).toBe(1);
  expect(Math.max(...ratios)).toBe(1);
  await tab.click('#unpin');
  expect((await column(tab, 5)).join()).not.toContain('×');

  // A layer: its details, its code, its place in the timeline.
  await tab.locator('#layers-table .link').last().click();
  expect(await tab.locator('#layer h3').innerText()).toBe(slowest[0]);
  await tab.locator('#layer button', { hasText: 'show its code' }).click();
  const at = report.layers.findIndex((l: { name: string }) => l.name === slowest[0]);
  expect(await tab.locator(`#code-${at} pre`).innerText()).toMatch(/^ *\d+ {2}.*\n/);
  expect(await faults(tab)).toEqual([]);
  await tab.locator('#layer button', { hasText: 'show in the timeline' }).click();
  await tab.keyboard.press('ArrowDown');
  const status = tab.locator('#timeline .status');
  const first = await status.innerText();
  await tab.keyboard.press('.');
  expect(await status.innerText()).toMatch(/cycles [\d,]+–[\d,]+ \([\d,]+\)/);
  expect(await status.innerText()).not.toBe(first);

  // What is drawn changes with the zoom, and comes back.
  const drawn = (): Promise<string> =>
    tab.evaluate(`new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
      resolve(document.querySelector('#timeline canvas').toDataURL()))))`);
  // Away from the canvas, which marks what lies under the pointer; and drawn to the end.
  await tab.mouse.move(0, 0);
  await tab.keyboard.press('0');
  let whole = '';
  await expect
    .poll(async () => {
      const before = whole;
      whole = await drawn();
      return whole === before;
    })
    .toBe(true);
  await tab.keyboard.press('+');
  await expect.poll(drawn, { timeout: 5000 }).not.toBe(whole);
  await tab.locator('#timeline .tools button').nth(1).click();
  await expect.poll(drawn, { timeout: 5000 }).toBe(whole);

  // Chinese, and dark.
  await tab.click('#language');
  expect(await tab.locator('html').getAttribute('lang')).toBe('zh-CN');
  expect(await tab.locator('#layers h2').innerText()).toBe('层');
  const inEnglish = (await tab.locator('h2, th button, dt, summary, .note').allTextContents()).filter(
    (words) => !/[\p{Script=Han}]/u.test(words) && /[a-z]{4,} [a-z]{3,}/.test(words),
  );
  expect(inEnglish).toEqual([]);
  await tab.selectOption('#theme', 'dark');
  const ground = await tab.evaluate(`getComputedStyle(document.body).backgroundColor`);
  expect(ground).toBe('rgb(18, 22, 27)');
  expect(await faults(tab)).toEqual([]);
  expect(complaints).toEqual([]);
});

test('two runs in one page: what reads a file has its report alone, and both are compared', async (context) => {
  const run = await systole(['run', 'adder', '--json'], folder);
  writeFileSync(join(folder, 'adder.json'), run.stdout);
  const file = join(folder, 'diff.html');
  const words = `diff adder.json adder --machine systolic-16x16 --lang zh -o ${file}`;
  expect((await systole(words.split(' '), folder)).code).toBe(0);
  if (browser === undefined) return context.skip(ABSENT);
  const { tab, complaints } = await opened(file);
  expect(await tab.locator('html').getAttribute('lang')).toBe('zh-CN');
  const before = JSON.parse(run.stdout).layers.length;
  expect(await tab.locator('#compared tbody tr').count()).toBeGreaterThanOrEqual(before);
  expect(await tab.locator('#compared tbody').innerText()).toMatch(/×\d/);
  expect(await tab.locator('#timeline').count()).toBe(1);
  expect(await faults(tab)).toEqual([]);
  // The other run, from the file: without what only a simulation knows.
  await tab.selectOption('#run', '0');
  expect(await tab.locator('#timeline, #program, #comparison').count()).toBe(0);
  expect(await tab.locator('#summary').innerText()).toContain('主机引擎');
  await tab.selectOption('#baseline', '1');
  expect(await tab.locator('#compared').count()).toBe(1);
  expect(complaints).toEqual([]);
});
