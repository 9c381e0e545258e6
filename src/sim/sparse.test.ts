/** Sparse weights and streams in the cycle model: time, numbers against the dense product, and everything that is refused. */
import { describe, expect, test } from 'vitest';
import { Random, type SystoleError } from '#base';
import { encodeStream, packWeights, pruneTwoOfFour, type StreamFormat } from '#isa';
import { type Machine, presets } from '#machine';
import { loadSparseCost, mmaSparseCycles } from '#timing';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';
import { runFunctional } from './functional.ts';

const single = presets.get('textbook-single')!;
const withDecompressor = (elementsPerCycle: number, pipelineCycles: number, patch: object = {}): Machine =>
  machineWith('textbook-single', { dma: { decompressor: { elementsPerCycle, pipelineCycles }, ...patch } });
const withWeights = (weights: '2:4' | 'bitmap', matrix: object = {}): Machine =>
  machineWith('textbook-single', { matrix: { ...matrix, sparsity: { weights } } as Partial<Machine['matrix']> });

const bytesOf = (values: ArrayBufferView): string =>
  [...new Uint8Array(values.buffer, values.byteOffset, values.byteLength)].join(', ');

/** A stream of `elements` f32 that is moved through NRAM back to DRAM at 8192. */
function streamProgram(
  format: StreamFormat,
  stream: Uint8Array,
  elements: number,
  machine: Machine,
  length = stream.length,
) {
  return assembled(
    `.dram 16384
     .const 0, u8 ${bytesOf(stream)}
     .output y, 8192, f32[${elements}]
     cfg.dimi R0, 0, ${elements}, 4
     li r1, ${length}
     load.sparse nram, r0, r0, r1, R0, f32, ${format}
     sync
     li r2, 8192
     store nram, r2, r0, R0, R0, f32
     halt`,
    machine,
  );
}

async function bothErrors(program: ReturnType<typeof assembled>): Promise<string[]> {
  const codes: string[] = [];
  try {
    createSimulation(program, { data: true }).run();
    codes.push('none');
  } catch (error) {
    codes.push((error as SystoleError).code);
    expect((error as SystoleError).text('zh')).not.toContain('undefined');
  }
  await runFunctional(program).then(
    () => codes.push('none'),
    (error: SystoleError) => codes.push(error.code),
  );
  return codes;
}

describe('load.sparse', () => {
  const values = Float32Array.from({ length: 100 }, (_, i) => (i % 4 === 3 || i % 4 === 1 ? i : 0));
  const dense = new Uint8Array(values.buffer);

  test.each(['bitmap', 'two4'] as const)('%s: the dense numbers, and time by its length', (format) => {
    const stream = encodeStream(format, dense, 4) as Uint8Array;
    for (const [machine, transfer] of [
      [withDecompressor(64, 0), Math.ceil(stream.length / 64)],
      [withDecompressor(1, 3), 100 + 3],
      [withDecompressor(64, 2, { scratchpadBytesPerCycle: 4, setupCycles: 7 }), 7 + 100 + 2],
    ] as const) {
      const program = streamProgram(format, stream, 100, machine);
      const simulation = createSimulation(program, { data: true });
      const state = simulation.run();
      expect(new Float32Array(simulation.readOutput('y').slice().buffer)).toEqual(values);
      if (state.state !== 'done') throw new Error('no host here');
      const { result } = state;
      expect(result.cycles - loadSparseCost(machine, 0, 0, 4).setupCycles).toBeGreaterThan(transfer);
      expect(loadSparseCost(machine, stream.length, 100, 4).cycles).toBe(transfer);
      expect(result.total).toMatchObject({ readBytes: stream.length, nramWriteBytes: 400 });
      expect(createSimulation(program, { data: false }).run()).toEqual(state);
    }
  });

  test('no elements: no stream, and only the setup', async () => {
    const program = assembled(
      'cfg.dimi R0, 0, 0, 4\nload.sparse nram, r0, r0, r0, R0, f32, two4\nhalt',
      withDecompressor(1, 5, { setupCycles: 3 }),
    );
    expect(createSimulation(program, { data: true }).run()).toMatchObject({ result: { cycles: 3 } });
    expect(await bothErrors(program)).toEqual(['none', 'none']);
  });

  test('what is no stream traps where there is data, in both models', async () => {
    const stream = encodeStream('bitmap', dense, 4) as Uint8Array;
    const damaged = stream.slice();
    damaged[0]! ^= 1;
    const program = streamProgram('bitmap', damaged, 100, withDecompressor(64, 0));
    expect(await bothErrors(program)).toEqual(['SYS-SIM-170', 'SYS-SIM-170']);
    // Its time is that of its length, whatever it holds.
    expect(createSimulation(program, { data: false }).run().state).toBe('done');
    const cut = streamProgram('bitmap', stream, 100, withDecompressor(64, 0), stream.length - 4);
    expect(await bothErrors(cut)).toEqual(['SYS-SIM-170', 'SYS-SIM-170']);
    const orders = streamProgram('two4', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 4, withDecompressor(64, 0));
    expect(await bothErrors(orders)).toEqual(['SYS-SIM-170', 'SYS-SIM-170']);
  });

  test('is refused without a decompressor, of a length that no stream has, and of no whole groups', async () => {
    const stream = encodeStream('two4', dense, 4) as Uint8Array;
    const at = withDecompressor(64, 0);
    expect(await bothErrors(streamProgram('two4', stream, 100, single))).toEqual(['SYS-SIM-172', 'SYS-SIM-172']);
    for (const length of [stream.length - 4, stream.length + 4, stream.length + 1]) {
      expect(await bothErrors(streamProgram('two4', stream, 100, at, length))).toEqual(['SYS-SIM-174', 'SYS-SIM-174']);
    }
    expect(await bothErrors(streamProgram('two4', stream, 98, at))).toEqual(['SYS-SIM-175', 'SYS-SIM-175']);
  });
});

