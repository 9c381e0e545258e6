/** Dispatch: from a decoded queue instruction and the state of control to the entry that waits in the queue. */
import { diagnostic, internalError, type Place } from '#base';
import {
  ACCUMULATIONS,
  ACTIVATIONS,
  B_MODES,
  BINARY_FUNCTIONS,
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  SPACES,
  VECTOR_FUNCTIONS,
} from '#isa';
import type { Decoded } from './decoded.ts';
import type { LoadEntry, MmaEntry, QueueEntry, StoreEntry, VecEntry } from './entries.ts';
import type { RecordFile } from './records.ts';

const onlyF32 = diagnostic<{ mnemonic: string; type: string }>('SYS-SIM-014', 'unsupported', {
  en: (p) =>
    `'${p.mnemonic}' on ${p.type} is not supported on this machine: its units compute f32. Convert the operands to f32 first.`,
  zh: (p) => `本机不支持 ${p.type} 类型的“${p.mnemonic}”：其运算单元只计算 f32。请先把操作数转换为 f32。`,
});

const noSecondOperand = diagnostic<{ function: string }>('SYS-SIM-016', 'invalid', {
  en: (p) => `'vec.${p.function}' has no second operand: say where B comes from with 'record' or 'scalar'.`,
  zh: (p) => `“vec.${p.function}”缺少第二操作数：请用 record 或 scalar 说明 B 的来源。`,
});

export interface DispatchState {
  readonly registers: Int32Array;
  readonly records: RecordFile;
  /** Parameters of `cfg.act`, bits of f32. */
  readonly p0: number;
  readonly p1: number;
}

/** @throws SYS-SIM-014 a type that the unit does not compute; SYS-SIM-016 a function of two operands with one */
export function makeEntry(i: Decoded, pc: number, state: DispatchState, place: Place): QueueEntry {
  const address = (register: number): number => state.registers[register]! >>> 0;
  switch (i.mnemonic) {
    case 'wait':
    case 'signal':
      return { kind: i.mnemonic, pc, semaphore: i.semaphore };
    case 'load':
    case 'store': {
      const type = ELEMENT_TYPES[i.type]!;
      const load = i.mnemonic === 'load';
      const entry: LoadEntry | StoreEntry = {
        kind: i.mnemonic,
        pc,
        space: SPACES[i.space]!,
        type,
        elementBytes: ELEMENT_BYTES[type],
        pad: address(load ? i.rd : i.ra),
        padRecord: state.records.snapshot(load ? i.dst : i.src),
        dram: address(load ? i.ra : i.rd),
        dramRecord: state.records.snapshot(load ? i.src : i.dst),
      };
      return entry;
    }
    case 'mma': {
      checkType(i, place);
      const entry: MmaEntry = {
        kind: 'mma',
        pc,
        a: address(i.ra),
        w: address(i.rb),
        c: address(i.rd),
        pixels: state.records.snapshot(i.pixels),
        reduction: state.records.snapshot(i.reduction),
        output: state.records.snapshot(i.output),
        acc: address(i.acc),
        bias: address(i.bias),
        clear: i.clear === 1,
        drain: i.drain === 1,
        useBias: i.useBias === 1,
        act: ACTIVATIONS[i.act]!,
        p0: state.p0,
        p1: state.p1,
      };
      return entry;
    }
    case 'vec': {
      checkType(i, place);
      const name = VECTOR_FUNCTIONS[i.function]!;
      if (i.bMode === 0 && BINARY_FUNCTIONS.has(name)) throw noSecondOperand({ function: name }, place);
      const entry: VecEntry = {
        kind: 'vec',
        pc,
        function: name,
        a: address(i.ra),
        b: address(i.rb),
        c: address(i.rd),
        aRecord: state.records.snapshot(i.a),
        bRecord: state.records.snapshot(i.b),
        cRecord: state.records.snapshot(i.c),
        bMode: B_MODES[i.bMode]!,
        accumulate: ACCUMULATIONS[i.accumulate]!,
        init: i.init === 1,
      };
      return entry;
    }
    default:
      throw internalError({ what: `the simulator does not execute '${i.mnemonic}'` });
  }
}

function checkType(i: Decoded, place: Place): void {
  if (i.type !== 0) throw onlyF32({ mnemonic: i.mnemonic, type: ELEMENT_TYPES[i.type]! }, place);
}
