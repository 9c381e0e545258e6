/** Operands beside the result: A and B share no byte with C, or A is C, or B is C, element for element (in place). */
import { diagnostic, type Place } from '#base';
import { ELEMENT_BYTES, secondType, winogradSides } from '#isa';
import { filtersOf, type Machine } from '#machine';
import { SIZE, STRIDE } from '#timing';
import type { DataEntry, MmaEntry, MmaSparseEntry, VecEntry, WinogradEntry } from '../entries.ts';
import { address, indices, offset } from './walk.ts';

const overlapping = diagnostic<{ operand: string; address: number }>('SYS-SIM-080', 'invalid', {
  en: (p) =>
    `operand ${p.operand} and C share NRAM address ${p.address}: they may only in a vec, with the same address, strides and size of ` +
    'elements, and where each element of C stands apart. Take another address, or strides that keep the elements apart.',
  zh: (p) =>
    `操作数 ${p.operand} 与 C 共用 NRAM 地址 ${p.address}：仅当指令为 vec、地址、步长与元素大小都相同、且 C 的各元素互不重叠时才允许。` +
    '请改用其他地址，或使元素互不重叠的步长。',
});

/** Addresses of an operand's elements, in index order, and their bytes each. */
type Elements = readonly [addresses: readonly number[], bytes: number];

/** @throws SYS-SIM-080 an operand that shares bytes with the result and is not in place */
export function refuseOverlap(entry: DataEntry, machine: Machine, place: () => Place): void {
  if (entry.kind === 'mma' || entry.kind === 'mmaSparse') {
    const results = mmaResults(entry, filtersOf(machine.matrix, entry.type));
    refuseShared([mmaNeurons(entry), ELEMENT_BYTES[entry.type]], [results, ELEMENT_BYTES[entry.result]], place);
  }
  if (entry.kind === 'winograd' && entry.from === entry.to) {
    refuseShared([winogradAddresses(entry, 'a'), 4], [winogradAddresses(entry, 'c'), 4], place);
  }
  if (entry.kind !== 'vec') return;
  const results: Elements = [vecAddresses(entry, 'c'), ELEMENT_BYTES[entry.result]];
  const written = new Set(bytesOf(results));
  const operands: ['A' | 'B', Elements][] = [['A', [vecAddresses(entry, 'a'), ELEMENT_BYTES[entry.type]]]];
  if (entry.bMode === 'record') {
    operands.push(['B', [vecAddresses(entry, 'b'), ELEMENT_BYTES[secondType(entry.function, entry.type)]]]);
  }
  for (const [operand, elements] of operands) {
    const shared = bytesOf(elements).find((byte) => written.has(byte));
    if (shared === undefined) continue;
    const [addresses, bytes] = elements;
    const same = bytes === results[1] && addresses.every((at, i) => at === results[0][i]);
    const isApart = written.size === bytes * addresses.length;
    if (!same || !isApart) throw overlapping({ operand, address: shared }, place());
  }
}

/** Operands and results of a product or a transform share no byte. */
function refuseShared(operands: Elements, results: Elements, place: () => Place): void {
  const written = new Set(bytesOf(results));
  if (written.size === 0) return;
  const shared = bytesOf(operands).find((byte) => written.has(byte));
  if (shared !== undefined) throw overlapping({ operand: 'A', address: shared }, place());
}

function winogradAddresses(e: WinogradEntry, operand: 'a' | 'c'): number[] {
  const { source, result } = winogradSides(e.transform, e.tile);
  const [record, side] = operand === 'a' ? [e.source, source] : [e.result, result];
  const numbers = Array.from({ length: side }, (_, i) => i);
  return [...indices(e.source, 2)].flatMap((index) =>
    numbers.flatMap((i) =>
      numbers.map((j) =>
        address(e[operand], offset(record, index, 2) + i * record[16 + STRIDE]! + j * record[12 + STRIDE]!),
      ),
    ),
  );
}

const bytesOf = ([addresses, bytes]: Elements): number[] =>
  addresses.flatMap((first) => Array.from({ length: bytes }, (_, b) => first + b));

function vecAddresses(e: VecEntry, operand: 'a' | 'b' | 'c'): number[] {
  const record = { a: e.aRecord, b: e.bRecord, c: e.cRecord }[operand];
  return [...indices(e.aRecord)].map((index) => address(e[operand], offset(record, index)));
}

function mmaNeurons(e: MmaEntry | MmaSparseEntry): number[] {
  const reduction = [...indices(e.reduction)].map((k) => offset(e.reduction, k));
  return [...indices(e.pixels, 3)].flatMap((p) => reduction.map((k) => address(e.a, offset(e.pixels, p, 3) + k)));
}

function mmaResults(e: MmaEntry | MmaSparseEntry, tn: number): number[] {
  if (!e.drain) return [];
  const filters = Array.from({ length: Math.max(0, e.output[16 + SIZE]!) }, (_, n) => {
    const group = Math.floor(n / tn);
    return group * e.output[16 + STRIDE]! + ELEMENT_BYTES[e.result] * (n - group * tn);
  });
  return [...indices(e.pixels, 3)].flatMap((p) => filters.map((n) => address(e.c, offset(e.output, p, 3) + n)));
}
