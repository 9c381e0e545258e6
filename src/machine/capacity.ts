/**
 * What a machine must be able to do beyond having well-formed figures: run the smallest network at all.
 * - NRAM holds one chunk of Ti neurons with one group of Tn results; three operands of one group of vector lanes of any type; and, since tiles
 *   lie in 64-byte lines and two buffers in turn, two lines for each of three operands.
 * - WRAM holds Ti × Tn weights with Tn biases, and two lines. The accumulators hold one entry of Tn.
 * - DRAM holds an input, weights and an output, a line each. Instruction memory holds the code of one tiled layer.
 * Elements are of 32 bits, but for those types of the vector unit that say otherwise; for each further type of the matrix unit the memories hold a chunk and a group of that type as well, and
 * accumulators of its width. What says `realizable` must also be no faster, wider or larger than a circuit could be (`limits`).
 */
import type { Place, SystoleError } from '#base';
import type { Path } from './describe.ts';
import { bankedErrors } from './dramCheck.ts';
import {
  type Both,
  beyondAddresses,
  beyondCircuits,
  missingKey,
  noSuchQueue,
  noTiles,
  noTypeEnergy,
  notRealizable,
  noWholeWords,
  oneCoreScoreboard,
  strayTypeEnergy,
  tooFewWords,
  tooSmall,
} from './errors.ts';
import {
  accumulatorWidth,
  entryBytes,
  filtersOf,
  lanesOf,
  MATRIX_MODES,
  type MatrixMode,
  macsPerCycle,
  modesOf,
  unitFor,
} from './matrix.ts';
import { padErrors } from './padCheck.ts';
import { coresOf, type Machine, queuesOf } from './schema.ts';

/** Largest memory of whole 4 KiB pages whose end is still a 32-bit address. */
export const MEMORY_MAX = 2 ** 32 - 4096;

/** Tiles and tensors start at multiples of this. */
const LINE = 64;
/** Code of one layer, whatever its tiles; compiled layers take up to about 170 words. */
const LAYER_WORDS = 256;

/**
 * Largest figures of one core that are still taken for a circuit. Choices with room above what has been built: the largest
 * array of a chip is TPU v1's 256 × 256 (Jouppi et al., ISCA 2017, section 2), here four times as many on a side and in all.
 */
const SIDE_MAX = 1024;
const MACS_MAX = 2 ** 18;
/** Of a port or link, a cycle: 131 072 wires; at 1 GHz 16 TB/s, more than a package of HBM gives. */
const WIDTH_MAX = 16_384;
/** Their operand of 4 bytes each is as wide as the widest port. */
const LANES_MAX = WIDTH_MAX / 4;
const CORES_MAX = 64;
/** Every entry is compared with every other, byte range by byte range: a choice with room. */
const ENTRIES_MAX = 256;
/** Whole copies of a scratchpad. */
const VERSIONS_MAX = 16;

/** What is limited, and why. */
interface Kind {
  readonly most: number;
  readonly unit: Both;
  readonly why: Both;
}

const FAR: Both = {
  en: 'operands and clock could not reach more in one cycle',
  zh: '操作数与时钟在一个周期内无法到达更多单元',
};
const WIRES: Both = { en: 'more wires could not be laid', zh: '更多的连线无法布线' };
const SIDE: Kind = { most: SIDE_MAX, unit: { en: 'elements on a side', zh: '个单元（一边）' }, why: FAR };
const MACS: Kind = { most: MACS_MAX, unit: { en: 'multiply-accumulates a cycle', zh: '次乘加每周期' }, why: FAR };
const WIDTH: Kind = { most: WIDTH_MAX, unit: { en: 'bytes a cycle', zh: '字节每周期' }, why: WIRES };
const LANES: Kind = { most: LANES_MAX, unit: { en: 'lanes', zh: '个通道' }, why: WIRES };
const TILE_LANES: Kind = {
  most: LANES_MAX,
  unit: { en: 'words of tiles a cycle', zh: '个变换块的字每周期' },
  why: WIRES,
};
/** Of a transformed tile. */
const TILE_WORDS = { f2: 16, f4: 36 } as const;
const CLUSTERS: Kind = { most: CORES_MAX, unit: { en: 'clusters', zh: '个簇' }, why: WIRES };
const COMPARED: Both = {
  en: 'each is compared with all others in one cycle',
  zh: '每一项须在一个周期内与其余各项比较',
};
const ENTRIES: Kind = { most: ENTRIES_MAX, unit: { en: 'entries', zh: '项' }, why: COMPARED };
const VERSIONS: Kind = {
  most: VERSIONS_MAX,
  unit: { en: 'versions', zh: '个版本' },
  why: { en: 'each takes a copy of the scratchpads', zh: '每个版本都占用一份片上存储' },
};
const CORES: Kind = { most: CORES_MAX, unit: { en: 'cores', zh: '个核' }, why: WIRES };

