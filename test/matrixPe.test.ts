/**
 * The textbook's lab on a processing element of the matrix unit: 32 lanes of int16 multiplied and summed, for so many
 * iterations to a result of 45 bits in two's complement. Its vectors run as a program of this processor, on every kind of unit.
 * Each line of `neuron` and `weight` holds 32 lanes in hexadecimal, `inst` the iterations of each result.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Machine } from '#machine';
import { createSimulation, runFunctional } from '#sim';
import { assembled, machineWith } from './support/processor.ts';

const FOLDER = new URL('../../shared/data/aics-lab-goldens/pe/', import.meta.url);
const present = existsSync(FOLDER);
const read = (name: string): string[] =>
  present ? readFileSync(new URL(name, FOLDER), 'utf8').trim().split(/\s+/) : [];

const LANES = 32;
/** Lanes of all lines as little-endian bytes; the order within a line does not matter to a sum. */
const lanes = (name: string): Uint8Array =>
  new Uint8Array(
    Int16Array.from(
      read(name).flatMap((line) => line.match(/.{4}/g)!),
      (hex) => Number.parseInt(hex, 16),
    ).buffer,
  );
const iterations = read('inst').map((hex) => Number.parseInt(hex, 16));
const results = read('result').map((bits) => BigInt.asIntN(45, BigInt(`0b${bits}`)));

const unit = (matrix: Partial<Machine['matrix']>): Machine =>
  machineWith('textbook-single', {
    matrix: { accumulatorBytes: 4096, pipelineCycles: 0, ...matrix } as Machine['matrix'],
  });
const MACHINES: readonly (readonly [string, Machine])[] = [
  ['dot', unit({ kind: 'dot', tn: 4, ti: 16, lanePacking: 'run', types: { i16: { tn: 1, ti: LANES } } })],
  ...(['weight-stationary', 'output-stationary', 'input-stationary'] as const).map((dataflow) => {
    const geometry = { rows: LANES, columns: 1 };
    const matrix = {
      kind: 'systolic',
      ...geometry,
      dataflow,
      preload: 'hidden',
      lanePacking: 'run',
      types: { i16: geometry },
    };
    return [`systolic, ${dataflow}`, unit(matrix as Partial<Machine['matrix']>)] as const;
  }),
  ['scalar', unit({ kind: 'scalar', rows: 4, columns: 8, types: { i16: { rows: 4, columns: 8 } } })],
];

/** Each result at once, or an iteration at a time through the accumulators. */
function program(machine: Machine, isStepped: boolean) {
  const total = iterations.reduce((n, more) => n + more, 0);
  const bytes = 2 * LANES * total;
  const mma = 'mma r7, r5, r6, R1, R2, R3, r0, r0, i16';
  const result = (n: number): string =>
    isStepped
      ? `cfg.dimi R2, 0, 0, 2\n${mma}, clear\ncfg.dimi R2, 0, ${LANES}, 2
         loopi ${n}\n${mma}\naddi r5, r5, ${2 * LANES}\naddi r6, r6, ${2 * LANES}\nendloop
         cfg.dimi R2, 0, 0, 2\n${mma}, drain`
      : `cfg.dimi R2, 0, ${LANES * n}, 2\n${mma}, clear, drain
         addi r5, r5, ${2 * LANES * n}\naddi r6, r6, ${2 * LANES * n}`;
  const text = `
    .dram ${2 * bytes + 8 * iterations.length}
    .input neuron, 0, i16[${LANES * total}]
    .input weight, ${bytes}, i16[${LANES * total}]
    .output result, ${2 * bytes}, i64[${iterations.length}]
    cfg.dimi R4, 0, ${LANES * total}, 2
    li r4, ${bytes}
    li r7, ${bytes}
    load nram, r0, r0, R4, R4, i16
    load wram, r0, r4, R4, R4, i16
    sync
    cfg.dimi R3, 4, 1, 8
    ${iterations.map((n) => `${result(n)}\naddi r7, r7, 8`).join('\n')}
    sync
    cfg.dimi R4, 0, ${iterations.length}, 8
    li r4, ${bytes}
    li r8, ${2 * bytes}
    store nram, r8, r4, R4, R4, i64
    halt`;
  return assembled(text, machine);
}

describe.skipIf(!present)('matrix-PE lab (skipped where ../shared/data/aics-lab-goldens is absent)', () => {
  const [neuron, weight] = [lanes('neuron'), lanes('weight')];

  test('has 140 iterations for 4 results', () => {
    expect(iterations).toEqual([20, 30, 40, 50]);
    expect([neuron.length, weight.length, results.length]).toEqual([140 * 64, 140 * 64, 4]);
  });

  test.each(MACHINES.flatMap(([name, machine]) => [false, true].map((stepped) => [name, stepped, machine] as const)))(
    '%s, an iteration at a time: %s',
    async (_, isStepped, machine) => {
      const made = program(machine, isStepped);
      const simulation = createSimulation(made, { data: true });
      simulation.writeInput('neuron', neuron);
      simulation.writeInput('weight', weight);
      const run = simulation.run();
      const found = (bytes: Uint8Array): bigint[] => [...new BigInt64Array(bytes.slice().buffer)];
      expect(found(simulation.readOutput('result'))).toEqual(results);
      const functional = await runFunctional(made, {
        inputs: new Map([
          ['neuron', neuron],
          ['weight', weight],
        ]),
      });
      expect(found(functional.outputs.get('result')!)).toEqual(results);
      // One chunk of 32 lanes a cycle.
      const matrix = run.state === 'done' ? run.result.units.find((u) => u.name === 'matrix')! : undefined;
      if (machine.matrix.kind === 'dot' && !isStepped) expect(matrix!.busy).toBe(140);
    },
  );
});
