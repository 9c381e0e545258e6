/**
 * The functional model: what a program computes, without time. It is the executable form of ARCHITECTURE.md's "The processor",
 * written to be read, and shares no arithmetic, control or data movement with the cycle model, against which it is held.
 * Queues are unbounded; a unit executes the head of its queue as soon as its semaphore permits. Cores take turns. With a scoreboard entries
 * are executed as they are dispatched.
 */
import { diagnostic, type Place } from '#base';
import { type HostPart, type Program, SLOT_BYTES, type TensorSlot } from '#isa';
import { aramBytes } from '#machine';
import type { GetEntry, LoadEntry } from './entries.ts';
import { type CoreOptions, collectiveOf, PlainCore } from './functional/core.ts';
import { PlainMemory } from './functional/memory.ts';
import type { Memories } from './functional/units.ts';
import { refuseTimingOnly } from './timingOnly.ts';
import { topologyOf } from './topology.ts';
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
const neverMeet = diagnostic<{ cores: string; coresZh: string }>('SYS-SIM-130', 'invalid', {
  en: (p) =>
    `deadlock: the cores do not meet: ${p.cores}. Let all cores of a scope come to the same barriers and multicasts in the same order.`,
  zh: (p) => `死锁：各核无法会合：${p.coresZh}。请使同一范围内的所有核以相同顺序到达相同的栅障与多播。`,
});
const otherPart = diagnostic<{ parts: readonly number[] }>('SYS-SIM-131', 'invalid', {
  en: (p) =>
    `the cores call different host parts (${p.parts.join(', ')} of cores 0 to ${p.parts.length - 1}): a part runs once for all of them.`,
  zh: (p) =>
    `各核调用了不同的主机部分（核 0 到 ${p.parts.length - 1} 分别为 ${p.parts.join('、')}）：主机部分为所有核执行一次。`,
});
const otherSource = diagnostic<{ core: number; pc: number }>('SYS-SIM-132', 'invalid', {
  en: (p) =>
    `the multicast of core ${p.core} at instruction ${p.pc} reads something else than that of the first core: all cores of the scope read ` +
    'the same address, record and type.',
  zh: (p) => `核 ${p.core} 在第 ${p.pc} 条指令的多播与首个核读取的不同：范围内所有核应读取相同的地址、记录与类型。`,
});
const badTensor = diagnostic<{ name: string; found: number; expected: number }>('SYS-SIM-076', 'usage', {
  en: (p) => `tensor '${p.name}' got ${p.found} bytes, expected ${p.expected}: give all elements, dense and row-major.`,
  zh: (p) => `张量“${p.name}”收到 ${p.found} 字节，应为 ${p.expected} 字节：请按行主序给出全部元素。`,
});
const noPart = diagnostic<{ part: number; parts: number }>('SYS-SIM-077', 'invalid', {
  en: (p) => `'host ${p.part}' names a host part that the program does not have: it has ${p.parts}, counted from 0.`,
  zh: (p) => `“host ${p.part}”指向程序中不存在的主机部分：共有 ${p.parts} 个，从 0 计数。`,
});

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
  /** Memories of the first core as they are at the end; `pieces()` lists what the program wrote. */
  readonly memories: Memories;
  /** Those of all cores, by number. */
  readonly cores: readonly Memories[];
  readonly trace: ArchitecturalTrace;
  /** Instructions that control executed, of all cores. */
  readonly executed: number;
}

/**
 * Runs a program to its end.
 * @throws SYS-ISA-00x invalid word; SYS-SIM-070…080, 120 and 130…132 a program that traps, or wrong inputs
 */
export async function runFunctional(program: Program, options: FunctionalOptions = {}): Promise<FunctionalResult> {
  const { machine } = program;
  const topology = topologyOf(program);
  const dram = new PlainMemory('DRAM', program.dramBytes, () => ({}));
  const sharedBytes = machine.cluster?.sharedRam.bytes ?? 0;
  const shared = Array.from({ length: topology.clusters }, () => new PlainMemory('SharedRAM', sharedBytes, () => ({})));
  for (const constant of program.constants) dram.place(constant.address, constant.data(), 'before');
  for (const slot of program.inputs) {
    writeTensor(dram, slot, options.inputs?.get(slot.name) ?? new Uint8Array(0), 'before');
  }

  refuseTimingOnly(program, (instruction) => ({ instruction }));
  const recorder = new TraceRecorder();
  const { maxInstructions } = options;
  const record: CoreOptions['record'] = (unit, entry, core) => recorder.record(unit, entry, core);
  const cores = topology.places.map((place) => {
    const memoriesOf = (at: () => Place): Memories => ({
      nram: new PlainMemory('NRAM', machine.nram.bytes, at),
      wram: new PlainMemory('WRAM', machine.wram.bytes, at),
      aram: new PlainMemory('ARAM', aramBytes(machine.matrix), at),
      shared: shared[place.cluster]!.seenFrom(at),
      dram: dram.seenFrom(at),
    });
    return new PlainCore(program, place, memoriesOf, { maxInstructions, record });
  });

  for (;;) {
    for (const core of cores) core.run(cores, () => advanceAll(cores));
    advanceAll(cores);
    const met = meeting(cores);
    if (met === undefined) throw deadlock(cores);
    const [first] = met as [PlainCore, ...PlainCore[]];
    if (first.waiting!.kind === 'halt') break;
    if (first.waiting!.kind === 'host') await callHost(program, partOf(cores), options, dram);
    for (const core of met) core.waiting = undefined;
  }
  const outputs = new Map(program.outputs.map((slot) => [slot.name, readTensor(dram, slot)]));
  const memories = cores.map((core) => core.memories);
  const executed = cores.reduce((sum, core) => sum + core.executed, 0);
  return { outputs, memories: memories[0]!, cores: memories, trace: recorder.trace, executed };
}

