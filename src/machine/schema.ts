/**
 * The Machine document: everything compiler, simulator and reports know of a processor. Plain JSON, validated here.
 * Units stand in the field names: …Bytes, …Cycles, …PerCycle; frequencies in hertz. Unknown keys are errors.
 */
import * as z from 'zod';
import { banked } from './dramDevice.ts';

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
/** A rate as a fraction, so that 12.8 bytes a cycle is exact: { bytes: 64, cycles: 5 }. */
const rate = z.strictObject({ bytes: positive, cycles: positive });
const powerOfTwo = positive.refine((n) => (n & (n - 1)) === 0, 'must be a power of two');

const scratchpad = z.strictObject({
  bytes: positive,
  banks: powerOfTwo
    .optional()
    .describe('contiguous parts, each of which serves one unit at a time; absent: all units at once'),
  ways: powerOfTwo
    .optional()
    .describe(
      '32-bit words interleaved over so many, each reached once a cycle by a stream; absent: as many as it likes',
    ),
});

/** Geometry of a unit for types other than f32: which it computes, and how many at once. */
const typesOf = <T extends z.ZodType>(mode: T) =>
  z
    .strictObject({
      f16: mode.optional(),
      bf16: mode.optional(),
      i8: mode.optional().describe('operands of 8 bits, each signed or unsigned'),
      i16: mode.optional().describe('with accumulators of 64 bits'),
    })
    .optional()
    .describe('what the unit computes beside f32, and its geometry for it; absent: f32 only');

const dotMode = z.strictObject({
  tn: positive.describe('filters computed at once in this type'),
  ti: powerOfTwo.describe('lanes of each adder tree in this type'),
});
const arrayMode = z.strictObject({
  rows: powerOfTwo.describe('rows in this type'),
  columns: positive.describe('columns in this type'),
});
const scalarMode = z.strictObject({
  rows: positive.describe('rows in this type'),
  columns: positive.describe('columns in this type'),
});

const operands = z
  .strictObject({
    inputBytesPerCycle: positive.describe('of the port to NRAM'),
    weightBytesPerCycle: positive.describe('of the port to WRAM'),
  })
  .describe('widths over which operands come in; absent: they never limit');

const dot = z.strictObject({
  kind: z.literal('dot').describe('Tn vector-MACs of Ti lanes with an adder tree each (DianNao)'),
  tn: positive.describe('filters computed at once'),
  ti: powerOfTwo.describe('lanes of each adder tree'),
  lanePacking: z.enum(['run', 'flat']).describe('whether a chunk of lanes may cross the end of a (kx, c) run'),
  accumulatorBytes: positive.describe('capacity of all accumulators'),
  pipelineCycles: count.describe('stages between operands and results, paid once for each entry'),
  operands: operands.optional(),
  types: typesOf(dotMode),
  sparsity: z
    .strictObject({
      weights: z
        .enum(['2:4', 'bitmap'])
        .describe(
          '2:4: two of each four along the reduction are kept; bitmap: any, as many for each filter of a group',
        ),
    })
    .optional()
    .describe('weights that mma.sparse leaves out take no time; absent: there is no mma.sparse'),
});

const systolic = z.strictObject({
  kind: z.literal('systolic').describe('rows × columns processing elements'),
  rows: powerOfTwo.describe('elements of the reduction held at once; pixels where outputs are stationary'),
  columns: positive.describe('filters held at once; pixels where inputs are stationary'),
  dataflow: z.enum(['weight-stationary', 'output-stationary', 'input-stationary']).describe('what stays in the array'),
  preload: z
    .enum(['exposed', 'hidden'])
    .describe('what is stationary goes in, or sums come out, between two folds, or under them'),
  lanePacking: z.enum(['run', 'flat']),
  accumulatorBytes: positive.describe('capacity of all accumulators'),
  pipelineCycles: count.describe('stages between operands and results, paid once for each entry'),
  operands: operands.optional(),
  types: typesOf(arrayMode),
  sparsity: z
    .strictObject({ weights: z.literal('2:4').describe('two of each four along the reduction are kept') })
    .optional()
    .describe('weights that mma.sparse leaves out take no time; absent: there is no mma.sparse'),
});

