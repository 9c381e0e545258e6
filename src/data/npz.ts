/** NumPy's .npz: a zip archive of .npy files, each named after its array (NumPy, `numpy.savez`). */
import { diagnostic } from '#base';
import type { DataArray } from './array.ts';
import { joinPath } from './folder.ts';
import { entriesOf, type Named } from './named.ts';
import { readNpy, writeNpy } from './npy.ts';
import { unzip, zip } from './zip.ts';

const foreign = diagnostic<{ entry: string }>('SYS-DAT-062', 'invalid', {
  en: (p) => `'${p.entry}' in the .npz file is no array: expected names that end in .npy`,
  zh: (p) => `.npz 文件中的 '${p.entry}' 不是数组：名称应以 .npy 结尾`,
});

/**
 * The arrays by name, in the order of the file; packed or not.
 * @throws SYS-DAT-060, 061 damaged archive, SYS-DAT-062 something else in it, SYS-DAT-005 … 008 as `readNpy`
 */
export function readNpz(bytes: Uint8Array, file?: string): Map<string, DataArray> {
  const arrays = new Map<string, DataArray>();
  for (const [entry, content] of unzip(bytes, file)) {
    if (!entry.endsWith('.npy')) throw foreign({ entry }, file === undefined ? {} : { file });
    arrays.set(entry.slice(0, -4), readNpy(content, joinPath(file ?? '', entry)));
  }
  return arrays;
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
