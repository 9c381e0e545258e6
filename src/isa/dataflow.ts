/**
 * What an instruction is to the control unit: the class of its opcode, and the registers and records that it reads and writes.
 * All of it follows from the definitions. A register field named `rd` holds a result in the classes below; in every other instruction
 * registers are read only (`sw rd` stores it, a queue instruction takes it for an address). Records are written by `cfg` and read at
 * dispatch.
 */
import type { ControlClass, InstructionDefinition } from './define.ts';
import { byOpcode } from './registry.ts';

/** Classes of opcodes: those of control, what it dispatches into queues, and what is no instruction. */
export type OpcodeClass = ControlClass | 'dispatch' | 'illegal';

export const OPCODES = 256;

/** The class of a definition. */
export const classOf = (definition: InstructionDefinition): OpcodeClass => definition.class ?? 'dispatch';

/** The class of an opcode from 0 to 255. */
export function opcodeClass(opcode: number): OpcodeClass {
  const definition = byOpcode.get(opcode);
  return definition === undefined ? 'illegal' : classOf(definition);
}

const WITH_RESULT: ReadonlySet<OpcodeClass> = new Set<OpcodeClass>(['alu', 'multiply', 'load', 'jump']);

/** Names of the fields through which state of control is read and written. */
export interface Dataflow {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly readsRecords: readonly string[];
  readonly writesRecords: readonly string[];
  /** Parameters that no record holds: what `cfg` leaves for units to snapshot. */
  readonly readsParameters: boolean;
  readonly writesParameters: boolean;
}

export function dataflowOf(definition: InstructionDefinition): Dataflow {
  const named = (kind: 'register' | 'record'): string[] =>
    definition.fields.filter((field) => field.kind === kind).map((field) => field.name);
  const kind = classOf(definition);
  const registers = named('register');
  const isResult = (name: string): boolean => name === 'rd' && WITH_RESULT.has(kind);
  const records = named('record');
  const configures = kind === 'config';
  return {
    reads: registers.filter((name) => !isResult(name)),
    writes: registers.filter(isResult),
    readsRecords: configures ? [] : records,
    writesRecords: configures ? records : [],
    readsParameters: definition.unit === 'matrix' || definition.unit === 'vector',
    writesParameters: configures && records.length === 0,
  };
}
