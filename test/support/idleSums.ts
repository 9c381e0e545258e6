/**
 * Where the cycles went: of every unit busy + causes = total, and each cause that events tell of is counted again from them: what came
 * after a unit's last entry, what its transfers waited for the channel and for banks.
 */
import { sharedEngine } from '#engine';
import { bindSizes, compileModel } from '#flow';
import type { Program } from '#isa';
import { presets } from '#machine';
import { buildModel } from '#models';
import { createSimulation, type SimulationEvent } from '#sim';
import { Generator } from '#tensor';

interface Recount {
  /** Cycles of entries other than `wait`, without what they waited for. */
  work: number;
  channel: number;
  dram: number;
  /** End of the last entry. */
  last: number;
  entries: number;
}

/** What the events of a run say of each unit, by core and name. */
class Recounts {
  readonly units = new Map<string, Recount>();
  readonly observer = (event: SimulationEvent): void => {
    if (!('start' in event)) return;
    const key = `${event.core} ${event.unit}`;
    const unit = this.units.get(key) ?? { work: 0, channel: 0, dram: 0, last: 0, entries: 0 };
    this.units.set(key, unit);
    unit.entries++;
    unit.last = Math.max(unit.last, event.cycle);
    unit.channel += event.waited;
    unit.dram += event.stalled;
    if (event.entry.kind !== 'wait') unit.work += event.cycle - event.start - event.waited - event.stalled;
  };
}

/** Simulates, time alone, with host parts at their price, and lists what does not add up. */
export function idleFaults(program: Program): string[] {
  const recounts = new Recounts();
  const state = createSimulation(program, { data: false, observer: recounts.observer }).run();
  if (state.state !== 'done') throw new Error('time alone does not stop for the host');
  const { cycles, units } = state.result;
  const faults: string[] = units.length < 3 ? [`${units.length} units`] : [];
  for (const { name, core = 0, busy, idle, idleBy, waits, entries } of units) {
    const told = recounts.units.get(`${core} ${name}`);
    const sum = (counts: object): number => Object.values(counts).reduce((a: number, b: number) => a + b, 0);
    const check = (what: string, found: number, expected: number): void => {
      if (found !== expected) faults.push(`core ${core}, ${name}: ${what} ${found}, not ${expected}`);
    };
    check('busy + causes', busy + sum(idleBy), cycles);
    check('busy + idle', busy + idle, cycles);
    check('waits', sum(waits), idleBy.semaphore + idleBy.sync);
    check('tail', idleBy.tail, cycles - (told?.last ?? 0));
    check('channel', idleBy.channel, told?.channel ?? 0);
    check('dram', idleBy.dram, told?.dram ?? 0);
    check('entries', entries, told?.entries ?? 0);
    if (busy < (told?.work ?? 0)) faults.push(`core ${core}, ${name}: busy ${busy}, worked ${told?.work}`);
    for (const [cause, n] of Object.entries({ busy, ...idleBy, ...waits }))
      if (n < 0) faults.push(`core ${core}, ${name}: ${cause} ${n}`);
  }
  return faults;
}

/** One core, several, and an array. */
export const SUMMED_ON = ['textbook-single', 'textbook-cluster', 'gemmini-16x16'];

/** Of a network of `models/` on a preset. */
export async function idleFaultsOf(network: string, on: string): Promise<string[]> {
  const { model } = bindSizes(await buildModel(network, { generator: new Generator(7) }), { batch: 1 });
  const { program } = await compileModel(model, { machine: presets.get(on)!, engine: await sharedEngine() });
  return idleFaults(program);
}
