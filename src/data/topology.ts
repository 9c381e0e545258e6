/**
 * Topologies as SCALE-Sim has them: one layer a line, comma-separated, either a convolution (name, input height and width, filter
 * height and width, channels, filters, stride) or a matrix product (name, M, N, K). Further columns (batch, sparsity) are not
 * read; the headline says which of both it is, a line with a name alone is the title of a section. Samajdar et al., "SCALE-Sim: Systolic CNN Accelerator", arXiv:1811.02883.
 */
import { diagnostic, type Place } from '#base';

/** A layer as a matrix product: `pixels` rows of inputs by `filters` columns, each a sum over `reduction`. */
export interface TopologyLayer {
  readonly name: string;
  /** Output pixels, M. */
  readonly pixels: number;
  /** Filters, N. */
  readonly filters: number;
  /** Elements of one filter, K = filter height · filter width · channels. */
  readonly reduction: number;
}

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

const CONVOLUTION = ['ifmap height', 'ifmap width', 'filter height', 'filter width', 'channels', 'filters', 'stride'];
const PRODUCT = ['M', 'N', 'K'];

const cells = (line: string): string[] => line.split(line.includes(',') ? ',' : '\t').map((cell) => cell.trim());

/**
 * The layers of a topology.
 * @throws SYS-DAT-020 no topology, SYS-DAT-021 not a number, SYS-DAT-022 filter larger than input; each with file and line
 */
export function readTopology(text: string, file: string): TopologyLayer[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const at = lines.findIndex((line) => /[^\s,]/.test(line));
  const head = cells(lines[at] ?? '').map((cell) => cell.toLowerCase());
  const isProduct = head[1] === 'm' && head[2] === 'n' && head[3] === 'k';
  const isConvolution =
    /^(?:ifmap|input) (?:height|width)$/.test(head[1] ?? '') && /^filter height$/.test(head[3] ?? '');
  const place = (line: number): Place => ({ file, line: line + 1, source: text });
  if (!isProduct && !isConvolution)
    throw noTopology({ found: (lines[at] ?? '').trim().slice(0, 80) }, place(Math.max(0, at)));
  const columns = isProduct ? PRODUCT : CONVOLUTION;
  const layers: TopologyLayer[] = [];
  for (let i = at + 1; i < lines.length; i++) {
    if (!/[^\s,]/.test(lines[i]!)) continue;
    const [name = '', ...rest] = cells(lines[i]!);
    if (rest.every((cell) => cell === '')) continue;
    const values = columns.map((column, c) => {
      const found = rest[c] ?? '';
      if (!/^[1-9]\d*$/.test(found)) throw badNumber({ layer: name, column, found }, place(i));
      return Number(found);
    });
    layers.push(isProduct ? product(name, values) : convolution(name, values, place(i)));
  }
  return layers;
}

const product = (name: string, [pixels, filters, reduction]: readonly number[]): TopologyLayer => ({
  name,
  pixels: pixels!,
  filters: filters!,
  reduction: reduction!,
});

function convolution(name: string, values: readonly number[], place: Place): TopologyLayer {
  const [height, width, filterHeight, filterWidth, channels, filters, stride] = values as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const outputs = (input: number, filter: number): number => {
    if (filter > input) throw noOutput({ layer: name, filter, input }, place);
    // As SCALE-Sim counts them: a last filter that reaches over the edge is counted.
    return Math.ceil((input - filter + stride) / stride);
  };
  return {
    name,
    pixels: outputs(height, filterHeight) * outputs(width, filterWidth),
    filters,
    reduction: filterHeight * filterWidth * channels,
  };
}
