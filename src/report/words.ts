/** The words of the run report in both languages, beside each other. Words that are marks of the field stay English. */
import type { Language } from '#base';

type Word = readonly [en: string, zh: string];

export const WORDS = {
  on: ['on', '运行于'],
  withData: ['with data', '含数据'],
  timingOnly: ['timing only', '仅计时'],
  input: ['input', '输入'],
  output: ['output', '输出'],
  layer: ['layer', '层'],
  operator: ['operator', '算子'],
  where: ['on', '单元'],
  cycles: ['cycles', '周期'],
  core: ['core', '核'],
  cores: ['cores', '核'],
  parked: ['parked', '停用'],
  otherOps: ['other operations', '其他运算'],
  share: ['share', '占比'],
  macs: ['MACs', 'MAC'],
  read: ['read', '读'],
  written: ['written', '写'],
  bound: ['bound', '瓶颈'],
  use: ['use', '利用率'],
  matrix: ['matrix', '矩阵'],
  vector: ['vector', '向量'],
  winograd: ['winograd', 'Winograd'],
  dma: ['dma', 'DMA'],
  load: ['load', '读取'],
  store: ['store', '写回'],
  link: ['link', '链路'],
  host: ['host', '主机'],
  none: ['–', '–'],
  compute: ['compute', '计算'],
  memory: ['memory', '访存'],
  total: ['total', '合计'],
  rest: ['outside layers', '各层之外'],
  time: ['time', '时间'],
  traffic: ['DRAM', 'DRAM'],
  memories: ['memories', '存储'],
  bounds: ['bounds', '下界'],
  layerwise: ['layer-wise', '逐层'],
  physical: ['physical', '物理'],
  efficiency: ['efficiency', '效率'],
  energy: ['energy', '能量'],
  nram: ['NRAM', 'NRAM'],
  wram: ['WRAM', 'WRAM'],
  accumulators: ['accumulators', '累加器'],
  sharedRam: ['SharedRAM', 'SharedRAM'],
  dram: ['DRAM', 'DRAM'],
  control: ['control', '控制'],
  issue: ['instructions', '指令'],
  branch: ['branches', '跳转'],
  fetch: ['fetch', '取指'],
  data: ['operands', '等待操作数'],
  queue: ['full queues', '队列满'],
  sync: ['sync', 'sync'],
  barrier: ['barrier', 'barrier'],
  halt: ['halt', 'halt'],
  static: ['static', '静态'],
  check: ['check', '校验'],
  unit: ['unit', '单元'],
  sparse: ['sparse', '稀疏'],
  entries: ['entries', '队列项'],
  busy: ['busy', '忙'],
  idle: ['idle', '空闲'],
  idleEmpty: ['queue empty', '队列空'],
  idleDependence: ['operands', '操作数'],
  idleBank: ['bank', '存储体'],
  idleChannel: ['DRAM channel', 'DRAM 通道'],
  idleDram: ['DRAM banks', 'DRAM 存储体'],
  idleTail: ['after last', '末项之后'],
  idleOther: ['other', '其他'],
  instruction: ['instruction', '指令'],
  executed: ['executed', '执行次数'],
  least: ['least', '最少'],
  mean: ['mean', '平均'],
  most: ['most', '最多'],
  mostOverMean: ['most/mean', '最多/平均'],
  mostOverLeast: ['most/least', '最多/最少'],
  loads: ['cycles', '周期'],
  asWritten: ['as written', '原样'],
  idleHost: ['host works', '主机运行'],
  forLoad: ['for load', '等读取'],
  forStore: ['for store', '等写回'],
  forDma: ['for dma', '等 DMA'],
  forLink: ['for link', '等链路'],
  forMatrix: ['for matrix', '等矩阵'],
  forVector: ['for vector', '等向量'],
  forCore: ['for cores', '等其他核'],
  forWinograd: ['for winograd', '等 Winograd'],
  lanes: ['lanes used', '通道利用'],
  ragged: ['ragged', '边角'],
  fill: ['fill', '填充'],
  drain: ['drain', '排空'],
  pipeline: ['pipeline', '流水'],
  onHost: ['on the host', '在主机上'],
  comma: [', ', '，'],
  open: [' (', '（'],
  close: [')', '）'],
  native: ['ONNX Runtime (native)', 'ONNX Runtime（本机版）'],
  wasm: ['ONNX Runtime (WASM)', 'ONNX Runtime（WASM 版）'],
  colon: [': ', '：'],
  semicolon: ['; ', '；'],
  notices: ['notices', '提示'],
  instructions: ['program', '程序'],
} satisfies Record<string, Word>;

export type Say = (word: keyof typeof WORDS) => string;

export const sayIn =
  (language: Language): Say =>
  (word) =>
    WORDS[word][language === 'en' ? 0 : 1];

