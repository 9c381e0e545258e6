/**
 * What a debugger shows of a processor at a cycle, from the state of a simulation that runs in moments: what the hardware
 * would hold then. Control has executed what it has finished by that cycle and no more, queues hold what has been dispatched
 * by then, semaphores count what is visible.
 */
import { decode, type Program } from '#isa';
import { DIMENSIONS, FILL, HI, LO, type RecordWords, SIZE, STRIDE } from '#timing';
import type { RunningLoop } from '../control.ts';
import type { QueueEntry } from '../entries.ts';
import type { UnitName } from '../events.ts';
import type { Quantisation } from '../quant.ts';
import type { CoreState } from '../state.ts';
import type { UnitState } from '../unit.ts';

export interface ControlView {
  /** The instruction that control executes, stands at or begins next. */
  readonly pc: number;
  /**
   * ready: begins or executes its instruction; fetch: a taken branch, whose target comes at `next`; word: its own word comes at `next` from
   * the instruction memory; operands: what it reads is written by `next`; queue: stands before a full queue; sync, host, halt: waits
   * there until every unit is idle; meet: waits there for other cores, up to `next` if that is known; call: the host works, likewise;
   * done: also of a core that has ended before the others.
   */
  readonly state:
    | 'ready'
    | 'fetch'
    | 'word'
    | 'operands'
    | 'queue'
    | 'sync'
    | 'host'
    | 'halt'
    | 'meet'
    | 'call'
    | 'done';
  /** The cycle at which the instruction behind it begins; undefined where that is not known yet. */
  readonly next: number | undefined;
  readonly registers: Int32Array;
  /** Running hardware loops, outermost first. */
  readonly loops: readonly RunningLoop[];
  /** Bits of the parameters that `cfg.act` left. */
  readonly act: readonly [number, number];
  /** What `cfg.quant` left. */
  readonly quantisation: Quantisation;
  /** What `cfg.zero` left. */
  readonly zero: number;
  readonly scalarMemory: Int32Array;
}

export interface DimensionView {
  readonly size: number;
  readonly stride: number;
  readonly lo: number;
  readonly hi: number;
}

export interface RecordView {
  /** Innermost first. */
  readonly dimensions: readonly DimensionView[];
  /** Bits of the fill word. */
  readonly fill: number;
}

export interface EntryView {
  /** Registers and records as dispatch took them. */
  readonly entry: QueueEntry;
  /** Cycle of its dispatch. */
  readonly dispatched: number;
}

export interface UnitView {
  readonly name: UnitName;
  /**
   * empty: nothing to do; waits: the head of its queue waits for a semaphore or other cores; works; of a transfer also setup and
   * channel (it waits for DRAM or the port of SharedRAM).
   */
  readonly state: 'empty' | 'waits' | 'works' | 'setup' | 'channel';
  /** What it executes, since when, and its end where that is known (a transfer without the channel has none yet). */
  readonly running: (EntryView & { readonly start: number; readonly end: number | undefined }) | undefined;
  /** What waits, the head first. */
  readonly queue: readonly EntryView[];
  /** Entries that it has begun. */
  readonly entries: number;
}

export interface SemaphoreView {
  /** Tokens that a wait can take. */
  readonly count: number;
  /** Cycles at which further ones will be visible. */
  readonly coming: readonly number[];
  /** Its queues, as far as the program has come. */
  readonly signaller: string | undefined;
  readonly waiter: string | undefined;
}

export function controlView(
  program: Program,
  state: CoreState,
  atHost: boolean,
  cycle: number,
  isDone: boolean,
): ControlView {
  const { control, blocked, arrived } = state;
  const { at, pc, time, fetched, beginning, registers, loops, p0, p1, quantisation, zero, scalarMemory } = control;
  const view = { registers, loops, act: [p0, p1] as const, quantisation, zero, scalarMemory };
  if (isDone || (blocked === 'halt' && arrived !== undefined))
    return { ...view, pc: at, state: 'done', next: undefined };
  if (atHost) return { ...view, pc: at, state: 'call', next: undefined };
  if (arrived !== undefined || blocked === 'barrier') return { ...view, pc: at, state: 'meet', next: undefined };
  if (blocked !== undefined) return { ...view, pc: at, state: blocked, next: undefined };
  if (time <= cycle) {
    if (fetched > cycle) return { ...view, pc, state: 'word', next: fetched };
    if (beginning > cycle) return { ...view, pc, state: 'operands', next: beginning };
    return { ...view, pc, state: 'ready', next: undefined };
  }
  const { mnemonic } = decode(program.words[at]!, at);
  const meets = mnemonic === 'barrier' || mnemonic === 'sync';
  return { ...view, pc: at, state: mnemonic === 'host' ? 'call' : meets ? 'meet' : 'fetch', next: time };
}

export function recordView(words: RecordWords): RecordView {
  const dimensions = Array.from({ length: DIMENSIONS }, (_, d) => ({
    size: words[4 * d + SIZE]!,
    stride: words[4 * d + STRIDE]!,
    lo: words[4 * d + LO]!,
    hi: words[4 * d + HI]!,
  }));
  return { dimensions, fill: words[FILL]! };
}

export function unitView(unit: UnitState, cycle: number): UnitView {
  const { name, running, queue, awaitsChannel, arrival, entries } = unit;
  const view = { name, entries, queue: queue.map(({ entry, ready }) => ({ entry, dispatched: ready })) };
  if (running === undefined) return { ...view, state: queue.length === 0 ? 'empty' : 'waits', running: undefined };
  const state = !awaitsChannel ? 'works' : cycle < arrival ? 'setup' : 'channel';
  const { entry, ready } = running;
  const end = awaitsChannel ? undefined : unit.end;
  return { ...view, state, running: { entry, dispatched: ready, start: unit.began, end } };
}

export function semaphoreViews({ semaphores }: CoreState, cycle: number): SemaphoreView[] {
  return semaphores.map(({ tokens, signaller, waiter }) => ({
    count: tokens.filter((visible) => visible <= cycle).length,
    coming: tokens.filter((visible) => visible > cycle),
    signaller,
    waiter,
  }));
}
