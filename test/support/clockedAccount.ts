/**
 * Where the cycles of the clocked model's units go, told at every edge of its clock: one tick of each unit for each cycle, by what it
 * does and, where it is idle, why (ARCHITECTURE.md, "Time"). It shares nothing with the cycle model's accounts, which are kept by
 * intervals.
 */
import type { PlainEntry } from '../../src/sim/functional/core.ts';

type Counts = Record<string, number>;

export interface ClockedUse {
  readonly busy: number;
  readonly idleBy: Counts;
  readonly waits: Counts;
  /** Lane-cycles in each state of its table. */
  readonly states: Counts;
}

const add = (counts: Counts, key: string, n: number): void => {
  if (n > 0) counts[key] = (counts[key] ?? 0) + n;
};

/** What entries count as when somebody waits for them. */
const PRODUCERS: Readonly<Record<string, string>> = {
  load: 'load',
  loadSparse: 'load',
  store: 'store',
  mma: 'matrix',
  mmaSparse: 'matrix',
  vec: 'vector',
  winograd: 'winograd',
};

class UnitAccount {
  readonly name: string;
  /** What it moved or computed last. */
  last: string;
  /** Cycle at which it became idle last. */
  idleSince = 0;
  busy = 0;
  readonly idleBy: Counts = {
    channel: 0,
    dram: 0,
    tail: 0,
    host: 0,
    sync: 0,
    empty: 0,
    dependence: 0,
    bank: 0,
    semaphore: 0,
  };
  readonly waits: Counts = {};
  readonly states: Counts = {};
  /** Idle ticks since its last entry; those of `sync` by whom they are charged to, and those of which that is not known yet. */
  readonly since = { host: 0, sync: 0, empty: 0, semaphore: 0 };
  readonly syncBy: Counts = {};
  syncing = 0;
  /** Ticks before waits that stand one behind the other, and whom the last of them that had any waited for. */
  blocked = 0;
  by = '';

  constructor(name: string) {
    this.name = name;
    this.last = name;
  }
}

export class ClockedAccount {
  readonly #units: readonly UnitAccount[];
  /** Who has signalled and is not waited for yet, by semaphore. */
  readonly #signalled: string[][] = [];

  readonly #turn: 'dependence' | 'bank';

  /** @param turn what an entry that is no semaphore waits for at the head of its queue */
  constructor(names: readonly string[], turn: 'dependence' | 'bank') {
    this.#turn = turn;
    this.#units = names.map((name) => new UnitAccount(name));
  }

  /** One cycle of a unit in a state with so many lanes; `why` it is idle there. */
  tick(unit: string, state: string, why: 'host' | 'sync' | 'empty' | 'semaphore', lanes: number): void {
    const account = this.#of(unit);
    add(account.states, state, lanes);
    if (state === 'ASK') account.idleBy.channel!++;
    else if (state !== 'IDLE') account.busy++;
    else {
      account.since[why]++;
      if (why === 'sync') account.syncing++;
    }
  }

  /** A transfer will take so many cycles more than on an ideal channel; they are idle ones. */
  stalls(unit: string, cycles: number): void {
    const account = this.#of(unit);
    account.busy -= cycles;
    account.idleBy.dram! += cycles;
  }

  /** A unit takes an entry. */
  takes(unit: string, entry: PlainEntry): void {
    const account = this.#of(unit);
    const { since } = account;
    for (const why of ['host', 'sync', 'empty'] as const) account.idleBy[why]! += since[why];
    account.idleBy[entry.kind === 'wait' ? 'semaphore' : this.#turn]! += since.semaphore;
    for (const [by, n] of Object.entries(account.syncBy)) {
      add(account.waits, by, n);
      delete account.syncBy[by];
    }
    if (entry.kind === 'wait') {
      const by = this.#signalled[entry.semaphore]!.shift()!;
      if (since.semaphore > 0) account.by = by;
      account.blocked += since.semaphore;
    } else {
      this.#settle(account);
      if (entry.kind === 'signal') {
        this.#signalled[entry.semaphore] ??= [];
        this.#signalled[entry.semaphore]!.push(account.last);
      } else account.last = PRODUCERS[entry.kind]!;
    }
    Object.assign(since, { host: 0, sync: 0, empty: 0, semaphore: 0 });
  }

  becomesIdle(unit: string, now: number): void {
    this.#of(unit).idleSince = now;
  }

  /** All units are idle, and control goes on. */
  drained(): void {
    const latest = Math.max(...this.#units.map((u) => u.idleSince));
    const { last } = this.#units.find((u) => u.idleSince === latest)!;
    for (const unit of this.#units) {
      add(unit.syncBy, last, unit.syncing);
      unit.syncing = 0;
    }
  }

  result(cycles: number): Readonly<Record<string, ClockedUse>> {
    return Object.fromEntries(
      this.#units.map((unit) => {
        this.#settle(unit);
        const { name, busy, idleBy, waits, states } = unit;
        idleBy.tail = cycles - busy - Object.values(idleBy).reduce((a, b) => a + b, 0);
        return [name, { busy, idleBy, waits, states }];
      }),
    );
  }

  #settle(account: UnitAccount): void {
    add(account.waits, account.by, account.blocked);
    account.blocked = 0;
  }

  #of(name: string): UnitAccount {
    return this.#units.find((u) => u.name === name)!;
  }
}
