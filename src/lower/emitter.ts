/**
 * Emitter: instructions with labels, registers and records, for the kernels of this layer.
 * Convention: registers are allocated and freed like a stack within a layer; constants asked for with `constant` sit in
 * registers that are filled once in the layer's prologue, as long as registers last, and are re-materialised after that.
 */
import { internalError } from '#base';
import { encode, type Instruction, LOOP_DEPTH, QUEUES, type Queue, RECORDS, SCALAR_REGISTERS } from '#isa';
import { type Cores, ONE_CORE } from './cores.ts';

export type Register = number;
export type RecordId = number;
/** A value known now, or a register that will hold it. */
export type Operand = number | { readonly register: Register };

/** A loop that counts in a register. */
export interface CountedLoop {
  readonly index: Register;
  readonly from: Operand;
  readonly step: number;
  readonly limit: number;
  readonly count: Operand;
}

interface Item {
  readonly instruction: Instruction;
  /** Label whose position replaces the `target` field. */
  readonly label?: number;
}

/** Registers kept back from constants so that a kernel never runs out of them for addresses and indices. */
const RESERVED_FOR_WORK = 14;

export class Emitter {
  #items: Item[] = [];
  #prologueAt = 0;
  #prologue: Item[] = [];
  #labels: number[] = [];
  /** Released registers, to be handed out again. */
  #free: Register[] = [];
  /** Working registers grow upwards from here, constants downwards: one never reuses the other's, since a constant is set once. */
  #fresh = 1;
  #top = SCALAR_REGISTERS - 1;
  #constants = new Map<number, Register>();
  #nextRecord = 0;
  #layerStart = 0;
  /** Whether records are set where code stands, be what they are set to known or not. */
  #isHere = false;
  /** Labels from here on are the open layer's. */
  #firstLabel = 0;
  /** The cores that run the program. */
  readonly cores: Cores;

  constructor(cores: Cores = ONE_CORE) {
    this.cores = cores;
    this.#resetRegisters();
  }

