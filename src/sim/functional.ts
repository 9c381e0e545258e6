/**
 * The functional model: what a program computes, without time. It is the executable form of ARCHITECTURE.md's "The processor",
 * written to be read, and shares no arithmetic, control or data movement with the cycle model, against which it is held.
 * Queues are unbounded; a unit executes the head of its queue as soon as its semaphore permits.
 */
import { diagnostic } from '#base';
import {
  type HostPart,
  type Program,
  type Queue as QueueName,
  SEMAPHORE_MAX,
  SEMAPHORES,
  SLOT_BYTES,
  type TensorSlot,
} from '#isa';
import { aramBytes } from '#machine';
import type { DataEntry, SignalEntry, WaitEntry } from './entries.ts';
import type { UnitName } from './events.ts';
import { refuseEndless } from './extent.ts';
import { PlainControl } from './functional/control.ts';
import { PlainMemory } from './functional/memory.ts';
import { refuseOverlap } from './functional/overlap.ts';
import { execute, type Memories } from './functional/units.ts';
import { refuseTimingOnly } from './timingOnly.ts';
import { type ArchitecturalTrace, TraceRecorder } from './trace.ts';

const stuck = diagnostic<{ waits: readonly { unit: string; semaphore: number; pc: number }[] }>(
  'SYS-SIM-073',
  'invalid',
  {
    en: (p) =>
      `deadlock: ${p.waits.map((w) => `${w.unit} waits for semaphore ${w.semaphore} at instruction ${w.pc}`).join('; ')}, ` +
      'and nothing can signal them. Add the missing signals, or remove the waits.',
    zh: (p) =>
      `死锁：${p.waits.map((w) => `${w.unit} 在第 ${w.pc} 条指令等待信号量 ${w.semaphore}`).join('；')}，` +
      '且不会再有 signal。请补上缺少的 signal，或删去该 wait。',
  },
);
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
const badTensor = diagnostic<{ name: string; found: number; expected: number }>('SYS-SIM-076', 'usage', {
  en: (p) => `tensor '${p.name}' got ${p.found} bytes, expected ${p.expected}: give all elements, dense and row-major.`,
  zh: (p) => `张量“${p.name}”收到 ${p.found} 字节，应为 ${p.expected} 字节：请按行主序给出全部元素。`,
});
const noPart = diagnostic<{ part: number; parts: number }>('SYS-SIM-077', 'invalid', {
  en: (p) => `'host ${p.part}' names a host part that the program does not have: it has ${p.parts}, counted from 0.`,
  zh: (p) => `“host ${p.part}”指向程序中不存在的主机部分：共有 ${p.parts} 个，从 0 计数。`,
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

export interface FunctionalOptions {
  /** Dense row-major bytes of each input, by name. */
  readonly inputs?: ReadonlyMap<string, Uint8Array>;
  /** Runs a host part: bytes of its inputs to bytes of its outputs, dense and row-major, in the part's order. */
  readonly host?: (
    part: HostPart,
    inputs: readonly Uint8Array[],
  ) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly maxInstructions?: number;
}

export interface FunctionalResult {
  /** Dense row-major bytes of each output, by name. */
  readonly outputs: ReadonlyMap<string, Uint8Array>;
  /** Memories as they are at the end; `pieces()` lists what the program wrote. */
  readonly memories: Memories;
  readonly trace: ArchitecturalTrace;
  /** Instructions that control executed. */
  readonly executed: number;
}

/** All entries but those without data, which are refused before the run. */
export type PlainEntry = DataEntry | WaitEntry | SignalEntry;

interface Queue {
  readonly unit: UnitName;
  readonly entries: PlainEntry[];
}

/**
 * Runs a program to its end.
 * @throws SYS-ISA-00x invalid word; SYS-SIM-070…080 a program that traps, or wrong inputs
 */
export async function runFunctional(program: Program, options: FunctionalOptions = {}): Promise<FunctionalResult> {
  const { machine } = program;
  const limit = options.maxInstructions ?? 100_000_000;
  const idleLimit = options.maxInstructions ?? 20_000_000;
  let executing = 0;
  const place = () => ({ instruction: executing });
  const memories: Memories = {
    nram: new PlainMemory('NRAM', machine.nram.bytes, place),
    wram: new PlainMemory('WRAM', machine.wram.bytes, place),
    aram: new PlainMemory('ARAM', aramBytes(machine.matrix), place),
    dram: new PlainMemory('DRAM', program.dramBytes, place),
  };
  for (const constant of program.constants) memories.dram.place(constant.address, constant.data(), 'before');
  for (const slot of program.inputs) {
    writeTensor(memories.dram, slot, options.inputs?.get(slot.name) ?? new Uint8Array(0), 'before');
  }

  refuseTimingOnly(program, (instruction) => ({ instruction }));
  const control = new PlainControl(program);
  const recorder = new TraceRecorder();
  const semaphores = new Array<number>(SEMAPHORES).fill(0);
  const queue = (unit: UnitName): Queue => ({ unit, entries: [] });
  const loads = queue(machine.dma.queues === 1 ? 'dma' : 'load');
  const queues: Partial<Record<QueueName, Queue>> = {
    load: loads,
    store: machine.dma.queues === 1 ? loads : queue('store'),
    matrix: queue('matrix'),
    vector: queue('vector'),
    winograd: queue('winograd'),
  };
  // The queue of links takes transfers without data only.
  const units = [...new Set(Object.values(queues))];

  /** Executes the head of a queue; false where it has to wait. */
  const advance = ({ unit, entries }: Queue): boolean => {
    const entry = entries[0];
    if (entry === undefined) return false;
    executing = entry.pc;
    if (entry.kind === 'wait') {
      if (semaphores[entry.semaphore] === 0) return false;
      semaphores[entry.semaphore]!--;
    } else if (entry.kind === 'signal') {
      if (++semaphores[entry.semaphore]! > SEMAPHORE_MAX) throw overflow({ semaphore: entry.semaphore }, place());
    } else {
      refuseEndless(entry, place);
      refuseOverlap(entry, machine, place);
      execute(entry, machine, memories, place);
    }
    entries.shift();
    recorder.record(unit, entry);
    return true;
  };
  /** Queue that waits for or signals a semaphore, for the whole program. */
  const users = new Map<string, UnitName>();
  const push = ({ unit, entries }: Queue, entry: PlainEntry): void => {
    if (entry.kind === 'wait' || entry.kind === 'signal') {
      const { kind: side, semaphore } = entry;
      const first = users.get(`${side} ${semaphore}`) ?? unit;
      if (first !== unit) throw secondUser({ semaphore, side, first, second: unit }, place());
      users.set(`${side} ${semaphore}`, unit);
    }
    entries.push(entry);
  };
  const advanceAll = (): void => {
    while (units.some(advance));
  };
  const sync = (): void => {
    const waiting = units.filter((u) => u.entries.length > 0);
    if (waiting.length === 0) return;
    const waits = waiting.map(({ unit, entries: [head] }) => ({
      unit,
      semaphore: head !== undefined && 'semaphore' in head ? head.semaphore : -1,
      pc: head!.pc,
    }));
    throw stuck({ waits }, { instruction: waits[0]!.pc });
  };

  let busyAt = 0;
  for (let executed = 1; ; executed++) {
    if (executed > limit) throw endless({ limit }, { instruction: control.pc });
    if (executed - busyAt > idleLimit) throw idle({ limit: idleLimit }, { instruction: control.pc });
    executing = control.pc;
    const outcome = control.step();
    if (outcome.kind === 'next') continue;
    if (outcome.kind === 'entry') {
      busyAt = executed;
      push(queues[outcome.queue]!, outcome.entry);
      advanceAll();
      continue;
    }
    sync();
    if (outcome.kind === 'host') await callHost(program, outcome.part, options, memories.dram);
    if (outcome.kind === 'halt') {
      const outputs = new Map(program.outputs.map((slot) => [slot.name, readTensor(memories.dram, slot)]));
      return { outputs, memories, trace: recorder.trace, executed };
    }
  }
}

async function callHost(program: Program, index: number, options: FunctionalOptions, dram: PlainMemory): Promise<void> {
  const part = program.host[index];
  if (part === undefined) throw noPart({ part: index, parts: program.host.length });
  const outputs =
    (await options.host?.(
      part,
      part.inputs.map((slot) => readTensor(dram, slot)),
    )) ?? [];
  part.outputs.forEach((slot, i) => {
    writeTensor(dram, slot, outputs[i] ?? new Uint8Array(0), 'host');
  });
}

/** Addresses of a tensor's elements, row-major. */
function elementAddresses(slot: TensorSlot): number[] {
  let addresses = [slot.address];
  slot.dims.forEach((n, d) => {
    addresses = addresses.flatMap((base) => Array.from({ length: n }, (_, i) => base + i * slot.strides[d]!));
  });
  return addresses;
}

function readTensor(dram: PlainMemory, slot: TensorSlot): Uint8Array {
  const size = SLOT_BYTES[slot.dtype];
  const addresses = elementAddresses(slot);
  const bytes = new Uint8Array(addresses.length * size);
  addresses.forEach((address, i) => {
    const bits = dram.readBits(address, size);
    for (let b = 0; b < size; b++) bytes[i * size + b] = Number((bits >> BigInt(8 * b)) & 0xffn);
  });
  return bytes;
}

function writeTensor(dram: PlainMemory, slot: TensorSlot, bytes: Uint8Array, writer: 'before' | 'host'): void {
  const size = SLOT_BYTES[slot.dtype];
  const addresses = elementAddresses(slot);
  const expected = addresses.length * size;
  if (bytes.length !== expected) throw badTensor({ name: slot.name, found: bytes.length, expected });
  addresses.forEach((address, i) => {
    dram.place(address, bytes.subarray(i * size, (i + 1) * size), writer);
  });
}
