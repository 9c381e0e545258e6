/**
 * Screening of tilings: all sizes of tiles that divide a contraction's loops evenly enough and fit the scratchpads, both loop orders,
 * activations whole or blocked in depth, priced with the unit costs of a mean tile. Blocks that memory can keep are always kept: of the
 * same tiles in the same order no other way moves less or begins earlier.
 */
import { ELEMENT_BYTES, type VectorFunction } from '#isa';
import { accumulatorEntries, filtersOf, lanesOf, type Machine, unitFor, vectorLanes } from '#machine';
import { keepsSums, type MatrixWork, VECTOR_CLASSES, workCyclesOfAll, workOf } from '#timing';
import { besideBytes, wideBytes } from './behindContraction.ts';
import {
  type Contraction,
  type EpilogueOperand,
  holdsWeights,
  reductionSizes,
  typesOfContraction,
  widthsOf,
} from './contraction.ts';
import { unseenBy } from './contractionKey.ts';
import { meanBlockBytes, mostWordsInWram, parametersOf, wordsOf } from './contractionWeights.ts';
import { type CoreSplit, copiesOf, type Share } from './coreSplit.ts';
import { transfersOfUnfold } from './im2col/unfoldedStream.ts';
import { hasEdgesAtEnds, mayCarry, overlapAlong } from './pooled.ts';
import { INSTRUCTIONS_PER_TILE } from './prediction.ts';
import { type Extents, pixelClasses, type RunsCost, runsCost, type SpatialTiles, spatialTiles } from './screenCosts.ts';
import type { Shortlist } from './shortlist.ts';
import { fitsForm, keptReduction } from './sparse/forms.ts';
import { align, isKept } from './stream.ts';
import { cyclesWorthATile, evenTiles } from './tiles.ts';

/** Tiles of weights and how the reduction is cut. */
interface Block {
  readonly n: number;
  readonly c: number;
  readonly ky: number;
  readonly wholeDepth: boolean;
  readonly filters: Share;
  readonly depthBlocks: number;
  readonly blocks: number;
  /** Whether sums stay in accumulators between instructions, and entries for each pixel. */
  readonly stored: boolean;
  readonly groups: number;
  /** Filters of a tile, lanes that compute nothing included. */
  readonly width: number;
  readonly buffer: number;
  readonly works: readonly { readonly times: number; readonly work: MatrixWork }[];
  readonly w: RunsCost;
}

/** Tiles of pixels. */
interface Pixels {
  readonly b: number;
  readonly x: SpatialTiles;
  readonly y: SpatialTiles;
  /** Whether pooled tiles hand rows on. */
  readonly carries: boolean;
  readonly shares: readonly Share[];
  /** Turns of one core; cores; tiles of all. */
  readonly turns: number;
  readonly parts: number;
  readonly count: number;
  readonly classes: ReturnType<typeof pixelClasses>;
}

/** 1, 2, 4, … below `limit` and up to `total`. */
function powersBelow(limit: number, total: number): number[] {
  const out: number[] = [];
  for (let n = 1; n < limit && n <= total; n *= 2) out.push(n);
  return out;
}

/** Screens tilings under one way to deal loops to cores, by what the core has to do that has most. */
export class Screening {
  readonly #k: Contraction;
  readonly #machine: Machine;
  readonly #split: CoreSplit;
  readonly #mayIdle: boolean;
  readonly #shortlist: Shortlist;
  readonly #unit;
  readonly #types;
  readonly #bytes;
  readonly #tn: number;
  readonly #entries: number;
  readonly #dynamic: boolean;
  readonly #holdsWeights: boolean;
  /** Turns and cores of the outer loops. */
  readonly #outerTurns: number;
  readonly #outerParts: number;
  readonly #operands: readonly EpilogueOperand[];
  /** Vector cycles of the epilogue for each element, and lanes. */
  readonly #steps: number;
  /** Vector cycles of a window for each element that a pooling leaves. */
  readonly #windowSteps: number;
  readonly #lanes: number;
  readonly #controlPerTile: number;
  readonly #worth: number;
  /** That bring a tile of activations. */
  readonly #transfers: number;
  readonly #aCosts = new Map<Pixels, { readonly c: number; readonly wholeDepth: boolean; readonly cost: RunsCost }>();