/** P pixels × K elements by K × N weights, one dense or sparse product. */
function product(
  machine: Machine,
  neurons: Float32Array,
  weights: Uint8Array,
  sizes: readonly [number, number, number],
  op: string,
  rows: number,
) {
  const [pixels, depth, filters] = sizes;
  return assembled(
    `.dram 65536
     .const 0, u8 ${bytesOf(neurons)}
     .const 16384, u8 ${bytesOf(weights)}
     .output y, 49152, f32[${pixels}, ${filters}]
     cfg.dimi R0, 0, ${neurons.length}, 4
     cfg.dimi R1, 0, ${weights.length / 4}, 4
     li r1, 16384
     load nram, r0, r0, R0, R0, f32
     load wram, r0, r1, R1, R1, f32
     cfg.dimi R3, 0, ${pixels}, ${4 * depth}
     cfg.dimi R3, 4, ${rows}, 0
     cfg.dimi R4, 0, ${depth}, 4
     cfg.dimi R5, 0, ${pixels}, ${4 * filters}
     cfg.dimi R5, 4, ${filters}, 64
     li r2, 32768
     sync
     ${op.startsWith('mma.sparse') ? op.replace('mma.sparse', 'mma.sparse r2, r0, r0, R3, R4, R5, r0, r0, f32,') : 'mma r2, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain'}
     sync
     cfg.dimi R6, 0, ${pixels * filters}, 4
     li r3, 49152
     store nram, r3, r2, R6, R6, f32
     halt`,
    machine,
  );
}

function run(program: ReturnType<typeof assembled>) {
  const simulation = createSimulation(program, { data: true });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error('no host here');
  expect(createSimulation(program, { data: false }).run()).toEqual(state);
  const matrix = state.result.units.find(({ name }) => name === 'matrix')!.busy;
  return { bits: simulation.readOutput('y'), matrix, total: state.result.total };
}

/** Dense weights, group after group of 16 filters. */
function denseWords(weights: Float32Array, filters: number): Uint8Array {
  const out: number[] = [];
  for (let first = 0; first < filters; first += 16) {
    for (let k = 0; k * filters < weights.length; k++) {
      for (let n = first; n < Math.min(filters, first + 16); n++) out.push(weights[k * filters + n]!);
    }
  }
  return new Uint8Array(Float32Array.from(out).buffer);
}

