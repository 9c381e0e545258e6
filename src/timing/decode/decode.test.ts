/** The decode table (exercise 6.6 of *AI Computing Systems*): total, deterministic, with every state reached, for all 256 opcodes. */
import { describe, expect, test } from 'vitest';
import { byMnemonic, byOpcode, OPCODES, opcodeClass } from '#isa';
import { controlPath, decodeMachine, decodeRows, UNHINDERED } from './machine.ts';
import { DECODE_STATES, DECODE_TABLE, type DecodeState, STATUS_LINES, type Status, type StatusLine } from './table.ts';

const LINES = Object.keys(STATUS_LINES) as StatusLine[];
const statuses: readonly Status[] = Array.from(
  { length: 2 ** LINES.length },
  (_, bits) => Object.fromEntries(LINES.map((line, i) => [line, ((bits >> i) & 1) === 1])) as Status,
);
const opcodes = Array.from({ length: OPCODES }, (_, opcode) => opcode);
/** The table sees classes only, so one opcode of each stands for all of them. */
const samples = [...Map.groupBy(opcodes, opcodeClass).values()].map(([first]) => first!);

describe('the table', () => {
  test('every state, opcode and pattern of the lines has exactly one successor', () => {
    for (const state of DECODE_STATES) {
      for (const opcode of samples) {
        for (const status of statuses) {
          const rows = decodeRows(state, opcodeClass(opcode), status);
          expect(rows.length, `${state} ${opcode} ${JSON.stringify(status)}`).toBe(1);
        }
      }
      for (const opcode of opcodes) {
        expect(DECODE_STATES).toContain(decodeMachine.step(state, { opcode, status: UNHINDERED }).to);
      }
    }
  });

  test('all states are reached', () => {
    const reached = new Set<DecodeState>([decodeMachine.initial]);
    for (const state of reached) {
      for (const opcode of samples) {
        for (const status of statuses) reached.add(decodeMachine.step(state, { opcode, status }).to);
      }
    }
    expect([...reached].sort()).toEqual([...DECODE_STATES].sort());
  });

  test('no row is idle: each is the one that applies somewhere that can be reached, but for those that say so', () => {
    const used = new Set(
      DECODE_STATES.flatMap((state) =>
        samples.flatMap((opcode) => statuses.map((status) => decodeMachine.step(state, { opcode, status }))),
      ),
    );
    expect(DECODE_TABLE.filter((row) => !used.has(row))).toEqual([]);
  });

  test('TRAP and HALT are never left, and nothing else holds without end', () => {
    for (const state of DECODE_STATES) {
      const stays = samples.every((opcode) =>
        statuses.every((status) => decodeMachine.step(state, { opcode, status }).to === state),
      );
      expect(stays, state).toBe(state === 'TRAP' || state === 'HALT');
    }
  });

  test('an opcode without instruction traps, whatever the lines say; one with an instruction does not', () => {
    for (const opcode of opcodes) {
      const tos = new Set(statuses.map((status) => decodeMachine.step('DECODE', { opcode, status }).to));
      if (byOpcode.has(opcode)) expect(tos.size).toBe(3);
      else expect([...tos]).toEqual(['TRAP']);
    }
  });

  test('WAIT is left only when everything has drained and the cores have met, and by its own instruction only', () => {
    for (const [mnemonic, to] of [
      ['sync', 'FETCH'],
      ['host', 'HOST'],
      ['halt', 'HALT'],
    ] as const) {
      const { opcode } = byMnemonic.get(mnemonic)!;
      for (const status of statuses) {
        const goesOn = status.drained && (status.met || mnemonic === 'halt');
        expect(decodeMachine.step('WAIT', { opcode, status }).to).toBe(goesOn ? to : 'WAIT');
      }
    }
  });

  test('a barrier is left when all have met, whatever is under way', () => {
    const { opcode } = byMnemonic.get('barrier')!;
    for (const status of statuses) {
      expect(decodeMachine.step('WAIT', { opcode, status }).to).toBe(status.met ? 'FETCH' : 'WAIT');
    }
  });

  test('a full queue holds an entry in STALL until there is room', () => {
    const { opcode } = byMnemonic.get('load')!;
    expect(decodeMachine.step('DISPATCH', { opcode, status: { ...UNHINDERED, room: false } }).to).toBe('STALL');
    for (const status of statuses) {
      expect(decodeMachine.step('STALL', { opcode, status }).to).toBe(status.room ? 'FETCH' : 'STALL');
    }
  });

  test('cycles that are counted have an account, others do not', () => {
    expect(DECODE_TABLE.filter((row) => (row.cycles === 0) !== (row.account === undefined))).toEqual([]);
  });
});

describe('the way of an instruction', () => {
  const cost = { instruction: 2, taken: 7, semaphore: 1, signalLatency: 1, remoteSignalLatency: 1, barrierLatency: 1 };
  const path = (mnemonic: string) => controlPath(byMnemonic.get(mnemonic)!, cost);

  test('takes what the machine says, and ends where control concerns others', () => {
    expect(path('add')).toEqual({ cycles: 2, takenCycles: 2, point: undefined });
    expect(path('loop')).toEqual({ cycles: 2, takenCycles: 2, point: undefined });
    expect(path('beq')).toEqual({ cycles: 2, takenCycles: 7, point: undefined });
    expect(path('mma')).toEqual({ cycles: 2, takenCycles: 2, point: 'entry' });
    for (const point of ['sync', 'barrier', 'host', 'halt'])
      expect(path(point)).toEqual({ cycles: 2, takenCycles: 2, point });
  });
});