  /**
   * @param mayIdle whether loops of one tile count as dealt
   * @param shortlist takes the tilings that fit, by what they are thought to take
   */
  constructor(k: Contraction, machine: Machine, split: CoreSplit, mayIdle: boolean, shortlist: Shortlist) {
    this.#k = k;
    this.#machine = machine;
    this.#split = split;
    this.#mayIdle = mayIdle;
    this.#shortlist = shortlist;
    this.#types = typesOfContraction(k);
    this.#bytes = widthsOf(k);
    this.#unit = unitFor(machine.matrix, this.#types.a);
    this.#tn = filtersOf(this.#unit);
    this.#entries = accumulatorEntries(this.#unit);
    this.#dynamic = k.weights.kind === 'dynamic';
    this.#holdsWeights = holdsWeights(k);
    const outer = k.outer.map((o, i) => split.of(`o${i}`, o.total, 1));
    this.#outerTurns = outer.reduce((n, o) => n * o.rounds, 1);
    this.#outerParts = outer.reduce((n, o) => n * o.parts, 1);
    this.#operands = k.epilogue?.operands ?? [];
    const busy = (f: VectorFunction): number => machine.vector.cycles[VECTOR_CLASSES[f]];
    this.#steps = (k.epilogue?.steps ?? []).reduce((sum, s) => sum + busy(s.f), 0);
    const taps = (k.y.pool?.kernel ?? 1) * (k.x.pool?.kernel ?? 1);
    this.#windowSteps = k.pool === undefined ? 0 : busy('mov') * taps + (k.pool.scale === undefined ? 0 : busy('mul'));
    // Epilogues are chosen only where the vector unit computes the type. Nothing of it is looked at where it has nothing to do (`unseenBy`).
    this.#lanes = unseenBy(k) === undefined ? (vectorLanes(machine.vector, this.#types.result) ?? 1) : 1;
    this.#worth = cyclesWorthATile(machine);
    this.#controlPerTile = INSTRUCTIONS_PER_TILE * machine.control.cyclesPerInstruction;
    this.#transfers = k.unfold === undefined ? 1 : transfersOfUnfold(k.unfold);
  }