/** Where the geometry of a mode stands. */
const modePath = (mode: MatrixMode): Path => (mode === 'f32' ? ['matrix'] : ['matrix', 'types', mode]);

/** Bytes of an element of the types that `vector.types` names. */
const TYPE_BYTES = { f16: 2, bf16: 2, i8: 1, u8: 1, i16: 2, i32: 4 } as const;

/** Lanes of each type that the machine names beside f32. */
const typedLanes = ({ types }: Machine['vector']): readonly { type: keyof typeof TYPE_BYTES; lanes: number }[] =>
  (Object.keys(TYPE_BYTES) as (keyof typeof TYPE_BYTES)[]).flatMap((type) => {
    const lanes = types?.[type]?.lanes;
    return lanes === undefined ? [] : [{ type, lanes }];
  });

type Limited = readonly [path: Path, found: number, kind: Kind];

function limits(machine: Machine): readonly Limited[] {
  const { control, matrix, vector, winograd, nram, wram, dma, dram, host, cluster } = machine;
  const rate = ({ bytes, cycles }: Machine['host']['link']): number => bytes / cycles;
  const sides = modesOf(matrix).flatMap((mode): Limited[] => {
    const unit = unitFor(matrix, mode);
    const at = modePath(mode);
    const [a, b] = unit.kind === 'dot' ? ([unit.tn, unit.ti] as const) : ([unit.rows, unit.columns] as const);
    const [first, second] = unit.kind === 'dot' ? (['tn', 'ti'] as const) : (['rows', 'columns'] as const);
    return [
      [[...at, first], a, SIDE],
      [[...at, second], b, SIDE],
      [at, macsPerCycle(unit), MACS],
    ];
  });
  const all: Limited[] = [
    ...sides,
    [['vector', 'lanes'], vector.lanes, LANES],
    ...typedLanes(vector).map(
      ({ type, lanes }): Limited => [
        ['vector', 'types', type, 'lanes'],
        lanes,
        { ...LANES, most: WIDTH_MAX / TYPE_BYTES[type] },
      ],
    ),
    [['dma', 'scratchpadBytesPerCycle'], dma.scratchpadBytesPerCycle, WIDTH],
    [['dram', 'bandwidth'], rate(dram.bandwidth), WIDTH],
    [['host', 'link'], rate(host.link), WIDTH],
    ...(control.scoreboard === undefined
      ? []
      : ([
          [['control', 'scoreboard', 'entries'], control.scoreboard.entries, ENTRIES],
          [['control', 'scoreboard', 'versions'], control.scoreboard.versions, VERSIONS],
        ] as const)),
    [['matrix', 'operands', 'inputBytesPerCycle'], matrix.operands?.inputBytesPerCycle ?? 0, WIDTH],
    [['matrix', 'operands', 'weightBytesPerCycle'], matrix.operands?.weightBytesPerCycle ?? 0, WIDTH],
    [['nram', 'ways'], 4 * (nram.ways ?? 0), WIDTH],
    [['wram', 'ways'], 4 * (wram.ways ?? 0), WIDTH],
    ...(control.fetch === undefined
      ? []
      : [[['control', 'fetch', 'wordsPerCycle'], 8 * control.fetch.wordsPerCycle, WIDTH] as const]),
  ];
  if (dma.decompressor !== undefined) {
    all.push([['dma', 'decompressor', 'elementsPerCycle'], dma.decompressor.elementsPerCycle, LANES]);
  }
  if (winograd !== undefined) {
    for (const tile of ['f2', 'f4'] as const) {
      const cycles = winograd.tileCycles[tile];
      // A lane reads and writes its tile within those cycles.
      const words = cycles === undefined ? 0 : winograd.lanes * Math.ceil(TILE_WORDS[tile] / cycles);
      all.push([['winograd', 'lanes'], words, TILE_LANES]);
    }
  }
  if (cluster === undefined) return all;
  return [
    ...all,
    [['cluster', 'cores'], cluster.cores, CORES],
    [['cluster', 'count'], cluster.count ?? 1, CLUSTERS],
    [['cluster', 'sharedRam', 'link'], rate(cluster.sharedRam.link), WIDTH],
  ];
}

