/** Bytes that are one short pattern over and over: how they are recognised, and written out. */

/** Longest pattern. */
export const FILL_BYTES = 8;

/** The shortest pattern of 1, 2, 4 or 8 bytes that repeats through all of `bytes`; undefined where there is none. */
export function fillOf(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length <= FILL_BYTES) return undefined;
  for (let i = FILL_BYTES; i < bytes.length; i++) if (bytes[i] !== bytes[i - FILL_BYTES]) return undefined;
  let period = FILL_BYTES;
  const repeats = (p: number): boolean => bytes.subarray(0, FILL_BYTES).every((b, i) => b === bytes[i % p]);
  while (period > 1 && repeats(period / 2)) period /= 2;
  return bytes.slice(0, period);
}

/** `pattern` over and over, `bytes` in all. */
export function repeat(pattern: Uint8Array, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  out.set(pattern.subarray(0, bytes));
  for (let done = pattern.length; done < bytes; done *= 2) out.copyWithin(done, 0, Math.min(done, bytes - done));
  return out;
}
