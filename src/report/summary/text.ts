/** The summary of a network as text, Markdown and CSV: a tree of its modules with what is counted of each. */
import type { Language } from '#base';
import type { Dim } from '#ir';
import { bytesText, grouped } from '../quantities.ts';
import { type Column, type Palette, PLAIN, table, wrap } from '../table.ts';
import { CONVENTION, type ConventionName, type Counted, countBy } from './conventions.ts';
import { layerTree, type TreeRow } from './layerTree.ts';
import { intensityOf, type LayerKind, type Summary, type SummaryLayer, type Work } from './summary.ts';

const WORDS = {
  en: {
    layer: 'layer',
    operator: 'operator',
    output: 'output',
    parameters: 'parameters',
    neurons: 'neurons',
    macs: 'MACs',
    multiplications: 'multiplications',
    additions: 'additions',
    comparisons: 'comparisons',
    exponentials: 'exp',
    divisions: 'divisions',
    powers: 'powers',
    otherFunctions: 'other functions',
    transcendentals: 'transcendental',
    bytes: 'bytes',
    intensity: 'ops/byte',
    total: 'total',
    convolution: 'convolutions',
    product: 'products',
    both: 'both',
    neuronsWithInput: (n: string, input: string, both: string) =>
      `${n} neurons; ${both} with the ${input} elements of the input`,
    operations: (all: string, both: string) =>
      `operations of all layers: ${all}; of convolutions and products alone: ${both}`,
    of: (n: string, what: string) => `${n} ${what}`,
    comma: ', ',
    input: 'input',
    nodes: (n: number) => `${n} nodes`,
    held: (n: string, size: string) => `${n} parameters, ${size}`,
    trainable: (n: string, fixed: string) => `trainable ${n}, fixed ${fixed}`,
    statistics: (n: string) => `${n} running statistics of BatchNormalization are not among the parameters`,
    counting: (name: string) => `counted by the convention '${name}' (docs/counting.md)`,
    beside: (n: string) => `${n} of the total are counted for modules that hold others`,
    memory: (input: string, passes: string, parameters: string, total: string) =>
      `input ${input} MB, forward/backward ${passes} MB, parameters ${parameters} MB, together ${total} MB`,
    unknown: (n: number) =>
      `The work of ${n} ${n === 1 ? 'layer' : 'layers'} is not known (?) and not in the totals: give symbolic dimensions sizes with --dim NAME=N; an operator without a cost rule stays unknown.`,
  },
  zh: {
    layer: '层',
    operator: '算子',
    output: '输出',
    parameters: '参数',
    neurons: '神经元',
    macs: 'MAC',
    multiplications: '乘法',
    additions: '加法',
    comparisons: '比较',
    exponentials: '指数',
    divisions: '除法',
    powers: '幂',
    otherFunctions: '其他函数',
    transcendentals: '超越函数',
    bytes: '字节',
    intensity: '运算/字节',
    total: '合计',
    convolution: '其中卷积',
    product: '其中矩阵乘',
    both: '二者合计',
    neuronsWithInput: (n: string, input: string, both: string) =>
      `神经元 ${n} 个；连同输入的 ${input} 个元素共 ${both} 个`,
    operations: (all: string, both: string) => `全部层的运算：${all}；仅卷积与矩阵乘：${both}`,
    of: (n: string, what: string) => `${what} ${n} 次`,
    comma: '、',
    input: '输入',
    nodes: (n: number) => `${n} 个节点`,
    held: (n: string, size: string) => `参数 ${n} 个，${size}`,
    trainable: (n: string, fixed: string) => `可训练 ${n} 个，固定 ${fixed} 个`,
    statistics: (n: string) => `BatchNormalization 的 ${n} 个运行统计量不计入参数`,
    counting: (name: string) => `按约定“${name}”统计（docs/counting.md）`,
    beside: (n: string) => `合计中有 ${n} 计自含有子模块的模块`,
    memory: (input: string, passes: string, parameters: string, total: string) =>
      `输入 ${input} MB，forward/backward ${passes} MB，参数 ${parameters} MB，共 ${total} MB`,
    unknown: (n: number) =>
      `有 ${n} 层的计算量未知（?），未计入合计：请用 --dim 名称=N 给出符号维的大小；没有代价规则的算子仍为未知。`,
  },
} as const;

export interface SummaryTextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  /** Columns of the terminal; 120 by default. */
  readonly width?: number;
  readonly convention?: ConventionName;
  /** Modules that lie deeper are one row; by default none. */
  readonly depth?: number;
}

type Figure = Exclude<Work, 'bytes'> | 'parameters' | 'bytes' | 'intensity' | 'counted';

