/** The code of a Winograd nest. */
import { ELEMENT_TYPES, SCRATCHPADS, WINOGRAD_KERNEL, WINOGRAD_OUTPUTS, WINOGRAD_TILES } from '#isa';
import { filtersOf, type Machine } from '#machine';
import type { Contraction } from '../contraction.ts';
import { hasBias } from '../contractionWeights.ts';
import { beginDealing, emitTiles, endDealing } from '../cores.ts';
import type { Emitter, Operand, RecordId, Register } from '../emitter.ts';
import { vectorSemaphores } from '../nest.ts';
import { isRagged, type LoopDim, loopsOf, type Stream, TileContext, tileStrides, tilesOf } from '../stream.ts';
import { emitRaggedSize, emitTransfer } from '../transfer.ts';
import { emitSteps } from '../vectorSteps.ts';
import { bodyBehind } from './behind.ts';
import { type BuiltWinograd, buildWinograd, type WinogradTiling } from './build.ts';
import { sayWinograd } from './order.ts';
import { biasPosition, matricesOf, positionsOf, sideOf } from './weights.ts';

const F32 = ELEMENT_TYPES.indexOf('f32');

/** A buffer, or two in turn. */
class Buffers {
  readonly at: Operand;
  readonly #mask: number;
  readonly #e: Emitter;

  constructor(e: Emitter, { address, second }: { readonly address: number; readonly second: number }) {
    this.#e = e;
    this.#mask = second === 0 ? 0 : (address ^ (address + second)) >>> 0;
    if (second === 0) this.at = address;
    else {
      const register = e.register();
      e.op('li', { rd: register, imm: address });
      this.at = { register };
    }
  }

  next(): void {
    const { at } = this;
    if (typeof at === 'number') return;
    this.#e.with(this.#mask, (rb) => this.#e.op('xor', { rd: at.register, ra: at.register, rb }));
  }
}

