/**
 * A layer on a systolic array, cut into folds as SCALE-Sim cuts it: two extents of the product lie over rows and columns of the array,
 * the third streams. Folds go through the row parts within each column part. Their time is that of `#timing` (`foldStates`).
 *
 *   dataflow            rows        columns   streams     held in the array
 *   weight-stationary   reduction   filters   pixels      filters
 *   input-stationary    reduction   pixels    filters     ifmap
 *   output-stationary   pixels      filters   reduction   sums
 */
import type { SystolicUnit } from '#machine';
import { foldStates, workOf } from '#timing';
import { InputWords } from './inputWords.ts';

export interface ArrayLayer {
  readonly name: string;
  /** M, N and K of the product, K before anything is left out. */
  readonly pixels: number;
  readonly filters: number;
  readonly reduction: number;
  readonly convolution?: {
    readonly height: number;
    readonly width: number;
    readonly filterHeight: number;
    readonly filterWidth: number;
    readonly channels: number;
    readonly stride: number;
  };
  readonly sparsity?: { readonly kept: number; readonly of: number };
}

/** The array, its scratchpads and the way to DRAM, in words and cycles. */
export interface ArrayDesign {
  readonly rows: number;
  readonly columns: number;
  readonly dataflow: SystolicUnit['dataflow'];
  readonly ifmapWords: number;
  readonly filterWords: number;
  readonly ofmapWords: number;
  /** Undefined: as wide as the array needs. */
  readonly bandwidth: number | undefined;
}

export interface ArrayFolds {
  /** K, without the weights that are zero by the layer's sparsity. */
  readonly reduction: number;
  readonly rowParts: number;
  readonly columnParts: number;
  readonly count: number;
  /** Cycles of each fold. */
  readonly cycles: number;
  readonly streamed: number;
  /** Rows and columns of the array that a part uses. */
  readonly rowsUsed: (rowPart: number) => number;
  readonly columnsUsed: (columnPart: number) => number;
  readonly ifmap: Demand;
  readonly filter: Demand;
  readonly inputs: InputWords;
}

/** When and what folds read of an operand. */
export interface Demand {
  /** Of a fold's tile; those of one number hold the same words. */
  readonly tile: (rowPart: number, columnPart: number) => number;
  /** Distinct words of the tiles of row parts `from` to `to` (exclusive) within a column part. */
  readonly words: (from: number, to: number, columnPart: number) => number;
  /** Distinct words of all tiles. */
  readonly all: number;
  /** Cycle of a fold in which the first word of the tile enters, and cycles from there until the last element has begun. */
  readonly first: number;
  readonly span: number;
}

export function arrayFolds(layer: ArrayLayer, { rows, columns, dataflow }: ArrayDesign): ArrayFolds {
  const inputs = new InputWords(layer);
  const { reduction } = inputs;
  const { pixels, filters } = layer;
  const unit: SystolicUnit = {
    kind: 'systolic',
    rows,
    columns,
    dataflow,
    // Sums that stay are taken out while the next ones begin; what is held is shifted in before anything streams.
    preload: dataflow === 'output-stationary' ? 'hidden' : 'exposed',
    lanePacking: 'flat',
    accumulatorBytes: 0,
    pipelineCycles: 0,
  };
  const { folds, refill, stream, skew, empty } = foldStates(unit, pixels, workOf(unit, filters, [reduction]), 'f32');
  const [rowExtent, columnExtent, streamed] = {
    'weight-stationary': [reduction, filters, pixels],
    'input-stationary': [reduction, pixels, filters],
    'output-stationary': [pixels, filters, reduction],
  }[dataflow] as [number, number, number];
  const [rowParts, columnParts] = [Math.ceil(rowExtent / rows), Math.ceil(columnExtent / columns)];
  const rowsUsed = (part: number): number => Math.min(rows, rowExtent - part * rows);
  const columnsUsed = (part: number): number => Math.min(columns, columnExtent - part * columns);
  const held = { first: 0, span: rows };
  const streams = { first: dataflow === 'output-stationary' ? 0 : rows, span: streamed };
  const allInputs = inputs.count(0, pixels, 0, reduction);
  const allWeights = reduction * filters;
  const rowsOf = (from: number, to: number) => [from * rows, Math.min(to * rows, rowExtent)] as const;
  const extentOf = (from: number, to: number): number => Math.min(to * rows, rowExtent) - from * rows;
  const ofRow = (r: number): number => r;
  const ofBoth = (r: number, c: number): number => c * rowParts + r;
  const ofColumn = (_r: number, c: number): number => c;
  const demands = (): readonly [ifmap: Demand, filter: Demand] => {
    switch (dataflow) {
      case 'weight-stationary':
        return [
          {
            ...streams,
            tile: ofRow,
            words: (from, to) => inputs.count(0, pixels, ...rowsOf(from, to)),
            all: allInputs,
          },
          { ...held, tile: ofBoth, words: (from, to, c) => extentOf(from, to) * columnsUsed(c), all: allWeights },
        ];
      case 'input-stationary':
        return [
          {
            ...held,
            tile: ofBoth,
            words: (from, to, c) => inputs.count(c * columns, c * columns + columnsUsed(c), ...rowsOf(from, to)),
            all: allInputs,
          },
          { ...streams, tile: ofRow, words: (from, to) => extentOf(from, to) * filters, all: allWeights },
        ];
      case 'output-stationary':
        return [
          {
            ...streams,
            tile: ofRow,
            words: (from, to) => inputs.count(...rowsOf(from, to), 0, reduction),
            all: allInputs,
          },
          { ...streams, tile: ofColumn, words: (_from, _to, c) => columnsUsed(c) * reduction, all: allWeights },
        ];
    }
  };
  const [ifmap, filter] = demands();
  return {
    reduction,
    rowParts,
    columnParts,
    count: folds,
    cycles: refill + stream + skew + empty,
    streamed,
    rowsUsed,
    columnsUsed,
    ifmap,
    filter,
    inputs,
  };
}
