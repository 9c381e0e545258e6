/** SCALE-Sim's report files: its names of files and columns, in its order, a comma behind every cell. Layers are numbered from 0. */
import type { DramUse } from './doubleBuffers.ts';
import type { LayerUse, SramUse } from './layerUse.ts';

type Cell = readonly [head: string, value: (layer: LayerUse) => number | string];

const COMPUTE: readonly Cell[] = [
  ['Total Cycles (incl. prefetch)', (l) => l.cyclesWithPrefetch],
  ['Total Cycles', (l) => l.cycles],
  ['Stall Cycles', (l) => l.stalls],
  ['Overall Util %', (l) => 100 * l.utilisation],
  ['Mapping Efficiency %', (l) => 100 * l.mapping],
  ['Compute Util %', (l) => 100 * l.computeUtilisation],
];

const OPERANDS = [
  ['IFMAP', 'IFMAP', 'ifmap', 'Reads'],
  ['FILTER', 'Filter', 'filter', 'Reads'],
  ['OFMAP', 'OFMAP', 'ofmap', 'Writes'],
] as const;

const metadataRate: Cell = ['Avg FILTER Metadata SRAM BW', (l) => l.sparse!.metadata / l.cycles];

const bandwidth = (isSparse: boolean): readonly Cell[] => [
  ...OPERANDS.flatMap(([head, , operand]): Cell[] => [
    [`Avg ${head} SRAM BW`, (l) => l.sram[operand].words / l.cycles],
    ...(isSparse && operand === 'filter' ? [metadataRate] : []),
  ]),
  ...OPERANDS.map(([head, , operand]): Cell => [`Avg ${head} DRAM BW`, (l) => dramRate(l.dram[operand])]),
];

/** Words a cycle, from the first cycle of an operand's way to its last. */
const dramRate = ({ start, stop, words }: DramUse): number => words / (stop - start + 1);

const ACCESSES: readonly Cell[] = (['sram', 'dram'] as const).flatMap((memory) =>
  OPERANDS.flatMap(([, head, operand, kind]): Cell[] => {
    const use = (l: LayerUse): SramUse | DramUse => l[memory][operand];
    const name = `${memory.toUpperCase()} ${head}`;
    return [
      [`${name} Start Cycle`, (l) => use(l).start],
      [`${name} Stop Cycle`, (l) => use(l).stop],
      [`${name} ${kind}`, (l) => use(l).words],
    ];
  }),
);

const SPARSE: readonly Cell[] = [
  ['Sparsity Representation', (l) => l.sparse!.representation],
  ['Original Filter Storage', (l) => l.sparse!.dense],
  ['New Storage (Filter+Metadata)', (l) => l.sparse!.stored],
  ['Filter Metadata Storage', (l) => l.sparse!.metadata],
  metadataRate,
];

/** A report by its file's name: heads, and a row for each layer. */
export interface ScaleSimTable {
  readonly file: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
}

export function scaleSimTables(layers: readonly LayerUse[]): ScaleSimTable[] {
  const isSparse = layers.some((l) => l.sparse !== undefined);
  const table = (file: string, cells: readonly Cell[]): ScaleSimTable => ({
    file,
    heads: ['LayerID', ...cells.map(([head]) => head)],
    rows: layers.map((layer, id) => [id, ...cells.map(([, value]) => value(layer))]),
  });
  return [
    table('COMPUTE_REPORT.csv', COMPUTE),
    table('BANDWIDTH_REPORT.csv', bandwidth(isSparse)),
    table('DETAILED_ACCESS_REPORT.csv', ACCESSES),
    ...(isSparse ? [table('SPARSE_REPORT.csv', SPARSE)] : []),
  ];
}

export const scaleSimCsv = ({ heads, rows }: ScaleSimTable): string =>
  [heads, ...rows].map((cells) => `${cells.join(', ')},\n`).join('');