/** What takes at least a cycle in a circuit. An array's fill is counted apart from its pipeline, an adder tree's is its pipeline. */
function durations(m: Machine): readonly (readonly [Path, number])[] {
  return [
    [['control', 'cyclesPerInstruction'], m.control.cyclesPerInstruction],
    [['control', 'queueCycles'], m.control.queueCycles],
    [['control', 'signalLatency'], m.control.signalLatency],
    ...given(['cluster', 'remoteSignalLatency'], m.cluster?.remoteSignalLatency),
    ...given(['cluster', 'barrierLatency'], m.cluster?.barrierLatency),
    ...frontEndDurations(m.control),
    ...(m.matrix.kind === 'dot' ? [[['matrix', 'pipelineCycles'], m.matrix.pipelineCycles] as const] : []),
    [['vector', 'pipelineCycles'], m.vector.pipelineCycles],
    ...(m.winograd === undefined ? [] : [[['winograd', 'pipelineCycles'], m.winograd.pipelineCycles] as const]),
    ...(m.dma.decompressor === undefined
      ? []
      : [[['dma', 'decompressor', 'pipelineCycles'], m.dma.decompressor.pipelineCycles] as const]),
    [['dram', 'latencyCycles'], m.dram.latencyCycles],
    [['host', 'latencyCycles'], m.host.latencyCycles],
  ];
}

function frontEndDurations({ pipeline, fetch }: Machine['control']): readonly (readonly [Path, number])[] {
  const latencies = Object.entries(pipeline ?? {}).map(([key, n]) => [['control', 'pipeline', key], n] as const);
  return fetch === undefined ? latencies : [...latencies, [['control', 'fetch', 'latencyCycles'], fetch.latencyCycles]];
}
/** A duration that a machine may leave out. */
const given = (path: Path, cycles: number | undefined): readonly (readonly [Path, number])[] =>
  cycles === undefined ? [] : [[path, cycles]];

interface Need {
  readonly least: number;
  readonly holds: Both;
}

interface Memory extends Need {
  readonly path: Path;
  readonly found: number;
  readonly unit: 'bytes' | 'words';
}

const most = (needs: readonly Need[]): Need => needs.reduce((a, b) => (b.least > a.least ? b : a));

/** Bytes of an operand. */
const OPERAND: Readonly<Record<MatrixMode, number>> = { f32: 4, f16: 2, bf16: 2, i8: 1, i16: 2 };

/** What a chunk and a group of each type need of NRAM, WRAM and accumulators. */
function matrixNeeds({ matrix }: Machine): Readonly<Record<'nram' | 'wram' | 'accumulators', readonly Need[]>> {
  const needs = modesOf(matrix).map((mode) => {
    const ti = lanesOf(matrix, mode);
    const tn = filtersOf(matrix, mode);
    const bytes = OPERAND[mode];
    const of = mode === 'f32' ? { en: '', zh: '' } : { en: ` of ${mode}`, zh: `（${mode}）` };
    return {
      nram: {
        least: Math.ceil((bytes * ti) / 4) * 4 + accumulatorWidth(mode) * tn,
        holds: { en: `${ti} neurons and ${tn} results${of.en}`, zh: `${ti} 个神经元与 ${tn} 个结果${of.zh}` },
      },
      wram: {
        least: Math.ceil((bytes * ti * tn) / 4) * 4 + 4 * tn,
        holds: {
          en: `${ti} × ${tn} weights and ${tn} biases${of.en}`,
          zh: `${ti} × ${tn} 个权重与 ${tn} 个偏置${of.zh}`,
        },
      },
      accumulators: {
        least: entryBytes(matrix, mode),
        holds: { en: `one entry of ${tn} accumulators${of.en}`, zh: `一组 ${tn} 个累加器${of.zh}` },
      },
    };
  });
  return {
    nram: needs.map((n) => n.nram),
    wram: needs.map((n) => n.wram),
    accumulators: needs.map((n) => n.accumulators),
  };
}

function memories(m: Machine): readonly Memory[] {
  const { lanes } = m.vector;
  const needs = matrixNeeds(m);
  const unit = 'bytes';
  return [
    {
      path: ['nram', 'bytes'],
      found: m.nram.bytes,
      unit,
      ...most([
        ...needs.nram,
        { least: 12 * lanes, holds: { en: `three operands of ${lanes} lanes`, zh: `${lanes} 个通道的三个操作数` } },
        ...typedLanes(m.vector).map((typed) => ({
          least: 3 * TYPE_BYTES[typed.type] * typed.lanes,
          holds: {
            en: `three operands of ${typed.lanes} lanes of ${typed.type}`,
            zh: `${typed.lanes} 个 ${typed.type} 通道的三个操作数`,
          },
        })),
        {
          least: 6 * LINE,
          holds: {
            en: `two ${LINE}-byte lines for each of three operands`,
            zh: `三个操作数各两行（每行 ${LINE} 字节）`,
          },
        },
      ]),
    },
    {
      path: ['wram', 'bytes'],
      found: m.wram.bytes,
      unit,
      ...most([
        ...needs.wram,
        { least: 2 * LINE, holds: { en: `two ${LINE}-byte lines of weights`, zh: `两行权重（每行 ${LINE} 字节）` } },
      ]),
    },
    {
      path: ['matrix', 'accumulatorBytes'],
      found: m.matrix.accumulatorBytes,
      unit,
      ...most(needs.accumulators),
    },
    {
      path: ['control', 'scalarMemoryBytes'],
      found: m.control.scalarMemoryBytes,
      unit,
      least: 4,
      holds: { en: 'one word', zh: '一个字' },
    },
    {
      path: ['dram', 'bytes'],
      found: m.dram.bytes,
      unit,
      least: 3 * LINE,
      holds: {
        en: `an input, weights and an output, a ${LINE}-byte line each`,
        zh: `输入、权重与输出各一行（每行 ${LINE} 字节）`,
      },
    },
    {
      path: ['control', 'instructionWords'],
      found: m.control.instructionWords,
      unit: 'words',
      least: LAYER_WORDS,
      holds: { en: 'the code of one layer', zh: '一层的代码' },
    },
    ...(m.cluster === undefined
      ? []
      : [
          {
            path: ['cluster', 'sharedRam', 'bytes'],
            found: m.cluster.sharedRam.bytes,
            unit: 'bytes' as const,
            least: 4,
            holds: { en: 'one word', zh: '一个字' },
          },
        ]),
  ];
}

