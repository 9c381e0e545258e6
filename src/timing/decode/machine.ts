/**
 * Stepping the table, and what follows from it for the simulator: what an instruction of each class costs where nothing holds it
 * up, and at which point control then concerns the rest of the processor.
 */
import { internalError } from '#base';
import { classOf, type InstructionDefinition, type OpcodeClass, opcodeClass } from '#isa';
import type { ControlCost } from '../control.ts';
import { DECODE_TABLE, type DecodeRow, type DecodeState, type Status, type StatusLine } from './table.ts';

/** What happens at a step: an opcode in the instruction register, levels on the status lines. */
export interface DecodeEvent {
  readonly opcode: number;
  readonly status: Status;
}

const byState = Map.groupBy(DECODE_TABLE, (row) => row.from);

const applies = ({ classes, when }: DecodeRow, kind: OpcodeClass, status: Status): boolean =>
  classes.includes(kind) && (Object.keys(when) as StatusLine[]).every((line) => status[line] === when[line]);

/** All rows that apply; the tests hold that there is one. */
export const decodeRows = (state: DecodeState, kind: OpcodeClass, status: Status): readonly DecodeRow[] =>
  byState.get(state)!.filter((row) => applies(row, kind, status));

function decodeRow(state: DecodeState, kind: OpcodeClass, status: Status): DecodeRow {
  const [row] = decodeRows(state, kind, status);
  if (row === undefined) throw internalError({ what: `no row of the decode table for ${kind} in ${state}` });
  return row;
}

/** The state machine of the control unit. */
export const decodeMachine = {
  initial: 'IDLE' as DecodeState,
  /** The row that applies: where to go, what to do, how long it takes. */
  step: (state: DecodeState, { opcode, status }: DecodeEvent): DecodeRow =>
    decodeRow(state, opcodeClass(opcode), status),
} as const;

/** Nothing holds an instruction up. */
export const UNHINDERED: Status = {
  start: true,
  inside: true,
  fetched: true,
  valid: true,
  ready: true,
  faulted: false,
  taken: false,
  room: true,
  drained: true,
  met: true,
  done: true,
};

/** Where control concerns others: it hands over an entry, or waits. */
export type ControlPoint = 'entry' | 'sync' | 'barrier' | 'host' | 'halt';

/** An instruction's way through the table from FETCH on, up to the next FETCH or to where it concerns others. */
export interface ControlPath {
  readonly cycles: number;
  /** The same where it is a taken branch, jump, call or return. */
  readonly takenCycles: number;
  readonly point: ControlPoint | undefined;
}

export function controlPath(definition: InstructionDefinition, cost: ControlCost): ControlPath {
  const kind = classOf(definition);
  const cyclesOf = ({ cycles }: DecodeRow): number => {
    if (cycles === 'instruction') return cost.instruction;
    return cycles === 'branch' ? cost.taken - cost.instruction : cycles;
  };
  const walk = (status: Status): { readonly cycles: number; readonly end: DecodeState } => {
    let row = decodeRow('FETCH', kind, status);
    let cycles = cyclesOf(row);
    while (row.to !== 'FETCH' && row.to !== 'DISPATCH' && row.to !== 'WAIT') {
      row = decodeRow(row.to, kind, status);
      cycles += cyclesOf(row);
    }
    return { cycles, end: row.to };
  };
  const { cycles, end } = walk(UNHINDERED);
  const taken = walk({ ...UNHINDERED, taken: true });
  const point = end === 'DISPATCH' ? 'entry' : end === 'WAIT' ? (kind as ControlPoint) : undefined;
  return { cycles, takenCycles: taken.cycles, point };
}
