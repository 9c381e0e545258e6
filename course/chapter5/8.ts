/**
 * Exercise 5.8: what SWIG does, on a small scale. SWIG reads a list of C declarations and writes two files: a wrapper, which holds arguments
 * against the declarations, converts them and calls, and a proxy, which programs import. `ffi.generateBinding` does it for functions of a
 * WebAssembly module: wrap and proxy in TypeScript, typed. The module is compiled here from AssemblyScript, in place of a C compiler.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import type { Exercise } from 'systole/course';
import { ffi } from 'systole/tensor';

/** example.h */
export const HEADER = `
int fact(int n);
int gcd(int a, int b);
float dot(const float *x, const float *y, int n);
`;

const SOURCE = `
export function fact(n: i32): i32 { return n < 2 ? 1 : n * fact(n - 1); }
export function gcd(a: i32, b: i32): i32 { return b == 0 ? a : gcd(b, a % b); }
export function dot(x: usize, y: usize, n: i32): f32 {
  let sum: f32 = 0;
  for (let i: i32 = 0; i < n; i++) sum += load<f32>(x + 4 * i) * load<f32>(y + 4 * i);
  return sum;
}
`;

/** The module, compiled and instantiated. */
export async function compileModule(): Promise<ffi.Exports> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ['example.ts', '--outFile', 'example.wasm', '--runtime', 'stub', '--noAssert'],
    {
      readFile: (name) => (name === 'example.ts' ? SOURCE : null),
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null) throw new Error(`${stderr}`);
  return (await WebAssembly.instantiate(binary as BufferSource)).instance.exports;
}

/** What the proxy of example.h exports. */
export interface Proxy {
  load(exports: ffi.Exports): void;
  fact(n: number): number;
  gcd(a: number, b: number): number;
  dot(x: Float32Array, y: Float32Array, n: number): number;
}

/** Writes both files, imports the proxy and binds it to the module. */
export async function generatedProxy(): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'systole-bindings-'));
  try {
    const from = new URL('../../src/tensor/index.ts', import.meta.url).href;
    const { wrap, proxy } = ffi.generateBinding(HEADER, { module: 'example', from });
    for (const { name, text } of [wrap, proxy]) writeFileSync(join(folder, name), text);
    const imported = (await import(/* @vite-ignore */ pathToFileURL(join(folder, proxy.name)).href)) as Proxy;
    imported.load(await compileModule());
    return imported;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const exercise: Exercise = {
  id: '5.8',
  title: { en: 'A generator of bindings', zh: 'SWIG 的基本原理，在源码中找到 SWIG 部分，列出使用实例' },
  rows: 3,
  show({ print }) {
    const { wrap, proxy } = ffi.generateBinding(HEADER, { module: 'example' });
    print(`${wrap.name}: ${wrap.text.length} characters`);
    print(`${proxy.name}:\n${proxy.text}`);
  },
  async check({ equal, throws }) {
    const proxy = await generatedProxy();
    equal('fact(5), gcd(48, 36)', [proxy.fact(5), proxy.gcd(48, 36)], [120, 12]);
    equal('dot((1, 2, 3), (4, 5, 6))', proxy.dot(Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6), 3), 32);
    await throws('a text for an int', () => proxy.fact('5' as unknown as number), /^TypeError .*expected number/);
    await throws('a fraction for an int', () => proxy.gcd(1.5, 2), /^TypeError .*whole number/);
    equal('generated', Object.keys(ffi.generateBinding(HEADER, { module: 'example' })), ['wrap', 'proxy']);
  },
};
