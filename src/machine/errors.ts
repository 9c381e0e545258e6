/** What can be wrong with a machine file. Each text says what was found, what was expected, and the repair. */
import { diagnostic } from '#base';

const didYouMean = (nearest: string | undefined): string =>
  nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
const didYouMeanZh = (nearest: string | undefined): string => (nearest === undefined ? '' : `是否指 '${nearest}'？`);

/** The same words in both languages. */
export interface Both {
  readonly en: string;
  readonly zh: string;
}

export const badSyntax = diagnostic<{ readonly problem: Both }>('SYS-MACHINE-001', 'invalid', {
  en: (p) => `this is not valid JSON: ${p.problem.en}. A machine file is one JSON object; comments are allowed.`,
  zh: (p) => `这不是有效的 JSON：${p.problem.zh}。机器文件是一个 JSON 对象，可含注释。`,
});

export const unknownKey = diagnostic<{
  readonly key: string;
  readonly nearest: string | undefined;
  readonly known: readonly string[];
}>('SYS-MACHINE-002', 'invalid', {
  en: (p) => `there is no key '${p.key}' here.${didYouMean(p.nearest)} Known: ${p.known.join(', ')}.`,
  zh: (p) => `此处没有键 '${p.key}'。${didYouMeanZh(p.nearest)}可用：${p.known.join('、')}。`,
});

export const missingKey = diagnostic<{ readonly key: string; readonly expected: Both; readonly doc: string }>(
  'SYS-MACHINE-003',
  'invalid',
  {
    en: (p) => `key '${p.key}' is missing: expected ${p.expected.en}${p.doc === '' ? '' : ` (${p.doc})`}.`,
    // The schema's own words are English; the reference page has them.
    zh: (p) => `缺少键 '${p.key}'：应为${p.expected.zh}（含义见 docs/machine.md）。`,
  },
);

export const wrongType = diagnostic<{ readonly key: string; readonly found: string; readonly expected: Both }>(
  'SYS-MACHINE-004',
  'invalid',
  {
    en: (p) => `'${p.key}' is ${p.found}, expected ${p.expected.en}.`,
    zh: (p) => `'${p.key}' 为 ${p.found}，应为${p.expected.zh}。`,
  },
);

export const wrongUnit = diagnostic<{
  readonly key: string;
  readonly found: string;
  readonly expected: Both;
  readonly write: string;
}>('SYS-MACHINE-005', 'invalid', {
  en: (p) => `'${p.key}' is ${p.found}, expected ${p.expected.en}. Write ${p.write}; the unit stands in the key.`,
  zh: (p) => `'${p.key}' 为 ${p.found}，应为${p.expected.zh}。请写 ${p.write}；单位已由键规定。`,
});

export const outOfRange = diagnostic<{
  readonly key: string;
  readonly found: string;
  readonly expected: Both;
  readonly write: string | undefined;
}>('SYS-MACHINE-006', 'invalid', {
  en: (p) =>
    `'${p.key}' is ${p.found}, expected ${p.expected.en}.${p.write === undefined ? '' : ` Near to it: ${p.write}.`}`,
  zh: (p) => `'${p.key}' 为 ${p.found}，应为${p.expected.zh}。${p.write === undefined ? '' : `相近的值：${p.write}。`}`,
});

export const unknownValue = diagnostic<{
  readonly key: string;
  readonly found: string;
  readonly nearest: string | undefined;
  readonly known: readonly string[];
}>('SYS-MACHINE-007', 'invalid', {
  en: (p) => `'${p.key}' is ${p.found}, expected one of ${p.known.join(', ')}.${didYouMean(p.nearest)}`,
  zh: (p) => `'${p.key}' 为 ${p.found}，应为 ${p.known.join('、')} 之一。${didYouMeanZh(p.nearest)}`,
});

export const noPowerOfTwo = diagnostic<{
  readonly key: string;
  readonly found: number;
  readonly near: readonly number[];
  /** Of memory: bits of an address choose one of so many. */
  readonly isAddressed: boolean;
}>('SYS-MACHINE-008', 'invalid', {
  en: (p) => {
    const why = p.isAddressed ? 'bits of an address tell them apart' : 'lanes meet in a balanced tree';
    return `'${p.key}' is ${p.found}, expected a power of two: ${why}. Near to it: ${p.near.join(', ')}.`;
  },
  zh: (p) => {
    const why = p.isAddressed ? '由地址位区分' : '各通道在平衡树中汇合';
    return `'${p.key}' 为 ${p.found}，应为 2 的幂：${why}。相近的值：${p.near.join('、')}。`;
  },
});

