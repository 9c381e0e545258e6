/**
 * The report of a small hand-written program on textbook-single: a load, a vec and a store of 64 bytes (16 f32), a cycle
 * each, one after the other.
 */
import { describe, expect, test } from 'vitest';
import { parseModel, tensorOf } from '#ir';
import type { LayerPlan, TensorSlot } from '#isa';
import { presets } from '#machine';
import { inferTypes } from '#ops';
import { createSimulation, type SimulationResult, type Work } from '#sim';
import { NO_ACTIONS } from '#timing';
import { errorOf } from '../../test/support/errorText.ts';
import { assembled } from '../../test/support/processor.ts';
import { type EnergySink, energyReport } from './energy.ts';
import { reportJson } from './json.ts';
import { layerwiseBound, nodesOnHost } from './layerwiseBound.ts';
import { assertAbovePhysicalBound, physicalBound } from './physicalBound.ts';
import { type RunFacts, runReport } from './runReport.ts';
import { reportText } from './text.ts';

const single = presets.get('textbook-single')!;

const slot = (name: string, address: number): TensorSlot => ({
  name,
  dtype: 'float32',
  dims: [16],
  strides: [4],
  address,
});

const plan = (from: number, to: number, changes: Partial<LayerPlan>): LayerPlan => ({
  index: 0,
  name: 'relu',
  nodes: ['relu'],
  op: 'Relu',
  where: 'vector',
  macs: 0,
  vectorOps: 16,
  inputBytes: 64,
  weightBytes: 0,
  outputBytes: 64,
  outputShape: [16],
  loops: [],
  from,
  to,
  ...changes,
});

const written = assembled(
  `
.dram 65536
.fill 0, 64, f32 1
  cfg.dimi R0, 0, 16, 4
  li r1, 0x1000
  li r2, 0
  load nram, r0, r0, R0, R0, f32
  sync
  vec.max r1, r0, r2, R0, R0, R0, f32, scalar
  sync
  store nram, r1, r1, R0, R0, f32
  halt
`,
  single,
  {
    inputs: [slot('x', 0)],
    outputs: [slot('y', 0x1000)],
    constants: [],
    layers: [plan(0, 8, {})],
    compulsory: { readBytes: 64, writeBytes: 64 },
  },
);

const model = inferTypes(
  parseModel(`model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[16]) -> (y: float32[16]) { y = Relu(x) @relu }`),
);

const program = { ...written, layerwise: layerwiseBound(model, single) };

function run(): SimulationResult {
  const state = createSimulation(program, { data: false }).run();
  if (state.state !== 'done') throw new Error('the program has no host part');
  return state.result;
}

const facts = (changes: Partial<RunFacts> = {}): RunFacts => ({
  name: 'relu.onnx',
  program,
  result: run(),
  fidelity: 'timing',
  ...changes,
});

