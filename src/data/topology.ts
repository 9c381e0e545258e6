/**
 * Topologies as SCALE-Sim has them: one layer a line, comma-separated, either a convolution (name, input height and width, filter
 * height and width, channels, filters, stride) or a matrix product (name, M, N, K); a last column headed `Sparsity` holds N:M, so many
 * of so many weights kept. Other further columns (batch) are not read. A comma may end a line. The headline says which of both it is, a
 * line with a name alone is the title of a section, and a convolution with `DP` in its name is depthwise: a layer for each channel.
 * Samajdar et al., "SCALE-Sim: Systolic CNN Accelerator", arXiv:1811.02883.
 */
import { diagnostic, type Place, type SystoleError, throwErrors } from '#base';

/** A layer as a matrix product: `pixels` rows of inputs by `filters` columns, each a sum over `reduction`. */
export interface TopologyLayer {
  readonly name: string;
  /** Output pixels, M. */
  readonly pixels: number;
  /** Filters, N. */
  readonly filters: number;
  /** Elements of one filter, K = filter height · filter width · channels. */
  readonly reduction: number;
  /** What the product was made of; a matrix product of the file has none. */
  readonly convolution?: TopologyConvolution;
  /** Of every `of` weights along the reduction, `kept` are not zero. Missing where the file says nothing, or as many as there are. */
  readonly sparsity?: { readonly kept: number; readonly of: number };
}

export interface TopologyConvolution {
  readonly height: number;
  readonly width: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly channels: number;
  /** Of both directions. */
  readonly stride: number;
}

export const TOPOLOGY_FORMS = ['conv', 'gemm'] as const;
export type TopologyForm = (typeof TOPOLOGY_FORMS)[number];

const noTopology = diagnostic<{ found: string }>('SYS-DAT-020', 'invalid', {
  en: (p) =>
    `no topology: its first line is '${p.found}', expected 'Layer name, IFMAP Height, IFMAP Width, Filter Height, ` +
    "Filter Width, Channels, Num Filter, Strides' or 'Layer, M, N, K'.",
  zh: (p) =>
    `不是拓扑文件：首行为 '${p.found}'，应为 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, ` +
    "Channels, Num Filter, Strides' 或 'Layer, M, N, K'。",
});
const badNumber = diagnostic<{ layer: string; column: string; found: string }>('SYS-DAT-021', 'invalid', {
  en: (p) => `layer '${p.layer}': ${p.column} is '${p.found}', expected a whole number of at least 1.`,
  zh: (p) => `层 '${p.layer}'：${p.column} 为 '${p.found}'，应为不小于 1 的整数。`,
});
const noOutput = diagnostic<{ layer: string; filter: number; input: number }>('SYS-DAT-022', 'invalid', {
  en: (p) => `layer '${p.layer}': a filter of ${p.filter} does not fit into an input of ${p.input}; enlarge the input.`,
  zh: (p) => `层 '${p.layer}'：大小为 ${p.filter} 的滤波器放不进大小为 ${p.input} 的输入；请增大输入。`,
});
const badSparsity = diagnostic<{ layer: string; found: string }>('SYS-DAT-096', 'invalid', {
  en: (p) =>
    `layer '${p.layer}': the sparsity is '${p.found}', expected N:M, N of every M weights kept (such as 2:4; 1:1 is dense).`,
  zh: (p) => `层 '${p.layer}'：稀疏度为 '${p.found}'，应为 N:M，即每 M 个权重保留 N 个（如 2:4；1:1 为稠密）。`,
});
const otherForm = diagnostic<{ asked: TopologyForm; found: string }>('SYS-DAT-097', 'usage', {
  en: (p) =>
    p.asked === 'gemm'
      ? `-i gemm asks for 'Layer, M, N, K', and the first line is that of convolutions: '${p.found}'. Give -i conv, or leave it out.`
      : `-i conv asks for convolutions, and the first line is that of matrix products: '${p.found}'. Give -i gemm, or leave it out.`,
  zh: (p) =>
    p.asked === 'gemm'
      ? `-i gemm 要求 'Layer, M, N, K'，而首行是卷积的表头：'${p.found}'。请改用 -i conv，或去掉它。`
      : `-i conv 要求卷积，而首行是矩阵乘的表头：'${p.found}'。请改用 -i gemm，或去掉它。`,
});

const CONVOLUTION = ['ifmap height', 'ifmap width', 'filter height', 'filter width', 'channels', 'filters', 'stride'];
const PRODUCT = ['M', 'N', 'K'];

/** A cell without the blanks around it, and the column of its first character, from 1. */
interface Cell {
  readonly text: string;
  readonly column: number;
}

function cellsOf(line: string): Cell[] {
  const separator = line.includes(',') ? ',' : '\t';
  let at = 0;
  return line.split(separator).map((cell) => {
    const column = at + 1 + (cell.length - cell.trimStart().length);
    at += cell.length + 1;
    return { text: cell.trim(), column };
  });
}

