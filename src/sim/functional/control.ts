/**
 * The functional model's control unit: instructions in order, untimed. `step` executes one; what concerns others (queue
 * entries, sync, host, halt) goes to the handlers it was given.
 */
import { diagnostic, type Place } from '#base';
import {
  ACCUMULATIONS,
  ACTIVATIONS,
  B_MODES,
  BARRIER_SCOPES,
  CORE_NUMBERS,
  decode,
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  type ElementType,
  type Instruction,
  LOOP_DEPTH,
  MULTICASTS,
  type Program,
  QUEUES,
  type Queue,
  RECORDS,
  RESULT_TYPES,
  resultType,
  SCALAR_REGISTERS,
  SCRATCHPADS,
  SPACES,
  STREAM_FORMATS,
  SYNC_SCOPES,
  type SyncScope,
  VECTOR_FUNCTIONS,
  WEIGHT_FORMATS,
  WEIGHT_TYPES,
  WINOGRAD_TILES,
  WINOGRAD_TRANSFORMS,
} from '#isa';
import type { Machine } from '#machine';
import { CLEARED_RECORD, FILL, HI, LO, SIZE, STRIDE } from '#timing';
import type { LoadSparseEntry, MmaEntry, MmaSparseEntry, WinogradEntry } from '../entries.ts';
import { checkLoadSparse, checkMmaSparse, checkSemaphore, checkWinograd } from '../optionalUnits.ts';
import type { CorePlace } from '../topology.ts';
import type { PlainEntry } from './core.ts';
import { vectorFault } from './vectorFault.ts';

const trap = diagnostic<{ en: string; zh: string }>('SYS-SIM-072', 'invalid', {
  en: (p) => `the control unit cannot go on: ${p.en}`,
  zh: (p) => `控制单元无法继续：${p.zh}`,
});

export type Outcome =
  /** `taken`: a branch that was taken, a jump, call or return. */
  | { readonly kind: 'next'; readonly taken?: true }
  | { readonly kind: 'halt' }
  | { readonly kind: 'sync' | 'barrier'; readonly scope: SyncScope }
  | { readonly kind: 'host'; readonly part: number }
  | { readonly kind: 'entry'; readonly queue: Queue; readonly entry: PlainEntry };

const NEXT: Outcome = { kind: 'next' };
const TAKEN: Outcome = { kind: 'next', taken: true };

interface Loop {
  readonly start: number;
  readonly end: number;
  left: number;
}

export class PlainControl {
  readonly #program: readonly Instruction[];
  readonly #r = new Int32Array(SCALAR_REGISTERS);
  readonly #smem: Int32Array;
  readonly #machine: Machine;
  readonly #records: number[][] = Array.from({ length: RECORDS }, () => [...CLEARED_RECORD]);
  readonly #loops: Loop[] = [];
  #act: readonly [number, number] = [0, 0];
  #quant = { za: 0, zw: 0, zc: 0, weights: 'same' };
  #zero = 0;
  #pc = 0;
  /** The instruction being executed. */
  #at = 0;

  readonly #place: CorePlace;
  /** Bytes of SharedRAM. */
  readonly #shared: number;

  constructor(program: Program, place: CorePlace) {
    this.#place = place;
    this.#shared = program.machine.cluster?.sharedRam.bytes ?? 0;
    this.#machine = program.machine;
    this.#program = Array.from(program.words, (word, i) => decode(word, i));
    this.#smem = new Int32Array(program.machine.control.scalarMemoryBytes >>> 2);
  }

  get pc(): number {
    return this.#pc;
  }