describe('a run', () => {
  test('cycles, bytes, bounds, efficiency, utilisation', () => {
    const r = runReport(facts());
    expect(r.cycles).toBe(3);
    expect(r.seconds).toBe(3e-9);
    expect(r.bytes).toEqual({ read: 64, write: 64 });
    // x and y at 64 bytes a cycle: 2 cycles. The vec needs 16 ÷ 64 of one.
    expect(r.bound.physicalBy).toEqual({ matrix: 0, vector: 1, memory: 2, host: 0 });
    expect([r.bound.physical, r.bound.physicalUnit, r.bound.layerwise]).toEqual([2, 'memory', 2]);
    expect(r.efficiency).toBe(2 / 3);
    const [layer] = r.layers;
    expect(layer).toMatchObject({
      cycles: 3,
      bound: 'memory',
      utilisation: 16 / (3 * 64),
      bytes: { read: 64, write: 64 },
    });
    expect(r.units.map((u) => [u.name, u.busy, u.idle])).toEqual([
      ['dma', 2, 1],
      ['matrix', 0, 3],
      ['vector', 1, 2],
    ]);
    expect(r.rest).toBe(0);
  });

  test('of a network without work: no efficiency, and a dash for it', () => {
    const r = runReport(facts({ program: { ...program, layerwise: { cycles: 0, groups: [] } } }));
    expect([r.bound.layerwise, r.efficiency]).toEqual([0, null]);
    expect(reportText(r)).toMatch(/^efficiency +–$/m);
  });

  test('an instruction that does more than one needed operation, and layers side by side: no unit is more than used', () => {
    const busy = (vectorOps: number) =>
      runReport(facts({ program: { ...program, layers: [plan(0, 8, { vectorOps })] } })).layers[0];
    expect(busy(1000)).toMatchObject({ vectorOps: 16, utilisation: 16 / (3 * 64) });
    const { layers, ...rest } = run();
    const late = runReport(facts({ result: { ...rest, layers: layers.map((l) => ({ ...l, cycles: 1 })) } }));
    expect(late.layers[0]!.utilisation).toBe(16 / (3 * 64));
  });

  test('energy of DRAM is that of the bursts that its banks moved', () => {
    const banked = { ...presets.get('textbook-single-ddr4')!, energy: single.energy! };
    const at = (address: number) => {
      const text = `.dram 65536
.fill 0, 128, f32 1
  cfg.dimi R0, 0, 16, 4
  li r1, ${address}
  load nram, r0, r1, R0, R0, f32
  sync
  store nram, r1, r0, R0, R0, f32
  halt
`;
      const layers = [plan(0, 5, {})];
      const placed = assembled(text, banked, { layers });
      const state = createSimulation(placed, { data: false }).run();
      if (state.state !== 'done') throw new Error('the program has no host part');
      return energyReport(placed, state.result)!;
    };
    const [aligned, across] = [at(0), at(32)];
    expect(aligned.by.dram * 1e12).toBeCloseTo(2 * 64 * 160, 6);
    expect(across.by.dram * 1e12).toBeCloseTo(2 * 128 * 160, 6);
    expect(across.layers[0]!.by.dram).toBe(across.by.dram);
    expect([across.rest.by.dram, across.by.nram]).toEqual([0, aligned.by.nram]);
  });

  test('energy by hand, layer by layer', () => {
    const { energy } = runReport(facts());
    const { energy: figures } = single;
    expect(figures).toMatchObject({ vector: { simple: 3.7 }, nram: { read: 4.8, write: 4.8 }, instruction: 70 });
    // Load and store: 64 B of DRAM and NRAM each. The vec reads and writes 64 B of NRAM for 16 operations. Halt is outside.
    const picojoules = { dram: 2 * 64 * 160, nram: 4 * 64 * 4.8, vector: 16 * 3.7, control: 8 * 70 };
    const none = { matrix: 0, wram: 0, accumulators: 0, sharedRam: 0, static: 0 };
    const [layer] = energy!.layers;
    for (const [sink, value] of Object.entries({ ...none, ...picojoules })) {
      expect(layer!.by[sink as EnergySink] * 1e12).toBeCloseTo(value, 6);
    }
    expect(layer!.total * 1e12).toBeCloseTo(20480 + 1228.8 + 59.2 + 560, 6);
    expect(energy!.rest.total * 1e12).toBeCloseTo(70, 6);
    expect(energy!.total).toBeCloseTo(layer!.total + energy!.rest.total, 20);
    expect([layer!.name, energy!.technologyNanometres]).toEqual(['relu', 45]);
  });

  test('where nothing is multiplied the data type is that of what goes in and out', () => {
    const none = assembled('.dram 65536\nhalt', single);
    const state = createSimulation(none, { data: false }).run();
    if (state.state !== 'done') throw new Error(state.state);
    const typeWith = (...dtypes: readonly TensorSlot['dtype'][]): string | null => {
      const inputs = dtypes.map((dtype, i) => ({ ...slot(`x${i}`, 0), dtype }));
      return runReport(facts({ program: { ...none, inputs }, result: state.result })).dtype;
    };
    expect(typeWith('float16', 'int64')).toBe('float16');
    expect(typeWith('int64')).toBe('int64');
    expect(typeWith()).toBeNull();
  });

  test('multiply-accumulates of several types: bound, peak, energy and names', () => {
    const quad = presets.get('textbook-single-i8x4')!;
    // 8 pixels by 32 filters by 64 elements in i8, 8 cycles × 2 chunks of 32; the same in f32, 8 × 2 groups × 4 chunks of 16.
    const text = `.dram 65536
      .fill 0, 32768, 0
      .node "both"
      cfg.dimi R0, 0, 8192, 4
      load nram, r0, r0, R0, R0, f32
      load wram, r0, r0, R0, R0, f32
      sync
      cfg.dimi R1, 0, 8, 0
      cfg.dimi R2, 0, 64, 1
      cfg.dimi R3, 0, 8, 128
      cfg.dimi R3, 4, 32, 64
      li r1, 0x8000
      mma r1, r0, r0, R1, R2, R3, r0, r0, i8, clear, drain
      cfg.dimi R2, 0, 64, 4
      mma r1, r0, r0, R1, R2, R3, r0, r0, f32, clear, drain
      halt`;
    const both = assembled(text, quad);
    const state = createSimulation(both, { data: false }).run();
    if (state.state !== 'done') throw new Error(state.state);
    const r = runReport(facts({ program: both, result: state.result }));
    const macs = 8 * 32 * 64;
    expect([r.macs, r.dtype, r.bound.physicalBy.matrix]).toEqual([2 * macs, 'float32, int8', 16 + 64]);
    expect(r.units.find((u) => u.name === 'matrix')!.busy).toBe(16 + 64);
    expect(r.energy!.by.matrix * 1e12).toBeCloseTo(macs * (4.6 + 0.3), 6);
  });

  test('static power counts with time; without figures there is no energy', () => {
    const machine = { ...single, energy: { ...single.energy!, staticWatts: 2 } };
    const report = runReport(facts({ program: { ...program, machine } }));
    // 3 cycles of 1 ns at 2 W.
    expect(report.energy!.by.static * 1e9).toBeCloseTo(6, 9);
    expect(report.energy!.layers[0]!.by.static * 1e9).toBeCloseTo(6, 9);
    const { energy: _energy, ...bare } = single;
    expect(runReport(facts({ program: { ...program, machine: bare } })).energy).toBeNull();
  });

  test('of hand-written assembly: no layer-wise bound', () => {
    const r = runReport(facts({ program: written }));
    expect([r.bound.layerwise, r.efficiency, r.macs]).toEqual([null, null, 0]);
  });

  test('a hand-written layer that claims no work shows what it executed', () => {
    const claims = { ...program, layers: [plan(0, 8, { vectorOps: 0 })] };
    expect(runReport(facts({ program: claims })).layers[0]).toMatchObject({
      vectorOps: 16,
      utilisation: 16 / (3 * 64),
    });
  });

  test('faster than physics stops', () => {
    const error = errorOf(() => runReport(facts({ result: { ...run(), cycles: 1 } })));
    expect(error).toMatchObject({ code: 'SYS-REPORT-001', kind: 'internal' });
    expect(error.message).toContain('took 1 cycles');
  });

  test('a run that lost traffic stops', () => {
    const result = run();
    for (const [lost, word] of [
      ['readBytes', 'read 0 bytes'],
      ['writeBytes', 'wrote 0 bytes'],
    ] as const) {
      const error = errorOf(() => runReport(facts({ result: { ...result, total: { ...result.total, [lost]: 0 } } })));
      expect(error).toMatchObject({ code: 'SYS-REPORT-001', kind: 'internal' });
      expect(error.message).toContain(word);
    }
  });
});

