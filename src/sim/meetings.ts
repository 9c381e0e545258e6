/**
 * Where cores wait for each other: barriers, `sync` of a cluster or the chip, host calls, and the end of the program. Cores that
 * meet go on together, `barrierLatency` after the last has arrived; where a scope has one core nobody waits.
 */
import { diagnostic } from '#base';
import { controlCost } from '#timing';
import type { Core, Surroundings } from './core.ts';
import { membersOf } from './topology.ts';

const otherPart = diagnostic<{ part: number; core: number; otherPart: number; other: number }>(
  'SYS-SIM-124',
  'invalid',
  {
    en: (p) =>
      `core ${p.core} calls host part ${p.part}, but core ${p.other} host part ${p.otherPart}: a host part runs once for all cores, so ` +
      'that all must call the same. Take `host` out of what only some cores execute.',
    zh: (p) =>
      `核 ${p.core} 调用主机部分 ${p.part}，而核 ${p.other} 调用主机部分 ${p.otherPart}：主机部分为所有核执行一次，因此必须一致。` +
      '请不要把 host 放在只有部分核执行的代码中。',
  },
);

export class Meetings {
  readonly #chip: Surroundings;
  readonly #latency: number;

  constructor(chip: Surroundings) {
    this.#chip = chip;
    this.#latency = chip.cores.length === 1 ? 0 : controlCost(chip.program.machine).barrierLatency;
  }

  /**
   * A core has arrived: says whether its cores go on, have all come to the host or to their ends, or whether it waits.
   * @throws SYS-SIM-124 cores that call different host parts
   */
  arrive(core: Core): 'on' | 'host' | 'halt' | undefined {
    const { cores, hazards } = this.#chip;
    const { blocked: cause, control } = core;
    if (cause === 'halt') {
      core.end();
      return cores.every(({ arrived, blocked }) => arrived !== undefined && blocked === 'halt') ? 'halt' : undefined;
    }
    const members = cause === 'host' ? cores : this.#around(core);
    if (!members.every((member) => this.#hasCome(member, core))) return undefined;
    if (cause === 'host') {
      const other = members.find((member) => member.control.part !== control.part);
      if (other !== undefined) {
        const [a, b] = [core.control, other.control];
        const params = { part: a.part, core: core.number, otherPart: b.part, other: other.number };
        throw otherPart(params, core.nodes.place(a.at, a.time));
      }
    }
    const isDrained = members.every(({ blocked }) => blocked !== 'barrier');
    hazards?.meet(
      members.map(({ number }) => number),
      isDrained,
    );
    const last = Math.max(...members.map(({ arrived }) => arrived!));
    const cycle = members.length === 1 ? last : last + this.#latency;
    for (const member of members) member.resume(cycle);
    return cause === 'host' ? 'host' : 'on';
  }

  #around({ number, control }: Core): readonly Core[] {
    const { topology, cores } = this.#chip;
    return membersOf(topology, number, control.scope).map((n) => cores[n]!);
  }

  /** Whether a core waits for the same meeting as another. */
  #hasCome({ arrived, blocked, control }: Core, other: Core): boolean {
    if (arrived === undefined) return false;
    if (other.blocked === 'host' || blocked === 'host' || blocked === 'halt') return blocked === other.blocked;
    return control.scope === other.control.scope;
  }
}
