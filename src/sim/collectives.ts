/**
 * Multicasts: one load of all cores of a cluster or of the chip, or one get of a cluster. It begins when it is at the head of the
 * queue in every core of the scope and all their units are free; the source is read once, for which the unit of the first core asks
 * the channel, and every core has it written at its own place. All end together, with the slowest scratchpad.
 */
import { diagnostic } from '#base';
import type { Core, Surroundings } from './core.ts';
import { countActions, countTransfer } from './counters.ts';
import { farAddress, farRecord, type GetEntry, type LoadEntry, type QueueEntry } from './entries.ts';
import { membersOf } from './topology.ts';
import type { Slot, Unit } from './unit.ts';

const differ = diagnostic<{
  first: number;
  firstText: string;
  firstZh: string;
  core: number;
  what: string;
  whatZh: string;
}>('SYS-SIM-122', 'invalid', {
  en: (p) =>
    `cores ${p.first} (${p.firstText}) and ${p.core} come to a multicast together, but theirs differ in ${p.what}: all ` +
    'cores of the scope read the same. Give them the same source address, record and type, or load without mc.',
  zh: (p) =>
    `核 ${p.first}（${p.firstZh}）与核 ${p.core} 共同执行多播，但两者的${p.whatZh}不同：范围内的所有核读取同样的数据。` +
    '请使源地址、记录与类型一致，或不用 mc。',
});

const KINDS = {
  type: { en: 'element type', zh: '元素类型' },
  address: { en: 'source address', zh: '源地址' },
  record: { en: 'source record', zh: '源记录' },
} as const;

export type CollectiveEntry = LoadEntry | GetEntry;

export const isCollective = (entry: QueueEntry): entry is CollectiveEntry =>
  (entry.kind === 'load' || entry.kind === 'get') && entry.multicast !== undefined;

/** Who takes part; one of another scope may still have its own cores to wait for. */
const scopeOf = (entry: QueueEntry): CollectiveEntry['multicast'] =>
  isCollective(entry) ? entry.multicast : undefined;

const queueOf = (entry: CollectiveEntry): 'load' | 'link' => (entry.kind === 'load' ? 'load' : 'link');

export class Collectives {
  readonly #chip: Omit<Surroundings, 'collectives'>;
  /** Of each core and scope. */
  readonly #members = new Map<string, readonly Core[]>();

  constructor(chip: Omit<Surroundings, 'collectives'>) {
    this.#chip = chip;
  }

  /** When a multicast that could begin at cycle `from` finds its banks in all cores. */
  startCycle(core: Core, entry: CollectiveEntry, from: number): number {
    const members = this.#membersOf(core, entry);
    return members.reduce((at, member) => Math.max(at, member.bankCycle(member.unitOf(queueOf(entry)), from)), from);
  }

  /** When a multicast at the head of a core's queue can begin, were there no banks; infinite while another core has not come to it. */
  readyCycle(core: Core, entry: CollectiveEntry): number {
    let at = 0;
    for (const member of this.#membersOf(core, entry)) {
      const unit = member.unitOf(queueOf(entry));
      const { head } = unit;
      if (unit.running !== undefined || head === undefined || scopeOf(head.entry) !== entry.multicast) {
        return Number.POSITIVE_INFINITY;
      }
      at = Math.max(at, unit.free, head.ready);
    }
    return at;
  }

