/** `systole plot` as a user calls it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeEvent } from '#data';
import { systole } from './systole.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-plot-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plot = (words: string) => systole(['plot', ...words.split(' ')], folder);

test('pictures of a run: SVG, PNG, terminal and numbers agree on what ran', async () => {
  const svg = join(folder, 'roofline.svg');
  expect((await plot(`roofline adder lenet5 -o ${svg}`)).code).toBe(0);
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[\s\S]*lenet5[\s\S]*<\/svg>\n$/);
  const png = join(folder, 'memory.png');
  expect((await plot(`memory lenet5 --memory wram -o ${png} --scale 1 --lang zh`)).code).toBe(0);
  expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 980 });
  const text = await plot('timeline lenet5 --layer 2');
  expect(text.stdout).toMatch(/ matrix │[·░▒▓█]+│ +\d+\.\d %/);
  const { from, to, spans } = JSON.parse((await plot('timeline lenet5 --layer 2 --json')).stdout);
  expect(spans.every((s: { from: number; to: number }) => s.to > from && s.from < to)).toBe(true);
}, 60_000);

test("a training's curves from its log", async () => {
  const log = join(folder, 'events.out.tfevents.1.test');
  const events = [0, 1, 2].flatMap((step) => [
    encodeEvent({ wallTime: 0, step, kind: 'scalar', tag: 'loss/train', value: 2 - step / 2 }),
    encodeEvent({ wallTime: 0, step, kind: 'scalar', tag: 'accuracy/train', value: step / 2 }),
  ]);
  writeFileSync(log, Buffer.concat(events));
  expect((await plot(`training ${folder}`)).stdout).toContain('a train: 1');
  expect((await plot(`training ${folder} --tag accuracy`)).stdout).toContain('accuracy');
  expect((await plot(`training ${folder} --tag los`)).stderr).toMatch(/SYS-CLI-194.*'loss'/);
});

test.each([
  ['rooflin lenet5', 'SYS-CLI-195'],
  ['roofline', 'SYS-CLI-196'],
  ['machine textbook-single', 'SYS-CLI-196'],
  ['activations softsign', 'SYS-CLI-192'],
  ['machine -o picture.gif', 'SYS-CLI-197'],
  ['energy adder --machine tpu-v1', 'SYS-CLI-190'],
  ['memory adder --memory shared', 'SYS-CLI-191'],
  ['training nowhere', 'SYS-CLI-010'],
])('refused: %s', async (words, code) => {
  const { code: exit, stderr } = await plot(words);
  expect(stderr).toContain(code);
  expect(exit).not.toBe(0);
});
