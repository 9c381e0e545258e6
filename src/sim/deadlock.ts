/** The report of a deadlock: everything that cannot go on, and what it waits for. */
import { diagnostic, type SystoleError } from '#base';
import type { SyncScope } from '#isa';
import type { Nodes } from './nodes.ts';
import type { Semaphores } from './semaphores.ts';
import type { Cause } from './state.ts';
import type { Unit } from './unit.ts';

export interface Blocked {
  /** Number of its core; absent where one core runs. */
  readonly core?: number;
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
const neverMeet = diagnostic<{ blocked: readonly Blocked[] }>('SYS-SIM-123', 'invalid', {
  en: (p) =>
    `deadlock: cores wait for each other and do not meet: ${p.blocked.map((b) => b.en).join('; ')}. Let every core of the scope ` +
    "come to as many barriers ('sync' of a scope, 'host') and multicasts in the same order, or signal what they wait for.",
  zh: (p) =>
    `死锁：各核互相等待而无法会合。${p.blocked.map((b) => b.zh).join('；')}。请使范围内的每个核都以相同顺序到达同样多的栅障（带范围的 sync、host）` +
    '与多播，或补上所等待的 signal。',
});

/** Where control stands. */
export interface Standing {
  readonly pc: number;
  readonly cause: Cause;
  readonly queue: string;
  readonly scope: SyncScope;
  /** It waits for the other cores, or has ended. */
  readonly hasArrived: boolean;
  /** It is not the queue that lacks room. */
  readonly scoreboardFull: boolean;
}

/**
 * What of a core cannot go on.
 * @param core its number, where there are several
 */
export function blockedIn(
  units: readonly Unit[],
  semaphores: Semaphores,
  nodes: Nodes,
  control: Standing,
  core: number | undefined,
): readonly Blocked[] {
  const blocked: Blocked[] = [];
  const [of, ofZh] = core === undefined ? ['', ''] : [` of core ${core}`, `核 ${core} 的 `];
  const at = (pc: number) => ({ ...(core === undefined ? {} : { core }), instruction: pc, node: nodes.name(pc) });
  for (const unit of units) {
    const { head } = unit;
    const entry = head?.entry;
    if (entry?.kind === 'load' || entry?.kind === 'get') {
      blocked.push({
        unit: unit.name,
        ...at(entry.pc),
        en: `the ${unit.name} queue${of} waits with a multicast at ${nodes.text(entry.pc)} for the other cores`,
        zh: `${ofZh}${unit.name} 队列在${nodes.textZh(entry.pc)}以多播等待其他核`,
      });
    }
    if (head?.tracked !== undefined && head.tracked.pending > 0) {
      const { pc } = head.entry;
      blocked.push({
        unit: unit.name,
        ...at(pc),
        en: `the ${unit.name} queue${of} waits at ${nodes.text(pc)} for an entry dispatched before it that uses the same memory (scoreboard)`,
        zh: `${ofZh}${unit.name} 队列在${nodes.textZh(pc)}等待先前派发且使用相同存储的项（记分板）`,
      });
    }
    if (entry?.kind !== 'wait') continue;
    const by = semaphores.signaller(entry.semaphore);
    blocked.push({
      unit: unit.name,
      ...at(entry.pc),
      en:
        `the ${unit.name} queue${of} waits for semaphore ${entry.semaphore} at ${nodes.text(entry.pc)}, ` +
        (by === undefined ? 'which no queue ever signalled' : `which the ${by} queue signals too seldom`),
      zh:
        `${ofZh}${unit.name} 队列在${nodes.textZh(entry.pc)}等待信号量 ${entry.semaphore}，` +
        (by === undefined ? '但没有队列 signal 过它' : `但 ${by} 队列 signal 它的次数不足`),
    });
  }
  blocked.push({ unit: 'control', ...at(control.pc), ...controlTexts(control, nodes, of, ofZh) });
  return blocked;
}

function controlTexts(
  c: Standing,
  nodes: Nodes,
  of: string,
  ofZh: string,
): { readonly en: string; readonly zh: string } {
  const [where, whereZh] = [nodes.text(c.pc), nodes.textZh(c.pc)];
  if (c.cause === 'queue' && c.scoreboardFull) {
    return {
      en: `control${of} stands before the full scoreboard at ${where}`,
      zh: `${ofZh}控制在${whereZh}处等待已满的记分板`,
    };
  }
  if (c.cause === 'queue') {
    return {
      en: `control${of} stands before the full ${c.queue} queue at ${where}`,
      zh: `${ofZh}控制在${whereZh}处等待已满的 ${c.queue} 队列`,
    };
  }
  if (c.hasArrived && c.cause === 'halt') {
    return { en: `the program${of} has ended at ${where}`, zh: `${ofZh}程序已在${whereZh}结束` };
  }
  if (c.hasArrived) {
    const [who, whoZh] = c.cause !== 'host' && c.scope === 'cluster' ? ['its cluster', '簇内'] : ['the chip', '全芯片'];
    return {
      en: `control${of} waits at ${where} ('${c.cause}') for all cores of ${who}`,
      zh: `${ofZh}控制在${whereZh}处（${c.cause}）等待${whoZh}所有核`,
    };
  }
  return {
    en: `control${of} waits for all queues to drain ('${c.cause}') at ${where}`,
    zh: `${ofZh}控制在${whereZh}处（${c.cause}）等待所有队列排空`,
  };
}

/** @param meets whether cores wait for each other */
export const deadlockError = (blocked: readonly Blocked[], meets: boolean, nodes: Nodes, cycle: number): SystoleError =>
  (meets ? neverMeet : deadlock)({ blocked }, nodes.place(blocked[0]!.instruction, cycle));
