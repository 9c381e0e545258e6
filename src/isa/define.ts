/**
 * What an instruction is. One instruction (or one family that differs only in a function code), one file under
 * `instructions/`, one line in `registry.ts`; encoder, decoder, assembler, disassembler and `docs/isa.md` derive from it.
 */

/** What a field holds, which is also how it is written in assembly. */
export type FieldKind =
  /** Scalar register `r0`…`r63`. */
  | 'register'
  /** Record `R0`…`R31`. */
  | 'record'
  | 'unsigned'
  | 'signed'
  /** All 32 bits of a register: written as a signed or unsigned integer or as a float (`1.5f`); decodes as signed. */
  | 'word'
  /** Signed instruction offset from the instruction itself, written as a label. */
  | 'label'
  /** One of `names`, by position. */
  | 'enum'
  /** A one-bit option written as its word, absent = 0. */
  | 'flag';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Lowest bit and width in the 64-bit word. */
  readonly bit: number;
  readonly width: number;
  /** Further bits of the value, above those of `width`, where the field has grown out of its place. */
  readonly high?: { readonly bit: number; readonly width: number };
  readonly names?: readonly string[];
  /** Smallest and largest valid value, where the width allows more. */
  readonly min?: number;
  readonly max?: number;
  /** Enum only: written behind a dot in the mnemonic (`vec.add`) instead of as an operand. */
  readonly suffix?: true;
  /** Enum only: left out in assembly at position 0, otherwise written behind the operands like a flag. */
  readonly optional?: true;
  /** Optional enum only: the word that its choice is written behind, `to i8`. */
  readonly lead?: string;
  /** Flag only: its word in assembly, where that differs from the field's name. */
  readonly word?: string;
  readonly doc: string;
}

/** Where an instruction executes; `dma`: in the queue of its direction, or on the links of the SharedRAM. */
export type Unit = 'control' | 'load' | 'store' | 'dma' | 'matrix' | 'vector' | 'link' | 'winograd';

/**
 * What control does with an instruction that it executes itself: the class is what its state machine and its pipeline know of it
 * (`timing/decode`, `timing/pipeline`).
 */
export const CONTROL_CLASSES = [
  /** One pass through the adder, shifter and comparator, or no result at all. */
  'alu',
  'multiply',
  /** Scalar memory. */
  'load',
  'store',
  /** Goes on elsewhere if its condition holds. */
  'branch',
  /** Goes on elsewhere. */
  'jump',
  'loop',
  /** Writes records, or parameters of units, that dispatch snapshots. */
  'config',
  'sync',
  'barrier',
  'host',
  'halt',
] as const;
export type ControlClass = (typeof CONTROL_CLASSES)[number];

interface Definition {
  readonly mnemonic: string;
  readonly opcode: number;
  /** In assembly order; optional enums and flags come last and stand in any order: `mma …, clear, drain`. */
  readonly fields: readonly Field[];
  readonly summary: string;
  /** Semantics in pseudo-code, for the reference page. */
  readonly semantics: string;
}

interface ControlDefinition extends Definition {
  readonly unit: 'control';
  readonly class: ControlClass;
}

/** Dispatched by control, executed in a queue. */
interface QueueDefinition extends Definition {
  /** `named`: the queue that its `queue` field names. */
  readonly unit: Exclude<Unit, 'control'> | 'named';
  readonly class?: never;
}

export type InstructionDefinition = ControlDefinition | QueueDefinition;

/** A decoded instruction: mnemonic and field values by name (enum fields as their position). */
export interface Instruction {
  readonly mnemonic: string;
  readonly fields: Readonly<Record<string, number>>;
}
