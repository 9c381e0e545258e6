/** Seeds that follow from others, so that sample 7 of epoch 3 is the same whatever was drawn before it. */
import { Random } from '#base';

/** Random numbers of their own for each row of parts (MurmurHash3's mixing and finaliser, A. Appleby, public domain). */
export function randomOf(...parts: readonly number[]): Random {
  let h = 0x9747b28c;
  for (const part of parts) {
    h ^= Math.imul(part | 0, 0xcc9e2d51);
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return new Random(h ^ (h >>> 16));
}
