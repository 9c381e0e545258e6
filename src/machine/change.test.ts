/** Fields changed behind a machine's name: read as a file would be, refused as a file would be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOf, errorText } from '../../test/support/errorText.ts';
import { changedMachine, splitChanges } from './change.ts';
import { resolveMachine } from './load.ts';
import { presets } from './presets.ts';
import type { Machine } from './schema.ts';

const changed = (text: string): Machine => {
  const { name, changes } = splitChanges(text);
  return changedMachine(resolveMachine(name), changes);
};

describe('a change', () => {
  it('sets a number, and says so in the name', () => {
    const machine = changed('textbook-single,wram.bytes=524288');
    const { name, ...rest } = resolveMachine('textbook-single');
    expect(machine).toEqual({ ...rest, name: `${name},wram.bytes=524288`, wram: { bytes: 524288 } });
  });

  it.each([
    ['textbook-single,dram.bandwidth=12.8', { bytes: 64, cycles: 5 }],
    ['textbook-single,dram.bandwidth=64/3', { bytes: 64, cycles: 3 }],
    ['textbook-single,dram.bandwidth.bytes=128', { bytes: 128, cycles: 1 }],
  ])('%s', (text, rate) => {
    expect(changed(text).dram.bandwidth).toEqual(rate);
  });

  it('sets words and builds objects, takes optional fields away', () => {
    expect(changed('textbook-single,matrix.lanePacking=flat').matrix).toMatchObject({ lanePacking: 'flat' });
    expect(changed('textbook-single,realizable=false').realizable).toBe(false);
    const winograd = 'winograd.lanes=16,winograd.tileCycles.f2=4,winograd.pipelineCycles=0,energy.winograd=0.9';
    expect(changed(`textbook-single,${winograd}`).winograd).toEqual({
      lanes: 16,
      tileCycles: { f2: 4 },
      pipelineCycles: 0,
    });
    expect(changed('textbook-single,energy=none').energy).toBeUndefined();
  });

  it('leaves names without changes alone, and names of files with commas', () => {
    expect(splitChanges('a,b/c.json')).toEqual({ name: 'a,b/c.json', changes: [] });
    expect(changed('tpu-v1')).toBe(presets.get('tpu-v1'));
  });
});

it('sets any number of bytes that a memory may have', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2 ** 12, max: 2 ** 26 }), fc.constantFrom('nram', 'wram'), (bytes, memory) => {
      const size = bytes - (bytes % 64);
      expect(changed(`textbook-single,${memory}.bytes=${size}`)[memory as 'nram' | 'wram'].bytes).toBe(size);
    }),
    { numRuns: 50 },
  );
});

it('is refused as a file is, in the words of the errors of files', async () => {
  const wrong = [
    'textbook-single,wram.byts=1',
    'textbook-single,wramm.bytes=524288',
    'textbook-single,wram.bytes=512KB',
    'textbook-single,wram.bytes=16',
    'textbook-single,wram.bytes.more=16',
    'textbook-single,matrix.lanePacking=loose',
    'textbook-single,dram.bandwidth=fast',
    'textbook-single,wram.bytes=none',
    'textbook-single,wram.bytes=524288,lanes',
    'textbook-single,wram.bytes=524288,',
    'textbok-single,wram.bytes=524288',
    'textbook-single,__proto__.x=1',
  ];
  const shown = wrong.map((text) => `=== ${text}\n${errorText(errorOf(() => changed(text)))}`);
  await expect(`# vitest run src/machine -u\n${shown.join('\n\n')}\n`).toMatchFileSnapshot('goldens/changes.txt');
});
