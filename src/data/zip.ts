/**
 * Zip archives as .npz files use them, by `fflate`; the checksums of the files inside, which it does not look at, are
 * verified here (PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", sections 4.3.12 and 4.3.16).
 */
import { crc32 } from '@foxglove/crc';
import { strFromU8, unzipSync, type Zippable, zipSync } from 'fflate';
import { diagnostic, type Place } from '#base';

const badZip = diagnostic<{ reason: string }>('SYS-DAT-060', 'invalid', {
  en: (p) => `the zip archive is damaged or cut short: ${p.reason}; fetch the file again`,
  zh: (p) => `zip 归档已损坏或被截断：${p.reason}；请重新获取该文件`,
});

const badEntry = diagnostic<{ entry: string; found: string; expected: string }>('SYS-DAT-061', 'invalid', {
  en: (p) =>
    `'${p.entry}' in the zip archive is damaged: its checksum is ${p.found}, stored is ${p.expected}; fetch the file again`,
  zh: (p) => `zip 归档中的 '${p.entry}' 已损坏：校验和为 ${p.found}，存储的为 ${p.expected}；请重新获取该文件`,
});

/**
 * The files of an archive, in its order.
 * @throws SYS-DAT-060 no archive, or cut short; SYS-DAT-061 a file in it is damaged
 */
export function unzip(bytes: Uint8Array, file?: string): Map<string, Uint8Array> {
  const place: Place = file === undefined ? {} : { file };
  let files: Record<string, Uint8Array>;
  let sums: Map<string, number>;
  try {
    files = unzipSync(bytes);
    sums = checksums(bytes);
  } catch (error) {
    throw badZip({ reason: error instanceof Error ? error.message : String(error) }, place);
  }
  const out = new Map<string, Uint8Array>();
  for (const [entry, expected] of sums) {
    const content = files[entry];
    if (content === undefined) throw badZip({ reason: entry }, place);
    const found = crc32(content);
    const word = (n: number): string => n.toString(16).padStart(8, '0');
    if (found !== expected) throw badEntry({ entry, found: word(found), expected: word(expected) }, place);
    out.set(entry, content);
  }
  return out;
}

/** The CRC-32 of each file, from the central directory. */
function checksums(bytes: Uint8Array): Map<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The end of the central directory has 22 bytes and a comment of up to 65535.
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== 0x06054b50) end--;
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (at === 0xffffffff || count === 0xffff) {
    // Zip64: a locator of 20 bytes stands before it.
    const wide = Number(view.getBigUint64(end - 12, true));
    count = Number(view.getBigUint64(wide + 32, true));
    at = Number(view.getBigUint64(wide + 48, true));
  }
  const sums = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const name = view.getUint16(at + 28, true);
    // Bit 11: the name is UTF-8; else its author did not say, and Latin-1 is taken.
    const text = strFromU8(bytes.subarray(at + 46, at + 46 + name), (view.getUint16(at + 8, true) & 0x800) === 0);
    sums.set(text, view.getUint32(at + 16, true));
    at += 46 + name + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return sums;
}

/** An archive of files in the order given; the same files are the same bytes (their time is the format's first). */
export function zip(files: ReadonlyMap<string, Uint8Array>, compress: boolean): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const [name, content] of files)
    entries[name] = [content, { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) }];
  return zipSync(entries);
}
