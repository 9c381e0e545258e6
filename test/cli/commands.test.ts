/** The commands as a user calls them, on the embedded network and small files: what they print, write and return. */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readNpy, writeNpy } from '#data';
import { adderInput, adderModel } from '#flow';
import { tensorBytes, tensorNumbers } from '#ir';
import { writeModel, writeTensor } from '#onnx';
import { ROOT } from '../house/sources.ts';
import { readPerfetto } from '../support/traces.ts';
import { type Answer, systole } from './systole.ts';

interface RunObject {
  readonly cycles: number;
  readonly check: { readonly ok: boolean; readonly maxAbs: number; readonly maxRel: number } | null;
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: number[] | null;
  }[];
  readonly [key: string]: unknown;
}

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'systole-cli-'));
  const additions = [
    { a: 1, b: 2, carry: 0 },
    { a: 15, b: 15, carry: 1 },
    { a: 8, b: 7, carry: 0 },
  ];
  const bits = adderInput(additions);
  writeFileSync(join(folder, 'adder.onnx'), writeModel(adderModel()));
  writeFileSync(join(folder, 'bits.npy'), writeNpy({ dtype: 'float32', dims: bits.dims, bytes: tensorBytes(bits) }));
  writeFileSync(join(folder, 'bits.pb'), writeTensor(bits, 'bits'));
  writeFileSync(join(folder, 'double.s'), DOUBLE);
  const count = Float32Array.from({ length: 16 }, (_, i) => i);
  const counted = writeNpy({ dtype: 'float32', dims: [16], bytes: new Uint8Array(count.buffer) });
  writeFileSync(join(folder, 'count.npy'), counted);
  writeFileSync(join(folder, 'classes.txt'), 'sixteen\neight\nfour\ntwo\none\n');
  const colour = (background: string) =>
    sharp({ create: { width: 5, height: 4, channels: 3, background } })
      .png()
      .toBuffer();
  writeFileSync(join(folder, 'red.png'), await colour('#ff0000'));
  writeFileSync(join(folder, 'blue.png'), await colour('#0000ff'));
  writeFileSync(
    join(folder, 'sine.txt'),
    'model ir=8 producer="test" opset {"": 17}\ngraph sine(x: float32[2,8]) -> (z: float32[2,8]) {\n  y = Sin(x) @sine\n  z = Relu(y) @relu\n}\n',
  );
  writeFileSync(
    join(folder, 'means.txt'),
    'model ir=8 producer="test" opset {"": 17}\ngraph means(x: float32[N,3,2,2]) -> (y: float32[N,3,1,1]) {\n  y = GlobalAveragePool(x) @mean\n}\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DOUBLE = `.dram 4096
.input "x", 0, float32[16]
.output "y", 64, float32[16]
.node "double"
  cfg.dimi R0, 0, 16, 4
  li r1, 64
  load nram, r0, r0, R0, R0, f32
  signal load, 0
  wait vector, 0
  vec.add r0, r0, r0, R0, R0, R0, f32, record
  signal vector, 1
  wait store, 1
  store nram, r1, r0, R0, R0, f32
  halt
`;

const call = (line: string, at = folder): Promise<Answer> => systole(line.split(' '), at);

/** The object that a call prints, which must have succeeded and said nothing beside it. */
async function object<T = RunObject>(line: string, at = folder): Promise<T> {
  const { code, stdout, stderr } = await call(`${line} --json`, at);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

test('run with nothing else reads a digit, checks itself and reports', async () => {
  const { code, stdout, stderr } = await call('run');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/this is a 7 \(\d+\.\d\d %\)/);
  expect(stdout).toContain('input float32[1,1,28,28] ← a 7 drawn by rule');
  expect(stdout).toContain('holds');
  expect(stdout).toContain('Conv…+MaxPool');
});

test('run adder adds two numbers', async () => {
  const { code, stdout, stderr } = await call('run adder');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^9 \+ 5 \+ 1 = 15\n/);
  expect(stdout).toContain('Gemm+Clip');
  expect((await call('run adder --a 7 --b 12 --carry 0 --lang zh')).stdout).toMatch(/^7 \+ 12 \+ 0 = 19\n/);
});

test('the object of --json has what it promises', async () => {
  const run = await object('run adder --machine systolic-16x16');
  expect(run).toMatchObject({
    model: 'adder',
    machine: 'systolic-16x16',
    dtype: 'float32',
    bytes: { read: expect.any(Number), write: expect.any(Number) },
    bound: { physical: expect.any(Number), layerwise: expect.any(Number) },
    check: { ok: true, maxAbs: 0, maxRel: 0 },
    outputs: [{ name: 'sum', dtype: 'float32', shape: [1, 5], data: [0, 1, 1, 1, 1] }],
    layers: [{ name: 'weigh' }, { name: 'toggle' }],
  });
  for (const key of ['cycles', 'seconds', 'macs', 'efficiency']) expect(run[key]).toBeGreaterThan(0);
  expect((await object('run adder --timing-only --machine systolic-16x16')).cycles).toBe(run.cycles);
  expect((await object('run adder --dim N=3')).cycles).toBe((await object('run adder --batch 3 --timing-only')).cycles);
});

test('files as inputs: .npy and .pb, with the batch that they imply', async () => {
  const npy = await object('run adder.onnx --input bits.npy');
  expect(npy.outputs[0]).toMatchObject({ shape: [3, 5], data: [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1] });
  expect((await object('run adder.onnx --input bits=bits.pb --dim N=3')).outputs).toEqual(npy.outputs);
  expect((await object('run adder.onnx --input bits=bits.pb --batch 3')).outputs).toEqual(npy.outputs);
});

test('pictures as inputs: resized, normalised, several as one batch', async () => {
  const run = await object('run means.txt --input red.png --input blue.png --scale 1/255 --mean 0,0.5,1 --std 1,1,2');
  expect(run.outputs[0]).toMatchObject({ shape: [2, 3, 1, 1], data: [1, -0.5, -0.5, 0, -0.5, 0] });
});

test('exec with nothing but the file reproduces run bit for bit', async () => {
  expect(await object('compile adder.onnx --dim N=3 -o adder.dlp')).toMatchObject({ file: 'adder.dlp', layers: 2 });
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  for (const file of ['adder.dlp', 'bits.npy']) copyFileSync(join(folder, file), join(alone, file));
  const run = await object('run adder.onnx --input bits.npy');
  const exec = await object('exec adder.dlp --input bits.npy', alone);
  expect(run.check?.ok).toBe(true);
  expect(exec).toEqual({ ...run, model: 'adder', check: null });
  // The sine runs on the host.
  await object('compile sine.txt --machine systolic-16x16 -o sine.dlp');
  for (const mode of ['', ' --timing-only']) {
    const whole = await object(`run sine.txt --machine systolic-16x16${mode}`);
    expect(whole).toMatchObject({ efficiency: expect.any(Number), bound: { layerwise: expect.any(Number) } });
    expect(await object(`exec sine.dlp${mode}`)).toEqual({ ...whole, model: 'sine', check: null });
  }
  expect((await call('exec adder.dlp', alone)).stdout).toContain('holds no model');
});

test('random inputs depend on the seed alone, and are said to be random', async () => {
  const [first, again, other] = await Promise.all(
    ['run adder.onnx --batch 2', 'run adder.onnx --batch 2', 'run adder.onnx --batch 2 --seed 1'].map((l) => object(l)),
  );
  expect(again!.outputs).toEqual(first!.outputs);
  expect(other!.outputs).not.toEqual(first!.outputs);
  expect(first!.inputs).toMatchObject([{ source: 'random, seed 0' }]);
});

test('--output writes .npy, --trace a trace, --labels names classes', async () => {
  const run = await object<RunObject & { top: { samples: { label: string; value: number }[][] } }>(
    'run adder --output out/deep --labels classes.txt --top 2 --a 4 --b 4 --carry 0',
  );
  const sum = readNpy(readFileSync(join(folder, 'out/deep/sum.npy')));
  expect([...tensorNumbers({ ...sum, dtype: 'float32' })]).toEqual(run.outputs[0]!.data);
  expect(run.top.samples[0]).toEqual([
    { class: 1, label: 'eight', value: 1 },
    { class: 0, label: 'sixteen', value: 0 },
  ]);
  const traced = await call('run --trace trace.json');
  expect(traced).toMatchObject({ code: 0, stderr: 'trace: trace.json\n' });
  const trace = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')) as { traceEvents: { ph: string }[] };
  expect(trace.traceEvents.filter((e) => e.ph === 'X').length).toBeGreaterThan(5);
  for (const command of ['run', 'sim double.s', 'exec double.dlp']) {
    if (command.startsWith('exec')) await call('asm double.s -o double.dlp');
    expect(await call(`${command} --trace trace.pftrace`)).toMatchObject({ code: 0 });
    const { tracks, instants } = readPerfetto(readFileSync(join(folder, 'trace.pftrace')));
    expect(tracks.size, command).toBeGreaterThan(1);
    expect(instants, command).toHaveLength(1);
  }
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
});

test('a trace whose name tells no format is refused before anything runs', async () => {
  for (const [name, words] of [
    ['trace.pbtrace', "'.pbtrace' names no format of traces; did you mean '.pftrace'?"],
    ['trace', 'the name has no ending'],
  ] as const) {
    const { code, stdout, stderr } = await call(`run --trace ${name}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`SYS-CLI-110: ${name}: ${words}`);
    expect(readdirSync(folder)).not.toContain(name);
  }
});

