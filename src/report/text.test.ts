/**
 * The report as a terminal shows it, in both languages: goldens of a made-up run with everything in it. Its figures are not
 * those of a simulation; that they are the report's is what `runReport.test.ts` holds.
 */
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import type { LayerReport } from './layers.ts';
import type { RunReport } from './runReport.ts';
import { cut, table, wrap } from './table.ts';
import { reportText } from './text.ts';

/** Three quarters in DRAM, the rest in the matrix unit. */
const joules = (total: number) => ({
  total,
  by: {
    ...{ vector: 0, winograd: 0, nram: 0, wram: 0, accumulators: 0, sharedRam: 0, control: 0, static: 0 },
    ...{ matrix: total / 4, dram: 0.75 * total },
  },
});

const layer = (name: string, cycles: number, changes: Partial<LayerReport> = {}): LayerReport => ({
  name,
  op: 'Conv+Relu',
  nodes: [name],
  where: 'matrix',
  onHost: [],
  shape: [1, 8, 28, 28],
  cycles,
  macs: 156800,
  vectorOps: 0,
  bytes: { read: 12345, write: 2 ** 20 },
  bound: 'compute',
  utilisation: 0.7654,
  lanes: {},
  loops: [],
  sparse: null,
  winograd: null,
  kept: [],
  ...changes,
});

const onHost = {
  name: 'postprocess/NonMaxSuppression_very_long_name',
  op: 'NonMaxSuppression',
  merged: ['postprocess/Gather_12'],
  reason: {
    en: 'the processor has no NonMaxSuppression: its result depends on the data, and so does its shape',
    zh: '处理器没有 NonMaxSuppression：其结果取决于数据，形状也取决于数据',
  },
  estimate: { en: 'its cost is estimated: it has no rule', zh: '其代价为估计值：没有代价规则' },
};

const check = { ok: true, engine: 'native' as const, tolerance: 1e-4, maxAbs: 1.25e-7, maxRel: 3e-6 };
const output = { name: 'scores', tolerance: 1e-4, maxAbs: 1.25e-7, maxRel: 3e-6, elements: 1000 };
const idleBy = {
  channel: 0,
  dram: 0,
  tail: 450,
  host: 150,
  sync: 80,
  empty: 100,
  dependence: 0,
  bank: 0,
  semaphore: 220,
};
const waits = { load: 220, matrix: 80 };
const lanes = { available: 2000, used: 1000, pipeline: 10, fill: 190, drain: 300, ragged: 500 };

const REPORT: RunReport = {
  model: 'face.onnx',
  machine: 'textbook-single',
  machineFile: 'my.json',
  cores: 1,
  parkedCores: 0,
  otherOps: 0,
  dtype: 'float32',
  fidelity: 'data',
  frequency: 1.5e9,
  inputs: [
    { name: 'image', dtype: 'float32', shape: [1, 3, 240, 320], source: 'person.jpg' },
    { name: 'scale', dtype: 'float32', shape: [], source: null },
  ],
  cycles: 12345,
  seconds: 12345 / 1.5e9,
  macs: 470400,
  bytes: { read: 3 * 12345, write: 3 * 2 ** 20 },
  instructions: { program: 1234, executed: 56789 },
  bound: {
    physical: 9000,
    physicalUnit: 'memory',
    physicalBy: { matrix: 4000, vector: 100, memory: 9000, host: 2000 },
    layerwise: 10000,
    groups: [],
  },
  efficiency: 10000 / 12345,
  check: { ...check, outputs: [{ ...output, ok: true, wrong: 0 }] },
  outputs: [{ name: 'scores', dtype: 'float32', shape: [1, 1000], tensor: null }],
  layers: [
    layer('backbone/stage1/block0/conv_with_a_long_name/Conv', 5000),
    layer('池化', 300, { op: 'MaxPool', where: 'vector', macs: 0, bound: 'memory', utilisation: 0.05 }),
    layer('concat', 0, { op: 'Concat', where: 'dma', macs: 0, bound: 'memory', utilisation: null }),
    layer(onHost.name, 2000, {
      op: onHost.op,
      where: 'host',
      onHost: [onHost],
      bound: 'host',
      utilisation: null,
    }),
    layer('head', 5000, {
      op: 'Gemm',
      sparse: {
        ...{ form: 'bitmap', density: 0.5, weights: 156800, nonzero: 78400, bytes: 340000, bytesSpared: 287200 },
        ...{ macsExecuted: 80000, macsSkipped: 76800 },
      },
    }),
  ],
  rest: 45,
  dram: null,
  energy: {
    technologyNanometres: 45,
    ...joules(25e-6),
    layers: [10e-6, 2e-6, 1e-6, 0, 12e-6].map((total, i) => ({ name: `layer ${i}`, ...joules(total) })),
    rest: joules(70e-12),
  },
  units: [
    { name: 'dma', busy: 11345, idle: 1000, idleBy, waits, entries: 77 },
    { name: 'matrix', busy: 11345, idle: 1000, idleBy, waits: { load: 300 }, entries: 5, lanes },
  ],
  memories: null,
  control: { issue: 345, branch: 55, fetch: 0, data: 45, queue: 4000, sync: 5000, barrier: 0, host: 2900, halt: 0 },
  loads: null,
  host: { cycles: 2000, nodes: [onHost] },
  notices: [{ code: 'SYS-CLI-100', en: 'input scale is random, seed 1', zh: '输入 scale 为随机数，种子 1' }],
};

