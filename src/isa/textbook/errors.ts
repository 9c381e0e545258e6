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

export const noAddresses = diagnostic<object>('SYS-ASM-060', 'unsupported', {
  en: () =>
    'addresses of operands are not supported in the textbook’s dialect: leave the brackets out. Races and capacities are not judged ' +
    'then; a program of load, store and mma has addresses, and is judged.',
  zh: () =>
    '教材写法尚不支持操作数地址：请去掉方括号。此时不判断竞争与容量；用 load、store、mma 编写的程序带有地址，会被检查。',
});