export const duplicateKey = diagnostic<{ readonly key: string; readonly line: number }>('SYS-MACHINE-009', 'invalid', {
  en: (p) => `key '${p.key}' is already given on line ${p.line}. Remove one.`,
  zh: (p) => `键 '${p.key}' 已在第 ${p.line} 行给出。请删去一个。`,
});

export const tooSmall = diagnostic<{
  readonly key: string;
  readonly found: number;
  readonly unit: 'bytes' | 'words';
  readonly least: number;
  readonly holds: Both;
}>('SYS-MACHINE-010', 'unsupported', {
  en: (p) =>
    `'${p.key}' is ${p.found} ${p.unit}, which cannot hold the least that a network needs there: ${p.holds.en}, ${p.least} ${p.unit}. Write at least ${p.least}.`,
  zh: (p) => {
    const unit = p.unit === 'words' ? '字' : '字节';
    return `'${p.key}' 为 ${p.found} ${unit}，容不下网络在此的最低需要：${p.holds.zh}，共 ${p.least} ${unit}。请至少写 ${p.least}。`;
  },
});

export const beyondAddresses = diagnostic<{ readonly key: string; readonly found: number; readonly most: number }>(
  'SYS-MACHINE-011',
  'unsupported',
  {
    en: (p) =>
      `'${p.key}' is ${p.found} bytes; addresses are 32 bits wide and reach at most ${p.most}. Write ${p.most} or less.`,
    zh: (p) => `'${p.key}' 为 ${p.found} 字节；地址宽 32 位，最多 ${p.most}。请写 ${p.most} 或更小。`,
  },
);

export const noWholeWords = diagnostic<{ readonly key: string; readonly found: number; readonly write: number }>(
  'SYS-MACHINE-012',
  'invalid',
  {
    en: (p) => `'${p.key}' is ${p.found} bytes, expected whole 32-bit words, a multiple of 4. Write ${p.write}.`,
    zh: (p) => `'${p.key}' 为 ${p.found} 字节，应为整数个 32 位字（4 的倍数）。请写 ${p.write}。`,
  },
);

export const unknownMachine = diagnostic<{
  readonly name: string;
  readonly nearest: string | undefined;
  readonly known: readonly string[];
  /** How a file is named where the machine was: `--machine ./my.json`. */
  readonly written: string;
}>('SYS-MACHINE-013', 'usage', {
  en: (p) =>
    `there is no machine '${p.name}'.${didYouMean(p.nearest)} Known: ${p.known.join(', ')}. ` +
    `A machine of your own is named by its file: ${p.written}`,
  zh: (p) =>
    `没有机器 '${p.name}'。${didYouMeanZh(p.nearest)}已知：${p.known.join('、')}。自定义机器以文件指定：${p.written}`,
});

export const notRealizable = diagnostic<{ readonly key: string }>('SYS-MACHINE-014', 'invalid', {
  en: (p) =>
    `'realizable' is true, but '${p.key}' is 0: no circuit does that in no time. Write at least 1, or realizable: false.`,
  zh: (p) => `'realizable' 为 true，但 '${p.key}' 为 0：没有电路能不花时间完成。请至少写 1，或写 realizable: false。`,
});

export const beyondCircuits = diagnostic<{
  readonly key: string;
  readonly found: number;
  readonly most: number;
  readonly unit: Both;
  readonly why: Both;
}>('SYS-MACHINE-015', 'invalid', {
  en: (p) =>
    `'realizable' is true, but '${p.key}' comes to ${p.found} ${p.unit.en}; at most ${p.most} are taken for a circuit: ` +
    `${p.why.en}. Write less, or realizable: false.`,
  zh: (p) =>
    `'realizable' 为 true，但 '${p.key}' 达到 ${p.found} ${p.unit.zh}；可实现的上限为 ${p.most}：${p.why.zh}。请减小，或写 realizable: false。`,
});

