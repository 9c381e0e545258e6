/** Words for the names that reports use: units, causes, bounds. What is a mark of the field stays as it is. */
import { t } from './dom.ts';

const NAMES: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  matrix: ['matrix unit', '矩阵单元'],
  vector: ['vector unit', '向量单元'],
  winograd: ['Winograd unit', 'Winograd 单元'],
  dma: ['DMA', 'DMA'],
  load: ['load', '读取'],
  store: ['store', '写回'],
  link: ['link', '链路'],
  host: ['host', '主机'],
  control: ['control', '控制'],
  none: ['–', '–'],
  compute: ['compute', '计算'],
  memory: ['memory', '访存'],
  transfer: ['transfers', '传输'],
  wait: ['waits', '等待'],
  channel: ['DRAM channel', 'DRAM 通道'],
  dram: ['DRAM', 'DRAM'],
  tail: ['after its last entry', '末项之后'],
  sync: ['sync', '同步'],
  empty: ['queue empty', '队列空'],
  dependence: ['operands', '操作数'],
  bank: ['bank', '存储体'],
  semaphore: ['semaphore', '信号量'],
  queue: ['full queue', '队列满'],
  barrier: ['barrier', '屏障'],
  halt: ['all to end', '全部结束'],
  nram: ['NRAM', 'NRAM'],
  wram: ['WRAM', 'WRAM'],
  accumulators: ['accumulators', '累加器'],
  sharedRam: ['SharedRAM', 'SharedRAM'],
  static: ['static', '静态'],
  needed: ['needed work', '必需工作'],
  ragged: ['ragged lanes, bytes moved again', '不满的通道、重复传输'],
  fill: ['before its first work', '首次工作之前'],
  operands: ['waiting for operands', '等待操作数'],
  results: ['waiting for room for results', '等待结果空间'],
  other: ['other waiting', '其他等待'],
  drain: ['behind its last work', '末次工作之后'],
};

/** `matrix 2` is the matrix unit of core 2. */
export function nameOf(name: string): string {
  const [first = '', core] = name.split(' ');
  const known = NAMES[first];
  const text = known === undefined ? first : t(...known);
  return core === undefined ? text : t(`${text}, core ${core}`, `${text}（核 ${core}）`);
}

/** Where room is scarce: `matrix`. */
export const shortName = (name: string): string =>
  nameOf(name)
    .replace(/ unit$|单元$/, '')
    .trim();
