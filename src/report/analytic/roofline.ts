/**
 * The roofline of a machine: Williams, Waterman, Patterson, Roofline: An Insightful Visual Performance Model for Multicore
 * Architectures, CACM 52(4), 2009. A multiply-accumulate is two operations. Analytic: what no run can pass, not what one reaches.
 */
import { coresOf, type Machine, macsPerCycle } from '#machine';

export interface Roof {
  /** Operations a second. */
  readonly peak: number;
  /** Bytes a second. */
  readonly bandwidth: number;
}

/** Of the matrix units of all cores, before the machine's DRAM. */
export function roofOf(machine: Machine): Roof {
  const { bytes, cycles } = machine.dram.bandwidth;
  return {
    peak: 2 * macsPerCycle(machine.matrix) * coresOf(machine) * machine.frequency,
    bandwidth: (machine.frequency * bytes) / cycles,
  };
}

/** Operations a byte from which on the peak can be reached. */
export const ridge = (roof: Roof): number => roof.peak / roof.bandwidth;

/** Operations a second at best, of work with so many operations a byte. */
export const attainable = (roof: Roof, intensity: number): number => Math.min(roof.peak, intensity * roof.bandwidth);
