/**
 * Random instructions for what a machine may have: streams that are decompressed, sparse weights, Winograd transforms. Pieces for the
 * random programs of `randomPrograms.ts`, which lends its tools.
 */
import type { Random } from '#base';
import {
  encodeStream,
  groupShape,
  packWeights,
  pruneTwoOfFour,
  STREAM_FORMATS,
  WINOGRAD_TILES,
  WINOGRAD_TRANSFORMS,
  winogradSides,
} from '#isa';
import { accumulatorEntries, filtersOf, type Machine } from '#machine';
import type { Axis, Buffer, Queue } from './randomPrograms.ts';

/** What a writer of random programs lends. */
export interface Tools {
  readonly random: Random;
  readonly machine: Machine;
  readonly nram: readonly Buffer[];
  readonly wram: readonly Buffer[];
  readonly rawPads: readonly Buffer[];
  readonly bufferBytes: number;
  /** Whether some orders are left out, so that data may not be what the program means. */
  readonly forgets: boolean;
  emit(...lines: string[]): void;
  order(queue: Queue, reads: readonly Buffer[], writes: readonly Buffer[]): void;
  record(name: string, axes: readonly Axis[]): void;
  place(buffer: Buffer, axes: readonly Axis[], width: number): number | undefined;
  sizes(count: number, most: number): number[];
  anyStrides(sizes: readonly number[], width: number): number[];
  apartStrides(sizes: readonly number[], width: number): number[];
  strides(sizes: readonly number[], width: number): number[];
  /** Puts bytes into DRAM before the run; undefined where there is no more room. */
  constant(bytes: Uint8Array): number | undefined;
}

const axis = (size: number, stride: number): Axis => ({ size, stride, lo: 0, hi: size });
const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The pieces that a machine can execute. */
export function optionalPieces(tools: Tools): (() => void)[] {
  const { machine } = tools;
  return [
    ...(machine.dma.decompressor === undefined ? [] : [() => loadSparse(tools)]),
    ...(machine.matrix.kind === 'scalar' || machine.matrix.sparsity === undefined ? [] : [() => mmaSparse(tools)]),
    ...(machine.winograd === undefined ? [] : [() => winograd(tools)]),
  ];
}

function loadSparse(t: Tools): void {
  const r = t.random;
  const raw = r.uniform() < 0.3;
  const [type, width] = raw
    ? r.pick([
        ['i8', 1],
        ['f16', 2],
        ['i64', 8],
      ] as const)
    : (['f32', 4] as const);
  const pad = r.pick(raw ? t.rawPads : [...t.nram, ...t.wram]);
  const format = r.pick(STREAM_FORMATS);
  const sizes = t.sizes(r.integer(1, 4), 5);
  if (format === 'two4') sizes[0] = 4 * r.integer(1, 3);
  const axes = t.strides(sizes, width).map((stride, d) => axis(sizes[d]!, stride));
  const at = t.place(pad, axes, width);
  if (at === undefined) return;
  const elements = product(sizes);
  const dense = new Uint8Array(elements * width);
  const density = r.uniform();
  for (let i = 0; i < elements; i++) {
    const isKept = format === 'two4' ? i % 4 < 2 : r.uniform() < density;
    if (!isKept) continue;
    if (raw) for (let b = 0; b < width; b++) dense[i * width + b] = r.integer(0, 255);
    else new DataView(dense.buffer).setFloat32(4 * i, r.normal(), true);
  }
  const stream = encodeStream(format, dense, width);
  if (!(stream instanceof Uint8Array)) throw new Error('two of four are kept');
  const from = t.constant(stream);
  if (from === undefined) return;
  t.record('R1', axes);
  t.emit(`li r3, ${at}`, `li r4, ${from}`, `li r5, ${stream.length}`);
  t.order('load', [], [pad]);
  t.emit(`load.sparse ${pad.space}, r3, r4, r5, R1, ${type}, ${format}`);
}

