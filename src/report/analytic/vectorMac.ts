/**
 * Analytic model of Tn vector-MACs with Ti lanes and an adder tree each (as in Chen et al., DianNao, ASPLOS 2014), for a layer
 * with g groups, Cout filters, P positions, reduction K = (Cin ÷ g)·k²:
 *
 *   compute cycles, im2col     C = g·⌈Cout/g ÷ Tn⌉·P·⌈K ÷ Ti⌉             lanes over the whole reduction
 *   compute cycles, channel    C = g·⌈Cout/g ÷ Tn⌉·P·⌈(Cin/g) ÷ Ti⌉·k²    lanes over input channels (DianNao's loops)
 *   words, ideal               inputs + weights + outputs, each once
 *   words, streaming           g·⌈Cout/g ÷ Tn⌉·P·K + MACs + outputs       no operand register: each operand with each use
 *   words, weight-stationary   g·⌈Cout/g ÷ Tn⌉·P·K + weights + (2·⌈K ÷ Ti⌉ − 1)·outputs
 *                              weights stay in registers, so partial sums are written and read back for every chunk but one
 *
 * Analytic: no capacity, no latency, no unit that waits for another. The cycle model is elsewhere (`sim`, `timing`).
 */
import type { AnalyticLayer } from './layers.ts';
import { layerMacs } from './layers.ts';

export const MAPPINGS = ['im2col', 'channel'] as const;
export const VECTOR_TRAFFIC = ['ideal', 'streaming', 'weight-stationary'] as const;

export interface VectorMac {
  readonly kind: 'vector-mac';
  /** Filters computed at once. */
  readonly tn: number;
  /** Lanes of each adder tree. */
  readonly ti: number;
  readonly mapping: (typeof MAPPINGS)[number];
  readonly traffic: (typeof VECTOR_TRAFFIC)[number];
}

/** How often the array turns to other filters. */
const filterPasses = (l: AnalyticLayer, tn: number): number => l.groups * Math.ceil(l.filters / l.groups / tn);

const chunks = (l: AnalyticLayer, { ti, mapping }: VectorMac): number =>
  mapping === 'im2col' || l.channels === 0
    ? Math.ceil(l.reduction / ti)
    : Math.ceil(l.channels / ti) * (l.reduction / l.channels);

export const vectorMacCycles = (l: AnalyticLayer, array: VectorMac): number =>
  filterPasses(l, array.tn) * l.positions * chunks(l, array);

/** Words on and off the chip's memory. */
export function vectorMacWords(l: AnalyticLayer, array: VectorMac): number {
  const outputs = l.filters * l.positions;
  const inputsEachPass = filterPasses(l, array.tn) * l.positions * l.reduction;
  switch (array.traffic) {
    case 'ideal':
      return l.inputWords + l.weightWords + outputs;
    case 'streaming':
      return inputsEachPass + layerMacs(l) + outputs;
    case 'weight-stationary':
      return inputsEachPass + l.weightWords + Math.max(1, 2 * Math.ceil(l.reduction / array.ti) - 1) * outputs;
  }
}