const scalar = z.strictObject({
  kind: z
    .literal('scalar')
    .describe('rows × columns scalar MACs, a pixel each, that hand inputs to their neighbours (ShiDianNao)'),
  rows: positive.describe('pixels in y; with the columns, filters of a single pixel'),
  columns: positive.describe('pixels in x'),
  accumulatorBytes: positive.describe('capacity of all accumulators'),
  pipelineCycles: count.describe('stages between operands and results, paid once for each entry'),
  operands: operands.optional(),
  types: typesOf(scalarMode),
});

const vectorType = z.strictObject({ lanes: powerOfTwo.describe('for elements of this type') });

const winograd = z
  .strictObject({
    lanes: positive.describe('channels transformed side by side'),
    tileCycles: z
      .strictObject({
        f2: positive.optional().describe('of F(2×2, 3×3); absent: the unit has none'),
        f4: positive.optional().describe('of F(4×4, 3×3); absent: the unit has none'),
      })
      .describe('cycles that the lanes are busy with a tile, whichever transform'),
    pipelineCycles: count.describe('stages between operands and results, paid once for each entry'),
  })
  .describe('Winograd transform unit; absent: there is none');

const cluster = z
  .strictObject({
    cores: positive.describe('cores that share a SharedRAM'),
    count: positive.optional().describe('clusters of the chip, all before one DRAM; absent: 1'),
    sharedRam: z.strictObject({
      bytes: positive.describe('capacity, of each cluster'),
      link: rate.describe('between SharedRAM and one core'),
      ports: z
        .enum(['private', 'one'])
        .describe('a link for each core, or one port that all cores of the cluster take in turn'),
    }),
    remoteSignalLatency: count
      .optional()
      .describe("cycles from the pop of a 'signal.to' to its being visible in the other core; absent: signalLatency"),
    barrierLatency: count
      .optional()
      .describe('cycles from the arrival of the last core at a barrier to their going on; absent: signalLatency'),
  })
  .describe('absent: one core, no SharedRAM');

const figure = z.number().nonnegative();
/** Of one byte. */
const access = z.strictObject({ read: figure.describe('of a byte read'), write: figure.describe('of a byte written') });

const energy = z
  .strictObject({
    technologyNanometres: z.number().positive().describe('node that the figures are of'),
    mac: figure.describe('of a multiply-accumulate in f32'),
    macByType: z
      .strictObject({
        f16: figure.optional(),
        bf16: figure.optional(),
        i8: figure.optional(),
        i16: figure.optional(),
      })
      .optional()
      .describe('of a multiply-accumulate in the other types of the matrix unit, a figure for each'),
    vector: z
      .strictObject({ simple: figure, divide: figure, transcendental: figure })
      .describe('of any other operation on one element, by the classes of vector.cycles'),
    nram: access.describe('of NRAM'),
    wram: access.describe('of WRAM'),
    accumulators: access.describe('of the accumulators'),
    sharedRam: access.optional().describe('needed where there is a cluster'),
    dram: access.describe('of a byte on the channel, whole bursts'),
    winograd: figure
      .optional()
      .describe('of an addition or multiplication of the transform unit; needed where there is one'),
    instruction: figure.describe('of an instruction of control'),
    staticWatts: figure.optional().describe('watts that the machine takes at any time'),
  })
  .describe('picojoules: of an operation, of a byte read or written, of an instruction; absent: no energy is reported');

const area = z
  .strictObject({
    technologyNanometres: z.number().positive().describe('node that the figures are of'),
    matrix: figure.optional(),
    vector: figure.optional(),
    winograd: figure.optional(),
    nram: figure.optional(),
    wram: figure.optional(),
    accumulators: figure.optional(),
    sharedRam: figure.optional(),
    dma: figure.optional(),
    control: figure.optional(),
    other: figure.optional(),
  })
  .describe('square millimetres by unit, of one core but for the SharedRAM; units without a figure are left out');