/** Sentences with numbers in them. */
export const SENTENCES: Readonly<
  Record<
    Language,
    {
      readonly hidden: (p: { readonly layers: number; readonly share: string }) => string;
      readonly checkHolds: (p: CheckWords) => string;
      readonly checkFails: (p: CheckWords & { readonly wrong: string; readonly elements: string }) => string;
      readonly unchecked: Readonly<Record<'timing' | 'data', string>>;
      /** Why an efficiency may be more than 1. */
      readonly beyond: string;
      readonly average: (power: string) => string;
      readonly ofBytes: (used: string, capacity: string) => string;
      readonly rows: (p: { readonly hits: string; readonly misses: string; readonly conflicts: string }) => string;
      readonly refreshed: (share: string) => string;
      readonly bandwidth: (p: { readonly achieved: string; readonly held: string; readonly peak: string }) => string;
      readonly sparse: (p: SparseWords) => string;
      readonly executed: (p: { readonly program: string; readonly executed: string }) => string;
      readonly hostTime: (p: { readonly nodes: number; readonly cycles: string; readonly share: string }) => string;
      readonly inTiles: (cycles: string) => string;
      readonly otherInstructions: (count: number) => string;
      readonly merged: (names: readonly string[]) => string;
      readonly winogradError: (share: string) => string;
    }
  >
> = {
  en: {
    hidden: (p) => `… ${p.layers} other layers with ${p.share} of the cycles`,
    checkHolds: (p) =>
      `holds: largest error ${p.maxAbs}, relative ${p.maxRel} (limit ${p.tolerance}), against ${p.engine}`,
    checkFails: (p) =>
      `FAILS: ${p.wrong} of ${p.elements} values are wrong; largest error ${p.maxAbs}, relative ${p.maxRel} (limit ${p.tolerance}), against ${p.engine}`,
    unchecked: {
      timing: 'none: nothing was computed',
      data: 'none: a program holds no model to compare with; systole run MODEL checks',
    },
    beyond:
      'more than 100 %: the bound takes one group of layers after the other, an operation a cycle of a lane; layers done together, ' +
      'Winograd, sparse weights and instructions of two operations need less',
    average: (power) => `${power} on average`,
    ofBytes: (used, capacity) => `${used} of ${capacity} bytes`,
    rows: (p) => `${p.hits} of bursts in open rows (${p.misses} misses, ${p.conflicts} conflicts)`,
    refreshed: (share) => `refresh ${share} of the time`,
    bandwidth: (p) => `${p.achieved} on average, ${p.held} while in use, peak ${p.peak}`,
    sparse: (p) =>
      `${p.layers} ${p.layers === 1 ? 'layer' : 'layers'} whose weights lie compressed: ${p.density} of them not zero, ${p.spared} spared${p.skipped === null ? '' : `, ${p.skipped} MACs left out`}`,
    executed: (p) => `${p.program} instructions, ${p.executed} executed`,
    hostTime: (p) => `${p.nodes} ${p.nodes === 1 ? 'node' : 'nodes'}, ${p.cycles} cycles, ${p.share} of the time`,
    inTiles: (cycles) => `in tiles of ${cycles}`,
    otherInstructions: (count) => `… ${count} other ${count === 1 ? 'instruction' : 'instructions'}`,
    merged: (names) => ` (with ${names.join(', ')})`,
    winogradError: (share) => `outputs are off by at most ${share} of the largest that such inputs can give`,
  },
  zh: {
    hidden: (p) => `… 其余 ${p.layers} 层，占周期的 ${p.share}`,
    checkHolds: (p) => `通过：与 ${p.engine}相比，最大误差 ${p.maxAbs}，相对误差 ${p.maxRel}（上限 ${p.tolerance}）`,
    checkFails: (p) =>
      `未通过：${p.elements} 个值中有 ${p.wrong} 个错误；与 ${p.engine}相比，最大误差 ${p.maxAbs}，相对误差 ${p.maxRel}（上限 ${p.tolerance}）`,
    unchecked: {
      timing: '无：未计算数据',
      data: '无：程序中没有可供比较的模型；systole run MODEL 会校验',
    },
    beyond:
      '超过 100 %：下界按逐组进行、每次运算占一个通道周期计；各层合并执行、Winograd、稀疏权重和一条指令完成两次运算时所需更少',
    average: (power) => `平均 ${power}`,
    ofBytes: (used, capacity) => `${used} / ${capacity} 字节`,
    rows: (p) => `${p.hits} 的突发命中已打开的行（缺失 ${p.misses} 次，冲突 ${p.conflicts} 次）`,
    refreshed: (share) => `刷新占时间的 ${share}`,
    bandwidth: (p) => `平均 ${p.achieved}，使用期间 ${p.held}，峰值 ${p.peak}`,
    sparse: (p) =>
      `${p.layers} 层的权重压缩存放：其中 ${p.density} 非零，节省 ${p.spared}${p.skipped === null ? '' : `，跳过 ${p.skipped} 次 MAC`}`,
    executed: (p) => `${p.program} 条指令，执行 ${p.executed} 条`,
    hostTime: (p) => `${p.nodes} 个节点，${p.cycles} 周期，占时间的 ${p.share}`,
    inTiles: (cycles) => `每块至多 ${cycles}`,
    otherInstructions: (count) => `… 其余 ${count} 条指令`,
    merged: (names) => `（含 ${names.join('、')}）`,
    winogradError: (share) => `输出误差至多为同样输入所能给出的最大输出的 ${share}`,
  },
};

interface SparseWords {
  readonly layers: number;
  readonly density: string;
  readonly spared: string;
  readonly skipped: string | null;
}

interface CheckWords {
  readonly maxAbs: string;
  readonly maxRel: string;
  readonly tolerance: string;
  readonly engine: string;
}