const FAILED: RunReport = {
  ...REPORT,
  check: {
    ...check,
    ok: false,
    maxAbs: Number.POSITIVE_INFINITY,
    maxRel: Number.POSITIVE_INFINITY,
    outputs: [{ ...output, ok: false, wrong: 12 }],
  },
};

const tag = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
const palette = { strong: tag('b'), faint: tag('i'), good: tag('good'), bad: tag('bad') };

describe('goldens', () => {
  const golden = (text: string, file: string) =>
    expect(`# vitest run src/report -u\n${text}`).toMatchFileSnapshot(`goldens/${file}.txt`);

  test('English', () => golden(reportText(REPORT), 'run.en'));
  test('Chinese', () => golden(reportText(REPORT, { language: 'zh' }), 'run.zh'));
  test('narrow, few layers, colours', () =>
    golden(reportText(FAILED, { width: 80, layers: 2, palette }), 'run.narrow.en'));
  test.each(['en', 'zh'] as const)('DRAM in banks (%s)', (language) => {
    const bursts = { hits: 16_000, misses: 20, conflicts: 380, readBytes: 1_049_600, writeBytes: 0 };
    const counted = { ...bursts, cycles: 9000, refreshes: 2, refreshCycles: 700 };
    const rates = { hitRate: 16_000 / 16_400, peak: 19.2e9, achieved: 17e9, achievedHeld: 18.5e9 };
    const report = { ...REPORT, dram: { ...counted, ...rates, device: 'ddr4-2400', channels: 2 } };
    return golden(reportText(report, { language, layers: 2 }), `run.banks.${language}`);
  });
  test('of a program alone, timing only', () => {
    const bound = { ...REPORT.bound, layerwise: null };
    const host = { cycles: 0, nodes: [] };
    const report: RunReport = {
      ...REPORT,
      fidelity: 'timing',
      bound,
      efficiency: null,
      energy: null,
      check: null,
      host,
      notices: [],
    };
    return golden(reportText(report, { language: 'zh', layers: 2 }), 'run.timing.zh');
  });
});

test.each(['en', 'zh'] as const)('a report keeps to the width (%s)', (language) => {
  const lines = reportText(FAILED, { width: 80, language }).split('\n');
  expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([]);
});

describe('tables', () => {
  test('Chinese characters take two columns', () => {
    const lines = table(
      [
        { head: '层', align: 'left' },
        { head: 'n', align: 'right' },
      ],
      [
        ['池化层', '1'],
        ['conv', '22'],
      ],
      { width: 80, head: (t) => t },
    );
    expect(lines).toEqual(['层       n', '池化层   1', 'conv    22']);
  });

  test('a long name loses its middle', () => {
    expect(cut('backbone/stage1/conv', 12)).toBe('bac…ge1/conv');
    expect(cut('short', 12)).toBe('short');
    expect(stringWidth(cut('一二三四五六七八九十', 9))).toBeLessThanOrEqual(9);
  });

  test('paragraphs break at blanks and between Chinese characters', () => {
    expect(wrap('one two three', 9, '  ')).toEqual(['  one two', '  three']);
    expect(wrap('一二三四五', 6, '')).toEqual(['一二三', '四五']);
  });
});

test('limits that half precision widens stand by output', () => {
  const half = { ...output, name: 'h', ok: true, wrong: 0, tolerance: 2 ** -8, rounding: 'float16' as const };
  const outputs = [{ ...output, ok: true, wrong: 0 }, half];
  const text = (some: typeof outputs) => reportText({ ...REPORT, check: { ...check, outputs: some } }, { width: 200 });
  expect(text(outputs)).toContain('(limit scores 1.0e-4; h 3.9e-3 float16)');
  expect(text([half])).toContain('(limit 3.9e-3 float16)');
});
