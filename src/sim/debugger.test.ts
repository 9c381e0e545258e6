/**
 * The debugger against states worked out by hand. The machine of cycle.test.ts: every instruction 1 cycle, taken branch 2 more;
 * wait and signal 1, signals visible 1 after; a transfer of n bytes: setup 2, channel ⌈n ÷ 4⌉, latency 10; vec: 3 + ⌈d0 ÷ 4⌉.
 */
import { expect, test } from 'vitest';
import type { HostPart, Program, TensorSlot } from '#isa';
import { presets } from '#machine';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createDebugger, type Debugger, type DebuggerOptions, type Stop } from './debugger.ts';
import type { SimulationEvent } from './events.ts';

const small = machineWith('textbook-single', {
  control: { cyclesPerInstruction: 1, branchPenalty: 2, queueCycles: 1, signalLatency: 1, queueDepth: 2 },
  vector: { lanes: 4, pipelineCycles: 3 },
  dma: { queues: 2, setupCycles: 2, burstBytes: 1, scratchpadBytesPerCycle: 64 },
  dram: { bandwidth: { bytes: 4, cycles: 1 }, latencyCycles: 10 },
});
const zeros = { name: 'zeros', address: 0, bytes: 4096, data: () => new Uint8Array(4096) };
const program = (text: string, machine = small, changes: Partial<Program> = {}): Program =>
  assembled(`.dram 4096\n${text}`, machine, { constants: [zeros], ...changes });
const debug = (text: string, options: Partial<DebuggerOptions> = {}): Debugger =>
  createDebugger(program(text), { data: true, ...options });
const kinds = (stop: Stop): string[] => stop.reasons.map(({ kind }) => kind);

test('control at a cycle: no further than the hardware, with what it has finished', async () => {
  const d = debug('li r1, 7\nli r2, 8\njmp there\nnop\nthere:\nli r3, 9\nhalt');
  expect(d.control()).toMatchObject({ pc: 0, state: 'ready' });
  await d.stepCycles();
  expect(d.control()).toMatchObject({ pc: 1, state: 'ready' });
  expect([...d.control().registers.slice(0, 4)]).toEqual([0, 7, 0, 0]);
  await d.runToCycle(3);
  // The jump has been executed; its target comes two cycles later.
  expect(d.control()).toMatchObject({ pc: 2, state: 'fetch', next: 5 });
  expect(d.instructions).toBe(2);
  expect(await d.step()).toEqual({ cycle: 5, instructions: 3, reasons: [{ kind: 'arrived' }] });
  expect(d.instruction()).toEqual({ pc: 4, text: 'li r3, 9', node: undefined });
  expect(await d.stepCyclesBack()).toMatchObject({ cycle: 4, instructions: 2 });
  expect(d.control()).toMatchObject({ pc: 2, state: 'fetch', next: 5 });
  const end = await d.continue();
  expect(end).toMatchObject({ cycle: 7, instructions: 5, reasons: [{ kind: 'done', result: { cycles: 7 } }] });
  expect(d.control()).toMatchObject({ pc: 5, state: 'done' });
  expect(kinds(await d.step())).toEqual(['done']);
  expect(await d.stepBack()).toMatchObject({ cycle: 6, instructions: 4 });
});

const QUEUES = `
  cfg.dimi R0, 0, 8, 4
  load nram, r0, r0, R0, R0, f32
  signal load, 3
  load nram, r0, r0, R0, R0, f32
  load nram, r0, r0, R0, R0, f32
  wait vector, 3
  sync
  halt`;

