/**
 * Machines that compiled programs are tested on: the presets, and small ones on which small tensors already need many
 * tiles, queues fill up, latencies show and nothing divides anything.
 */
import { type Machine, presets } from '#machine';
import { machineWith } from './processor.ts';

/** Presets that every compiled network is held to: the textbook's of one core and of four, and one that circuits could build. */
export const PRESETS: readonly Machine[] = [
  'textbook-single',
  'textbook-ch6',
  'textbook-cluster',
  'systolic-16x16',
].map((name) => presets.get(name)!);

/** The other presets: published devices, which run a small network each, and the large ones in the full tier. */
export const DEVICES: readonly Machine[] = [...presets.values()].filter((machine) => !PRESETS.includes(machine));

const tiny: Machine = machineWith('textbook-single', {
  name: 'tiny-run',
  control: {
    cyclesPerInstruction: 1,
    branchPenalty: 1,
    queueCycles: 1,
    signalLatency: 2,
    queueDepth: 2,
    scalarMemoryBytes: 64,
    instructionWords: 65536,
  },
  matrix: {
    kind: 'dot',
    tn: 5,
    ti: 4,
    lanePacking: 'run',
    accumulatorBytes: 4 * 5 * 48,
    pipelineCycles: 3,
  },
  vector: { lanes: 4, pipelineCycles: 2, cycles: { simple: 1, divide: 3, transcendental: 5 } },
  nram: { bytes: 8192 },
  wram: { bytes: 16384 },
  dma: { queues: 1, setupCycles: 2, burstBytes: 16, scratchpadBytesPerCycle: 32 },
  dram: { bytes: 2 ** 26, bandwidth: { bytes: 64, cycles: 5 }, latencyCycles: 11 },
});

/** Small ones first. */
export const MACHINES: readonly Machine[] = [
  tiny,
  {
    ...tiny,
    name: 'tiny-flat',
    control: {
      ...tiny.control,
      queueDepth: 4,
      signalLatency: 1,
      scoreboard: { order: 'out-of-order', versions: 2, entries: 9 },
    },
    matrix: {
      kind: 'dot',
      tn: 12,
      ti: 4,
      lanePacking: 'flat',
      accumulatorBytes: 4 * 12 * 64,
      pipelineCycles: 5,
    },
    vector: {
      ...tiny.vector,
      lanes: 8,
      types: { i8: { lanes: 16 }, u8: { lanes: 4 }, i16: { lanes: 8 }, i32: { lanes: 2 } },
    },
    nram: { bytes: 16384 },
    dma: { ...tiny.dma, queues: 2, burstBytes: 64 },
  },
  {
    ...tiny,
    name: 'tiny-systolic',
    control: {
      ...tiny.control,
      queueDepth: 3,
      cyclesPerInstruction: 0,
      pipeline: { aluCycles: 1, multiplyCycles: 3, loadCycles: 2, configCycles: 2 },
      fetch: { wordsPerCycle: 2, bufferWords: 4, latencyCycles: 2, loopWords: 32 },
    },
    matrix: {
      kind: 'systolic',
      rows: 4,
      columns: 12,
      dataflow: 'output-stationary',
      preload: 'hidden',
      lanePacking: 'run',
      accumulatorBytes: 4 * 12 * 100,
      pipelineCycles: 0,
    },
    nram: { bytes: 12288 },
    dma: { ...tiny.dma, queues: 2 },
  },
  {
    ...tiny,
    name: 'tiny-scalar',
    matrix: { kind: 'scalar', rows: 3, columns: 4, accumulatorBytes: 4 * 90, pipelineCycles: 2 },
    nram: { bytes: 8192 },
  },
  {
    // The least that the schema allows of many things, and figures that divide nothing.
    ...tiny,
    name: 'tiny-narrow',
    control: { ...tiny.control, queueDepth: 1, queueCycles: 2, signalLatency: 5 },
    matrix: {
      kind: 'systolic',
      rows: 8,
      columns: 5,
      dataflow: 'input-stationary',
      preload: 'exposed',
      lanePacking: 'flat',
      accumulatorBytes: 4 * 5 * 30,
      pipelineCycles: 1,
    },
    vector: { ...tiny.vector, lanes: 1 },
    nram: { bytes: 3004 },
    wram: { bytes: 3004 },
    dma: { queues: 2, setupCycles: 3, burstBytes: 12, scratchpadBytesPerCycle: 3 },
    dram: { bytes: 2 ** 26, bandwidth: { bytes: 7, cycles: 3 }, latencyCycles: 29 },
  },
  {
    // Memories that answer bank by bank and way by way.
    ...tiny,
    name: 'tiny-banks',
    matrix: { ...tiny.matrix, operands: { inputBytesPerCycle: 8, weightBytesPerCycle: 32 } },
    nram: { bytes: 8192, banks: 4, ways: 4 },
    wram: { bytes: 16384, banks: 2, ways: 2 },
    dma: { ...tiny.dma, queues: 2 },
    dram: {
      bytes: 2 ** 26,
      bandwidth: { bytes: 16, cycles: 1 },
      latencyCycles: 5,
      banked: {
        standard: 'ddr4-2400',
        channels: 1,
        ranks: 1,
        channelInterleaveBytes: 64,
        interleavedBanks: 4,
        lookahead: 3,
      },
    },
  },
  {
    // Several cores before one narrow channel, queues that fill up, and latencies everywhere.
    ...tiny,
    name: 'tiny-cluster',
    dma: { ...tiny.dma, queues: 2 },
    cluster: {
      cores: 3,
      sharedRam: { bytes: 4096, link: { bytes: 16, cycles: 1 }, ports: 'one' },
      remoteSignalLatency: 7,
      barrierLatency: 11,
    },
  },
  {
    // Two clusters, memories in banks, one transfer queue.
    ...tiny,
    name: 'tiny-clusters',
    vector: { ...tiny.vector, lanes: 2 },
    nram: { bytes: 4096, banks: 2, ways: 4 },
    wram: { bytes: 8192, banks: 4 },
    dram: { bytes: 2 ** 26, bandwidth: { bytes: 32, cycles: 1 }, latencyCycles: 3 },
    cluster: {
      cores: 2,
      count: 2,
      sharedRam: { bytes: 8192, link: { bytes: 8, cycles: 1 }, ports: 'private' },
    },
  },
  presets.get('textbook-single')!,
  presets.get('systolic-16x16')!,
];
