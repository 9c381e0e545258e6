/** Why units were idle, worked out by hand; `test/clocked.test.ts` holds the same against a model that steps every cycle. */
import { expect, test } from 'vitest';
import { encode, type Program } from '#isa';
import { presets } from '#machine';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';

/** Instructions and semaphores take no time; a load of 64 words takes 10 cycles of setup and 4 on the channel. */
const machine = machineWith('textbook-single', { dma: { queues: 2, setupCycles: 10 } });

function unitsOf(text: string, change = (program: Program): Program => program, on = machine) {
  const program = assembled(`.dram 4096\n.fill 0, 4096, f32 1\ncfg.dimi R0, 0, 64, 4\n${text}\nhalt`, on);
  const state = createSimulation(change(program), { data: false }).run();
  if (state.state !== 'done') throw new Error('no host here');
  return Object.fromEntries(state.result.units.map((unit) => [unit.name, unit]));
}

const LOAD = 'load nram, r0, r0, R0, R0, f32';
const EXP = 'vec.exp r0, r0, r0, R0, R0, R0, f32';

test('a sync is charged to the unit that becomes idle last', () => {
  const { load, vector, matrix } = unitsOf(`${LOAD}\nsync\n${EXP}`);
  expect(load).toMatchObject({ busy: 14, idleBy: { tail: vector!.busy }, waits: {} });
  expect(vector).toMatchObject({ idleBy: { sync: 14, empty: 0 }, waits: { load: 14 } });
  // Nothing follows here, so it has waited for nobody.
  expect(matrix).toMatchObject({ idleBy: { sync: 0, tail: 14 + vector!.busy }, waits: {} });
});

test('waits one behind the other are charged to the one that was signalled last', () => {
  const { vector } = unitsOf(`li r1, 0x400
    load wram, r0, r0, R0, R0, f32
    signal load, 0
    ${LOAD}
    signal load, 1
    wait vector, 0
    wait vector, 1
    ${EXP}
    signal vector, 2
    wait store, 2
    store nram, r1, r0, R0, R0, f32`);
  expect(vector).toMatchObject({ idleBy: { semaphore: 28 }, waits: { load: 28 } });
});

test('the one queue of both transfers counts as what it moved last', () => {
  const one = machineWith('textbook-single', { dma: { queues: 1, setupCycles: 10 } });
  const { vector } = unitsOf(
    `li r1, 0x400
    ${LOAD}
    signal load, 0
    wait vector, 0
    ${EXP}
    signal vector, 1
    wait store, 1
    store nram, r1, r0, R0, R0, f32
    signal store, 2
    wait vector, 2
    ${EXP}`,
    undefined,
    one,
  );
  expect(vector).toMatchObject({ idleBy: { semaphore: 28 }, waits: { load: 14, store: 14 } });
});

test('the host works, and what was waited for before it', () => {
  // `host` by its word: the assembler has no host parts.
  const { vector, load, matrix } = unitsOf(`${LOAD}\nnop\n${EXP}\nsync\n${LOAD}`, (program) => {
    const words = program.words.slice();
    words[2] = encode({ mnemonic: 'host', fields: { part: 0 } });
    return { ...program, words, host: [{ name: 'h', onnx: new Uint8Array(), inputs: [], outputs: [], cycles: 100 }] };
  });
  expect(vector).toMatchObject({ idleBy: { sync: 14, host: 100, empty: 0, tail: 14 }, waits: { load: 14 } });
  expect(load).toMatchObject({ idleBy: { sync: vector!.busy, host: 100, tail: 0 }, waits: { vector: vector!.busy } });
  expect(matrix!.idleBy).toMatchObject({ sync: 0, host: 0, tail: 128 + vector!.busy });
});

test("lanes of the textbook's dialect, on one core and on four", () => {
  for (const name of ['textbook-single', 'textbook-cluster']) {
    const on = presets.get(name)!;
    const program = assembled('move DRAM NRAM 1024\nsync\ncompute mac_32 300\nsync\ncompute add_32 256\n', on);
    const state = createSimulation(program, { data: false }).run();
    if (state.state !== 'done') throw new Error('no host here');
    const cores = name === 'textbook-single' ? 1 : 4;
    const matrix = state.result.units.find((u) => u.name === 'matrix')!;
    expect(matrix.lanes).toEqual({
      available: cores * 3 * 256,
      used: cores * 556,
      pipeline: 0,
      fill: 0,
      drain: 0,
      ragged: cores * 212,
    });
  }
});
