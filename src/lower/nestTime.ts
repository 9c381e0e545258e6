/**
 * The time of a tile nest: its queues played through turn by turn, in the order in which `emitNest` fills them. Each queue works in order;
 * an entry begins when its queue is free and the semaphores it waits for have been signalled. Costs are those of each tile, exactly.
 *
 * Left out are the depth of queues, the exact length of the control code and banks of scratchpads; other cores are taken to do the same at
 * the same time. A nest of very many turns is played for some of them, and goes on at the pace that it has found.
 */
import { internalError } from '#base';
import { coresOf, type Machine } from '#machine';
import { controlCost, dramConfig, estimatedStall, linkCost } from '#timing';
import { workersOf } from './cores.ts';
import { type Effort, effortFor } from './decisions.ts';
import {
  costAt,
  emptyWordCycles,
  INSTRUCTIONS_PER_PART,
  INSTRUCTIONS_PER_TILE,
  type Moved,
  type NestShape,
  shapeAt,
  tileKinds,
  transferCost,
  turnsOf,
} from './prediction.ts';
import { buffersOf, holdingOf, isKept, type LoopDim, loopsOf, partsOf, roundsOf, type Stream } from './stream.ts';

/** Innermost turns that are played, by how long schedules are looked for. */
const MOST_TURNS: Readonly<Record<Effort, number>> = { full: 2048, quick: 64 };

/** A queue: when it is through with what it has been given. */
interface Queue {
  free: number;
}

/** Signals of a semaphore in order, and how many have been waited for. */
class Signals {
  readonly #times: number[];
  #taken = 0;
  constructor(credits: number) {
    this.#times = new Array<number>(credits).fill(0);
  }
  signal(at: number): void {
    this.#times.push(at);
  }
  take(): number {
    return this.#times[this.#taken++] ?? 0;
  }
}

/** What a transfer takes: in all, and of the channel. */
interface Transfer {
  readonly cycles: number;
  readonly channel: number;
}

/** A stream on its way: what a transfer costs at the current tile, remembered by the kinds of tiles there are. */
export function costOf(
  { stream, sharedBy }: Moved,
  loops: readonly LoopDim[],
  machine: Machine,
  index: (l: LoopDim) => number,
): () => Transfer {
  const own = [...loopsOf(stream)].map((l) => ({ l, kinds: tileKinds(stream, l) }));
  const known = new Map<number, Transfer>();
  const banks = dramConfig(machine);
  const others = workersOf(loops) / sharedBy - 1;
  const parts = stream.parts ?? [stream];
  const sum = (of: (part: Stream) => Transfer): Transfer =>
    parts.map(of).reduce((p, q) => ({ cycles: p.cycles + q.cycles, channel: p.channel + q.channel }));
  const direct = (part: Stream): Transfer => {
    const cost = transferCost(part, machine, index);
    const stall = banks === undefined ? 0 : estimatedStall(banks, cost, machine.dram.latencyCycles);
    // Cores that move alike parts of their own take turns.
    const channel = (1 + others) * (cost.channelCycles + stall);
    return { cycles: cost.cycles - cost.channelCycles + channel, channel };
  };
  // The link works while load waits for it (`relay.ts`).
  const { semaphore, signalLatency } = controlCost(machine);
  const relayed = (part: Stream): Transfer => {
    const { cycles, channelCycles, takesPort } = linkCost(machine, shapeAt(part, machine, index));
    return { cycles: cycles + (takesPort ? others * channelCycles : 0) + 4 * (semaphore + signalLatency), channel: 0 };
  };
  return () => {
    const kind = own.reduce((n, { l, kinds }) => n * kinds.count + kinds.of[index(l)]!, 0);
    const before = known.get(kind);
    if (before !== undefined) return before;
    const transfer = sum(stream.home === 'shared' ? relayed : direct);
    known.set(kind, transfer);
    return transfer;
  };
}

/** The DRAM channel. */
export class Channel {
  readonly #setup: number;
  /** Of both queues; granted in the order of entries, which is nearly that of asking. */
  #free = 0;

  constructor({ dma }: Machine) {
    this.#setup = dma.setupCycles;
  }

