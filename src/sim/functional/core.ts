/**
 * A core of the functional model: control, unbounded queues and semaphores. Control goes on until it has to wait for its queues,
 * for other cores or for the host; a unit executes the head of its queue as soon as its semaphore permits.
 */
import { diagnostic, type Place } from '#base';
import { type Program, type Queue, SEMAPHORE_MAX, SEMAPHORES } from '#isa';
import type { DataEntry, GetEntry, LoadEntry, SignalEntry, WaitEntry } from '../entries.ts';
import type { UnitName } from '../events.ts';
import { refuseEndless } from '../extent.ts';
import type { CorePlace } from '../topology.ts';
import { type Outcome, PlainControl } from './control.ts';
import { refuseOverlap } from './overlap.ts';
import { execute, type Memories } from './units.ts';

const overflow = diagnostic<{ semaphore: number }>('SYS-SIM-074', 'invalid', {
  en: (p) =>
    `semaphore ${p.semaphore} overflows: it counts to ${SEMAPHORE_MAX}. Add the missing waits on its other side.`,
  zh: (p) => `信号量 ${p.semaphore} 溢出：计数上限为 ${SEMAPHORE_MAX}。请在另一侧补上缺少的 wait。`,
});
const idle = diagnostic<{ limit: number }>('SYS-SIM-079', 'invalid', {
  en: (p) =>
    `control executed ${p.limit} instructions in a row that gave no unit work: probably an endless loop. Mend its condition, ` +
    'or allow more with maxInstructions.',
  zh: (p) =>
    `控制连续执行了 ${p.limit} 条指令，没有给任何单元派发工作：可能是死循环。请修正其条件，或用 maxInstructions 放宽限制。`,
});
const endless = diagnostic<{ limit: number }>('SYS-SIM-075', 'invalid', {
  en: (p) =>
    `control executed ${p.limit} instructions without reaching 'halt': probably an endless loop. Mend its condition, or ` +
    'allow more with maxInstructions.',
  zh: (p) => `控制已执行 ${p.limit} 条指令仍未到达 halt：可能是死循环。请修正其条件，或用 maxInstructions 放宽限制。`,
});
const secondUser = diagnostic<{ semaphore: number; side: string; first: string; second: string }>(
  'SYS-SIM-078',
  'invalid',
  {
    en: (p) =>
      `semaphore ${p.semaphore}: '${p.side}' stands in the ${p.first} and the ${p.second} queue, but each semaphore has one ` +
      'signalling and one waiting queue. Take another semaphore.',
    zh: (p) =>
      `信号量 ${p.semaphore}：${p.first} 与 ${p.second} 两个队列都有 ${p.side}，但每个信号量只能有一个 signal 队列和一个 wait 队列。` +
      '请改用另一个信号量。',
  },
);

/** All entries but those without data, which are refused before the run. */
export type PlainEntry = DataEntry | WaitEntry | SignalEntry;

/** A queue with the unit that it stands before. */
export interface PlainQueue {
  readonly unit: UnitName;
  readonly entries: PlainEntry[];
}

/** What control waits with: an instruction that concerns more than control. */
export type Waiting = Exclude<Outcome, { readonly kind: 'next' | 'entry' }>;

export interface CoreOptions {
  readonly maxInstructions: number | undefined;
  /** Told every entry that was executed. */
  readonly record: (unit: UnitName, entry: PlainEntry, core: number) => void;
}

export class PlainCore {
  readonly place: CorePlace;
  readonly memories: Memories;
  readonly control: PlainControl;
  readonly queues: readonly PlainQueue[];
  /** What control waits with; undefined where it can go on. */
  waiting: Waiting | undefined;
  executed = 0;
  /** Instruction of `waiting`. */
  at = 0;
  readonly #semaphores = new Array<number>(SEMAPHORES).fill(0);
  /** Queue that waits for or signals a semaphore, for the whole program. */
  readonly #users = new Map<string, string>();
  readonly #program: Program;
  readonly #options: CoreOptions;
  readonly #byName: Readonly<Record<Queue, PlainQueue>>;
  #executing = 0;
  #busyAt = 0;

