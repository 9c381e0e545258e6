/**
 * How many constant weights of a contraction differ from zero, in any blocks that a tiling cuts: lengths of compressed blocks, and with
 * them time, follow from these counts alone. They are taken once over cells of a few channels, and summed over cells for each tiling.
 * Weights of either sign of zero count as zeros.
 */
import type { Contraction } from '../contraction.ts';
import { type Elements, isRepeated } from '../elementTypes.ts';

/** Sizes of a block, or of a tiling's blocks: filters, channels, kernel rows. */
export interface BlockSizes {
  readonly n: number;
  readonly c: number;
  readonly ky: number;
}

/** Of all blocks of the same sizes the most weights that are not zero: in a block, and in one filter of a block. */
export interface Most {
  readonly ofBlock: number;
  readonly ofFilter: number;
}

/** Channels of a cell, where tilings cut channels no finer. */
const CELL = 16;
const QUAD = 4;

type ConstantWeights = Extract<Contraction['weights'], { readonly kind: 'constant' }>;

/** Whether bits of an element are those of a zero; of floats of 16 bits, which are held as their bits, of either sign. */
const zeroTest = (elements: Elements): ((value: number) => boolean) =>
  elements instanceof Uint16Array ? (value) => (value & 0x7fff) === 0 : (value) => value === 0;

/** Sums over the blocks of one cut of the reduction: [o][n][c block][ky block]. */
interface Cut {
  readonly key: string;
  readonly sums: Uint32Array;
}

export class WeightCounts {
  readonly total: number;
  readonly nonzero: number;
  /** Whether of each four channels, at one place of the kernel, no more than two weights of a filter differ from zero. */
  readonly isTwoOfFour: boolean;
  /** Of contractions of one shape: alike where the counts are. */
  readonly digest: string;
  readonly #k: { readonly o: number; readonly n: number; readonly c: number; readonly ky: number; readonly kx: number };
  readonly #weights: ConstantWeights;
  readonly #cells: Uint32Array;
  readonly #known = new Map<string, readonly Most[]>();
  #cut: Cut | undefined;

  constructor(k: Contraction, weights: ConstantWeights) {
    const o = k.outer.reduce((m, d) => m * d.total, 1);
    this.#k = { o, n: k.n.total, c: k.c.total, ky: k.y.kernel, kx: k.x.kernel };
    this.#weights = weights;
    this.total = o * k.n.total * k.c.total * k.y.kernel * k.x.kernel;
    this.#cells = this.#count(CELL);
    let nonzero = 0;
    let [low, high] = [0x811c9dc5, 0x9e3779b9];
    for (const cell of this.#cells) {
      nonzero += cell;
      low = Math.imul(low ^ cell, 0x01000193);
      high = Math.imul(high + cell, 0x85ebca6b) ^ (high >>> 15);
    }
    this.nonzero = nonzero;
    this.digest = `${nonzero} ${low >>> 0} ${high >>> 0}`;
    this.isTwoOfFour = nonzero <= this.total / 2 && k.c.total % QUAD === 0 && this.#isTwoOfFour();
  }

