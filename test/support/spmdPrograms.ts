/**
 * Random programs for several cores, written as assembly. All cores execute the same text: they work on blocks of their own, exchange
 * them through DRAM and SharedRAM, load together, and signal each other, with a meeting, a signal or a semaphore wherever two units or
 * cores come to one block. The same seed gives the same program.
 */
import { Random } from '#base';
import { assembleProgram, type Program } from '#isa';
import { type Machine, presets } from '#machine';
import { randomProcessor } from './randomProcessor.ts';

/** Words and bytes of a block. */
const WORDS = 16;
const BLOCK = 4 * WORDS;
/** Blocks of DRAM that nobody writes. */
const CONSTANTS = 8;
/** Blocks that each core has in DRAM. */
const OWN = 2;
const MOST_CORES = 8;
const DRAM_BLOCKS = CONSTANTS + OWN * MOST_CORES;
/** Buffers of a core in NRAM. */
const BUFFERS = 4;
/** Block of SharedRAM behind those of the cores. */
const COMMON = MOST_CORES;

/** A machine of several cores with small figures. */
export function spmdMachine(random: Random): Machine {
  const { control, ...machine } = randomProcessor(random);
  const { scoreboard: _, ...rest } = control;
  const [cores, count] = random.pick([
    [2, 1],
    [3, 1],
    [4, 1],
    [1, 2],
    [2, 2],
    [3, 2],
    [4, 2],
  ] as const);
  const link = { bytes: random.integer(4, 40), cycles: random.integer(1, 2) };
  const latencies = random.pick([
    {},
    { remoteSignalLatency: random.integer(0, 20), barrierLatency: random.integer(0, 20) },
  ]);
  return {
    ...presets.get('textbook-cluster')!,
    ...machine,
    control: rest,
    cluster: {
      cores,
      ...(count === 1 ? {} : { count }),
      sharedRam: { bytes: 4096, link, ports: random.pick(['private', 'one'] as const) },
      ...latencies,
    },
  };
}

interface Written {
  readonly program: Program;
  readonly text: string;
}

/** @param forget how often an order that the program needs is left out: a share from 0 to 1 */
export function spmdProgram(seed: number, forget = 0): Written {
  const random = new Random(seed);
  const machine = spmdMachine(random);
  return assembled(new Writer(random, forget).exchanges(), seed, machine);
}

/** A program that divides blocks by the number of the core; what it leaves in DRAM does not depend on how many there are. */
export function dividedProgram(seed: number): Written {
  const random = new Random(seed);
  const machine = spmdMachine(random);
  const cluster = { ...machine.cluster!, cores: 4 };
  return assembled(new Writer(random, 0).divided(), seed, { ...machine, cluster });
}

function assembled(text: string, seed: number, machine: Machine): Written {
  const program = assembleProgram(text, { file: `spmd-${seed}.s`, machine });
  const random = new Random(~seed);
  const floats = Float32Array.from({ length: DRAM_BLOCKS * WORDS }, () => random.normal());
  const data = () => new Uint8Array(floats.buffer);
  return { program: { ...program, constants: [{ name: 'all', address: 0, bytes: floats.byteLength, data }] }, text };
}

const QUEUES = ['load', 'store', 'vector', 'link'] as const;
type Queue = (typeof QUEUES)[number];
/** Of the signals from the store queue of one core to the load queue of the next; those between queues of a core stand before it. */
const RING = 15;

class Writer {
  readonly #random: Random;
  readonly #forget: number;
  readonly #lines: string[] = [];
  #label = 0;

  constructor(random: Random, forget: number) {
    this.#random = random;
    this.#forget = forget;
  }

