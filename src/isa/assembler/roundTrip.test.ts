/** Printed instructions assemble to themselves; disassembled programs assemble to the same words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyInstruction, instructionOf } from '../../../test/support/instructions.ts';
import type { Instruction } from '../define.ts';
import { disassemble } from '../disassemble.ts';
import { decode, encode } from '../encode.ts';
import { instructions } from '../registry.ts';
import { printInstruction } from '../syntax.ts';
import { assemble } from './assemble.ts';

const file = 'test.s';

describe.each(instructions.map((d) => [d.mnemonic, d] as const))('%s', (_, definition) => {
  it('assembles from what it is printed as', () => {
    fc.assert(
      fc.property(instructionOf(definition), (instruction) => {
        const assembly = assemble(printInstruction(instruction), { file });
        expect(assembly.instructions).toEqual([instruction]);
        expect([...assembly.words]).toEqual([encode(instruction)]);
        expect([...assembly.lines]).toEqual([1]);
      }),
    );
  });
});

/** Valid programs: blocks of plain instructions and loops nested up to four deep; branches stay inside the program. */
const plain = fc.oneof(
  ...instructions
    .filter((d) => !d.fields.some((f) => f.kind === 'label'))
    .map((d): fc.Arbitrary<Instruction> => instructionOf(d)),
);
const branch = fc.oneof(
  ...instructions.filter((d) => ['beq', 'jmp', 'call'].includes(d.mnemonic)).map((d) => instructionOf(d)),
);

function block(depth: number): fc.Arbitrary<Instruction[]> {
  const single = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: branch }).map((i) => [i]);
  const piece =
    depth === 4 ? single : fc.oneof({ weight: 3, arbitrary: single }, { weight: 1, arbitrary: loop(depth) });
  return fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.flat());
}

const loop = (depth: number): fc.Arbitrary<Instruction[]> =>
  fc.tuple(fc.nat(2 ** 24 - 1), fc.nat(63), fc.boolean(), block(depth + 1)).map(([count, ra, immediate, body]) => {
    const target = body.length + 1;
    const head = immediate
      ? { mnemonic: 'loopi', fields: { count, target } }
      : { mnemonic: 'loop', fields: { ra, target } };
    return [head, ...body];
  });

const validProgram = block(0).map((list) =>
  list.map((instruction, i) => {
    if (instruction.fields.target === undefined || instruction.mnemonic.startsWith('loop')) return instruction;
    const to = Math.abs(instruction.fields.target) % list.length;
    return { ...instruction, fields: { ...instruction.fields, target: to - i } };
  }),
);

describe('disassembly', () => {
  it('of valid programs assembles to the same words, without .word', () => {
    fc.assert(
      fc.property(validProgram, (program) => {
        const words = BigUint64Array.from(program, (i) => encode(i));
        const text = disassemble(words);
        expect(text).not.toContain('.word');
        const assembly = assemble(text, { file });
        expect(assembly.words).toEqual(words);
        expect(assembly.instructions).toEqual(program);
      }),
      { numRuns: 500 },
    );
  });

  it('of any words at all assembles to the same words', () => {
    const word = fc.oneof(
      anyInstruction.map((i) => encode(i)),
      fc.bigInt(0n, 2n ** 64n - 1n),
      // Loops that cross, nest too deep or leave the program.
      fc
        .tuple(fc.nat(9), fc.integer({ min: 2, max: 12 }))
        .map(([count, target]) => encode({ mnemonic: 'loopi', fields: { count, target } })),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.boolean(), (list, addresses) => {
        const words = BigUint64Array.from(list);
        expect(assemble(disassemble(words, { addresses }), { file }).words).toEqual(words);
      }),
      { numRuns: 1000 },
    );
  });

  it('names graph nodes where they change', () => {
    const words = assemble('nop\nnop\nhalt', { file }).words;
    const nodes = new Map([
      [0, 'conv "1"\n\\'],
      [1, undefined],
      [2, 'end'],
    ]);
    const text = disassemble(words, { nodes, addresses: false });
    expect(text).toBe('.node "conv \\"1\\"\\n\\\\"\n  nop\n.node\n  nop\n.node "end"\n  halt\n');
    expect(assemble(text, { file }).declarations.nodes.map((n) => [n.name, n.from])).toEqual([
      ['conv "1"\n\\', 0],
      [undefined, 1],
      ['end', 2],
    ]);
  });

  it('is pleasant to read', async () => {
    const text = `
      .equ TILE, 4 * 64
      start: li r1, 1.5f   ; a float
      li r2, TILE + 0x10   // an expression
      cfg.clear R0
      cfg.dimi R0, 1, 16, -TILE
      loopi 4
        load nram, r1, r2, R0, R1, f32
        signal load, 3
        loop r5
          mma r1, r2, r3, R0, R1, R2, r4, r0, f32, clear, drain, bias, leaky
        endloop
        vec.mul r1, r2, r3, R0, R1, R2, f32, scalar, add, init
      endloop
      bne r1, r2, start
      .word 0
      halt`;
    await expect(`# vitest run src/isa -u\n${disassemble(assemble(text, { file }).words)}`).toMatchFileSnapshot(
      '../goldens/disassembly.s',
    );
  });
});

it('decodes what assembled', () => {
  const { words, instructions: list } = assemble('li r1, 0xffffffff\nli r2, -1\nli r3, -inf', { file });
  expect(words[0]! & 0xffffffffn).toBe(words[1]! & 0xffffffffn);
  expect(list[2]!.fields.imm! >>> 0).toBe(0xff800000);
  expect(Array.from(words, (w) => decode(w))).toEqual(list);
});
