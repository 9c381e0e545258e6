/** The textbook's dialect: what is accepted, and which words it becomes. */
import { describe, expect, it, test } from 'vitest';
import { presets } from '#machine';
import { errorOf } from '../../../test/support/errorText.ts';
import { assembleFile, assembleProgram } from '../assembler/program.ts';
import { readProgram } from '../container/read.ts';
import { writeProgram } from '../container/write.ts';
import { decode } from '../encode.ts';
import { printInstruction } from '../syntax.ts';
import { memoryUses } from './judged.ts';
import { isTextbook } from './textbook.ts';

const file = 'fc.asm';
const machine = presets.get('textbook-cluster')!;
const listed = (text: string): string[] =>
  Array.from(assembleProgram(text, { file, machine }).words, (word) => printInstruction(decode(word), ''));

it('makes one word of a statement, and a halt behind the last', () => {
  expect(
    listed(`
      # fully connected
      move DRAM SharedRAM 32768
      sync
      move SHARED NRAM 32768 mc
      loop 6
        move DRAM WRAM 4096      // the next tile
        move NRAM DRAM 512
        compute MAC_32 32768
        sync
      endloop
    `),
  ).toEqual([
    'dma.linear dram, shared, 32768',
    'sync',
    'dma.linear shared, nram, 32768, mc',
    'loopi 6',
    'dma.linear dram, wram, 4096',
    'dma.linear nram, dram, 512',
    'mac.linear.mac_32 32768',
    'sync',
    'halt',
  ]);
});

it('takes names in upper and lower case, commas, and expressions as sizes', () => {
  expect(listed('.equ KB, 1024\nMOVE dram, nram, 16*KB, MC\nCompute add_16 0x100\nSYNC')).toEqual([
    'dma.linear dram, nram, 16384, mc',
    'mac.linear.add_16 256',
    'sync',
    'halt',
  ]);
});

it('knows its lines', () => {
  expect([...assembleFile('\nmove DRAM NRAM 4\n\nsync', { file }).lines]).toEqual([2, 4, 0]);
});

it('goes through a program file', () => {
  const program = assembleProgram('move DRAM NRAM 4\ncompute MAC_32 1', { file });
  expect(readProgram(writeProgram(program), file).words).toEqual(program.words);
});

describe('operands with places', () => {
  const operands = (text: string) => assembleProgram(text, { file, machine }).operands;

  it('change no word', () => {
    const [plain, placed] = [
      'move DRAM NRAM 64\ncompute MAC_32 8',
      'move DRAM[0] NRAM[64] 64\ncompute MAC_32 8 NRAM[64] 32 to NRAM[0] 4',
    ];
    expect(assembleProgram(placed, { file, machine }).words).toEqual(assembleProgram(plain, { file, machine }).words);
    expect(operands(plain)).toBeUndefined();
  });

  it('are one place, places in turn, or places that move on', () => {
    expect(operands('loop 4\nmove DRAM[4096, +512] NRAM[0, 2*64] 64\nsync\nendloop')).toEqual([
      { instruction: 1, memory: 'dram', mode: 'read', bytes: 256, addresses: [4096], step: 512 },
      { instruction: 1, memory: 'nram', mode: 'write', bytes: 64, addresses: [0, 128], step: 0 },
    ]);
  });

  it('list what a computation reads and writes', () => {
    expect(operands('compute ADD_32 16 NRAM[0] 64, NRAM[64] 64 to NRAM[128] 64')).toEqual([
      { instruction: 0, memory: 'nram', mode: 'read', bytes: 64, addresses: [0], step: 0 },
      { instruction: 0, memory: 'nram', mode: 'read', bytes: 64, addresses: [64], step: 0 },
      { instruction: 0, memory: 'nram', mode: 'write', bytes: 64, addresses: [128], step: 0 },
    ]);
  });

  it('go through a program file', () => {
    const program = assembleProgram('move DRAM[0] NRAM[64, +64] 64', { file });
    expect(readProgram(writeProgram(program), file).operands).toEqual(program.operands);
  });

  it('count as judged only where all of them are told', () => {
    const uses = (text: string) =>
      memoryUses(assembleProgram(text, { file, machine })).map((m) => [m.memory, m.usedBytes]);
    expect(uses('move DRAM NRAM[0] 64\nmove DRAM NRAM[32] 64')).toEqual([
      ['dram', null],
      ['nram', 96],
    ]);
    expect(uses('move DRAM NRAM[0] 64\nmove DRAM NRAM 64')).toEqual([
      ['dram', null],
      ['nram', null],
    ]);
    expect(uses('move DRAM NRAM[0] 64\ncompute MAC_32 1')).toEqual([
      ['dram', null],
      ['nram', null],
    ]);
    // Six times 64 bytes, 128 apart: from the first to the last.
    expect(uses('loop 6\nmove DRAM NRAM[0, +128] 64\nendloop')).toEqual([
      ['dram', null],
      ['nram', 704],
    ]);
  });

  test.each([
    ['move DRAM NRAM[] 64', 'SYS-ASM-061'],
    ['move DRAM NRAM[0,] 64', 'SYS-ASM-061'],
    ['move DRAM NRAM[0 64', 'SYS-ASM-051'],
    ['compute MAC_32 1 NRAM[0 64 4', 'SYS-ASM-051'],
    ['move DRAM NRAM[+4] 64', undefined],
    ['move DRAM NRAM[-4] 64', 'SYS-ASM-062'],
    ['move DRAM NRAM[131072] 64', 'SYS-ASM-062'],
    ['loop 2\nmove DRAM NRAM[0, 131040] 64\nendloop', 'SYS-ASM-062'],
    ['move DRAM NRAM[0, 131040] 64', undefined],
    ['loop 2049\nmove DRAM NRAM[0, +64] 64\nendloop', 'SYS-ASM-062'],
    ['loop 2048\nmove DRAM NRAM[0, +64] 64\nendloop', undefined],
    ['compute MAC_32 1 DRAM[0] 4', 'SYS-ASM-063'],
    ['compute MAC_32 1 NRAM[0]', 'SYS-ASM-051'],
    ['compute MAC_32 1 NRAM[0] 4 to', 'SYS-ASM-051'],
    ['compute MAC_32 1 NRAM[0] 4 to to NRAM[0] 4', 'SYS-ASM-051'],
    ['compute MAC_32 NRAM[0] 4', 'SYS-ASM-051'],
    ['compute MAC_32 1 XRAM[0] 4', 'SYS-ASM-052'],
  ])('%j: %s', (text, code) => {
    if (code === undefined) expect(operands(text)).toHaveLength(1);
    else expect(errorOf(() => operands(text)).code).toBe(code);
  });
});

describe('is told from the processor’s own assembly', () => {
  test.each([
    ['sync\nmove DRAM NRAM 4', true],
    ['\t COMPUTE MAC_32 4', true],
    ['# move DRAM NRAM 4\nhalt', false],
    ['move: jmp move', false],
    ['loop r1\nnop\nendloop\nsync\nhalt', false],
  ])('%j', (text, expected) => {
    expect(isTextbook(text)).toBe(expected);
  });
});
