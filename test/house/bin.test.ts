/** The `systole` command's first file: it must answer on any Node, and pass arguments, exit code and signals through. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { ROOT } from './sources.ts';

const BIN = `${ROOT}bin/systole.mjs`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });

test('an old Node is told which version it takes and how to get it, in both languages', async () => {
  const pretend = (version: string): string =>
    `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
  for (const version of ['12.22.12', '20.20.2', '22.17.1']) {
    const { code, stdout, stderr } = await run(['--import', pretend(version), BIN, 'run', 'model.onnx']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('systole needs Node.js 22.18 or newer');
    expect(stderr).toContain('systole 需要 Node.js 22.18 或更新的版本');
    expect(stderr).toContain('npx systole run model.onnx');
  }
  expect((await run(['--import', pretend('22.18.0'), BIN, '--version'])).code).toBe(0);
});

test('Node 12 parses it: nothing to lower, nothing imported before the version check', () => {
  const text = readFileSync(BIN, 'utf8');
  const compile = (target: string): string => transformSync(text, { target, format: 'esm' }).code;
  expect(compile('node12.20')).toBe(compile('esnext'));
  expect(transformSync('a?.b ?? c', { target: 'node12.20' }).code).not.toContain('?.');
  expect(text).not.toMatch(/^import /m);
});

test('the version is that of package.json, whatever folder it is called from', async () => {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
  expect(await run([BIN, '--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('a wrong option ends with a code that is not 0, passed through', async () => {
  const direct = await run(['--conditions=source', `${ROOT}src/cli/main.ts`, '--no-such-option']);
  const { code, stderr } = await run([BIN, '--no-such-option']);
  expect(code).not.toBe(0);
  expect({ code, stderr }).toEqual({ code: direct.code, stderr: direct.stderr });
});

test.skipIf(!existsSync('/proc/self/cmdline'))(
  'what is killed is what works: no second process is left (skipped without /proc)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'systole-bin-'));
    try {
      const file = join(folder, 'long.s');
      // So many turns that it is at work for hours.
      writeFileSync(file, 'li r1, 2000000000\ntop:\naddi r1, r1, -1\nbne r1, r0, top\nhalt\n');
      const child = spawn(process.execPath, [BIN, 'sim', file], { stdio: 'ignore' });
      const atWork = (): readonly string[] =>
        readdirSync('/proc').filter((pid) => {
          try {
            return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file);
          } catch {
            return false;
          }
        });
      const began = Date.now();
      while (
        !readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').includes('conditions=source') &&
        Date.now() < began + 20_000
      )
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(atWork()).toEqual([String(child.pid)]);
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      expect(atWork()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
