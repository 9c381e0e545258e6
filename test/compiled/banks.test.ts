/** Scratchpads in banks, each of which serves one unit at a time: what a layer is loaded into is not in the bank that it works in. */
import { expect, test } from 'vitest';
import { ints } from '#ir';
import { type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';

const whole = presets.get('textbook-single')!;

test('a convolution takes hardly more time where NRAM has four banks and WRAM two', async () => {
  const cyclesOn = async (machine: Machine): Promise<number> => {
    const g = new GraphBuilder(1, 18);
    const y = g.node('Conv', [g.input([1, 64, 56, 56]).name, g.weights([64, 64, 3, 3])], { pads: ints([1, 1, 1, 1]) });
    const { faults, cycles } = await runCompiled(g.model([y]), machine, g.feeds(), { rounding: 1e-5 });
    expect(faults).toEqual([]);
    return cycles;
  };
  const banked = await cyclesOn({
    ...whole,
    name: 'four-banks',
    nram: { ...whole.nram, banks: 4 },
    wram: { ...whole.wram, banks: 2 },
  });
  expect(banked).toBeLessThan(1.05 * (await cyclesOn(whole)));
});