  /** The end of a transfer that begins now. */
  move(begin: number, { cycles, channel }: Transfer): number {
    const asked = begin + this.#setup;
    const granted = channel > 0 ? Math.max(asked, this.#free) : asked;
    if (channel > 0) this.#free = granted + channel;
    return granted + cycles - this.#setup;
  }
}

/** Cycles that a nest takes by itself, from its first instruction to the end of its `sync`. */
export function nestTime(
  { loops, inputs, output, stages, early, next, ring, handsBack }: NestShape,
  machine: Machine,
): number {
  const { semaphore, instruction, signalLatency, barrierLatency } = controlCost(machine);
  const most = MOST_TURNS[effortFor(machine)];
  const at = new Map<LoopDim, number>();
  const index = (l: LoopDim): number => at.get(l) ?? 0;

  let control = 0;
  /** Gives an entry to a queue; when it is done. @param since when what it waits for is there */
  const enter = (q: Queue, since: number, cycles: number): number => {
    q.free = Math.max(q.free, since, control) + cycles;
    return q.free;
  };
  const channel = new Channel(machine);
  const move = (q: Queue, since: number, transfer: Transfer): number => {
    q.free = channel.move(Math.max(q.free, since, control), transfer);
    return q.free;
  };
  const loads: Queue = { free: 0 };
  for (const { stream } of inputs)
    for (let i = 0; i < buffersOf(loops, stream); i++)
      move(loads, 0, { cycles: emptyWordCycles(stream, machine), channel: 0 });
  const stores: Queue = machine.dma.queues === 1 ? loads : { free: 0 };
  const queues = new Map(stages.map((s): [string, Queue] => [s.unit, { free: 0 }]));
  const units = stages.map((s) => ({
    role: s.role,
    queue: queues.get(s.unit)!,
    cycles: costAt(
      loops.filter((l, i) => i < s.level || l.deal !== undefined),
      s.at,
      index,
    ),
  }));
  const busiest = (): number => Math.max(loads.free, stores.free, ...units.map((u) => u.queue.free));

  // Operands of the stages stand one behind the other.
  let firstOperand = 0;
  const levels = stages.flatMap(({ operands }, unit) => {
    const mine = inputs.slice(firstOperand, firstOperand + operands);
    firstOperand += operands;
    return [...new Set(mine.map((m) => m.level))]
      .sort((a, b) => a - b)
      .map((level) => ({
        level,
        queue: units[unit]!.queue,
        costs: mine
          .filter((m) => m.level === level)
          .map((m) => ({
            of: costOf(m, loops, machine, index),
            control: ((m.stream.parts?.length ?? 1) - 1) * INSTRUCTIONS_PER_PART * instruction,
            isThere: m.stream === early,
            over: holdingOf(loops, m.stream)?.over ?? [],
          })),
        free: new Signals(
          level === 0
            ? 1
            : ring !== undefined && mine.some((m) => m.level === level && m.stream === ring.stream)
              ? ring.buffers
              : 2,
        ),
      }));
  });
  const resultCost = costOf(output, loops, machine, index);
  const resultFree = new Signals(output.level === 0 ? 1 : 2);
  const tileFree = new Signals(output.level === 0 ? 1 : 2);
  let pending: { readonly ready: number; readonly transfer: Transfer } | undefined;
  /** Whether the result has a place of its own, and is not stored. */
  const stays = isKept(output.stream);
  const store = (): void => {
    if (pending === undefined) return;
    enter(stores, pending.ready, semaphore);
    if (output.stream.home === 'shared') enter(stores, move(loads, stores.free, pending.transfer), 0);
    else move(stores, 0, pending.transfer);
    resultFree.signal(enter(stores, 0, semaphore) + signalLatency);
    pending = undefined;
  };

  const [ahead, main, behind] = (['ahead', 'main', 'behind'] as const).map((role) =>
    units.find((u) => u.role === role),
  );
  if (main === undefined) throw internalError({ what: 'a nest without a unit that computes has no time of its own' });
  const madeFree = new Signals(2);

  let turns = 0;
  let half = 0;
  const visit = (level: number): void => {
    for (const l of levels) {
      if (l.level !== level) continue;
      enter(loads, l.free.take(), semaphore);
      for (const cost of l.costs) {
        if (!cost.isThere && cost.over.every((o) => index(o) === 0)) {
          move(loads, 0, cost.of());
          control += cost.control;
        }
        cost.isThere = false;
      }
      enter(l.queue, enter(loads, 0, semaphore) + signalLatency, semaphore);
    }
    if (level === output.level && !stays) enter(main.queue, resultFree.take(), semaphore);
    if (level === output.level && handsBack === true) enter(main.queue, tileFree.take(), semaphore);
    if (level === loops.length) {
      if (ahead !== undefined) {
        enter(ahead.queue, madeFree.take(), semaphore);
        const made = enter(ahead.queue, 0, ahead.cycles() + semaphore) + signalLatency;
        enter(main.queue, made, semaphore);
      }
      enter(main.queue, 0, main.cycles());
      if (ahead !== undefined) madeFree.signal(enter(main.queue, 0, semaphore) + signalLatency);
      control += INSTRUCTIONS_PER_TILE * instruction;
      turns++;
      if (turns === most / 2) half = busiest();
    } else {
      const l = loops[level]!;
      for (let i = 0; i < roundsOf(l) && turns < most; i++) {
        at.set(l, i * partsOf(l));
        visit(level + 1);
      }
      at.set(l, 0);
    }
    if (level === output.level) {
      let ready = stays && behind === undefined ? 0 : enter(main.queue, 0, semaphore) + signalLatency;
      if (behind !== undefined)
        ready = enter(behind.queue, ready, (stays ? 1 : 2) * semaphore + behind.cycles()) + signalLatency;
      if (behind !== undefined && handsBack === true)
        tileFree.signal(enter(behind.queue, 0, semaphore) + signalLatency);
      if (!stays) {
        store();
        pending = { ready, transfer: resultCost() };
      }
    }
    for (const l of levels) if (l.level === level) l.free.signal(enter(l.queue, 0, semaphore) + signalLatency);
  };
  visit(0);
  const left = turnsOf(loops, loops.length) - turns;
  const pace = left > 0 ? (busiest() - half) / (turns - most / 2) : 0;
  if (next !== undefined) move(loads, 0, costOf(next, next.loops, machine, () => 0)());
  store();
  return busiest() + pace * left + (coresOf(machine) === 1 ? 0 : barrierLatency);
}
