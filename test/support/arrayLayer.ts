/**
 * A layer of a topology on a systolic array: one or a few `mma`, whose operands lie where they do not matter, so that only the array's
 * own time counts. Used by the test against SCALE-Sim's cycles and by the bench against SCALE-Sim itself.
 */
import type { TopologyLayer } from '#data';
import { assembleProgram } from '#isa';
import { type Machine, presets, type SystolicUnit } from '#machine';
import { createSimulation } from '#sim';

export const DATAFLOWS = ['weight-stationary', 'output-stationary', 'input-stationary'] as const;
export type Dataflow = (typeof DATAFLOWS)[number];

/** An array with scratchpads as large as addresses reach, so that a layer is one instruction. */
export function arrayMachine(
  dataflow: Dataflow,
  rows: number,
  columns: number,
  preload: SystolicUnit['preload'],
): Machine {
  const base = presets.get('textbook-single')!;
  const bytes = 2 ** 32 - 4096;
  return {
    ...base,
    matrix: {
      kind: 'systolic',
      rows,
      columns,
      dataflow,
      preload,
      lanePacking: 'flat',
      accumulatorBytes: bytes,
      pipelineCycles: 0,
    },
    nram: { bytes },
    wram: { bytes },
  };
}

/**
 * Records of P pixels by N filters over K elements: A is P × K, C is P × N behind it, each group of filters `columns` wide. Without
 * strides all pixels lie at one place, so that a layer of any size has room.
 */
export const product = (p: number, n: number, k: number, columns: number, strides = true): string => {
  const stride = (bytes: number): number => (strides ? bytes : 0);
  return `
  li r1, ${p}
  li r2, ${stride(4 * k)}
  cfg.dim R1, 0, r1, r2
  li r1, ${k}
  li r2, ${stride(4)}
  cfg.dim R2, 0, r1, r2
  li r2, ${stride(4 * n)}
  li r1, 1
  cfg.dim R3, 0, r1, r2
  li r1, ${n}
  li r2, ${stride(4 * columns)}
  cfg.dim R3, 4, r1, r2
  li r4, ${stride(4 * p * k)}
`;
};

/**
 * Cycles that the matrix unit is busy with a layer; nothing is brought in or out, so that nothing else takes time. Where sums of a
 * layer are more than the accumulators hold it is cut into several instructions, between two folds.
 */
export function matrixCycles({ pixels, filters, reduction }: TopologyLayer, machine: Machine): number {
  const { columns, rows, dataflow, accumulatorBytes } = machine.matrix as SystolicUnit;
  const sums = 4 * pixels * columns * Math.ceil(filters / columns);
  const pieces = Math.ceil(sums / accumulatorBytes);
  const byFilters = dataflow === 'weight-stationary';
  const step = dataflow === 'output-stationary' ? rows : columns;
  const extent = byFilters ? filters : pixels;
  const size = pieces === 1 ? extent : Math.max(1, Math.floor(extent / pieces / step)) * step;
  const text = Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size)).map(
    (part) => `${product(byFilters ? pixels : part, byFilters ? part : filters, reduction, columns, false)}
  mma r0, r0, r0, R1, R2, R3, r0, r0, f32, clear`,
  );
  const program = assembleProgram(`${text.join('\n')}\n  halt`, { file: 'layer.s', machine });
  const run = createSimulation(program, { data: false, hazards: false }).run();
  if (run.state !== 'done') throw new Error(run.state);
  return run.result.units.find((u) => u.name === 'matrix')!.busy;
}
