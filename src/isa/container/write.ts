/** Writing `.dlp` files, in chunks so that nobody needs the whole file at once. */
import { crc32, crc32Final, crc32Init, crc32Update } from '@foxglove/crc';
import { internalError } from '#base';
import { fillOf } from '../fill.ts';
import type { ConstantSegment, Program } from '../program.ts';
import {
  ALIGNMENT,
  type ConstantEntry,
  FOOTER_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  type Metadata,
  type SectionName,
  TABLE_ENTRY_BYTES,
} from './format.ts';

interface Section {
  readonly name: SectionName;
  readonly offset: number;
  bytes: number;
  /** Running checksum, not final yet. */
  crc: number;
}

/**
 * The file of a program, piece by piece. A piece is valid until the next one is asked for; the constants of the program
 * are fetched one at a time.
 */
export function* writeProgramChunks(program: Program): Generator<Uint8Array, void, void> {
  let at = 0;
  const sections: Section[] = [];
  const begin = (name: SectionName): Section => {
    const section = { name, offset: at, bytes: 0, crc: crc32Init() };
    sections.push(section);
    return section;
  };
  const put = (section: Section | undefined, chunk: Uint8Array): Uint8Array => {
    at += chunk.length;
    if (section !== undefined) {
      section.bytes += chunk.length;
      section.crc = crc32Update(section.crc, chunk);
    }
    return chunk;
  };
  const padding = (): Uint8Array => new Uint8Array((ALIGNMENT - (at % ALIGNMENT)) % ALIGNMENT);

  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  new DataView(header.buffer).setUint32(MAGIC.length, FORMAT_VERSION, true);
  yield put(undefined, header);

  const { words } = program;
  yield put(begin('CODE'), new Uint8Array(words.buffer, words.byteOffset, words.byteLength));

  yield put(undefined, padding());
  const data = begin('DATA');
  const constants: ConstantEntry[] = [];
  for (const segment of program.constants) {
    const { name, address, bytes } = segment;
    const contents = contentsOf(segment);
    const fill = fillOf(contents);
    if (fill !== undefined) {
      constants.push({ name, address, bytes, fill: hex(fill) });
      continue;
    }
    yield put(data, padding());
    constants.push({ name, address, bytes, offset: at - data.offset });
    yield put(data, contents);
  }

  yield put(undefined, padding());
  const host = begin('HOST');
  const parts: Metadata['host'] = [];
  for (const { name, onnx, inputs, outputs, cycles } of program.host) {
    parts.push({
      name,
      offset: at - host.offset,
      bytes: onnx.length,
      inputs: copy(inputs),
      outputs: copy(outputs),
      cycles,
    });
    yield put(host, onnx);
  }

  const metadata: Metadata = {
    name: program.name,
    machine: program.machine,
    ...(program.cores === undefined ? {} : { cores: program.cores }),
    dramBytes: program.dramBytes,
    constants,
    inputs: copy(program.inputs),
    outputs: copy(program.outputs),
    host: parts,
    layers: copy(program.layers),
    ...(program.layerwise === undefined ? {} : { layerwise: copyOf(program.layerwise) }),
    ...(program.compulsory === undefined ? {} : { compulsory: program.compulsory }),
    ...(program.operands === undefined ? {} : { operands: copy(program.operands) }),
  };
  yield put(begin('META'), new TextEncoder().encode(JSON.stringify(metadata)));
  yield put(undefined, padding());
  yield contents(sections, at);
}

/** Table and footer. */
function contents(sections: readonly Section[], offset: number): Uint8Array {
  const tableBytes = sections.length * TABLE_ENTRY_BYTES;
  const out = new Uint8Array(tableBytes + FOOTER_BYTES);
  const view = new DataView(out.buffer);
  for (const [i, s] of sections.entries()) {
    const entry = i * TABLE_ENTRY_BYTES;
    out.set(new TextEncoder().encode(s.name), entry);
    view.setUint32(entry + 4, crc32Final(s.crc), true);
    view.setBigUint64(entry + 8, BigInt(s.offset), true);
    view.setBigUint64(entry + 16, BigInt(s.bytes), true);
  }
  view.setBigUint64(tableBytes, BigInt(offset), true);
  view.setUint32(tableBytes + 8, sections.length, true);
  view.setUint32(tableBytes + 12, crc32(out.subarray(0, tableBytes)), true);
  out.set(MAGIC, tableBytes + 16);
  return out;
}

/** The file of a program in one piece. For programs of gigabytes use `writeProgramChunks`. */
export function writeProgram(program: Program): Uint8Array {
  const chunks = [...writeProgramChunks(program)];
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

function contentsOf(segment: ConstantSegment): Uint8Array {
  const bytes = segment.data();
  if (bytes.length === segment.bytes) return bytes;
  const what = `constant '${segment.name}' has ${bytes.length} bytes, announced were ${segment.bytes}`;
  throw internalError({ what });
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

/** The same plain data as mutable arrays, which is what the schema's type says. */
const copy = <T>(list: readonly T[]): Mutable<T>[] => list as Mutable<T>[];
const copyOf = <T>(value: T): Mutable<T> => value as Mutable<T>;
type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
