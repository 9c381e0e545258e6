/**
 * Where networks and their layers stand under the roofs of arrays of several sizes, before anything runs; exercise 6.10. The words of a layer
 * are its inputs, weights and outputs, each once; a network's are the sum over its layers. A point is on the roof: what is attainable.
 */
import { coresOf, type Machine, macsPerCycle } from '#machine';
import { type AnalyticLayer, layerMacs } from './layers.ts';
import { attainable, ridge, roofOf } from './roofline.ts';

export interface ArrayRoof {
  readonly multipliers: number;
  /** Operations a second. */
  readonly peak: number;
  /** Operations a byte. */
  readonly ridge: number;
}

export interface AnalyticPoint {
  readonly name: string;
  readonly kind: 'layer' | 'network';
  readonly macs: number;
  readonly words: number;
  /** Operations a byte; two a MAC. */
  readonly intensity: number;
  /** Operations a second under each roof. */
  readonly attainable: readonly number[];
}

export interface AnalyticRoofline {
  readonly machine: string;
  readonly bits: number;
  /** Bytes a second. */
  readonly bandwidth: number;
  readonly roofs: readonly ArrayRoof[];
  readonly points: readonly AnalyticPoint[];
}

export interface NamedLayers {
  readonly name: string;
  readonly layers: readonly AnalyticLayer[];
}

/** @param multipliers sizes of the array of each core; empty: the machine's own */
export function analyticRoofline(
  machine: Machine,
  networks: readonly NamedLayers[],
  { bits, multipliers = [] }: { readonly bits: number; readonly multipliers?: readonly number[] },
): AnalyticRoofline {
  const { bandwidth } = roofOf(machine);
  const sizes = multipliers.length === 0 ? [macsPerCycle(machine.matrix)] : multipliers;
  const roofs = sizes.map((n): ArrayRoof => {
    const peak = 2 * n * coresOf(machine) * machine.frequency;
    return { multipliers: n, peak, ridge: ridge({ peak, bandwidth }) };
  });
  const point = (kind: AnalyticPoint['kind'], name: string, layers: readonly AnalyticLayer[]): AnalyticPoint => {
    const macs = layers.reduce((n, l) => n + layerMacs(l), 0);
    const words = layers.reduce((n, l) => n + l.inputWords + l.weightWords + l.filters * l.positions, 0);
    const intensity = words === 0 ? 0 : (2 * macs) / ((words * bits) / 8);
    return {
      ...{ name, kind, macs, words, intensity },
      attainable: roofs.map(({ peak }) => attainable({ peak, bandwidth }, intensity)),
    };
  };
  const points = networks.flatMap(({ name, layers }) => [
    ...(networks.length === 1 ? layers.map((l) => point('layer', l.name, [l])) : []),
    point('network', name, layers),
  ]);
  return { machine: machine.name, bits, bandwidth, roofs, points };
}
