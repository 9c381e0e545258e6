/**
 * The rules of the advisor: each has a network and a machine on which it speaks and a run confirms it, and one on which it must not. What is confirmed is
 * held against a run of its change made here, from the words of the change alone.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Engine, sharedEngine } from '#engine';
import {
  type AdviseOptions,
  adviceRules,
  adviseModel,
  type Change,
  compileModel,
  convertModel,
  executeProgram,
  quantisedForTime,
} from '#flow';
import { int, ints, type Model, tensorOf } from '#ir';
import { changedMachine, resolveMachine, splitChanges } from '#machine';
import { buildModel } from '#models';
import { GraphBuilder } from './support/graphBuilder.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await sharedEngine();
});

const machineOf = (text: string) => {
  const { name, changes } = splitChanges(text);
  return changedMachine(resolveMachine(name), changes);
};

type Build = (g: GraphBuilder) => string;
const built = (...steps: readonly Build[]): Model => {
  const g = new GraphBuilder(1, 13);
  return g.model(steps.map((step) => step(g)));
};

const product =
  (rows: number, inner: number, columns: number): Build =>
  (g) =>
    g.node('MatMul', [g.input([rows, inner]).name, g.weights([inner, columns], inner)]);

/** Convolutions in a row, over square images. */
const convolutions =
  (size: number, kernel: number, ...channels: readonly number[]): Build =>
  (g) => {
    const [first = 1, ...rest] = channels;
    const pads = ints([0, 0, 0, 0].map(() => kernel >> 1));
    let [value, from] = [g.input([1, first, size, size]).name, first];
    for (const to of rest) {
      value = g.node('Conv', [value, g.weights([to, from, kernel, kernel])], { pads });
      from = to;
    }
    return value;
  };

const depthwise =
  (size: number, channels: number): Build =>
  (g) =>
    g.node('Conv', [g.input([1, channels, size, size]).name, g.weights([channels, 1, 3, 3])], {
      group: int(channels),
      pads: ints([1, 1, 1, 1]),
    });

const softmax =
  (rows: number, columns: number): Build =>
  (g) =>
    g.node('Softmax', [g.input([rows, columns]).name], { axis: int(-1) });

/** A product of weights of which four of five are zero. */
const sparse: Build = (g) => {
  const values = Array.from({ length: 256 * 256 }, (_, i) => (i % 5 === 0 ? 1 + (i % 7) : 0));
  return g.node('MatMul', [g.input([64, 256]).name, g.keep(tensorOf('float32', [256, 256], values))]);
};

/** Integers among floats. */
const integers: Build = (g) => {
  const whole = g.node('Cast', [g.input([64, 256]).name], { to: int(6) });
  const twice = g.node('Add', [whole, whole]);
  return g.node('Cast', [twice], { to: int(1) });
};

interface Case {
  readonly model: Model;
  readonly machine: string;
  readonly options?: Partial<AdviseOptions>;
  readonly quantised?: true;
}

const computeBound = { model: built(convolutions(28, 3, 64, 64)), machine: 'textbook-single' };
const memoryBound = { model: built(product(4, 512, 512)), machine: 'textbook-single' };

