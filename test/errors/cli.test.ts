/**
 * Wrong inputs against the real command: each gets its code, its place and its repair, in both languages, with the right
 * exit code, no stack, and nothing left behind. The goldens in `test/goldens/errors` hold what is said; `vitest run
 * test/errors -u` writes them anew.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, systole } from '../cli/systole.ts';
import { ROOT } from '../house/sources.ts';
import { writeFixtures } from './fixtures.ts';

/** Name of the golden, arguments, exit code. */
const CASES: readonly (readonly [string, string, number])[] = [
  ['model-missing', 'run nothing.onnx', 3],
  ['model-misspelt', 'run ader1.onnx', 3],
  ['model-folder', 'run .', 3],
  ['model-empty', 'run empty.onnx', 3],
  ['model-truncated', 'run cut.onnx', 3],
  ['model-random-bytes', 'run random.onnx', 3],
  ['model-text', 'run text.onnx', 3],
  ['model-lfs-pointer', 'run pointer.onnx', 3],
  ['model-is-tensor', 'run tensor.onnx', 3],
  ['model-is-program', 'run tiny.dlp', 3],
  ['model-description', 'run net.cfg', 4],
  ['model-wrong-shapes', 'run mismatch.txt', 3],
  ['model-text-syntax', 'run syntax.txt', 3],
  ['model-undefined-value', 'summary undefined.txt', 3],
  ['external-missing', 'run external-missing.onnx', 3],
  ['external-outside', 'run external-outside.onnx', 3],
  ['external-absolute', 'run external-absolute.onnx', 3],
  ['external-symlink-outside', 'run external-linked.onnx', 3],
  ['external-short', 'compile external-short.onnx -o x.dlp', 3],
  ['does-not-fit', 'run huge.txt --timing-only', 4],
  ['unsupported-type', 'run strings.txt', 4],
  ['host-no-operator', 'run foreign.txt', 4],
  ['host-no-shape', 'compile shapeless.txt -o x.dlp', 4],
  ['host-data', 'run far.txt --input i=far.npy', 3],
  ['dtype-integer', 'run adder --dtype i8', 4],
  ['dtype-nothing', 'run strings.txt --dtype float16', 4],
  ['dtype-unknown', 'run adder --dtype float12', 2],
  ['size-unknown', 'run adderN.onnx', 4],
  ['dim-unknown', 'run adderN.onnx --dim M=2', 2],
  ['dim-malformed', 'run adderN.onnx --dim N=two', 2],
  ['input-shape', 'run adder1.onnx --input shape.npy', 3],
  ['input-batch', 'run adder1.onnx --input bits=batch.npy', 3],
  ['input-without-samples', 'run adderN.onnx --input zero.npy', 3],
  ['input-type', 'run adder1.onnx --input double.npy', 3],
  ['input-name', 'run adder1.onnx --input bit=batch.npy', 2],
  ['input-too-many', 'run picture.txt --input x=good.png --input good.png', 2],
  ['input-nan', 'run adder1.onnx --input nan.npy', 3],
  ['input-cut-npy', 'run adder1.onnx --input cut.npy', 3],
  ['input-no-picture', 'run picture.txt --input text.png', 3],
  ['input-cut-picture', 'run picture.txt --input cut.png', 3],
  ['input-picture-for-vector', 'run adder1.onnx --input good.png', 3],
  ['input-mean-without-picture', 'run adder1.onnx --input batch.npy --mean 1', 2],
  ['input-mean-channels', 'run picture.txt --input good.png --mean 1,2', 2],
  ['labels-count', 'run adder1.onnx --labels three.labels', 3],
  ['parallel-links-missing', 'parallel mlp --devices 16 --per-node 8 --links intra=300', 2],
  ['parallel-links-malformed', 'parallel mlp --devices 4 --links intra=300GB', 2],
  ['parallel-batch-uneven', 'parallel mlp --devices 3 --links intra=1 --batch 32', 2],
  ['parallel-stages', 'parallel mlp --devices 8 --links intra=1 --strategy pipeline', 4],
  ['machine-unknown', 'run --machine textbok-single', 2],
  ['machine-key', 'machine check key.json', 3],
  ['machine-unit', 'run --machine unit.json', 3],
  ['machine-too-small', 'run --machine small.json', 4],
  ['machine-syntax', 'machine show syntax.json', 3],
  ['output-under-a-file', 'run --output text.onnx/out', 2],
  ['output-is-a-file', 'run --output text.onnx', 2],
  ['output-folder-missing', 'compile adder1.onnx -o none/x.dlp', 2],
  ['output-dangling-link', 'run --output dangling', 2],
  ['trace-unwritable', 'run --trace none/trace.json', 2],
  ['trace-format', 'run --trace trace.pbtrace', 2],
  ['assembly-errors', 'asm errors.s', 3],
  ['assembly-binary', 'asm random.onnx', 3],
  ['assembly-missing', 'sim eror.s', 3],
  ['sim-deadlock', 'sim deadlock.s', 3],
  ['sim-outside-memory', 'sim outside.s', 3],
  ['sim-never-written', 'sim unwritten.s', 3],
  ['sim-race', 'sim race.s --machine systolic-16x16', 3],
  ['sim-idle', 'sim endless.s', 3],
  ['sim-endless', 'sim endless.s --max-instructions 1000', 3],
  ['program-text', 'exec text.onnx', 3],
  ['program-truncated', 'exec cut.dlp', 3],
  ['program-damaged', 'disasm damaged.dlp', 3],
  ['program-other-machine', 'sim tiny.dlp --machine systolic-16x16', 4],
  ['option-unknown', 'run --machne x', 2],
  ['option-value', 'run --seed -1', 2],
  ['option-without-value', 'run --machine', 2],
  ['option-required', 'compile adder1.onnx', 2],
  ['option-for-adder', 'run adder1.onnx --a 3', 2],
  ['option-twice', 'run --machine systolic-16x16 --machine textbook-single', 2],
  ['option-empty', 'run --machine=', 2],
  ['dim-twice', 'summary adderN.onnx --dim N=2 --dim N=3', 2],
  ['dim-against-batch', 'run adderN.onnx --dim N=2 --batch 3', 2],
  ['input-without-file', 'run adder1.onnx --input bits=', 2],
  ['option-contradiction', 'run --timing-only --output out', 2],
  ['utilisation-no-rectangle', 'utilisation --multipliers 16,18', 2],
  ['utilisation-no-numbers', 'utilisation --multipliers 16,16', 2],
  ['utilisation-other-traffic', 'utilisation --array scalar-mac --traffic streaming', 2],
  ['utilisation-other-mapping', 'utilisation --array scalar-mac --mapping channel', 2],
  ['utilisation-without-model', 'utilisation --batch 4', 2],
  ['utilisation-no-layers', 'utilisation picture.txt', 4],
  ['utilisation-open', 'utilisation adderN.onnx', 4],
  ['command-unknown', 'rum', 2],
  ['command-arguments', 'asm a.s b.s', 2],
  ['json', 'run adder1.onnx --input nan.npy --json', 3],
  ['json-without-command', 'machine --json', 2],
  ['json-usage', 'run --json --seed x', 2],
];

