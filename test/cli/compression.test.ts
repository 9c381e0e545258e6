/** `systole optimize`, `quantize` and `prune` as a user calls them: files, reports, JSON, wrong inputs. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawDigits, writeNpy, writeNpz } from '#data';
import { createEngine } from '#engine';
import { digitInput } from '#flow';
import { tensorNumbers } from '#ir';
import { readModel } from '#onnx';
import { type Answer, systole } from './systole.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'systole-compression-'));
  const digits = drawDigits({ count: 12, seed: 4 });
  const floats = new Uint8Array(Float32Array.from(digits.pixels).buffer);
  const x = { dtype: 'float32', dims: [12, 1, 28, 28], bytes: floats } as const;
  writeFileSync(join(folder, 'x.npy'), writeNpy(x));
  writeFileSync(join(folder, 'x.npz'), writeNpz({ input: x }));
  writeFileSync(join(folder, 'other.npz'), writeNpz({ inputs: x }));
  writeFileSync(join(folder, 'flat.npy'), writeNpy({ ...x, dims: [12, 784] }));
  // A picture of each class, in a folder of its own.
  for (let label = 0; label < 10; label++) {
    const at = digits.labels.indexOf(label);
    mkdirSync(join(folder, 'pictures', String(label)), { recursive: true });
    const pixels = digits.pixels.subarray(784 * Math.max(0, at), 784 * (Math.max(0, at) + 1));
    const png = await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toBuffer();
    writeFileSync(join(folder, 'pictures', String(label), 'a.png'), png);
  }
  mkdirSync(join(folder, 'empty'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const call = (line: string): Promise<Answer> => systole(line.split(' '), folder);

async function digitBy(file: string): Promise<number> {
  const session = await (await createEngine()).load(readModel(readFileSync(join(folder, file))));
  const { feed } = digitInput(1);
  const scores = tensorNumbers((await session.run(new Map([['input', feed]]))).get('output')!);
  await session.release();
  return scores.indexOf(Math.max(...scores));
}

test('quantize: a file that ONNX Runtime runs, a report, JSON', async () => {
  const { code, stdout, stderr } = await call('quantize lenet5 -o q.onnx --data x.npy');
  expect([code, stderr]).toEqual([0, 'model: q.onnx\n']);
  expect(stdout).toContain('in 8 bits: 2 Conv, 2 MaxPool, 1 Flatten, 3 Gemm');
  expect(stdout).toMatch(/output: signal to noise [\d.]+ dB/);
  expect(await digitBy('q.onnx')).toBe(digitInput(1).label);
  const json = await call(
    'quantize lenet5 -o q.onnx --data x.npz --calibration percentile --exclude network/0/Conv --json',
  );
  const object = JSON.parse(json.stdout);
  expect(object.quantised).toEqual({ Conv: 1, MaxPool: 1, Flatten: 1, Gemm: 3 });
  expect(object.left).toEqual([{ node: 'network/0/Conv', op: 'Conv', why: 'excluded' }]);
  expect(object.after.bytes).toBe(readFileSync(join(folder, 'q.onnx')).length);
  expect(object.outputs[0].decibels).toBeGreaterThan(20);
});

test('quantize: pictures by class give an accuracy; without data the report says what it rests on', async () => {
  const labelled = await call('quantize lenet5 -o p.onnx --data pictures --calibration entropy');
  expect(labelled.stdout).toMatch(/accuracy [\d.]+ % → [\d.]+ %.* on 10 samples/);
  const random = await call('quantize lenet5 -o r.onnx --samples 4 --lang zh');
  expect(random.code).toBe(0);
  expect(random.stderr).toContain('随机样本');
  expect(random.stdout).toContain('信噪比');
});

test('optimize: fewer nodes, the same outputs, what each pass did', async () => {
  const { code, stdout, stderr } = await call('optimize lenet5 -o o.onnx --log passes:1 --input x.npy');
  expect(code).toBe(0);
  expect(stderr).toMatch(/removeDeadNodes|foldConstants|nothing to do|model: o\.onnx/);
  expect(stdout).toMatch(/largest difference 0\.00|signal to noise 1[1-9]\d\.\d dB/);
  expect(await digitBy('o.onnx')).toBe(digitInput(1).label);
  const object = JSON.parse((await call('optimize lenet5 -o o.onnx --json')).stdout);
  expect(object.after.nodes).toBeLessThanOrEqual(object.before.nodes);
  expect(object.inputs).toEqual({ input: 'random, seed 0' });
});

test('optimize --dtype float16: half the bytes, and ONNX Runtime reads the same digit in the file', async () => {
  const { code, stdout, stderr } = await call('optimize lenet5 -o h.onnx --dtype float16 --input x.npy');
  expect([code, stderr]).toEqual([0, 'model: h.onnx\n']);
  expect(Number(/signal to noise ([\d.]+) dB/.exec(stdout)![1])).toBeGreaterThan(55);
  expect(await digitBy('h.onnx')).toBe(digitInput(1).label);
  const { parameterBytes: bytes } = JSON.parse(
    (await call('optimize lenet5 -o h.onnx --dtype f16 --json')).stdout,
  ).after;
  const wide = JSON.parse((await call('optimize lenet5 -o w.onnx --json')).stdout).after.parameterBytes;
  expect(bytes).toBeLessThan(0.51 * wide);
});

test('prune: exact counts of zeros, and what they change', async () => {
  const { code, stdout } = await call('prune lenet5 -o s.onnx --sparsity 0.5 --data x.npy');
  expect(code).toBe(0);
  expect(stdout).toContain('network/7/Gemm (Gemm): 24000 of 48000 zero (50.0 %)');
  expect(stdout).toContain('together: 30735 of 61470 zero');
  const pruned = readModel(readFileSync(join(folder, 's.onnx')));
  const zeros = [...pruned.graph.constants.values()]
    .filter((t) => t.dims.length > 1)
    .reduce((sum, t) => sum + tensorNumbers(t).filter((v) => v === 0).length, 0);
  expect(zeros).toBe(30735);
  const fours = JSON.parse((await call('prune lenet5 -o s.onnx --pattern 2:4 --json')).stdout);
  expect(fours.total).toEqual({ size: 58920, zeros: 29460 });
  expect(fours.left.map((l: { node: string }) => l.node)).toEqual(['network/0/Conv', 'network/3/Conv']);
});

test('wrong inputs are refused with a code, and leave no file behind', async () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['quantize lenet5', 'SYS-CLI-003'],
    ['quantize lenet5 -o none/q.onnx', 'SYS-CLI-013'],
    ['quantize lenet5 -o w.onnx --percentile 99', 'SYS-CLI-150'],
    ['quantize lenet5 -o w.onnx --calibration percentile --percentile 101', 'SYS-CLI-004'],
    ['quantize q.onnx -o w.onnx', 'SYS-FLOW-130'],
    ['quantize lenet5 -o w.onnx --exclude network/0/Con', 'SYS-FLOW-132'],
    ['quantize lenet5 -o w.onnx --data empty', 'SYS-FLOW-134'],
    ['quantize lenet5 -o w.onnx --data other.npz', 'SYS-FLOW-134'],
    ['quantize lenet5 -o w.onnx --data flat.npy', 'SYS-FLOW-135'],
    ['quantize lenet5 -o w.onnx --data nothing', 'SYS-CLI-010'],
    ['prune lenet5 -o w.onnx', 'SYS-CLI-151'],
    ['prune lenet5 -o w.onnx --pattern 2:4 --sparsity 0.5', 'SYS-CLI-151'],
    ['prune lenet5 -o w.onnx --sparsity 50', 'SYS-CLI-004'],
  ];
  const before = readdirSync(folder).sort();
  for (const [line, code] of wrong) {
    const answer = await call(line);
    expect([line, answer.code === 0, answer.stderr.slice(0, code.length)]).toEqual([line, false, code]);
  }
  expect(readdirSync(folder).sort()).toEqual(before);
}, 60_000);
