/**
 * Checks that need only one entry: every operand inside its memory and aligned, in O(dimensions), and A and B apart from C or
 * in place. They are always on: kernels and cost functions count on them.
 */
import { diagnostic, type Place } from '#base';
import { DIMENSIONS, elementsOf, SIZE, STRIDE } from '#timing';
import { type Access, MEMORY_NAMES, type Memory } from './accesses.ts';
import type { DataEntry, LinearEntry, VecEntry } from './entries.ts';
import { bytesOf, firstCommon, wrapped } from './region.ts';

const outOfRange = diagnostic<{
  operand: string;
  memory: string;
  mode: string;
  from: number;
  to: number;
  bytes: number;
}>('SYS-SIM-020', 'invalid', {
  en: (p) =>
    `operand ${p.operand} ${p.mode === 'read' ? 'reads' : 'writes'} ${p.memory} bytes ${p.from}…${p.to - 1}, but ${p.memory} ` +
    `ends at ${p.bytes - 1}: check base register, sizes, strides and bounds, or take a smaller tile.`,
  zh: (p) =>
    `操作数 ${p.operand} ${p.mode === 'read' ? '读' : '写'} ${p.memory} 的字节 ${p.from}…${p.to - 1}，但 ${p.memory} 止于 ` +
    `${p.bytes - 1}：请检查基址寄存器、尺寸、步长与边界，或减小分块。`,
});
const misaligned = diagnostic<{ operand: string; memory: string; align: number; what: string; found: number }>(
  'SYS-SIM-021',
  'invalid',
  {
    en: (p) =>
      `operand ${p.operand} in ${p.memory} is not aligned: its ${p.what} is ${p.found}, expected a multiple of the ` +
      `${p.align} bytes of an element. Correct it in the register or record.`,
    zh: (p) =>
      `操作数 ${p.operand}（${p.memory}）未对齐：其${p.what === 'stride' ? '步长' : '地址'}为 ${p.found}，应为元素大小 ` +
      `${p.align} 字节的倍数。请在寄存器或记录中更正。`,
  },
);

const partialOverlap = diagnostic<{ memory: string; address: number; operand: string }>('SYS-SIM-032', 'invalid', {
  en: (p) =>
    `operands ${p.operand} and C overlap at ${p.memory} address ${p.address} without being the same: an operand may share ` +
    'memory with the result only with the same address, strides and size of elements (in place), and only in a vec.',
  zh: (p) =>
    `操作数 ${p.operand} 与 C 在 ${p.memory} 地址 ${p.address} 处重叠却不相同：只有地址、步长与元素大小都相同（原位）时操作数才可与结果共用存储，` +
    '且仅限 vec。',
});
const chained = diagnostic<{ memory: string; address: number; operand: string; elements: number; words: number }>(
  'SYS-SIM-033',
  'invalid',
  {
    en: (p) =>
      `operand ${p.operand} is in place with C at ${p.memory} address ${p.address}, but their ${p.elements} elements fall on fewer ` +
      `words, ${p.words}: each result would have to wait for the one before it, while lanes compute side by side. Give every ` +
      "dimension of C a stride that keeps its elements apart, or reduce with 'add', 'max', 'min' or 'mul' and A apart from C.",
    zh: (p) =>
      `操作数 ${p.operand} 与 C 在 ${p.memory} 地址 ${p.address} 处原位，但其 ${p.elements} 个元素只占 ${p.words} 个字：每个结果都要等待前一个，` +
      '而各通道是并行计算的。请为 C 的每一维给出使元素互不重叠的步长，或用 add、max、min、mul 归约，并使 A 与 C 分开。',
  },
);

/**
 * @throws SYS-SIM-020 outside its memory, SYS-SIM-021 not aligned to its elements, SYS-SIM-032 A or B overlaps C in part,
 * SYS-SIM-033 A or B is in place with a C whose elements overlap each other
 */
export function checkAccesses(
  entry: DataEntry | LinearEntry,
  accesses: readonly Access[],
  bytes: Readonly<Record<Memory, number>>,
  place: () => Place,
): void {
  for (const access of accesses) {
    const { memory, operand, mode, align } = access;
    const address = access.address(entry);
    const end = access.limit ?? bytes[memory];
    for (const { offset, extent, strides } of access.regions) {
      const from = wrapped(address + offset);
      const to = from + extent;
      if (to > end) {
        throw outOfRange({ operand, memory: MEMORY_NAMES[memory], mode, from, to, bytes: end }, place());
      }
      const stride = strides.find((s) => s % align !== 0);
      if (from % align !== 0 || stride !== undefined) {
        const found = stride ?? from;
        const what = stride === undefined ? 'address' : 'stride';
        throw misaligned({ operand, memory: MEMORY_NAMES[memory], align, what, found }, place());
      }
    }
  }
  switch (entry.kind) {
    case 'mma':
    case 'mmaSparse':
    case 'vec':
    case 'winograd':
      checkOverlap(entry, accesses, place);
  }
}

/** Operands A and B against C: disjoint, or in place element by element. */
function checkOverlap(entry: DataEntry, accesses: readonly Access[], place: () => Place): void {
  const c = accesses[accesses.length - 1];
  if (c === undefined || c.operand !== 'C') return;
  const memory = MEMORY_NAMES[c.memory];
  for (const access of accesses) {
    const { operand } = access;
    if (access.memory !== c.memory || operand === 'C') continue;
    const address = firstCommon(access.intervals, access.shift(entry), c.intervals, c.shift(entry));
    if (address < 0) continue;
    if (entry.kind !== 'vec' || access.align !== c.align || !inPlace(entry, operand))
      throw partialOverlap({ memory, address, operand }, place());
    const elements = elementsOf(entry.aRecord);
    const words = bytesOf(c.intervals) / c.align;
    if (words < elements) throw chained({ memory, address, operand, elements, words }, place());
  }
}

function inPlace(entry: VecEntry, operand: string): boolean {
  const address = operand === 'A' ? entry.a : entry.b;
  const record = operand === 'A' ? entry.aRecord : entry.bRecord;
  if (address !== entry.c) return false;
  for (let d = 0; d < DIMENSIONS; d++) {
    if (entry.aRecord[4 * d + SIZE]! > 1 && record[4 * d + STRIDE] !== entry.cRecord[4 * d + STRIDE]) return false;
  }
  return true;
}
