/**
 * Analytic model of Py × Px scalar MACs (ShiDianNao-like): each keeps the sum of one output element, weights are broadcast, inputs
 * go from neighbour to neighbour. A convolution lays blocks of Py × Px output elements on the array, one filter at a time; a
 * product has its N = Py·Px columns side by side, one row at a time. With stride s and window k:
 *
 *   compute cycles   convolution Cout·K·⌈Ho ÷ Py⌉·⌈Wo ÷ Px⌉ a plane; product ⌈columns ÷ N⌉·K a row
 *   words, ideal     inputs + weights + outputs, each once
 *   words, shift     convolution: for each filter and channel the inputs under each block, ((py − 1)·s + k)·((px − 1)·s + k) with
 *                    blocks clipped at the edge (padding counts), the weights once a block, and outputs;
 *                    product, a row: ⌈columns ÷ N⌉·K inputs + weights + outputs
 *
 * Analytic: no capacity, no latency, no unit that waits for another. The cycle model is elsewhere (`sim`, `timing`).
 */
import type { AnalyticLayer, OutputMap } from './layers.ts';

export const SCALAR_TRAFFIC = ['ideal', 'shift'] as const;

export interface ScalarMac {
  readonly kind: 'scalar-mac';
  /** Rows. */
  readonly py: number;
  /** Columns. */
  readonly px: number;
  readonly traffic: (typeof SCALAR_TRAFFIC)[number];
}

/** Loads of the array with columns of a product, of all groups. */
const columnPasses = (l: AnalyticLayer, { py, px }: ScalarMac): number =>
  l.groups * Math.ceil(l.filters / l.groups / (py * px));

const blocks = ({ size: [height, width] }: OutputMap, { py, px }: ScalarMac): number =>
  Math.ceil(height / py) * Math.ceil(width / px);

export function scalarMacCycles(l: AnalyticLayer, array: ScalarMac): number {
  if (l.map === null) return columnPasses(l, array) * l.reduction * l.positions;
  return l.filters * l.reduction * l.map.planes * blocks(l.map, array);
}

/** Words on and off the chip's memory. */
export function scalarMacWords(l: AnalyticLayer, array: ScalarMac): number {
  const outputs = l.filters * l.positions;
  if (array.traffic === 'ideal') return l.inputWords + l.weightWords + outputs;
  if (l.map === null) return l.positions * (columnPasses(l, array) * l.reduction + l.weightWords) + outputs;
  const { planes, size, kernel, window, stride } = l.map;
  const taps = kernel[0] * kernel[1];
  const inputs =
    underBlocks(size[0], array.py, stride[0], window[0]) * underBlocks(size[1], array.px, stride[1], window[1]);
  const oneFilter = taps === 0 ? 0 : (l.reduction / taps) * inputs + l.reduction * blocks(l.map, array);
  return planes * l.filters * oneFilter + outputs;
}

/** Input elements under each block along one axis, summed over the blocks. */
function underBlocks(size: number, block: number, stride: number, window: number): number {
  const whole = Math.floor(size / block);
  const rest = size % block;
  const under = (outputs: number): number => (outputs - 1) * stride + window;
  return whole * under(block) + (rest === 0 ? 0 : under(rest));
}
