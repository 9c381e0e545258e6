/**
 * How instructions are written, derived from their definitions: `mnemonic.suffix operand, operand, …, option, …`.
 * Shared by assembler, disassembler and reference page.
 */
import type { Field, Instruction, InstructionDefinition } from './define.ts';
import { byMnemonic, instructions } from './registry.ts';

/** The enum written behind a dot in the mnemonic, if the instruction has one. */
export const suffixField = (d: InstructionDefinition): Field | undefined => d.fields.find((f) => f.suffix === true);

/** Fields written as operands, in order. */
export const operandFields = (d: InstructionDefinition): readonly Field[] =>
  d.fields.filter((f) => f.suffix !== true && f.optional !== true && f.kind !== 'flag');

/** Fields written as optional words behind the operands. */
export const optionFields = (d: InstructionDefinition): readonly Field[] =>
  d.fields.filter((f) => f.optional === true || f.kind === 'flag');

/** A hardware loop: its label may be left out, `endloop` then stands behind the body. */
export const isLoop = (d: InstructionDefinition): boolean => d.mnemonic === 'loop' || d.mnemonic === 'loopi';

/** The words an option field can be written as. */
export const optionWords = (f: Field): readonly string[] =>
  f.kind === 'flag'
    ? [f.word ?? f.name]
    : f.names!.slice(1).map((name) => (f.lead === undefined ? name : `${f.lead} ${name}`));

/** What stands in assembly as one mnemonic, with the value of the suffix field. */
export interface Spelling {
  readonly definition: InstructionDefinition;
  readonly suffix: number | undefined;
}

/** Every mnemonic as written: `vec` appears as `vec.mov`, `vec.add`, … */
export const spellings: ReadonlyMap<string, Spelling> = new Map(
  instructions.flatMap((definition): [string, Spelling][] => {
    const field = suffixField(definition);
    if (field === undefined) return [[definition.mnemonic, { definition, suffix: undefined }]];
    return field.names!.map((name, suffix) => [`${definition.mnemonic}.${name}`, { definition, suffix }]);
  }),
);

/** `mma rd, ra, rb, Rpixels, …, {clear}, {clamp|leaky}`: how an instruction is written, with the fields' names. */
export function signature(d: InstructionDefinition): string {
  const suffix = suffixField(d);
  const operands = operandFields(d).map((f) => {
    if (f.kind === 'register') return /^r[abcd]$/.test(f.name) ? f.name : `r_${f.name}`;
    if (f.kind === 'record') return `R_${f.name}`;
    if (f.kind === 'enum') return f.names!.join('|');
    if (f.kind === 'label') return isLoop(d) ? '{label}' : 'label';
    return f.name;
  });
  const options = optionFields(d).map((f) =>
    f.lead === undefined ? `{${optionWords(f).join('|')}}` : `{${f.lead} ${f.names!.slice(1).join('|')}}`,
  );
  const mnemonic = suffix === undefined ? d.mnemonic : `${d.mnemonic}.${suffix.name}`;
  return `${mnemonic} ${[...operands, ...options].join(', ')}`.trim();
}

/** A small number as decimal; a large one, which is rather an address or the bits of a float, in hexadecimal. */
const wordText = (value: number): string =>
  Math.abs(value) < 2 ** 20 ? String(value) : `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

/**
 * An instruction as assembly.
 * @param label text of the branch target; `.+3` without it, '' leaves it out (a loop closed by `endloop`)
 */
export function printInstruction(instruction: Instruction, label?: string): string {
  const d = byMnemonic.get(instruction.mnemonic)!;
  const value = (f: Field): number => instruction.fields[f.name]!;
  const suffix = suffixField(d);
  const mnemonic = suffix === undefined ? d.mnemonic : `${d.mnemonic}.${suffix.names![value(suffix)]}`;
  const operands = operandFields(d).map((f) => {
    const v = value(f);
    if (f.kind === 'register') return `r${v}`;
    if (f.kind === 'record') return `R${v}`;
    if (f.kind === 'enum') return f.names![v]!;
    if (f.kind === 'label') return label ?? `.${v < 0 ? '-' : '+'}${Math.abs(v)}`;
    return f.kind === 'word' ? wordText(v) : String(v);
  });
  const options = optionFields(d)
    .filter((f) => value(f) !== 0)
    .map((f) => optionWords(f)[value(f) - 1]!);
  return `${mnemonic} ${[...operands.filter((o) => o !== ''), ...options].join(', ')}`.trim();
}