test('queues hold what has been dispatched by a cycle; control stands before a full one', async () => {
  const d = debug(QUEUES);
  await d.runToCycle(1);
  expect(d.units()[0]).toMatchObject({ name: 'load', state: 'empty', queue: [] });
  await d.runToCycle(2);
  // Started in the cycle of its dispatch; 32 bytes: setup 2, channel 8, latency 10.
  expect(d.units()[0]).toMatchObject({ state: 'setup', running: { dispatched: 2, start: 2, end: undefined } });
  await d.runToCycle(4);
  expect(d.units()[0]).toMatchObject({
    state: 'works',
    running: { start: 2, end: 22 },
    queue: [
      { entry: { kind: 'signal', pc: 2 }, dispatched: 3 },
      { entry: { kind: 'load', pc: 3 }, dispatched: 4 },
    ],
  });
  expect(d.channelFree).toBe(12);
  await d.runToCycle(5);
  expect(d.control()).toMatchObject({ pc: 4, state: 'queue' });
  expect(d.units()[0]!.queue).toHaveLength(2);
  // The step over it lasts until the first load ends.
  expect(await d.step()).toMatchObject({ cycle: 22, instructions: 5 });
  expect(d.semaphores()[3]).toEqual({ count: 0, coming: [23], signaller: 'load', waiter: undefined });
  await d.stepCycles();
  expect(d.units()[3]).toMatchObject({ name: 'vector', state: 'works', running: { entry: { kind: 'wait' } } });
  expect(d.semaphores()[3]).toEqual({ count: 0, coming: [], signaller: 'load', waiter: 'vector' });
  await d.step();
  expect(d.control()).toMatchObject({ pc: 7, state: 'ready' });
});

test('an event is what anything does; before it a cycle can be looked at', async () => {
  const d = debug(QUEUES);
  await d.runToCycle(5);
  expect(await d.stepEvent()).toMatchObject({ cycle: 22 });
  expect(await d.runToCycle(13)).toMatchObject({ cycle: 13, reasons: [{ kind: 'arrived' }] });
  expect(d.control()).toMatchObject({ pc: 4, state: 'queue' });
  expect(await d.stepCyclesBack(20)).toMatchObject({ cycle: 0, instructions: 0, reasons: [{ kind: 'start' }] });
});

const LOOP = `
  cfg.dimi R0, 0, 8, 4
  li r1, 64
  loopi 3
    load nram, r1, r0, R0, R0, f32
    signal load, 1
    wait vector, 1
    vec.add r1, r1, r1, R0, R0, R0, f32, record
    addi r1, r1, 32
  endloop
  sync
  halt`;

test('breakpoints on instructions, cycles, memories and semaphores', async () => {
  const d = debug(LOOP);
  const add = d.breakpoints.add({ kind: 'instruction', pc: 7 });
  const cycle = d.breakpoints.add({ kind: 'cycle', cycle: 9 });
  const written = d.breakpoints.add({ kind: 'access', memory: 'nram', from: 100, to: 101, mode: 'write' });
  expect(await d.continue()).toMatchObject({ cycle: 7, reasons: [{ kind: 'breakpoint', id: add }] });
  expect(d.control().loops).toEqual([{ from: 3, end: 8, left: 3 }]);
  expect(await d.continue()).toMatchObject({ cycle: 9, reasons: [{ kind: 'breakpoint', id: cycle }] });
  d.breakpoints.delete(add);
  expect(await d.continue()).toMatchObject({
    reasons: [{ id: written, hit: { unit: 'load', pc: 3, what: 'write', address: 100 } }],
  });
  expect(await d.continue()).toMatchObject({
    reasons: [{ id: written, hit: { unit: 'vector', pc: 6, what: 'write', address: 100 } }],
  });
  expect(d.breakpoints.delete(written)).toBe(true);
  expect(d.breakpoints.delete(written)).toBe(false);
  d.breakpoints.add({ kind: 'semaphore', semaphore: 1 });
  const met = await d.continue();
  expect(met).toMatchObject({ reasons: [{ hit: { unit: 'load', pc: 4, what: 'signal' } }] });
  await d.stepBack();
  expect(await d.continue()).toEqual(met);
  expect(await d.runToInstruction(9)).toMatchObject({ reasons: [{ hit: { what: 'wait' } }] });
  for (const id of d.breakpoints.all.keys()) d.breakpoints.delete(id);
  expect(await d.runToInstruction(9)).toMatchObject({ reasons: [{ kind: 'arrived' }] });
  expect(d.instruction().text).toBe('halt');
});

