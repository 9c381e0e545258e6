import type { Tiling } from './contraction.ts';

/** The tilings that are worth a prediction. */
export class Shortlist {
  readonly #most: number;
  readonly #best: { readonly tiling: Tiling; readonly score: number }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** A score from which on nothing is taken any more. */
  get enough(): number {
    return this.#best.length === this.#most ? this.#best.at(-1)!.score : Number.POSITIVE_INFINITY;
  }

  /** @param score less is better; of equal ones the first comes first */
  offer(tiling: () => Tiling, score: number): void {
    const best = this.#best;
    if (score >= this.enough) return;
    best.splice(best.findLastIndex((found) => found.score <= score) + 1, 0, { tiling: tiling(), score });
    if (best.length > this.#most) best.pop();
  }

  get tilings(): readonly Tiling[] {
    return this.#best.map((found) => found.tiling);
  }
}
