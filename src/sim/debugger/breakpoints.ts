/**
 * Breakpoints: conditions at which a debugger stops. Those on instructions and cycles stop before anything of theirs happens
 * or, for a cycle, when all of it has; those on memories and semaphores when an entry that touches them has started, which is
 * when its data takes effect.
 */
import { diagnostic } from '#base';
import { type Program, type TensorSlot, timingOnlyAt } from '#isa';
import { semaphoresOf } from '#machine';
import { type Access, MEMORY_NAMES, type Memory, memoryBytes } from '../accesses.ts';
import type { DataEntry, LinearEntry } from '../entries.ts';
import type { SimulationEvent, UnitName } from '../events.ts';
import { LinearOperands } from '../linearOperands.ts';
import { Plans } from '../plan.ts';
import { firstCommon, type Intervals } from '../region.ts';
import { slotIntervals } from '../slots.ts';
import { topologyOf } from '../topology.ts';

export type Breakpoint =
  /** Control is about to execute an instruction. */
  | { readonly kind: 'instruction'; readonly pc: number }
  /** All of a cycle has happened. */
  | { readonly kind: 'cycle'; readonly cycle: number }
  /**
   * An entry or a host call touches bytes `from` … `to` − 1 of a memory. In ARAM accumulator n of entry e has the bytes from
   * 4·(e·Tn + n) on.
   */
  | {
      readonly kind: 'access';
      readonly memory: Memory;
      readonly from: number;
      readonly to: number;
      readonly mode: 'read' | 'write' | 'any';
    }
  /** A `wait` takes from a semaphore, or a `signal` adds to it. */
  | { readonly kind: 'semaphore'; readonly semaphore: number };

/** What a breakpoint on a memory or semaphore was met by. */
export interface Hit {
  /** Absent for the host. */
  readonly unit: UnitName | undefined;
  /** Its core, where several run. */
  readonly core?: number;
  /** The entry's or the call's instruction. */
  readonly pc: number;
  readonly what: 'read' | 'write' | 'wait' | 'signal';
  /** Of the first byte in the range; absent for semaphores. */
  readonly address: number | undefined;
}

interface Met {
  readonly id: number;
  readonly breakpoint: Breakpoint;
  readonly hit: Hit | undefined;
}

const noInstruction = diagnostic<{ pc: number; words: number }>('SYS-SIM-051', 'usage', {
  en: (p) => `the program has no instruction ${p.pc}: its instructions are 0 to ${p.words - 1}.`,
  zh: (p) => `程序没有第 ${p.pc} 条指令：指令编号为 0 到 ${p.words - 1}。`,
});
const noCycle = diagnostic<{ cycle: number }>('SYS-SIM-052', 'usage', {
  en: (p) => `there is no cycle ${p.cycle}: cycles are whole numbers from 0.`,
  zh: (p) => `没有第 ${p.cycle} 周期：周期是从 0 开始的整数。`,
});
const noRange = diagnostic<{ memory: string; from: number; to: number; bytes: number }>('SYS-SIM-053', 'usage', {
  en: (p) =>
    `${p.memory} has no bytes ${p.from}…${p.to - 1}: give at least one byte, from 0 to ${p.bytes - 1}. ` +
    '(Of DRAM a program has what it declares.)',
  zh: (p) =>
    `${p.memory} 没有字节 ${p.from}…${p.to - 1}：请至少给出一个字节，范围为 0 到 ${p.bytes - 1}。（DRAM 以程序声明的大小为准。）`,
});
const noSemaphore = diagnostic<{ semaphore: number; count: number }>('SYS-SIM-054', 'usage', {
  en: (p) => `there is no semaphore ${p.semaphore}: they are 0 to ${p.count - 1}.`,
  zh: (p) => `没有信号量 ${p.semaphore}：编号为 0 到 ${p.count - 1}。`,
});
const noAddresses = diagnostic<{ mnemonic: string }>('SYS-SIM-055', 'unsupported', {
  en: (p) =>
    `the program works with '${p.mnemonic}', which has a size and no addresses: nothing of it touches a known byte. ` +
    'Stop at an instruction or a cycle instead.',
  zh: (p) => `程序使用“${p.mnemonic}”，它只有大小而没有地址，不会访问确定的字节。请改在指令或周期处停下。`,
});

/** @throws SYS-SIM-053 bytes that the program's memory does not have */
export function checkRange(program: Program, memory: Memory, from: number, to: number): void {
  const bytes = memoryBytes(program.machine, program.dramBytes)[memory];
  if (from >= 0 && from < to && to <= bytes && Number.isInteger(from) && Number.isInteger(to)) return;
  throw noRange({ memory: MEMORY_NAMES[memory], from, to, bytes });
}

/** @throws SYS-SIM-054 */
function checkSemaphore({ machine }: Program, semaphore: number): void {
  const count = semaphoresOf(machine);
  if (!(Number.isInteger(semaphore) && semaphore >= 0 && semaphore < count)) throw noSemaphore({ semaphore, count });
}

/** @throws SYS-SIM-051 */
export function checkInstruction({ words }: Program, pc: number): void {
  if (words[pc] === undefined) throw noInstruction({ pc, words: words.length });
}

/** @throws SYS-SIM-052 */
export function checkCycle(cycle: number): void {
  if (!(Number.isSafeInteger(cycle) && cycle >= 0)) throw noCycle({ cycle });
}