const pipeline = z
  .strictObject({
    aluCycles: count.describe('results of addition, logic, shifts, comparison, li and links of calls'),
    multiplyCycles: count.describe('results of mul, muli, mad'),
    loadCycles: count.describe('words of the scalar memory'),
    configCycles: count.describe('records and parameters that cfg wrote, at dispatch'),
  })
  .describe(
    'cycles from the begin of an instruction to that of the first that can use its result; absent: every result serves the next instruction',
  );

const fetch = z
  .strictObject({
    wordsPerCycle: positive.describe('words that the instruction memory gives at once, an aligned group'),
    bufferWords: positive.describe('words that stand ready or are on their way; at least wordsPerCycle'),
    latencyCycles: count.describe('from asking for a group to its being there'),
    loopWords: count.describe('last words that are kept, so that what leads back into them fetches nothing'),
  })
  .describe('absent: the word of every instruction is there when control comes to it');

const scoreboard = z
  .strictObject({
    order: z
      .enum(['in-order', 'out-of-order'])
      .describe('whether a unit takes the head of its queue only, or the oldest entry that is ready'),
    versions: positive.describe('of one range of NRAM, WRAM or accumulators that may be live at once; 1: no renaming'),
    entries: positive.describe('entries between dispatch and end that it watches; control waits while it is full'),
  })
  .describe('orders conflicting queue entries as they were dispatched; absent: semaphores and sync alone order them');

