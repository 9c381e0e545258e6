/** Hardware loops and what is left over at the end: both models say the same. */
import { expect, test } from 'vitest';
import { SystoleError } from '#base';
import { encode } from '#isa';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';
import { runFunctional } from './functional.ts';
import { TraceRecorder } from './trace.ts';

const machine = machineWith('textbook-single', {});
type Program = ReturnType<typeof assembled>;

/** Instructions that each model executes, or where it stops. */
async function outcomes(program: Program): Promise<readonly (number | { code: string; at: number | undefined })[]> {
  const stopped = (error: unknown) => {
    if (!(error instanceof SystoleError)) throw error;
    return { code: error.code, at: error.place.instruction };
  };
  const recorder = new TraceRecorder();
  let cycle: number | ReturnType<typeof stopped>;
  try {
    const state = createSimulation(program, { data: false, observer: recorder.observer }).run();
    cycle = state.state === 'done' ? state.result.dynamicInstructions : -1;
  } catch (error) {
    cycle = stopped(error);
  }
  const functional = await runFunctional(program).then(({ executed, trace }) => {
    expect(recorder.trace).toEqual(trace);
    return executed;
  }, stopped);
  return [cycle, functional];
}

const program = (text: string): Program => assembled(`.dram 64\n${text}`, machine);

test.each([
  ['a branch behind the loop', 'loopi 3\nnop\nbeq r0, r0, out\nendloop\nnop\nout: halt', 2],
  ['a jump before the loop', 'again: loopi 3\njmp again\nendloop\nhalt', 1],
  [
    'a branch out of the inner loop into the outer',
    'loopi 2\nloopi 3\njmp on\nendloop\nnop\non: nop\nendloop\nhalt',
    2,
  ],
  ['a return from within a loop', 'call r9, f\nhalt\nf: loopi 2\nret r9\nendloop\nret r9', 3],
])('%s is stopped', async (_, text, at) => {
  expect(await outcomes(program(text))).toEqual([
    { code: 'SYS-SIM-023', at },
    { code: 'SYS-SIM-072', at },
  ]);
});

test('a loop that ends behind the one around it is stopped, even if it is skipped', async () => {
  const words = (mnemonic: 'loopi' | 'loop', count: object): BigUint64Array =>
    BigUint64Array.of(
      ...[
        { mnemonic: 'loopi', fields: { count: 2, target: 3 } },
        { mnemonic, fields: { ...count, target: 3 } },
        ...['nop', 'nop', 'halt'].map((name) => ({ mnemonic: name, fields: {} })),
      ].map((instruction) => encode(instruction as Parameters<typeof encode>[0])),
    );
  for (const w of [words('loopi', { count: 2 }), words('loop', { ra: 0 })]) {
    expect(await outcomes({ ...program('halt'), words: w })).toEqual([
      { code: 'SYS-SIM-023', at: 1 },
      { code: 'SYS-SIM-072', at: 1 },
    ]);
  }
});

test.each([
  // loopi; 3 × jmp, over the nop; halt.
  ['a jump to the end of the body is the next round', 'loopi 3\njmp next\nnop\nnext: endloop\nhalt', 5],
  // loopi; 2 × (li, 2 × (addi, bne)); halt.
  ['a loop by a branch inside', 'loopi 2\nli r1, 2\nagain: addi r1, r1, -1\nbne r1, r0, again\nendloop\nhalt', 12],
  // loopi; 2 × (call, loopi, 2 × nop, jmp, ret); halt.
  ['a call out of it', 'loopi 2\ncall r9, f\nendloop\nhalt\nf: loopi 2\nnop\nendloop\njmp g\nnop\ng: ret r9', 14],
])('%s', async (_, text, executed) => {
  expect(await outcomes(program(text))).toEqual([executed, executed]);
});

test('semaphore counts left over at halt are no error', async () => {
  expect(await outcomes(program('signal load, 1\nsignal load, 1\nwait matrix, 1\nsignal vector, 2\nhalt'))).toEqual([
    5, 5,
  ]);
});