/** Lets all queues of all cores do what they can. */
function advanceAll(cores: readonly PlainCore[]): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const core of cores) {
      for (const queue of core.queues) while (core.advance(queue, cores)) moved = true;
      for (const kind of ['load', 'get'] as const) while (together(core, kind, cores)) moved = true;
    }
  }
}

/** Executes a multicast that all its cores have come to; false where there is none at the head of this core's queue. */
function together(core: PlainCore, kind: 'load' | 'get', cores: readonly PlainCore[]): boolean {
  const head = core.headsOf(kind)?.entries[0];
  const entry = head && collectiveOf(head);
  if (entry === undefined) return false;
  const members = cores.filter(({ place }) => entry.multicast === 'chip' || place.cluster === core.place.cluster);
  const queues = members.map((member) => member.headsOf(kind, entry.multicast));
  if (queues.includes(undefined)) return false;
  for (const [i, queue] of queues.entries()) {
    const other = collectiveOf(queue!.entries[0]!)!;
    const { core: number } = members[i]!.place;
    if (sourceOf(other) !== sourceOf(entry))
      throw otherSource({ core: number, pc: other.pc }, { instruction: other.pc });
  }
  for (const [i, member] of members.entries()) member.takePart(queues[i]!);
  return true;
}

/** Everything in which the multicasts of the cores must agree. */
function sourceOf(entry: LoadEntry | GetEntry): string {
  const [address, record] = entry.kind === 'load' ? [entry.dram, entry.dramRecord] : [entry.shared, entry.sharedRecord];
  return [entry.type, address, ...record].join(' ');
}

/** Cores that go on together: one whose queues are drained, or all that meet; undefined where none do. */
function meeting(cores: readonly PlainCore[]): readonly PlainCore[] | undefined {
  for (const core of cores) {
    const waiting = core.waiting!;
    const scope = 'scope' in waiting ? waiting.scope : 'chip';
    const members = cores.filter(
      ({ place }) =>
        place === core.place || scope === 'chip' || (scope === 'cluster' && place.cluster === core.place.cluster),
    );
    const hasCome = (other: PlainCore): boolean => {
      const its = other.waiting!;
      const isSame = 'scope' in waiting ? 'scope' in its && its.scope === scope : its.kind === waiting.kind;
      return isSame && (its.kind === 'barrier' || other.isDrained);
    };
    if (members.every(hasCome)) return members;
  }
  return undefined;
}

/** The host part that all cores call. */
function partOf(cores: readonly PlainCore[]): number {
  const parts = cores.map(({ waiting }) => (waiting?.kind === 'host' ? waiting.part : -1));
  if (parts.some((part) => part !== parts[0])) throw otherPart({ parts }, { instruction: cores[0]!.at });
  return parts[0]!;
}

function deadlock(cores: readonly PlainCore[]): Error {
  const heads = cores.flatMap((core) =>
    core.queues.flatMap(({ unit, entries: [head] }) => (head === undefined ? [] : [{ core, unit, head }])),
  );
  const waits = heads.flatMap(({ unit, head }) =>
    head.kind === 'wait' ? [{ unit, semaphore: head.semaphore, pc: head.pc }] : [],
  );
  const isOnlySemaphores = cores.every(({ isDrained }) => !isDrained) && waits.length === heads.length;
  if (isOnlySemaphores || cores.length === 1) return stuck({ waits }, { instruction: heads[0]!.head.pc });
  const texts = cores.map(({ place: { core }, at, waiting }) => {
    const { kind } = waiting!;
    return {
      en: `core ${core} stands at instruction ${at} ('${kind}')`,
      zh: `核 ${core} 停在第 ${at} 条指令（${kind}）`,
    };
  });
  const params = { cores: texts.map(({ en }) => en).join(', '), coresZh: texts.map(({ zh }) => zh).join('，') };
  return neverMeet(params, { instruction: cores[0]!.at });
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
