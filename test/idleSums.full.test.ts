/** Where the cycles went adds up for every unit, of every network on each of the machines. */
import { expect, test } from 'vitest';
import { models } from '#models';
import { idleFaultsOf, SUMMED_ON } from './support/idleSums.ts';

test.each([...models.keys()].flatMap((name) => SUMMED_ON.map((on) => [name, on] as const)))(
  '%s on %s: busy and causes add up',
  async (name, on) => {
    expect(await idleFaultsOf(name, on)).toEqual([]);
  },
);
