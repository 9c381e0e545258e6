/** The banks behind the DRAM channel: their state, and what a transfer that is granted takes of them. */
import { internalError } from '#base';
import type { Machine } from '#machine';
import { type DramConfig, type DramService, type DramState, dramConfig, newDram, serveTransfer } from '#timing';
import type { Slot } from './unit.ts';

/** Mutable: its state is replaced by every transfer. */
export class BankedDram {
  state: DramState;
  readonly #config: DramConfig;
  readonly #dram: Machine['dram'];

  constructor(config: DramConfig, dram: Machine['dram']) {
    this.#config = config;
    this.#dram = dram;
    this.state = newDram(config);
  }

  /** The transfer of a unit that asked at one cycle and is granted at another. */
  serve(slot: Slot, asked: number, granted: number): DramService {
    const cost = slot.plan!.transfer!;
    const times = { asked, granted, cost };
    const service = serveTransfer(this.#config, this.state, { ...times, ...this.#place(slot, cost) }, this.#dram);
    this.state = service.state;
    return service;
  }

  /** What refresh takes of each channel in so many cycles. */
  refreshesBy(cycles: number): { readonly refreshes: number; readonly refreshCycles: number } {
    const { t, clockAt, cycleAt } = this.#config;
    const refreshes = Math.floor(clockAt(cycles) / t.tREFI);
    return { refreshes, refreshCycles: cycleAt(refreshes * t.tRFC) };
  }

  #place({ entry, plan }: Slot, { payloadBytes: bytes }: { readonly payloadBytes: number }) {
    switch (entry.kind) {
      case 'load':
      case 'store': {
        const { dramRecord: dram, elementBytes, dram: address } = entry;
        const sizes = entry.kind === 'load' ? dram : entry.padRecord;
        return { shape: { sizes, dram, elementBytes }, address, bytes, isWrite: entry.kind === 'store' };
      }
      case 'loadSparse':
        return { address: entry.dram, bytes, isWrite: false };
      case 'move': {
        const place = plan!.accesses.find(({ memory }) => memory === 'dram');
        return { address: place?.address(entry), bytes, isWrite: entry.to === 'dram' };
      }
      default:
        throw internalError({ what: `'${entry.kind}' asked for the DRAM channel` });
    }
  }
}

/** Of a machine whose DRAM has banks. */
export function bankedDramOf(machine: Machine): BankedDram | undefined {
  const config = dramConfig(machine);
  return config && new BankedDram(config, machine.dram);
}