/** Emits the whole kernel, final `sync` included. */
export function emitWinograd(
  e: Emitter,
  k: Contraction,
  t: WinogradTiling,
  machine: Machine,
  packedAddress: number,
): BuiltWinograd {
  const built = buildWinograd(k, t, machine, packedAddress);
  const { loops, a, w, out, operands, placements, levels } = built;
  const dealing = beginDealing(e, loops);
  const index = new Map<LoopDim, Register>();
  const size = new Map<LoopDim, Register>();
  for (const l of loops) {
    if (tilesOf(l) === 1) continue;
    index.set(l, e.register());
    if (isRagged(l)) size.set(l, e.register());
  }
  const streamBuffers = new Map([a, w, ...operands].map((s) => [s, new Buffers(e, placements.get(s)!)] as const));
  /** The vector unit is one turn behind the loads of its operands. */
  const lateOperands = new Map(operands.map((s) => [s, new Buffers(e, placements.get(s)!)] as const));
  const inputs = new Buffers(e, built.inputs);
  const products = new Buffers(e, built.products);
  const lateProducts = new Buffers(e, built.products);
  const kernels = built.kernels === undefined ? undefined : new Buffers(e, built.kernels);
  const context = new TileContext(
    index,
    size,
    new Map([...streamBuffers].map(([s, { at }]): [Stream, Operand] => [s, at])),
  );

  // The turn that is transformed back and stored while the next one is multiplied.
  const isLate = levels.out > 0;
  const saved = new Map<LoopDim, Register>();
  const savedSize = new Map<LoopDim, Register>();
  let pending: Register = 0;
  if (isLate) {
    for (const l of loops) {
      if (!index.has(l) || !loopsOf(out).has(l)) continue;
      saved.set(l, e.register());
      if (size.has(l)) savedSize.set(l, e.register());
    }
    pending = e.register();
    e.op('li', { rd: pending, imm: 0 });
  }
  const late = new TileContext(
    isLate ? saved : index,
    isLate ? savedSize : size,
    new Map<Stream, Operand>([
      [out, placements.get(out)!.address],
      ...[...lateOperands].map(([s, { at }]): [Stream, Operand] => [s, at]),
    ]),
  );

  const records = new Map<Stream, { readonly dram: RecordId; readonly pad: RecordId }>();
  for (const s of [a, w, ...operands, out]) records.set(s, { dram: e.record(), pad: e.record() });
  const transforms = transformsOf(e, t, built);
  const multiply = productsOf(e, k, t, machine, built);
  const behind = bodyBehind(k, built, t.tile);

  let depth = 0;
  sayWinograd(built, k, vectorSemaphores, {
    wait: (queue, semaphore) => e.wait(queue, semaphore),
    signal: (queue, semaphore) => e.signal(queue, semaphore),
    load: (what) => {
      for (const s of what === 'operands' ? operands : [what === 'a' ? a : w])
        emitTransfer(e, 'load', s, context, records.get(s)!);
      if (what === 'operands') for (const s of operands) streamBuffers.get(s)!.next();
    },
    store: () => emitTransfer(e, 'store', out, late, records.get(out)!),
    work: (what) => {
      switch (what) {
        case 'input':
          return transforms.input(context, inputs.at);
        case 'kernels':
          return transforms.kernels(context, kernels!.at);
        case 'output':
          transforms.output(late, lateProducts.at);
          return lateProducts.next();
        case 'vector':
          emitSteps(e, behind, late, machine, () => 0);
          for (const s of operands) lateOperands.get(s)!.next();
      }
    },
    products: (begin) =>
      multiply(
        context,
        { inputs: inputs.at, weights: kernels?.at ?? context.buffer(w), products: products.at },
        depth,
        begin,
      ),
    loop: (l, body) => {
      depth++;
      emitTiles(e, l, dealing, index.get(l)!, depth - 1, () => {
        emitRaggedSize(e, l, index, size);
        body();
      });
      depth--;
    },
    next: (what) => {
      if (what === 'a' || what === 'w') streamBuffers.get(what === 'a' ? a : w)!.next();
      else ({ inputs, products, kernels })[what]?.next();
    },
    late: (body) => {
      const skip = e.newLabel();
      e.jump('beq', skip, { ra: pending, rb: 0 });
      body();
      e.place(skip);
      e.op('addi', { rd: pending, ra: 0, imm: 1 });
      for (const [l, rd] of saved) e.op('add', { rd, ra: index.get(l)!, rb: 0 });
      for (const [l, rd] of savedSize) e.op('add', { rd, ra: size.get(l)!, rb: 0 });
    },
    last: (body) => body(),
  });
  endDealing(e, dealing);
  return built;
}

