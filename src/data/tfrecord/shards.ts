/**
 * Data sets cut into files of records named `train-00000-of-00005`, as TensorFlow names them (`tf.io.gfile` globs,
 * TensorFlow Datasets' naming): the number of the shard from 0, then how many there are, five digits or more each.
 */
import { diagnostic } from '#base';
import { type DataFolder, joinPath } from '../folder.ts';
import { gzip } from '../gzip.ts';
import { type RecordOptions, streamRecords, type TfRecord, writeRecords } from './records.ts';

const noShards = diagnostic<{ folder: string; name: string; found: string }>('SYS-DAT-046', 'invalid', {
  en: (p) => `${p.folder} holds no record files '${p.name}-00000-of-…'; found are: ${p.found || 'no record files'}`,
  zh: (p) => `${p.folder} 中没有记录文件 '${p.name}-00000-of-…'；找到的有：${p.found || '无'}`,
});

const missingShards = diagnostic<{ folder: string; missing: string; count: number; of: number }>(
  'SYS-DAT-047',
  'invalid',
  {
    en: (p) => `${p.folder} lacks ${p.count} of ${p.of} record files: ${p.missing}; fetch them, too`,
    zh: (p) => `${p.folder} 缺少 ${p.of} 个记录文件中的 ${p.count} 个：${p.missing}；请一并获取`,
  },
);

const mixedShards = diagnostic<{ folder: string; name: string; counts: string }>('SYS-DAT-048', 'invalid', {
  en: (p) =>
    `${p.folder} holds sets of '${p.name}' of different numbers of files (${p.counts}); keep one set in the folder`,
  zh: (p) => `${p.folder} 中 '${p.name}' 的文件总数不一致（${p.counts}）；文件夹中请只保留一组`,
});

const badCount = diagnostic<{ found: number }>('SYS-DAT-049', 'usage', {
  en: (p) => `a set cannot have ${p.found} files; expected a whole number of at least 1`,
  zh: (p) => `文件数不能为 ${p.found}；应为不小于 1 的整数`,
});

/** `train-00000-of-00005`. */
export const shardName = (name: string, index: number, count: number): string =>
  `${name}-${String(index).padStart(5, '0')}-of-${String(count).padStart(5, '0')}`;

const SHARD = /^(.*)-(\d{5,})-of-(\d{5,})(\.[^/]*)?$/;

/**
 * The file names of a set, in order; all must be there. An ending behind the numbers (`.gz`) belongs to the name.
 * @param name what stands before `-00000-of-`, `train` for instance
 * @throws SYS-DAT-046 no such set, SYS-DAT-047 files are missing (each named), SYS-DAT-048 two sets in one folder
 */
export async function shardsOf(folder: DataFolder, name: string): Promise<readonly string[]> {
  const parsed = (await folder.list()).flatMap((entry) => {
    const match = SHARD.exec(entry.name);
    return match === null || entry.kind !== 'file'
      ? []
      : [
          {
            file: entry.name,
            set: match[1]!,
            index: Number(match[2]),
            count: Number(match[3]),
            ending: match[4] ?? '',
          },
        ];
  });
  const ours = parsed.filter((shard) => shard.set === name);
  if (ours.length === 0) {
    const found = [...new Set(parsed.map((shard) => shard.set))].join(', ');
    throw noShards({ folder: folder.name, name, found });
  }
  const counts = new Set(ours.map((shard) => `${shard.count}${shard.ending}`));
  const { count, ending } = ours[0]!;
  if (counts.size > 1) throw mixedShards({ folder: folder.name, name, counts: [...counts].join(', ') });
  const byIndex = new Map(ours.map((shard) => [shard.index, shard.file]));
  const lacking: number[] = [];
  for (let i = 0; i < count; i++) if (!byIndex.has(i)) lacking.push(i);
  if (lacking.length > 0) {
    const names = lacking.slice(0, 5).map((i) => shardName(name, i, count) + ending);
    const more = lacking.length > names.length ? ', …' : '';
    throw missingShards({ folder: folder.name, missing: names.join(', ') + more, count: lacking.length, of: count });
  }
  return Array.from({ length: count }, (_, i) => byIndex.get(i)!);
}

/**
 * The records of a set, file by file, without holding a file.
 * @throws as `shardsOf` before the first record, as `streamRecords` with the file's name behind it
 */
export async function* readShards(
  folder: DataFolder,
  name: string,
  options: Omit<RecordOptions, 'file'> = {},
): AsyncGenerator<TfRecord & { readonly file: string }> {
  for (const file of await shardsOf(folder, name)) {
    const records = streamRecords(folder.stream(file), { ...options, file: joinPath(folder.name, file) });
    for await (const record of records) yield { ...record, file };
  }
}

/**
 * Writes records as a set of files, the i-th record into file i mod `count`, so that all are about as long. All records are in memory at once.
 * @returns the files' names
 * @throws SYS-DAT-049 no such number of files
 */
export async function writeShards(
  folder: DataFolder,
  name: string,
  count: number,
  records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: { readonly compression?: 'none' | 'gzip' } = {},
): Promise<readonly string[]> {
  if (!Number.isInteger(count) || count < 1) throw badCount({ found: count });
  const parts = Array.from({ length: count }, (): Uint8Array[] => []);
  let i = 0;
  for await (const record of records) parts[i++ % count]!.push(record);
  const packed = options.compression === 'gzip';
  const names = parts.map((_, index) => shardName(name, index, count) + (packed ? '.gz' : ''));
  for (const [index, file] of names.entries()) {
    const bytes = writeRecords(parts[index]!);
    await folder.write(file, packed ? await gzip(bytes) : bytes);
  }
  return names;
}