  /** @throws SYS-SIM-122 where what the cores have come to is not the same */
  start(core: Core, entry: CollectiveEntry, now: number): void {
    const members = this.#membersOf(core, entry);
    const units = members.map((member) => member.unitOf(queueOf(entry)));
    const entries = units.map(({ head }) => head!.entry as CollectiveEntry);
    this.#agree(members, entries, now);
    const slots = units.map((unit) => unit.pop(now));
    for (const [i, unit] of units.entries()) {
      unit.idle.blocked(unit.blocked, 'core');
      unit.idle.unblocked();
      unit.producer = slots[i]!.plan!.producer;
    }
    const { hazards, numbers } = this.#chip;
    for (const [i, unit] of units.entries()) hazards?.begin(unit.index, slots[i]!.behind);
    const accesses = slots.map(({ plan }) => plan!.accesses);
    hazards?.together(
      units.map((unit) => unit.index),
      entries,
      accesses,
      now,
    );
    for (const [i, member] of members.entries()) {
      const { nodes, number } = member;
      numbers?.apply(entries[i]!, number, () => nodes.place(entries[i]!.pc, now));
      this.#count(member, units[i]!, slots[i]!, entries[i]!, i === 0, now);
    }
    transfer(units, slots);
  }

  /** Lets units follow again that a checkpoint found following. */
  restore(): void {
    for (const core of this.#chip.cores) {
      for (const leader of core.units) {
        const entry = leader.running?.entry;
        if (entry === undefined || !isCollective(entry) || !leader.awaitsChannel) continue;
        const [, ...others] = this.#membersOf(core, entry);
        leader.lead(others.map((member) => member.unitOf(queueOf(entry))));
      }
    }
  }

  #membersOf(core: Core, { multicast }: CollectiveEntry): readonly Core[] {
    const key = `${core.number} ${multicast}`;
    let members = this.#members.get(key);
    if (members === undefined) {
      members = membersOf(this.#chip.topology, core.number, multicast!).map((n) => this.#chip.cores[n]!);
      this.#members.set(key, members);
    }
    return members;
  }

  #agree(members: readonly Core[], entries: readonly CollectiveEntry[], now: number): void {
    const first = entries[0]!;
    for (const [i, entry] of entries.entries()) {
      const what = difference(first, entry);
      if (what === undefined) continue;
      const { nodes, number } = members[i]!;
      const lead = members[0]!;
      const texts = { firstText: lead.nodes.text(first.pc), firstZh: lead.nodes.textZh(first.pc) };
      throw differ(
        { first: lead.number, ...texts, core: number, what: what.en, whatZh: what.zh },
        nodes.place(entry.pc, now),
      );
    }
  }

  /** @param leads whether it reads the source for all */
  #count(
    { nodes, number }: Core,
    unit: Unit,
    { plan, ready }: Slot,
    entry: CollectiveEntry,
    leads: boolean,
    now: number,
  ): void {
    const { counters, observer } = this.#chip;
    const layer = nodes.layer(entry.pc);
    const work = counters.work(layer);
    const { actions, transfer } = plan!;
    work.entries++;
    countActions(work, leads ? actions : { ...actions, sharedReadBytes: 0 });
    if (leads && transfer !== undefined) countTransfer(work, true, transfer);
    observer?.({
      type: `${entry.kind}:start`,
      cycle: now,
      core: number,
      pc: entry.pc,
      layer,
      unit: unit.name,
      entry,
      ready,
    });
  }
}

/** All units take as long as the slowest of them. */
function transfer(units: readonly Unit[], slots: readonly Slot[]): void {
  const costs = slots.map(({ plan }) => plan!.transfer ?? plan!.link!);
  const cost = { ...costs[0]!, transferCycles: Math.max(...costs.map((c) => c.transferCycles)) };
  const asks = 'takesPort' in cost ? cost.takesPort : cost.dramBytes > 0;
  const [leader, ...followers] = units as [Unit, ...Unit[]];
  leader.transfer(cost, asks);
  if (asks) leader.lead(followers);
  else for (const follower of followers) follower.transfer(cost, false);
}

/** What of two multicasts is not the same, where it must be. */
function difference(a: CollectiveEntry, b: CollectiveEntry): (typeof KINDS)[keyof typeof KINDS] | undefined {
  if (a.type !== b.type) return KINDS.type;
  if (farAddress(a) !== farAddress(b)) return KINDS.address;
  const [one, other] = [farRecord(a), farRecord(b)];
  return one.every((word, i) => word === other[i]) ? undefined : KINDS.record;
}