describe('physical bound', () => {
  const NOTHING: Work = {
    readBytes: 0,
    writeBytes: 0,
    readBurstBytes: 0,
    writeBurstBytes: 0,
    channelCycles: 0,
    macs: 0,
    vectorOps: 0,
    otherOps: 0,
    entries: 0,
    hostCycles: 0,
    instructions: 0,
    ...NO_ACTIONS,
  };
  const { compulsory: _, ...unplanned } = program;
  const compulsory = { readBytes: 704, writeBytes: 64 };
  const bound = (work: Partial<Work>) => physicalBound({ ...program, compulsory }, { total: { ...NOTHING, ...work } });

  test('is that of the scarcest unit', () => {
    expect(bound({ macs: 4000 })).toMatchObject({ cycles: 16, unit: 'matrix' });
    expect(bound({ macs: 4000, vectorOps: 1281, vectorLaneCycles: 1281 / 64 })).toMatchObject({
      cycles: 21,
      unit: 'vector',
    });
    // 768 bytes, however often they were moved.
    expect(bound({ readBytes: 9999, writeBytes: 640 })).toMatchObject({ cycles: 12, unit: 'memory' });
    expect(bound({ hostCycles: 1234, macs: 256 })).toMatchObject({ cycles: 1234, unit: 'host' });
  });

  test('of a program that nobody planned counts what it moved', () => {
    const total = { ...NOTHING, readBytes: 128, writeBytes: 64 };
    expect(physicalBound(unplanned, { total }).by.memory).toBe(3);
  });

  test('holds for the traffic on the channel too, whole bursts', () => {
    const total = { ...NOTHING, readBurstBytes: 6400 };
    expect(() => assertAbovePhysicalBound(unplanned, { cycles: 100, total })).not.toThrow();
    expect(errorOf(() => assertAbovePhysicalBound(unplanned, { cycles: 99, total })).text('zh')).toContain('100');
  });
});