/** The transforms of a tile. */
function transformsOf(e: Emitter, t: WinogradTiling, built: BuiltWinograd) {
  const m = WINOGRAD_OUTPUTS[t.tile];
  const side = sideOf(t.tile);
  const tile = WINOGRAD_TILES.indexOf(t.tile);
  const { loop, a, w, out } = built;
  const records = (): { readonly dst: RecordId; readonly src: RecordId } => ({ dst: e.record(), src: e.record() });
  const forInput = records();
  const forOutput = records();
  const forKernels = built.kernels === undefined ? undefined : records();
  /** Channels and tiles in the order in which the unit's lanes have most to do. */
  const dims = (
    at: TileContext,
    { src, dst }: { readonly dst: RecordId; readonly src: RecordId },
    order: readonly number[],
    channels: LoopDim,
    source: readonly number[],
    result: readonly number[],
  ): void => {
    const loops = [channels, loop.x, loop.y];
    order.forEach((i, d) => {
      e.dimension(src, d, at.size(loops[i]!), source[i]!);
      e.dimension(dst, d, 1, result[i]!);
    });
  };
  /** Once for each image: a record has dimensions for tiles of one. */
  const images = (
    mnemonic: string,
    { src, dst }: { dst: RecordId; src: RecordId },
    from: Operand,
    to: Operand,
    steps: readonly [number, number],
  ): void => {
    const offset = (base: Operand, by: number, use: (r: Register) => void): void => {
      if (typeof base === 'number') return e.with(base + by, use);
      if (by === 0) return use(base.register);
      const r = e.register();
      e.set(r, base);
      e.addTo(r, by);
      use(r);
      e.release(r);
    };
    for (let image = 0; image < loop.b.tile; image++)
      offset(from, image * steps[0], (ra) =>
        offset(to, image * steps[1], (rd) => e.op(mnemonic, { rd, ra, dst, src, type: F32, tile })),
      );
  };
  /** Of a matrix of one position: bytes between tiles along x and y, and between images. */
  const matrix = (channels: number): readonly [number, number, number] => [
    4 * channels,
    4 * channels * t.x,
    4 * channels * t.x * t.y,
  ];
  return {
    input: (at: TileContext, to: Operand): void => {
      const [image, row, column] = tileStrides(a) as [number, number, number, number];
      const [dx, dy, db] = matrix(t.c);
      const { position } = built.inputs;
      dims(at, forInput, built.orders.input, loop.c, [4, m * column, m * row], [4, dx, dy]);
      e.dimension(forInput.src, 3, side, column);
      e.dimension(forInput.src, 4, side, row);
      e.dimension(forInput.dst, 3, 1, position);
      e.dimension(forInput.dst, 4, 1, side * position);
      images('wino.input', forInput, at.buffer(a), to, [image, db]);
    },
    output: (at: TileContext, from: Operand): void => {
      const [image, row, column] = tileStrides(out) as [number, number, number, number];
      const [dx, dy, db] = matrix(t.n);
      const { position } = built.products;
      dims(at, forOutput, built.orders.output, loop.n, [4, dx, dy], [4, m * column, m * row]);
      e.dimension(forOutput.src, 3, side, position);
      e.dimension(forOutput.src, 4, side, side * position);
      e.dimension(forOutput.dst, 3, 1, column);
      e.dimension(forOutput.dst, 4, 1, row);
      images('wino.output', forOutput, from, at.buffer(out), [db, image]);
    },
    /** All kernels of a block lie alike in both, so that they are one run. */
    kernels: (at: TileContext, to: Operand): void => {
      const { src, dst } = forKernels!;
      const run = matrixElements(e, at.size(loop.c), at.size(loop.n));
      const bytes = scaled(e, run, 4);
      e.dimension(src, 0, run, 4);
      e.dimension(dst, 0, 1, 4);
      const stride = (record: RecordId, dim: number, size: number, factor: number): void => {
        const s = scaled(e, bytes, factor);
        e.dimension(record, dim, size, s);
        release(e, s);
      };
      stride(src, 3, WINOGRAD_KERNEL, 1);
      stride(src, 4, WINOGRAD_KERNEL, WINOGRAD_KERNEL);
      stride(dst, 3, 1, 1);
      stride(dst, 4, 1, side);
      release(e, bytes);
      release(e, run);
      const wram = SCRATCHPADS.indexOf('wram');
      e.with(at.buffer(w), (ra) =>
        e.with(to, (rd) => e.op('wino.weight', { rd, ra, dst, src, type: F32, tile, from: wram, to: wram })),
      );
    },
  };
}

const release = (e: Emitter, operand: Operand): void => {
  if (typeof operand !== 'number') e.release(operand.register);
};

/** operand · factor; a register in the answer belongs to the caller. */
function scaled(e: Emitter, operand: Operand, factor: number): Operand {
  if (typeof operand === 'number') return operand * factor;
  const r = e.register();
  e.op('muli', { rd: r, ra: operand.register, imm: factor });
  return { register: r };
}

