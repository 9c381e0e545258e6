/** Values by ranges of addresses: what lies where in a memory. */

export interface Piece<T> {
  readonly from: number;
  /** First address behind it. */
  readonly to: number;
  readonly value: T;
}

export class Ranges<T> {
  /** In order, none over another; what lies nowhere has no piece. */
  readonly #pieces: Piece<T>[] = [];

  /** What lies from one address up to another, cut to these. */
  at(from: number, to: number): readonly Piece<T>[] {
    const found: Piece<T>[] = [];
    for (let i = this.#firstBehind(from); i < this.#pieces.length && this.#pieces[i]!.from < to; i++) {
      const { value, ...p } = this.#pieces[i]!;
      found.push({ from: Math.max(from, p.from), to: Math.min(to, p.to), value });
    }
    return found;
  }

  /** Puts a value there, in place of what lay there. Neighbours with the same value become one piece. */
  set(from: number, to: number, value: T): void {
    const first = this.#firstBehind(from);
    let last = first;
    while (last < this.#pieces.length && this.#pieces[last]!.from < to) last++;
    const [a, b] = [this.#pieces[first], this.#pieces[last - 1]];
    const own: Piece<T>[] = [];
    if (last > first && a!.from < from) own.push({ ...a!, to: from });
    own.push({ from, to, value });
    if (last > first && b!.to > to) own.push({ ...b!, from: to });
    const [before, behind] = [this.#pieces[first - 1], this.#pieces[last]];
    const all = [...(before === undefined ? [] : [before]), ...own, ...(behind === undefined ? [] : [behind])];
    const joined: Piece<T>[] = [];
    for (const piece of all) {
      const left = joined.at(-1);
      if (left?.to === piece.from && left.value === piece.value) joined[joined.length - 1] = { ...left, to: piece.to };
      else joined.push(piece);
    }
    this.#pieces.splice(
      first - (before === undefined ? 0 : 1),
      last - first + (before === undefined ? 0 : 1) + (behind === undefined ? 0 : 1),
      ...joined,
    );
  }

  /** Index of the first piece that ends behind an address. */
  #firstBehind(address: number): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pieces[middle]!.to > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
