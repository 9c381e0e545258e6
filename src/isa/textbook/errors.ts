/** What can be wrong with a program in the textbook's dialect, beyond what any assembly file can have wrong. */
import { diagnostic } from '#base';

const didYouMean = (nearest: string | undefined): string =>
  nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
const didYouMeanZh = (nearest: string | undefined): string => (nearest === undefined ? '' : `是否指 '${nearest}'？`);

export const unknownStatement = diagnostic<{ readonly name: string; readonly nearest: string | undefined }>(
  'SYS-ASM-050',
  'invalid',
  {
    en: (p) =>
      `'${p.name}' is no statement of the textbook's dialect.${didYouMean(p.nearest)} It has move, compute, loop, endloop and ` +
      'sync; other instructions do not mix with them.',
    zh: (p) =>
      `'${p.name}' 不是教材写法的语句。${didYouMeanZh(p.nearest)}可用的有 move、compute、loop、endloop 和 sync，不能与其他指令混用。`,
  },
);

export const statementForm = diagnostic<{ readonly statement: string; readonly usage: string }>(
  'SYS-ASM-051',
  'invalid',
  {
    en: (p) => `'${p.statement}' is not complete or has too much behind it. Write: ${p.usage}`,
    zh: (p) => `'${p.statement}' 不完整或有多余内容。写法：${p.usage}`,
  },
);

export const unknownMemory = diagnostic<{ readonly name: string; readonly nearest: string | undefined }>(
  'SYS-ASM-052',
  'invalid',
  {
    en: (p) =>
      `there is no memory '${p.name}': expected DRAM, SharedRAM (or SHARED), NRAM or WRAM.${didYouMean(p.nearest)}`,
    zh: (p) => `没有存储器 '${p.name}'：应为 DRAM、SharedRAM（或 SHARED）、NRAM 或 WRAM。${didYouMeanZh(p.nearest)}`,
  },
);

export const unknownType = diagnostic<{
  readonly name: string;
  readonly nearest: string | undefined;
  readonly known: readonly string[];
}>('SYS-ASM-053', 'invalid', {
  en: (p) =>
    `there is no type '${p.name}'.${didYouMean(p.nearest)} A type is an operation and the bits of its operands: ${p.known.join(', ')}.`,
  zh: (p) => `没有类型 '${p.name}'。${didYouMeanZh(p.nearest)}类型由运算与操作数位数组成：${p.known.join('、')}。`,
});

export const noPath = diagnostic<{ readonly from: string; readonly to: string }>('SYS-ASM-054', 'invalid', {
  en: (p) =>
    `nothing moves from ${p.from} to ${p.to}: write DRAM to or from SharedRAM, NRAM or WRAM, or SharedRAM to or from NRAM or WRAM.`,
  zh: (p) =>
    `不能从 ${p.from} 传到 ${p.to}：可在 DRAM 与 SharedRAM、NRAM、WRAM 之间，或 SharedRAM 与 NRAM、WRAM 之间传输。`,
});

export const noMulticast = diagnostic<{ readonly to: string }>('SYS-ASM-055', 'invalid', {
  en: (p) => `multicast (mc) brings one piece to all cores, ${p.to} is not in the cores: leave mc out.`,
  zh: (p) => `多播（mc）把同一份数据送到所有核，而 ${p.to} 不在核内：请去掉 mc。`,
});

export const sizeRange = diagnostic<{
  readonly found: string;
  readonly unit: 'bytes' | 'operations' | 'times';
  readonly max: number;
}>('SYS-ASM-056', 'invalid', {
  en: (p) => `${p.found} ${p.unit}: expected a whole number from 1 to ${p.max}.`,
  zh: (p) => `${p.found} ${{ bytes: '字节', operations: '次运算', times: '次' }[p.unit]}：应为 1 到 ${p.max} 的整数。`,
});

export const beyondMemory = diagnostic<{
  readonly memory: string;
  readonly bytes: number;
  readonly capacity: number;
  readonly machine: string;
}>('SYS-ASM-057', 'unsupported', {
  en: (p) =>
    `${p.bytes} bytes do not fit into ${p.memory}, which has ${p.capacity} on '${p.machine}': move smaller tiles in a loop.`,
  zh: (p) => `${p.bytes} 字节放不进 ${p.memory}：机器“${p.machine}”的容量为 ${p.capacity}。请分块并循环传输。`,
});

export const needsCluster = diagnostic<{ readonly machine: string; readonly clusters: readonly string[] }>(
  'SYS-ASM-058',
  'unsupported',
  {
    en: (p) =>
      `machine '${p.machine}' has no SharedRAM: assemble with --machine ${p.clusters.join(' or ')}, or add 'cluster' to the machine file.`,
    zh: (p) =>
      `机器“${p.machine}”没有 SharedRAM：请用 --machine ${p.clusters.join(' 或 ')}，或在机器文件中加入 cluster。`,
  },
);

export const openTextbookLoop = diagnostic<object>('SYS-ASM-059', 'invalid', {
  en: () => "the loop that starts here is not closed. Write 'endloop' behind its body.",
  zh: () => "从这里开始的循环没有闭合。请在循环体之后写 'endloop'。",
});

export const operandForm = diagnostic<{ readonly found: string }>('SYS-ASM-061', 'invalid', {
  en: (p) =>
    `'${p.found}' does not say where the operand lies. Write [ADDRESS] for one place, [FIRST, SECOND, …] for places that its ` +
    'executions take in turn, and +STEP as the last for how far all move on after each turn: NRAM[0, 32768], SHARED[0, +4096].',
  zh: (p) =>
    `'${p.found}' 没有说明操作数的位置。写法：[地址] 表示固定位置，[地址1, 地址2, …] 表示每次执行轮流使用的位置，` +
    '末尾的 +步长 表示每轮之后整体前移多少：NRAM[0, 32768]、SHARED[0, +4096]。',
});

export const operandBeyond = diagnostic<{
  readonly memory: string;
  readonly from: number;
  readonly to: number;
  readonly capacity: number;
  readonly machine: string;
}>('SYS-ASM-062', 'unsupported', {
  en: (p) =>
    `the operand takes ${p.memory} bytes ${p.from} to ${p.to - 1} in the course of the program, but ${p.memory} has ${p.capacity} on ` +
    `'${p.machine}': take smaller tiles, or other addresses.`,
  zh: (p) =>
    `该操作数在程序中占用 ${p.memory} 的字节 ${p.from} 至 ${p.to - 1}，而机器“${p.machine}”的 ${p.memory} 容量为 ${p.capacity}：` +
    '请减小分块，或改用其他地址。',
});

export const notInCore = diagnostic<{ readonly memory: string }>('SYS-ASM-063', 'invalid', {
  en: (p) => `a computation has no path to ${p.memory}: its operands lie in NRAM and WRAM. Move them there first.`,
  zh: (p) => `计算单元不能直接访问 ${p.memory}：其操作数应位于 NRAM 与 WRAM。请先传输到那里。`,
});
