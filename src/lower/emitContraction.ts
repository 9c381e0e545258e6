/** The code of a contraction: what a tile's `mma` needs in records and addresses, on top of the tile nest. */
import { float32Bits } from '#base';
import { ACTIVATIONS, ELEMENT_TYPES, MMA_TYPES, RESULT_TYPES, WEIGHT_FORMATS, WEIGHT_TYPES } from '#isa';
import { filtersOf, type Machine } from '#machine';
import {
  type BuiltContraction,
  type Contraction,
  isMerged,
  type Spatial,
  type Tiling,
  typesOfContraction,
  widthsOf,
} from './contraction.ts';
import { hasBias, parametersOf, tapsOf, weightWords, wordsInWram } from './contractionWeights.ts';
import { elementBits } from './elementTypes.ts';
import type { Emitter, Operand, Register } from './emitter.ts';
import { emitNest } from './nest.ts';
import { madeAlong, overlapAlong } from './pooled.ts';
import type { Surroundings } from './prefetch.ts';
import { rowsOf, sparseOf } from './sparse/forms.ts';
import { bySize } from './sparse/sparseRun.ts';
import type { BlockSizes } from './sparse/weightCounts.ts';
import { type SizeOf, type TileContext, tileStrides, tilesOf } from './stream.ts';

/** A contraction among its neighbours: where its weights lie, and what is loaded early. */
export function amongNeighbours(built: BuiltContraction, { placement, isEarly, next }: Surroundings): BuiltContraction {
  const { w } = built;
  // What is held is there but for the first layer that has it.
  const { early: _, ...nest } = built.nest;
  return {
    ...built,
    nest: {
      ...nest,
      ...(placement === undefined ? {} : { placements: new Map([...nest.placements, [w, placement]]) }),
      ...(isEarly ? { early: w } : {}),
      ...(next === undefined ? {} : { next }),
    },
  };
}

