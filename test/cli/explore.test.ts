/** `systole explore` as a process: killed and resumed, limited, interrupted. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../house/sources.ts';
import { systole } from './systole.ts';

const SPACE = `models: [lenet5, mlp]
machine: textbook-single
vary:
  nram.bytes: [64, 16384, 32768]
  wram.bytes: { from: 16384, to: 65536, times: 2 }
  vector.lanes: [16, 48, 64]
constraints: { area: { most: 7 } }
objectives: [time, area]
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-explore-'));
  writeFileSync(join(folder, 'space.yaml'), SPACE);
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

/** How many outcomes a store has; also while another process writes it, which is why only its file is looked at. */
const kept = (name: string): number => {
  const db = new DatabaseSync(join(folder, name, 'results.sqlite'));
  const { n } = db.prepare('select count(*) as n from outcomes').get() as { n: number };
  db.close();
  return n;
};

test('killed at any moment and resumed, the results are those of a run that was left alone', async () => {
  // In two parts, which is the same as one.
  const first = await systole(['explore', 'space.yaml', '-o', 'whole', '--workers', '2', '--limit', '3'], folder);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stderr).toContain('systole explore space.yaml -o whole --resume --workers 2');
  expect(kept('whole')).toBe(3);
  const whole = await systole(['explore', 'space.yaml', '-o', 'whole', '--workers', '2', '--resume'], folder);
  expect(whole).toMatchObject({ code: 0 });
  expect(whole.stdout).toContain('on the front');

  let before = 0;
  for (const log of [8_000, 50_000]) {
    const args = [
      '--conditions=source',
      `${ROOT}bin/systole.mjs`,
      'explore',
      'space.yaml',
      '-o',
      'killed',
      '--workers',
      '2',
      '--resume',
    ];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    // Its log grows with every result.
    const path = join(folder, 'killed', 'results.sqlite-wal');
    const size = (): number => (existsSync(path) ? readFileSync(path).length : 0);
    while (child.exitCode === null && size() < log) await new Promise((r) => setTimeout(r, 5));
    child.kill('SIGKILL');
    await ended;
    const now = kept('killed');
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
  const again = await systole(
    ['explore', 'space.yaml', '-o', 'killed', '--workers', '1', '--resume', '--json'],
    folder,
  );
  const answer = JSON.parse(again.stdout) as { ran: number; reused: number; end: string };
  expect(answer.end).toBe('complete');
  expect(answer.reused).toBeGreaterThanOrEqual(before);
  expect(answer.ran + before).toBe(kept('whole'));
  for (const file of ['results.csv', 'front.csv', 'front.svg'])
    expect(read(`killed/${file}`)).toBe(read(`whole/${file}`));

  // Both tables hold the same.
  const lines = read('whole/results.csv').trimEnd().split('\n');
  const rows = await parquetReadObjects({ file: bytesOf(join(folder, 'whole/results.parquet')) });
  expect(rows.length).toBe(lines.length - 1);
  expect(Object.keys(rows[0]!).join()).toBe(lines[0]);
  expect(rows.map((r) => r.state)).toEqual(lines.slice(1).map((line) => line.split(',')[0]));
  expect(new Set(rows.map((r) => r.failure))).toContain('SYS-MACHINE-008');
});

const bytesOf = (path: string): ArrayBuffer => {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
};

test('Ctrl-C ends with 130, keeps what is there and says how to go on', async () => {
  const args = [
    '--conditions=source',
    `${ROOT}bin/systole.mjs`,
    'explore',
    'space.yaml',
    '-o',
    'stopped',
    '--workers',
    '1',
  ];
  const child = spawn(process.execPath, args, { cwd: folder });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const path = join(folder, 'stopped', 'results.sqlite-wal');
  while (child.exitCode === null && (!existsSync(path) || readFileSync(path).length < 60_000))
    await new Promise((r) => setTimeout(r, 5));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(said).toContain('systole explore space.yaml -o stopped --resume --workers 1');
  expect(read('stopped/results.csv').split('\n').length).toBeGreaterThan(2);
});

test('a search without a front says which kind of none it is, with one exit code, and lists all designs', async () => {
  const small = `models: lenet5
machine: textbook-single
vary: { nram.bytes: [64, 16384], wram.bytes: [16384] }
objectives: [time]
`;
  const cases = [
    [
      'area',
      `${small.replace('[64, 16384]', '[16384, 32768]')}constraints: { area: { most: 0.001 } }\n`,
      'SYS-EXPLORE-030',
      'excluded,excluded',
    ],
    ['failed', small.replace('[64, 16384]', '[64, 128]'), 'SYS-EXPLORE-031', 'failed,failed'],
    ['time', `${small}constraints: { time: { most: 1.0e-9 } }\n`, 'SYS-EXPLORE-032', 'failed,done'],
  ] as const;
  for (const [name, text, code, states] of cases) {
    writeFileSync(join(folder, `${name}.yaml`), text);
    const { code: exit, stderr } = await systole(['explore', `${name}.yaml`, '--workers', '1'], folder);
    expect([name, exit, stderr.includes(code)]).toEqual([name, 4, true]);
    const lines = read(`${name}/results.csv`).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.split(',')[0]).join()).toBe(states);
  }
  const json = await systole(['explore', 'area.yaml', '-o', 'json', '--json', '--resume'], folder);
  expect([json.code, (JSON.parse(json.stdout) as { front: unknown }).front]).toEqual([4, []]);
  expect(json.stderr).toContain('SYS-EXPLORE-030');
  expect(json.stderr).toContain("no results are in 'json' yet");
});

test('tables that no search of ours wrote are not overwritten', async () => {
  mkdirSync(join(folder, 'mine'));
  writeFileSync(join(folder, 'mine', 'results.csv'), 'years of work');
  const { code, stderr } = await systole(['explore', 'space.yaml', '-o', 'mine'], folder);
  expect([code, stderr.includes('SYS-CLI-015')]).toEqual([2, true]);
  expect(read('mine/results.csv')).toBe('years of work');
  expect(existsSync(join(folder, 'mine', 'results.sqlite'))).toBe(false);
});