describe('mma.sparse', () => {
  const random = new Random(7);
  const sizes = [6, 64, 20] as const;
  const neurons = Float32Array.from({ length: 6 * 64 }, () => random.normal());
  const any = Float32Array.from({ length: 64 * 20 }, () => random.normal());
  const pruned = pruneTwoOfFour(any, 20);
  const packed = (format: 'two4' | 'bitmap', weights: Float32Array) => {
    const found = packWeights(format, weights, 20, 16);
    if (!('bytes' in found)) throw new Error('they fit');
    return found;
  };

  test.each([
    ['dot', {}, { ti: 32 }],
    ['dot, flat', { lanePacking: 'flat' }, { ti: 32, lanePacking: 'flat' }],
    [
      'systolic',
      { kind: 'systolic', rows: 16, columns: 16, dataflow: 'weight-stationary', preload: 'hidden' },
      { kind: 'systolic', rows: 32, columns: 16, dataflow: 'weight-stationary', preload: 'hidden' },
    ],
  ])('two4 on %s: bit for bit the dense product, zeros written out, on a unit of twice the lanes', (_, own, twice) => {
    const { bytes } = packed('two4', pruned);
    const sparse = run(product(withWeights('2:4', own), neurons, bytes, sizes, 'mma.sparse two4, clear, drain', 1));
    const wide = machineWith('textbook-single', { matrix: twice as Partial<Machine['matrix']> });
    const dense = run(product(wide, neurons, denseWords(pruned, 20), sizes, 'mma', 1));
    expect(sparse.bits).toEqual(dense.bits);
  });

  test('two4 takes half the time and half the multiplications of the dense product', () => {
    const { bytes } = packed('two4', pruned);
    const sparse = run(product(withWeights('2:4'), neurons, bytes, sizes, 'mma.sparse two4, clear, drain', 1));
    const dense = run(product(single, neurons, denseWords(pruned, 20), sizes, 'mma', 1));
    expect([sparse.matrix, dense.matrix]).toEqual([6 * 2 * 2, 6 * 2 * 4]);
    expect([sparse.total.macs, dense.total.macs]).toEqual([(6 * 20 * 64) / 2, 6 * 20 * 64]);
    // For each pixel 32 rows of 20 kept weights, and 16 groups of four with three index words.
    expect(sparse.total.wramReadBytes).toBe(6 * 4 * (32 * 20 + 16 * 3));
    expect(sparse.total.nramReadBytes).toBe(dense.total.nramReadBytes);
  });

  test('bitmap takes the rows of its fullest filter, in f32 close to the dense product', () => {
    const weights = Float32Array.from(any, (w, i) => ((i * 7919) % 64 < 12 ? w : 0));
    const { bytes, rows } = packed('bitmap', weights);
    const op = 'mma.sparse bitmap, clear, drain';
    const sparse = run(product(withWeights('bitmap'), neurons, bytes, sizes, op, rows));
    expect(sparse.matrix).toBe(6 * 2 * Math.ceil(rows / 16));
    expect(sparse.matrix).toBe(
      mmaSparseCycles(withWeights('bitmap'), [6], 20, { format: 'bitmap', reduction: [64], rows }),
    );
    const dense = run(product(single, neurons, denseWords(weights, 20), sizes, 'mma', 1));
    const [a, b] = [sparse, dense].map(({ bits }) => new Float32Array(bits.slice().buffer)) as [
      Float32Array,
      Float32Array,
    ];
    a.forEach((value, i) => {
      expect(Math.abs(value - b[i]!)).toBeLessThan(1e-5);
    });
  });

  test('neurons of weights that are left out do not count, even if they are no numbers', () => {
    const weights = Float32Array.from({ length: 8 }, (_, k) => (k === 1 || k === 6 ? 2 : 0));
    const inputs = Float32Array.of(Number.NaN, 3, Number.POSITIVE_INFINITY, Number.NaN, 5, 6, 7, Number.NaN);
    for (const format of ['two4', 'bitmap'] as const) {
      const found = packWeights(format, weights, 1, 16);
      if (!('bytes' in found)) throw new Error('they fit');
      // two4 keeps a zero beside each of them, at elements 0 and 4: the first would meet NaN.
      inputs[0] = format === 'two4' ? 9 : Number.NaN;
      const machine = withWeights(format === 'two4' ? '2:4' : 'bitmap');
      const op = `mma.sparse ${format}, clear, drain`;
      const { bits } = run(product(machine, inputs, found.bytes, [1, 8, 1], op, found.rows));
      expect(new Float32Array(bits.slice().buffer)[0]).toBe(20);
    }
  });

  test('more kept weights than rows trap where there is data, in both models', async () => {
    const { bytes, rows } = packed('bitmap', any);
    const op = 'mma.sparse bitmap, clear, drain';
    const program = product(withWeights('bitmap'), neurons, bytes, sizes, op, rows - 1);
    expect(rows).toBe(64);
    expect(await bothErrors(program)).toEqual(['SYS-SIM-171', 'SYS-SIM-171']);
    expect(createSimulation(program, { data: false }).run().state).toBe('done');
  });

  test('is refused on other machines, of no whole groups, of more rows than elements', async () => {
    const { bytes } = packed('two4', pruned);
    const two4 = 'mma.sparse two4, clear, drain';
    const bitmap = 'mma.sparse bitmap, clear, drain';
    const cases = [
      [single, two4, 64, 1, 'SYS-SIM-172'],
      [withWeights('bitmap'), two4, 64, 1, 'SYS-SIM-173'],
      [withWeights('2:4'), two4, 63, 1, 'SYS-SIM-175'],
      [withWeights('bitmap'), bitmap, 64, 65, 'SYS-SIM-176'],
      [withWeights('bitmap'), bitmap, 64, -1 >>> 12, 'SYS-SIM-176'],
    ] as const;
    for (const [machine, op, depth, rows, code] of cases) {
      expect(await bothErrors(product(machine, neurons, bytes, [6, depth, 20], op, rows)), code).toEqual([code, code]);
    }
  });
});