test('wrong breakpoints, ranges and cycles are refused', () => {
  const d = debug('li r1, 7\nhalt', { data: false });
  const add = (b: Parameters<typeof d.breakpoints.add>[0]) => () => d.breakpoints.add(b);
  expect(add({ kind: 'instruction', pc: 2 })).toThrow(/no instruction 2/);
  expect(add({ kind: 'cycle', cycle: -1 })).toThrow(/no cycle -1/);
  expect(add({ kind: 'semaphore', semaphore: 16 })).toThrow(/no semaphore 16/);
  expect(add({ kind: 'access', memory: 'dram', from: 4096, to: 4097, mode: 'any' })).toThrow(/DRAM has no bytes 4096/);
  expect(add({ kind: 'access', memory: 'nram', from: 4, to: 4, mode: 'any' })).toThrow(/at least one byte/);
  expect(() => d.read('nram', 0, 4)).toThrow(/counts time only/);
  expect(() => d.runToCycle(0.5)).toThrow(/no cycle 0.5/);
  const linear = assembled('move DRAM NRAM 4096', presets.get('textbook-single')!);
  const sizes = createDebugger(linear, { data: false });
  expect(() => sizes.breakpoints.add({ kind: 'access', memory: 'nram', from: 0, to: 4, mode: 'any' })).toThrow(
    /no addresses/,
  );
  expect(() => createDebugger(linear, { data: true })).toThrow(/counts time/);
});

test('an error of the program stops before it, and the debugger can go back', async () => {
  const d = debug(
    'li r1, 1\ncfg.dimi R0, 0, 8, 4\nwait vector, 2\nvec.add r0, r0, r0, R0, R0, R0, f32, record\nsync\nhalt',
  );
  const stop = await d.continue();
  expect(stop).toMatchObject({ cycle: 5, reasons: [{ kind: 'error', error: { code: 'SYS-SIM-042' } }] });
  expect(d.control()).toMatchObject({ pc: 4, state: 'sync' });
  expect(await d.step()).toEqual(stop);
  expect(await d.stepBack()).toMatchObject({ cycle: 4 });
  expect(await d.stepBack(2)).toMatchObject({ cycle: 2 });
  const trap = debug(
    'cfg.dimi R0, 0, 8, 4\nli r1, 2\nvec.add r1, r1, r1, R0, R0, R0, f32, record\nnop\nlw r1, r0, 1\nhalt',
  );
  expect(await trap.continue()).toMatchObject({ cycle: 3, reasons: [{ error: { code: 'SYS-SIM-021' } }] });
  const later = debug('nop\nlw r1, r0, 1\nhalt');
  expect(await later.continue()).toMatchObject({
    cycle: 2,
    instructions: 1,
    reasons: [{ error: { code: 'SYS-SIM-013' } }],
  });
  expect(later.control()).toMatchObject({ pc: 1, state: 'ready' });
});

test('instructions without time: a step stands between them', async () => {
  const ideal = createDebugger(program(LOOP, presets.get('textbook-single')!), { data: true });
  expect(await ideal.step(4)).toMatchObject({ cycle: 0, instructions: 4 });
  expect(ideal.units()[0]).toMatchObject({ name: 'dma', state: 'waits', queue: [{ dispatched: 0 }] });
  expect(await ideal.step()).toMatchObject({ cycle: 0, instructions: 5 });
  expect(ideal.units()[0]!.queue).toHaveLength(2);
  expect(await ideal.stepBack()).toMatchObject({ cycle: 0, instructions: 4 });
  expect(ideal.units()[0]!.queue).toHaveLength(1);
  // All of cycle 0: control has come to the sync, and the load has begun.
  expect(await ideal.runToCycle(0)).toMatchObject({ cycle: 0, instructions: 18 });
  expect(ideal.units()[0]!.running).toMatchObject({ start: 0 });
});

const slot = (name: string, address: number): TensorSlot => ({
  ...{ name, address, dtype: 'float32', dims: [1], strides: [4] },
});
const part: HostPart = {
  ...{ name: 'next', onnx: new Uint8Array(0), cycles: 40 },
  inputs: [slot('x', 0)],
  outputs: [slot('x', 0)],
};