export const tooFewWords = diagnostic<{ readonly found: number; readonly least: number }>(
  'SYS-MACHINE-051',
  'invalid',
  {
    en: (p) =>
      `'control.fetch.bufferWords' is ${p.found}, but the instruction memory gives ${p.least} words at once: ` +
      `expected at least ${p.least}, or a smaller control.fetch.wordsPerCycle.`,
    zh: (p) =>
      `'control.fetch.bufferWords' 为 ${p.found}，而指令存储器每次给出 ${p.least} 个字：应不小于 ${p.least}，` +
      '或减小 control.fetch.wordsPerCycle。',
  },
);

export const noSuchQueue = diagnostic<{ readonly queue: string; readonly queues: readonly string[] }>(
  'SYS-MACHINE-050',
  'invalid',
  {
    en: (p) =>
      `'control.queueDepths.${p.queue}' gives the depth of a queue that this machine does not have: its queues are ` +
      `${p.queues.join(', ')} ('dma.queues' says whether loads and stores share one, 'cluster' whether there are links, 'winograd' whether there is a transform unit).`,
    zh: (p) =>
      `'control.queueDepths.${p.queue}' 指定了本机没有的队列：本机的队列为 ${p.queues.join('、')}` +
      "（'dma.queues' 决定加载与存储是否共用一个队列，'cluster' 决定是否有链路，'winograd' 决定是否有变换单元）。",
  },
);

export const noTypeEnergy = diagnostic<{ readonly type: string }>('SYS-MACHINE-020', 'invalid', {
  en: (p) =>
    `the matrix unit computes ${p.type}, and 'energy' does not say what a multiply-accumulate in it takes. ` +
    `Add energy.macByType.${p.type} in picojoules, or leave 'energy' out.`,
  zh: (p) =>
    `矩阵单元可计算 ${p.type}，但 'energy' 没有给出该类型一次乘加的能量。请加入 energy.macByType.${p.type}（皮焦），或去掉 'energy'。`,
});

export const strayTypeEnergy = diagnostic<{ readonly type: string }>('SYS-MACHINE-021', 'invalid', {
  en: (p) =>
    `energy.macByType.${p.type} is given, but the matrix unit does not compute ${p.type}: add matrix.types.${p.type}, or remove the figure.`,
  zh: (p) =>
    `给出了 energy.macByType.${p.type}，但矩阵单元不计算 ${p.type}：请加入 matrix.types.${p.type}，或删去该数值。`,
});

export const noTiles = diagnostic<Record<never, never>>('SYS-MACHINE-060', 'invalid', {
  en: () =>
    "'winograd.tileCycles' names no tile: the unit could transform nothing. Write the cycles of f2, f4 or both, or leave " +
    "'winograd' out.",
  zh: () =>
    "'winograd.tileCycles' 没有给出任何变换块：该单元无法进行变换。请写出 f2、f4 或两者的周期数，或去掉 'winograd'。",
});

export const oneCoreScoreboard = diagnostic<{ readonly cores: number }>('SYS-MACHINE-052', 'unsupported', {
  en: (p) =>
    `'control.scoreboard' stands beside a 'cluster' of ${p.cores} cores: a scoreboard knows the entries of its own core only, and what ` +
    "other cores do to common memories is not told it. Leave one of the two out; cores are ordered by semaphores, 'barrier' and 'sync'.",
  zh: (p) =>
    `'control.scoreboard' 与含 ${p.cores} 个核的 'cluster' 同时出现：记分板只知道本核的队列项，不知道其他核对公共存储的访问。` +
    '请去掉其一；多核之间用信号量、barrier 与 sync 定序。',
});

export const badChange = diagnostic<{ readonly found: string; readonly machine: string }>('SYS-MACHINE-061', 'usage', {
  en: (p) =>
    `'${p.found}' behind machine '${p.machine}' is no change of a field. Write FIELD=VALUE with the field's path in the machine file, ` +
    'several separated by commas: textbook-single,wram.bytes=524288,dram.bandwidth=12.8. systole machine show NAME lists the fields.',
  zh: (p) =>
    `机器“${p.machine}”之后的“${p.found}”不是字段修改。请写“字段=值”，字段为其在机器文件中的路径，多项以逗号分隔：` +
    'textbook-single,wram.bytes=524288,dram.bandwidth=12.8。systole machine show 名称 列出各字段。',
});
