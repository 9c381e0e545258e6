/** Every class of assembly error, each with its place and repair, held by a golden. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allErrors, declaredDiagnostics, SystoleError } from '#base';
import { presets } from '#machine';
import { errorOf, errorText } from '../../../test/support/errorText.ts';
import { assemble } from './assemble.ts';
import { assembleProgram } from './program.ts';

const file = 'wrong.s';

/** What is wrong, and the file. */
const cases: readonly (readonly [string, string])[] = [
  ['stray character', 'li r1, 5 @ 3'],
  ['bad number', 'li r1, 12ab'],
  ['open string', '.node "conv\nhalt'],
  ['unknown mnemonic', 'loda nram, r1, r2, R0, R1, f32'],
  ['unknown mnemonic, nothing near', 'frobnicate r1'],
  ['unknown vector function', 'vec.ad r1, r2, r3, R0, R0, R0, f32'],
  ['wrong operand count', 'add r1, r2'],
  ['too many operands', 'add r1, r2, r3, r4'],
  ['record where a register belongs', 'add r1, R2, r3'],
  ['register where a record belongs', 'cfg.clear r1'],
  ['number where a register belongs', 'add r1, r2, 3'],
  ['no such register', 'li r64, 1'],
  ['no such record', 'cfg.clear R32'],
  ['immediate out of range', 'wait load, 32'],
  ['dimension out of range', 'cfg.dimi R0, 5, 1, 4'],
  ['word out of range', 'li r1, 0x100000000'],
  ['float out of range', 'li r1, 1e39f'],
  ['unknown label', 'strat: nop\njmp start'],
  ['label expected', 'jmp 5'],
  ['duplicate label', 'a: nop\na: nop'],
  ['endloop without loop', 'nop\nendloop'],
  ['loop not closed', 'loopi 3\nnop'],
  ['loop too deep', `${'loopi 2\n'.repeat(5)}nop\n${'endloop\n'.repeat(5)}`],
  ['empty loop', 'loopi 2\nendloop'],
  ['crossing loops', 'loopi 2\nloopi 2, out\nnop\nendloop\nnop\nout: halt'],
  ['unknown directive', '.inptu x, 0, f32[1]'],
  ['directive form', '.input x, 0'],
  ['unknown option', 'mma r1, r2, r3, R0, R1, R2, r4, r5, f32, clera'],
  ['duplicate option', 'mma r1, r2, r3, R0, R1, R2, r4, r5, f32, clear, clear'],
  ['options that exclude each other', 'mma r1, r2, r3, R0, R1, R2, r4, r5, f32, clamp, leaky'],
  ['unknown result type', 'vec.mov r1, r2, r0, R0, R0, R0, f32, to i9'],
  ['result type without its word', 'vec.mov r1, r2, r0, R0, R0, R0, f32, i8'],
  ['two result types', 'vec.mov r1, r2, r0, R0, R0, R0, f32, to i8, sat, to u8'],
  ['unknown queue', 'wait lod, 1'],
  ['unknown element type', '.input x, 0, float31[2]'],
  ['missing comma', 'add r1 r2, r3'],
  ['nothing between commas', 'add r1, , r3'],
  ['not a statement', '5 nop'],
  ['unknown name', '.equ TILE, 3\nli r1, TIEL'],
  ['division by zero', 'li r1, 3 / 0'],
  ['value beyond all bounds', '.equ A, 1 << 64\n.equ B, A * A * A'],
  ['float in an expression', 'addi r1, r2, 1.5 + 1'],
  ['unclosed parenthesis', 'li r1, (1 + 2'],
  ['half an expression', 'li r1, 1 +'],
  ['reserved name', 'r5: nop'],
  ['unknown machine', '.machine textbook-singel\nhalt'],
  ['outside DRAM', '.dram 64\n.input x, 60, f32[2]\nhalt'],
  ['DRAM beyond the machine', '.dram 0xffffffff\nhalt'],
  ['constants overlap', '.const 0, f32 1, 2\n.fill 4, 4, 0\nhalt'],
  ['constant of another type', '.const 0, u8 1, 256, 1.5\nhalt'],
  ['fill that is no multiple', '.fill 0, 6, f32 1\nhalt'],
  ['host part', 'host 0\nhalt'],
  ['program too long', 'nop\nnop\nnop\nhalt'],
  ['loop label too near', 'loopi 2, out\nout: halt'],
  ['no instruction', '# nothing here'],
  ['raw word without value', '.word'],
  ['strides of other dimensions', '.input x, 0, f32[2, 3], strides[4]\nhalt'],
  ['no strides', '.input x, 0, f32[2, 3], [12, 4]\nhalt'],
  ['strides that leave DRAM', '.dram 64\n.input x, 0, f32[2, 3], strides[64, 4]\nhalt'],
  ['strides that begin before DRAM', '.output y, 0, f32[2], strides[-4]\nhalt'],
  ['constant with a gap', '.constant weights, 0, 12\n.const 0, f32 1\n.const 8, f32 1\nhalt'],
  ['constant cut by another', '.constant weights, 0, 8\n.const 0, f32 1, 2, 3\nhalt'],
  ['constant left out', '.omitted constant, "fc 6"\nhalt'],
  ['host part left out', '.omitted host, "NonMaxSuppression"\nhost 0\nhalt'],
  ['machine left out', '.omitted machine, mine\nhalt'],
  ['nothing that can be left out', '.omitted hots, "x"\nhalt'],
  ['textbook: another instruction between', 'move DRAM NRAM 64\nsycn\nmma r1'],
  ['textbook: incomplete', 'move DRAM NRAM\ncompute MAC_32\nloop\nsync 3'],
  ['textbook: unknown memory', 'move DRAM NRAN 64'],
  ['textbook: unknown type', 'compute MAC_23 64'],
  ['textbook: no path', 'move NRAM WRAM 64'],
  ['textbook: multicast out of the cores', 'move NRAM DRAM 64 mc'],
  ['textbook: no size', 'move DRAM NRAM 0\ncompute MAC_32 1 << 36\nloop 1 << 24\nsync\nendloop'],
  ['textbook: larger than the memory', 'move DRAM NRAM 131073'],
  ['textbook: SharedRAM on one core', 'move DRAM SHARED 64'],
  ['textbook: no address in brackets', 'move DRAM NRAM[] 64\nmove DRAM NRAM[0,] 64'],
  [
    'textbook: operands beyond the memory',
    'loop 3\nmove DRAM NRAM[131008, 0] 64\nsync\nmove DRAM WRAM[262016, +64] 64\nendloop',
  ],
  ['textbook: operands of a computation', 'compute MAC_32 64 NRAM[0, 64]\ncompute MAC_32 64 DRAM[0] 4 to NRAM[0] 4'],
  ['textbook: names', '.equ TILE, 64\n.equ TILE, 32\n.equ 5\nmove DRAM NRAM TIEL'],
  ['textbook: loops', 'loop 2\nendloop\nendloop\nloop 3\nmove DRAM NRAM 4'],
];

