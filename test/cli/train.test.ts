/** `systole train` as a user calls it: epochs, files, resuming, wrong inputs, Ctrl-C. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeImage, readEvents, writeSafetensors } from '#data';
import { type Answer, systole } from './systole.ts';

const BIN = fileURLToPath(new URL('../../bin/systole.mjs', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-train-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const call = (line: string): Promise<Answer> => systole(line.split(' '), folder);

interface Line {
  readonly kind: string;
  readonly epoch?: number;
  readonly train?: Record<string, number>;
  readonly validation?: Record<string, number>;
  readonly rows?: readonly (readonly number[])[];
}

const lines = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('the adder: epochs, a checkpoint, the network, which runs on the processor', async () => {
  const trained = await call('train adder --epochs 4 --checkpoint a.safetensors --out a.onnx');
  expect(trained.code).toBe(0);
  expect(trained.stdout).toMatch(/^adder: 725 parameters/);
  expect(trained.stdout).toMatch(/4\/4 {2}loss [\d.]+ · exact rows/);
  expect(readdirSync(folder).sort()).toEqual(['a.onnx', 'a.safetensors']);
  const run = await call('run a.onnx --dim N=3');
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('holds');
});

test('resumed, it goes on as if it had not stopped; asked for no more, it says so', async () => {
  const whole = lines((await call('train adder --epochs 6 --seed 3 --json')).stdout);
  await call('train adder --epochs 2 --seed 3 --checkpoint r.safetensors');
  const rest = lines((await call('train adder --epochs 6 --checkpoint r.safetensors --resume --json')).stdout);
  expect(rest.map((l) => l.train)).toEqual(whole.slice(2).map((l) => l.train));
  const none = await call('train adder --epochs 6 --checkpoint r.safetensors --resume');
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('SYS-CLI-124')]);
});

test('curves and the graph for TensorBoard', async () => {
  expect((await call('train adder --epochs 2 --events logs')).code).toBe(0);
  const [file] = readdirSync(join(folder, 'logs'));
  expect(file).toMatch(/^events\.out\.tfevents\./);
  const events: string[] = [];
  for await (const e of readEvents(readFileSync(join(folder, 'logs', file!)))) {
    if (e.kind === 'scalar') events.push(`${e.tag} ${e.step}`);
    if (e.kind === 'graph') events.push(`graph ${e.nodes.filter((n) => n.op === 'Gemm').length}`);
  }
  expect(events.slice(0, 3)).toEqual(['graph 3', 'loss/train 1', 'exact/train 1']);
  expect(events).toContain('exact/validation 2');
});

test('half of the weights pruned, products in f16', async () => {
  const { code, stdout } = await call('train mlp --limit 1000 --epochs 3 --sparsity 0.5 --precision f16');
  expect(code).toBe(0);
  expect(stdout).toMatch(/zeros 50\.0 %/);
});

test('digits drawn by rule, with a confusion matrix, in Chinese', async () => {
  const { code, stdout } = await call('train mlp --limit 600 --epochs 1 --lang zh');
  expect(code).toBe(0);
  expect(stdout).toContain('按规则绘制的数字');
  expect(stdout).toMatch(/准确率 [\d.]+ %/);
  expect(stdout).toContain('实际 \\ 识别为');
});

test('pruned, in mixed precision: zeros are counted by layer, and resuming keeps both', async () => {
  const all = lines((await call('train adder --epochs 5 --sparsity 2:4 --precision f16 --json')).stdout);
  expect(all.at(-2)).toMatchObject({ kind: 'epoch', sparsity: 250 / 680 });
  expect(all.at(-1)).toEqual({
    kind: 'zeros',
    layers: [
      { name: '1.weight', zeros: 0, size: 180 },
      { name: '3.weight', zeros: 200, size: 400 },
      { name: '5.weight', zeros: 50, size: 100 },
    ],
  });
  await call('train adder --epochs 2 --sparsity 2:4 --precision f16 --checkpoint s.safetensors');
  const fixed = await call('train adder --epochs 5 --sparsity 0.5 --checkpoint s.safetensors --resume');
  expect(fixed.stderr).toContain('SYS-CLI-123');
  const rest = await call('train adder --epochs 5 --checkpoint s.safetensors --resume');
  expect(rest.stdout).toContain('zeros: 1.weight 0 of 180 · 3.weight 200 of 400 · 5.weight 50 of 100');
});

test('the GAN writes a sheet of pictures, and a network of noise', async () => {
  const { code, stdout, stderr } = await call(
    'train gan --limit 192 --epochs 1 --lang zh --samples digits.png --out gan.onnx',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/判别器 [\d.]+ · 生成器 [\d.]+/);
  expect(stderr).toContain('图片：digits.png');
  const sheet = await decodeImage(readFileSync(join(folder, 'digits.png')), { channels: 1 });
  expect([sheet.width, sheet.height]).toEqual([358, 238]);
  expect((await call('summary gan.onnx --dim N=1')).code).toBe(0);
});

test('shares are exact: a count of samples divided by how many there are', async () => {
  const epochs = lines((await call('train adder --epochs 3 --json')).stdout).filter((l) => l.kind === 'epoch');
  expect(epochs).toHaveLength(3);
  for (const { train, validation } of epochs) {
    for (const [share, count] of [
      [train!.exact!, 358],
      [validation!.exact!, 512],
    ] as const) {
      expect(share).toBe(Math.round(share * count) / count);
    }
  }
  const digits = lines((await call('train mlp --limit 300 --epochs 1 --json')).stdout);
  const confusion = digits.find((l) => l.kind === 'confusion')!.rows!;
  const [right, all] = [0, 1].map((whole) =>
    confusion.flatMap((row, i) => row.filter((_, k) => whole === 1 || k === i)).reduce((a, b) => a + b, 0),
  ) as [number, number];
  expect(digits[0]!.validation!.accuracy).toBe(right / all);
});

test('a checkpoint that is there is not overwritten, unless that is asked for', async () => {
  const file = join(folder, 'kept.safetensors');
  await call('train adder --epochs 1 --seed 5 --checkpoint kept.safetensors');
  const before = readFileSync(file);
  const again = await call('train adder --epochs 1 --seed 6 --checkpoint kept.safetensors');
  expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/SYS-CLI-140.*kept.*--resume.*--overwrite/s)]);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect((await call('train adder --epochs 1 --seed 6 --overwrite --checkpoint kept.safetensors')).code).toBe(0);
  expect(readFileSync(file).equals(before)).toBe(false);
});

test.each([
  ['format', { training: '{}' }, 'no metadata `format`'],
  ['format', { format: 'other' }, "is 'other'; expected 'systole-training-1'"],
  ['JSON', { format: 'systole-training-1', training: '{"x' }, 'is no JSON'],
  ['task', { format: 'systole-training-1', training: '{}' }, '`training.task` is missing'],
  ['settings', { format: 'systole-training-1', training: '{"task":"adder","seed":1}' }, '.hyperparameters` is missing'],
])('a safetensors file that is no checkpoint says what it lacks: %s', async (_, metadata, message) => {
  const arrays = new Map([['w', { dtype: 'float32', dims: [1], bytes: new Uint8Array(4) }]]) as never;
  writeFileSync(join(folder, 'odd.safetensors'), writeSafetensors(arrays, metadata as Record<string, string>));
  const { code, stderr } = await call('train adder --resume --checkpoint odd.safetensors');
  expect([code, stderr]).toEqual([3, expect.stringContaining('SYS-FLOW-060: odd.safetensors')]);
  expect(stderr).toContain(message);
});

test.each([
  ['train', 2, 'SYS-CLI-003'],
  ['train lenet', 2, 'SYS-CLI-120'],
  ['train adder --data .', 2, 'SYS-CLI-121'],
  ['train mlp --download', 2, 'SYS-CLI-125'],
  ['train mlp --resume', 2, 'SYS-CLI-122'],
  ['train mlp --epochs 0', 2, 'SYS-CLI-004'],
  ['train mlp --rate -1', 2, 'SYS-CLI-004'],
  ['train mlp --rate abc', 2, 'SYS-CLI-004'],
  ['train mlp --batch 0', 2, 'SYS-CLI-004'],
  ['train mlp --seed 1.5', 2, 'SYS-CLI-004'],
  ['train mlp --checkpoint x.safetensors --resume --overwrite', 2, 'SYS-CLI-141'],
  ['train mlp --checkpoint none.safetensors --resume', 3, 'SYS-CLI-010'],
  ['train mlp --precision f8', 2, 'SYS-CLI-004'],
  ['train mlp --sparsity 2', 2, 'SYS-FLOW-070'],
  ['train adder --samples a.png', 2, 'SYS-FLOW-071'],
  ['train mlp --data nowhere', 3, 'SYS-DAT-044'],
  ['train mlp --data .', 3, 'SYS-DAT-063'],
  ['train adder --out nowhere/a.onnx', 2, 'SYS-CLI-013'],
  ['train adder --checkpoint bad.safetensors --resume', 3, 'SYS-DAT-050'],
])('wrong inputs: %s', async (line, code, diagnostic) => {
  writeFileSync(join(folder, 'bad.safetensors'), 'nothing of the kind');
  const answer = await call(line);
  expect([answer.code, answer.stderr.slice(0, diagnostic.length)]).toEqual([code, diagnostic]);
  expect(answer.stderr).not.toContain('    at ');
});

test('Ctrl-C saves and ends with 130', async () => {
  const child = spawn(
    process.execPath,
    [BIN, 'train', 'adder', '--epochs', '100000', '--checkpoint', 'c.safetensors'],
    {
      cwd: folder,
      stdio: 'ignore',
    },
  );
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const saved = join(folder, 'c.safetensors');
  for (let i = 0; i < 600 && !existsSync(saved); i++) await new Promise((r) => setTimeout(r, 100));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  const more = await call('train adder --epochs 100000 --checkpoint c.safetensors --resume --seed 2');
  expect(more.stderr).toContain('SYS-CLI-123');
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
});