/** Physical queues, in the order in which their units act within a cycle. */
const QUEUE_NAMES = ['dma', 'load', 'store', 'link', 'matrix', 'vector', 'winograd'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

const queueDepths = z
  .strictObject({
    dma: positive.optional().describe('where loads and stores share one queue'),
    load: positive.optional(),
    store: positive.optional(),
    link: positive.optional().describe('where there is a cluster'),
    matrix: positive.optional(),
    vector: positive.optional(),
    winograd: positive.optional().describe('where there is a transform unit'),
  } satisfies Record<QueueName, unknown>)
  .describe('entries of single queues; queueDepth for all others');

export const machineSchema = z.strictObject({
  name: z.string().min(1).describe('by which the machine is called'),
  description: z.string().describe('for people, one line'),
  sources: z.array(z.string()).describe('where the figures come from'),
  realizable: z
    .boolean()
    .describe(
      'false: ideal machine of the textbook, no circuit could be built that way; true: durations and widths are judged',
    ),
  frequency: z.number().positive().describe('Hz'),
  control: z.strictObject({
    cyclesPerInstruction: count.describe('cycles of an instruction, from its begin to that of the next'),
    branchPenalty: count.describe('cycles more of a taken branch, jump, call or return'),
    queueCycles: count.describe('cycles a wait or signal takes in its queue'),
    signalLatency: count.describe('cycles from the pop of a signal to its being visible to the wait'),
    queueDepth: positive.describe('entries that wait in a queue, the executing one not counted'),
    queueDepths: queueDepths.optional(),
    semaphores: z.int().min(16).max(32).optional().describe('counting semaphores of a core; absent: 16'),
    scalarMemoryBytes: positive.describe('capacity of the memory of lw and sw'),
    instructionWords: positive.describe('capacity of the instruction memory in 64-bit words'),
    scoreboard: scoreboard.optional(),
    pipeline: pipeline.optional(),
    fetch: fetch.optional(),
  }),
  matrix: z.discriminatedUnion('kind', [dot, systolic, scalar]),
  vector: z.strictObject({
    lanes: powerOfTwo.describe('elements of f32 that are computed side by side'),
    pipelineCycles: count.describe('stages between operands and results, paid once for each entry'),
    cycles: z
      .strictObject({
        simple: positive.describe(
          'mov (conversions too) add sub mul max min leaky abs neg comparisons select unless round floor ceil trunc dequant and or xor not shl shr',
        ),
        divide: positive.describe('div recip sqrt rsqrt quant'),
        transcendental: positive.describe('exp log sigmoid tanh erf softplus'),
      })
      .describe('cycles a group of lanes is busy, by class of function'),
    types: z
      .strictObject({
        f16: vectorType.optional(),
        bf16: vectorType.optional(),
        i8: vectorType.optional(),
        u8: vectorType.optional(),
        i16: vectorType.optional(),
        i32: vectorType.optional(),
      })
      .describe(
        'element types beside f32 that the unit computes, with the lanes it has for each; an instruction whose operands and result differ has the fewer lanes of the two; absent: f32 only',
      )
      .optional(),
  }),
  winograd: winograd.optional(),
  nram: scratchpad.describe('neurons: operands and results of matrix and vector unit'),
  wram: scratchpad.describe('weights and biases: second operand of the matrix unit'),
  cluster: cluster.optional(),
  dma: z.strictObject({
    queues: z.union([z.literal(1), z.literal(2)]).describe('1: loads and stores share one queue'),
    setupCycles: count.describe('from being popped to asking for DRAM or link'),
    burstBytes: positive.describe('each contiguous segment moves whole bursts; 1: plain bytes'),
    scratchpadBytesPerCycle: positive.describe('port of a scratchpad to a DMA engine'),
    decompressor: z
      .strictObject({
        elementsPerCycle: positive.describe('elements written a cycle, zeros included'),
        pipelineCycles: count.describe('stages between operands and results, paid once for each entry'),
      })
      .optional()
      .describe('of compressed streams on the way in; absent: there is no load.sparse'),
  }),
  dram: z.strictObject({
    bytes: positive.describe('capacity'),
    bandwidth: rate.describe('of the DMA engines and DRAM; with banks, no more than they give'),
    latencyCycles: count.describe('behind the channel; with banks, of what lies between them and the DMA engines'),
    banked: banked.optional(),
  }),
  host: z.strictObject({
    latencyCycles: count.describe('of one call'),
    link: rate.describe('between host and DRAM, for the tensors of a call'),
    macsPerCycle: z.number().positive().describe('multiply-accumulates of the host, in cycles of the processor'),
    elementsPerCycle: z.number().positive().describe('for everything that is not a MAC'),
  }),
  energy: energy.optional(),
  area: area.optional(),
});

export type Machine = z.infer<typeof machineSchema>;

/** Clusters side by side. */
export const clustersOf = (machine: Machine): number => machine.cluster?.count ?? 1;
/** Cores of a cluster. */
export const coresPerCluster = (machine: Machine): number => machine.cluster?.cores ?? 1;
/** Counting semaphores of a core. */
export const semaphoresOf = ({ control }: Machine): number => control.semaphores ?? 16;
/** Cores that work side by side. */
export const coresOf = (machine: Machine): number => clustersOf(machine) * coresPerCluster(machine);
/** Element types that the vector unit computes. */
export const vectorTypes = ({ types }: Machine['vector']): readonly string[] => [
  'f32',
  ...(types === undefined ? [] : (Object.keys(types) as VectorType[]).filter((type) => types[type] !== undefined)),
];
type VectorType = keyof NonNullable<Machine['vector']['types']>;
/** Lanes of the vector unit for elements of a type; undefined where it does not compute them. */
export const vectorLanes = ({ lanes, types }: Machine['vector'], type: string): number | undefined =>
  type === 'f32' ? lanes : types?.[type as VectorType]?.lanes;

/** The queues of a core. */
export function queuesOf({ dma, cluster, winograd }: Machine): readonly QueueName[] {
  return [
    ...(dma.queues === 1 ? (['dma'] as const) : (['load', 'store'] as const)),
    ...(cluster === undefined ? [] : (['link'] as const)),
    'matrix',
    'vector',
    ...(winograd === undefined ? [] : (['winograd'] as const)),
  ];
}
