/**
 * Analytic utilisation: how much of an array of multipliers a network keeps busy behind a memory of some bytes a cycle, from
 * closed formulae over the layers' sizes (exercises 6.8 and 6.9 of *AI Computing Systems*). No program runs, nothing is simulated,
 * and cycles are fractional: for each layer, on its own, with perfect overlap inside it,
 *
 *   T = max(C, bytes ÷ bytes a cycle),   busy = C ÷ T,   lanes = MACs ÷ (N·T);
 *
 * a network's T is the sum over its layers. C and words are those of `vectorMac.ts` and `scalarMac.ts`.
 */
import { diagnostic } from '#base';
import { type Machine, macsPerCycle } from '#machine';
import { type AnalyticLayer, layerMacs } from './layers.ts';
import { type ScalarMac, scalarMacCycles, scalarMacWords } from './scalarMac.ts';
import { type VectorMac, vectorMacCycles, vectorMacWords } from './vectorMac.ts';

export const ANALYTIC_ARRAYS = ['vector-mac', 'scalar-mac'] as const;

export type AnalyticArray = VectorMac | ScalarMac;

export interface AnalyticAmounts {
  readonly macs: number;
  /** C: cycles of the array if data were always there; whole. */
  readonly computeCycles: number;
  readonly words: number;
  readonly bytes: number;
  /** T; fractional. */
  readonly cycles: number;
  /** C ÷ T; null where nothing is computed or moved. */
  readonly busy: number | null;
  /** MACs ÷ (N·T); null as above. */
  readonly laneUtilisation: number | null;
}

export interface LayerUtilisation extends AnalyticAmounts {
  readonly name: string;
  readonly op: string;
}

export interface Utilisation {
  readonly multipliers: number;
  readonly array: AnalyticArray;
  readonly layers: readonly LayerUtilisation[];
  readonly total: AnalyticAmounts;
}

export interface WordsAndRate {
  /** Of a word. */
  readonly bits: number;
  readonly bytesPerCycle: { readonly bytes: number; readonly cycles: number };
}

/** What each layer and the network as a whole make of an array. */
export function utilisation(
  layers: readonly AnalyticLayer[],
  array: AnalyticArray,
  { bits, bytesPerCycle: rate }: WordsAndRate,
): Utilisation {
  const multipliers = multipliersOf(array);
  const shares = (macs: number, computeCycles: number, cycles: number) => ({
    busy: cycles === 0 ? null : computeCycles / cycles,
    laneUtilisation: cycles === 0 ? null : macs / (multipliers * cycles),
  });
  const each = layers.map((layer): LayerUtilisation => {
    const macs = layerMacs(layer);
    const isVector = array.kind === 'vector-mac';
    const computeCycles = isVector ? vectorMacCycles(layer, array) : scalarMacCycles(layer, array);
    const words = isVector ? vectorMacWords(layer, array) : scalarMacWords(layer, array);
    // One rounding at most: words × bits × cycles is whole.
    const cycles = Math.max(computeCycles, (words * bits * rate.cycles) / (8 * rate.bytes));
    const { name, op } = layer;
    const bytes = (words * bits) / 8;
    return { name, op, macs, computeCycles, words, bytes, cycles, ...shares(macs, computeCycles, cycles) };
  });
  const sum = (key: 'macs' | 'computeCycles' | 'words' | 'bytes' | 'cycles') => each.reduce((n, l) => n + l[key], 0);
  const [macs, computeCycles, cycles] = [sum('macs'), sum('computeCycles'), sum('cycles')];
  const total = { macs, computeCycles, words: sum('words'), bytes: sum('bytes'), cycles };
  return { multipliers, array, layers: each, total: { ...total, ...shares(macs, computeCycles, cycles) } };
}

const multipliersOf = (array: AnalyticArray): number =>
  array.kind === 'vector-mac' ? array.tn * array.ti : array.py * array.px;

/** How an array is used, apart from its size. */
export type ArrayUse = Omit<VectorMac, 'tn' | 'ti'> | Omit<ScalarMac, 'py' | 'px'>;

const notWhole = diagnostic<{ multipliers: number; side: number; below: number }>('SYS-REPORT-003', 'usage', {
  en: (p) =>
    `${p.multipliers} multipliers make no rectangle: the shorter side of the array is the power of two 2^⌊log2(N) ÷ 2⌋, here ${p.side}. ` +
    `Take a multiple of it: ${p.below} or ${p.below + p.side}.`,
  zh: (p) =>
    `${p.multipliers} 个乘法器无法排成矩形阵列：阵列的短边为 2 的幂 2^⌊log2(N) ÷ 2⌋，此处为 ${p.side}。` +
    `请取其倍数：${p.below} 或 ${p.below + p.side}。`,
});

/**
 * An array of N multipliers, as the textbook shapes it: Ti (Px) = 2^⌊log2(N) ÷ 2⌋, Tn (Py) = N ÷ that.
 * @param multipliers whole, from 1 to 2³⁰
 * @throws SYS-REPORT-003 that is not whole
 */
export function arrayOfSize(multipliers: number, use: ArrayUse): AnalyticArray {
  const log2 = 31 - Math.clz32(multipliers);
  const inner = 2 ** (log2 >> 1);
  const outer = multipliers / inner;
  if (!Number.isInteger(outer)) throw notWhole({ multipliers, side: inner, below: Math.floor(outer) * inner });
  return use.kind === 'vector-mac' ? { ...use, tn: outer, ti: inner } : { ...use, py: outer, px: inner };
}

/** The array of a machine: its own rows and columns where it is of that kind, else as many multipliers. */
export function arrayOfMachine({ matrix }: Machine, use: ArrayUse): AnalyticArray {
  if (matrix.kind === 'dot' && use.kind === 'vector-mac') return { ...use, tn: matrix.tn, ti: matrix.ti };
  if (matrix.kind !== 'dot' && use.kind === 'scalar-mac') return { ...use, py: matrix.rows, px: matrix.columns };
  return arrayOfSize(macsPerCycle(matrix), use);
}
