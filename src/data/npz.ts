/** NumPy's .npz: a zip archive of .npy files, each named after its array (NumPy, `numpy.savez`). */
import { diagnostic, nearestName } from '#base';
import type { DataArray } from './array.ts';
import { joinPath } from './folder.ts';
import { entriesOf, type Named } from './named.ts';
import { readNpy, writeNpy } from './npy.ts';
import { unzip, zip } from './zip.ts';

const foreign = diagnostic<{ entry: string }>('SYS-DAT-062', 'invalid', {
  en: (p) => `'${p.entry}' in the .npz file is no array: expected names that end in .npy`,
  zh: (p) => `.npz 文件中的 '${p.entry}' 不是数组：名称应以 .npy 结尾`,
});

const noArray = diagnostic<{ name: string; known: string; nearest: string | undefined }>('SYS-DAT-095', 'usage', {
  en: (p) =>
    `the .npz file has no array '${p.name}'${p.nearest ? `; did you mean '${p.nearest}'?` : ''} Its arrays: ${p.known || 'none'}`,
  zh: (p) =>
    `.npz 文件中没有数组 '${p.name}'${p.nearest ? `；是否指 '${p.nearest}'？` : ''}其中的数组：${p.known || '无'}`,
});

export interface NpzOptions {
  /** The arrays that are read, by name; all by default. The others may be of types that cannot be read. */
  readonly names?: readonly string[];
}

/**
 * The arrays by name, in the order of the file; packed or not. What is wrong with one of them is told with its entry's name, and the
 * others can be read by `names`.
 * @throws SYS-DAT-060, 061 damaged archive, SYS-DAT-062 something else in it, SYS-DAT-095 no array of that name, SYS-DAT-005 … 008
 *   as `readNpy`
 */
export function readNpz(bytes: Uint8Array, file?: string, options: NpzOptions = {}): Map<string, DataArray> {
  const contents = new Map<string, Uint8Array>();
  for (const [entry, content] of unzip(bytes, file)) {
    if (!entry.endsWith('.npy')) throw foreign({ entry }, file === undefined ? {} : { file });
    contents.set(entry.slice(0, -4), content);
  }
  const known = [...contents.keys()];
  for (const name of options.names ?? []) {
    if (contents.has(name)) continue;
    const found = { name, known: known.join(', '), nearest: nearestName(name, known) };
    throw noArray(found, file === undefined ? {} : { file });
  }
  const wanted = known.filter((name) => options.names?.includes(name) ?? true);
  return new Map(wanted.map((name) => [name, readNpy(contents.get(name)!, joinPath(file ?? '', `${name}.npy`), name)]));
}

/**
 * Writes arrays as .npz: stored as they are, as `numpy.savez` does, or packed, as `numpy.savez_compressed` does.
 * @throws SYS-DAT-007 NumPy has no such type (bfloat16), SYS-DAT-008 dimensions and bytes differ
 */
export function writeNpz(
  arrays: Named<DataArray>,
  options: { readonly compress?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  return zip(
    new Map(entriesOf(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)])),
    options.compress ?? false,
  );
}