/** Columns of figures in order; of narrow terminals those go first that have the lowest number. */
const FUNCTIONS: ReadonlySet<Figure> = new Set(['exponentials', 'divisions', 'powers', 'otherFunctions']);
const FIGURES: readonly { readonly figure: Figure; readonly drop?: number }[] = [
  { figure: 'parameters' },
  { figure: 'neurons', drop: 5 },
  { figure: 'macs' },
  { figure: 'multiplications', drop: 3 },
  { figure: 'additions', drop: 3 },
  { figure: 'comparisons', drop: 0 },
  { figure: 'exponentials', drop: 0 },
  { figure: 'divisions', drop: 0 },
  { figure: 'powers', drop: 0 },
  { figure: 'otherFunctions', drop: 0 },
  { figure: 'bytes', drop: 4 },
  { figure: 'intensity', drop: 2 },
];

/** A figure of some layers together; null where one of them is not known. */
function figureOf(
  summary: Summary,
  counted: Counted | undefined,
  figure: Figure,
  indices: readonly number[],
): number | null {
  const sum = (of: (layer: SummaryLayer, index: number) => number | null): number | null => {
    let total = 0;
    for (const i of indices) {
      const value = of(summary.layers[i]!, i);
      if (value === null) return null;
      total += value;
    }
    return total;
  };
  if (figure === 'counted') return sum((_, i) => counted!.layers[i]!);
  if (figure !== 'intensity') return sum((l) => l[figure]);
  const [multiplications, additions, bytes] = (['multiplications', 'additions', 'bytes'] as const).map((f) =>
    sum((l) => l[f]),
  );
  if (multiplications == null || additions == null || bytes == null) return null;
  return intensityOf(multiplications + additions, bytes);
}