const CASES: Readonly<Record<string, { readonly speaks: Case; readonly silent: Case }>> = {
  'compile-options': {
    speaks: { ...computeBound, machine: 'textbook-extended', options: { winograd: 'off' } },
    silent: { ...computeBound, options: { winograd: 'off', sparse: 'off' } },
  },
  'half-precision': { speaks: memoryBound, silent: { ...memoryBound, machine: 'systolic-16x16' } },
  'integer-precision': {
    speaks: { ...computeBound, machine: 'textbook-single-i8x4', quantised: true },
    silent: { ...computeBound, machine: 'textbook-single-i8x4' },
  },
  batch: {
    speaks: { ...memoryBound, model: built(product(1, 512, 512)) },
    silent: { ...memoryBound, model: built(softmax(2048, 512)) },
  },
  'fewer-cores': {
    speaks: {
      model: built(convolutions(4, 1, 16, 16, 16, 16, 16)),
      machine: 'textbook-cluster,cluster.cores=2,cluster.barrierLatency=2000',
    },
    silent: memoryBound,
  },
  'dram-bandwidth': { speaks: memoryBound, silent: computeBound },
  'wram-capacity': {
    speaks: { model: built(product(256, 256, 256)), machine: 'textbook-single,wram.bytes=8192,nram.bytes=32768' },
    silent: computeBound,
  },
  'nram-capacity': {
    speaks: { model: built(depthwise(28, 32)), machine: 'textbook-single,nram.bytes=8192' },
    silent: computeBound,
  },
  'accumulator-capacity': {
    speaks: { model: built(convolutions(28, 1, 64, 64, 64)), machine: 'textbook-single,matrix.accumulatorBytes=1024' },
    silent: computeBound,
  },
  'shared-capacity': {
    speaks: {
      model: built(convolutions(28, 1, 32, 64, 64, 64)),
      machine: 'textbook-cluster,cluster.sharedRam.bytes=65536',
    },
    silent: computeBound,
  },
  'transfer-queues': {
    speaks: { model: built(convolutions(28, 1, 16, 96, 16)), machine: 'textbook-single,dram.latencyCycles=100' },
    silent: { ...memoryBound, machine: 'textbook-single,dma.queues=2' },
  },
  'transfer-overhead': {
    speaks: { ...memoryBound, machine: 'textbook-single,dma.scratchpadBytesPerCycle=16' },
    silent: memoryBound,
  },
  'scratchpad-banks': {
    speaks: {
      model: built(convolutions(28, 1, 16, 96, 16)),
      machine: 'textbook-single,nram.bytes=16384,nram.banks=2',
    },
    silent: computeBound,
  },
  'matrix-macs': { speaks: computeBound, silent: memoryBound },
  'matrix-shape': { speaks: { ...computeBound, model: built(convolutions(28, 3, 64, 8)) }, silent: computeBound },
  'array-preload': {
    speaks: { model: built(convolutions(7, 3, 64, 64)), machine: 'systolic-16x16,dram.bandwidth=256' },
    silent: { ...computeBound, machine: 'gemmini-16x16' },
  },
  'operand-ports': {
    speaks: {
      ...computeBound,
      machine: 'textbook-single,matrix.operands.inputBytesPerCycle=16,matrix.operands.weightBytesPerCycle=1024',
    },
    silent: computeBound,
  },
  'vector-lanes': {
    speaks: { model: built(depthwise(28, 64)), machine: 'textbook-single,vector.lanes=16' },
    silent: computeBound,
  },
  'winograd-unit': { speaks: computeBound, silent: { ...computeBound, model: built(convolutions(28, 1, 64, 64)) } },
  'sparse-weights': { speaks: { model: built(sparse), machine: 'textbook-single' }, silent: memoryBound },
  'more-cores': { speaks: { ...computeBound, machine: 'textbook-cluster' }, silent: computeBound },
  'queue-depth': {
    speaks: { model: built(convolutions(28, 3, 32, 32)), machine: 'systolic-16x16,control.queueDepth=1' },
    silent: computeBound,
  },
  'control-rate': {
    speaks: {
      model: built(convolutions(14, 3, 32, 32)),
      machine: 'textbook-single,control.cyclesPerInstruction=32,nram.bytes=16384',
    },
    silent: computeBound,
  },
  'host-nodes': {
    speaks: { model: built(integers), machine: 'textbook-single,vector.types=none' },
    silent: { model: built(integers), machine: 'textbook-single' },
  },
  'spare-memory': {
    speaks: { ...memoryBound, model: built(convolutions(14, 1, 16, 16)) },
    silent: {
      ...computeBound,
      machine: 'textbook-single,nram.bytes=16384,wram.bytes=16384,matrix.accumulatorBytes=4096',
    },
  },
  'spare-lanes': { speaks: computeBound, silent: { model: built(softmax(64, 512)), machine: 'textbook-single' } },
};

