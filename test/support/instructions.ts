/** Random instructions for property tests, from the definitions. */
import fc from 'fast-check';
import { type Field, fieldRange, type Instruction, type InstructionDefinition, instructions } from '#isa';

function fieldValue(f: Field): fc.Arbitrary<number> {
  const { min, max } = fieldRange(f);
  // A word decodes as signed.
  return fc.integer(f.kind === 'word' ? { min: -(2 ** 31), max: 2 ** 31 - 1 } : { min, max });
}

export function instructionOf(definition: InstructionDefinition): fc.Arbitrary<Instruction> {
  return fc
    .record(Object.fromEntries(definition.fields.map((f) => [f.name, fieldValue(f)])))
    .map((fields) => ({ mnemonic: definition.mnemonic, fields: { ...fields } }));
}

export const anyInstruction: fc.Arbitrary<Instruction> = fc.oneof(...instructions.map(instructionOf));
