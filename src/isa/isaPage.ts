/** The reference page of the instruction set, derived from the definitions: `docs/isa.md`. */
import { USAGE } from './assembler/directives.ts';
import type { Field, InstructionDefinition } from './define.ts';
import { TEXT_CONSTANT_BYTES } from './disassembleProgram.ts';
import { fieldRange, partsOf } from './encode.ts';
import { COMPUTE_TYPES } from './fields.ts';
import { instructions } from './registry.ts';
import { operandFields, optionFields, optionWords, signature, suffixField } from './syntax.ts';
import { TEXTBOOK_USAGE } from './textbook/textbook.ts';

const hex2 = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`;
const cell = (text: string): string => text.replaceAll('|', '\\|');

/** `47:42`, or one number for a single bit. */
const bits = (f: Pick<Field, 'bit' | 'width'>): string =>
  f.width === 1 ? `${f.bit}` : `${f.bit + f.width - 1}:${f.bit}`;

/** What the bits of a field mean. */
function values(f: Field): string {
  switch (f.kind) {
    case 'register':
      return 'scalar register';
    case 'record':
      return 'record';
    case 'enum':
      return f.names!.map((name, i) => `${i} ${name}`).join(', ');
    case 'flag':
      return '0 no, 1 yes';
    case 'word':
      return 'any 32 bits';
    case 'label': {
      const { min, max } = fieldRange(f);
      return `offset in instructions, ${min} to ${max}`;
    }
    default: {
      const { min, max } = fieldRange(f);
      return `${f.kind}, ${min} to ${max}`;
    }
  }
}

/** How a field is written. */
function written(d: InstructionDefinition, f: Field): string {
  if (f === suffixField(d)) return 'in the mnemonic';
  if (optionFields(d).includes(f))
    return `optional: ${optionWords(f)
      .map((w) => `\`${w}\``)
      .join(', ')}`;
  return `operand ${operandFields(d).indexOf(f) + 1}`;
}

interface Row {
  readonly range: string;
  /** Absent: reserved. */
  readonly field?: Field;
  /** Bits of the value that stand here, where they do not all stand together. */
  readonly part?: string;
}

/** All 64 bits, highest first; bits that no field owns are reserved. */
function layout(d: InstructionDefinition): readonly Row[] {
  const places = d.fields.flatMap((field) => {
    let below = 0;
    return partsOf(field).map(({ bit, width }) => {
      const part = field.high === undefined ? {} : { part: bits({ bit: below, width }) };
      below += width;
      return { bit, width, field, ...part };
    });
  });
  const rows: Row[] = [];
  let top = 55;
  for (const { bit, width, ...row } of places.sort((a, b) => b.bit - a.bit)) {
    const high = bit + width - 1;
    if (high < top) rows.push({ range: bits({ bit: high + 1, width: top - high }) });
    rows.push({ range: bits({ bit, width }), ...row });
    top = bit - 1;
  }
  if (top >= 0) rows.push({ range: bits({ bit: 0, width: top + 1 }) });
  return rows;
}

function section(d: InstructionDefinition): string {
  const unit = d.unit === 'control' ? 'Control' : d.unit === 'named' ? 'The queue it names' : `Queue: ${d.unit}`;
  const rows = layout(d).map(({ range, field, part }) => {
    if (field === undefined) return `| ${range} | – | reserved, 0 | | |`;
    const name = part === undefined ? field.name : `${field.name}[${part}]`;
    // What a field means stands once, at its lowest bits.
    if (part !== undefined && !part.endsWith('0')) return `| ${range} | ${name} | its upper bits | | |`;
    return `| ${range} | ${name} | ${cell(values(field))} | ${cell(written(d, field))} | ${cell(field.doc)} |`;
  });
  return [
    `### ${d.mnemonic}`,
    '',
    d.summary,
    '',
    '```asm',
    signature(d),
    '```',
    '',
    '| bits | field | values | written as | meaning |',
    '|---|---|---|---|---|',
    `| 63:56 | opcode | ${hex2(d.opcode)} | mnemonic | ${unit} |`,
    ...rows,
    '',
    '```',
    d.semantics,
    '```',
    '',
  ].join('\n');
}

