/**
 * Reading `.dlp` files. Nothing in the file is trusted: checksums, then the schema, then every range against what it must
 * lie in. Constants and host models are views of the given bytes, not copies.
 */
import { crc32 } from '@foxglove/crc';
import type { Place } from '#base';
import { capacityErrors } from '#machine';
import { repeat } from '../fill.ts';
import { type Program, slotExtent } from '../program.ts';
import { badMetadata, badSection, beyondDram, damaged, newerVersion, notProgram, truncated } from './errors.ts';
import {
  FOOTER_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  type Metadata,
  metadataSchema,
  SECTIONS,
  type SectionName,
  TABLE_ENTRY_BYTES,
} from './format.ts';

/** Whether bytes begin as a `.dlp` file does, whatever comes after. */
export const isProgram = (bytes: Uint8Array): boolean => MAGIC.every((b, i) => bytes[i] === b);

/**
 * The program of a `.dlp` file.
 * @param file name for messages
 * @throws SYS-DLP-… where the file is foreign, cut off, damaged, from another version or inconsistent
 */
export function readProgram(bytes: Uint8Array, file?: string): Program {
  const place: Place = file === undefined ? {} : { file };
  const sections = readSections(bytes, place);
  const section = (name: SectionName): Uint8Array => sections.get(name)!;
  const metadata = parseMetadata(section('META'), place);
  const words = wordsOf(section('CODE'), place);
  checkRanges(metadata, words.length, section('DATA').length, section('HOST').length, place);
  const data = section('DATA');
  const host = section('HOST');
  return {
    name: metadata.name,
    machine: metadata.machine,
    ...(metadata.cores === undefined ? {} : { cores: metadata.cores }),
    words,
    dramBytes: metadata.dramBytes,
    constants: metadata.constants.map((c) => {
      const { name, address, bytes: length } = c;
      if ('offset' in c)
        return { name, address, bytes: length, data: () => data.subarray(c.offset, c.offset + length) };
      const pattern = Uint8Array.from(c.fill.match(/../g)!, (pair) => Number.parseInt(pair, 16));
      return { name, address, bytes: length, data: () => repeat(pattern, length) };
    }),
    inputs: metadata.inputs,
    outputs: metadata.outputs,
    host: metadata.host.map(({ name, offset, bytes: length, inputs, outputs, cycles }) => ({
      name,
      onnx: host.subarray(offset, offset + length),
      inputs,
      outputs,
      cycles,
    })),
    layers: metadata.layers,
    ...(metadata.layerwise === undefined ? {} : { layerwise: metadata.layerwise }),
    ...(metadata.compulsory === undefined ? {} : { compulsory: metadata.compulsory }),
    ...(metadata.operands === undefined ? {} : { operands: metadata.operands }),
  };
}

/** The bytes of all sections, after their checksums. */
function readSections(bytes: Uint8Array, place: Place): Map<SectionName, Uint8Array> {
  const foreign = MAGIC.some((b, i) => i < bytes.length && bytes[i] !== b);
  if (bytes.length === 0 || foreign) {
    const start = Array.from(bytes.subarray(0, 8));
    const isText = start.every((b) => b === 9 || b === 10 || b === 13 || (b >= 32 && b < 127));
    const found = isText
      ? JSON.stringify(String.fromCharCode(...start))
      : `bytes ${start.map((b) => b.toString(16).padStart(2, '0')).join(' ')}`;
    throw notProgram({ found, guess: bytes.length === 0 ? 'empty' : isText ? 'text' : 'other' }, place);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= MAGIC.length + 4) {
    const version = view.getUint32(MAGIC.length, true);
    if (version !== FORMAT_VERSION) throw newerVersion({ found: version, known: FORMAT_VERSION }, place);
  }
  const footer = bytes.length - FOOTER_BYTES;
  if (footer < HEADER_BYTES || MAGIC.some((b, i) => bytes[footer + 16 + i] !== b)) {
    throw truncated({ bytes: bytes.length }, place);
  }
  const table = Number(view.getBigUint64(footer, true));
  const entries = view.getUint32(footer + 8, true);
  if (table + entries * TABLE_ENTRY_BYTES !== footer) throw badSection({ section: 'table', why: 'outside' }, place);
  checkSum('table', bytes.subarray(table, footer), view.getUint32(footer + 12, true), place);

  const sections = new Map<SectionName, Uint8Array>();
  for (let at = table; at < footer; at += TABLE_ENTRY_BYTES) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 4)) as SectionName;
    const offset = Number(view.getBigUint64(at + 8, true));
    const length = Number(view.getBigUint64(at + 16, true));
    if (offset < HEADER_BYTES || offset + length > table) throw badSection({ section: name, why: 'outside' }, place);
    const section = bytes.subarray(offset, offset + length);
    checkSum(name, section, view.getUint32(at + 4, true), place);
    sections.set(name, section);
  }
  for (const name of SECTIONS) if (!sections.has(name)) throw badSection({ section: name, why: 'missing' }, place);
  return sections;
}