/** Emits the kernel of a contraction that was built. */
export function emitContraction(
  e: Emitter,
  built: BuiltContraction,
  k: Contraction,
  t: Tiling,
  machine: Machine,
): void {
  const { a, w, made, loops } = built;
  const types = typesOfContraction(k);
  const width = widthsOf(k);
  const tn = filtersOf(machine.matrix, types.a);
  const pixels = e.record();
  const reduction = e.record();
  const output = e.record();
  const aStrides = tileStrides(a);
  const outStrides = tileStrides(made);
  const blocks = tilesOf(loops.c) * tilesOf(loops.ky);

  // A run over (kx, c) is contiguous in the tile when the tile holds just the block's channels and kx steps by one pixel.
  const merged = isMerged(k, t);
  const kxStride = k.x.dilation * aStrides[2]!;
  const kyStride = k.y.dilation * aStrides[1]!;
  const dynamicWeights = k.weights.kind === 'dynamic';

  const sparse = sparseOf(k);
  const multiplied = sparse === undefined || sparse.form === 'stream' ? undefined : sparse;
  const sizeOf = (size: SizeOf): BlockSizes => ({ n: size(loops.n), c: size(loops.c), ky: size(loops.ky) });

  const result = types.result === MMA_TYPES[types.a].sum ? 0 : RESULT_TYPES.indexOf(types.result as 'f32');
  const act = ACTIVATIONS.indexOf(k.act.kind);
  if (k.act.kind !== 'none') {
    // Sums of integers are clamped as integers; what they are multiplied with where they leak is a float.
    const isInteger = MMA_TYPES[types.a].sum !== 'f32' && k.act.kind === 'clamp';
    const bits = isInteger ? (v: number) => elementBits('i32', v) : float32Bits;
    const [p0, p1] = k.act.kind === 'clamp' ? [k.act.low, k.act.high] : [k.act.alpha, 0];
    e.with(bits(p0), (ra) => e.with(bits(p1), (rb) => e.op('cfg.act', { ra, rb })));
  }

  if (k.quantisation !== undefined) {
    const { a: za, w: zw, result: zc } = k.quantisation.zero;
    const weights = WEIGHT_TYPES.indexOf(types.w === types.a ? 'same' : (types.w as 'i8' | 'u8'));
    e.op('cfg.quant', { za, zw, zc, weights });
  }

  const body = (at: TileContext): void => {
    const columns = resultsOf(e, k.x, at.size(loops.x));
    const rows = resultsOf(e, k.y, at.size(loops.y));
    // Rows that the tile above has handed on.
    const carried = t.carriesRows === true ? carriedRows(e, at.index(loops.y), overlapAlong(k.y)) : 0;
    const newRows = less(e, rows, carried);
    e.dimension(pixels, 0, columns, k.x.scale * aStrides[2]!);
    e.dimension(pixels, 1, newRows, k.y.scale * aStrides[1]!);
    e.dimension(pixels, 2, at.size(loops.b), aStrides[0]!);
    e.dimension(output, 0, columns, outStrides[2]!);
    e.dimension(output, 1, newRows, outStrides[1]!);
    e.dimension(output, 2, at.size(loops.b), outStrides[0]!);
    for (const r of new Set([k.x.pool && columns, k.y.pool && rows, carried === 0 ? undefined : newRows]))
      if (typeof r === 'object') e.release(r.register);
    // With activations as weights every group is whole: columns beyond N are zeros that are never stored.
    const filters: Operand = dynamicWeights ? t.n : at.size(loops.n);
    e.dimension(output, 4, filters, width.result * tn);
    if (k.unfold !== undefined) {
      const columns = at.size(loops.ky);
      if (typeof columns === 'number') e.dimension(reduction, 0, columns * t.c, aStrides[3]!);
      else {
        const r = e.register();
        e.op('muli', { rd: r, ra: columns.register, imm: t.c });
        e.dimension(reduction, 0, { register: r }, aStrides[3]!);
        e.release(r);
      }
    } else if (merged) {
      e.dimension(reduction, 0, k.x.kernel * t.c, aStrides[3]!);
      e.dimension(reduction, 1, at.size(loops.ky), kyStride);
    } else {
      e.dimension(reduction, 0, at.size(loops.c), aStrides[3]!);
      e.dimension(reduction, 1, k.x.kernel, kxStride);
      e.dimension(reduction, 2, at.size(loops.ky), kyStride);
    }

    if (multiplied?.form === 'bitmap') {
      const rows = bySize(e, at, [loops.n, loops.c, loops.ky], (size) => rowsOf(multiplied, t, sizeOf(size)));
      e.dimension(pixels, 4, rows, 0);
      if (typeof rows !== 'number') e.release(rows.register);
    }

    const temporaries: Register[] = [];
    let [aAddress, outAddress]: [Operand, Operand] = [at.buffer(a), at.buffer(made)];
    const channelBlock = at.index(loops.c);
    const rowBlock = at.index(loops.ky);
    const moves = [
      ...(t.wholeDepth && typeof channelBlock !== 'number' ? [[channelBlock, width.a * t.c] as const] : []),
      ...(typeof rowBlock !== 'number' ? [[rowBlock, t.ky * kyStride] as const] : []),
      ...(typeof carried !== 'number' ? [[carried, k.y.scale * aStrides[1]!] as const] : []),
    ];
    if (typeof carried !== 'number') {
      const r = e.register();
      temporaries.push(r, carried.register);
      e.set(r, outAddress);
      e.addScaled(r, carried, outStrides[1]!);
      outAddress = { register: r };
    }
    if (moves.length > 0) {
      const r = e.register();
      temporaries.push(r);
      e.set(r, aAddress);
      for (const [index, step] of moves) e.addScaled(r, index, step);
      aAddress = { register: r };
    }
    let bias: Operand = 0;
    if (parametersOf(k) > 0) {
      const r = e.register();
      temporaries.push(r);
      const words =
        multiplied === undefined
          ? denseWords(e, k, at.size(loops.ky), at.size(loops.c), filters)
          : bySize(e, at, [loops.n, loops.c, loops.ky], (size) => wordsInWram(k, t, sizeOf(size)));
      e.set(r, at.buffer(w));
      e.addScaled(r, words, 4);
      if (typeof words !== 'number') e.release(words.register);
      bias = { register: r };
    }
    e.with(aAddress, (ra) =>
      e.with(at.buffer(w), (rb) =>
        e.with(outAddress, (rd) =>
          e.with(bias, (biasRegister) => {
            const mma = (clear: number, drain: number): void =>
              e.op(multiplied === undefined ? 'mma' : 'mma.sparse', {
                rd,
                ra,
                rb,
                pixels,
                reduction,
                output,
                acc: 0,
                bias: biasRegister,
                type: ELEMENT_TYPES.indexOf(types.a),
                clear,
                drain,
                useBias: drain && hasBias(k) ? 1 : 0,
                ...(multiplied === undefined
                  ? { result: drain ? result : 0 }
                  : { format: WEIGHT_FORMATS.indexOf(multiplied.form as (typeof WEIGHT_FORMATS)[number]) }),
                act: drain ? act : 0,
              });
            if (blocks === 1) return mma(1, 1);
            const block = blockNumber(e, channelBlock, rowBlock, tilesOf(loops.ky));
            const first = e.newLabel();
            const last = e.newLabel();
            const end = e.newLabel();
            e.jump('beq', first, { ra: block, rb: 0 });
            e.with(blocks - 1, (r) => e.jump('beq', last, { ra: block, rb: r }));
            if (blocks > 2) mma(0, 0);
            e.jump('jmp', end);
            e.place(first);
            mma(1, 0);
            e.jump('jmp', end);
            e.place(last);
            mma(0, 1);
            e.place(end);
            if (typeof channelBlock !== 'number' && typeof rowBlock !== 'number') e.release(block);
          }),
        ),
      ),
    );
    for (const r of temporaries) e.release(r);
  };

  emitNest(e, { ...built.nest, body });
}

