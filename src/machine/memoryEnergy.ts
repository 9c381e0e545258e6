/**
 * What a memory of another size takes for an access: Horowitz's memories (ISSCC 2014, 45 nm: 64 bits of 32 KB 20 pJ, of 1 MB 100 pJ) lie along a
 * power law with exponent 0.46.
 */
import type { Machine } from './schema.ts';

const EXPONENT = Math.log(100 / 20) / Math.log(2 ** 20 / 2 ** 15);

/** By how much the energy of an access rises in a memory of so many times the bytes. */
export const accessEnergyFactor = (factor: number): number => factor ** EXPONENT;

/** A machine with the energies of its memories as they follow from those of the machine that it was made of, whose sizes were others. */
export function withMemoryEnergy(machine: Machine, base: Machine): Machine {
  const { energy } = machine;
  if (energy === undefined || base.energy === undefined) return machine;
  const scaled = { ...energy };
  for (const memory of MEMORIES) {
    const [now, before] = [bytesOf(machine, memory), bytesOf(base, memory)];
    const [figure, own] = [energy[memory], base.energy[memory]];
    // Figures that were changed themselves stay as they are given.
    if (now === before || now === 0 || before === 0 || figure === undefined || own === undefined) continue;
    if (figure.read !== own.read || figure.write !== own.write) continue;
    const factor = accessEnergyFactor(now / before);
    scaled[memory] = { read: digits(figure.read * factor), write: digits(figure.write * factor) };
  }
  return { ...machine, energy: scaled };
}

const digits = (n: number): number => Number(n.toPrecision(4));

const MEMORIES = ['nram', 'wram', 'accumulators', 'sharedRam'] as const;

function bytesOf({ nram, wram, matrix, cluster }: Machine, memory: (typeof MEMORIES)[number]): number {
  if (memory === 'nram') return nram.bytes;
  if (memory === 'wram') return wram.bytes;
  return memory === 'accumulators' ? matrix.accumulatorBytes : (cluster?.sharedRam.bytes ?? 0);
}