/** The page as Markdown. */
export function isaPage(): string {
  const index = instructions.map(
    (d) => `| [${d.mnemonic}](#${d.mnemonic.replace('.', '')}) | ${hex2(d.opcode)} | ${d.unit} | ${cell(d.summary)} |`,
  );
  return `# Instruction set

Made from \`src/isa/instructions\` by \`npm run docs\`; do not edit. What the memories, records, queues and semaphores are, and
how long everything takes, stands in ARCHITECTURE.md.

Every instruction is one word of 64 bits: \`op8 | flags8 | rd6 | ra6 | rb6 | imm30\`; some lay wider fields over the lower
ones. Reserved bits must be 0. Opcode 0x00 is no instruction.

## Overview

| instruction | opcode | executes in | |
|---|---|---|---|
${index.join('\n')}

## Assembly

One instruction a line: \`mnemonic operand, operand, …, option, …\`. Options may be left out and stand in any order. Comments
start with \`#\`, \`//\` or \`;\`. A label is \`name:\`; \`.\` is the instruction's own place, \`.+3\` three behind it. Scalar
registers are \`r0\` … \`r63\`, records \`R0\` … \`R31\`. Numbers are decimal, \`0x\`, \`0b\`, with \`_\` between digits;
\`li\` also takes floats: \`1.5f\`, \`-2.0\`, \`inf\`, \`nan\`. Integers may be expressions with \`+ - * / % << >>\` and parentheses.
A hardware loop names the label behind its body, or is closed by \`endloop\`:

\`\`\`asm
loopi 4
  addi r1, r1, 64
endloop
\`\`\`

Directives:

\`\`\`asm
${Object.values(USAGE).join('\n')}
\`\`\`

\`{…}\` may be left out. \`.cores\` says how many cores of the machine run the program, the first ones; without it all do. \`.machine\`, \`.dram\`, \`.input\`, \`.output\`, \`.const\` and \`.fill\` make a program that runs alone
(\`systole sim FILE.s\`). Strides are bytes from one element to the next in each dimension; without them a tensor is dense and
row-major. \`.constant\` makes one named constant of the bytes that \`.const\` and \`.fill\` give inside its range.
Instructions behind \`.node\` belong to that layer in reports, behind a \`.node\` without name to none.
Element types: f32 f64 f16 bf16 i8 u8 i16 u16 i32 u32 i64 u64 bool.

\`systole disasm\` writes a program file as such text, and what is assembled from it is the same program: words, DRAM, tensors,
constants, layers, machine (not the compiler's figures for reports). Constants of more than ${TEXT_CONSTANT_BYTES} bytes that are not one
pattern over and over, host parts, and machines that do not come with systole are not written out: an \`.omitted\` line
(\`constant\`, \`host\` or \`machine\`) stands in their place, and the assembler refuses it, but for a machine that \`--machine\` gives.

## The textbook's dialect

A file with \`move\` or \`compute\` in it is read in the dialect of the textbook's chapter 7. Each statement becomes one word of
\`dma.linear\` or \`mac.linear\`, and a \`halt\` follows the last; ARCHITECTURE.md says what they take.

\`\`\`asm
${Object.values(TEXTBOOK_USAGE).join('\n')}
\`\`\`

Memories: DRAM, SharedRAM (or SHARED), NRAM, WRAM. An address in brackets says where an operand lies: \`NRAM[4096]\`; places that the
statement takes in turn, for double buffering: \`NRAM[0, 32768]\`; and, as the last with its sign, how far all move on after each
turn: \`SHARED[0, +4096]\`. Addresses change neither words nor time. Of a memory all of whose operands have one, capacity, races and
reads of what nobody wrote are judged; the report names the others. Types: ${COMPUTE_TYPES.map((t) => t.toUpperCase()).join(' ')}.

## Instructions

${instructions.map(section).join('\n')}`;
}
