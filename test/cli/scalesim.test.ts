/**
 * `systole scalesim` as a user of SCALE-Sim calls it: what it prints and the files that it writes stand in `goldens/`, the command on
 * the first line. `vitest run test/cli -u` writes them anew.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systole } from './systole.ts';

const folder = mkdtempSync(join(tmpdir(), 'scalesim-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD =
  'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides, Sparsity,\n';
const config = (run: string, more = '', flow = 'ws'): string => `[general]
run_name = ${run}
[architecture_presets]
ArrayHeight: 8
ArrayWidth: 4
IfmapSramSzkB: 1
FilterSramSzkB: 1
OfmapSramSzkB: 1
IfmapOffset: 0
Bandwidth: 4
Dataflow: ${flow}
${more}`;
const USER = '[run_presets]\nInterfaceBandwidth: USER\n';
const SPARSE = '[sparsity]\nSparsitySupport: true\nSparseRep: ellpack_block\nOptimizedMapping: false\n';
const FILES = {
  'net.csv': `${HEAD}Conv1, 14, 14, 3, 3, 8, 12, 1, 2:4,\nDP2, 12, 12, 3, 3, 2, 1, 1,,\nFC, 1, 1, 1, 1, 1200, 10, 1, 1:4\n`,
  'gemm.csv': 'Layer, M, N, K,\nQKV, 197, 96, 64,\n',
  'wrong.csv': `${HEAD}Conv1, 14, 14, 3, 3, 8, 12, 1, 2:4,\nConv2, 14, 14, 3, x3, 8, 12, 1, 2:4,\nConv3, 2, 14, 3, 3, 8, 12, 1, 5:4,\n`,
  'none.csv': HEAD,
  'user.cfg': config('user', USER),
  'calc.cfg': config('calc', '', 'os'),
  'sparse.cfg': config('sparse', `${USER}UseRamulatorTrace: True\n${SPARSE}`),
  'random.cfg': config('random', SPARSE.replace('Mapping: false', 'Mapping: true')),
  'held.cfg': config('held', SPARSE, 'is'),
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);

const CASES = [
  ['user', 'scalesim -t net.csv -c user.cfg -p out', 'user'],
  ['calc-zh', 'scalesim -t gemm.csv -c calc.cfg -p out -i gemm -s N --lang zh', 'calc'],
  ['sparse', 'scalesim -t net.csv -c sparse.cfg -p out -l layout.csv -s Y', 'sparse'],
] as const;

test.concurrent.for(CASES)('%s', async ([name, line, run], { expect }) => {
  const { code, stdout, stderr } = await systole(line.split(' '), folder);
  expect(code).toBe(0);
  const out = join(folder, 'out', run);
  const files = readdirSync(out).map((file) => `\n$ cat out/${run}/${file}\n${readFileSync(join(out, file), 'utf8')}`);
  await expect(`$ systole ${line}\n${stderr}${stdout}${files.join('')}`).toMatchFileSnapshot(
    `goldens/scalesim-${name}.txt`,
  );
});

test.concurrent('as JSON: every layer, and what was left out', async ({ expect }) => {
  const { code, stdout } = await systole('scalesim -t net.csv -c sparse.cfg -p json --json'.split(' '), folder);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    run: 'sparse',
    array: { rows: 8, columns: 4, dataflow: 'weight-stationary', bandwidth: 4 },
    leftOut: ['UseRamulatorTrace'],
    layers: [{ name: 'Conv1' }, { name: 'DP2Channel_0' }, { name: 'DP2Channel_1' }, { name: 'FC' }],
  });
});

test.concurrent.for([
  ['wrong rows', '-t wrong.csv -c user.cfg', 3, ['wrong.csv:3:19', 'wrong.csv:4:15', 'wrong.csv:4:31']],
  ['no layers', '-t none.csv -c user.cfg', 3, ['none.csv', 'SYS-CLI-200']],
  ['sparsity of another dataflow', '-t net.csv -c held.cfg', 4, ['held.cfg', 'SYS-CLI-201']],
  ['sparsity at random', '-t net.csv -c random.cfg', 4, ['random.cfg:15:19', 'SYS-CLI-202']],
  ['the other form', '-t gemm.csv -c user.cfg -i conv', 2, ['gemm.csv:1', 'SYS-DAT-097']],
  ['configuration and topology exchanged', '-t user.cfg -c gemm.csv', 3, ['gemm.csv:1:1', 'SYS-DAT-098']],
] as const)('refused, and nothing written: %s', async ([, line, code, texts], { expect }) => {
  const answer = await systole(['scalesim', ...line.split(' '), '-p', 'nothing'], folder);
  expect(answer.code).toBe(code);
  for (const text of texts) expect(answer.stderr).toContain(text);
  expect(existsSync(join(folder, 'nothing'))).toBe(false);
});

test('what is there stays where a report cannot be written', async () => {
  await systole('scalesim -t gemm.csv -c user.cfg -p twice'.split(' '), folder);
  const report = join(folder, 'twice/user/COMPUTE_REPORT.csv');
  const before = readFileSync(report, 'utf8');
  expect((await systole('scalesim -t wrong.csv -c user.cfg -p twice'.split(' '), folder)).code).toBe(3);
  expect(readFileSync(report, 'utf8')).toBe(before);
  expect(readdirSync(join(folder, 'twice/user'))).toHaveLength(3);
});
