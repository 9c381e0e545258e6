/** What searches found is shared among machines that differ only in what a search does not look at. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel } from '#flow';
import { type Machine, presets } from '#machine';
import { floatConvolution, integerConvolution } from '../../test/support/convolutionWays.ts';
import { MACHINES } from '../../test/support/machines.ts';
import { unseenBy } from './contractionKey.ts';
import { decided, lookedForQuickly, withNram } from './decisions.ts';
import { planWindow, type WindowKernel } from './kernels/window.ts';
import type { Schedule } from './planner.ts';
import { cyclesOf, rankTilings } from './tileSearch.ts';
import type { View } from './views.ts';

/** Reading anything of the parts throws. */
const blindTo = (machine: Machine, parts: readonly (keyof Machine)[]): Machine =>
  Object.fromEntries(Object.entries(machine).filter(([part]) => !parts.includes(part as keyof Machine))) as never;

test('contractions with which the vector unit has nothing to do are searched for without a look at it', async () => {
  const engine = await sharedEngine();
  const machines = [...presets.values(), ...MACHINES];
  let searched = 0;
  for (let seed = 0; seed < 16; seed++) {
    const model = (seed % 2 === 0 ? floatConvolution : integerConvolution)(seed);
    const machine = machines[(5 * seed) % machines.length]!;
    const blind = blindTo(machine, ['vector']);
    const schedule: Schedule = (k, m, buffers) => {
      const tiling = rankTilings(k, m, buffers)[0]?.tiling;
      if (unseenBy(k) === undefined || m !== machine) return tiling;
      searched++;
      expect(rankTilings(k, blind, buffers)[0]?.tiling).toEqual(tiling);
      if (tiling !== undefined) expect(cyclesOf(k, tiling, blind)).toBe(cyclesOf(k, tiling, { ...machine }));
      return tiling;
    };
    await compileModel(model, { machine, engine, schedule, convolution: 'auto' });
  }
  expect(searched).toBeGreaterThan(10);
});

test('windows are searched for without a look at the matrix unit', () => {
  const machine = presets.get('textbook-single')!;
  const view = (dims: readonly number[]): View => {
    const [, c, y, x] = dims as [number, number, number, number];
    const buffer = { name: 'v', bytes: 4 * c * y * x, address: 0, first: 0, last: 1, pinned: false };
    return { buffer, offset: 0, dtype: 'float32', dims, strides: [4 * c * y * x, 4, 4 * c * x, 4 * c] };
  };
  const along = { total: 27, scale: 2, kernel: 3, dilation: 1, pad: 0 };
  const input = view([1, 96, 55, 55]);
  const output = view([1, 96, 27, 27]);
  const pool: WindowKernel = { input, output, y: along, x: along, reduce: 'max', fill: 0, after: [] };
  const sizesOf = (m: Machine) => planWindow(pool, m)?.loops;
  const blind = blindTo(machine, ['matrix', 'wram']);
  // The blind one first, so that it finds nothing that another has left for it.
  const found = sizesOf(blind);
  expect(found).toBeDefined();
  expect(sizesOf({ ...machine, name: 'other', dma: { ...machine.dma, setupCycles: machine.dma.setupCycles } })).toEqual(
    found,
  );
});

test('machines share what was found where they differ in nothing that was looked at, and only there', () => {
  const machine = presets.get('textbook-single')!;
  const faster = { ...machine, vector: { ...machine.vector, lanes: 2 * machine.vector.lanes } };
  const smaller = { ...machine, nram: { ...machine.nram, bytes: machine.nram.bytes / 2 } };
  const asked: string[] = [];
  const search = (m: Machine, name: string, unseen?: readonly (keyof Machine)[]): unknown =>
    decided(m, 'key', () => asked.push(name) && name, { unseen });
  expect(search({ ...machine }, 'all')).toBe('all');
  expect(search({ ...machine }, 'another, which sees all')).toBe('another, which sees all');
  expect(search(machine, 'a', ['vector'])).toBe('a');
  expect(search(faster, 'b', ['vector'])).toBe('a');
  expect(search({ ...machine, name: 'called otherwise' }, 'c', ['vector'])).toBe('a');
  expect(search(lookedForQuickly(machine), 'quick', ['vector'])).toBe('quick');
  expect(search(smaller, 'small', ['vector'])).toBe('small');
  // What is left of a large one is as good as a small one.
  expect(search(withNram(faster, smaller.nram.bytes), 'd', ['vector'])).toBe('small');
  expect(asked).toEqual(['all', 'another, which sees all', 'a', 'quick', 'small']);
});
