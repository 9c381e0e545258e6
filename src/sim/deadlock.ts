/** The report of a deadlock: every unit that cannot go on, and what it waits for. */
import { diagnostic, type SystoleError } from '#base';
import type { Nodes } from './nodes.ts';
import type { Semaphores } from './semaphores.ts';
import type { Cause } from './state.ts';
import type { Unit } from './unit.ts';

export interface Blocked {
  readonly unit: string;
  readonly instruction: number;
  readonly node: string | undefined;
  /** For people. */
  readonly en: string;
  readonly zh: string;
}

const deadlock = diagnostic<{ blocked: readonly Blocked[] }>('SYS-SIM-042', 'invalid', {
  en: (p) =>
    `deadlock: nothing can go on: ${p.blocked.map((b) => b.en).join('; ')}. Add the missing signal before, or remove the wait.`,
  zh: (p) => `死锁：一切都无法继续。${p.blocked.map((b) => b.zh).join('；')}。请补上缺少的 signal，或删去该 wait。`,
});

/**
 * What of a core cannot go on.
 * @param control where control stands and before what
 */
export function blockedIn(
  units: readonly Unit[],
  semaphores: Semaphores,
  nodes: Nodes,
  control: { readonly pc: number; readonly cause: Cause; readonly queue: string },
): readonly Blocked[] {
  const blocked: Blocked[] = [];
  for (const unit of units) {
    const entry = unit.head?.entry;
    if (entry?.kind !== 'wait') continue;
    const by = semaphores.signaller(entry.semaphore);
    blocked.push({
      unit: unit.name,
      instruction: entry.pc,
      node: nodes.name(entry.pc),
      en:
        `the ${unit.name} queue waits for semaphore ${entry.semaphore} at ${nodes.text(entry.pc)}, ` +
        (by === undefined ? 'which no queue ever signalled' : `which the ${by} queue signals too seldom`),
      zh:
        `${unit.name} 队列在${nodes.textZh(entry.pc)}等待信号量 ${entry.semaphore}，` +
        (by === undefined ? '但没有队列 signal 过它' : `但 ${by} 队列 signal 它的次数不足`),
    });
  }
  const toQueue = control.cause === 'queue';
  blocked.push({
    unit: 'control',
    instruction: control.pc,
    node: nodes.name(control.pc),
    en: toQueue
      ? `control stands before the full ${control.queue} queue at ${nodes.text(control.pc)}`
      : `control waits for all queues to drain ('${control.cause}') at ${nodes.text(control.pc)}`,
    zh: toQueue
      ? `控制在${nodes.textZh(control.pc)}处等待已满的 ${control.queue} 队列`
      : `控制在${nodes.textZh(control.pc)}处（${control.cause}）等待所有队列排空`,
  });
  return blocked;
}

export const deadlockError = (blocked: readonly Blocked[], nodes: Nodes, cycle: number): SystoleError =>
  deadlock({ blocked }, nodes.place(blocked[0]!.instruction, cycle));