test('a link is written through, and no device replaced', async () => {
  writeFileSync(join(folder, 'target.dlp'), 'old');
  symlinkSync('target.dlp', join(folder, 'link.dlp'));
  await object('compile adder.onnx --dim N=1 -o link.dlp');
  expect(lstatSync(join(folder, 'link.dlp')).isSymbolicLink()).toBe(true);
  expect((await object('exec target.dlp --seed 1')).outputs).toHaveLength(1);
  expect(await call('run --trace /dev/null')).toMatchObject({ code: 0, stderr: 'trace: /dev/null\n' });
  const full = await call('run --trace /dev/full');
  expect(full).toMatchObject({ code: 2, stdout: '' });
  expect(full.stderr).toContain('SYS-CLI-013: /dev/full');
  expect(lstatSync('/dev/null').isFile()).toBe(false);
});

test('asm, disasm, sim and exec of a hand-written program', async () => {
  expect((await call('asm double.s')).stdout).toMatch(/^[0-9a-f]{16} +cfg\.dimi R0, 0, 16, 4 /);
  const { words } = await object<{ words: string[] }>('asm double.s -o double.dlp');
  writeFileSync(join(folder, 'again.s'), (await call('disasm double.dlp')).stdout);
  expect((await object<{ words: string[] }>('asm again.s')).words).toEqual(words);
  const simulated = await object('sim double.s --input count.npy');
  expect(simulated.outputs[0]!.data).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i));
  expect((await object('exec double.dlp --input count.npy')).outputs).toEqual(simulated.outputs);
  expect((await object('sim double.dlp --timing-only')).cycles).toBe(simulated.cycles);
  expect((await object('sim double.s --machine systolic-16x16')).cycles).toBeGreaterThan(simulated.cycles);
});

