/**
 * Every network in every type on every kind of machine, with data: integers equal to the host's, floats within the check's limit, and all of
 * it on the processor.
 *
 * Small networks run in all combinations. Of middle ones four images run on one machine for each type. Large ones take tens of seconds a run (VGG19 is 20
 * thousand million multiply-accumulates): in each type they run on the ideal machine and on one other, and four images in one type on one
 * machine. What is left out is drawn by a seed, so that another seed runs other combinations.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { EVERY_MACHINE, floatNetwork, inType, ofFiles, runOn, TYPES, type Type, type Typed } from './everyType.ts';
import { dataPresent } from './networks.ts';

const SEED = 1;

const SMALL = ['lenet5', 'mnist-8', 'lstm', 'vit-small', 'transformer', 'squeezenet', 'light squeezenet'];
const MIDDLE = ['mobilenet-v2', 'ultraface', 'resnet18', 'alexnet', 'alexnet-paper', 'light alexnet'];
const LARGE = ['densenet121', 'resnet50', 'light resnet50', 'resnet152', 'vgg19', 'light vgg19', 'vit-b-16'];

const [IDEAL, ...OTHERS] = EVERY_MACHINE;

interface Run {
  readonly batch: number;
  readonly machines: typeof EVERY_MACHINE;
}

/** What is run of a network in a type. */
function runsOf(name: string, type: Type): readonly Run[] {
  if (SMALL.includes(name)) return [1, 4].map((batch) => ({ batch, machines: EVERY_MACHINE }));
  const random = new Random(SEED + 1000 * [...MIDDLE, ...LARGE].indexOf(name));
  const of4 = TYPES.map(() => random.pick(EVERY_MACHINE));
  const chosen = TYPES.map(() => random.pick(OTHERS));
  const i = TYPES.indexOf(type);
  if (MIDDLE.includes(name)) {
    return [
      { batch: 1, machines: EVERY_MACHINE },
      { batch: 4, machines: [of4[i]!] },
    ];
  }
  return [
    { batch: 1, machines: [IDEAL!, chosen[i]!] },
    ...(random.pick(TYPES) === type ? [{ batch: 4, machines: [of4[i]!] }] : []),
  ];
}

/** Integers all the way: every result is that of the host, bit for bit. The others have islands of floats between their integers. */
const WITH_FLOATS = new Set([
  'lstm',
  'vit-small',
  'transformer',
  'vit-b-16',
  'ultraface',
  'light alexnet',
  'alexnet-paper',
]);

/** The only host nodes: rows that tokens choose, since addresses do not depend on data. */
const ON_HOST: Readonly<Record<string, string>> = { transformer: 'Gather' };

describe.each([...SMALL, ...MIDDLE, ...LARGE])('%s', (name) => {
  test.skipIf(ofFiles.has(name) && !dataPresent).each(TYPES)(
    '%s',
    async (type) => {
      const wrong: string[] = [];
      for (const { batch, machines } of runsOf(name, type)) {
        const typed: Typed = await inType(await floatNetwork(name, batch), type);
        for (const machine of machines) {
          const verdict = await runOn(typed, machine);
          const where = `batch ${batch} on ${machine.name}`;
          if (!verdict.ok) wrong.push(`${where}: ${verdict.maxAbs}, relative ${verdict.maxRel}`);
          if ((type === 'i8' || type === 'u8') && verdict.maxAbs !== 0 && !WITH_FLOATS.has(name))
            wrong.push(`${where}: not the host's integers, ${verdict.maxAbs}`);
          const host = verdict.host.filter((reason) => !reason.startsWith(`${ON_HOST[name]}:`));
          wrong.push(...host.map((reason) => `${where}: ${reason}`));
        }
      }
      expect(wrong).toEqual([]);
    },
    1_200_000,
  );
});
