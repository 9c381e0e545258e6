/** Registry-wide: every instruction's word round-trips, owns its bits alone, and refuses what it cannot hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SystoleError } from '#base';
import { anyInstruction, instructionOf } from '../../test/support/instructions.ts';
import { decode, encode, fieldRange, partsOf } from './encode.ts';
import { instructions } from './registry.ts';

describe.each(instructions.map((d) => [d.mnemonic, d] as const))('%s', (_, definition) => {
  it('owns each bit once and has a free opcode', () => {
    let owned = 0xffn << 56n;
    for (const f of definition.fields) {
      for (const { bit, width } of partsOf(f)) {
        const mask = ((1n << BigInt(width)) - 1n) << BigInt(bit);
        expect(owned & mask, f.name).toBe(0n);
        owned |= mask;
      }
      const width = partsOf(f).reduce((sum, part) => sum + part.width, 0);
      if (f.kind === 'enum') expect(f.names!.length).toBeLessThanOrEqual(2 ** width);
    }
    expect(definition.opcode).toBeGreaterThan(0);
    expect(instructions.filter((d) => d.opcode === definition.opcode)).toHaveLength(1);
    expect(instructions.filter((d) => d.mnemonic === definition.mnemonic)).toHaveLength(1);
  });

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(instructionOf(definition), (instruction) => {
        expect(decode(encode(instruction))).toEqual(instruction);
      }),
    );
  });

  it('refuses a value beyond each field', () => {
    for (const f of definition.fields) {
      for (const value of [fieldRange(f).min - 1, fieldRange(f).max + 1, 0.5, Number.NaN]) {
        const fields = Object.fromEntries(definition.fields.map((g) => [g.name, fieldRange(g).min]));
        const instruction = { mnemonic: definition.mnemonic, fields: { ...fields, [f.name]: value } };
        expect(() => encode(instruction, 7)).toThrow(expect.objectContaining({ code: 'SYS-ISA-003' }));
      }
    }
  });
});

describe('random words', () => {
  it('re-encode identically or are refused with a code', () => {
    let decoded = 0;
    const opcodes = instructions.map((d) => BigInt(d.opcode));
    // Half of the words start from a valid instruction with a few bits flipped, so that many are nearly valid.
    const damaged = fc
      .tuple(anyInstruction, fc.array(fc.nat(63), { maxLength: 3 }))
      .map(([i, bits]) => bits.reduce((w, bit) => w ^ (1n << BigInt(bit)), encode(i)));
    const known = fc
      .tuple(fc.constantFrom(...opcodes), fc.bigInt(0n, 2n ** 56n - 1n))
      .map(([opcode, rest]) => (opcode << 56n) | rest);
    fc.assert(
      fc.property(fc.oneof(damaged, known, fc.bigInt(0n, 2n ** 64n - 1n)), (word) => {
        try {
          expect(encode(decode(word, 3))).toBe(word);
          decoded++;
        } catch (error) {
          if (!(error instanceof SystoleError)) throw error;
          expect(error.code).toMatch(/^SYS-ISA-00[123]$/);
          expect(error.place.instruction).toBe(3);
        }
      }),
      { numRuns: 5000 },
    );
    expect(decoded).toBeGreaterThan(500);
  });

  it('zero is no instruction', () => {
    expect(() => decode(0n)).toThrow(expect.objectContaining({ code: 'SYS-ISA-001' }));
  });
});
