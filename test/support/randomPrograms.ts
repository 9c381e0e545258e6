/**
 * Random valid programs for a processor: every unit, all record features, loops, calls and scalar arithmetic; ordered by
 * semaphores wherever two units meet in a buffer, so that they have one meaning. Written as assembly, so that a failure can
 * be read. The same seed gives the same program.
 */
import { Random } from '#base';
import {
  assembleProgram,
  B_MODES,
  BINARY_FUNCTIONS,
  type ConstantSegment,
  ELEMENT_BYTES,
  type ElementType,
  MMA_TYPES,
  type Program,
  SELECTING_FUNCTIONS,
  scalarIsFloat,
  secondType,
  VECTOR_FUNCTIONS,
} from '#isa';
import { accumulatorEntries, filtersOf, type Machine, type MatrixType, semaphoresOf, typesOf } from '#machine';
import { optionalPieces, type Tools } from './randomOptionalUnits.ts';
import { randomProcessor } from './randomProcessor.ts';
import { bytesOf, mayISaturate, vectorTypesOf, written } from './vectorTypes.ts';

/** Bytes of a buffer, and buffers of DRAM: 4 of f32 to read, 4 of f32 to read and write, 3 of raw bytes. */
const BUFFER = 512;
const DRAM_BUFFERS = 11;
/** From here on DRAM and NRAM hold bytes of any type; below, f32. */
export const RAW = 8 * BUFFER;
/** DRAM behind the buffers, for constants that pieces put there. */
const CONSTANT_BYTES = 16384;
export type Queue = 'load' | 'store' | 'matrix' | 'vector' | 'winograd';

export interface Buffer {
  readonly space: 'nram' | 'wram' | 'dram';
  readonly address: number;
  writer: Queue | undefined;
  readers: Set<Queue>;
}

export interface Axis {
  readonly size: number;
  readonly stride: number;
  readonly lo: number;
  readonly hi: number;
}

const axis = (size: number, stride: number): Axis => ({ size, stride, lo: 0, hi: size });

/** @param forget how often an order that the program needs is left out: a share from 0 to 1 */
export function randomProgram(seed: number, forget = 0): { readonly program: Program; readonly text: string } {
  const random = new Random(seed);
  const machine = randomProcessor(random);
  // A scoreboard needs no other order.
  const alone = machine.control.scoreboard !== undefined && random.uniform() < 0.7;
  const { text, constants } = new Writer(random, machine, forget, alone).write();
  const program = assembleProgram(text, { file: `seed-${seed}.s`, machine });
  return {
    program: {
      ...program,
      constants: [{ name: 'all', address: 0, bytes: DRAM_BUFFERS * BUFFER, data: contents(seed) }, ...constants],
    },
    text,
  };
}

/** What DRAM holds before the run: f32; then halves of ordinary size, bytes of any kind, and small f32. */
function contents(seed: number): () => Uint8Array {
  const random = new Random(~seed);
  const floats = Float32Array.from({ length: RAW / 4 }, () => 2 * random.normal());
  const bytes = new Uint8Array(DRAM_BUFFERS * BUFFER);
  bytes.set(new Uint8Array(floats.buffer));
  for (let i = RAW; i < bytes.length; i++) bytes[i] = random.integer(0, 255);
  for (let i = RAW + 1; i < RAW + BUFFER; i += 2) bytes[i] = random.integer(0x38, 0x43) | (random.bits() & 128);
  const small = Float32Array.from({ length: BUFFER / 4 }, () => 0.02 * random.normal());
  bytes.set(new Uint8Array(small.buffer), RAW + 2 * BUFFER);
  return () => bytes;
}

class Writer {
  readonly #random: Random;
  readonly #machine: Machine;
  readonly #forget: number;
  /** No orders at all: the machine finds them. */
  readonly #alone: boolean;
  readonly #lines: string[] = [];
  readonly #subroutines: string[] = [];
  /** Few of them make for much to be ordered. */
  readonly #nram: Buffer[];
  readonly #wram = buffers('wram', 0, 4);
  /** f32 constants that are only read, and f32 that is read and written. */
  readonly #constants = buffers('dram', 0, 4);
  readonly #scratch = buffers('dram', 4 * BUFFER, 4);
  /** Bytes of any type: operands of the matrix unit that are not f32, and their results. */
  readonly #rawPads = buffers('nram', RAW, 3);
  readonly #rawWram = buffers('wram', 4 * BUFFER, 3);
  readonly #rawDram = buffers('dram', RAW, 3);
  readonly #placed: ConstantSegment[] = [];
  readonly #semaphores = new Map<string, number>();
  #label = 0;

