/** The reference page covers every bit of every instruction. */
import { expect, it } from 'vitest';
import { isaPage } from './isaPage.ts';
import { instructions } from './registry.ts';

it('accounts for all 64 bits of each instruction', () => {
  const sections = isaPage().split(/^### /m).slice(1);
  expect(sections.map((s) => s.split('\n')[0])).toEqual(instructions.map((d) => d.mnemonic));
  for (const section of sections) {
    const ranges = [...section.matchAll(/^\| (\d+)(?::(\d+))? \|/gm)].map((m) => [Number(m[1]), Number(m[2] ?? m[1])]);
    let next = 63;
    for (const [high, low] of ranges) {
      expect(high, section).toBe(next);
      next = low! - 1;
    }
    expect(next, section).toBe(-1);
  }
});
