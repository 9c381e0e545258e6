/**
 * Zero-overhead hardware loops, up to four nested. `target` leads behind the body; in assembly it is either a label or is
 * left out, and `endloop` stands behind the body. A body has at least one instruction.
 */
import type { Field, InstructionDefinition } from '../define.ts';
import { ra, target } from '../fields.ts';

const behind: Field = { ...target(24, 'first instruction behind the body'), min: 2 };
const semantics = (count: string) => `n = ${count}
if n <= 0: pc = pc + target
else: push loop {start: pc + 1, end: pc + target, n}; pc = pc + 1
whenever pc reaches the end of the innermost loop:
  n = n - 1
  if n > 0: pc = start
  else: pop loop
a branch, jump, return or loop inside the innermost loop that leads before its start or behind its end traps`;

export const loop: InstructionDefinition = {
  mnemonic: 'loop',
  opcode: 0x2a,
  unit: 'control',
  class: 'loop',
  fields: [ra('count, signed'), behind],
  summary: 'Repeats the body as often as a register says.',
  semantics: semantics('ra'),
};

export const loopi: InstructionDefinition = {
  mnemonic: 'loopi',
  opcode: 0x2b,
  unit: 'control',
  class: 'loop',
  fields: [{ name: 'count', kind: 'unsigned', bit: 24, width: 24, doc: 'count' }, behind],
  summary: 'Repeats the body a constant number of times.',
  semantics: semantics('count'),
};
