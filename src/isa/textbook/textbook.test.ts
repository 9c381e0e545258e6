/** The textbook's dialect: what is accepted, and which words it becomes. */
import { describe, expect, it, test } from 'vitest';
import { presets } from '#machine';
import { assembleFile, assembleProgram } from '../assembler/program.ts';
import { readProgram } from '../container/read.ts';
import { writeProgram } from '../container/write.ts';
import { decode } from '../encode.ts';
import { printInstruction } from '../syntax.ts';
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
