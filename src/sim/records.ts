/**
 * The record file: 32 address-generator records that control writes and dispatch snapshots. A snapshot is the record's own
 * array; only a write that changes it after a snapshot copies it, so that entries of one configuration share its numbers and
 * what follows from them can be kept by identity.
 */
import { RECORDS } from '#isa';
import { CLEARED_RECORD, FILL, HI, LO, type RecordWords, SIZE, STRIDE } from '#timing';

export class RecordFile {
  #records: number[][] = Array.from({ length: RECORDS }, () => CLEARED_RECORD.slice());
  readonly #shared: boolean[] = new Array<boolean>(RECORDS).fill(false);

  /** The record as it stands; later writes do not change what was handed out. */
  snapshot(r: number): RecordWords {
    this.#shared[r] = true;
    return this.#records[r]!;
  }

  setDimension(r: number, d: number, size: number, stride: number): void {
    const now = this.#records[r]!;
    if (
      now[4 * d + SIZE] === size &&
      now[4 * d + STRIDE] === stride &&
      now[4 * d + LO] === 0 &&
      now[4 * d + HI] === size
    ) {
      return;
    }
    const words = this.#own(r);
    words[4 * d + SIZE] = size;
    words[4 * d + STRIDE] = stride;
    words[4 * d + LO] = 0;
    words[4 * d + HI] = size;
  }

  setBounds(r: number, d: number, lo: number, hi: number): void {
    const now = this.#records[r]!;
    if (now[4 * d + LO] === lo && now[4 * d + HI] === hi) return;
    const words = this.#own(r);
    words[4 * d + LO] = lo;
    words[4 * d + HI] = hi;
  }

  setFill(r: number, fill: number): void {
    if (this.#records[r]![FILL] === fill) return;
    this.#own(r)[FILL] = fill;
  }

  clear(r: number): void {
    this.#records[r] = CLEARED_RECORD.slice();
    this.#shared[r] = false;
  }

  save(): readonly RecordWords[] {
    return this.#records.map((_, r) => this.snapshot(r));
  }

  restore(records: readonly RecordWords[]): void {
    this.#records = records.map((words) => words as number[]);
    // Whoever saved them holds them too.
    this.#shared.fill(true);
  }

  #own(r: number): number[] {
    if (this.#shared[r]) {
      this.#records[r] = this.#records[r]!.slice();
      this.#shared[r] = false;
    }
    return this.#records[r]!;
  }
}
