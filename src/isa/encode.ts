/**
 * Instruction ↔ 64-bit word, from the definitions alone. `decode(encode(x))` is x, and `encode(decode(w))` is w for every
 * word that decodes at all: bits that no field owns must be zero.
 */
import { diagnostic, internalError } from '#base';
import type { Field, Instruction, InstructionDefinition } from './define.ts';
import { byMnemonic, byOpcode } from './registry.ts';

export const unknownOpcode = diagnostic<{ readonly word: string; readonly opcode: string }>('SYS-ISA-001', 'invalid', {
  en: (p) =>
    `word ${p.word} is no instruction: no instruction has opcode ${p.opcode}. ` +
    'Either control ran into data, or the program was made for another version; assemble or compile it again.',
  zh: (p) =>
    `字 ${p.word} 不是指令：没有操作码为 ${p.opcode} 的指令。可能控制流进入了数据，或程序来自其他版本；请重新汇编或编译。`,
});

export const reservedBits = diagnostic<{
  readonly word: string;
  readonly mnemonic: string;
  readonly bits: readonly number[];
}>('SYS-ISA-002', 'invalid', {
  en: (p) =>
    `word ${p.word} is no valid '${p.mnemonic}': reserved bit${p.bits.length === 1 ? '' : 's'} ${p.bits.join(', ')} ` +
    'set, must be 0. The word is damaged or was made for another version.',
  zh: (p) =>
    `字 ${p.word} 不是有效的 '${p.mnemonic}'：保留位 ${p.bits.join('、')} 为 1，必须为 0。该字已损坏或来自其他版本。`,
});

export const fieldOutOfRange = diagnostic<{
  readonly mnemonic: string;
  readonly field: string;
  readonly value: number;
  readonly expected: string;
}>('SYS-ISA-003', 'invalid', {
  en: (p) => `'${p.mnemonic}': field '${p.field}' is ${p.value}, expected ${p.expected}.`,
  zh: (p) => `'${p.mnemonic}'：字段 '${p.field}' 为 ${p.value}，应为 ${p.expected}。`,
});

/** The places of a field in the word, the one of its lowest bits first. */
export const partsOf = (f: Field): readonly Pick<Field, 'bit' | 'width'>[] =>
  f.high === undefined ? [f] : [f, f.high];

const widthOf = (f: Field): number => f.width + (f.high?.width ?? 0);

interface Layout {
  readonly definition: InstructionDefinition;
  /** Bits that neither the opcode nor a field owns. */
  readonly reserved: bigint;
}

const layouts: ReadonlyMap<InstructionDefinition, Layout> = new Map(
  [...byOpcode.values()].map((definition) => {
    let owned = 0xffn << 56n;
    for (const f of definition.fields) {
      for (const { bit, width } of partsOf(f)) owned |= ((1n << BigInt(width)) - 1n) << BigInt(bit);
    }
    return [definition, { definition, reserved: BigInt.asUintN(64, ~owned) }];
  }),
);

const isSigned = (f: Field): boolean => f.kind === 'signed' || f.kind === 'label' || f.kind === 'word';

/** Smallest and largest valid value of a field. Words may also be given unsigned. */
export function fieldRange(f: Field): { readonly min: number; readonly max: number } {
  if (f.kind === 'enum') return { min: 0, max: f.names!.length - 1 };
  const width = widthOf(f);
  const min = isSigned(f) ? -(2 ** (width - 1)) : 0;
  const max = f.kind === 'word' || !isSigned(f) ? 2 ** width - 1 : 2 ** (width - 1) - 1;
  return { min: f.min ?? min, max: f.max ?? max };
}

/** What a field accepts, in words: `0…15`, `one of f32, f16`. */
export function fieldExpectation(f: Field): string {
  const { min, max } = fieldRange(f);
  return f.kind === 'enum' ? `0…${max} (${f.names!.join(', ')})` : `${min}…${max}`;
}

export const hexWord = (word: bigint): string => `0x${word.toString(16).padStart(16, '0')}`;

/**
 * The word of an instruction; optional enums may be left out.
 * @throws SYS-ISA-003 where a value does not fit its field
 */
export function encode(instruction: Instruction, index?: number): bigint {
  const definition = byMnemonic.get(instruction.mnemonic);
  if (definition === undefined) throw internalError({ what: `encode of unknown mnemonic '${instruction.mnemonic}'` });
  let word = BigInt(definition.opcode) << 56n;
  for (const f of definition.fields) {
    const value = instruction.fields[f.name] ?? (f.optional === true ? 0 : undefined);
    if (value === undefined) throw internalError({ what: `encode of '${definition.mnemonic}' without '${f.name}'` });
    checkRange(definition, f, value, index);
    let rest = BigInt.asUintN(widthOf(f), BigInt(value));
    for (const { bit, width } of partsOf(f)) {
      word |= BigInt.asUintN(width, rest) << BigInt(bit);
      rest >>= BigInt(width);
    }
  }
  return word;
}

/**
 * The instruction of a word.
 * @param index place in the program, for messages
 * @throws SYS-ISA-001 unknown opcode, SYS-ISA-002 reserved bits set, SYS-ISA-003 a field holds no valid value
 */
export function decode(word: bigint, index?: number): Instruction {
  const opcode = Number(word >> 56n);
  const definition = byOpcode.get(opcode);
  const place = index === undefined ? {} : { instruction: index };
  if (definition === undefined) {
    throw unknownOpcode({ word: hexWord(word), opcode: `0x${opcode.toString(16).padStart(2, '0')}` }, place);
  }
  const stray = word & layouts.get(definition)!.reserved;
  if (stray !== 0n) {
    const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (stray >> BigInt(bit)) & 1n);
    throw reservedBits({ word: hexWord(word), mnemonic: definition.mnemonic, bits }, place);
  }
  const fields: Record<string, number> = {};
  for (const f of definition.fields) {
    let bits = 0n;
    let below = 0n;
    for (const { bit, width } of partsOf(f)) {
      bits |= BigInt.asUintN(width, word >> BigInt(bit)) << below;
      below += BigInt(width);
    }
    const value = Number(isSigned(f) ? BigInt.asIntN(widthOf(f), bits) : bits);
    checkRange(definition, f, value, index);
    fields[f.name] = value;
  }
  return { mnemonic: definition.mnemonic, fields };
}

function checkRange(definition: InstructionDefinition, f: Field, value: number, index: number | undefined): void {
  const { min, max } = fieldRange(f);
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw fieldOutOfRange(
    { mnemonic: definition.mnemonic, field: f.name, value, expected: fieldExpectation(f) },
    index === undefined ? {} : { instruction: index },
  );
}