let root = '';
let folder = '';
let before: readonly string[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'systole-errors-'));
  folder = await writeFixtures(root);
  before = readdirSync(folder);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function goldenText(line: string, { code, stdout, stderr }: Answer): string {
  const parts = [`$ systole ${line}`, `exit ${code}`];
  if (stdout !== '') parts.push('--- standard output', stdout.trimEnd());
  if (stderr !== '') parts.push('--- standard error', stderr.trimEnd());
  return `${parts.join('\n').replaceAll(root, '<root>')}\n`;
}

describe.concurrent('wrong inputs', () => {
  test.for(CASES)('%s', { timeout: 120_000 }, async ([name, line, code], { expect }) => {
    const en = await systole(line.split(' '), folder);
    const zh = await systole([...line.split(' '), '--lang', 'zh'], folder);
    for (const answer of [en, zh]) {
      expect(answer.code).toBe(code);
      const said = answer.stdout + answer.stderr;
      expect(said).toMatch(/SYS-[A-Z]+-\d{3}/);
      expect(said).not.toMatch(/\n\s+at |node:internal|\.ts:\d/);
      // People read standard error, programs standard output: never both.
      expect(line.includes('--json') ? answer.stderr : answer.stdout).toBe('');
    }
    expect(zh.stdout + zh.stderr).toMatch(/\p{Script=Han}/u);
    const golden = `${ROOT}test/goldens/errors/${name}.txt`;
    await expect(`${goldenText(line, en)}\n${goldenText(`${line} --lang zh`, zh)}`).toMatchFileSnapshot(golden);
  });
});

test('where a file system takes no new entries, that is said at once', { timeout: 60_000 }, async () => {
  // Permissions alone say yes to root; what a first user of the machine is answered differs, the code does not.
  for (const line of ['run --output /proc/none/deep', 'run --trace /proc/none.json', 'compile adder -o /proc/none']) {
    const { code, stdout, stderr } = await systole(line.split(' '), folder);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^SYS-CLI-013: \/proc\/none/);
  }
});

test('wrong inputs leave nothing behind', () => {
  expect(readdirSync(folder)).toEqual(before);
});