test('a host call is one step, and after steps back its answer is the same', async () => {
  const calls = program('loopi 2\nnop\nnop\nendloop\nhalt', small, {
    host: [part],
    constants: [],
    inputs: [slot('x', 0)],
  });
  // `host` by its word: the assembler has no host parts.
  calls.words[1] = 0x0400000000000000n;
  let asked = 0;
  const events: SimulationEvent[] = [];
  const host = async (_: HostPart, [x]: readonly Uint8Array[]): Promise<Uint8Array[]> => [
    Uint8Array.of(x![0]! + 1, asked++, 0, 0),
  ];
  const d = createDebugger(calls, {
    ...{ data: true, inputs: new Map([['x', new Uint8Array(4)]]), host },
    observer: (event) => events.push(event),
  });
  d.breakpoints.add({ kind: 'access', memory: 'dram', from: 0, to: 4, mode: 'read' });
  expect(await d.step()).toMatchObject({ cycle: 1 });
  expect(await d.step()).toMatchObject({ cycle: 2, reasons: [{ hit: { unit: undefined, pc: 1, what: 'read' } }] });
  expect(d.control()).toMatchObject({ pc: 1, state: 'call' });
  expect(await d.step()).toMatchObject({ cycle: 42, instructions: 2 });
  expect([...d.read('dram', 0, 4)]).toEqual([1, 0, 0, 0]);
  await d.runToCycle(20);
  expect(d.control()).toMatchObject({ pc: 1, state: 'call', next: 42 });
  d.breakpoints.delete(1);
  expect(await d.continue()).toMatchObject({ cycle: 86 });
  expect(asked).toBe(2);
  expect([...d.read('dram', 0, 4)]).toEqual([2, 1, 0, 0]);
  expect(events.filter(({ type }) => type === 'host:start')).toHaveLength(2);
  await d.restart();
  expect(await d.continue()).toMatchObject({ cycle: 86, reasons: [{ kind: 'done' }] });
  expect([...d.read('dram', 0, 4)]).toEqual([2, 1, 0, 0]);
  expect(events.filter(({ type }) => type === 'host:start')).toHaveLength(4);
  const without = createDebugger(calls, { data: true, inputs: new Map([['x', new Uint8Array(4)]]) });
  expect(await without.continue()).toMatchObject({ reasons: [{ error: { code: 'SYS-SIM-058' } }] });
  expect(() => createDebugger(calls, { data: true })).toThrow(/input 'x' was not given/);
  // Time only needs no host.
  expect(await createDebugger(calls, { data: false }).continue()).toMatchObject({ cycle: 86 });
});

test('checkpoints stay within their bounds, and steps back end where they should', async () => {
  const text = `li r1, 0\nli r2, 40000\nagain:\naddi r1, r1, 1\nsw r1, r0, 0\nblt r1, r2, again\nhalt`;
  const d = debug(text);
  await d.continue();
  expect(d.checkpoints.count).toBeGreaterThan(30);
  expect(d.checkpoints.count).toBeLessThanOrEqual(64);
  expect(await d.stepBack(3 * 1000 + 1)).toMatchObject({ instructions: 2 + 3 * 39_000 });
  expect(d.control()).toMatchObject({ pc: 2 });
  expect(d.control().registers[1]).toBe(39_000);
  expect(d.control().scalarMemory[0]).toBe(39_000);
  const none = debug(text, { checkpointBytes: 0 });
  await none.continue();
  expect(none.checkpoints).toEqual({ count: 1, bytes: 0 });
  expect(await none.stepBack(3 * 39_999 + 1)).toMatchObject({ instructions: 5 });
});

test('one move at a time, which can be interrupted', async () => {
  const d = debug('again:\njmp again\nhalt', { maxInstructions: 1e9 });
  const move = d.continue();
  await expect(d.step()).rejects.toThrow(/moving already/);
  setTimeout(() => d.interrupt());
  expect(kinds(await move)).toEqual(['interrupted']);
  expect(d.instructions).toBeGreaterThan(100);
  expect(kinds(await d.step())).toEqual(['arrived']);
});
