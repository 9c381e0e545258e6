/**
 * The control unit: registers, scalar memory, records and hardware loops. `advance` executes instructions in order, counting
 * cycles, until one concerns others: a queue entry (then in `entry`), `sync`, `barrier`, `host` or `halt`. What
 * happens then, and when control may go on, is the cycle model's decision; it may move `time` forward.
 */
import { diagnostic, internalError, type Place } from '#base';
import {
  BARRIER_SCOPES,
  CORE_NUMBERS,
  LOOP_DEPTH,
  type Program,
  QUEUES,
  type Queue,
  SCALAR_REGISTERS,
  SYNC_SCOPES,
  type SyncScope,
} from '#isa';
import type { Machine } from '#machine';
import { type ControlPoint, type FrontEnd, type FrontEndState, frontEndOf, overLinks, type RecordWords } from '#timing';
import type { Decoded } from './decoded.ts';
import { type DispatchState, makeEntry } from './dispatch.ts';
import type { QueueEntry } from './entries.ts';
import type { LinearOperands } from './linearOperands.ts';
import { refuseInLockstep } from './lockstep.ts';
import type { Nodes } from './nodes.ts';
import { NO_QUANTISATION, type Quantisation, quantisationOf } from './quant.ts';
import { RecordFile } from './records.ts';
import type { CorePlace, Topology } from './topology.ts';

const pastEnd = diagnostic<{ target: number; words: number }>('SYS-SIM-010', 'invalid', {
  en: (p) =>
    `control reached instruction ${p.target}, but the program ends at ${p.words - 1}: end every path with 'halt', and ` +
    'return only to a link that a call left.',
  zh: (p) =>
    `控制流到达第 ${p.target} 条指令，而程序止于第 ${p.words - 1} 条：每条路径都应以 halt 结束，且只能返回到 call 留下的地址。`,
});
const tooDeep = diagnostic<{ depth: number }>('SYS-SIM-011', 'invalid', {
  en: (p) =>
    `a fifth hardware loop inside ${p.depth} others: the processor nests ${p.depth}. Write the outermost with a counter and a branch.`,
  zh: (p) => `已嵌套 ${p.depth} 层硬件循环，又开始一层：处理器最多嵌套 ${p.depth} 层。请把最外层改写为计数器加分支。`,
});
const leavesLoop = diagnostic<{ target: number; from: number; end: number }>('SYS-SIM-023', 'invalid', {
  en: (p) =>
    `control leaves the body of the innermost hardware loop, instructions ${p.from}…${p.end - 1}, for instruction ${p.target} ` +
    'while the loop is running: the processor would count on at the next end of a loop. Branch to the end of the body to go ' +
    'on with the next round, or write this loop with a counter and a branch.',
  zh: (p) =>
    `最内层硬件循环（第 ${p.from}…${p.end - 1} 条指令）仍在运行，控制却离开循环体，转到第 ${p.target} 条指令：` +
    '处理器会在之后的循环末尾继续计数。若要进入下一轮，请跳到循环体末尾；否则请用计数器加分支改写该循环。',
});
const ALLOW_MORE = {
  en: "If the program is meant to run so long, 'systole sim' takes --max-instructions, the library maxInstructions.",
  zh: '若程序确需运行这么久，systole sim 可用 --max-instructions、库可用 maxInstructions 放宽限制。',
};
const budgetSpent = diagnostic<{ limit: number }>('SYS-SIM-012', 'invalid', {
  en: (p) =>
    `control executed ${p.limit} instructions without reaching 'halt': probably an endless loop around this instruction. ` +
    `Mend its condition. ${ALLOW_MORE.en}`,
  zh: (p) => `控制已执行 ${p.limit} 条指令仍未到达 halt：此处可能是死循环。请修正其条件。${ALLOW_MORE.zh}`,
});
const idle = diagnostic<{ limit: number }>('SYS-SIM-022', 'invalid', {
  en: (p) =>
    `control executed ${p.limit} instructions in a row that gave no unit work: probably an endless loop around this ` +
    `instruction. Mend its condition. ${ALLOW_MORE.en}`,
  zh: (p) =>
    `控制连续执行了 ${p.limit} 条指令，没有给任何单元派发工作：此处可能是死循环。请修正其条件。${ALLOW_MORE.zh}`,
});
const badScalarAddress = diagnostic<{ address: number; bytes: number }>('SYS-SIM-013', 'invalid', {
  en: (p) =>
    `scalar memory has no word at byte address ${p.address}: expected a multiple of 4 from 0 to ${p.bytes - 4}. ` +
    'Check base register and offset.',
  zh: (p) =>
    `标量存储器在字节地址 ${p.address} 处没有字：应为 0 到 ${p.bytes - 4} 之间 4 的倍数。请检查基址寄存器与偏移。`,
});

