/**
 * The WebAssembly module that exercise 5.8 binds, in place of a C library: its source in AssemblyScript, and what its compiler makes of it, so that the
 * exercise needs no compiler. `exampleModule.test.ts` compiles the source again and compares.
 */

export const SOURCE = `export function fact(n: i32): i32 {
  return n < 2 ? 1 : n * fact(n - 1);
}
export function gcd(a: i32, b: i32): i32 {
  return b == 0 ? a : gcd(b, a % b);
}
export function dot(x: usize, y: usize, n: i32): f32 {
  let sum: f32 = 0;
  for (let i: i32 = 0; i < n; i++) sum += load<f32>(x + 4 * i) * load<f32>(y + 4 * i);
  return sum;
}
`;

/** Options of the compiler. */
export const OPTIONS = ['--runtime', 'stub', '--noAssert', '-O'];

/** 174 bytes, in base64. */
export const MODULE =
  'AGFzbQEAAAABEwNgAn9/AX9gAX8Bf2ADf39/AX0DBAMAAQIFAwEAAAcdBARmYWN0AAEDZ2NkAAADZG90AAIGbWVtb3J5AgAKZQMTACABBH8gASAAIAFvEAAFIAALCxcA' +
  'IABBAkgEf0EBBSAAQQFrEAEgAGwLCzcCAn8BfQNAIAIgA0oEQCAFIANBAnQiBCAAaioCACABIARqKgIAlJIhBSADQQFqIQMMAQsLIAUL';