  exchanges(): string {
    this.#begin();
    for (let n = this.#random.integer(3, 8); n > 0; n--) {
      if (this.#random.uniform() < 0.4) this.#skew();
      this.#random.pick([
        () => this.#local(),
        () => this.#throughDram(),
        () => this.#throughShared(),
        () => this.#common(),
        () => this.#multicast(),
        () => this.#ring(),
      ])();
      this.#end();
    }
    this.#emit('halt');
    return this.#lines.join('\n');
  }

  divided(): string {
    this.#begin();
    const r = this.#random;
    if (r.uniform() < 0.7) {
      this.#emit(`li r10, ${BLOCK * r.integer(0, CONSTANTS - 1)}`, `li r11, ${BLOCK * 3}`);
      this.#emit(`load nram, r11, r10, R1, R1, f32${r.pick(['', ', mc', ', mc.chip'])}`, 'sync');
    }
    // Blocks r20 = core, core + cores, … below 16.
    this.#emit('addi r20, r1, 0', `li r21, ${OWN * MOST_CORES}`, 'next:', 'bge r20, r21, done');
    this.#emit(`muli r12, r20, ${BLOCK}`, `addi r12, r12, ${BLOCK * CONSTANTS}`);
    this.#emit(`li r11, ${BLOCK * r.integer(0, 1)}`, 'load nram, r11, r12, R1, R1, f32');
    if (r.uniform() < 0.5) this.#skew();
    this.#order('load', 'vector', 0);
    this.#emit(`li r13, ${BLOCK * 2}`, `li r14, ${BLOCK * 3}`);
    this.#emit(`vec.${r.pick(['add', 'max', 'sub', 'mul'])} r13, r11, r14, R1, R1, R1, f32, record`);
    this.#order('vector', 'store', 1);
    this.#emit('store nram, r12, r13, R1, R1, f32', r.pick(['sync', 'sync', 'signal store, 2\nwait load, 2']));
    this.#emit('add r20, r20, r2', 'jmp next', 'done:', r.pick(['sync chip', 'barrier chip', 'nop']), 'halt');
    return this.#lines.join('\n');
  }

  #emit(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  /** Numbers of the core, and everything written once: NRAM, and the blocks of SharedRAM. */
  #begin(): void {
    this.#emit(`.dram ${BLOCK * DRAM_BLOCKS}`, `.output all, 0, f32[${WORDS * DRAM_BLOCKS}]`);
    this.#emit('csr r1, core', 'csr r2, cores', 'csr r3, rank', 'csr r4, ranks');
    this.#emit(
      `cfg.dimi R1, 0, ${WORDS}, 4`,
      `cfg.dimi R2, 0, ${WORDS * BUFFERS}, 4`,
      'load nram, r0, r0, R2, R2, f32',
    );
    this.#emit(`muli r5, r3, ${BLOCK}`, 'sync', 'put nram, r5, r0, R1, R1, f32', `li r6, ${BLOCK * COMMON}`);
    this.#emit('bne r3, r0, begun', 'put nram, r6, r0, R1, R1, f32', 'begun: sync chip');
  }

  /** Left out now and then. */
  #needed(...lines: string[]): void {
    if (this.#random.uniform() >= this.#forget) this.#emit(...lines);
  }

  #order(first: Queue, second: Queue, semaphore: number): void {
    this.#needed(`signal ${first}, ${semaphore}`, `wait ${second}, ${semaphore}`);
  }

  #meet(scope: 'cluster' | 'chip'): void {
    this.#needed(this.#random.pick([`sync ${scope}`, `sync\nbarrier ${scope}`]));
  }

  /** Behind each step all that the core has begun is over. */
  #end(): void {
    const r = this.#random;
    this.#needed(
      r.pick(['sync', 'sync', `sync ${r.pick(['cluster', 'chip'])}`, `sync\nbarrier ${r.pick(['cluster', 'chip'])}`]),
    );
  }

  /** Cores take different times. */
  #skew(): void {
    const skip = `l${this.#label++}`;
    this.#emit(`loop r${this.#random.integer(1, 4)}, ${skip}`, 'nop', `${skip}: nop`);
  }

  /** A register with the address of a buffer. */
  #buffer(register: number): number {
    const block = this.#random.integer(0, BUFFERS - 1);
    this.#emit(`li r${register}, ${BLOCK * block}`);
    return block;
  }

  /** A register with the address of a block of a core in DRAM. */
  #slot(register: number, core: number, block: number): void {
    this.#emit(
      `muli r${register}, r${core}, ${BLOCK * OWN}`,
      `addi r${register}, r${register}, ${BLOCK * (CONSTANTS + block)}`,
    );
  }

  /** r9 = the number behind (or before) one, in a ring of so many. */
  #neighbour(number: number, of: number, behind: boolean): void {
    const label = `l${this.#label++}`;
    if (behind) this.#emit(`addi r9, r${number}, 1`, `blt r9, r${of}, ${label}`, 'li r9, 0', `${label}: nop`);
    else this.#emit(`addi r9, r${number}, -1`, `bge r9, r0, ${label}`, `addi r9, r${of}, -1`, `${label}: nop`);
  }

  /** A block through the vector unit into one of the core's own. */
  #local(): void {
    const r = this.#random;
    if (r.uniform() < 0.5) this.#emit(`li r10, ${BLOCK * r.integer(0, CONSTANTS - 1)}`);
    else this.#slot(10, 1, r.integer(0, OWN - 1));
    this.#buffer(11);
    this.#emit('load nram, r11, r10, R1, R1, f32');
    this.#order('load', 'vector', 0);
    this.#emit('addi r12, r11, 0');
    const other = this.#buffer(13);
    this.#emit(`li r14, ${BLOCK * ((other + 1) % BUFFERS)}`);
    this.#emit(
      r.uniform() < 0.5
        ? `li r15, 0.5f\nvec.mul r11, r12, r15, R1, R1, R1, f32, scalar`
        : `vec.${r.pick(['add', 'max', 'min'])} r13, r13, r14, R1, R1, R1, f32, record`,
    );
    this.#order('vector', 'store', 1);
    this.#slot(16, 1, r.integer(0, OWN - 1));
    // What is stored may have come by the load alone.
    this.#order('load', 'store', 2);
    this.#emit(`store nram, r16, r${r.pick([11, 13])}, R1, R1, f32`);
  }

  #throughDram(): void {
    this.#meet('chip');
    this.#neighbour(1, 2, this.#random.uniform() < 0.5);
    this.#slot(10, 9, this.#random.integer(0, OWN - 1));
    this.#buffer(11);
    this.#emit('load nram, r11, r10, R1, R1, f32');
    this.#meet('chip');
  }

  #throughShared(): void {
    this.#buffer(11);
    this.#emit(`muli r12, r3, ${BLOCK}`, 'put nram, r12, r11, R1, R1, f32');
    this.#meet('cluster');
    this.#neighbour(3, 4, this.#random.uniform() < 0.5);
    this.#emit(`muli r12, r9, ${BLOCK}`);
    this.#buffer(11);
    this.#emit(`get nram, r11, r12, R1, R1, ${this.#random.pick(['f32', 'i8', 'i32'])}`);
    this.#meet('cluster');
  }

  /** The first core of a cluster brings or takes a block for all. */
  #common(): void {
    const r = this.#random;
    const label = `l${this.#label++}`;
    this.#emit(`li r12, ${BLOCK * COMMON}`, `bne r3, r0, ${label}`, `li r10, ${BLOCK * r.integer(0, CONSTANTS - 1)}`);
    this.#emit('load shared, r12, r10, R1, R1, f32', `${label}: nop`);
    this.#meet('cluster');
    this.#buffer(11);
    this.#emit(`get nram, r11, r12, R1, R1, f32${r.pick(['', ', mc'])}`);
    if (r.uniform() < 0.5) {
      this.#meet('cluster');
      // Its own block of DRAM straight from SharedRAM.
      this.#slot(16, 1, r.integer(0, OWN - 1));
      this.#emit('store shared, r16, r12, R1, R1, f32');
    }
    this.#meet('cluster');
  }

  #multicast(): void {
    const r = this.#random;
    this.#emit(`li r10, ${BLOCK * r.integer(0, CONSTANTS - 1)}`);
    // Every core has a place of its own for it.
    this.#emit('and r11, r3, r2', `li r12, ${BUFFERS - 1}`, 'min r11, r11, r12', `muli r11, r11, ${BLOCK}`);
    this.#emit(`load nram, r11, r10, R1, R1, f32, ${r.pick(['mc', 'mc.chip'])}`);
    if (r.uniform() < 0.5) return;
    this.#order('load', 'store', 2);
    this.#slot(16, 1, r.integer(0, OWN - 1));
    this.#emit('store nram, r16, r11, R1, R1, f32');
  }

  /** Each core hands a block to the next. */
  #ring(): void {
    this.#meet('chip');
    const block = this.#random.integer(0, OWN - 1);
    this.#slot(16, 1, block);
    this.#buffer(11);
    this.#emit('store nram, r16, r11, R1, R1, f32');
    this.#neighbour(1, 2, true);
    this.#emit(`signal.to store, ${RING}, r9`);
    this.#needed(`wait load, ${RING}`);
    this.#neighbour(1, 2, false);
    this.#slot(10, 9, block);
    const buffer = this.#buffer(12);
    this.#emit(`li r12, ${BLOCK * ((buffer + 1) % BUFFERS)}`);
    this.#order('store', 'load', 3);
    this.#emit('load nram, r12, r10, R1, R1, f32');
    this.#meet('chip');
  }
}