async function ask(rule: string, { model, machine, options, quantised }: Case) {
  const changes: Change[] = [];
  const { report, explained } = await adviseModel(model, {
    ...{ machine: machineOf(machine), engine, rules: [rule], ...options },
    ...(quantised === undefined ? {} : { quantised: () => quantisedForTime(model, 1, engine) }),
    commandOf: (change) => String(changes.push(change) - 1),
  });
  return { report, explained, changeOf: (command: string) => changes[Number(command)]! };
}

test('every rule has its cases', () => {
  expect(Object.keys(CASES).sort()).toEqual(adviceRules.map((rule) => rule.name).sort());
});

describe.each(Object.entries(CASES))('%s', (rule, { speaks, silent }) => {
  test('speaks, and a run confirms it', async () => {
    const { report, explained, changeOf } = await ask(rule, speaks);
    expect([...new Set(report.advice.map((a) => a.rule))], JSON.stringify(report, null, 1)).toEqual([rule]);
    const [advice] = report.advice;
    const { kind, before, after, saved, finding, proposal, figures } = advice!;
    expect(before.cycles * before.samples).toBe(explained.result.cycles);
    expect(saved.cycles).toBeCloseTo(before.cycles - after.cycles);
    if (kind === 'time') expect(saved.share).toBeGreaterThan(0.005);
    else expect(saved.share).toBeGreaterThan(-0.001);
    expect(Object.values(figures).every(Number.isFinite)).toBe(true);
    expect(finding.zh + proposal.zh).toMatch(/\p{Script=Han}/u);
    for (const text of [finding, proposal].flatMap((t) => [t.en, t.zh]))
      expect(text).not.toMatch(/undefined|NaN|\[object/);
    // A run of the change that knows nothing of the advisor.
    const change = changeOf(advice!.command);
    const { options = {}, model } = speaks;
    const asked = change.dtype === 'int8' ? await quantisedForTime(model, 1, engine) : model;
    if (change.dtype === undefined || change.dtype === 'int8') {
      const { program } = await compileModel(asked, {
        ...{ engine, machine: changedMachine(machineOf(speaks.machine), change.fields ?? []) },
        ...(change.winograd === 'auto' ? {} : options),
        ...(change.batch === undefined ? {} : { batch: change.batch }),
        ...(typeof change.cores === 'number' ? { cores: change.cores } : {}),
      });
      const { result } = await executeProgram(program, { data: false });
      expect(result.cycles / after.samples).toBe(after.cycles);
    }
  });

  test('is silent where it has nothing to say', async () => {
    const { report } = await ask(rule, silent);
    expect([report.runs, report.advice], JSON.stringify(report.tried, null, 1)).toEqual([0, []]);
  });
});

/** Decisions of one process, so that the same machine is not searched twice. */
const remembered = (files = new Map<string, Uint8Array>()) => ({
  compiler: 'of the tests',
  store: {
    read: async (name: string) => files.get(name),
    write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
  },
});

test('MobileNetV2 on the textbook’s machine: three pieces, each confirmed by its run', async () => {
  const model = await buildModel('mobilenet-v2', { weights: false });
  const machine = machineOf('textbook-single');
  const compile = { machine, engine, batch: 1, cache: remembered() };
  const changes: Change[] = [];
  const { report } = await adviseModel(model, {
    ...compile,
    ...{ runs: 4, limit: 3, commandOf: (change: Change) => String(changes.push(change) - 1) },
  });
  expect(report.advice.length).toBe(3);
  for (const { command, after, saved, finding } of report.advice) {
    const { fields = [], dtype } = changes[Number(command)]!;
    expect(saved.share, finding.en).toBeGreaterThan(0.03);
    const asked = dtype === 'float16' ? (await convertModel(model, dtype)).model : model;
    const { program } = await compileModel(asked, { ...compile, machine: changedMachine(machine, fields) });
    const { result } = await executeProgram(program, { data: false });
    expect(result.cycles).toBe(after.cycles);
  }
});