  /** @param memoriesOf makes its memories, which name what executes in their errors */
  constructor(program: Program, place: CorePlace, memoriesOf: (at: () => Place) => Memories, options: CoreOptions) {
    this.#program = program;
    this.#options = options;
    this.place = place;
    this.control = new PlainControl(program, place);
    this.memories = memoriesOf(() => this.#where());
    const queue = (unit: UnitName): PlainQueue => ({ unit, entries: [] });
    const isOne = program.machine.dma.queues === 1;
    const load = queue(isOne ? 'dma' : 'load');
    const store = isOne ? load : queue('store');
    this.#byName = {
      load,
      store,
      link: queue('link'),
      matrix: queue('matrix'),
      vector: queue('vector'),
      winograd: queue('winograd'),
    };
    this.queues = [...new Set(Object.values(this.#byName))];
  }

  get isDrained(): boolean {
    return this.queues.every(({ entries }) => entries.length === 0);
  }

  /**
   * Lets control go on until it waits; `dispatched` is called behind every entry.
   * @throws what traps
   */
  run(cores: readonly PlainCore[], dispatched: () => void): void {
    const limit = this.#options.maxInstructions ?? 100_000_000;
    const idleLimit = this.#options.maxInstructions ?? 20_000_000;
    while (this.waiting === undefined) {
      const at = this.control.pc;
      this.executed++;
      if (this.executed > limit) throw endless({ limit }, { instruction: at });
      if (this.executed - this.#busyAt > idleLimit) throw idle({ limit: idleLimit }, { instruction: at });
      this.#executing = at;
      const outcome = this.control.step();
      if (outcome.kind === 'entry') {
        this.#busyAt = this.executed;
        this.#push(this.#byName[outcome.queue], outcome.entry, cores);
        dispatched();
      } else if (outcome.kind !== 'next') {
        this.waiting = outcome;
        this.at = at;
      }
    }
  }

  /** Executes the head of a queue, but for one of a multicast; false where it has to wait. */
  advance(queue: PlainQueue, cores: readonly PlainCore[]): boolean {
    const entry = queue.entries[0];
    if (entry === undefined || collectiveOf(entry) !== undefined) return false;
    this.#executing = entry.pc;
    if (entry.kind === 'wait') {
      if (this.#semaphores[entry.semaphore] === 0) return false;
      this.#semaphores[entry.semaphore]!--;
    } else if (entry.kind === 'signal') {
      const there = cores[entry.core ?? this.place.core]!.#semaphores;
      if (++there[entry.semaphore]! > SEMAPHORE_MAX) throw overflow({ semaphore: entry.semaphore }, this.#where());
    } else this.#compute(entry);
    this.#done(queue, entry);
    return true;
  }

  /** Its part of a multicast, which is at the head of a queue. */
  takePart(queue: PlainQueue): void {
    const entry = collectiveOf(queue.entries[0]!)!;
    this.#executing = entry.pc;
    this.#compute(entry);
    this.#done(queue, entry);
  }

  /** The queue whose head is this kind of multicast, of a scope or of any. */
  headsOf(kind: 'load' | 'get', scope?: 'cluster' | 'chip'): PlainQueue | undefined {
    const queue = this.#byName[kind === 'load' ? 'load' : 'link'];
    const head = queue.entries[0];
    const found = head && collectiveOf(head)?.multicast;
    return found !== undefined && (scope === undefined || found === scope) ? queue : undefined;
  }

  #compute(entry: DataEntry): void {
    refuseEndless(entry, () => this.#where());
    refuseOverlap(entry, this.#program.machine, () => this.#where());
    execute(entry, this.#program.machine, this.memories, () => this.#where());
  }

  #done({ unit, entries }: PlainQueue, entry: PlainEntry): void {
    entries.shift();
    this.#options.record(unit, entry, this.place.core);
  }

  #push({ unit, entries }: PlainQueue, entry: PlainEntry, cores: readonly PlainCore[]): void {
    if (entry.kind === 'wait' || entry.kind === 'signal') {
      const { kind: side, semaphore } = entry;
      const { core, cores: running } = this.place;
      const users = cores[entry.kind === 'signal' ? (entry.core ?? core) : core]!.#users;
      const name = running === 1 ? unit : `core ${core} ${unit}`;
      const first = users.get(`${side} ${semaphore}`) ?? name;
      if (first !== name) throw secondUser({ semaphore, side, first, second: name }, this.#where());
      users.set(`${side} ${semaphore}`, name);
    } else if (this.#program.machine.control.scoreboard !== undefined) {
      // Conflicting entries have their effects in the order of dispatch, so this order tells all of them.
      this.#compute(entry);
      this.#options.record(unit, entry, this.place.core);
      return;
    }
    entries.push(entry);
  }

  #where(): Place {
    const { core, cores } = this.place;
    return { instruction: this.#executing, ...(cores === 1 ? {} : { core }) };
  }
}

/** An entry in which several cores take part. */
export function collectiveOf(entry: PlainEntry): LoadEntry | GetEntry | undefined {
  return (entry.kind === 'load' || entry.kind === 'get') && entry.multicast !== undefined ? entry : undefined;
}