  constructor(random: Random, machine: Machine, forget: number, alone: boolean) {
    this.#alone = alone;
    this.#random = random;
    this.#machine = machine;
    this.#forget = forget;
    this.#nram = buffers('nram', 0, random.pick([3, 8]));
  }

  write(): { readonly text: string; readonly constants: readonly ConstantSegment[] } {
    this.#begin();
    for (let n = this.#random.integer(4, 14); n > 0; n--) {
      const kind = this.#random.uniform();
      if (kind < 0.15) this.#loop();
      else if (kind < 0.22) this.#subroutine();
      else if (kind < 0.3) this.#scalars();
      else if (kind < 0.34) this.#sync();
      else this.#operation();
    }
    this.#emit('halt');
    return { text: [...this.#lines, ...this.#subroutines].join('\n'), constants: this.#placed };
  }

  #emit(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  /** Everything holds something before the first operation. */
  #begin(): void {
    this.#emit(
      `.dram ${DRAM_BUFFERS * BUFFER + CONSTANT_BYTES}`,
      `.output all, 0, f32[${(DRAM_BUFFERS * BUFFER) / 4}]`,
    );
    this.#emit('li r50, 123', 'li r51, -7', `cfg.dimi R30, 0, ${(DRAM_BUFFERS * BUFFER) / 4}, 4`);
    this.#emit('load nram, r0, r0, R30, R30, f32', `cfg.dimi R30, 0, ${BUFFER}, 4`, 'load wram, r0, r0, R30, R30, f32');
    this.#emit(`li r30, ${4 * BUFFER}`, `li r31, ${RAW}`, `cfg.dimi R30, 0, ${(3 * BUFFER) / 4}, 4`);
    this.#emit('load wram, r30, r31, R30, R30, f32', 'sync');
  }

