/** The layer in headless Chromium, bundled from the same sources: pictures, gzip and .npy as in Node. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type DataArray, decodeImage, drawDigits, type RgbImage, writeNpy } from '#data';
import { findChromium, openChromium } from '../../test/tour/chromium.ts';

const executable = findChromium();
const ABSENT = 'no Chromium on this machine: apt-get install chromium, or set CHROMIUM to its path';

async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('./index.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'data',
    platform: 'browser',
    conditions: ['source'],
    target: 'es2023',
    logLevel: 'silent',
  });
  return result.outputFiles[0]!.text;
}

test('a browser bundle holds nothing of Node', async () => {
  expect(await bundle()).not.toMatch(/\bsharp\b|['"]node:/);
});

test('files read in Chromium as in Node', async (context) => {
  if (executable === undefined) {
    if (process.env.CI === 'true') throw new Error(ABSENT);
    console.warn(`skipped: ${context.task.name}: ${ABSENT}`);
    return context.skip(ABSENT);
  }
  const width = 48;
  const height = 32;
  const smooth = Uint8Array.from({ length: width * height * 3 }, (_, i) => 128 + 100 * Math.sin(i / 300));
  const raw = sharp(smooth, { raw: { width, height, channels: 3 } });
  const png = await raw.clone().png().toBuffer();
  const jpeg = await raw.clone().jpeg({ quality: 95 }).toBuffer();
  const npy: DataArray = { dtype: 'float16', dims: [2], bytes: Uint8Array.of(0, 60, 0, 64) };

  const browser = await openChromium(executable);
  try {
    const tab = await browser.newPage();
    await tab.addScriptTag({ content: await bundle() });
    // A text, because the test runner rewrites functions that are sent to a page.
    const run = async <T>(expression: string): Promise<T> => tab.evaluate(`(async () => ${expression})()`);
    const bytes = (b: Uint8Array) => `Uint8Array.of(${[...b]})`;
    const decode = (file: Uint8Array, options: string) =>
      run<Omit<RgbImage, 'pixels'> & { pixels: number[] }>(
        `{ const i = await data.decodeImage(${bytes(file)}, ${options}); return { ...i, pixels: [...i.pixels] }; }`,
      );

    for (const options of [{}, { width: 20, height: 40 }, { channels: 1 as const }]) {
      const here = await decodeImage(png, options);
      expect(await decode(png, JSON.stringify(options))).toEqual({ ...here, pixels: [...here.pixels] });
    }
    const [a, b] = [await decodeImage(jpeg), await decode(jpeg, '{}')];
    const far = Math.max(...b.pixels.map((v, i) => Math.abs(v - a.pixels[i]!)));
    expect(far).toBeLessThanOrEqual(4);

    const codeOf = (expression: string) =>
      run<string>(`{ try { await ${expression}; return 'no error'; } catch (e) { return e.code; } }`);
    expect(await codeOf(`data.decodeImage(${bytes(png.subarray(0, 40))})`)).toBe('SYS-DAT-010');
    expect(await codeOf(`data.decodeImage(${bytes(Uint8Array.of(1, 2, 3))})`)).toBe('SYS-DAT-009');

    const packed = gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9));
    expect(await run(`{ const i = await data.readIdx(${bytes(packed)}); return [...i.dims, ...i.bytes]; }`)).toEqual([
      2, 7, 9,
    ]);
    expect(await run(`[...data.readNpy(${bytes(writeNpy(npy))}).bytes]`)).toEqual([...npy.bytes]);
  } finally {
    await browser.close();
  }
});

test('folders, records, weights, events and drawn digits in Chromium as in Node', async (context) => {
  if (executable === undefined) {
    if (process.env.CI === 'true') throw new Error(ABSENT);
    console.warn(`skipped: ${context.task.name}: ${ABSENT}`);
    return context.skip(ABSENT);
  }
  const browser = await openChromium(executable);
  try {
    const tab = await browser.newPage();
    // A page's own folder is there on secure pages only.
    await tab.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await tab.goto('http://localhost/');
    await tab.addScriptTag({ content: await bundle() });
    const run = async <T>(body: string): Promise<T> => tab.evaluate(`(async () => { ${body} })()`);
    const found = await run<Record<string, unknown>>(`
      const folder = data.openFolder(await navigator.storage.getDirectory());
      const records = [1n, 2n, 3n].map((label) => data.encodeExample({ label }));
      const names = await data.writeShards(folder, 'train', 2, records, { compression: 'gzip' });
      const labels = [];
      for await (const { data: record } of data.readShards(folder, 'train')) labels.push(Number(data.decodeExample(record).get('label').values[0]));
      const writer = await data.openEventWriter(data.openFolder(await navigator.storage.getDirectory()), { now: () => 5000 });
      await writer.flush();
      writer.scalar('loss', 1, 0.5);
      await writer.flush();
      const kinds = [];
      for await (const event of data.readEvents(folder.stream(writer.file))) kinds.push(event.kind);
      await folder.write('deep/er/model.safetensors', data.writeSafetensors({ w: data.arrayOf(Float32Array.of(1, 2), [2]) }));
      const { tensors } = data.readSafetensors(await folder.read('deep/er/model.safetensors'));
      const npz = data.readNpz(data.writeNpz({ a: data.arrayOf(Int32Array.of(7), [1]) }, { compress: true }));
      const codes = [];
      for (const wrong of [() => folder.read('absent'), () => folder.list('absent/er'), async () => data.openFolder('path')]) {
        try { await wrong(); codes.push('none'); } catch (error) { codes.push(error.code); }
      }
      const digits = data.drawDigits({ count: 50, seed: 7 });
      const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', digits.pixels));
      return {
        names, labels, kinds, codes,
        listed: (await folder.list()).map((entry) => entry.name + ' ' + entry.kind),
        weights: [...data.floatsOf(tensors.get('w'))], npz: [...data.elementsOf(npz.get('a'))], sum: [...sum],
      };
    `);
    const digits = drawDigits({ count: 50, seed: 7 });
    expect(found).toEqual({
      names: ['train-00000-of-00002.gz', 'train-00001-of-00002.gz'],
      labels: [1, 3, 2],
      kinds: ['version', 'scalar'],
      codes: ['SYS-DAT-044', 'SYS-DAT-044', 'SYS-DAT-045'],
      listed: [
        'deep folder',
        'events.out.tfevents.0000000005.systole file',
        'train-00000-of-00002.gz file',
        'train-00001-of-00002.gz file',
      ],
      weights: [1, 2],
      npz: [7],
      sum: [...createHash('sha256').update(digits.pixels).digest()],
    });
  } finally {
    await browser.close();
  }
});