/** Channels · filters; a register in the answer belongs to the caller. */
function matrixElements(e: Emitter, channels: Operand, filters: Operand): Operand {
  if (typeof channels === 'number' && typeof filters === 'number') return channels * filters;
  const r = e.register();
  e.binary('mul', r, channels, filters);
  return { register: r };
}

interface Tiles {
  readonly inputs: Operand;
  readonly weights: Operand;
  readonly products: Operand;
}

/** The products of a turn: an `mma` for each position. */
function productsOf(e: Emitter, k: Contraction, t: WinogradTiling, machine: Machine, built: BuiltWinograd) {
  const { loop, blocks, w } = built;
  const tn = filtersOf(machine.matrix);
  const positions = positionsOf(t.tile);
  const [pixels, reduction, output] = [e.record(), e.record(), e.record()];
  const entries = blocks > 1 ? built.entries / positions : 0;
  const tiles = [t.x, t.x * t.y];
  return (at: TileContext, buffers: Tiles, depth: number, begin: () => void): void => {
    for (const [record, width] of [
      [pixels, 4 * t.c],
      [output, 4 * t.n],
    ] as const) {
      e.dimension(record, 0, at.size(loop.x), width);
      e.dimension(record, 1, at.size(loop.y), width * tiles[0]!);
      e.dimension(record, 2, loop.b.tile, width * tiles[1]!);
    }
    e.dimension(reduction, 0, at.size(loop.c), 4);
    e.dimension(output, 4, at.size(loop.n), 4 * tn);
    const elements = matrixElements(e, at.size(loop.c), at.size(loop.n));
    const weights = scaled(e, elements, 4);
    const [ra, rb, rd, acc] = [e.register(), e.register(), e.register(), e.register()];
    let bias: Register = 0;
    if (hasBias(k)) {
      bias = e.register();
      e.set(bias, at.buffer(w));
      e.addScaled(bias, elements, 4 * matricesOf(t));
    }
    const all = (clear: 0 | 1, drain: 0 | 1): void => {
      if (drain === 1) begin();
      e.set(ra, buffers.inputs);
      e.set(rb, buffers.weights);
      if (drain === 1) e.set(rd, buffers.products);
      if (entries > 0) e.op('li', { rd: acc, imm: 0 });
      const one = (useBias: 0 | 1): void => {
        e.op('mma', {
          ...{ rd, ra, rb, pixels, reduction, output, acc: entries > 0 ? acc : 0, bias: useBias === 1 ? bias : 0 },
          ...{ type: F32, clear, drain, useBias, result: 0, act: 0 },
        });
        e.addTo(ra, built.inputs.position);
        e.addTo(rb, weights);
        if (drain === 1) e.addTo(rd, built.products.position);
        if (entries > 0) e.addTo(acc, entries);
      };
      const several = (count: number): void => {
        const counter = e.register();
        e.loop({ index: counter, from: 0, step: 1, limit: count, count }, depth, () => one(0));
        e.release(counter);
      };
      if (drain === 0 || !hasBias(k)) return several(positions);
      several(biasPosition(t.tile));
      one(1);
      several(positions - biasPosition(t.tile) - 1);
    };
    const block = at.index(loop.c);
    if (typeof block === 'number') all(1, 1);
    else {
      const [first, last, end] = [e.newLabel(), e.newLabel(), e.newLabel()];
      e.jump('beq', first, { ra: block.register, rb: 0 });
      e.with(blocks - 1, (r) => e.jump('beq', last, { ra: block.register, rb: r }));
      if (blocks > 2) all(0, 0);
      e.jump('jmp', end);
      e.place(first);
      all(1, 0);
      e.jump('jmp', end);
      e.place(last);
      all(0, 1);
      e.place(end);
    }
    for (const r of [ra, rb, rd, acc]) e.release(r);
    if (bias !== 0) e.release(bias);
    release(e, weights);
    release(e, elements);
  };
}
