/** States of simulations where random programs do not lead: host calls, links of a cluster, states of another program. */
import { expect, test } from 'vitest';
import type { HostPart, TensorSlot } from '#isa';
import { presets } from '#machine';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';

const machine = machineWith('systolic-16x16', {});
const slot = (name: string, address: number): TensorSlot => ({
  ...{ name, address, dtype: 'float32', dims: [2], strides: [4] },
});
const part: HostPart = {
  ...{ name: 'double', onnx: new Uint8Array(0), cycles: 40 },
  inputs: [slot('x', 0)],
  outputs: [slot('y', 8)],
};
const calls = assembled('.dram 64\nli r1, 7\nnop\nli r1, 8\nhalt', machine, {
  host: [part],
  inputs: [slot('x', 0)],
  outputs: [slot('y', 8)],
});
// `host` by its word: the assembler has no host parts.
calls.words[1] = 0x0400000000000000n;
const bytes = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

test('a state saved before its inputs, and one saved within a host call', () => {
  const simulation = createSimulation(calls, { data: true });
  const empty = simulation.save();
  simulation.writeInput('x', bytes(1, 2));
  expect(simulation.run()).toEqual({ state: 'host', part: 0 });
  const within = simulation.save();
  const other = createSimulation(calls, { data: true });
  other.restore(structuredClone(within));
  expect(other.readTensor(part.inputs[0]!)).toEqual(bytes(1, 2));
  for (const each of [simulation, other]) {
    each.writeTensor(part.outputs[0]!, bytes(2, 4));
    expect(each.run().state).toBe('done');
  }
  // Beside the detector's: spans of equal states melt by identity.
  expect({ ...other.save(), hazards: undefined }).toEqual({ ...simulation.save(), hazards: undefined });
  expect(other.readOutput('y')).toEqual(bytes(2, 4));
  other.restore(within);
  expect(other.readTensor(part.outputs[0]!)).toEqual(bytes(0, 0));
  other.restore(empty);
  expect(() => other.run()).toThrow(/input 'x' was not given/);
});

test('in moments, time passes during a host call', () => {
  for (const data of [true, false]) {
    const simulation = createSimulation(calls, { data });
    if (data) simulation.writeInput('x', bytes(1, 2));
    for (; simulation.next !== 'done'; simulation.moment()) {
      if (simulation.next === 'host') simulation.writeTensor(part.outputs[0]!, bytes(0, 0));
    }
    const whole = createSimulation(calls, { data: false }).run();
    expect(whole).toEqual({ state: 'done', result: simulation.save().result });
  }
});

test('scalar memory, and a transfer that has waited for the channel', () => {
  const two = machineWith('systolic-16x16', { dma: { queues: 2 } });
  const program = assembled(
    `.dram 4096
     li r1, 42
     sw r1, r0, 8
     cfg.dimi R0, 0, 512, 4
     li r3, 2048
     load nram, r0, r0, R0, R0, f32
     store nram, r3, r0, R0, R0, f32
     sync
     lw r2, r0, 8
     sw r2, r0, 12
     halt`,
    two,
  );
  const make = () => createSimulation(program, { data: false, hazards: false });
  const whole = make();
  const states = [whole.save()];
  for (; whole.next !== 'done'; whole.moment()) states.push(whole.save());
  const end = whole.save();
  expect(end.processor.cores[0]!.control.scalarMemory.slice(2, 4)).toEqual(Int32Array.of(42, 42));
  expect(states.some(({ processor }) => processor.cores[0]!.units.some((unit) => unit.waited > 0))).toBe(true);
  for (const state of states) {
    const other = make();
    other.restore(state);
    while (other.next !== 'done') other.moment();
    expect(other.save()).toEqual(end);
  }
});

test('a cluster with links', () => {
  const program = assembled(
    'loop 3\nmove DRAM SHARED 4096\nsync\nmove SHARED NRAM 512\nendloop',
    presets.get('textbook-cluster')!,
  );
  const simulation = createSimulation(program, { data: false });
  simulation.run(2);
  const state = structuredClone(simulation.save());
  const whole = simulation.run();
  const other = createSimulation(program, { data: false });
  other.restore(state);
  expect(other.run()).toEqual(whole);
});

test('a state of another program, machine or fidelity is refused', () => {
  const state = createSimulation(calls, { data: false }).save();
  const others = [
    createSimulation(calls, { data: true }),
    createSimulation(calls, { data: false, hazards: false }),
    createSimulation({ ...calls, machine: { ...machine, nram: { bytes: 4096 } } }, { data: false }),
    createSimulation(assembled('li r1, 7\nhalt', machine), { data: false }),
  ];
  for (const other of others) expect(() => other.restore(state)).toThrow(/does not belong/);
});
