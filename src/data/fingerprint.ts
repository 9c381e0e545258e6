/** A fingerprint of samples: tells data sets apart in milliseconds, without a look at every byte. */
import { crc32Final, crc32Init, crc32Update } from '@foxglove/crc';
import type { SampleSet } from './batches.ts';

/** Inputs of at most so many samples are looked at. */
const SAMPLES = 256;

/**
 * CRC-32 of the sizes, of all targets, and of the inputs of up to 256 samples, evenly spread, as eight hexadecimal digits. Sets that differ
 * in an input alone may have the same.
 */
export function fingerprint(set: SampleSet): string {
  const { count, inputs, inputDims, targets, targetDims } = set;
  const size = count === 0 ? 0 : inputs.length / count;
  const picked = Math.min(SAMPLES, count);
  const samples = Array.from({ length: picked }, (_, i) => {
    const at = Math.floor((i * count) / picked) * size;
    return inputs.subarray(at, at + size);
  });
  return fingerprintOf(JSON.stringify([count, inputDims, targetDims]), [targets, ...samples]);
}

/** CRC-32 of a text and what stands in arrays. */
export function fingerprintOf(text: string, arrays: readonly ArrayBufferView[] = []): string {
  let sum = crc32Update(crc32Init(), new TextEncoder().encode(text));
  for (const { buffer, byteOffset, byteLength } of arrays) {
    sum = crc32Update(sum, new Uint8Array(buffer, byteOffset, byteLength));
  }
  return (crc32Final(sum) >>> 0).toString(16).padStart(8, '0');
}
