/** The control unit's front end, by hand-worked cycles; random programs hold it against a buffer stepped cycle by cycle. */
import { describe, expect, test } from 'vitest';
import type { Machine } from '#machine';
import { FrontEnd } from './frontEnd.ts';

type Control = Pick<Machine['control'], 'pipeline' | 'fetch'>;
type Instruction = readonly [mnemonic: string, fields?: Readonly<Record<string, number>>];

const NOP: Instruction = ['nop'];
const frontEnd = (control: Control, code: readonly Instruction[]): FrontEnd =>
  new FrontEnd(
    { control } as Machine,
    code.map(([mnemonic, fields]) => ({ mnemonic, field: (name) => fields?.[name] ?? 0 })),
  );

/** When instructions that take a cycle each begin. */
function begins(control: Control, code: readonly Instruction[]): number[] {
  const front = frontEnd(control, code);
  let time = 0;
  return code.map((_, pc) => {
    const at = front.begin(pc, time);
    time = at + 1;
    return at;
  });
}

describe('results', () => {
  const pipeline = { aluCycles: 1, multiplyCycles: 4, loadCycles: 3, configCycles: 2 };

  test('an addition serves the next instruction; a product, a loaded word and a record make it wait', () => {
    const add: Instruction = ['add', { rd: 2, ra: 1, rb: 1 }];
    expect(begins({ pipeline }, [add, ['add', { rd: 3, ra: 2, rb: 2 }]])).toEqual([0, 1]);
    expect(begins({ pipeline }, [['mul', { rd: 1, ra: 5, rb: 5 }], add])).toEqual([0, 4]);
    expect(begins({ pipeline }, [['lw', { rd: 1, ra: 5 }], NOP, add])).toEqual([0, 1, 3]);
    expect(
      begins({ pipeline }, [
        ['cfg.clear', { record: 7 }],
        ['load', { src: 7, dst: 1 }],
      ]),
    ).toEqual([0, 2]);
    expect(
      begins({ pipeline }, [
        ['cfg.clear', { record: 7 }],
        ['load', { src: 6, dst: 5 }],
      ]),
    ).toEqual([0, 1]);
    expect(
      begins({ pipeline }, [
        ['cfg.act', {}],
        ['mma', { pixels: 1 }],
      ]),
    ).toEqual([0, 2]);
    expect(
      begins({ pipeline }, [
        ['cfg.act', {}],
        ['load', { src: 1 }],
      ]),
    ).toEqual([0, 1]);
  });

  test('registers that are read only, and r0, hold nobody up', () => {
    expect(
      begins({ pipeline }, [
        ['mul', { rd: 0, ra: 5, rb: 5 }],
        ['add', { rd: 2, ra: 0, rb: 0 }],
      ]),
    ).toEqual([0, 1]);
    expect(
      begins({ pipeline }, [
        ['sw', { rd: 1, ra: 2 }],
        ['lw', { rd: 3, ra: 2 }],
      ]),
    ).toEqual([0, 1]);
  });

  test('a quick result does not overtake a slow one of the same register', () => {
    // The product is there from 4 on, so the addition that replaces it begins at 3.
    expect(
      begins({ pipeline }, [
        ['mul', { rd: 1, ra: 5, rb: 5 }],
        ['li', { rd: 1 }],
      ]),
    ).toEqual([0, 3]);
  });
});

describe('fetch', () => {
  const fetch = { wordsPerCycle: 1, bufferWords: 4, latencyCycles: 3, loopWords: 0 };
  const code = Array.from({ length: 16 }, () => NOP);

  test('the first word takes the latency, then one comes each cycle', () => {
    expect(begins({ fetch }, code).slice(0, 6)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test('a buffer smaller than the latency lets the stream stutter', () => {
    // Two words are on their way at once; the third is asked for when the first is used.
    const short = { ...fetch, bufferWords: 2 };
    expect(begins({ fetch: short }, code).slice(0, 6)).toEqual([3, 4, 6, 7, 9, 10]);
  });

  test('a jump asks for its target at once, in whole groups', () => {
    const front = frontEnd({ fetch: { ...fetch, wordsPerCycle: 4 } }, code);
    expect(front.begin(0, 0)).toBe(3);
    front.redirect(7, 10);
    // Word 7 ends its group; word 8 needs room for four, which is there when 7 has gone.
    expect(front.begin(7, 10)).toBe(13);
    expect(front.begin(8, 14)).toBe(16);
    expect(front.fetch).toBe(3 + 3 + 2);
  });

  test('a loop whose body the loop buffer holds is fetched once, and what is behind it meanwhile', () => {
    const rounds = (loopWords: number): number => {
      const front = frontEnd({ fetch: { ...fetch, loopWords } }, code);
      let time = front.begin(0, 0) + 1;
      for (let round = 0; round < 10; round++) {
        for (let pc = 1; pc <= 4; pc++) time = front.begin(pc, time) + 1;
        if (round < 9) front.redirect(1, time);
      }
      return front.begin(5, time);
    };
    // 1 + 40 instructions after the first latency; without the buffer each round but the first waits for its first word.
    expect(rounds(4)).toBe(3 + 41);
    expect(rounds(3)).toBe(3 + 41 + 9 * 3);
    expect(rounds(0)).toBe(3 + 41 + 9 * 3);
  });

  test('what is asked twice answers the same', () => {
    const front = frontEnd({ fetch }, code);
    front.begin(0, 0);
    expect([front.beginning(1, 1), front.beginning(1, 1), front.begin(1, 1)]).toEqual([4, 4, 4]);
  });
});