  #sync(): void {
    this.#emit('sync');
    for (const b of this.#all()) {
      b.writer = undefined;
      b.readers.clear();
    }
  }

  #all(): Buffer[] {
    const raw = [...this.#rawPads, ...this.#rawWram, ...this.#rawDram];
    return [...this.#nram, ...this.#wram, ...this.#constants, ...this.#scratch, ...raw];
  }

  /** Scalar arithmetic whose result shows as the fill of a later load. */
  #scalars(): void {
    const r = this.#random;
    for (let n = r.integer(1, 6); n > 0; n--) {
      const [d, a, b] = [r.integer(50, 55), r.integer(50, 55), r.integer(50, 55)];
      const skip = `s${this.#label++}`;
      this.#emit(
        r.pick([
          `${r.pick(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'sra', 'min', 'max', 'slt'])} r${d}, r${a}, r${b}`,
          `addi r${d}, r${a}, ${r.integer(-1000, 1000)}`,
          `muli r${d}, r${a}, ${r.integer(-1000, 1000)}`,
          `mad r${d}, r${a}, r${b}, r${r.integer(50, 55)}`,
          `sw r${a}, r0, ${4 * r.integer(0, 7)}`,
          `lw r${d}, r0, ${4 * r.integer(0, 7)}`,
          `${r.pick(['beq', 'bne', 'blt', 'bge'])} r${a}, r${b}, ${skip}\naddi r${d}, r${d}, 1\n${skip}:`,
        ]),
      );
    }
  }

  #loop(): void {
    const r = this.#random;
    this.#sync();
    const nested = r.uniform() < 0.3;
    const count = r.integer(0, 3);
    if (r.uniform() < 0.5) this.#emit(`loopi ${count}`);
    else this.#emit(`li r40, ${count}`, 'loop r40');
    if (nested) this.#emit(`loopi ${r.integer(1, 3)}`);
    for (let n = r.integer(1, 3); n > 0; n--) this.#operation();
    if (r.uniform() < 0.5) this.#scalars();
    this.#sync();
    if (nested) this.#emit('endloop');
    this.#emit('endloop');
  }

  /** A piece of program that is called more than once. */
  #subroutine(): void {
    this.#sync();
    const name = `sub${this.#label++}`;
    const from = this.#lines.length;
    this.#operation();
    this.#operation();
    this.#sync();
    this.#subroutines.push(`${name}:`, ...this.#lines.splice(from), 'ret r60');
    for (let n = this.#random.integer(1, 3); n > 0; n--) this.#emit(`call r60, ${name}`);
  }

  #operation(): void {
    this.#random.pick([
      () => this.#load(),
      () => this.#store(),
      () => this.#mma(),
      () => this.#vec(),
      () => this.#raw(),
      ...optionalPieces(this.#tools()),
    ])();
  }

  /** What pieces for optional parts of a machine work with. */
  #tools(): Tools {
    return {
      random: this.#random,
      machine: this.#machine,
      nram: this.#nram,
      wram: this.#wram,
      rawPads: this.#rawPads,
      bufferBytes: BUFFER,
      forgets: this.#forget > 0,
      emit: (...lines) => this.#emit(...lines),
      order: (queue, reads, writes) => this.#order(queue, reads, writes),
      record: (name, axes) => this.#record(name, axes),
      place: (buffer, axes, width) => this.#place(buffer, axes, width),
      sizes: (count, most) => this.#sizes(count, most),
      anyStrides: (sizes, width) => this.#anyStrides(sizes, width),
      apartStrides: (sizes, width) => this.#apartStrides(sizes, width),
      strides: (sizes, width) => this.#strides(sizes, width),
      constant: (bytes) => this.#constant(bytes),
    };
  }

  #constant(bytes: Uint8Array): number | undefined {
    const used = this.#placed.reduce((n, c) => n + Math.ceil(c.bytes / 4) * 4, 0);
    if (used + bytes.length > CONSTANT_BYTES) return undefined;
    const address = DRAM_BUFFERS * BUFFER + used;
    this.#placed.push({ name: `piece ${this.#placed.length}`, address, bytes: bytes.length, data: () => bytes });
    return address;
  }

  /** The semaphore of an ordered pair of queues; undefined where all are given away. */
  #semaphore(from: Queue, to: Queue): number | undefined {
    const pair = `${from} ${to}`;
    if (!this.#semaphores.has(pair) && this.#semaphores.size < semaphoresOf(this.#machine)) {
      this.#semaphores.set(pair, this.#semaphores.size);
    }
    return this.#semaphores.get(pair);
  }

  /** Waits, on one queue, for whatever other queues still have to do with the buffers. */
  #order(queue: Queue, reads: readonly Buffer[], writes: readonly Buffer[]): void {
    const before = new Set<Queue>();
    for (const b of [...reads, ...writes]) if (b.writer !== undefined) before.add(b.writer);
    for (const b of writes) for (const reader of b.readers) before.add(reader);
    before.delete(queue);
    for (const other of before) {
      if (this.#alone || this.#random.uniform() < this.#forget) continue;
      const s = this.#semaphore(other, queue);
      if (s === undefined) {
        this.#sync();
        break;
      }
      this.#emit(`signal ${other}, ${s}`, `wait ${queue}, ${s}`);
    }
    for (const b of reads) b.readers.add(queue);
    for (const b of writes) {
      b.writer = queue;
      b.readers.clear();
    }
  }

  #record(name: string, axes: readonly Axis[], fill?: string): void {
    this.#emit(`cfg.clear ${name}`);
    axes.forEach(({ size, stride, lo, hi }, d) => {
      if (this.#random.uniform() < 0.5) this.#emit(`cfg.dimi ${name}, ${d}, ${size}, ${stride}`);
      else this.#emit(`li r30, ${size}`, `li r31, ${stride}`, `cfg.dim ${name}, ${d}, r30, r31`);
      if (lo !== 0 || hi !== size) this.#emit(`li r30, ${lo}`, `li r31, ${hi}`, `cfg.bound ${name}, ${d}, r30, r31`);
    });
    if (fill !== undefined) this.#emit(`cfg.fill ${name}, ${fill}`);
  }

  /** An address from which the axes stay in the buffer, or undefined. Only indices inside the bounds count. */
  #place(buffer: Buffer, axes: readonly Axis[], width: number): number | undefined {
    let low = 0;
    let high = 0;
    for (const { size, stride, lo, hi } of axes) {
      const first = Math.max(0, lo) * stride;
      const last = (Math.min(size, hi) - 1) * stride;
      low += Math.min(first, last);
      high += Math.max(first, last);
    }
    const room = BUFFER - (high - low + width);
    if (room < 0) return undefined;
    return (buffer.address - low + width * this.#random.integer(0, Math.floor(room / width))) >>> 0;
  }

  #sizes(count: number, most: number): number[] {
    return Array.from({ length: count }, () => this.#random.integer(1, most));
  }

  /** Strides of any sign, also 0 and overlapping. */
  #anyStrides(sizes: readonly number[], width: number): number[] {
    return sizes.map(() => width * this.#random.integer(-3, 12));
  }

  /** Strides under which no two indices meet, dimensions in random order, perhaps with gaps. */
  #apartStrides(sizes: readonly number[], width: number): number[] {
    const strides = new Array<number>(sizes.length);
    let step = width;
    const order = sizes.map((_, d) => d);
    while (order.length > 0) {
      const d = order.splice(this.#random.integer(0, order.length - 1), 1)[0]!;
      strides[d] = this.#random.uniform() < 0.2 ? -step : step;
      step *= sizes[d]!;
      if (this.#random.uniform() < 0.2) step += width;
    }
    return strides;
  }

  #strides(sizes: readonly number[], width: number): number[] {
    return this.#random.uniform() < 0.85 ? this.#apartStrides(sizes, width) : this.#anyStrides(sizes, width);
  }

  #transfer(isLoad: boolean, pad: Buffer, dram: Buffer, type: string, width: number): void {
    const r = this.#random;
    const sizes = this.#sizes(r.integer(1, 5), 5);
    const padAxes = this.#strides(sizes, width).map((stride, d) => axis(sizes[d]!, stride));
    const bounded = r.uniform() < 0.4;
    const dramAxes = this.#strides(sizes, width).map((stride, d) => {
      const size = sizes[d]!;
      const lo = bounded ? r.integer(-1, size) : 0;
      return { size, stride, lo, hi: bounded ? r.integer(Math.min(size, Math.max(0, lo) + 1), size + 1) : size };
    });
    if (dramAxes.some((a) => Math.max(0, a.lo) >= Math.min(a.size, a.hi))) return;
    const padAt = this.#place(pad, padAxes, width);
    const dramAt = this.#place(dram, dramAxes, width);
    if (padAt === undefined || dramAt === undefined) return;
    this.#record('R1', padAxes);
    this.#record('R2', dramAxes, isLoad && r.uniform() < 0.5 ? `r${r.integer(50, 55)}` : undefined);
    this.#emit(`li r3, ${padAt}`, `li r4, ${dramAt}`);
    if (isLoad) {
      this.#order('load', [dram], [pad]);
      this.#emit(`load ${pad.space}, r3, r4, R1, R2, ${type}`);
    } else {
      this.#order('store', [pad], [dram]);
      this.#emit(`store ${pad.space}, r4, r3, R2, R1, ${type}`);
    }
  }

  #load(): void {
    const r = this.#random;
    this.#transfer(
      true,
      r.pick([...this.#nram, ...this.#wram]),
      r.pick([...this.#constants, ...this.#scratch]),
      'f32',
      4,
    );
  }

  #store(): void {
    const r = this.#random;
    this.#transfer(false, r.pick([...this.#nram, ...this.#wram]), r.pick(this.#scratch), 'f32', 4);
  }

  #raw(): void {
    const r = this.#random;
    const [type, width] = r.pick([
      ['f16', 2],
      ['bf16', 2],
      ['i8', 1],
      ['u8', 1],
      ['i16', 2],
      ['i32', 4],
      ['i64', 8],
    ] as const);
    const pad = r.pick([...this.#rawPads, ...this.#rawWram]);
    this.#transfer(r.uniform() < 0.5, pad, r.pick(this.#rawDram), type, width);
  }

  #mma(): void {
    const r = this.#random;
    const unit = this.#machine.matrix;
    const type = r.uniform() < 0.4 ? 'f32' : r.pick(typesOf(unit));
    const { sum, results } = MMA_TYPES[type];
    const asked = r.pick(type === 'f32' ? (['sum', 'f32'] as const) : results);
    const result = asked === 'sum' ? sum : asked;
    const [width, out] = [ELEMENT_BYTES[type], ELEMENT_BYTES[result]];
    const tn = filtersOf(unit, type);
    const pixels = this.#sizes(r.integer(0, 4), 3);
    const reduction = this.#sizes(r.integer(0, 5), 3);
    const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
    if (product(reduction) > BUFFER / width) return;
    const most = Math.min(2 * tn + 1, BUFFER / 8, Math.floor(BUFFER / width / product(reduction)));
    const filters = r.integer(1, most);
    const groups = Math.ceil(filters / tn);
    // What a NaN becomes in a result of f32 is left open, so that those stay among f32.
    const isRaw = type !== 'f32';
    const a = r.pick(isRaw ? this.#rawPads : this.#nram);
    const c = r.pick((result === 'f32' ? this.#nram : this.#rawPads).filter((b) => b !== a));
    const w = r.pick(isRaw ? this.#rawWram : this.#wram);
    const bias = r.pick(isRaw ? this.#rawWram : this.#wram);
    const pixelAxes = this.#anyStrides(pixels, width).map((stride, d) => axis(pixels[d]!, stride));
    const reductionAxes = this.#anyStrides(reduction, width).map((stride, d) => axis(reduction[d]!, stride));
    const aAt = this.#place(a, [...pixelAxes, ...reductionAxes], width);
    // A pixel's results: groups of tn elements; pixels apart, or the groups apart.
    const row = out * tn * groups;
    const cAxes = this.#apartStrides(pixels, row).map((stride, d) => axis(pixels[d]!, stride));
    const entries = groups * product(pixels);
    const cAt = this.#place(c, [...cAxes, axis(groups, out * tn)], out * tn);
    if (aAt === undefined || cAt === undefined || entries > accumulatorEntries(unit, type)) return;
    const four = [0, 1, 2, 3].map((d) => cAxes[d] ?? axis(1, 0));
    this.#record('R3', pixelAxes);
    this.#record('R4', reductionAxes);
    this.#record('R5', [...four, axis(filters, out * tn)]);
    const elements = product(reduction) * filters;
    const acc = r.integer(0, accumulatorEntries(unit, type) - entries);
    const act = r.pick(['', ', clamp', ', leaky']);
    this.#emit(`li r5, ${aAt}`, `li r7, ${cAt}`, `li r8, ${acc}`);
    this.#emit(`li r6, ${w.address + width * r.integer(0, BUFFER / width - elements)}`);
    // Biases, and scales behind them.
    this.#emit(`li r9, ${bias.address + 4 * r.integer(0, BUFFER / 4 - 2 * filters)}`);
    if (act === ', clamp' && sum !== 'f32')
      this.#emit(`li r10, ${r.integer(-9999, 9)}`, `li r11, ${r.integer(9, 99999)}`);
    else this.#emit(`li r10, ${r.normal().toFixed(2)}f`, `li r11, ${(1 + r.uniform()).toFixed(2)}f`);
    this.#emit('cfg.act r10, r11');
    if (isRaw) this.#quantisation(type, result);
    this.#order('matrix', [a, w, bias], [c]);
    const mma = `mma r7, r5, r6, R3, R4, R5, r8, r9, ${type}`;
    const drain = `, drain${asked === 'sum' ? '' : `, to ${asked}`}${r.pick(['', ', bias'])}${act}`;
    if (r.uniform() < 0.5) this.#emit(`${mma}, clear${drain}`);
    else this.#emit(`${mma}, clear`, ...(r.uniform() < 0.3 ? [mma] : []), `${mma}${drain}`);
  }

  /** Zero points within the types of an mma, and a type of its weights. */
  #quantisation(type: MatrixType, result: ElementType): void {
    const r = this.#random;
    const zero = (of: ElementType): number => {
      if (of === 'i8') return r.integer(-128, 127);
      return of === 'u8' ? r.integer(0, 255) : 0;
    };
    const other = type === 'i8' || type === 'u8' ? r.pick(['same', 'i8', 'u8'] as const) : 'same';
    const zeroOfW = zero(other === 'same' ? type : other);
    const zeroOfC = result === 'i16' ? r.integer(-999, 999) : zero(result);
    this.#emit(`cfg.quant ${zero(type)}, ${zeroOfW}, ${zeroOfC}${other === 'same' ? '' : `, weights ${other}`}`);
  }

  #vec(): void {
    const r = this.#random;
    const sizes = this.#sizes(r.integer(0, 5), r.pick([3, 4, 9]));
    const name = r.pick(VECTOR_FUNCTIONS);
    const defined = vectorTypesOf(name);
    const f32 = defined.find((t) => t.type === 'f32' && t.result === 'f32');
    const types = f32 !== undefined && r.uniform() < 0.5 ? f32 : r.pick(defined);
    const second = secondType(name, types.type);
    // What is no f32 lies among the raw bytes, which may be anything; an f32 never does, since a NaN's bits are open.
    const padsOf = (type: string) => (type === 'f32' ? this.#nram : this.#rawPads);
    const [aBytes, bBytes, cBytes] = [types.type, second, types.result].map(bytesOf) as [number, number, number];
    const binary = BINARY_FUNCTIONS.has(name);
    const bMode = binary ? r.pick(B_MODES.filter((m) => m !== 'none')) : 'none';
    const accumulate = SELECTING_FUNCTIONS.has(name) ? '' : r.pick(['', '', 'add', 'max', 'min', 'mul']);
    const a = r.pick(padsOf(types.type));
    const alike = aBytes === cBytes && padsOf(types.type) === padsOf(types.result);
    const inPlace = alike && accumulate === '' && r.uniform() < 0.2;
    const c = inPlace ? a : r.pick(padsOf(types.result).filter((b) => b !== a));
    const aAxes = (inPlace ? this.#apartStrides(sizes, aBytes) : this.#anyStrides(sizes, aBytes)).map((s, d) =>
      axis(sizes[d]!, s),
    );
    const cStrides = this.#strides(sizes, cBytes).map((s) => (accumulate !== '' && r.uniform() < 0.5 ? 0 : s));
    const cAxes = inPlace ? aAxes : cStrides.map((s, d) => axis(sizes[d]!, s));
    const b = r.pick(padsOf(second).filter((x) => x !== c));
    const bAxes = this.#anyStrides(sizes, bBytes).map((s, d) => axis(sizes[d]!, s));
    const aAt = this.#place(a, aAxes, aBytes);
    const cAt = inPlace ? aAt : this.#place(c, cAxes, cBytes);
    const bAt = this.#place(b, bAxes, bBytes);
    if (aAt === undefined || bAt === undefined || cAt === undefined) return;
    this.#record('R6', aAxes);
    this.#record('R7', bAxes);
    this.#record('R8', cAxes);
    this.#emit(`li r12, ${aAt}`, `li r14, ${cAt}`);
    const scalar = scalarIsFloat(name, types.type) ? `${r.normal().toFixed(2)}f` : `${r.integer(-300, 300)}`;
    this.#emit(bMode === 'scalar' ? `li r13, ${scalar}` : `li r13, ${bAt}`);
    if (r.uniform() < 0.2) this.#emit(`li r15, ${r.integer(-200, 200)}`, 'cfg.zero r15');
    this.#order('vector', bMode === 'record' ? [a, b] : [a], [c]);
    const mode = bMode === 'none' ? '' : bMode;
    const init = accumulate !== '' && r.uniform() < 0.5 ? 'init' : '';
    const sat = mayISaturate(types) && r.uniform() < 0.3 ? 'sat' : '';
    this.#emit(`vec.${name} r14, r12, r13, R6, R7, R8, ${written(types, mode, accumulate, init, sat)}`);
  }
}

const buffers = (space: Buffer['space'], from: number, count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => ({
    space,
    address: from + i * BUFFER,
    writer: undefined,
    readers: new Set<Queue>(),
  }));