/**
 * The layers of a topology.
 * @param form needed only where the first line is no headline that is known; then that line is skipped
 * @throws SYS-DAT-020 no topology, SYS-DAT-021 not a number, SYS-DAT-022 filter larger than input, SYS-DAT-096 no N:M, SYS-DAT-097 the other
 *   form; each with file, line and column, all wrong rows at once
 */
export function readTopology(text: string, file: string, form?: TopologyForm): TopologyLayer[] {
  const source = text.replace(/^\ufeff/, '');
  const lines = source.split(/\r\n|\r|\n/);
  const first = Math.max(
    0,
    lines.findIndex((line) => /[^\s,]/.test(line)),
  );
  const head = cellsOf(lines[first] ?? '').map((cell) => cell.text.toLowerCase());
  const shown = (lines[first] ?? '').trim().slice(0, 80);
  const place = (line: number, cell?: Cell): Place => ({
    file,
    line: line + 1,
    ...(cell === undefined ? {} : { column: cell.column, length: Math.max(1, cell.text.length) }),
    source,
  });
  const known = formOf(head);
  if (known !== undefined && form !== undefined && known !== form) {
    throw otherForm({ asked: form, found: shown }, place(first));
  }
  const isProduct = (known ?? form) === 'gemm';
  if (known === undefined && form === undefined) throw noTopology({ found: shown }, place(first));
  const columns = isProduct ? PRODUCT : CONVOLUTION;
  const sparsityAt = head.indexOf('sparsity');
  const errors: SystoleError[] = [];
  const layers: TopologyLayer[] = [];
  for (let i = first + 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (!/[^\s,]/.test(line)) continue;
    const cells = cellsOf(line);
    const end: Cell = { text: '', column: line.length + 1 };
    const name = cells[0]!.text;
    if (cells.slice(1).every((cell) => cell.text === '')) continue;
    const before = errors.length;
    const values = columns.map((column, c) => {
      const cell = cells[c + 1] ?? end;
      const value = Number(cell.text);
      if (!/^[1-9]\d*$/.test(cell.text) || !Number.isSafeInteger(value)) {
        errors.push(badNumber({ layer: name, column, found: cell.text }, place(i, cell)));
      }
      return value;
    });
    if (!isProduct) {
      for (const [input, filter] of [
        [0, 2],
        [1, 3],
      ] as const) {
        if (values[filter]! > values[input]!) {
          const params = { layer: name, filter: values[filter]!, input: values[input]! };
          errors.push(noOutput(params, place(i, cells[filter + 1])));
        }
      }
    }
    const sparsity = sparsityAt < 0 ? undefined : sparsityOf(cells[sparsityAt]?.text ?? '');
    if (sparsity === null) {
      const cell = cells[sparsityAt] ?? end;
      errors.push(badSparsity({ layer: name, found: cell.text }, place(i, cell)));
    }
    if (errors.length > before) continue;
    const kept = sparsity === undefined || sparsity === null ? {} : { sparsity };
    if (isProduct) layers.push({ ...product(name, values), ...kept });
    else layers.push(...convolutions(name, values).map((layer) => ({ ...layer, ...kept })));
  }
  throwErrors(errors);
  return layers;
}

function formOf(head: readonly string[]): TopologyForm | undefined {
  if (head[1] === 'm' && head[2] === 'n' && head[3] === 'k') return 'gemm';
  const isConvolution =
    /^(?:ifmap|input) (?:height|width)$/.test(head[1] ?? '') && /^filter height$/.test(head[3] ?? '');
  return isConvolution ? 'conv' : undefined;
}

/** Undefined for a dense layer, null where it is no N:M. */
function sparsityOf(text: string): TopologyLayer['sparsity'] | null {
  if (text === '') return undefined;
  const [, n, m] = /^([1-9]\d{0,8}) *: *([1-9]\d{0,8})$/.exec(text) ?? [];
  const [kept, of] = [Number(n), Number(m)];
  if (n === undefined || kept > of) return null;
  return kept === of ? undefined : { kept, of };
}

const product = (name: string, [pixels, filters, reduction]: readonly number[]): TopologyLayer => ({
  name,
  pixels: pixels!,
  filters: filters!,
  reduction: reduction!,
});

/** One layer, or, depthwise, one for each channel, named as SCALE-Sim names them. */
function convolutions(name: string, values: readonly number[]): TopologyLayer[] {
  const [height, width, filterHeight, filterWidth, channels, filters, stride] = values as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // As SCALE-Sim counts them: a last filter that reaches over the edge is counted.
  const outputs = (input: number, filter: number): number => Math.ceil((input - filter + stride) / stride);
  const layer = (named: string, depth: number): TopologyLayer => ({
    name: named,
    pixels: outputs(height, filterHeight) * outputs(width, filterWidth),
    filters,
    reduction: filterHeight * filterWidth * depth,
    convolution: { height, width, filterHeight, filterWidth, channels: depth, stride },
  });
  if (!name.includes('DP')) return [layer(name, channels)];
  return Array.from({ length: channels }, (_, channel) => layer(`${name}Channel_${channel}`, 1));
}
