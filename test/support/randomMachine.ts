/**
 * Random machines: any that the schema lets through, small ones more often, so that memories just hold a tile, queues
 * stall, ports and bursts limit, and no size divides another. A machine follows from its seed alone.
 */
import { Random } from '#base';
import { capacityErrors, type Machine, machineSchema, presets } from '#machine';
import { randomControl } from './randomControl.ts';
import { randomBanked } from './randomDram.ts';

type Matrix = Machine['matrix'];

/** Bytes of a scratchpad, from too few, which are made just enough, to ample. */
const MEMORIES = [4, 4, 500, 1004, 2000, 6000, 20_000, 100_000];

function matrixUnit(r: Random): Matrix {
  const filters = r.pick([1, 2, 3, 4, 5, 7, 8, 12, 16]);
  const lanes = r.pick([1, 2, 4, 4, 8, 16]);
  if (r.integer(0, 4) === 0) {
    const [rows, columns] = [r.integer(1, 5), r.integer(1, 6)];
    return {
      kind: 'scalar',
      rows,
      columns,
      accumulatorBytes: 4 * r.pick([1, 9, 200, 4096]),
      pipelineCycles: r.integer(0, 2),
    };
  }
  const rest = {
    lanePacking: r.pick(['run', 'flat'] as const),
    accumulatorBytes: 4 * filters * r.pick([1, 2, 7, 48, 100, 1024]),
    pipelineCycles: r.pick([0, 0, 1, 6]),
  };
  return r.integer(0, 1) === 0
    ? { kind: 'dot', tn: filters, ti: lanes, ...rest }
    : {
        kind: 'systolic',
        rows: lanes,
        columns: filters,
        dataflow: r.pick(['weight-stationary', 'output-stationary', 'input-stationary'] as const),
        preload: r.pick(['exposed', 'hidden'] as const),
        ...rest,
      };
}

/** The machine of a seed. */
export function randomMachine(seed: number): Machine {
  const r = new Random(seed);
  const matrix = matrixUnit(r);
  const vectorLanes = r.pick([1, 1, 2, 4, 8, 32]);
  const cycles = (): number => r.pick([0, 0, 1, 1, 3]);
  const base = presets.get('textbook-single')!;
  // The units below compute f32 alone, and a figure for what is not computed is refused.
  const { macByType: _, ...energy } = base.energy!;
  const machine: Machine = {
    ...base,
    energy,
    name: `random-${seed}`,
    control: {
      cyclesPerInstruction: r.pick([0, 0, 1, 2]),
      branchPenalty: cycles(),
      queueCycles: cycles(),
      signalLatency: cycles(),
      queueDepth: r.pick([1, 1, 2, 3, 5, 64]),
      scalarMemoryBytes: 4,
      instructionWords: 2 ** 20,
      ...randomControl(r),
    },
    matrix,
    vector: {
      lanes: vectorLanes,
      pipelineCycles: cycles(),
      cycles: { simple: r.integer(1, 2), divide: r.integer(1, 7), transcendental: r.integer(1, 9) },
    },
    nram: { bytes: r.pick(MEMORIES) },
    wram: { bytes: r.pick(MEMORIES) },
    dma: {
      queues: r.pick([1, 2] as const),
      setupCycles: r.pick([0, 0, 1, 9]),
      burstBytes: r.pick([1, 1, 4, 12, 32, 64]),
      scratchpadBytesPerCycle: r.pick([1, 3, 4, 16, 64, 1024]),
    },
    dram: {
      bytes: 2 ** 26,
      bandwidth: r.pick([
        { bytes: 64, cycles: 1 },
        { bytes: 64, cycles: 5 },
        { bytes: 7, cycles: 3 },
        { bytes: 1, cycles: 1 },
        { bytes: 1000, cycles: 1 },
      ]),
      latencyCycles: r.pick([0, 0, 1, 40]),
    },
  };
  const dram = r.integer(0, 3) === 0 ? { ...machine.dram, banked: randomBanked(r, machine) } : machine.dram;
  const pad = ({ bytes }: { readonly bytes: number }): Machine['nram'] => ({
    bytes,
    ...(r.integer(0, 5) === 0 && machine.control.scoreboard === undefined && { banks: r.pick([1, 2, 4]) }),
    ...(r.integer(0, 2) === 0 && { ways: r.pick([1, 2, 16]) }),
  });
  const operands = { inputBytesPerCycle: r.pick([1, 8, 64]), weightBytesPerCycle: r.pick([1, 8, 64]) };
  const unit = r.integer(0, 3) === 0 ? { ...machine.matrix, operands } : machine.matrix;
  const one = { ...machine, matrix: unit, dram, nram: pad(machine.nram), wram: pad(machine.wram) };
  return enlarged(r.integer(0, 2) === 0 ? severalCores(one, r) : one);
}

/** So many of a machine's cores, in one cluster or in several. */
function severalCores({ control, ...machine }: Machine, r: Random): Machine {
  const { scoreboard: _, ...rest } = control;
  const [cores, count] = r.pick([
    [2, 1],
    [3, 1],
    [4, 1],
    [16, 1],
    [1, 2],
    [2, 2],
    [3, 2],
    [4, 5],
  ] as const);
  const latencies = r.pick([{}, { remoteSignalLatency: r.integer(0, 20), barrierLatency: r.integer(0, 20) }]);
  return {
    ...machine,
    energy: { ...machine.energy!, sharedRam: { read: 17, write: 17 } },
    control: rest,
    cluster: {
      cores,
      ...(count === 1 ? {} : { count }),
      sharedRam: {
        bytes: r.pick([64, 1000, 20_000, 500_000]),
        link: r.pick([
          { bytes: 1, cycles: 1 },
          { bytes: 7, cycles: 3 },
          { bytes: 100, cycles: 1 },
        ]),
        ports: r.pick(['private', 'one'] as const),
      },
      ...latencies,
    },
  };
}

/** The machine with scratchpads enlarged, where it must be, to what `machine check` demands. */
function enlarged(machine: Machine): Machine {
  for (let m = machineSchema.parse(machine); ; ) {
    const short = new Set<string>();
    const errors = capacityErrors(m, (path) => {
      short.add(path.join('.'));
      return {};
    });
    if (errors.length === 0) return m;
    if (!short.has('nram.bytes') && !short.has('wram.bytes')) throw errors[0]!;
    const more = (key: 'nram' | 'wram'): Machine['nram'] => ({
      ...m[key],
      bytes: m[key].bytes + (short.has(`${key}.bytes`) ? 4 : 0),
    });
    m = { ...m, nram: more('nram'), wram: more('wram') };
  }
}
