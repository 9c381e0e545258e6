/** Downloads against a server of this machine: whole, cut short, wrong, absent, and what stands in the folder after each. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CIFAR10_FILES, download, MNIST_FILES, openFolder, type RemoteFile } from '#data';
import { rejection } from '../../test/support/errorText.ts';

const content = new Uint8Array(200_000).map((_, i) => i * 7);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
let server: Server;
let base: string;
let root: string;
let requests: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url!);
    if (request.url === '/good') response.end(content);
    else if (request.url === '/wrong') response.end(content.with(5, 1));
    else if (request.url === '/short') response.end(content.subarray(0, 9));
    else if (request.url === '/endless') {
      const more = () => {
        while (!response.destroyed && response.write(content)) {}
      };
      response.on('drain', more);
      more();
    } else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 9));
      setTimeout(() => response.destroy(), 20);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  root = mkdtempSync(join(tmpdir(), 'systole-'));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  requests = [];
});

const file = (...paths: string[]): RemoteFile => ({
  name: 'digits.gz',
  urls: paths.map((path) => (path.startsWith('/') ? base + path : path)),
  bytes: content.length,
  sha256: sha256(content),
});
let folders = 0;
const fresh = () => join(root, String(folders++));

test('fetched once, then present; progress is told', async () => {
  const path = fresh();
  const progress: number[] = [];
  const run = () => download(openFolder(path), [file('/good')], { onProgress: (p) => progress.push(p.received) });
  expect(await run()).toEqual([{ name: 'digits.gz', state: 'fetched' }]);
  expect(new Uint8Array(readFileSync(join(path, 'digits.gz')))).toEqual(content);
  expect(progress.at(-1)).toBe(content.length);
  expect(await run()).toEqual([{ name: 'digits.gz', state: 'present' }]);
  expect(requests).toEqual(['/good']);
  writeFileSync(join(path, 'digits.gz'), 'damaged since');
  expect(await run()).toEqual([{ name: 'digits.gz', state: 'fetched' }]);
  expect(readdirSync(path)).toEqual(['digits.gz']);
});

test('the next place is tried', async () => {
  const path = fresh();
  await download(openFolder(path), [file('/absent', '/broken', '/wrong', '/good')]);
  expect(requests).toEqual(['/absent', '/broken', '/wrong', '/good']);
  expect(readdirSync(path)).toEqual(['digits.gz']);
});

test.each([
  ['/wrong', /200000 bytes, SHA-256 [0-9a-f]{64}, expected 200000 bytes/],
  ['/short', /9 bytes/],
  ['/endless', /bytes/],
])('%s is no such file, and nothing is written', async (url, text) => {
  const path = fresh();
  const error = await rejection(download(openFolder(path), [file(url)]));
  expect(error.code).toBe('SYS-DAT-066');
  expect(error.message).toMatch(text);
  expect(existsSync(join(path, 'digits.gz'))).toBe(false);
});

test('no place answers: each with its reason', async () => {
  const path = fresh();
  const error = await rejection(download(openFolder(path), [file('/absent', 'http://127.0.0.1:9/x')]));
  expect(error.code).toBe('SYS-DAT-065');
  expect(error.message).toMatch(/absent: 404 Not Found; http:\/\/127\.0\.0\.1:9\/x: /);
  expect(existsSync(path)).toBe(false);
});

test('stopped by its signal', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(download(openFolder(fresh()), [file('/good', '/good')], { signal })).rejects.toThrow('stopped');
});

const real = '../shared/data/mnist/';
test.skipIf(!existsSync(real))(`the listed checksums are those of the files (skipped where ${real} is absent)`, () => {
  const held = MNIST_FILES.filter((f) => existsSync(real + f.name));
  expect(held.length).toBeGreaterThan(0);
  for (const f of held) expect([f.name, sha256(readFileSync(real + f.name))]).toEqual([f.name, f.sha256]);
  expect([...MNIST_FILES, ...CIFAR10_FILES].every((f) => /^[0-9a-f]{64}$/.test(f.sha256))).toBe(true);
});