/** A machine of three words for the program that is too long. */
const single = presets.get('textbook-single')!;
const options = (what: string) =>
  what === 'program too long'
    ? { file, machine: { ...single, control: { ...single.control, instructionWords: 3 } } }
    : { file };

it('answers each with its code, place and repair', async () => {
  const parts = cases.map(([what, text]) => {
    const error = errorOf(() => assembleProgram(text, options(what)));
    return `=== ${what}\n${errorText(error)}`;
  });
  await expect(`# vitest run src/isa -u\n${parts.join('\n\n')}\n`).toMatchFileSnapshot(
    '../goldens/assembly-errors.txt',
  );
});

it('has a case for every declared error', () => {
  const seen = new Set(
    cases.flatMap(([what, text]) => allErrors(errorOf(() => assembleProgram(text, options(what))))).map((e) => e.code),
  );
  seen.add(errorOf(() => assemble('bad\n'.repeat(30), { file })).others.at(-1)!.code);
  const declared = [...declaredDiagnostics().keys()].filter((code) => code.startsWith('SYS-ASM-'));
  expect(declared.filter((code) => !seen.has(code))).toEqual([]);
});

it('reports all errors of a file in order, up to 20', () => {
  const error = errorOf(() => assemble('jmp nowhere\nadd r1\nadd r1, R2, r99, 3\nnop\nendloop', { file }));
  expect(allErrors(error).map((e) => [e.code, e.place.line])).toEqual([
    ['SYS-ASM-008', 1],
    ['SYS-ASM-004', 2],
    ['SYS-ASM-004', 3],
    ['SYS-ASM-010', 5],
  ]);
  const many = allErrors(errorOf(() => assemble('bad\n'.repeat(30), { file })));
  expect(many).toHaveLength(21);
  expect(many.at(-1)!.code).toBe('SYS-ASM-030');
});

it('answers any text with words or with errors of its own', () => {
  const word = fc.constantFrom(
    ...[
      'add',
      'loop',
      'loopi',
      'endloop',
      'mma',
      'vec.add',
      'jmp',
      'li',
      'a',
      'a:',
      'r1',
      'R1',
      'r99',
      'f32',
      'load',
      ',',
    ],
    ...[
      '(',
      ')',
      '[',
      ']',
      '-',
      '1',
      '0x10',
      '1.5f',
      'inf',
      '.',
      '.input',
      '.const',
      '.fill',
      '.equ',
      '.word',
      '.machine',
    ],
    ...['.node', '.dram', '"x"', '"', '#', '@', '<<', '/', '5', ',', ','],
  );
  const line = fc.oneof(
    fc.array(word, { maxLength: 10 }).map((w) => w.join(' ')),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      try {
        expect(assembleProgram(lines.join('\n'), { file }).words.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof SystoleError)) throw error;
        expect(allErrors(error).filter((e) => e.kind === 'internal')).toEqual([]);
      }
    }),
    { numRuns: 3000 },
  );
  for (const text of [`li r1, ${'('.repeat(1e5)}`, `li r1, ${'-'.repeat(1e5)}1`]) {
    expect(errorOf(() => assemble(text, { file })).code).toBe('SYS-ASM-022');
  }
});