  #resetRegisters(): void {
    this.#free = [];
    this.#fresh = 1;
    this.#top = SCALAR_REGISTERS - 1;
    this.#constants.clear();
    this.#nextRecord = 0;
  }

  /** Instructions emitted so far, prologue of the open layer included. */
  get position(): number {
    return this.#items.length + this.#prologue.length;
  }

  /** Opens a layer: all registers and records are free again. */
  beginLayer(): number {
    this.#resetRegisters();
    this.#prologue = [];
    this.#prologueAt = this.#items.length;
    this.#firstLabel = this.#labels.length;
    this.#layerStart = this.position;
    return this.#layerStart;
  }

  /** Closes the layer: constants and static records move to its front. Labels behind that point move along. */
  endLayer(): number {
    const shift = this.#prologue.length;
    this.#items.splice(this.#prologueAt, 0, ...this.#prologue);
    // A label that ends the layer before lies where this one begins: in front of its prologue.
    for (let i = this.#firstLabel; i < this.#labels.length; i++) {
      const at = this.#labels[i]!;
      if (at >= this.#prologueAt) this.#labels[i] = at + shift;
    }
    this.#prologue = [];
    return this.#items.length;
  }

  op(mnemonic: string, fields: Readonly<Record<string, number>> = {}): void {
    this.#items.push({ instruction: { mnemonic, fields } });
  }

  /** Into the layer's prologue: runs once, before everything emitted by `op` in this layer. */
  once(mnemonic: string, fields: Readonly<Record<string, number>> = {}): void {
    this.#prologue.push({ instruction: { mnemonic, fields } });
  }

  newLabel(): number {
    this.#labels.push(-1);
    return this.#labels.length - 1;
  }

  place(label: number): void {
    this.#labels[label] = this.#items.length;
  }

  jump(mnemonic: string, label: number, fields: Readonly<Record<string, number>> = {}): void {
    this.#items.push({ instruction: { mnemonic, fields: { ...fields, target: 0 } }, label });
  }

  register(): Register {
    const released = this.#free.pop();
    if (released !== undefined) return released;
    if (this.#fresh > this.#top) throw internalError({ what: 'a kernel needs more scalar registers than there are' });
    return this.#fresh++;
  }

  release(r: Register): void {
    this.#free.push(r);
  }

  record(): RecordId {
    if (this.#nextRecord >= RECORDS) throw internalError({ what: 'a kernel needs more records than there are' });
    const record = this.#nextRecord++;
    this.once('cfg.clear', { record });
    return record;
  }

  /** A register that holds `value`. Do not write to it. */
  constant(value: number): Register {
    const v = value | 0;
    if (v === 0) return 0;
    const known = this.#constants.get(v);
    if (known !== undefined) return known;
    if (this.#top - this.#fresh + 1 + this.#free.length <= RESERVED_FOR_WORK || this.#top < this.#fresh) return -1;
    const r = this.#top--;
    this.#constants.set(v, r);
    this.once('li', { rd: r, imm: v >>> 0 });
    return r;
  }

  /** Calls `use` with a register that holds the operand. */
  with(operand: Operand, use: (r: Register) => void): void {
    if (typeof operand !== 'number') return use(operand.register);
    const r = this.constant(operand);
    if (r >= 0) return use(r);
    const t = this.register();
    this.op('li', { rd: t, imm: operand >>> 0 });
    use(t);
    this.release(t);
  }

  /** rd = operand */
  set(rd: Register, operand: Operand): void {
    if (typeof operand === 'number') this.op('li', { rd, imm: operand >>> 0 });
    else this.op('add', { rd, ra: operand.register, rb: 0 });
  }

  /** rd += a · factor */
  addScaled(rd: Register, a: Operand, factor: number): void {
    if (factor === 0) return;
    if (typeof a === 'number') return this.addTo(rd, a * factor);
    this.with(factor, (rb) => this.op('mad', { rd, ra: a.register, rb, rc: rd }));
  }

  /** rd += operand */
  addTo(rd: Register, operand: Operand): void {
    if (operand === 0) return;
    if (typeof operand === 'number' && Math.abs(operand) < 2 ** 29)
      return this.op('addi', { rd, ra: rd, imm: operand });
    this.with(operand, (rb) => this.op('add', { rd, ra: rd, rb }));
  }

  binary(mnemonic: string, rd: Register, a: Operand, b: Operand): void {
    this.with(a, (ra) => this.with(b, (rb) => this.op(mnemonic, { rd, ra, rb })));
  }

  /** Uses records for something else from here on: they are cleared, and what `body` sets them to is set where it stands. */
  reuse(records: readonly RecordId[], body: () => void): void {
    for (const record of records) this.op('cfg.clear', { record });
    this.#isHere = true;
    body();
    this.#isHere = false;
  }

  /** Sets a record's dimension; in the prologue where both are known. */
  dimension(record: RecordId, dim: number, size: Operand, stride: Operand): void {
    if (typeof size === 'number' && typeof stride === 'number' && fitsImmediate(size, stride)) {
      const fields = { record, dim, size, stride };
      if (this.#isHere) this.op('cfg.dimi', fields);
      else this.once('cfg.dimi', fields);
      return;
    }
    this.with(size, (ra) => this.with(stride, (rb) => this.op('cfg.dim', { record, dim, ra, rb })));
  }

  bounds(record: RecordId, dim: number, lo: Operand, hi: Operand): void {
    this.with(lo, (ra) => this.with(hi, (rb) => this.op('cfg.bound', { record, dim, ra, rb })));
  }

  wait(queue: Queue, semaphore: number): void {
    this.op('wait', { queue: QUEUES.indexOf(queue), semaphore });
  }

  signal(queue: Queue, semaphore: number): void {
    this.op('signal', { queue: QUEUES.indexOf(queue), semaphore });
  }

  /**
   * Emits `body` so that it runs for `index` = from, from + step, … below `limit`, `count` times and at least once. Four levels are
   * hardware loops.
   */
  loop({ index, from, step, limit, count }: CountedLoop, depth: number, body: () => void): void {
    this.set(index, from);
    const end = this.newLabel();
    if (depth < LOOP_DEPTH) {
      if (typeof count === 'number') this.jump('loopi', end, { count });
      else this.jump('loop', end, { ra: count.register });
      body();
      this.op('addi', { rd: index, ra: index, imm: step });
      this.place(end);
      return;
    }
    const start = this.newLabel();
    this.place(start);
    body();
    this.op('addi', { rd: index, ra: index, imm: step });
    this.with(limit, (rb) => this.jump('blt', start, { ra: index, rb }));
    this.place(end);
  }

  /** The instruction words, labels resolved. */
  finish(): BigUint64Array {
    return BigUint64Array.from(
      this.#items.map(({ instruction, label }, at) => {
        if (label === undefined) return encode(instruction);
        const target = this.#labels[label]!;
        if (target < 0) throw internalError({ what: `label ${label} was never placed` });
        return encode({ mnemonic: instruction.mnemonic, fields: { ...instruction.fields, target: target - at } });
      }),
    );
  }
}

const fitsImmediate = (size: number, stride: number): boolean =>
  size >= 0 && size < 2 ** 20 && stride >= -(2 ** 27) && stride < 2 ** 27;
