/** .npz: round trips, damage, and NumPy itself on the other side. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrayOf, elementsOf, readNpz, writeNpy, writeNpz } from '#data';
import { errorOf } from '../../test/support/errorText.ts';
import { zip } from './zip.ts';

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

test('an array that cannot be read is named, and the others are read by name', () => {
  const text = npyOfText();
  const mixed = zip(
    new Map([
      ['w.npy', writeNpy(arrayOf(Float32Array.of(1, 2), [2]))],
      ['names.npy', text],
    ]),
    false,
  );
  const error = errorOf(() => readNpz(mixed, 'mixed.npz'));
  expect(error).toMatchObject({ code: 'SYS-DAT-007', place: { file: 'mixed.npz/names.npy' } });
  expect((error as Error).message).toMatch(
    /^array 'names' of the \.npz file holds elements of type '<U3'.*\{ names \}/,
  );
  const read = readNpz(mixed, 'mixed.npz', { names: ['w'] });
  expect([...read.keys()]).toEqual(['w']);
  expect(errorOf(() => readNpz(mixed, 'mixed.npz', { names: ['name'] }))).toMatchObject({
    code: 'SYS-DAT-095',
    message: expect.stringContaining("did you mean 'names'? Its arrays: w, names"),
  });
});

/** What `numpy.save` writes for an array of text: `descr` '<U3'. */
function npyOfText(): Uint8Array {
  const bytes = writeNpy(arrayOf(new Int32Array(3), [3]));
  const at = new TextDecoder('latin1').decode(bytes).indexOf('<i4');
  bytes.set(new TextEncoder().encode('<U3'), at);
  return bytes;
}

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