test('networks are counted by name, of one sample unless sizes are given', async () => {
  expect(await object('summary resnet18')).toMatchObject({ totals: { parameters: 11689512, macs: 1814073344 } });
  expect(await object('summary lstm --dim N=2')).toMatchObject({ totals: { parameters: 82186, unknown: 0 } });
  expect(await object('utilisation squeezenet')).toMatchObject({ network: 'squeezenet' });
  expect((await call('summary resnet19')).stderr).toMatch(/SYS-CLI-010.*resnet18, resnet34/s);
});

test('networks run by name with drawn weights, and a file of that name goes before', async () => {
  const { code, stdout, stderr } = await call('run vit-small --seed 3 --batch 2');
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'weights of vit-small: random, seed 3\n' });
  expect(stdout).toMatch(/input float32\[2,3,32,32\] ← random, seed 3\n/);
  expect(stdout).toMatch(/check +holds/);
  expect(await object('run mlp')).toMatchObject({ weights: 'random, seed 0', check: { ok: true } });
  expect((await call('run alexnt')).stderr).toMatch(/SYS-CLI-010.*Did you mean 'alexnet'\?/);
  expect((await call('run vit')).stderr).toContain("Did you mean 'vit-b-16'?");
  const own = mkdtempSync(join(folder, 'own-'));
  copyFileSync(join(folder, 'adder.onnx'), join(own, 'lenet5'));
  const file = await call('summary lenet5', own);
  expect(file.stderr).toContain("'lenet5' is read as the file of that name");
  expect(file.stdout).toContain('470');
});