describe('JSON', () => {
  const withOutputs = (name: string, tensor: ReturnType<typeof tensorOf>) =>
    reportJson(runReport(facts({ fidelity: 'data', outputs: new Map([[name, tensor]]) })));

  test('has what the issue names, and is JSON', () => {
    const json = reportJson(runReport(facts()));
    for (const key of 'model machine dtype cycles seconds macs bytes bound efficiency check outputs layers'.split(
      ' ',
    )) {
      expect(json).toHaveProperty(key);
    }
    expect(json.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [16], data: null }]);
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });

  test('what JSON has no number for stands as a string', () => {
    const floats = tensorOf('float32', [5], [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]);
    expect(withOutputs('y', floats).outputs).toMatchObject([{ data: [0.5, 'NaN', 'Infinity', '-Infinity', -0] }]);
    const longs = tensorOf('int64', [2], [-1n, 9007199254740993n]);
    expect(withOutputs('y', longs).outputs).toMatchObject([{ data: ['-1', '9007199254740993'] }]);
    expect(withOutputs('y', tensorOf('int32', [1], [7])).outputs).toMatchObject([{ data: [7] }]);
    expect(withOutputs('y', tensorOf('bool', [2], [1, 0])).outputs).toMatchObject([{ data: [true, false] }]);
  });

  test('an infinite error of the check stands as a string', () => {
    const maxAbs = Number.POSITIVE_INFINITY;
    const check = { ok: false, engine: 'native' as const, tolerance: 1e-4, maxAbs, maxRel: maxAbs, outputs: [] };
    expect(reportJson(runReport(facts({ check }))).check).toMatchObject({ ok: false, maxAbs: 'Infinity' });
  });

  test('reasons and notices are told in the language', () => {
    const reason = { en: 'no such unit', zh: '没有该单元' };
    const estimate = { en: 'no rule', zh: '没有规则' };
    const onHost = [
      { name: 'relu', op: 'Relu', merged: [], reason, estimate },
      { name: 'tanh', op: 'Tanh', merged: [], reason },
    ];
    const layers = [plan(0, 8, { where: 'host', onHost })];
    const host = [{ name: 'relu', onnx: new Uint8Array(), inputs: [], outputs: [], cycles: 2 }];
    const notices = [{ code: 'SYS-X-001', en: 'note', zh: '注意' }];
    const withHost = { ...written, layers, host };
    const layerwise = layerwiseBound(model, single, nodesOnHost(withHost));
    const r = runReport(facts({ program: { ...withHost, layerwise }, notices }));
    // Priced from the graph: the call, 128 bytes and 16 elements.
    expect(r.bound.groups).toMatchObject([{ bound: 'host', cycles: 1010 }]);
    expect(reportJson(r).host).toMatchObject({
      nodes: [
        { name: 'relu', op: 'Relu', reason: 'no such unit', estimate: 'no rule' },
        { name: 'tanh', estimate: null },
      ],
    });
    expect(reportJson(r, 'zh')).toMatchObject({
      host: { nodes: [{ reason: '没有该单元', estimate: '没有规则' }, {}] },
      layers: [{ bound: 'host', utilisation: null, onHost: [{ reason: '没有该单元', estimate: '没有规则' }, {}] }],
      notices: [{ code: 'SYS-X-001', message: '注意' }],
    });
  });
});