function mmaSparse(t: Tools): void {
  const r = t.random;
  const { matrix } = t.machine;
  if (matrix.kind === 'scalar' || matrix.sparsity === undefined) return;
  const format = matrix.sparsity.weights === '2:4' ? 'two4' : 'bitmap';
  const tn = filtersOf(matrix);
  const pixels = t.sizes(r.integer(0, 4), 3);
  const reduction = t.sizes(r.integer(1, 4), 3);
  if (format === 'two4') reduction[0] = 4 * r.integer(1, 2);
  const depth = product(reduction);
  const words = t.bufferBytes / 4;
  let filters = r.integer(1, 2 * tn + 1);
  const shapeOf = (n: number, kept: number): number =>
    Math.floor(n / tn) * groupShape(format, depth, tn, kept).words + groupShape(format, depth, n % tn, kept).words;
  while (filters > 0 && shapeOf(filters, depth) > words) filters--;
  if (filters === 0) return;
  const groups = Math.ceil(filters / tn);
  const entries = groups * product(pixels);
  if (entries > accumulatorEntries(matrix)) return;
  const a = r.pick(t.nram);
  const c = r.pick(t.nram.filter((b) => b !== a));
  const w = r.pick(t.wram);
  const bias = r.pick(t.wram);
  const pixelAxes = t.anyStrides(pixels, 4).map((stride, d) => axis(pixels[d]!, stride));
  const reductionAxes = t.anyStrides(reduction, 4).map((stride, d) => axis(reduction[d]!, stride));
  const aAt = t.place(a, [...pixelAxes, ...reductionAxes], 4);
  const cAxes = t.apartStrides(pixels, 4 * tn * groups).map((stride, d) => axis(pixels[d]!, stride));
  const cAt = t.place(c, [...cAxes, axis(groups, 4 * tn)], 4 * tn);
  if (aAt === undefined || cAt === undefined) return;

  // Any words are weights in two4, and in bitmap where there are as many rows as elements; otherwise they are packed and loaded.
  let rows = depth;
  let wAt = w.address + 4 * r.integer(0, words - shapeOf(filters, depth));
  if (!t.forgets && r.uniform() < 0.6) {
    const density = r.uniform();
    const dense = Float32Array.from({ length: depth * filters }, () => (r.uniform() < density ? r.normal() : 0));
    const packed = packWeights(format, format === 'two4' ? pruneTwoOfFour(dense, filters) : dense, filters, tn);
    if (!('bytes' in packed)) throw new Error('they fit');
    const from = t.constant(packed.bytes);
    if (from === undefined) return;
    wAt = w.address;
    rows = packed.rows;
    t.record('R1', [axis(packed.bytes.length / 4, 4)]);
    t.emit(`li r3, ${wAt}`, `li r4, ${from}`);
    t.order('load', [], [w]);
    t.emit('load wram, r3, r4, R1, R1, f32');
  }
  const four = (axes: readonly Axis[]): Axis[] => [0, 1, 2, 3].map((d) => axes[d] ?? axis(1, 0));
  t.record('R3', format === 'bitmap' ? [...four(pixelAxes), axis(rows, 0)] : pixelAxes);
  t.record('R4', reductionAxes);
  t.record('R5', [...four(cAxes), axis(filters, 4 * tn)]);
  t.emit(`li r5, ${aAt}`, `li r6, ${wAt}`, `li r7, ${cAt}`);
  t.emit(`li r8, ${r.integer(0, accumulatorEntries(matrix) - entries)}`);
  t.emit(
    `li r9, ${bias.address + 4 * r.integer(0, words - filters)}`,
    'li r10, -0.5f',
    'li r11, 1.5f',
    'cfg.act r10, r11',
  );
  t.order('matrix', [a, w, bias], [c]);
  const mma = `mma.sparse r7, r5, r6, R3, R4, R5, r8, r9, f32, ${format}`;
  const drain = `, drain${r.pick(['', ', bias'])}${r.pick(['', ', clamp', ', leaky'])}`;
  if (r.uniform() < 0.5) t.emit(`${mma}, clear${drain}`);
  else t.emit(`${mma}, clear`, ...(r.uniform() < 0.3 ? [mma] : []), `${mma}${drain}`);
}

function winograd(t: Tools): void {
  const r = t.random;
  const transform = r.pick(WINOGRAD_TRANSFORMS);
  const tile = r.pick(WINOGRAD_TILES.filter((name) => t.machine.winograd!.tileCycles[name] !== undefined));
  const sides = winogradSides(transform, tile);
  const sizes = [1, 1, 1].map(() => r.pick([1, 1, 2, 3]));
  const square = (side: number): number[] => [side, side];
  const spaces = (): readonly Buffer[] => (transform === 'weight' ? [...t.nram, ...t.wram] : t.nram);
  const a = r.pick(spaces());
  const c = r.pick(spaces().filter((b) => b !== a));
  const tight = r.pick([0, 4]);
  const source = [...sizes, ...square(sides.source)];
  const result = [...sizes, ...square(sides.result)];
  // Strides that keep a tile of up to 36 words in the buffer.
  const along = (side: number): number[] => [tight, ...[4, 8].map((s) => r.pick([s, -s])), 4, 4 * side];
  const aAxes = along(sides.source).map((stride, d) => axis(source[d]!, stride));
  const cStrides = r.uniform() < 0.7 ? t.apartStrides(result, 4) : along(sides.result);
  const cAxes = cStrides.map((stride, d) => axis(result[d]!, stride));
  const aAt = t.place(a, aAxes, 4);
  const cAt = t.place(c, cAxes, 4);
  if (aAt === undefined || cAt === undefined) return;
  t.record('R6', aAxes);
  t.record('R7', cAxes);
  t.emit(`li r12, ${aAt}`, `li r14, ${cAt}`);
  t.order('winograd', [a], [c]);
  const where = transform === 'weight' ? `, ${a.space}, ${c.space}` : '';
  t.emit(`wino.${transform} r14, r12, R7, R6, f32, ${tile}${where}`);
}