test('summary counts the adder', async () => {
  expect(await object('summary adder --batch 1')).toMatchObject({ totals: { parameters: 470, macs: 434 } });
  expect((await call('summary adder.onnx')).stdout).toContain('470');
});

test('machine list, show, check and schema', async () => {
  const { machines } = await object<{ machines: { name: string }[] }>('machine list');
  expect(machines.map((m) => m.name)).toContain('textbook-single');
  const { devices } = await object<{ devices: { model: string; ridge: number }[] }>('machine list --market');
  expect(devices[0]).toMatchObject({ model: 'A100 80GB SXM4', precision: 'FP16, BF16', ridge: 153.01618440411966 });
  expect((await call('machine list --market --lang zh')).stdout).toMatch(/拐点[\s\S]*MLU100.* 625 [\s\S]*来源/);
  const { stdout } = await call('machine show systolic-16x16 --json');
  writeFileSync(join(folder, 'mine.json'), stdout);
  expect(await object('machine check mine.json')).toMatchObject({ ok: true, name: 'systolic-16x16' });
  expect(await object('machine check systolic-16x16')).toMatchObject({ ok: true, name: 'systolic-16x16' });
  expect(await object('run --machine mine.json')).toMatchObject({
    machine: 'systolic-16x16',
    machineFile: 'mine.json',
  });
  expect((await call('run --machine mine.json')).stdout).toContain('systolic-16x16 (mine.json, 1 GHz');
  expect(await object('run --machine systolic-16x16')).toMatchObject({ machineFile: null });
  expect(await object('machine schema')).toHaveProperty('$schema');
  expect((await call('machine show textbook-single --lang zh')).stdout).toMatch(/\p{Script=Han}/u);
});

test('a reader that stops reading is no error', async () => {
  const pipeline = `"$0" --conditions=source "$1" disasm adder.dlp | head -n 1`;
  const ended = await new Promise<Answer>((resolve) => {
    const args = ['-o', 'pipefail', '-c', pipeline, process.execPath, `${ROOT}bin/systole.mjs`];
    const child = execFile('bash', args, { cwd: folder }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout.split('\n')).toHaveLength(2);
});

test('sim --stats tells what instructions keep their units busy for, and how they would be split', async () => {
  writeFileSync(join(folder, 'layers.s'), 'compute MAC_32 512000\ncompute MAC_32 256\n');
  const { code, stdout } = await systole(['sim', 'layers.s', '--tile', '500', '--json'], folder);
  expect(code).toBe(0);
  const { loads } = JSON.parse(stdout) as { loads: unknown };
  expect(loads).toMatchObject({
    tile: 500,
    instructions: [
      { instruction: 0, unit: 'matrix', count: 1, max: 2000 },
      { instruction: 1, unit: 'matrix', count: 1, max: 1 },
    ],
    units: [{ unit: 'matrix', balance: { count: 2, maxOverMin: 2000 }, split: { count: 5, max: 500 } }],
  });
  expect((await systole(['sim', 'layers.s', '--stats'], folder)).stdout).toContain('in tiles of 1,024');
});

test('summary of a structure, by other rules and in other formats', async () => {
  const file = join(folder, 'net.prototxt');
  writeFileSync(
    file,
    `name: "net" layer { name: "data" type: "Input" top: "data" input_param { shape: { dim: 1 dim: 3 dim: 8 dim: 8 } } }
     layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 } }`,
  );
  expect(await object(`summary ${file}`)).toMatchObject({ totals: { parameters: 112, macs: 36 * 108 }, counted: null });
  const sized = await object(`summary ${file} --input-size 2,3,10,10 --convention torchinfo`);
  expect(sized).toMatchObject({ totals: { macs: 2 * 64 * 108 }, counted: { total: 2 * 64 * 112 } });
  expect((await call(`summary ${file} --format csv`)).stdout).toMatch(
    /^layer,operator,output,.*\r\nconv,Conv,1x4x6x6,/,
  );
  expect((await call(`summary ${file} --format markdown --lang zh`)).stdout).toContain('| conv | Conv | [1,4,6,6] |');
  expect((await call(`summary ${file} --input-size 3x8`)).stderr).toContain('SYS-FLOW-161');
  expect((await call(`summary ${file} --convention torchvision`)).stderr).toMatch(/SYS-CLI-004.*torchinfo/s);
});