/** Mutable: the breakpoints that are set, and which of them were met. */
export class Breakpoints {
  readonly #program: Program;
  readonly #operands: LinearOperands;
  readonly #plans: Plans;
  readonly #set = new Map<number, Breakpoint>();
  readonly #pcs = new Map<number, number>();
  readonly #isAlone: boolean;
  #watching = false;
  #next = 1;
  #met: Met[] = [];

  constructor(program: Program) {
    this.#program = program;
    this.#isAlone = topologyOf(program).places.length === 1;
    this.#operands = new LinearOperands(program);
    this.#plans = new Plans(program.machine, this.#operands);
  }

  /** By number. */
  get all(): ReadonlyMap<number, Breakpoint> {
    return this.#set;
  }

  /** @throws SYS-SIM-051 … -055 what can never be met */
  add(breakpoint: Breakpoint): number {
    switch (breakpoint.kind) {
      case 'instruction':
        checkInstruction(this.#program, breakpoint.pc);
        break;
      case 'cycle':
        checkCycle(breakpoint.cycle);
        break;
      case 'semaphore':
        checkSemaphore(this.#program, breakpoint.semaphore);
        break;
      case 'access': {
        checkRange(this.#program, breakpoint.memory, breakpoint.from, breakpoint.to);
        const linear = timingOnlyAt(this.#program);
        if (linear !== undefined && !this.#operands.any) throw noAddresses({ mnemonic: linear.mnemonic });
      }
    }
    const id = this.#next++;
    this.#set.set(id, breakpoint);
    this.#index();
    return id;
  }

  /** False where there is none of that number. */
  delete(id: number): boolean {
    const had = this.#set.delete(id);
    this.#index();
    return had;
  }

  /** The first cycle after one at which a breakpoint stands; infinite where there is none. */
  nextCycle(after: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const b of this.#set.values()) if (b.kind === 'cycle' && b.cycle > after) next = Math.min(next, b.cycle);
    return next;
  }

  /** Forgets what was met. */
  clear(): void {
    if (this.#met.length > 0) this.#met = [];
  }

  get met(): readonly Met[] {
    return this.#met;
  }

  atInstruction(pc: number): void {
    if (this.#pcs.has(pc)) this.#meet((b) => (b.kind === 'instruction' && b.pc === pc ? [undefined] : []));
  }

  atCycle(cycle: number): void {
    this.#meet((b) => (b.kind === 'cycle' && b.cycle === cycle ? [undefined] : []));
  }

  /** What the simulation tells. */
  observe(event: SimulationEvent): void {
    if (!this.#watching || event.type.endsWith(':end')) return;
    if (event.type === 'host:start') {
      const part = this.#program.host[event.part]!;
      this.#meet((b) => firstOfEach(hostHits(b, part.inputs, part.outputs, event.pc)));
    } else if ('entry' in event) {
      const { entry, unit, pc } = event;
      if (entry.kind === 'wait' || entry.kind === 'signal') {
        const hit: Hit = { unit, ...this.#of(event.core), pc, what: entry.kind, address: undefined };
        this.#meet((b) => (b.kind === 'semaphore' && b.semaphore === entry.semaphore ? [hit] : []));
      } else {
        const { accesses } = this.#plans.of(entry);
        this.#meet((b) =>
          firstOfEach(accesses.flatMap((access) => accessHits(b, entry, access, { unit, ...this.#of(event.core) }))),
        );
      }
    }
  }

  /** Which core, where there are several. */
  #of(core: number): { readonly core?: number } {
    return this.#isAlone ? {} : { core };
  }

  #meet(hitsOf: (breakpoint: Breakpoint) => readonly (Hit | undefined)[]): void {
    for (const [id, breakpoint] of this.#set) {
      for (const hit of hitsOf(breakpoint)) this.#met.push({ id, breakpoint, hit });
    }
  }

  #index(): void {
    this.#pcs.clear();
    this.#watching = false;
    for (const [id, b] of this.#set) {
      if (b.kind === 'instruction') this.#pcs.set(b.pc, id);
      if (b.kind === 'access' || b.kind === 'semaphore') this.#watching = true;
    }
  }
}

function accessHits(
  b: Breakpoint,
  entry: DataEntry | LinearEntry,
  access: Access,
  by: Pick<Hit, 'unit' | 'core'>,
): Hit[] {
  if (b.kind !== 'access' || b.memory !== access.memory) return [];
  const what = access.mode === 'read' ? 'read' : 'write';
  if (b.mode !== 'any' && b.mode !== what) return [];
  const address = firstCommon(access.intervals, access.shift(entry), [b.from, b.to], 0);
  return address < 0 ? [] : [{ ...by, pc: entry.pc, what, address }];
}

/** Two operands may read one byte: that is said once. */
const firstOfEach = (hits: readonly Hit[]): readonly Hit[] =>
  hits.filter((hit, i) => hits.findIndex(({ what }) => what === hit.what) === i);

function hostHits(b: Breakpoint, inputs: readonly TensorSlot[], outputs: readonly TensorSlot[], pc: number): Hit[] {
  if (b.kind !== 'access' || b.memory !== 'dram') return [];
  const range: Intervals = [b.from, b.to];
  return [
    ...inputs.map((slot) => ({ slot, what: 'read' as const })),
    ...outputs.map((slot) => ({ slot, what: 'write' as const })),
  ]
    .filter(({ what }) => b.mode === 'any' || b.mode === what)
    .map(
      ({ slot, what }): Hit => ({ unit: undefined, pc, what, address: firstCommon(slotIntervals(slot), 0, range, 0) }),
    )
    .filter((hit) => hit.address! >= 0);
}
