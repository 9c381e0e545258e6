/** Machines for random programs: one core with small figures, so that chunks, groups, lanes and queues are ragged and full. */
import type { Random } from '#base';
import { type MATRIX_MODES, type Machine, type MatrixUnit, presets } from '#machine';
import { randomControl } from './randomControl.ts';
import { randomBanked } from './randomDram.ts';
import { ALL_TYPES } from './vectorTypes.ts';

/** Optional parts of a random machine. */
function withOptions(r: Random, machine: Machine): Machine {
  const { matrix } = machine;
  const decompressor = { elementsPerCycle: r.pick([1, 3, 64]), pipelineCycles: r.integer(0, 3) };
  const winograd = {
    lanes: r.integer(1, 5),
    tileCycles: r.pick([{ f2: 1 }, { f4: 6 }, { f2: 4, f4: 5 }]),
    pipelineCycles: r.integer(0, 3),
  };
  return {
    ...machine,
    ...(r.uniform() < 0.5 ? { dma: { ...machine.dma, decompressor } } : {}),
    ...(r.uniform() < 0.5 ? { winograd } : {}),
    matrix:
      matrix.kind === 'scalar' || r.uniform() < 0.5
        ? matrix
        : matrix.kind === 'dot'
          ? { ...matrix, sparsity: { weights: r.pick(['2:4', 'bitmap'] as const) } }
          : { ...matrix, sparsity: { weights: '2:4' } },
  };
}

/** A geometry for each type, or for none. */
function types<T>(random: Random, mode: () => T): { types?: Record<(typeof MATRIX_MODES)[number], T> } {
  return random.uniform() < 0.2 ? {} : { types: { f16: mode(), bf16: mode(), i8: mode(), i16: mode() } };
}

function matrixUnit(random: Random): MatrixUnit {
  const common = { accumulatorBytes: 16384, pipelineCycles: random.integer(0, 3) };
  const lanePacking = random.pick(['run', 'flat'] as const);
  switch (random.pick(['dot', 'systolic', 'scalar'] as const)) {
    case 'dot': {
      const geometry = () => ({ tn: random.integer(1, 20), ti: random.pick([1, 2, 4, 16]) });
      return { kind: 'dot', ...geometry(), lanePacking, ...common, ...types(random, geometry) };
    }
    case 'systolic': {
      const geometry = () => ({ rows: random.pick([1, 2, 4, 8]), columns: random.integer(1, 20) });
      return {
        kind: 'systolic',
        ...geometry(),
        dataflow: random.pick(['weight-stationary', 'output-stationary', 'input-stationary'] as const),
        preload: random.pick(['exposed', 'hidden'] as const),
        lanePacking,
        ...common,
        ...types(random, geometry),
      };
    }
    case 'scalar': {
      const geometry = () => ({ rows: random.integer(1, 5), columns: random.integer(1, 5) });
      return { kind: 'scalar', ...geometry(), ...common, ...types(random, geometry) };
    }
  }
}

function vectorUnit(random: Random, { cycles }: Machine['vector']): Machine['vector'] {
  const lanes = random.pick([1, 2, 4, 8, 64]);
  const types = Object.entries(ALL_TYPES).map(([type, times]) => [
    type,
    { lanes: random.pick([lanes, times * lanes]) },
  ]);
  return { lanes, pipelineCycles: random.integer(0, 3), cycles, types: Object.fromEntries(types) };
}

export function randomProcessor(random: Random): Machine {
  const base = presets.get(random.pick(['textbook-single', 'systolic-16x16']))!;
  const matrix = matrixUnit(random);
  const queues = random.pick([1, 2] as const);
  const machine = withOptions(random, {
    ...base,
    matrix,
    control: {
      ...base.control,
      cyclesPerInstruction: random.integer(0, 2),
      branchPenalty: random.integer(0, 2),
      queueCycles: random.integer(0, 2),
      signalLatency: random.integer(0, 3),
      queueDepth: random.integer(1, 8),
      ...(random.uniform() < 0.3
        ? { queueDepths: { matrix: random.integer(1, 4), [queues === 1 ? 'dma' : 'store']: random.integer(1, 4) } }
        : {}),
      ...randomControl(random),
      semaphores: random.pick([16, 20, 32]),
    },
    vector: vectorUnit(random, base.vector),
    dma: {
      queues,
      setupCycles: random.integer(0, 9),
      burstBytes: random.pick([1, 32]),
      scratchpadBytesPerCycle: random.pick([4, 64]),
    },
    dram: {
      ...base.dram,
      bandwidth: { bytes: random.integer(1, 32), cycles: random.integer(1, 3) },
      latencyCycles: random.integer(0, 40),
    },
  });
  const pad = ({ bytes }: Machine['nram']): Machine['nram'] => ({
    bytes,
    ...(random.integer(0, 3) === 0 &&
      machine.control.scoreboard === undefined && { banks: random.pick([1, 2, 8, 32]) }),
    ...(random.integer(0, 3) === 0 && { ways: random.pick([1, 4, 16]) }),
  });
  const { matrix: unit } = machine;
  const width = (): number => random.pick([1, 4, 20, 64]);
  const operands = { inputBytesPerCycle: width(), weightBytesPerCycle: width() };
  const padded: Machine = {
    ...machine,
    matrix: random.integer(0, 2) === 0 ? { ...unit, operands } : unit,
    nram: pad(machine.nram),
    wram: pad(machine.wram),
  };
  if (random.integer(0, 2) > 0) return padded;
  return { ...padded, dram: { ...machine.dram, banked: randomBanked(random, machine) } };
}
