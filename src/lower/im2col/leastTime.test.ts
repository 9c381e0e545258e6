/** What im2col takes at least is no more than what is predicted of it, whatever the convolution, the machine and the way it is cut. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel } from '#flow';
import { presets } from '#machine';
import { floatConvolution, integerConvolution } from '../../../test/support/convolutionWays.ts';
import { MACHINES } from '../../../test/support/machines.ts';
import type { Schedule } from '../planner.ts';
import { cyclesOf, searchTiling } from '../tileSearch.ts';
import { leastOfUnfolded } from './leastTime.ts';

test('a bound', async () => {
  const engine = await sharedEngine();
  const machines = [...presets.values(), ...MACHINES];
  let held = 0;
  for (let seed = 0; seed < 24; seed++) {
    const model = (seed % 2 === 0 ? floatConvolution : integerConvolution)(seed);
    const machine = machines[(5 * seed) % machines.length]!;
    const schedule: Schedule = (k, m, buffers) => {
      const tiling = searchTiling(k, m, buffers);
      if (k.unfold === undefined || tiling === undefined) return tiling;
      const least = leastOfUnfolded(k, m);
      expect(least, `seed ${seed} on ${m.name}`).toBeLessThanOrEqual(cyclesOf(k, tiling, m));
      if (least > 0) held++;
      return tiling;
    };
    await compileModel(model, { machine, engine, schedule, convolution: 'im2col' });
  }
  expect(held).toBeGreaterThan(20);
});
