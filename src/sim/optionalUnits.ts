/**
 * What a machine may lack: a decompressor, sparse weights in the matrix unit, the Winograd transform unit, queues; and what of
 * the instructions for them can be judged without data. Time and kernels count on it.
 */
import { diagnostic, type Place } from '#base';
import { type Queue, STREAM_GROUP, streamBytes, WINOGRAD_TILES, winogradSides } from '#isa';
import { type Machine, presets, semaphoresOf } from '#machine';
import { elementsOf, SIZE } from '#timing';
import type { LoadSparseEntry, MmaSparseEntry, WinogradEntry } from './entries.ts';

interface Both {
  readonly en: string;
  readonly zh: string;
}

const lacksUnit = diagnostic<{ machine: string; what: Both; key: string; machines: readonly string[] }>(
  'SYS-SIM-172',
  'unsupported',
  {
    en: (p) =>
      `machine '${p.machine}' cannot execute ${p.what.en}: its file has no '${p.key}'. Take one that has (` +
      `${p.machines.join(', ') || 'none comes along'}), or add it to the machine file.`,
    zh: (p) =>
      `机器“${p.machine}”不能执行 ${p.what.zh}：机器文件中没有 '${p.key}'。请改用具备它的机器（` +
      `${p.machines.join('、') || '没有自带的机器'}），或在机器文件中加入。`,
  },
);
const otherWeights = diagnostic<{ machine: string; format: string; has: string }>('SYS-SIM-173', 'unsupported', {
  en: (p) =>
    `the matrix unit of '${p.machine}' leaves out weights in the form ${p.has}, not in the form '${p.format}' of this ` +
    "'mma.sparse': pack the weights in its form, or change matrix.sparsity.weights.",
  zh: (p) =>
    `机器“${p.machine}”的矩阵单元支持的稀疏权重格式为 ${p.has}，而非此 mma.sparse 的“${p.format}”：请按其格式打包权重，或修改 matrix.sparsity.weights。`,
});
const wrongLength = diagnostic<{ bytes: number; elements: number; format: string; least: number; most: number }>(
  'SYS-SIM-174',
  'invalid',
  {
    en: (p) =>
      `no '${p.format}' stream of ${p.elements} elements has ${p.bytes} bytes: it has ` +
      `${p.least === p.most ? p.least : `${p.least} to ${p.most}`}, in whole words of 4. Correct the length in rb, or the record.`,
    zh: (p) =>
      `含 ${p.elements} 个元素的 ${p.format} 数据流不可能是 ${p.bytes} 字节：应为 ` +
      `${p.least === p.most ? p.least : `${p.least} 到 ${p.most}`} 字节，且为 4 的倍数。请更正 rb 中的长度或记录。`,
  },
);
const noWholeGroups = diagnostic<{ what: Both; found: number; group: number }>('SYS-SIM-175', 'invalid', {
  en: (p) =>
    `${p.what.en} has ${p.found} elements, which are no whole groups of ${p.group}: two of each ${p.group} are kept. Pad with zeros.`,
  zh: (p) => `${p.what.zh} 有 ${p.found} 个元素，不是 ${p.group} 的整数倍：每 ${p.group} 个保留两个。请用零补齐。`,
});
const tooManyRows = diagnostic<{ rows: number; depth: number }>('SYS-SIM-176', 'invalid', {
  en: (p) =>
    `the pixel record's d4 says ${p.rows} kept rows, and the reduction has ${p.depth} elements: write 0 to ${p.depth}.`,
  zh: (p) => `像素记录的 d4 给出 ${p.rows} 个保留行，而归约共有 ${p.depth} 个元素：请写 0 到 ${p.depth}。`,
});
const noTile = diagnostic<{ machine: string; tile: string; known: readonly string[] }>('SYS-SIM-177', 'unsupported', {
  en: (p) =>
    `the Winograd unit of '${p.machine}' has no tile '${p.tile}', it has ${p.known.join(', ')}: take one of those, or add ` +
    `winograd.tileCycles.${p.tile} to the machine file.`,
  zh: (p) =>
    `机器“${p.machine}”的 Winograd 单元不支持变换块“${p.tile}”，只支持 ${p.known.join('、')}：请改用它们，或在机器文件中加入 winograd.tileCycles.${p.tile}。`,
});
const wrongSide = diagnostic<{ transform: string; tile: string; expected: number; found: readonly number[] }>(
  'SYS-SIM-178',
  'invalid',
  {
    en: (p) =>
      `'wino.${p.transform}' of ${p.tile} reads ${p.expected} × ${p.expected} elements of each tile, but d3 and d4 of its source ` +
      `record have sizes ${p.found.join(' and ')}. Write ${p.expected} for both.`,
    zh: (p) =>
      `${p.tile} 的 wino.${p.transform} 从每个变换块读取 ${p.expected} × ${p.expected} 个元素，但源记录 d3、d4 的大小为 ${p.found.join('、')}。请都写 ${p.expected}。`,
  },
);

