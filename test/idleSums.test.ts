/**
 * Where the cycles went adds up for every unit: on the networks of `models/`, each on one of the machines, and on random programs, whose
 * other causes `clocked.test.ts` counts cycle by cycle. Every network on every machine, those that take longest among them, is in the full tier.
 */
import { expect, test } from 'vitest';
import { models } from '#models';
import { idleFaults, idleFaultsOf, SUMMED_ON } from './support/idleSums.ts';
import { randomProgram } from './support/randomPrograms.ts';

const PROGRAMS = 1000;

const LONGEST = ['alexnet-paper', 'vgg16', 'vgg19', 'resnet101', 'resnet152'];

test.each(
  [...models.keys()]
    .filter((name) => !LONGEST.includes(name))
    .map((name, i) => [name, SUMMED_ON[i % SUMMED_ON.length]!] as const),
)('%s on %s: busy and causes add up', async (name, on) => {
  expect(await idleFaultsOf(name, on)).toEqual([]);
});

test(`${PROGRAMS} random programs: busy and causes add up`, () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const { program, text } = randomProgram(7_000_000 + seed);
    expect(idleFaults(program), `seed ${seed}\n${text}`).toEqual([]);
  }
});
