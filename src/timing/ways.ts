/**
 * Strided accesses to a scratchpad whose words of 32 bits are interleaved over `ways` (word w lies in way w mod ways). A port reaches
 * each way once a cycle; the accesses of a step of the unit that fall on one way follow each other, so a step takes as many cycles
 * as its busiest way has accesses. For n elements at a stride of s bytes:
 *
 *   s = 0                    1: one word, given to all
 *   0 < |s| < 4              ⌈⌈n·|s| ÷ 4⌉ ÷ ways⌉: several elements share a word. An aligner keeps the word that the step before ended
 *                            in; with r bytes of it left over a step needs ⌈(r' + n·|s|) ÷ 4⌉ words from r' = 4 − r on, less the one
 *                            kept, which is never more
 *   s a multiple of 4        ⌈n·g ÷ ways⌉, g = gcd(|s| ÷ 4, ways): element i lies in word w0 + i·s ÷ 4, all of them different; modulo
 *                            the ways they go round the multiples of g, ways ÷ g of them, each as often as any other but for one
 *   other s                  n: elements that are no words, at odd distances, are taken one after the other
 *
 * None of it depends on where the first element lies.
 */
import type { Machine } from '#machine';

const WORD = 4;

/** Cycles of a step that reaches `count` elements at a stride of so many bytes. */
export function wayCycles(ways: number, count: number, stride: number): number {
  const step = Math.abs(stride);
  if (count <= 0) return 0;
  if (step === 0) return 1;
  if (step < WORD) return Math.ceil(Math.ceil((count * step) / WORD) / ways);
  if (step % WORD !== 0) return count;
  // Ways are a power of two, so the greatest common divisor is the lowest bit of the words' distance, or all ways.
  const words = step / WORD;
  const common = Math.min(ways, lowestBit(words));
  return Math.ceil((count * common) / ways);
}

/** The largest power of two that divides a number. */
function lowestBit(n: number): number {
  let bit = 1;
  for (let rest = n; rest % 2 === 0; rest /= 2) bit *= 2;
  return bit;
}

/** Scratchpads that a transfer fills or empties. */
export type PadSpace = 'nram' | 'wram';

/** Ways of a scratchpad; undefined where they never limit. */
export const waysOf = (machine: Machine, space: PadSpace): number | undefined => machine[space].ways;