  /**
   * @param tile sizes that the tiling cuts whole blocks to
   * @param size those of the blocks in question: of each either that of the tile, or that of the last
   */
  most({ n, c, ky }: BlockSizes, size: BlockSizes): Most {
    const tile = { n: Math.min(n, this.#k.n), c: Math.min(c, this.#k.c), ky: Math.min(ky, this.#k.ky) };
    const key = `${tile.n} ${tile.c} ${tile.ky}`;
    let classes = this.#known.get(key);
    if (classes === undefined) {
      classes = this.#classes(tile);
      this.#known.set(key, classes);
    }
    return classes[classOf(size.n < tile.n, size.c < tile.c, size.ky < tile.ky)]!;
  }

  /** By whether a block is a last, smaller one of filters, channels, kernel rows. */
  #classes(tile: BlockSizes): readonly Most[] {
    const { o, n, c, ky } = this.#k;
    const blocksC = Math.ceil(c / tile.c);
    const blocks = blocksC * Math.ceil(ky / tile.ky);
    const blocksY = blocks / blocksC;
    const { sums } = this.#cutInto(tile);
    const classes = Array.from({ length: 8 }, () => ({ ofBlock: 0, ofFilter: 0 }));
    const ofTile = new Float64Array(blocks);
    for (let outer = 0; outer < o; outer++) {
      for (let n0 = 0; n0 < n; n0 += tile.n) {
        const n1 = Math.min(n, n0 + tile.n);
        ofTile.fill(0);
        const kind = (block: number) =>
          classes[
            classOf(
              n1 - n0 < tile.n,
              (Math.floor(block / blocksY) + 1) * tile.c > c,
              ((block % blocksY) + 1) * tile.ky > ky,
            )
          ]!;
        for (let block = 0; block < blocks; block++) {
          let most = 0;
          let sum = 0;
          for (let f = n0; f < n1; f++) {
            const own = sums[(outer * n + f) * blocks + block]!;
            sum += own;
            if (own > most) most = own;
          }
          const of = kind(block);
          of.ofBlock = Math.max(of.ofBlock, sum);
          of.ofFilter = Math.max(of.ofFilter, most);
        }
      }
    }
    return classes;
  }

  #cutInto({ c: tileC, ky: tileY }: BlockSizes): Cut {
    const key = `${tileC} ${tileY}`;
    if (this.#cut?.key === key) return this.#cut;
    const { o, n, c, ky } = this.#k;
    const size = tileC % CELL === 0 || tileC >= c ? CELL : tileC;
    const cells = size === CELL ? this.#cells : this.#count(size);
    const ofRow = Math.ceil(c / size);
    const blocksY = Math.ceil(ky / tileY);
    const blocks = Math.ceil(c / tileC) * blocksY;
    const sums = new Uint32Array(o * n * blocks);
    let at = 0;
    for (let filter = 0; filter < o * n; filter++) {
      for (let y = 0; y < ky; y++) {
        const blockY = filter * blocks + Math.floor(y / tileY);
        for (let cell = 0; cell < ofRow; cell++)
          sums[blockY + Math.floor((cell * size) / tileC) * blocksY]! += cells[at++]!;
      }
    }
    this.#cut = { key, sums };
    return this.#cut;
  }

  /** Weights that are not zero in cells [o][n][ky][c ÷ size], over the columns of the kernel. */
  #count(size: number): Uint32Array {
    const { o, n, c, ky, kx } = this.#k;
    const { stride: s } = this.#weights;
    const w = this.#weights.data();
    const isZero = zeroTest(w);
    const ofRow = Math.ceil(c / size);
    const cells = new Uint32Array(o * n * ky * ofRow);
    const visit = (base: number, cell: number): void => {
      for (let x = 0; x < kx; x++) if (!isZero(w[base + x * s.kx]!)) cells[cell]!++;
    };
    // Along memory, as far as that is possible.
    const byChannel = s.c > s.n;
    for (let outer = 0; outer < o; outer++) {
      for (let i = 0; i < (byChannel ? c : n); i++) {
        for (let y = 0; y < ky; y++) {
          for (let j = 0; j < (byChannel ? n : c); j++) {
            const [f, channel] = byChannel ? [j, i] : [i, j];
            visit(
              outer * s.o + f * s.n + channel * s.c + y * s.ky,
              ((outer * n + f) * ky + y) * ofRow + Math.floor(channel / size),
            );
          }
        }
      }
    }
    return cells;
  }

  #isTwoOfFour(): boolean {
    const { o, n, c, ky, kx } = this.#k;
    const { stride: s } = this.#weights;
    const w = this.#weights.data();
    const isZero = zeroTest(w);
    for (let outer = 0; outer < o; outer++) {
      for (let f = 0; f < n; f++) {
        for (let place = 0; place < ky * kx; place++) {
          const base = outer * s.o + f * s.n + Math.floor(place / kx) * s.ky + (place % kx) * s.kx;
          for (let first = 0; first < c; first += QUAD) {
            let kept = 0;
            for (let i = first; i < first + QUAD; i++) if (!isZero(w[base + i * s.c]!)) kept++;
            if (kept > QUAD / 2) return false;
          }
        }
      }
    }
    return true;
  }
}

const classOf = (lastN: boolean, lastC: boolean, lastY: boolean): number =>
  (lastN ? 4 : 0) + (lastC ? 2 : 0) + (lastY ? 1 : 0);

/** Networks ask for the same weights again and again: counts are kept as long as what gives the weights. */
const known = new WeakMap<() => Elements, Map<string, WeightCounts>>();

/** The counts of a contraction's weights; undefined where they are computed, or not there (one element repeated, or nothing but zeros). */
export function countsOf(k: Contraction): WeightCounts | undefined {
  const { weights } = k;
  if (weights.kind !== 'constant' || isRepeated(weights.data)) return undefined;
  const ofData = known.get(weights.data) ?? new Map<string, WeightCounts>();
  known.set(weights.data, ofData);
  const key = JSON.stringify([
    weights.stride,
    k.outer.map((o) => o.total),
    k.n.total,
    k.c.total,
    k.y.kernel,
    k.x.kernel,
  ]);
  const found = ofData.get(key) ?? new WeightCounts(k, weights);
  ofData.set(key, found);
  return found.nonzero === 0 ? undefined : found;
}
