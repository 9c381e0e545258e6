/** Exercise 6.6: the decode unit as a state machine, run on all opcodes and drawn; the rows that the exercise asks for. */

import { byMnemonic, byOpcode, OPCODES } from 'systole/isa';
import { DECODE_STATES, type DecodeState, decodeDot, decodeMachine, decodeSvg, UNHINDERED } from 'systole/timing';
import { expect, test } from 'vitest';

const opcodes = Array.from({ length: OPCODES }, (_, opcode) => opcode);

test('every state and opcode has one successor, TRAP and HALT themselves', () => {
  for (const state of DECODE_STATES) {
    for (const opcode of opcodes) {
      const { to } = decodeMachine.step(state, { opcode, status: UNHINDERED });
      expect(DECODE_STATES).toContain(to);
      if (state === 'TRAP' || state === 'HALT') expect(to).toBe(state);
      if (state === 'DECODE' && !byOpcode.has(opcode)) expect(to).toBe('TRAP');
    }
  }
});

/** The states that an instruction passes where nothing holds it up. */
function way(mnemonic: string, changes: Partial<typeof UNHINDERED> = {}): DecodeState[] {
  const { opcode } = byMnemonic.get(mnemonic)!;
  const passed: DecodeState[] = [decodeMachine.initial];
  do {
    const { to } = decodeMachine.step(passed.at(-1)!, { opcode, status: { ...UNHINDERED, ...changes } });
    passed.push(to);
  } while (passed.at(-1) !== passed.at(-2) && (passed.length < 3 || passed.at(-1) !== 'FETCH'));
  return passed;
}

test('instructions take their ways', () => {
  expect(way('add')).toEqual(['IDLE', 'FETCH', 'DECODE', 'EXECUTE', 'FETCH']);
  expect(way('load')).toEqual(['IDLE', 'FETCH', 'DECODE', 'DISPATCH', 'FETCH']);
  expect(way('mma', { room: false })).toEqual(['IDLE', 'FETCH', 'DECODE', 'DISPATCH', 'STALL', 'STALL']);
  expect(way('sync')).toEqual(['IDLE', 'FETCH', 'DECODE', 'WAIT', 'FETCH']);
  expect(way('sync', { drained: false })).toEqual(['IDLE', 'FETCH', 'DECODE', 'WAIT', 'WAIT']);
  expect(way('halt')).toEqual(['IDLE', 'FETCH', 'DECODE', 'WAIT', 'HALT', 'HALT']);
  expect(way('lw', { faulted: true })).toEqual(['IDLE', 'FETCH', 'DECODE', 'EXECUTE', 'TRAP', 'TRAP']);
});

test('is drawn, and written as DOT, with every state', () => {
  for (const state of DECODE_STATES) {
    expect(decodeSvg()).toContain(`>${state}</text>`);
    expect(decodeDot()).toMatch(new RegExp(`^ {2}${state} \\[`, 'm'));
  }
});