const DEFAULT_MAX_INSTRUCTIONS = 500_000_000;
/**
 * Instructions without an entry for any queue after which control is taken to be in an endless loop. Compiled programs
 * execute some hundreds between two entries; these take a second or two.
 */
const DEFAULT_MAX_IDLE_INSTRUCTIONS = 20_000_000;

/** Why control stopped; 'next': it has executed as many instructions as it was to. */
export type ControlStop = ControlPoint | 'next';

/** A running hardware loop: first and one-past-last instruction of its body, rounds to go with the present one. */
export interface RunningLoop {
  readonly from: number;
  readonly end: number;
  readonly left: number;
}

/** Control written out: plain data. */
export interface ControlState {
  readonly registers: Int32Array;
  readonly records: readonly RecordWords[];
  /** Bits of the parameters that `cfg.act` left. */
  readonly p0: number;
  readonly p1: number;
  readonly quantisation: Quantisation;
  /** What `cfg.zero` left. */
  readonly zero: number;
  /** The next instruction, the cycle at which it begins, and how many have been executed. */
  readonly pc: number;
  readonly time: number;
  readonly executed: number;
  readonly busyAt: number;
  /** How often instructions whose operands have places have been executed. */
  readonly executions: readonly (readonly [number, number])[];
  /** The instruction that was executed last; of a `host` its part. */
  readonly at: number;
  readonly part: number;
  /** Of a `sync` or `barrier` who meets. */
  readonly scope: SyncScope;
  readonly queue: Queue;
  readonly scalarMemory: Int32Array;
  /** Outermost first. */
  readonly loops: readonly RunningLoop[];
  readonly branchCycles: number;
  /** Absent where the machine describes none. */
  readonly frontEnd: FrontEndState | undefined;
  /** When the next instruction has its word, and when it begins, where nothing else holds control up. */
  readonly fetched: number;
  readonly beginning: number;
}

export class Control implements DispatchState {
  readonly registers = new Int32Array(SCALAR_REGISTERS);
  readonly records = new RecordFile();
  p0 = 0;
  p1 = 0;
  quantisation = NO_QUANTISATION;
  zero = 0;
  pc = 0;
  /** Cycle at which the next instruction begins. */
  time = 0;
  executed = 0;
  /** Cycles that taken branches have cost beyond those of an instruction. */
  branchCycles = 0;
  readonly frontEnd: FrontEnd | undefined;
  /** What control stopped at: its instruction, and for 'entry' the entry and its queue. */
  at = 0;
  entry: QueueEntry | undefined;
  queue: Queue = 'load';
  part = 0;
  scope: SyncScope = 'core';
  readonly place: CorePlace;

  readonly #program: readonly Decoded[];
  readonly #machine: Machine;
  readonly #isLockstep: boolean;
  readonly #nodes: Nodes;
  readonly #operands: LinearOperands;
  readonly #memory: Int32Array;
  readonly #limit: number;
  readonly #idleLimit: number;
  /** Instructions executed when the last entry was made. */
  #busyAt = 0;
  readonly #loopStart = new Int32Array(LOOP_DEPTH);
  readonly #loopEnd = new Int32Array(LOOP_DEPTH);
  readonly #loopLeft = new Float64Array(LOOP_DEPTH);
  #depth = 0;