/** What machines may have, by key. */
const OPTIONS = {
  'dma.decompressor': (m: Machine) => m.dma.decompressor,
  'matrix.sparsity': (m: Machine) => (m.matrix.kind === 'scalar' ? undefined : m.matrix.sparsity),
  winograd: (m: Machine) => m.winograd,
  cluster: (m: Machine) => m.cluster,
} as const satisfies Record<string, (m: Machine) => unknown>;

/** A mnemonic, in either language. */
const name = (mnemonic: string): Both => ({ en: `'${mnemonic}'`, zh: mnemonic });

function demand<K extends keyof typeof OPTIONS>(
  machine: Machine,
  key: K,
  what: Both,
  place: Place,
): NonNullable<ReturnType<(typeof OPTIONS)[K]>> {
  const found = OPTIONS[key](machine);
  if (found !== undefined) return found as NonNullable<ReturnType<(typeof OPTIONS)[K]>>;
  const machines = [...presets.values()].filter((m) => OPTIONS[key](m) !== undefined).map((m) => m.name);
  throw lacksUnit({ machine: machine.name, what, key, machines }, place);
}

/** @throws SYS-SIM-172 a queue or a semaphore that the machine does not have */
export function checkSemaphore(queue: Queue, semaphore: number, machine: Machine, place: Place): void {
  // On the way of every semaphore.
  if (semaphore >= semaphoresOf(machine)) {
    const machines = [...presets.values()].filter((m) => semaphore < semaphoresOf(m)).map((m) => m.name);
    const what = { en: `an entry of semaphore ${semaphore}`, zh: `使用信号量 ${semaphore} 的队列项` };
    throw lacksUnit({ machine: machine.name, what, key: `control.semaphores ≥ ${semaphore + 1}`, machines }, place);
  }
  if (queue !== 'winograd' && queue !== 'link') return;
  const what = { en: `'wait' and 'signal' of the queue '${queue}'`, zh: `队列 ${queue} 的 wait 与 signal` };
  demand(machine, queue === 'link' ? 'cluster' : 'winograd', what, place);
}

/** @throws SYS-SIM-172 no decompressor, SYS-SIM-174 a length that no stream has, SYS-SIM-175 no whole groups */
export function checkLoadSparse(entry: LoadSparseEntry, machine: Machine, place: Place): void {
  demand(machine, 'dma.decompressor', name('load.sparse'), place);
  const { format, bytes, elementBytes } = entry;
  const elements = elementsOf(entry.padRecord);
  if (format === 'two4' && elements % STREAM_GROUP !== 0) {
    throw noWholeGroups(
      { what: { en: "the record of 'load.sparse'", zh: 'load.sparse 的记录' }, found: elements, group: STREAM_GROUP },
      place,
    );
  }
  const { least, most } = streamBytes(format, elements, elementBytes);
  if (bytes < least || bytes > most || bytes % 4 !== 0) {
    throw wrongLength({ bytes, elements, format, least, most }, place);
  }
}

/** The names of forms of weights in machine files, by those of instructions. */
const WEIGHTS = { two4: '2:4', bitmap: 'bitmap' } as const;

/** @throws SYS-SIM-172 and -173 no such sparsity, SYS-SIM-175 no whole groups, SYS-SIM-176 more rows than elements */
export function checkMmaSparse(entry: MmaSparseEntry, machine: Machine, place: Place): void {
  const { weights: has } = demand(machine, 'matrix.sparsity', name('mma.sparse'), place);
  const { format, reduction, pixels } = entry;
  if (has !== WEIGHTS[format]) throw otherWeights({ machine: machine.name, format, has }, place);
  if (format === 'two4') {
    const run = Math.max(0, reduction[SIZE]!);
    if (run % STREAM_GROUP !== 0) {
      const what = { en: "d0 of the reduction of 'mma.sparse'", zh: 'mma.sparse 的归约记录 d0' };
      throw noWholeGroups({ what, found: run, group: STREAM_GROUP }, place);
    }
    return;
  }
  const rows = pixels[16 + SIZE]!;
  const depth = elementsOf(reduction);
  if (rows < 0 || rows > depth) throw tooManyRows({ rows, depth }, place);
}

/** @throws SYS-SIM-172 no unit, SYS-SIM-177 no such tile, SYS-SIM-178 a tile of another size */
export function checkWinograd(entry: WinogradEntry, machine: Machine, place: Place): void {
  const { transform, tile, source } = entry;
  const { tileCycles } = demand(machine, 'winograd', name(`wino.${transform}`), place);
  if (tileCycles[tile] === undefined) {
    const known = WINOGRAD_TILES.filter((known) => tileCycles[known] !== undefined);
    throw noTile({ machine: machine.name, tile, known }, place);
  }
  const expected = winogradSides(transform, tile).source;
  const found = [source[12 + SIZE]!, source[16 + SIZE]!];
  if (found.some((size) => size !== expected)) throw wrongSide({ transform, tile, expected, found }, place);
}
