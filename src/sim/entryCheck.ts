/** Checks that need only one entry: every operand inside its memory and aligned. They are always on. O(dimensions). */
import { diagnostic, type Place } from '#base';
import { coresOf, type Machine } from '#machine';
import type { Access, Memory } from './accesses.ts';
import type { DataEntry } from './entries.ts';
import { wrapped } from './region.ts';

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

const oneStream = diagnostic<{ machine: string }>('SYS-SIM-019', 'unsupported', {
  en: (p) =>
    `machine '${p.machine}' has several cores, which run the textbook's programs (move, compute) only so far: take a ` +
    "machine of one core, or leave 'cluster' out of the machine file.",
  zh: (p) =>
    `机器“${p.machine}”有多个核，目前只能运行教材写法的程序（move、compute）：请改用单核机器，或在机器文件中去掉 cluster。`,
});

const NAMES: Readonly<Record<Memory, string>> = { nram: 'NRAM', wram: 'WRAM', aram: 'ARAM', dram: 'DRAM' };

/**
 * @throws SYS-SIM-020 outside its memory, SYS-SIM-021 not aligned to its elements
 */
export function checkAccesses(
  entry: DataEntry,
  accesses: readonly Access[],
  bytes: Readonly<Record<Memory, number>>,
  place: () => Place,
): void {
  for (const access of accesses) {
    const { memory, operand, mode, align } = access;
    const address = access.address(entry);
    for (const { offset, extent, strides } of access.regions) {
      const from = wrapped(address + offset);
      const to = from + extent;
      if (to > bytes[memory]) {
        throw outOfRange({ operand, memory: NAMES[memory], mode, from, to, bytes: bytes[memory] }, place());
      }
      const stride = strides.find((s) => s % align !== 0);
      if (from % align !== 0 || stride !== undefined) {
        const found = stride ?? from;
        const what = stride === undefined ? 'address' : 'stride';
        throw misaligned({ operand, memory: NAMES[memory], align, what, found }, place());
      }
    }
  }
}

/** @throws SYS-SIM-019 work with addresses on a machine of several cores */
export function refuseManyCores(machine: Machine, place: () => Place): void {
  if (coresOf(machine) > 1) throw oneStream({ machine: machine.name }, place());
}