  /** @param fine whether single channels and filters are tried, too, where lanes idle */
  run(fine: boolean): void {
    const pixels = this.#pixels();
    for (const block of this.#blocks(fine)) for (const at of pixels) this.#price(block, at);
  }

  #pixels(): Pixels[] {
    const k = this.#k;
    const split = this.#split;
    const yTiles = evenTiles(k.y.total, 1, 24).map((t) => spatialTiles(k.y, t));
    const xTiles = evenTiles(k.x.total, 1, 16).map((t) => spatialTiles(k.x, t));
    return evenTiles(k.b.total, 1, 12).flatMap((b) =>
      xTiles.flatMap((x) =>
        yTiles.flatMap((y) => {
          // Several images only where a tile holds them whole, and none of them is pooled.
          if (b > 1 && (x.count > 1 || y.count > 1 || k.pool !== undefined)) return [];
          if (!hasEdgesAtEnds(k.y, y.tile) || !hasEdgesAtEnds(k.x, x.tile)) return [];
          const [bs, ys, xs] = [
            split.of('b', k.b.total, b),
            split.of('y', k.y.total, y.tile),
            split.of('x', k.x.total, x.tile),
          ];
          if (!this.#mayIdle && (split.wastes('b', bs) || split.wastes('y', ys) || split.wastes('x', xs))) return [];
          const shares = [bs, ys, xs];
          const [turns, parts] = [bs.rounds * ys.rounds * xs.rounds, bs.parts * ys.parts * xs.parts];
          const count = bs.tiles * ys.tiles * xs.tiles;
          const rows = {
            tile: y.tile,
            ...(ys.parts === 1 ? {} : { deal: { over: 'core', parts: ys.parts } as const }),
          };
          return (mayCarry(k.y, rows, true) ? [false, true] : [false]).map((carries) => {
            const classes = pixelClasses({ b: bs, y: ys, x: xs }, k, carries ? overlapAlong(k.y) : 0);
            return { b, x, y, carries, shares, turns, parts, count, classes };
          });
        }),
      ),
    );
  }

  *#blocks(fine: boolean): Generator<Block> {
    const k = this.#k;
    const [tn, ti] = [this.#tn, lanesOf(this.#unit)];
    const wholeN = this.#dynamic && k.n.total % tn !== 0 ? [tn] : evenTiles(k.n.total, tn, 16);
    const nTiles = fine && !this.#dynamic ? [...new Set([...powersBelow(tn, k.n.total), ...wholeN])] : wholeN;
    const wholeC = k.unfold === undefined ? evenTiles(k.c.total, ti, 16) : [k.c.total];
    const cTiles = fine && k.unfold === undefined ? [...new Set([...powersBelow(ti, k.c.total), ...wholeC])] : wholeC;
    for (const c of cTiles) {
      if (!fitsForm(k, c)) continue;
      const depthBlocks = Math.ceil(k.c.total / c);
      for (const wholeDepth of depthBlocks === 1 || isKept(k.a) ? [false] : [false, true]) {
        for (const n of nTiles) {
          // Activations as weights lie in groups of whole blocks, so several groups must come out even.
          if (this.#dynamic && n > tn && (k.n.total % n !== 0 || k.c.total % c !== 0)) continue;
          const filters = this.#split.of('n', k.n.total, n);
          if (!this.#mayIdle && this.#split.wastes('n', filters)) continue;
          // Kernel rows apart only where whole blocks would take too much of the memory for weights.
          const whole = this.#weightBuffer(n, c, k.y.kernel);
          const tight = k.y.kernel > 1 && !this.#dynamic && whole * 4 > this.#machine.wram.bytes;
          const cut = k.unfold === undefined ? [k.y.kernel, 1] : evenTiles(k.y.kernel);
          for (const ky of tight ? cut : [k.y.kernel]) {
            const block = this.#block({ n, c, ky, wholeDepth, filters, depthBlocks });
            if (block !== undefined) yield block;
          }
        }
      }
    }
  }

  #weightBuffer(n: number, c: number, ky: number): number {
    const k = this.#k;
    if (!this.#dynamic) return align(4 * mostWordsInWram(k, { n, c, ky }));
    const width = Math.max(n, this.#tn);
    return align(4 * (wordsOf(k, ky * k.x.kernel * c, width) + parametersOf(k) * width));
  }

  /** Undefined where not even one block of weights and the next fit. */
  #block(of: Pick<Block, 'n' | 'c' | 'ky' | 'wholeDepth' | 'filters' | 'depthBlocks'>): Block | undefined {
    const k = this.#k;
    const machine = this.#machine;
    const { n, c, ky, wholeDepth, filters, depthBlocks } = of;
    const rowBlocks = Math.ceil(k.y.kernel / ky);
    const blocks = depthBlocks * rowBlocks;
    const width = this.#dynamic ? Math.max(n, this.#tn) : n;
    const buffer = this.#weightBuffer(n, c, ky);
    const times = filters.rounds * blocks > 1 || this.#outerTurns > 1 ? 2 : 1;
    if (buffer * times > machine.wram.bytes || (this.#holdsWeights && times > 1)) return undefined;
    const tile = { n, c, ky };
    const reduction = (filters: number, depth: number): readonly number[] => {
      const block = { n: filters, c: depth, ky };
      return keptReduction(k, tile, block, reductionSizes(k, { c, wholeDepth }, block));
    };
    const works = filters.classes.flatMap((f) =>
      [
        [depthBlocks - 1, c],
        [1, k.c.total - (depthBlocks - 1) * c],
      ].flatMap(([cs, depth]) =>
        cs === 0
          ? []
          : {
              times: f.times * cs! * rowBlocks,
              work: workOf(this.#unit, this.#dynamic ? n : f.size, reduction(f.size, depth!)),
            },
      ),
    );
    // Mean transfers of each stream; here and below.
    const bytes = meanBlockBytes(k, tile, filters.tiles * blocks);
    const w = this.#holdsWeights
      ? { cycles: 0, channelCycles: 0 }
      : k.weights.kind === 'constant'
        ? runsCost(machine, bytes, [[4, bytes / 4]], buffer, 4)
        : runsCost(
            machine,
            bytes,
            [
              [k.weights.nStride, Math.min(width, this.#tn)],
              [k.weights.cStride, c],
            ],
            buffer,
            this.#bytes.w,
            k.weights.place.home,
          );
    const stored = blocks > 1 || keepsSums(this.#unit, reduction(n, c));
    return { ...of, blocks, stored, groups: Math.ceil(width / this.#tn), width, buffer, works, w };
  }

  /** Offers the tilings of these tiles that fit, in each order. */
  #price(block: Block, at: Pixels): void {
    const k = this.#k;
    const machine = this.#machine;
    const outerTurns = this.#outerTurns;
    const { n, c, ky, wholeDepth, filters, depthBlocks, blocks, w } = block;
    const { b, x, y, carries, turns: spatial } = at;
    const nCount = filters.rounds;
    const pixels = b * y.tile * x.tile;
    /** Results that are computed; they are those that are stored, but where they are pooled. */
    const made = b * y.made * x.made;
    if (block.stored && block.groups * made > this.#entries) return;
    const depth = wholeDepth ? k.c.total : c;
    const aBuffer = isKept(k.a) ? 0 : align(this.#bytes.a * b * y.extent * x.extent * depth);
    const outBuffer = isKept(k.out) ? 0 : align(this.#bytes.result * pixels * block.width);
    const outTimes = outerTurns * spatial * nCount > 1 ? 2 : 1;
    const operandBytes = this.#operands.reduce(
      (m, o) => m + (isKept(o.place) ? 0 : align(this.#operandBytes(o, block, at))),
      0,
    );
    const madeBuffer = k.pool === undefined ? 0 : align(this.#bytes.result * made * block.width);
    const sums = k.pool?.sums === undefined || k.pool.sums === this.#types.result ? 0 : align(4 * pixels * block.width);
    const between = align(wideBytes(k, made * block.width)) + align(besideBytes(k, made * block.width));
    const results = (outBuffer + madeBuffer + operandBytes) * outTimes + between + sums;
    const aBlocked = depthBlocks > 1 && !wholeDepth;
    const aTimes = outerTurns * spatial * (aBlocked ? depthBlocks : 1) > 1 ? 2 : 1;
    if (aBuffer * aTimes + results > machine.nram.bytes) return;

    const turns = spatial * nCount;
    const matrixCycles = workCyclesOfAll(machine, at.classes, block.works, this.#types.a);
    const bodies = outerTurns * turns * blocks;
    // What follows only adds to that.
    if (outerTurns * matrixCycles + bodies * this.#worth >= this.#shortlist.enough) return;
    const a = this.#activations(block, at, aBuffer);
    const out = runsCost(
      machine,
      (this.#bytes.result * k.b.total * k.y.total * k.x.total * k.n.total) / (at.count * filters.tiles),
      [
        [k.n.outStride, Math.min(n, k.n.total)],
        [k.x.outStride, x.tile],
        [k.y.outStride, y.tile],
        [k.b.outStride, b],
      ],
      outBuffer,
      this.#bytes.result,
      k.out.home,
    );
    const behind = this.#behind(block, at);
    const filtersOfTile = Math.min(n, k.n.total);
    const vectorCycles =
      this.#steps * made * Math.ceil(filtersOfTile / this.#lanes) +
      this.#windowSteps * this.#walked([filtersOfTile, x.tile, y.tile]);
    const orders = nCount > 1 && spatial > 1 ? [false, true] : [false];
    for (const filtersOuter of carries && nCount > 1 ? [true] : orders) {
      // A block for each turn in which it is first met, if there are several and turns in which it is met again.
      const aTiles = aBlocked || filtersOuter ? (filtersOuter ? spatial : 1) * (aBlocked ? depthBlocks : 1) : 1;
      const wTiles = (filtersOuter ? 1 : nCount) * blocks;
      const holdsActivations =
        !isKept(k.a) && nCount > 1 && aTiles > 1 && aBuffer * aTiles + results <= machine.nram.bytes;
      const holdsWeights = spatial > 1 && wTiles > 1 && block.buffer * wTiles <= machine.wram.bytes;
      const aOnce = (aBlocked ? depthBlocks : 1) * spatial;
      const wOnce = blocks * nCount;
      const aLoads = holdsActivations || (!aBlocked && !(filtersOuter && spatial > 1)) ? aOnce : aOnce * nCount;
      if (aLoads * outerTurns > 1 && !holdsActivations && aBuffer * 2 + results > machine.nram.bytes) continue;
      const wLoads = holdsWeights || (blocks === 1 && (filtersOuter || nCount === 1)) ? wOnce : wOnce * spatial;
      // Transfers by which all cores have their operands.
      const { parts } = at;
      const aCopies =
        this.#outerParts *
        parts *
        copiesOf([filters], holdsActivations || (!aBlocked && (!filtersOuter || spatial === 1)));
      const wCopies =
        this.#outerParts *
        filters.parts *
        copiesOf(at.shares, holdsWeights || (blocks === 1 && (filtersOuter || nCount === 1)));
      const workers = this.#outerParts * parts * filters.parts;
      const channel =
        aLoads * a.channelCycles * aCopies +
        wLoads * w.channelCycles * wCopies +
        turns * (out.channelCycles + behind.channelCycles) * workers;
      /** The busiest in a turn. What is kept is loaded in first turns, and may hold up those. */
      const busiest = (isFirstOfPixels: boolean, isFirstOfFilters: boolean): number => {
        const ofA = !holdsActivations ? aLoads / turns : isFirstOfFilters ? aOnce / spatial : 0;
        const ofW = !holdsWeights ? wLoads / turns : isFirstOfPixels ? wOnce / nCount : 0;
        const load = ofA * a.cycles + ofW * w.cycles + behind.cycles;
        const moved = machine.dma.queues === 1 ? load + out.cycles : Math.max(load, out.cycles);
        return Math.max(matrixCycles / turns, vectorCycles, moved, blocks * this.#controlPerTile);
      };
      const all =
        busiest(true, true) +
        (nCount - 1) * busiest(true, false) +
        (spatial - 1) * (busiest(false, true) + (nCount - 1) * busiest(false, false));
      // Before the first product its operands must be there; after the last its result must leave.
      const cycles =
        outerTurns * Math.max(all, channel) +
        a.cycles +
        (aCopies - 1) * a.channelCycles +
        w.cycles +
        (wCopies - 1) * w.channelCycles +
        out.cycles +
        (workers - 1) * out.channelCycles +
        vectorCycles;
      this.#shortlist.offer(
        () => ({
          ...{ b, y: y.tile, x: x.tile, n, c, ky, filtersOuter, wholeDepth, deals: this.#split.deals },
          ...(carries ? { carriesRows: true } : {}),
          ...(holdsActivations ? { holdsActivations } : {}),
          ...(holdsWeights ? { holdsWeights } : {}),
        }),
        cycles + bodies * this.#worth + outerTurns * channel * 1e-9,
      );
    }
  }

  /** Turns of the vector lanes over elements of these sizes, the best of them innermost. */
  #walked(sizes: readonly number[]): number {
    const all = sizes.reduce((n, size) => n * size, 1);
    return Math.min(...sizes.map((size) => (all / size) * Math.ceil(size / this.#lanes)));
  }

  /** What loading a tile of activations takes: it does not depend on the filters. */
  #activations({ c, wholeDepth, depthBlocks }: Block, at: Pixels, buffer: number): RunsCost {
    const known = this.#aCosts.get(at);
    if (known !== undefined && known.c === c && known.wholeDepth === wholeDepth) return known.cost;
    const k = this.#k;
    const { b, x, y } = at;
    const elements = (k.b.total * y.inside * x.inside * k.c.total) / (at.count * (wholeDepth ? 1 : depthBlocks));
    const transfers = this.#transfers;
    const one = runsCost(
      this.#machine,
      (this.#bytes.a * elements) / transfers,
      [
        [k.c.aStride, k.unfold === undefined ? (wholeDepth ? k.c.total : c) : k.unfold.of.c.total],
        [k.x.aStride, x.extent],
        [k.y.aStride, y.extent],
        [k.b.aStride, b],
      ],
      buffer / transfers,
      this.#bytes.a,
      k.a.home,
    );
    const cost = { cycles: transfers * one.cycles, channelCycles: transfers * one.channelCycles };
    this.#aCosts.set(at, { c, wholeDepth, cost });
    return cost;
  }

  /** An operand of the epilogue, in a tile: its strides and sizes. */
  #along(o: EpilogueOperand, { n }: Block, { b, x, y }: Pixels): Extents {
    return [
      [o.n, o.n === 0 ? 1 : Math.min(n, this.#k.n.total)],
      [o.x, o.x === 0 ? 1 : x.made],
      [o.y, o.y === 0 ? 1 : y.made],
      [o.b, o.b === 0 ? 1 : b],
    ];
  }

  #operandBytes(o: EpilogueOperand, block: Block, at: Pixels): number {
    const width = ELEMENT_BYTES[o.type ?? this.#types.result];
    return this.#along(o, block, at).reduce((m, [, size]) => m * size, width);
  }

  /** What loading the operands of the epilogue costs. */
  #behind(block: Block, at: Pixels): RunsCost {
    const sum = { cycles: 0, channelCycles: 0 };
    for (const o of this.#operands) {
      const bytes = this.#operandBytes(o, block, at);
      const width = ELEMENT_BYTES[o.type ?? this.#types.result];
      const cost = runsCost(this.#machine, bytes, this.#along(o, block, at), align(bytes), width, o.place.home);
      sum.cycles += cost.cycles;
      sum.channelCycles += cost.channelCycles;
    }
    return sum;
  }
}
