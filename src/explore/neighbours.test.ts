/** Designs in families. */
import { expect, test } from 'vitest';
import { resolveMachine } from '#machine';
import { familyOf, inFamilies } from './neighbours.ts';
import { spaceOf, valuesAt } from './space.ts';
import { parseSpace } from './spaceFile.ts';

test('every design comes once, families whole, and those before each other that searches see least of', async () => {
  const text = `models: lenet5
machine: textbook-single
vary:
  vector.lanes: [16, 32]
  dram.bandwidth: [8, 16]
  energy.mac: [1.0e-12, 2.0e-12]
  wram.bytes: [8192, 16384]
objectives: [time, area]
`;
  const space = await spaceOf(parseSpace(text, 'space.yaml'), {
    machine: resolveMachine,
    model: async (network) => ({ network }),
  });
  const all = [...inFamilies(space)];
  expect(new Set(all.map((g) => g.join())).size).toBe(space.size);
  const families = all.map((g) => familyOf(space, g));
  expect(new Set(families).size).toBe(4);
  const changes = families.filter((family, i) => i > 0 && family !== families[i - 1]).length;
  expect(changes).toBe(3);
  const first = all.slice(0, 5).map((g) => {
    const { 'vector.lanes': lanes, 'energy.mac': mac, 'wram.bytes': wram } = valuesAt(space, g);
    return [mac, lanes, wram];
  });
  expect(first).toEqual([
    [1e-12, 16, 8192],
    [2e-12, 16, 8192],
    [1e-12, 32, 8192],
    [2e-12, 32, 8192],
    [1e-12, 16, 16384],
  ]);
});
