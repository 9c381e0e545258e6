/**
 * The counting semaphores of a core. Each has one signalling queue, here or in another core, and one waiting queue for the whole
 * program, so tokens are a first-in first-out list of the cycles at which they become visible.
 */
import { diagnostic, type Place } from '#base';
import { SEMAPHORE_MAX, SEMAPHORES } from '#isa';
import type { Producer } from './idle.ts';

const overflow = diagnostic<{ semaphore: number; capacity: number }>('SYS-SIM-040', 'invalid', {
  en: (p) =>
    `semaphore ${p.semaphore} overflows: signalled ${p.capacity + 1} times more often than waited for, it counts to ` +
    `${p.capacity}. Add the missing waits on its other side.`,
  zh: (p) =>
    `信号量 ${p.semaphore} 溢出：signal 比 wait 多 ${p.capacity + 1} 次，计数上限为 ${p.capacity}。请在另一侧补上缺少的 wait。`,
});
const secondUser = diagnostic<{ semaphore: number; kind: 'wait' | 'signal'; first: string; second: string }>(
  'SYS-SIM-041',
  'invalid',
  {
    en: (p) =>
      `semaphore ${p.semaphore} is ${p.kind === 'wait' ? 'waited for' : 'signalled'} by the ${p.second} queue, but the ` +
      `${p.first} queue does so already: a semaphore has one signalling and one waiting queue. Take another semaphore.`,
    zh: (p) =>
      `信号量 ${p.semaphore} 被 ${p.second} 队列 ${p.kind}，但 ${p.first} 队列已经在 ${p.kind} 它：每个信号量只能有一个 signal 队列和` +
      '一个 wait 队列。请改用另一个信号量。',
  },
);

/** A semaphore written out: plain data. */
export interface SemaphoreState {
  /** Cycles at which its tokens become visible, oldest first. */
  readonly tokens: readonly number[];
  /** Who has signalled each of them. */
  readonly producers: readonly Producer[];
  /** The queues that signal it and wait for it, as far as the program has come. */
  readonly signaller: string | undefined;
  readonly waiter: string | undefined;
}

export class Semaphores {
  #tokens: number[][] = Array.from({ length: SEMAPHORES }, () => []);
  /** Who has signalled each of them. */
  #producers: Producer[][] = Array.from({ length: SEMAPHORES }, () => []);
  readonly #users = { wait: new Map<number, string>(), signal: new Map<number, string>() };

  /** @throws SYS-SIM-041 a second queue on the same side */
  claim(kind: 'wait' | 'signal', semaphore: number, unit: string, place: () => Place): void {
    const first = this.#users[kind].get(semaphore);
    if (first === undefined) this.#users[kind].set(semaphore, unit);
    else if (first !== unit) throw secondUser({ semaphore, kind, first, second: unit }, place());
  }

  /** @throws SYS-SIM-040 overflow */
  signal(semaphore: number, visibleAt: number, by: Producer, place: () => Place): void {
    const tokens = this.#tokens[semaphore]!;
    tokens.push(visibleAt);
    this.#producers[semaphore]!.push(by);
    if (tokens.length > SEMAPHORE_MAX) throw overflow({ semaphore, capacity: SEMAPHORE_MAX }, place());
  }

  /** Cycle from which a wait can take a token; infinite where none was signalled. */
  visibleAt(semaphore: number): number {
    return this.#tokens[semaphore]![0] ?? Number.POSITIVE_INFINITY;
  }

  /** Takes a token that is visible; says who has signalled it. */
  take(semaphore: number): Producer {
    this.#tokens[semaphore]!.shift();
    return this.#producers[semaphore]!.shift()!;
  }

  save(): readonly SemaphoreState[] {
    const { wait, signal } = this.#users;
    return this.#tokens.map((tokens, s) => ({
      tokens: tokens.slice(),
      producers: this.#producers[s]!.slice(),
      signaller: signal.get(s),
      waiter: wait.get(s),
    }));
  }

  restore(states: readonly SemaphoreState[]): void {
    this.#tokens = states.map(({ tokens }) => tokens.slice());
    this.#producers = states.map(({ producers }) => producers.slice());
    this.#users.signal.clear();
    this.#users.wait.clear();
    for (const [s, { signaller, waiter }] of states.entries()) {
      if (signaller !== undefined) this.#users.signal.set(s, signaller);
      if (waiter !== undefined) this.#users.wait.set(s, waiter);
    }
  }

  /** The queue that signals it, as far as the program has come. */
  signaller(semaphore: number): string | undefined {
    return this.#users.signal.get(semaphore);
  }
}
