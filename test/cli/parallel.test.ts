/** `systole parallel` as a user calls it, in this process: what it says, writes and refuses. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Console } from '../../src/cli/console.ts';
import { showError } from '../../src/cli/errors.ts';
import { buildProgram } from '../../src/cli/index.ts';
import { byteSize, links } from '../../src/cli/parallel/links.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-parallel-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FIGURES = '--peak 60000 --bandwidth 2000';

async function parallel(words: string, language: 'en' | 'zh' = 'en') {
  const args = ['parallel', ...words.split(' ')];
  const said = { stdout: [] as string[], stderr: [] as string[] };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.stdout.push(String(text)) > 0);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.stderr.push(String(text)) > 0);
  let code = 0;
  const console = new Console({ language, json: words.includes('--json'), debug: false });
  try {
    await (await buildProgram(console, '0.0.0', args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    code = showError(error, console);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  // Colours are on where CI is set.
  const plain = (texts: readonly string[]): string => stripVTControlCharacters(texts.join(''));
  return { stdout: plain(said.stdout), stderr: plain(said.stderr), code };
}

test.each(['en', 'zh'] as const)('says it in %s', async (language) => {
  const line = `lenet5 --devices 4 --per-node 2 --links intra=100,2us,inter=10,10us --peak 100 --bandwidth 50 --micro-batches 4 --memory 1MB --bucket 100kB`;
  const { stdout, stderr } = await parallel(line, language);
  expect(stderr).toBe('');
  await expect(`# systole parallel ${line}${language === 'en' ? '' : ' --lang zh'}\n${stdout}`).toMatchFileSnapshot(
    `goldens/parallel.${language}.txt`,
  );
});

test('row 5.3: bytes of a ring', async () => {
  const bytes = async (network: string, devices: number): Promise<number> => {
    const line = `${network} --devices ${devices} --links intra=100 ${FIGURES} --batch ${devices} --strategy data --json`;
    const { exchange, strategies } = JSON.parse((await parallel(line)).stdout);
    expect(Math.abs(strategies[0].sent.most - exchange.ring.most)).toBeLessThan(4 * devices);
    return exchange.ring.most;
  };
  expect(await bytes('vgg19', 8)).toBe(1005670680);
});

test('tables for other programs, and pictures', async () => {
  const line = `mlp --devices 2 --links intra=100 ${FIGURES}`;
  const csv = (await parallel(`${line} --format csv`)).stdout.trimEnd().split('\n');
  expect(csv.map((l) => l.split(',')[0])).toEqual(['strategy', 'data', 'model', 'pipeline']);
  expect(new Set(csv.map((l) => l.split(',').length)).size).toBe(1);
  expect((await parallel(`${line} --format markdown`)).stdout).toMatch(/^# mlp[\s\S]*\n\| strategy \|/);
  expect((await parallel(`${line} -o ${folder}/s.svg`)).stderr).toContain('wrote');
  expect(readFileSync(join(folder, 's.svg'), 'utf8')).toMatch(/^<svg[\s\S]*pipeline parallel[\s\S]*<\/svg>\n$/);
  await parallel(`${line} --strategy data --scale 1 -o ${folder}/s.png`, 'zh');
  expect(await sharp(join(folder, 's.png')).metadata()).toMatchObject({ format: 'png', width: 980 });
});

test('many devices, one device, a type', async () => {
  const step = async (words: string) => JSON.parse((await parallel(`${words} --json`)).stdout).strategies[0];
  const many = await step(
    `mlp --devices 1024 --per-node 8 --links intra=100,1us,inter=10,5us ${FIGURES} --strategy data`,
  );
  expect(many.timeline).toHaveLength(1);
  expect(many.timeline[0].devices).toHaveLength(1024);
  const spread = await step(`mlp --devices 2 --per-node 1 --links inter=1 ${FIGURES} --batch 6 --strategy pipeline`);
  expect(spread.microBatches).toBe(6);
  const one = await step(`mlp --devices 1 ${FIGURES} --strategy data`);
  expect([one.speedUp, one.sent.total]).toEqual([1, 0]);
  const half = await step(`mlp --devices 1 ${FIGURES} --dtype float16 --strategy data --optimiser adam`);
  // Two bytes each of weight and gradient, and twelve of state.
  expect(half.memory[0].weights * 6).toBe(half.memory[0].optimiser);
});

describe('refused', () => {
  test.each([
    ['mlp --links intra=1', 2, '--devices'],
    ['mlp --devices 0', 2, 'SYS-CLI-004'],
    [`mlp --devices 4 ${FIGURES}`, 2, 'SYS-CLI-242'],
    ['mlp --devices 12 --per-node 8 --links intra=1,inter=1', 2, 'SYS-CLI-243'],
    ['mlp --devices 2 --links intra=1 --peak 5', 2, 'SYS-CLI-241'],
    ['mlp --devices 2 --links intra=1 --peak 5 --bandwidth 1 --device-machine tpu-v1', 2, 'SYS-CLI-240'],
    ['mlp --devices 2 --links intra=1 --peak 5 --bandwidth 1 --forward bound', 2, 'SYS-CLI-246'],
    [`mlp --devices 2 --links intra=1 ${FIGURES} -o step.pdf`, 2, 'SYS-CLI-245'],
    [`mlp --devices 2 --links intra=1 ${FIGURES} --micro-batches 5 --strategy pipeline`, 2, 'SYS-CLI-244'],
    [`mlp --devices 2 --links intra=1 ${FIGURES} --strategy data --schedule gpipe`, 2, 'SYS-CLI-247'],
    [`mlp --devices 2 --links intra=1 ${FIGURES} --strategy model --no-overlap`, 2, 'SYS-CLI-247'],
    [`adder --devices 2 --links intra=1 ${FIGURES} --strategy swarm`, 2, 'SYS-CLI-004'],
    [`mlp --devices 2 --links intra=1 ${FIGURES} --bucket 0MB`, 2, 'SYS-CLI-004'],
    [`nothing.onnx --devices 2 --links intra=1 ${FIGURES}`, 3, 'SYS-CLI-010'],
    ['mlp --devices 2 --links intra=1 --device-machine nothing', 2, 'SYS-MAC'],
  ])('%s', async (words, code, said) => {
    for (const language of ['en', 'zh'] as const) {
      const answer = await parallel(words, language);
      expect(answer.stderr).toContain(said);
      expect(answer.stderr).not.toMatch(/\n\s+at /);
      expect(answer.code).toBe(code);
    }
    expect(readdirSync(folder).filter((f) => f.includes('partial'))).toEqual([]);
  });
});

test('links', () => {
  const intra = { bandwidth: 300e9, latency: 2e-6 };
  expect(links('intra=300,2us')).toEqual({ intra });
  expect(links(' intra = 3e2 , 2µs, inter=12.5')).toEqual({ intra, inter: { bandwidth: 12.5e9, latency: 0 } });
  expect(links('inter=1,10ms,intra=300,2000ns').intra!.latency).toBeCloseTo(2e-6, 15);
  for (const wrong of [
    '',
    ',',
    'intra',
    'intra=',
    'intra=0',
    'intra=-1',
    'intra=1,2',
    'intra=1,2us,3us',
    'intra=1,intra=2',
    'extra=1',
    'intra=1,inter',
    'intra=1us',
    'intra=1e999',
    '300',
    'intra=1;inter=2',
    'intra=1,,inter=2x',
  ])
    expect(() => links(wrong), wrong).toThrow('--links');
});

test('sizes with units', () => {
  const size = byteSize('--bucket');
  expect(['25MB', '25 MiB', '1.5kb', '80GB', '12'].map(size)).toEqual([25e6, 25 * 2 ** 20, 1500, 80e9, 12]);
  for (const wrong of ['', '0', '-1MB', '5 apples', '1e400', 'MB'])
    expect(() => size(wrong), wrong).toThrow('--bucket');
});
