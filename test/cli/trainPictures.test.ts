/** `systole train NETWORK --data FOLDER`: networks that learn from pictures in folders and from CIFAR-10's files. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { tensorNumbers, tensorOf } from '#ir';
import { readModel } from '#onnx';
import { writeCifar10, writePictures } from '../support/pictures.ts';
import { type Answer, systole } from './systole.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-pictures-'));
  writePictures(join(folder, 'flat'), 10);
  writePictures(join(folder, 'split/train'), 6);
  writePictures(join(folder, 'split/val'), 4, 5);
  writeCifar10(join(folder, 'cifar'), 20);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const call = (line: string): Promise<Answer> => systole(line.split(' '), folder);

interface Line {
  readonly kind: string;
  readonly validation?: Record<string, number>;
}
const lines = ({ stdout }: Answer): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('a folder for each class: some are held out, and what is exported takes pictures as they are', async () => {
  const run = await call('train resnet18 --data flat --size 32 --batch 8 --epochs 6 --out flat.onnx');
  expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('network: flat.onnx')]);
  expect(run.stdout).toContain('16 pictures of 2 classes from flat; checked on 4, held out of each class');
  expect(run.stdout).toMatch(/6\/6 .*check loss [\d.]+ · accuracy 100\.00 %/);
  expect(run.stdout).toMatch(/cold +2 +· +100\.0 %\n +warm +· +2 +100\.0 %/);
  // A plain picture of either colour, as levels.
  const session = await (await createEngine()).load(readModel(readFileSync(join(folder, 'flat.onnx'))));
  const levels = [40, 60, 200, 220, 90, 30].flatMap((level) => new Array<number>(32 * 32).fill(level));
  const found = (await session.run(new Map([['input', tensorOf('float32', [2, 3, 32, 32], levels)]]))).get('output')!;
  const [a, b, c, d] = [...tensorNumbers(found)] as [number, number, number, number];
  expect([a > b, d > c]).toEqual([true, true]);
});

test("ImageNet's layout; resumed on other pictures it is refused", async () => {
  const settings = '--size 48 --batch 4 --limit 8 --checkpoint s.safetensors';
  const [first] = lines(await call(`train squeezenet --data split --epochs 1 ${settings} --json`));
  expect(first!.validation).toEqual({ loss: expect.any(Number), accuracy: expect.any(Number) });
  const other = await call('train squeezenet --data flat --epochs 2 --checkpoint s.safetensors --resume');
  expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/SYS-CLI-170.*from split.*from flat/s)]);
  const more = await call(`train squeezenet --data split --epochs 2 ${settings} --resume`);
  expect(more.stdout).toContain('8 pictures of 2 classes from split; checked on 8, those in val');
  expect(more.code).toBe(0);
  const sized = await call('train squeezenet --data split --size 64 --epochs 3 --checkpoint s.safetensors --resume');
  expect(sized.stderr).toMatch(/SYS-CLI-123.*--size 64 .*\(48\)/s);
});

test('CIFAR-10: ten classes, so that top-5 is counted', async () => {
  const run = await call('train resnet18 --data cifar --size 32 --batch 20 --epochs 2');
  expect(run.stdout).toContain("100 pictures of 10 classes from cifar; checked on 20, CIFAR-10's test batch");
  expect(run.stdout).toMatch(/check loss [\d.]+ · accuracy [\d.]+ % · top-5 [\d.]+ %/);
  expect(run.stdout).toContain('airplane');
  expect(run.code).toBe(0);
});

test.each([
  ['train resnet18', 2, 'SYS-CLI-174'],
  ['train mlp --size 32', 2, 'SYS-CLI-175'],
  ['train resnet18 --data nowhere', 3, 'SYS-DAT-044'],
  ['train resnet18 --data files', 3, 'SYS-FLOW-120'],
  ['train resnet18 --data odd', 3, 'SYS-FLOW-121'],
  ['train resnet18 --data one', 3, 'SYS-FLOW-123'],
  ['train alexnet-paper --data flat --size 64', 2, 'SYS-FLOW-122'],
  ['train vit-small --data flat --size 64', 2, 'SYS-FLOW-122'],
  ['train resnet18 --data partial', 3, 'SYS-DAT-069'],
])('wrong inputs: %s', async (line, code, diagnostic) => {
  mkdirSync(join(folder, 'files'), { recursive: true });
  writeFileSync(join(folder, 'files/readme.txt'), 'nothing');
  writePictures(join(folder, 'odd/train'), 1);
  writePictures(join(folder, 'odd/val'), 1);
  rmSync(join(folder, 'odd/val/warm'), { recursive: true });
  writePictures(join(folder, 'one'), 1);
  rmSync(join(folder, 'one/warm'), { recursive: true });
  mkdirSync(join(folder, 'partial'), { recursive: true });
  writeFileSync(join(folder, 'partial/data_batch_1.bin'), new Uint8Array(3073));
  const answer = await call(line);
  expect([answer.code, answer.stderr.slice(0, diagnostic.length)]).toEqual([code, diagnostic]);
  expect(answer.stderr).not.toContain('    at ');
});