  /** Executes the instruction at `pc`. */
  step(): Outcome {
    const at = this.#pc;
    this.#at = at;
    const instruction = this.#program[at];
    if (instruction === undefined) {
      throw this.#trap(
        `instruction ${at} does not exist, the program ends at ${this.#program.length - 1}; end every path with 'halt'.`,
        `第 ${at} 条指令不存在，程序止于第 ${this.#program.length - 1} 条；每条路径都应以 halt 结束。`,
      );
    }
    this.#pc = at + 1;
    const outcome = this.#execute(instruction, at);
    this.#r[0] = 0;
    for (let loop = this.#loops.at(-1); loop !== undefined && this.#pc === loop.end; loop = this.#loops.at(-1)) {
      loop.left--;
      if (loop.left > 0) {
        this.#pc = loop.start;
        break;
      }
      this.#loops.pop();
    }
    return outcome;
  }

  #execute({ mnemonic, fields }: Instruction, at: number): Outcome {
    const r = this.#r;
    const f = (name: string): number => fields[name]!;
    const a = r[fields.ra ?? 0]!;
    const b = r[fields.rb ?? 0]!;
    const scalar = (value: number): Outcome => {
      r[f('rd')] = value;
      return NEXT;
    };
    const jump = (taken: boolean): Outcome => {
      if (!taken) return NEXT;
      this.#pc = this.#inLoop(at, at + f('target'));
      return TAKEN;
    };
    switch (mnemonic) {
      case 'nop':
        return NEXT;
      case 'halt':
        return { kind: 'halt' };
      case 'sync':
        return { kind: 'sync', scope: SYNC_SCOPES[f('scope')]! };
      case 'barrier':
        return { kind: 'barrier', scope: BARRIER_SCOPES[f('scope')]! };
      case 'csr':
        return scalar(this.#place[CORE_NUMBERS[f('number')]!]);
      case 'host':
        return { kind: 'host', part: f('part') };
      case 'li':
        return scalar(f('imm'));
      case 'add':
        return scalar(a + b);
      case 'sub':
        return scalar(a - b);
      case 'mul':
        return scalar(Math.imul(a, b));
      case 'and':
        return scalar(a & b);
      case 'or':
        return scalar(a | b);
      case 'xor':
        return scalar(a ^ b);
      case 'shl':
        return scalar(a << (b & 31));
      case 'sra':
        return scalar(a >> (b & 31));
      case 'min':
        return scalar(a < b ? a : b);
      case 'max':
        return scalar(a > b ? a : b);
      case 'slt':
        return scalar(a < b ? 1 : 0);
      case 'addi':
        return scalar(a + f('imm'));
      case 'muli':
        return scalar(Math.imul(a, f('imm')));
      case 'mad':
        return scalar(Math.imul(a, b) + r[f('rc')]!);
      case 'beq':
        return jump(a === b);
      case 'bne':
        return jump(a !== b);
      case 'blt':
        return jump(a < b);
      case 'bge':
        return jump(a >= b);
      case 'jmp':
        return jump(true);
      case 'call':
        this.#pc = at + f('target');
        r[f('rd')] = at + 1;
        return TAKEN;
      case 'ret':
        this.#pc = this.#inLoop(at, a);
        return TAKEN;
      case 'lw':
        return scalar(this.#smem[this.#scalarWord(a + f('imm'))]!);
      case 'sw':
        this.#smem[this.#scalarWord(a + f('imm'))] = r[f('rd')]!;
        return NEXT;
      case 'loop':
        return this.#enter(at, a, f('target'));
      case 'loopi':
        return this.#enter(at, f('count'), f('target'));
      case 'cfg.clear':
        this.#records[f('record')] = [...CLEARED_RECORD];
        return NEXT;
      case 'cfg.dim':
        return this.#dimension(f('record'), f('dim'), a, b);
      case 'cfg.dimi':
        return this.#dimension(f('record'), f('dim'), f('size'), f('stride'));
      case 'cfg.bound': {
        const record = this.#records[f('record')]!;
        record[4 * f('dim') + LO] = a;
        record[4 * f('dim') + HI] = b;
        return NEXT;
      }
      case 'cfg.fill':
        this.#records[f('record')]![FILL] = a;
        return NEXT;
      case 'cfg.act':
        this.#act = [a, b];
        return NEXT;
      case 'cfg.quant':
        this.#quant = { za: f('za'), zw: f('zw'), zc: f('zc'), weights: WEIGHT_TYPES[f('weights')]! };
        return NEXT;
      case 'cfg.zero':
        this.#zero = a;
        return NEXT;
      default:
        return this.#dispatch(mnemonic, fields, at);
    }
  }

  #dimension(record: number, dim: number, size: number, stride: number): Outcome {
    const words = this.#records[record]!;
    words[4 * dim + SIZE] = size;
    words[4 * dim + STRIDE] = stride;
    words[4 * dim + LO] = 0;
    words[4 * dim + HI] = size;
    return NEXT;
  }

  /** Where control goes from `at`: not out of the running loop around it, unless by a call. */
  #inLoop(at: number, to: number): number {
    const loop = this.#loops.at(-1);
    if (loop !== undefined && loop.start <= at && at < loop.end && (to < loop.start || to > loop.end)) {
      throw this.#trap(
        `it would leave the hardware loop of instructions ${loop.start}…${loop.end - 1}, which still runs, for instruction ${to}.`,
        `它将离开仍在运行的硬件循环（第 ${loop.start}…${loop.end - 1} 条指令），转到第 ${to} 条指令。`,
      );
    }
    return to;
  }

  #enter(at: number, count: number, target: number): Outcome {
    const end = this.#inLoop(at, at + target);
    if (count <= 0) {
      this.#pc = end;
      return NEXT;
    }
    if (this.#loops.length === LOOP_DEPTH) {
      throw this.#trap(`more than ${LOOP_DEPTH} hardware loops are nested.`, `硬件循环嵌套超过 ${LOOP_DEPTH} 层。`);
    }
    this.#loops.push({ start: at + 1, end, left: count });
    return NEXT;
  }

  #scalarWord(sum: number): number {
    const address = sum >>> 0;
    if (address % 4 !== 0 || address >= 4 * this.#smem.length) {
      const bytes = 4 * this.#smem.length;
      throw this.#trap(
        `scalar memory has no word at byte address ${address}; it holds ${bytes} bytes, words start at multiples of 4.`,
        `标量存储器在字节地址 ${address} 处没有字；容量为 ${bytes} 字节，字地址应为 4 的倍数。`,
      );
    }
    return address / 4;
  }

  /** The queue entry of an instruction: registers and records as they are now. */
  #dispatch(mnemonic: string, fields: Readonly<Record<string, number>>, pc: number): Outcome {
    const f = (name: string): number => fields[name]!;
    const register = (name: string): number => this.#r[f(name)]! >>> 0;
    const record = (name: string): readonly number[] => [...this.#records[f(name)]!];
    const type = ELEMENT_TYPES[fields.type ?? 0]!;
    switch (mnemonic) {
      case 'wait':
      case 'signal':
      case 'signal.to': {
        const queue = QUEUES[f('queue')]!;
        const semaphore = f('semaphore');
        checkSemaphore(queue, semaphore, this.#machine, { instruction: pc });
        if (mnemonic !== 'signal.to') return { kind: 'entry', queue, entry: { kind: mnemonic, pc, semaphore } };
        return { kind: 'entry', queue, entry: { kind: 'signal', pc, semaphore, core: this.#coreIn(f('ra')) } };
      }
      case 'load':
      case 'get': {
        const space = SPACES[f('space')]!;
        if (mnemonic === 'get' || space === 'shared') this.#needsShared();
        const sides = { pc, type, elementBytes: ELEMENT_BYTES[type], pad: register('rd'), padRecord: record('dst') };
        const from = register('ra');
        const source = record('src');
        const multicast = this.#multicast(f('multicast'));
        if (space !== 'shared' && mnemonic === 'get') {
          const entry = { kind: 'get', ...sides, space, shared: from, sharedRecord: source, ...multicast } as const;
          return { kind: 'entry', queue: 'link', entry };
        }
        if (f('multicast') !== 0 && space === 'shared') {
          throw this.#trap('a multicast fills scratchpads, not SharedRAM.', '多播写入片上存储，而不是 SharedRAM。');
        }
        const entry = { kind: 'load', ...sides, space, dram: from, dramRecord: source, ...multicast } as const;
        return { kind: 'entry', queue: 'load', entry };
      }
      case 'store':
      case 'put': {
        const space = SPACES[f('space')]!;
        if (mnemonic === 'put' || space === 'shared') this.#needsShared();
        const sides = { pc, type, elementBytes: ELEMENT_BYTES[type], pad: register('ra'), padRecord: record('src') };
        const to = register('rd');
        const target = record('dst');
        if (space !== 'shared' && mnemonic === 'put') {
          const entry = { kind: 'put', ...sides, space, shared: to, sharedRecord: target } as const;
          return { kind: 'entry', queue: 'link', entry };
        }
        const entry = { kind: 'store', ...sides, space, dram: to, dramRecord: target } as const;
        return { kind: 'entry', queue: 'store', entry };
      }
      case 'mma':
        return {
          kind: 'entry',
          queue: 'matrix',
          entry: { kind: 'mma', ...this.#product(fields, pc), ...this.#types(type, RESULT_TYPES[f('result')]!) },
        };
      case 'mma.sparse': {
        this.#onlyF32(mnemonic, type);
        const format = WEIGHT_FORMATS[f('format')]!;
        const entry: MmaSparseEntry = {
          kind: 'mmaSparse',
          ...this.#product(fields, pc),
          ...{ type: 'f32', result: 'f32', format },
        };
        checkMmaSparse(entry, this.#machine, { instruction: pc });
        return { kind: 'entry', queue: 'matrix', entry };
      }
      case 'load.sparse': {
        const entry: LoadSparseEntry = {
          kind: 'loadSparse',
          ...{ pc, type, space: SCRATCHPADS[f('space')]!, elementBytes: ELEMENT_BYTES[type] },
          format: STREAM_FORMATS[f('format')]!,
          ...{ pad: register('rd'), padRecord: record('dst'), dram: register('ra'), bytes: register('rb') },
        };
        checkLoadSparse(entry, this.#machine, { instruction: pc });
        return { kind: 'entry', queue: 'load', entry };
      }
      case 'wino.input':
      case 'wino.weight':
      case 'wino.output': {
        this.#onlyF32(mnemonic, type);
        const transform = WINOGRAD_TRANSFORMS.find((name) => mnemonic === `wino.${name}`)!;
        const entry: WinogradEntry = {
          kind: 'winograd',
          ...{ pc, transform, tile: WINOGRAD_TILES[f('tile')]! },
          ...{ from: SCRATCHPADS[fields.from ?? 0]!, to: SCRATCHPADS[fields.to ?? 0]! },
          ...{ a: register('ra'), c: register('rd'), source: record('src'), result: record('dst') },
        };
        checkWinograd(entry, this.#machine, { instruction: pc });
        return { kind: 'entry', queue: 'winograd', entry };
      }
      case 'vec': {
        const name = VECTOR_FUNCTIONS[f('function')]!;
        const accumulate = ACCUMULATIONS[f('accumulate')]!;
        const result = resultType(f('result'), type);
        const fault = vectorFault(name, type, result, fields, this.#machine);
        if (fault !== undefined) throw this.#trap(...fault);
        return {
          kind: 'entry',
          queue: 'vector',
          entry: {
            kind: 'vec',
            pc,
            function: name,
            type,
            result,
            saturate: f('saturate') === 1,
            zero: name === 'quant' || name === 'dequant' ? this.#zero : 0,
            a: register('ra'),
            b: register('rb'),
            c: register('rd'),
            aRecord: record('a'),
            bRecord: record('b'),
            cRecord: record('c'),
            bMode: B_MODES[f('bMode')]!,
            accumulate,
            init: f('init') === 1,
          },
        };
      }
      default:
        throw this.#trap(`'${mnemonic}' is not executed by this model.`, `本模型不执行“${mnemonic}”。`);
    }
  }

  /** Types and zero points of an `mma`, where the machine computes them. */
  #types(type: ElementType, asked: string): Pick<MmaEntry, 'type' | 'weights' | 'result' | 'za' | 'zw' | 'zc'> {
    const mode = type === 'u8' ? 'i8' : type;
    const { types = {} } = this.#machine.matrix;
    const isComputed = type === 'f32' || (mode in types && types[mode as keyof typeof types] !== undefined);
    if (!isComputed || type === 'i32' || type === 'i64') {
      throw this.#trap(`the matrix unit of this machine computes no ${type}.`, `本机的矩阵单元不计算 ${type}。`);
    }
    const { za, zw, zc } = this.#quant;
    if (type === 'f32' || type === 'f16' || type === 'bf16') {
      if (asked === 'i8' || asked === 'u8' || asked === 'i16') {
        throw this.#trap(`sums of floats have no results of ${asked}.`, `浮点累加和不能给出 ${asked} 结果。`);
      }
      return { type, weights: type, result: asked === 'sum' ? 'f32' : (asked as ElementType), za, zw, zc };
    }
    const weights = this.#quant.weights === 'same' ? type : (this.#quant.weights as 'i8' | 'u8');
    if (type === 'i16' && weights !== 'i16') {
      throw this.#trap('weights of 8 bits stand beside operands of 16.', '8 位权重与 16 位操作数不能同时使用。');
    }
    const result = asked === 'sum' ? (type === 'i16' ? 'i64' : 'i32') : (asked as ElementType);
    const within = (zero: number, of: ElementType, isResult: boolean): boolean => {
      if (of === 'i8') return zero >= -128 && zero < 128;
      if (of === 'u8') return zero >= 0 && zero < 256;
      return isResult || zero === 0;
    };
    if (!within(za, type, false) || !within(zw, weights, false) || !within(zc, result, true)) {
      throw this.#trap('a zero point lies outside its type.', '零点超出其类型的范围。');
    }
    return { type, weights, result, za, zw, zc };
  }

  /** Operands of `mma` and `mma.sparse`. */
  #product(fields: Readonly<Record<string, number>>, pc: number) {
    const register = (name: string): number => this.#r[fields[name]!]! >>> 0;
    const record = (name: string): readonly number[] => [...this.#records[fields[name]!]!];
    return {
      ...{ pc, a: register('ra'), w: register('rb'), c: register('rd') },
      ...{ pixels: record('pixels'), reduction: record('reduction'), output: record('output') },
      ...{ acc: register('acc'), bias: register('bias') },
      ...{ clear: fields.clear === 1, drain: fields.drain === 1, useBias: fields.useBias === 1 },
      act: ACTIVATIONS[fields.act!]!,
      ...{ p0: this.#act[0], p1: this.#act[1] },
    };
  }

  #needsShared(): void {
    if (this.#shared > 0) return;
    throw this.#trap('the machine has no SharedRAM and no link to it.', '本机没有 SharedRAM 及其链路。');
  }

  /** The core that a register names. */
  #coreIn(register: number): number {
    const core = this.#r[register]!;
    if (core >= 0 && core < this.#place.cores) return core;
    throw this.#trap(
      `'signal.to' names core ${core}; cores 0 to ${this.#place.cores - 1} run.`,
      `“signal.to”指向核 ${core}；运行的是核 0 到 ${this.#place.cores - 1}。`,
    );
  }

  /** Who takes part beside this core, if anybody. In a chip of one cluster both scopes are one. */
  #multicast(code: number): { readonly multicast?: 'cluster' | 'chip' } {
    const { ranks, cores, clusters } = this.#place;
    const isWide = MULTICASTS[code] === 'mc.chip' && clusters > 1;
    const others = isWide ? cores : ranks;
    return MULTICASTS[code] === 'none' || others === 1 ? {} : { multicast: isWide ? 'chip' : 'cluster' };
  }

  #onlyF32(mnemonic: string, type: string): void {
    if (type === 'f32') return;
    throw this.#trap(
      `'${mnemonic}' on ${type} is not supported on this machine, its units compute f32.`,
      `本机不支持 ${type} 类型的“${mnemonic}”，其运算单元只计算 f32。`,
    );
  }

  #trap(en: string, zh: string): Error {
    const place: Place = { instruction: this.#at };
    return trap({ en, zh }, place);
  }
}