function checkSum(section: string, bytes: Uint8Array, expected: number, place: Place): void {
  const found = crc32(bytes);
  const text = (crc: number): string => crc.toString(16).padStart(8, '0');
  if (found !== expected) throw damaged({ section, found: text(found), expected: text(expected) }, place);
}

function parseMetadata(bytes: Uint8Array, place: Place): Metadata {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw badMetadata({ path: 'its text', problem: error instanceof Error ? error.message : String(error) }, place);
  }
  const parsed = metadataSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw badMetadata({ path: issue.path.join('.') || 'its root', problem: issue.message }, place);
}

/** In place where the section is aligned. All hosts of JavaScript in use are little-endian, as the file is. */
function wordsOf(section: Uint8Array, place: Place): BigUint64Array {
  if (section.length % 8 !== 0) throw badSection({ section: 'CODE', why: 'ragged' }, place);
  const aligned = section.byteOffset % 8 === 0 ? section : section.slice();
  return new BigUint64Array(aligned.buffer, aligned.byteOffset, aligned.length / 8);
}

function checkRanges(m: Metadata, words: number, dataBytes: number, hostBytes: number, place: Place): void {
  const wrong = (path: string, problem: string) => badMetadata({ path, problem }, place);
  const dram = m.dramBytes;
  const [machine] = capacityErrors(m.machine, () => ({}));
  if (machine !== undefined) throw wrong('machine', machine.text('en').replace(/\.$/, ''));
  if (dram > m.machine.dram.bytes) {
    throw wrong('dramBytes', `${dram} bytes, the machine has ${m.machine.dram.bytes}`);
  }
  for (const [i, c] of m.constants.entries()) {
    const to = c.address + c.bytes;
    if (to > dram) throw beyondDram({ what: `constant '${c.name}'`, from: c.address, to, dram }, place);
    if ('offset' in c && c.offset + c.bytes > dataBytes) throw wrong(`constants.${i}`, 'lies outside of DATA');
  }
  const groups = [m.inputs, m.outputs, ...m.host.flatMap((h) => [h.inputs, h.outputs])];
  for (const s of groups.flat()) {
    if (s.strides.length !== s.dims.length) {
      throw wrong(`tensor '${s.name}'`, `${s.dims.length} dimensions, ${s.strides.length} strides`);
    }
    const { from, to } = slotExtent(s);
    if (from < 0 || to > dram) throw beyondDram({ what: `tensor '${s.name}'`, from, to, dram }, place);
  }
  for (const [i, h] of m.host.entries()) {
    if (h.offset + h.bytes > hostBytes) throw wrong(`host.${i}`, 'lies outside of HOST');
  }
  for (const [i, o] of (m.operands ?? []).entries()) {
    if (o.instruction >= words) throw wrong(`operands.${i}`, `of instruction ${o.instruction} of ${words}`);
  }
  for (const [i, l] of m.layers.entries()) {
    if (l.from > l.to || l.to > words) throw wrong(`layers.${i}`, `instructions ${l.from} to ${l.to} of ${words}`);
  }
}
