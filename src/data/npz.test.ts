/** .npz: round trips, damage, and NumPy itself on the other side. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrayOf, elementsOf, readNpz, writeNpz } from '#data';
import { errorOf } from '../../test/support/errorText.ts';

const arrays = { weights: arrayOf(Float32Array.of(1, 2, 3, 4), [2, 2]), 'layer/b': arrayOf(BigInt64Array.of(-5n), []) };
const plain = (map: ReturnType<typeof readNpz>) =>
  Object.fromEntries([...map].map(([k, a]) => [k, [a.dims, [...elementsOf(a)]]]));
const expected = {
  weights: [
    [2, 2],
    [1, 2, 3, 4],
  ],
  'layer/b': [[], [-5n]],
};

test.each([false, true])('what is written is read back, packed: %s', (compress) => {
  const file = writeNpz(arrays, { compress });
  expect(plain(readNpz(file))).toEqual(expected);
  expect(writeNpz(arrays, { compress })).toEqual(file);
  expect(plain(readNpz(writeNpz({})))).toEqual({});
});

test('damage is found in what is stored and in what is packed', () => {
  for (const compress of [false, true]) {
    const file = writeNpz({ a: arrayOf(new Uint8Array(300).fill(3), [300]) }, { compress });
    const at = compress ? 60 : 250;
    file[at]! ^= 1;
    expect(['SYS-DAT-060', 'SYS-DAT-061']).toContain(errorOf(() => readNpz(file, 'a.npz')).code);
    expect(errorOf(() => readNpz(file.subarray(0, file.length - 30)))).toMatchObject({ code: 'SYS-DAT-060' });
  }
  expect(errorOf(() => readNpz(new Uint8Array(5)))).toMatchObject({ code: 'SYS-DAT-060' });
  const bfloat = { a: arrayOf(Uint16Array.of(1), [1], 'bfloat16') };
  expect(errorOf(() => writeNpz(bfloat))).toMatchObject({ code: 'SYS-DAT-007' });
});

test('no bytes end in anything but arrays or a coded error', () => {
  const good = [writeNpz(arrays), writeNpz(arrays, { compress: true })];
  fc.assert(
    fc.property(fc.constantFrom(...good), fc.nat(), fc.nat(255), fc.boolean(), (file, place, value, cut) => {
      const at = place % file.length;
      const bad = cut ? file.slice(0, at) : file.with(at, value);
      try {
        readNpz(bad);
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^SYS-DAT-0(0[5-8]|6[0-2])$/);
      }
    }),
    { numRuns: 2000 },
  );
});

const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
test.skipIf(!hasNumpy)('NumPy reads ours and we read its (skipped where python3 has no numpy)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-'));
  try {
    writeFileSync(join(folder, 'ours.npz'), writeNpz(arrays, { compress: true }));
    const script = `
import numpy as np
ours = np.load('ours.npz')
assert ours['weights'].tolist() == [[1, 2], [3, 4]] and ours['layer/b'] == -5
np.savez('stored.npz', weights=ours['weights'], **{'layer/b': ours['layer/b']})
np.savez_compressed('packed.npz', weights=np.asfortranarray(ours['weights']), **{'layer/b': ours['layer/b']})
`;
    const { status, stderr } = spawnSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    for (const name of ['stored.npz', 'packed.npz']) {
      expect(plain(readNpz(readFileSync(join(folder, name))))).toEqual(expected);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