  /**
   * @param decoded the program's words
   * @param limit instructions that it may execute, with or without entries; by default a limit for each
   */
  constructor(
    program: Program,
    decoded: readonly Decoded[],
    nodes: Nodes,
    operands: LinearOperands,
    topology: Topology,
    core: number,
    limit: number | undefined,
  ) {
    this.#program = decoded;
    this.#isLockstep = topology.isLockstep;
    this.place = topology.places[core]!;
    this.#machine = program.machine;
    this.frontEnd = frontEndOf(
      program.machine,
      this.#program.map((i) => ({
        mnemonic: i.mnemonic,
        field: (name) => (i as unknown as Readonly<Record<string, number>>)[name]!,
      })),
    );
    this.#nodes = nodes;
    this.#operands = operands;
    this.#limit = limit ?? DEFAULT_MAX_INSTRUCTIONS;
    this.#idleLimit = limit ?? DEFAULT_MAX_IDLE_INSTRUCTIONS;
    this.#memory = new Int32Array(program.machine.control.scalarMemoryBytes >>> 2);
  }

  /** Executes up to where control concerns others, or until it has executed so many instructions in all. */
  advance(until = Number.POSITIVE_INFINITY): ControlStop {
    const program = this.#program;
    const r = this.registers;
    const { frontEnd } = this;
    const budget = Math.min(this.#limit, this.#busyAt + this.#idleLimit);
    for (;;) {
      const pc = this.pc;
      const i = program[pc];
      if (i === undefined) throw pastEnd({ target: pc, words: program.length }, this.#at());
      this.at = pc;
      if (++this.executed > budget) this.#refuseToGoOn();
      let next = pc + 1;
      if (frontEnd !== undefined) this.time = frontEnd.begin(pc, this.time);
      const { point } = i.path;
      let { cycles } = i.path;
      switch (i.mnemonic) {
        case 'add':
          r[i.rd] = r[i.ra]! + r[i.rb]!;
          break;
        case 'addi':
          r[i.rd] = r[i.ra]! + i.imm;
          break;
        case 'mad':
          r[i.rd] = Math.imul(r[i.ra]!, r[i.rb]!) + r[i.rc]!;
          break;
        case 'muli':
          r[i.rd] = Math.imul(r[i.ra]!, i.imm);
          break;
        case 'li':
          r[i.rd] = i.imm;
          break;
        case 'sub':
          r[i.rd] = r[i.ra]! - r[i.rb]!;
          break;
        case 'mul':
          r[i.rd] = Math.imul(r[i.ra]!, r[i.rb]!);
          break;
        case 'and':
          r[i.rd] = r[i.ra]! & r[i.rb]!;
          break;
        case 'or':
          r[i.rd] = r[i.ra]! | r[i.rb]!;
          break;
        case 'xor':
          r[i.rd] = r[i.ra]! ^ r[i.rb]!;
          break;
        case 'shl':
          r[i.rd] = r[i.ra]! << r[i.rb]!;
          break;
        case 'sra':
          r[i.rd] = r[i.ra]! >> r[i.rb]!;
          break;
        case 'min':
          r[i.rd] = Math.min(r[i.ra]!, r[i.rb]!);
          break;
        case 'max':
          r[i.rd] = Math.max(r[i.ra]!, r[i.rb]!);
          break;
        case 'slt':
          r[i.rd] = r[i.ra]! < r[i.rb]! ? 1 : 0;
          break;
        case 'beq':
        case 'bne':
        case 'blt':
        case 'bge':
          if (holds(i.mnemonic, r[i.ra]!, r[i.rb]!)) {
            next = this.#inLoop(pc, pc + i.target);
            cycles = this.#take(i);
          }
          break;
        case 'jmp':
          next = this.#inLoop(pc, pc + i.target);
          cycles = this.#take(i);
          break;
        case 'call':
          r[i.rd] = pc + 1;
          next = pc + i.target;
          cycles = this.#take(i);
          break;
        case 'ret':
          next = this.#inLoop(pc, r[i.ra]!);
          cycles = this.#take(i);
          break;
        case 'lw':
          r[i.rd] = this.#memory[this.#word(r[i.ra]! + i.imm)]!;
          break;
        case 'sw':
          this.#memory[this.#word(r[i.ra]! + i.imm)] = r[i.rd]!;
          break;
        case 'loop':
        case 'loopi':
          next = this.#enter(pc, i.mnemonic === 'loop' ? r[i.ra]! : i.count, i.target);
          break;
        case 'cfg.dim':
          this.records.setDimension(i.record, i.dim, r[i.ra]!, r[i.rb]!);
          break;
        case 'cfg.dimi':
          this.records.setDimension(i.record, i.dim, i.size, i.stride);
          break;
        case 'cfg.bound':
          this.records.setBounds(i.record, i.dim, r[i.ra]!, r[i.rb]!);
          break;
        case 'cfg.fill':
          this.records.setFill(i.record, r[i.ra]!);
          break;
        case 'cfg.clear':
          this.records.clear(i.record);
          break;
        case 'cfg.act':
          this.p0 = r[i.ra]!;
          this.p1 = r[i.rb]!;
          break;
        case 'cfg.quant':
          this.quantisation = quantisationOf(i);
          break;
        case 'csr':
          if (this.#isLockstep) refuseInLockstep(this.#machine, () => this.#at());
          r[i.rd] = this.place[CORE_NUMBERS[i.number]!];
          break;
        case 'cfg.zero':
          this.zero = r[i.ra]!;
          break;
        case 'nop':
        case 'halt':
          break;
        case 'sync':
          this.scope = SYNC_SCOPES[i.scope]!;
          break;
        case 'barrier':
          this.scope = BARRIER_SCOPES[i.scope]!;
          break;
        case 'host':
          this.part = i.part;
          break;
        default:
          if (point !== 'entry') throw internalError({ what: `control does not execute '${i.mnemonic}'` });
          this.#busyAt = this.executed;
          this.entry = this.#placed(makeEntry(i, pc, this, this.#machine, this.#at()));
          this.queue = queueOf(this.entry, i);
      }
      r[0] = 0;
      this.time += cycles;
      while (this.#depth > 0 && next === this.#loopEnd[this.#depth - 1]) {
        const top = this.#depth - 1;
        this.#loopLeft[top] = this.#loopLeft[top]! - 1;
        if (this.#loopLeft[top]! > 0) {
          next = this.#loopStart[top]!;
          break;
        }
        this.#depth = top;
      }
      this.pc = next;
      if (frontEnd !== undefined && next !== pc + 1) frontEnd.redirect(next, this.time);
      if (point !== undefined) return point;
      if (this.executed >= until) return 'next';
    }
  }

  /** An entry of the textbook's dialect with the addresses of this execution, if the program tells them. */
  #placed(entry: QueueEntry): QueueEntry {
    if (entry.kind !== 'move' && entry.kind !== 'compute') return entry;
    const addresses = this.#operands.next(entry.pc);
    return addresses === undefined ? entry : { ...entry, addresses };
  }

  /** When the next instruction begins, where nothing but words and operands holds it up. */
  get beginning(): number {
    return this.frontEnd === undefined ? this.time : this.frontEnd.beginning(this.pc, this.time);
  }

  /** Cycles of a taken branch. */
  #take({ path }: Decoded): number {
    this.branchCycles += path.takenCycles - path.cycles;
    return path.takenCycles;
  }

  #refuseToGoOn(): never {
    if (this.executed > this.#limit) throw budgetSpent({ limit: this.#limit }, this.#at());
    throw idle({ limit: this.#idleLimit }, this.#at());
  }

  save(): ControlState {
    const { p0, p1, quantisation, zero, pc, time, executed, at, part, scope, queue, branchCycles, beginning } = this;
    return {
      registers: this.registers.slice(),
      records: this.records.save(),
      ...{ p0, p1, quantisation, zero, pc, time, executed, at, part, scope, queue, branchCycles, beginning },
      fetched: this.frontEnd?.wordAt(pc, time) ?? time,
      frontEnd: this.frontEnd?.save(),
      busyAt: this.#busyAt,
      executions: this.#operands.save(),
      scalarMemory: this.#memory.slice(),
      loops: Array.from({ length: this.#depth }, (_, d) => ({
        from: this.#loopStart[d]!,
        end: this.#loopEnd[d]!,
        left: this.#loopLeft[d]!,
      })),
    };
  }

  restore(state: ControlState): void {
    const { p0, p1, quantisation, zero, pc, time, executed, at, part, scope, queue, branchCycles } = state;
    Object.assign(this, { p0, p1, quantisation, zero, pc, time, executed, at, part, scope, queue, branchCycles });
    if (state.frontEnd !== undefined) this.frontEnd?.restore(state.frontEnd);
    this.registers.set(state.registers);
    this.records.restore(state.records);
    this.#busyAt = state.busyAt;
    this.#operands.restore(state.executions);
    this.#memory.set(state.scalarMemory);
    this.#depth = state.loops.length;
    state.loops.forEach(({ from, end, left }, d) => {
      this.#loopStart[d] = from;
      this.#loopEnd[d] = end;
      this.#loopLeft[d] = left;
    });
  }

  /**
   * The target of an instruction at `pc`, which must not lead out of the running loop that it stands in; a call may, since it
   * comes back. The end of the body belongs to it.
   */
  #inLoop(pc: number, target: number): number {
    const top = this.#depth - 1;
    if (top < 0) return target;
    const from = this.#loopStart[top]!;
    const end = this.#loopEnd[top]!;
    const leaves = pc >= from && pc < end && (target < from || target > end);
    if (leaves) throw leavesLoop({ target, from, end }, this.#at());
    return target;
  }

  #enter(pc: number, count: number, target: number): number {
    const end = this.#inLoop(pc, pc + target);
    if (count <= 0) return end;
    if (this.#depth === LOOP_DEPTH) throw tooDeep({ depth: LOOP_DEPTH }, this.#at());
    this.#loopStart[this.#depth] = pc + 1;
    this.#loopEnd[this.#depth] = end;
    this.#loopLeft[this.#depth] = count;
    this.#depth++;
    return pc + 1;
  }

  #word(sum: number): number {
    const address = sum >>> 0;
    if (address % 4 !== 0 || address >>> 2 >= this.#memory.length) {
      throw badScalarAddress({ address, bytes: 4 * this.#memory.length }, this.#at());
    }
    return address >>> 2;
  }

  #at(): Place {
    return this.#nodes.place(this.at, this.time);
  }
}

/** The queue that an entry stands in. */
function queueOf(entry: QueueEntry, i: Decoded): Queue {
  switch (entry.kind) {
    case 'wait':
    case 'signal':
      return QUEUES[i.queue]!;
    case 'mma':
    case 'mmaSparse':
    case 'compute':
      return 'matrix';
    case 'loadSparse':
      return 'load';
    case 'vec':
      return 'vector';
    case 'move':
      if (overLinks(entry)) return 'link';
      return entry.to === 'dram' ? 'store' : 'load';
    case 'get':
    case 'put':
      return 'link';
    default:
      return entry.kind satisfies Queue;
  }
}

function holds(condition: 'beq' | 'bne' | 'blt' | 'bge', a: number, b: number): boolean {
  switch (condition) {
    case 'beq':
      return a === b;
    case 'bne':
      return a !== b;
    case 'blt':
      return a < b;
    case 'bge':
      return a >= b;
  }
}