/** Results along an axis that a tile of so many is made of. A register in the answer that is not that of the size belongs to the caller. */
function resultsOf(e: Emitter, s: Spatial, size: Operand): Operand {
  if (s.pool === undefined) return size;
  if (typeof size === 'number') return madeAlong(s, size);
  const r = e.register();
  e.op('muli', { rd: r, ra: size.register, imm: s.pool.scale });
  e.addTo(r, madeAlong(s, 0));
  return { register: r };
}

/** How many rows of a tile are there already: none of the first. In a register of the caller. */
function carriedRows(e: Emitter, index: Operand, overlap: number): Operand {
  const r = e.register();
  e.set(r, index);
  e.with(1, (rb) => e.op('min', { rd: r, ra: r, rb }));
  e.op('muli', { rd: r, ra: r, imm: overlap });
  return { register: r };
}

/** a − b, in a register of the caller where b is in one. */
function less(e: Emitter, a: Operand, b: Operand): Operand {
  if (typeof b === 'number') return a;
  const r = e.register();
  e.set(r, a);
  e.op('sub', { rd: r, ra: r, rb: b.register });
  return { register: r };
}

/** Words of the current block of weights that lie dense in WRAM. A register in the answer belongs to the caller. */
function denseWords(e: Emitter, k: Contraction, kernelRows: Operand, channels: Operand, filters: Operand): Operand {
  const taps = tapsOf(e, kernelRows, k.x.kernel);
  const words = weightWords(e, k, [taps, channels, filters]);
  if (typeof taps !== 'number') e.release(taps.register);
  return words;
}

/** Number of the reduction block: channelBlock · rowBlocks + rowBlock. A register of its own where both are in registers. */
function blockNumber(e: Emitter, channelBlock: Operand, rowBlock: Operand, rowBlocks: number): Register {
  if (typeof rowBlock === 'number') return (channelBlock as { register: Register }).register;
  if (typeof channelBlock === 'number') return rowBlock.register;
  const r = e.register();
  e.op('muli', { rd: r, ra: channelBlock.register, imm: rowBlocks });
  e.op('add', { rd: r, ra: r, rb: rowBlock.register });
  return r;
}
