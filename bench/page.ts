/** Opening the page of a report in Chromium: its size, first paint, and frames a second while its timeline is zoomed; [MODEL] [MACHINE]. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systole } from '../test/cli/systole.ts';
import { findChromium, openChromium } from '../test/tour/chromium.ts';

/** In the page: a key for each frame, half of them in and half out, so that every length of view is drawn; or none. */
const framesOf = (keys: readonly string[]): string => `new Promise((resolve) => {
  const frame = document.querySelector('#timeline .cycles');
  const keys = ${JSON.stringify(keys)};
  const press = (key) => frame.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const times = [];
  const step = (now) => {
    times.push(now);
    if (times.length > 180) return resolve(times.slice(1).map((t, i) => t - times[i]));
    if (keys.length > 0) press(keys[times.length % keys.length]);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

const ZOOMING = ['0', ...'++++', 'ArrowRight', 'ArrowLeft', ...'----'];

const mean = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0) / of.length;

export default async function page([
  model = 'resnet152',
  machine = 'textbook-single',
]: readonly string[]): Promise<void> {
  const executable = findChromium();
  if (executable === undefined) throw new Error('no Chromium: install it, or set CHROMIUM to its path');
  const folder = mkdtempSync(join(tmpdir(), 'systole-page-'));
  const browser = await openChromium(executable);
  try {
    const file = join(folder, 'report.html');
    const made = await systole(['report', model, '--machine', machine, '-o', file], folder);
    if (made.code !== 0) throw new Error(made.stderr);
    console.log(`${model} on ${machine}: ${(statSync(file).size / 1e6).toFixed(3)} MB`);
    const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await tab.goto(pathToFileURL(file).href);
    await tab.waitForSelector('#layers-table');
    const read = <T>(script: string): Promise<T> => tab.evaluate(script) as Promise<T>;
    const paint = await read<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`);
    const whole = await read<number>(`performance.getEntriesByName('systole:drawn')[0].startTime`);
    const slices = await read<number>(`Number(document.getElementById('timeline').dataset.slices)`);
    // What is out of sight is not drawn.
    await read(`document.getElementById('timeline').scrollIntoView()`);
    await tab.waitForTimeout(300);
    const idle = await read<readonly number[]>(framesOf([]));
    const frames = await read<readonly number[]>(framesOf(ZOOMING));
    const sorted = [...frames].sort((a, b) => a - b);
    console.log(`first paint ${paint.toFixed(0)} ms, all of it drawn ${whole.toFixed(0)} ms`);
    console.log(
      `zooming ${slices} slices: ${(1000 / mean(frames)).toFixed(1)} frames a second (the browser without zooming: ${(1000 / mean(idle)).toFixed(1)}); ` +
        `the slowest of 20 frames takes ${sorted[Math.floor(0.95 * sorted.length)]!.toFixed(1)} ms`,
    );
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
