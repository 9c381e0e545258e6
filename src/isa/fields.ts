/**
 * The fields that instructions are made of, at their common places in the word:
 * `op8 [63:56] | flags8 [55:48] | rd6 [47:42] | ra6 [41:36] | rb6 [35:30] | imm30 [29:0]`.
 */
import type { Field } from './define.ts';

/** Element types of operands in memory, by their code. */
export const ELEMENT_TYPES = ['f32', 'f16', 'bf16', 'i8', 'u8', 'i16', 'i32', 'i64'] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  i8: 1,
  u8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
};

export const isFloatType = (type: ElementType): boolean => type === 'f32' || type === 'f16' || type === 'bf16';

/** Least and greatest values of the integer types that units compute. */
export const INTEGER_RANGES = {
  i8: [-(2 ** 7), 2 ** 7 - 1],
  u8: [0, 2 ** 8 - 1],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
} as const;
export type IntegerType = keyof typeof INTEGER_RANGES;

/** Queues that `wait` and `signal` name, by their code; `link` is that of the SharedRAM's links. */
export const QUEUES = ['load', 'store', 'matrix', 'vector', 'link', 'winograd'] as const;
export type Queue = (typeof QUEUES)[number];

/** Scratchpads of a core that transfers reach, by their code. */
export const SCRATCHPADS = ['nram', 'wram'] as const;
export type Scratchpad = (typeof SCRATCHPADS)[number];

/** What `load` fills and `store` empties, by their code: scratchpads, and the SharedRAM of the core's cluster. */
export const SPACES = [...SCRATCHPADS, 'shared'] as const;
export type Space = (typeof SPACES)[number];

/** Who takes part in a load or get, by its code: the core alone, or all cores of its cluster or of the chip (multicast). */
export const MULTICASTS = ['none', 'mc', 'mc.chip'] as const;

/** Whom `sync` waits for, by its code; who meets at a `barrier` is of the same cluster or chip. */
export const SYNC_SCOPES = ['core', 'cluster', 'chip'] as const;
export type SyncScope = (typeof SYNC_SCOPES)[number];
export const BARRIER_SCOPES = ['cluster', 'chip'] as const satisfies readonly SyncScope[];

/** What a core can read of its place in the chip, by its code. */
export const CORE_NUMBERS = ['core', 'cores', 'cluster', 'clusters', 'rank', 'ranks'] as const;
export type CoreNumber = (typeof CORE_NUMBERS)[number];

/** Memories that `dma.linear` names, by their code. */
export const LINEAR_SPACES = ['dram', 'shared', 'nram', 'wram'] as const;
export type LinearSpace = (typeof LINEAR_SPACES)[number];

/**
 * What `mac.linear` computes, by its code: an operation and the bits of its operands. All operations take the lanes of the matrix
 * unit alike, as many as it has for operands of so many bits.
 */
const OPERATIONS = ['mac', 'add', 'sub', 'mul', 'div', 'max', 'min', 'and', 'or', 'xor', 'exp', 'log', 'sqrt'] as const;
export const COMPUTE_TYPES: readonly string[] = OPERATIONS.flatMap((name) =>
  [32, 16, 8].map((bits) => `${name}_${bits}`),
);

export const SCALAR_REGISTERS = 64;
export const RECORDS = 32;
/** Dimensions of a record, d0 innermost. */
export const RECORD_DIMENSIONS = 5;
/** The most that a core can have; a machine says how many it has. */
export const SEMAPHORES = 32;
/** Largest count of a semaphore. */
export const SEMAPHORE_MAX = 255;
export const LOOP_DEPTH = 4;

export const register = (name: string, bit: number, doc: string): Field => ({
  name,
  kind: 'register',
  bit,
  width: 6,
  doc,
});
export const rd = (doc: string, name = 'rd'): Field => register(name, 42, doc);
export const ra = (doc: string): Field => register('ra', 36, doc);
export const rb = (doc: string): Field => register('rb', 30, doc);

/** A record in one of the three record places of queue instructions. */
export const record = (name: string, place: 0 | 1 | 2, doc: string): Field => ({
  name,
  kind: 'record',
  bit: 25 - 5 * place,
  width: 5,
  doc,
});

export const imm30 = (doc: string): Field => ({ name: 'imm', kind: 'signed', bit: 0, width: 30, doc });
export const target = (width: number, doc: string): Field => ({ name: 'target', kind: 'label', bit: 0, width, doc });
export const elementType = (doc: string): Field => ({
  name: 'type',
  kind: 'enum',
  bit: 48,
  width: 3,
  names: ELEMENT_TYPES,
  doc,
});
export const flag = (name: string, bit: number, doc: string, word = name): Field => ({
  name,
  kind: 'flag',
  bit,
  width: 1,
  doc,
  ...(word === name ? {} : { word }),
});