interface Sheet {
  readonly heads: readonly string[];
  readonly columns: readonly Column[];
  /** Cells of the tree's rows. */
  readonly rows: readonly (readonly string[])[];
  /** The total, and what of it convolutions and products are. */
  readonly sums: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

function sheetOf(summary: Summary, options: SummaryTextOptions, indent: string): Sheet {
  const { language = 'en', convention = 'systole', depth } = options;
  const words = WORDS[language];
  const counted = countBy(summary, convention);
  const { totals } = summary;
  // Functions that no layer computes have no column.
  const figures =
    counted === undefined
      ? FIGURES.filter(({ figure }) => !FUNCTIONS.has(figure) || totals[figure as Work] !== 0)
      : [{ figure: 'parameters' as const }, { figure: 'counted' as const }];
  const headOf = (figure: Figure): string =>
    figure === 'counted' ? CONVENTION[convention].unit[language] : words[figure];
  const cell = (figure: Figure, indices: readonly number[]): string => {
    const value = figureOf(summary, counted, figure, indices);
    if (value === null) return figure === 'intensity' ? '–' : '?';
    if (figure === 'intensity') return value < 0.01 ? '–' : value.toFixed(value < 10 ? 2 : 1);
    if (value === 0) return '–';
    return figure === 'bytes' ? bytesText(value) : grouped(value);
  };
  const columns: Column[] = [
    { head: words.layer, align: 'left', cut: true },
    { head: words.operator, align: 'left' },
    { head: words.output, align: 'left' },
    ...figures.map(
      (f): Column => ({ head: headOf(f.figure), align: 'right', ...('drop' in f ? { drop: f.drop } : {}) }),
    ),
  ];
  const rows = layerTree(summary.layers, depth).map((row) => [
    ...headCells(summary, row, indent, words.nodes),
    ...figures.map(({ figure }) => (row.open ? '' : cell(figure, row.layers))),
  ]);
  const total = (figure: Figure): string => {
    if (figure === 'counted') return grouped(counted!.total);
    if (figure === 'intensity') return totals.intensity === null ? '–' : totals.intensity.toFixed(2);
    return totals[figure] === 0 ? '–' : figure === 'bytes' ? bytesText(totals.bytes) : grouped(totals[figure]);
  };
  const sums = [[words.total, '', '', ...figures.map(({ figure }) => total(figure))]];
  const indicesOf = (...kinds: readonly LayerKind[]): readonly number[] =>
    summary.layers.flatMap((l, i) => (kinds.includes(l.kind) ? [i] : []));
  const sumRow = (name: string, indices: readonly number[]): void => {
    if (indices.length === 0 || indices.length === summary.layers.length) return;
    sums.push([name, '', '', ...figures.map(({ figure }) => cell(figure, indices))]);
  };
  sumRow(words.convolution, indicesOf('convolution'));
  sumRow(words.product, indicesOf('product'));
  if (sums.length === 3) sumRow(words.both, indicesOf('convolution', 'product'));
  const fixed = totals.parameters - totals.trainable;
  const missing =
    counted === undefined ? totals.unknown : counted.layers.reduce<number>((n, c) => n + (c === null ? 1 : 0), 0);
  const beside = counted === undefined ? 0 : counted.total - counted.layers.reduce<number>((n, c) => n + (c ?? 0), 0);
  const notes = [
    words.held(grouped(totals.parameters), bytesText(totals.parameterBytes)),
    ...(totals.neurons === 0 || counted !== undefined
      ? []
      : [
          words.neuronsWithInput(
            ...([totals.neurons, totals.inputElements, totals.neurons + totals.inputElements].map(grouped) as Three),
          ),
        ]),
    ...(counted === undefined ? [operationsNote(totals, words)] : []),
    ...(fixed === 0 ? [] : [words.trainable(grouped(totals.trainable), grouped(fixed))]),
    ...(totals.statistics === 0 ? [] : [words.statistics(grouped(totals.statistics))]),
    ...(counted?.memory == null ? [] : [memoryNote(counted.memory, words.memory)]),
    ...(beside === 0 ? [] : [words.beside(grouped(beside))]),
    words.counting(convention),
    ...(missing === 0 ? [] : [words.unknown(missing)]),
  ];
  return { heads: columns.map((c) => c.head), columns, rows, sums, notes };
}

type Three = [string, string, string];

const OPERATIONS = [
  ...(['multiplications', 'additions', 'comparisons'] as const),
  ...(['exponentials', 'divisions', 'powers', 'otherFunctions'] as const),
];

/** Operations by kind, of all layers and of convolutions and products alone: no terminal is too narrow for them. */
function operationsNote({ kinds, ...all }: Summary['totals'], words: (typeof WORDS)[Language]): string {
  const told = (of: (key: Work) => number): string => {
    const parts = OPERATIONS.filter((key) => of(key) > 0 || key === 'multiplications' || key === 'additions');
    return parts.map((key) => words.of(grouped(of(key)), words[key])).join(words.comma);
  };
  return words.operations(
    told((key) => all[key]),
    told((key) => kinds.convolution[key] + kinds.product[key]),
  );
}

function memoryNote(
  m: NonNullable<Counted['memory']>,
  note: (...mb: [string, string, string, string]) => string,
): string {
  const mb = (bytes: number): string => (bytes / m.megabyte).toFixed(2);
  return note(mb(m.inputs), mb(m.passes), mb(m.parameters), mb(m.total));
}

/** Name, operator and output of a row. */
function headCells(summary: Summary, row: TreeRow, indent: string, nodes: (n: number) => string): string[] {
  const first = summary.layers[row.layers[0]!]!;
  const last = summary.layers[row.layers.at(-1)!]!;
  return [
    `${indent.repeat(row.depth - 1)}${row.name}`,
    row.layers.length === 1 ? first.op : nodes(row.layers.length),
    shapeText(last.outputShape),
  ];
}

/** For a terminal. */
export function summaryText(summary: Summary, options: SummaryTextOptions = {}): string {
  const { language = 'en', palette = PLAIN, width = 120 } = options;
  const { columns, rows, sums, notes } = sheetOf(summary, options, '  ');
  const paint = (i: number) => (i === rows.length ? palette.strong : PLAIN.strong);
  return `${[
    palette.strong(summary.model),
    ...summary.inputs.map((v) => `  ${WORDS[language].input} ${v.name} ${v.dtype}${shapeText(v.shape)}`),
    '',
    ...table(columns, [...rows, ...sums], { width, head: palette.faint, paint }),
    '',
    ...notes.flatMap((note) => wrap(note, width, '')),
  ].join('\n')}\n`;
}

/** As a table of Markdown, with the notes below. */
export function summaryMarkdown(summary: Summary, options: SummaryTextOptions = {}): string {
  const { columns, rows, sums, notes } = sheetOf(summary, options, '\u2003');
  const line = (cells: readonly string[]): string => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[
    `**${summary.model}**`,
    '',
    line(columns.map((c) => c.head)),
    line(columns.map((c) => (c.align === 'right' ? '---:' : '---'))),
    ...rows.map((cells) => line(cells)),
    ...sums.map((cells) => line(cells.map((c) => (c === '' ? '' : `**${c}**`)))),
    '',
    ...notes.map((note) => `- ${note}`),
  ].join('\n')}\n`;
}

/** As CSV (RFC 4180): a line for each layer, numbers as they are, nothing where a number is not known. */
export function summaryCsv(summary: Summary, { convention = 'systole' }: SummaryTextOptions = {}): string {
  const counted = countBy(summary, convention);
  const figures = FIGURES.flatMap(({ figure }) =>
    figure === 'otherFunctions' ? [figure, 'transcendentals' as const] : [figure],
  );
  const heads = [
    'layer',
    'operator',
    'output',
    'statistics',
    ...figures,
    ...(counted === undefined ? [] : [convention]),
    'kind',
  ];
  const rows = summary.layers.map((l, i) => [
    l.name,
    l.op,
    (l.outputShape ?? ['*']).map((d) => d ?? '?').join('x'),
    String(l.statistics),
    ...figures.map((figure) => String(figureOf(summary, counted, figure, [i]) ?? '')),
    ...(counted === undefined ? [] : [String(counted.layers[i] ?? '')]),
    l.kind,
  ]);
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [heads, ...rows].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

const shapeText = (shape: readonly Dim[] | null): string =>
  shape === null ? '[*]' : `[${shape.map((d) => d ?? '?').join(',')}]`;