/** Everything that is wrong with a well-formed machine. `place` finds the value at a path. */
export function capacityErrors(m: Machine, place: (path: Path) => Place): SystoleError[] {
  const errors: SystoleError[] = [];
  for (const { path, found, unit, least, holds } of memories(m)) {
    const key = path.join('.');
    if (found < least) errors.push(tooSmall({ key, found, unit, least, holds }, place(path)));
    else if (unit === 'words') continue;
    else if (found > MEMORY_MAX) errors.push(beyondAddresses({ key, found, most: MEMORY_MAX }, place(path)));
    else if (found % 4 !== 0) errors.push(noWholeWords({ key, found, write: found - (found % 4) }, place(path)));
  }
  if (m.cluster !== undefined && m.energy !== undefined && m.energy.sharedRam === undefined) {
    const expected = { en: 'an object with read, write', zh: '含 read、write 的对象' };
    errors.push(missingKey({ key: 'energy.sharedRam', expected, doc: '' }, place(['energy', 'sharedRam'])));
  }
  const { fetch, scoreboard } = m.control;
  if (scoreboard !== undefined && coresOf(m) > 1) {
    errors.push(oneCoreScoreboard({ cores: coresOf(m) }, place(['control', 'scoreboard'])));
  }
  if (fetch !== undefined && fetch.bufferWords < fetch.wordsPerCycle) {
    const path = ['control', 'fetch', 'bufferWords'];
    errors.push(tooFewWords({ found: fetch.bufferWords, least: fetch.wordsPerCycle }, place(path)));
  }
  const queues: readonly string[] = queuesOf(m);
  for (const queue of Object.keys(m.control.queueDepths ?? {})) {
    if (!queues.includes(queue)) errors.push(noSuchQueue({ queue, queues }, place(['control', 'queueDepths', queue])));
  }
  if (m.winograd !== undefined && m.energy !== undefined && m.energy.winograd === undefined) {
    const expected = { en: 'a number of picojoules, at least 0', zh: '不小于 0 的数（皮焦）' };
    errors.push(missingKey({ key: 'energy.winograd', expected, doc: '' }, place(['energy', 'winograd'])));
  }
  const tiles = m.winograd?.tileCycles;
  if (tiles !== undefined && tiles.f2 === undefined && tiles.f4 === undefined) {
    errors.push(noTiles({}, place(['winograd', 'tileCycles'])));
  }
  errors.push(...energyErrors(m, place));
  errors.push(...bankedErrors(m, place));
  errors.push(...padErrors(m, place));
  if (m.realizable) {
    for (const [path, cycles] of durations(m)) {
      if (cycles === 0) errors.push(notRealizable({ key: path.join('.') }, place(path)));
    }
    for (const [path, found, kind] of limits(m)) {
      if (found > kind.most) errors.push(beyondCircuits({ key: path.join('.'), found, ...kind }, place(path)));
    }
  }
  return errors;
}

/** Every type that the matrix unit computes has its energy, and no other. */
function energyErrors({ matrix, energy }: Machine, place: (path: Path) => Place): SystoleError[] {
  if (energy === undefined) return [];
  const computed = modesOf(matrix);
  const found = energy.macByType;
  const errors: SystoleError[] = [];
  for (const type of MATRIX_MODES) {
    const has = found?.[type] !== undefined;
    if (computed.includes(type) === has) continue;
    const path = found === undefined ? ['energy', 'mac'] : ['energy', 'macByType', type];
    errors.push((has ? strayTypeEnergy : noTypeEnergy)({ type }, place(path)));
  }
  return errors;
}
