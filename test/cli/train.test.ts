/** `systole train` as a user calls it: epochs, files, resuming, wrong inputs, Ctrl-C. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeImage, readEvents, readSafetensors, writeSafetensors } from '#data';
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

/** Metadata of a checkpoint with other values in two places. */
const damaged = (parts: { hyperparameters?: object; progress?: object }): Record<string, string> => ({
  format: 'systole-training-1',
  training: JSON.stringify({
    task: 'adder',
    seed: 1,
    hyperparameters: { epochs: 2, batch: 16, rate: 0.01, ...parts.hyperparameters },
    progress: { epoch: 1, batch: 0, samples: 0, draws: 0, sums: {}, ...parts.progress },
  }),
});

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
    schema: 'systole/train-zeros/1',
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

test('resumed on other data it says what was and what is; by an older checkpoint, that it does not know', async () => {
  await call('train mlp --limit 400 --epochs 1 --checkpoint d.safetensors');
  expect((await call('train mlp --epochs 2 --checkpoint d.safetensors --resume')).code).toBe(0);
  const file = join(folder, 'd.safetensors');
  const { tensors, metadata } = readSafetensors(readFileSync(file));
  const head = JSON.parse(metadata.training!) as { data?: { fingerprint: string } };
  const rewrite = (training: object): void =>
    writeFileSync(file, writeSafetensors(tensors, { ...metadata, training: JSON.stringify(training) }));
  rewrite({ ...head, data: { ...head.data, name: { en: '400 images from MNIST', zh: '400' }, fingerprint: '0-0' } });
  const other = await call('train mlp --epochs 3 --checkpoint d.safetensors --resume');
  expect([other.code, other.stderr]).toEqual([
    2,
    expect.stringMatching(
      /SYS-CLI-170.* is of training on 400 images from MNIST \(fingerprint 0-0\), but without --data there are 400 digits drawn/s,
    ),
  ]);
  rewrite({ ...head, data: undefined });
  const older = await call('train mlp --epochs 3 --checkpoint d.safetensors --resume');
  expect([older.code, older.stderr.match(/SYS-CLI-171/g)]).toEqual([0, ['SYS-CLI-171']]);
  // What is saved then knows it.
  expect((await call('train mlp --epochs 4 --checkpoint d.safetensors --resume')).stderr).not.toContain('SYS-CLI-171');
});

test('with patience the network is that of the best epoch, which is said; resumed, it ends at once', async () => {
  const run = 'train adder --epochs 60 --rate 0.1 --seed 2 --patience 4 --checkpoint p.safetensors';
  const { stdout } = await call(`${run} --out p.onnx`);
  expect(stdout).toMatch(
    /no better for a while: stopped\nthe network is that of epoch \d+, the best: exact rows [\d.]+ %/,
  );
  const again = await call(`${run} --resume --out q.onnx`);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('SYS-CLI-173')]);
  expect(readFileSync(join(folder, 'q.onnx')).length).toBe(readFileSync(join(folder, 'p.onnx')).length);
  const json = lines((await call(`${run} --resume --json --lang zh`)).stdout);
  expect(json).toEqual([
    { schema: 'systole/train-best/1', kind: 'best', epoch: expect.any(Number), value: expect.any(Number) },
  ]);
  // Given later, the best of before was not kept.
  await call('train adder --epochs 3 --rate 0.1 --seed 2 --checkpoint l.safetensors');
  const late = await call('train adder --epochs 4 --patience 1 --checkpoint l.safetensors --resume');
  expect(`${late.stdout}${late.stderr}`).toMatch(/the best was epoch \d|the network is that of epoch 4/);
});

test('training that diverges says what helps', async () => {
  const { code, stderr } = await call('train adder --rate 1e38 --checkpoint n.safetensors');
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(/SYS-FLOW-062.*by batch 8 of 23 of epoch 1.*below 1e\+38/s),
  ]);
  expect(existsSync(join(folder, 'n.safetensors'))).toBe(false);
});

test.each([
  ['format', { training: '{}' }, 'no metadata `format`'],
  ['format', { format: 'other' }, "is 'other'; expected 'systole-training-1'"],
  ['JSON', { format: 'systole-training-1', training: '{"x' }, 'is no JSON'],
  ['task', { format: 'systole-training-1', training: '{}' }, '`training.task` is missing'],
  ['settings', { format: 'systole-training-1', training: '{"task":"adder","seed":1}' }, '.hyperparameters` is missing'],
  [
    'precision',
    damaged({ hyperparameters: { precision: 'f8' } }),
    '.precision` is "f8"; expected one of f32, f16, bf16',
  ],
  [
    'sparsity',
    damaged({ hyperparameters: { sparsity: 2 } }),
    ".sparsity` is 2; expected a share between 0 and 1, or '2:4'",
  ],
  ['best', damaged({ progress: { best: 5 } }), '.best` is 5; expected the best epoch and its value'],
  ['sums', damaged({ progress: { sums: { loss: 'x' } } }), '.sums.loss` is "x"; expected a number'],
  ['epoch', damaged({ progress: { epoch: -1 } }), '.epoch` is -1; expected a whole number'],
  ['null', { format: 'systole-training-1', training: 'null' }, '`training` is null; expected task, seed'],
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
  expect(more.stderr).toMatch(/SYS-CLI-123.*--seed 2 cannot change what the checkpoint holds \(1\)/s);
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
});

test('Ctrl-C with nothing to save into says so, and what would have saved', async () => {
  const child = spawn(process.execPath, [BIN, 'train', 'adder', '--epochs', '100000'], { cwd: folder });
  let [out, err] = ['', ''];
  child.stderr.on('data', (piece) => {
    err += piece;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (piece) => {
      out += piece;
      // The first epoch's line.
      if (out.includes('1/100000')) resolve();
    });
  });
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(err).toMatch(/SYS-CLI-172: nothing was saved.*--checkpoint.*--out/s);
});
