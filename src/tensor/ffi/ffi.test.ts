import asc from 'assemblyscript/asc';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as ffi from './index.ts';

const HEADER = `
/* A few functions. */
int fact(int n);
extern unsigned int gcd(unsigned a, unsigned int b); // Euclid
float dot(const float *x, const float y[], size_t n);
void scale(double *x, int n, double by);
long long twice(int64_t x);
bool isUpper(char c);
int length(const char *text);
uint8_t low(int x);
`;

const SOURCE = `
export function fact(n: i32): i32 { return n < 2 ? 1 : n * fact(n - 1); }
export function gcd(a: u32, b: u32): u32 { return b == 0 ? a : gcd(b, a % b); }
export function dot(x: usize, y: usize, n: u32): f32 {
  let sum: f32 = 0;
  for (let i: u32 = 0; i < n; i++) sum += load<f32>(x + 4 * i) * load<f32>(y + 4 * i);
  return sum;
}
export function scale(x: usize, n: i32, by: f64): void {
  for (let i: i32 = 0; i < n; i++) store<f64>(x + 8 * i, load<f64>(x + 8 * i) * by);
}
export function twice(x: i64): i64 { return 2 * x; }
export function isUpper(c: i32): i32 { return i32(c >= 65 && c <= 90); }
export function length(text: usize): i32 { let n = 0; while (load<u8>(text + n) != 0) n++; return n; }
export function low(x: i32): i32 { return x; }
`;

async function compileAssembly(source: string): Promise<WebAssembly.Exports> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['m.ts', '--outFile', 'm.wasm', '--runtime', 'stub', '--noAssert'], {
    readFile: (name) => (name === 'm.ts' ? source : null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${stderr}`);
  return (await WebAssembly.instantiate(binary as BufferSource, { env: { abort: () => {} } })).instance.exports;
}

let f: ReturnType<typeof ffi.bindFunctions>;
let exports: WebAssembly.Exports;
beforeAll(async () => {
  exports = await compileAssembly(SOURCE);
  f = ffi.bindFunctions(ffi.readPrototypes(HEADER), exports);
});

describe('calls', () => {
  test('numbers', () => {
    expect(f.fact!(5)).toBe(120);
    expect(f.gcd!(48, 36)).toBe(12);
    expect(f.gcd!(4000000000, 0)).toBe(4000000000);
    expect(f.twice!(2n ** 40n)).toBe(2n ** 41n);
    expect([f.isUpper!(65), f.isUpper!(97)]).toEqual([true, false]);
    expect(f.low!(300)).toBe(44);
  });

  test('arrays and strings, more than a page of them', () => {
    expect(f.dot!(Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6), 3)).toBe(32);
    const x = new Float64Array(20000).fill(1.5);
    expect(f.scale!(x, 20000, 2)).toBeUndefined();
    expect(x.every((v) => v === 3)).toBe(true);
    expect(f.length!('héllo')).toBe(6);
    expect(f.dot!(Float32Array.of(2), Float32Array.of(4), 1)).toBe(8);
  });

  test.each([
    ['a text for an int', () => f.fact!('5')],
    ['a fraction for an int', () => f.fact!(1.5)],
    ['an int out of range', () => f.fact!(2 ** 31)],
    ['a negative for an unsigned', () => f.gcd!(-1, 2)],
    ['a number for a 64-bit int', () => f.twice!(1)],
    ['another array', () => f.dot!(Float64Array.of(1), Float32Array.of(1), 1)],
    ['too few', () => f.gcd!(1)],
  ] as const)('%s is a TypeError', (_, call) => expect(call).toThrow(TypeError));

  test('what cannot be bound', () => {
    const bind = (header: string, of: ffi.Exports) => () => ffi.bindFunctions(ffi.readPrototypes(header), of);
    expect(bind('int facto(int n);', exports)).toThrow(/did you mean 'fact'/);
    expect(bind('int f(int *x);', { f: () => 0 })).toThrow(expect.objectContaining({ code: 'SYS-TEN-082' }));
    expect(bind('char *f(void);', { f: () => 0 })).toThrow(expect.objectContaining({ code: 'SYS-TEN-083' }));
    expect(bind('int f(int x);', { f: (x: number) => x + 1 })().f!(1)).toBe(2);
  });
});

describe('prototypes', () => {
  test.each([
    ['int fact(int n)', 'SYS-TEN-077', 1, 16],
    ['int (*f)(int);', 'SYS-TEN-077', 1, 5],
    ['int f(\n  flaot x);', 'SYS-TEN-078', 2, 3],
    ['int f(short double x);', 'SYS-TEN-078', 1, 7],
    ['int f(int **x);', 'SYS-TEN-079', 1, 7],
    ['int f(void *x);', 'SYS-TEN-079', 1, 7],
    ['int f(int x, void y);', 'SYS-TEN-079', 1, 14],
    ['int f(); int f();', 'SYS-TEN-080', 1, 14],
  ])('%s', (header, code, line, column) => {
    expect(() => ffi.readPrototypes(header)).toThrow(
      expect.objectContaining({ code, place: expect.objectContaining({ line, column }) }),
    );
  });

  test('printed and read again they are the same', () => {
    const types = [
      'int',
      'unsigned int',
      'float',
      'double',
      'long long',
      'bool',
      'const float *',
      'double *',
      'const char *',
      'uint8_t',
    ];
    const name = fc.stringMatching(/^[a-z]{3,8}_x$/);
    const prototype = fc.record({
      name,
      result: fc.constantFrom('void', 'int', 'double'),
      parameters: fc.array(fc.tuple(fc.constantFrom(...types), name), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(prototype, ({ name: f, result, parameters }) => {
        const header = `${result} ${f}(${parameters.map(([t, n]) => `${t} ${n}`).join(', ')});`;
        const read = ffi.readPrototypes(header);
        expect(read[0]!.parameters.map((p) => p.name)).toEqual(parameters.map(([, n]) => n));
        expect(ffi.readPrototypes(`${ffi.prototypeText(read[0]!)};`)).toEqual(read);
      }),
    );
  });
});

test('the generated files', () => {
  const { wrap, proxy } = ffi.generateBinding('int fact(int n);\nvoid scale(double *x, int n, double by);', {
    module: 'sums',
  });
  expect([wrap.name, proxy.name]).toEqual(['sums_wrap.ts', 'sums.ts']);
  expect(wrap.text).toContain('ffi.bindFunctions(PROTOTYPES, exports)');
  expect(proxy.text).toContain('export function fact(n: number): number {\n  return bound.fact!(n) as number;\n}');
  expect(proxy.text).toContain('export function scale(x: Float64Array, n: number, by: number): void {');
  expect(proxy.text).toContain('/** void scale(double *x, int n, double by) */');
});
