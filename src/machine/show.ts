/** A machine for people (`machine show`) and for editors (JSON Schema). */
import * as z from 'zod';
import type { Language } from '#base';
import { deviceOf } from './dramDevice.ts';
import {
  accumulatorEntries,
  filtersOf,
  lanesOf,
  type MatrixMode,
  macsPerCycle,
  modesOf,
  packingOf,
  unitFor,
} from './matrix.ts';
import { type Machine, machineSchema, vectorLanes, vectorTypes } from './schema.ts';
import { dramRows } from './showDram.ts';

/** JSON Schema (draft 2020-12) of machine files, for editors that complete and check. */
export function machineJsonSchema(): object {
  return { ...z.toJSONSchema(machineSchema), title: 'Systole machine' };
}

/** `131072 (128 KiB)`. */
function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= size) return `${bytes} B (${Number((bytes / size).toFixed(2))} ${unit})`;
  }
  return `${bytes} B`;
}

/** `1.024 T` of a number. */
function scaled(value: number): string {
  for (const [unit, size] of [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
  ] as const) {
    if (value >= size) return `${Number((value / size).toPrecision(4))} ${unit}`;
  }
  return String(Number(value.toPrecision(4)));
}

const cycles = (n: number): string => `${n} cycle${n === 1 ? '' : 's'}`;

type Row = readonly [en: string, zh: string, value: string, zhValue?: string];

type Section = readonly [en: string, zh: string, rows: readonly Row[]];
type Rate = Machine['dram']['bandwidth'];

const clusterRows = (
  { cores, count = 1, sharedRam, remoteSignalLatency, barrierLatency }: NonNullable<Machine['cluster']>,
  rate: (r: Rate) => string,
): Section => [
  'Cluster',
  '簇',
  [
    ...(count === 1 ? [] : [['clusters', '簇数', String(count)] as const]),
    ['cores', '核', String(cores)],
    ['SharedRAM', 'SharedRAM', bytesText(sharedRam.bytes)],
    [
      'links',
      '链路',
      ...(sharedRam.ports === 'private'
        ? ([`${cores} × ${rate(sharedRam.link)}`] as const)
        : ([`one port, ${rate(sharedRam.link)}`, `单端口，${rate(sharedRam.link)}`] as const)),
    ],
    ...(remoteSignalLatency === undefined
      ? []
      : [
          [
            'signal to another core',
            '核间信号',
            `visible after ${remoteSignalLatency}`,
            `${remoteSignalLatency} 周期后可见`,
          ] as const,
        ]),
    ...(barrierLatency === undefined ? [] : [['barrier', '栅障', cycles(barrierLatency)] as const]),
  ],
];

const winogradRows = ({ lanes, tileCycles, pipelineCycles }: NonNullable<Machine['winograd']>): Section => [
  'Winograd unit',
  'Winograd 单元',
  [
    ['lanes', '通道', String(lanes)],
    ...(tileCycles.f2 === undefined ? [] : [['F(2×2, 3×3)', 'F(2×2, 3×3)', cycles(tileCycles.f2)] as const]),
    ...(tileCycles.f4 === undefined ? [] : [['F(4×4, 3×3)', 'F(4×4, 3×3)', cycles(tileCycles.f4)] as const]),
    ['pipeline', '流水线', cycles(pipelineCycles)],
  ],
];

function energyRows(energy: NonNullable<Machine['energy']>): Section {
  const { mac, vector, sharedRam, staticWatts } = energy;
  const access = ({ read, write }: { readonly read: number; readonly write: number }): string =>
    `${read} / ${write} pJ/B`;
  return [
    `Energy (${energy.technologyNanometres} nm)`,
    `能量（${energy.technologyNanometres} nm）`,
    [
      ['multiply-accumulate', '乘加', `${mac} pJ`],
      ...Object.entries(energy.macByType ?? {}).map(([type, of]): Row => [`– ${type}`, `– ${type}`, `${of} pJ`]),
      [
        'simple / divide / transcendental',
        '简单 / 除法 / 超越函数',
        `${vector.simple} / ${vector.divide} / ${vector.transcendental} pJ`,
      ],
      ['NRAM read / write', 'NRAM 读 / 写', access(energy.nram)],
      ['WRAM read / write', 'WRAM 读 / 写', access(energy.wram)],
      ['accumulators read / write', '累加器读 / 写', access(energy.accumulators)],
      ...(sharedRam === undefined ? [] : [['SharedRAM read / write', 'SharedRAM 读 / 写', access(sharedRam)] as const]),
      ['DRAM read / write', 'DRAM 读 / 写', access(energy.dram)],
      ...(energy.winograd === undefined
        ? []
        : [['Winograd operation', 'Winograd 运算', `${energy.winograd} pJ`] as const]),
      ['instruction', '每条指令', `${energy.instruction} pJ`],
      ...(staticWatts === undefined ? [] : [['static', '静态', `${staticWatts} W`] as const]),
    ],
  ];
}

const AREAS = {
  matrix: ['matrix unit', '矩阵单元'],
  vector: ['vector unit', '向量单元'],
  winograd: ['Winograd unit', 'Winograd 单元'],
  nram: ['NRAM', 'NRAM'],
  wram: ['WRAM', 'WRAM'],
  accumulators: ['accumulators', '累加器'],
  sharedRam: ['SharedRAM', 'SharedRAM'],
  dma: ['DMA', 'DMA'],
  control: ['control', '控制'],
  other: ['other', '其他'],
} as const;

function areaRows(area: NonNullable<Machine['area']>): Section {
  const known = (Object.keys(AREAS) as (keyof typeof AREAS)[]).filter((unit) => area[unit] !== undefined);
  const total = known.reduce((sum, unit) => sum + area[unit]!, 0);
  const text = (square: number): string => `${Number(square.toFixed(3))} mm²`;
  return [
    `Area (${area.technologyNanometres} nm)`,
    `面积（${area.technologyNanometres} nm）`,
    [...known.map((unit): Row => [...AREAS[unit], text(area[unit]!)]), ['total', '合计', text(total)]],
  ];
}

/** `4`, or `4, matrix 8`. */
const queueDepthText = ({ control }: Machine): string =>
  [control.queueDepth, ...Object.entries(control.queueDepths ?? {}).map(([queue, depth]) => `${queue} ${depth}`)].join(
    ', ',
  );

function frontEndRows({ scoreboard, pipeline, fetch }: Machine['control']): readonly Row[] {
  const rows: Row[] = [];
  if (scoreboard !== undefined) {
    const { order, versions, entries } = scoreboard;
    rows.push([
      'scoreboard',
      '记分板',
      `${order}, ${entries} entries, ${versions === 1 ? 'no renaming' : `${versions} versions of a range`}`,
      `${order === 'in-order' ? '顺序' : '乱序'}（${order}），${entries} 项，${versions === 1 ? '不重命名' : `每个区间 ${versions} 个版本`}`,
    ]);
  }
  if (pipeline !== undefined) {
    const { aluCycles, multiplyCycles, loadCycles, configCycles } = pipeline;
    const values = `${aluCycles} / ${multiplyCycles} / ${loadCycles} / ${configCycles} cycles`;
    rows.push(['result of alu / multiply / load / cfg', '结果延迟：算术 / 乘法 / 加载 / 配置', values]);
  }
  if (fetch !== undefined) {
    const { wordsPerCycle, bufferWords, latencyCycles, loopWords } = fetch;
    rows.push([
      'instruction fetch',
      '取指',
      `${wordsPerCycle} words/cycle, latency ${cycles(latencyCycles)}, buffer ${bufferWords} words, loop buffer ${loopWords} words`,
      `${wordsPerCycle} 字/周期，延迟 ${latencyCycles} 周期，缓冲 ${bufferWords} 字，循环缓冲 ${loopWords} 字`,
    ]);
  }
  return rows;
}

/** Geometry and accumulators of the matrix unit for a type beside f32. */
function modeRow(matrix: Machine['matrix'], mode: MatrixMode): Row {
  const unit = unitFor(matrix, mode);
  const [a, b] = unit.kind === 'dot' ? [unit.tn, unit.ti] : [unit.rows, unit.columns];
  const name = mode === 'i8' ? 'i8, u8' : mode;
  const entries = `${accumulatorEntries(matrix, mode)} × ${filtersOf(matrix, mode)}`;
  const peak = `${a} × ${b}, ${macsPerCycle(matrix, mode)} MAC/cycle`;
  return [name, name, `${peak}, accumulators ${entries}`, `${peak}, 累加器 ${entries}`];
}

function operandRows({ operands }: Machine['matrix']): readonly Row[] {
  if (operands === undefined) return [];
  const { inputBytesPerCycle, weightBytesPerCycle } = operands;
  return [['inputs / weights', '输入 / 权重端口', `${inputBytesPerCycle} / ${weightBytesPerCycle} B/cycle`]];
}

/** Bytes of a scratchpad, and how it is divided. */
function padText({ bytes, banks, ways }: Machine['nram']): readonly [string, string] {
  const en = [bytesText(bytes)];
  const zh = [bytesText(bytes)];
  if (banks !== undefined) {
    en.push(`${banks} bank${banks === 1 ? '' : 's'}, one unit each at a time`);
    zh.push(`${banks} 个存储体，各同时服务一个单元`);
  }
  if (ways !== undefined) {
    en.push(`${ways} way${ways === 1 ? '' : 's'} of 32 bits`);
    zh.push(`${ways} 路（32 位）`);
  }
  return [en.join(', '), zh.join('，')];
}

function bankedRows({ dram: { banked } }: Machine): Section[] {
  const device = banked && deviceOf(banked);
  if (banked === undefined || device === undefined) return [];
  return [['DRAM in banks', 'DRAM 存储体', dramRows(banked, device)]];
}

function rows(m: Machine): readonly Section[] {
  const { control, vector, dma, dram, host, frequency, matrix } = m;
  const rate = (r: { readonly bytes: number; readonly cycles: number }): string =>
    `${Number((r.bytes / r.cycles).toPrecision(6))} B/cycle (${scaled((r.bytes / r.cycles) * frequency)}B/s)`;
  const yes = (v: boolean): [string, string] => (v ? ['yes', '是'] : ['no', '否']);
  const peak = macsPerCycle(matrix);
  const kind =
    matrix.kind === 'dot'
      ? `dot, ${matrix.tn} × ${matrix.ti} lanes`
      : matrix.kind === 'scalar'
        ? `scalar, ${matrix.rows} × ${matrix.columns} pixels`
        : `systolic, ${matrix.rows} × ${matrix.columns}, ${matrix.dataflow}, preload ${matrix.preload}`;
  const kindZh =
    matrix.kind === 'dot'
      ? `点积（dot），${matrix.tn} × ${matrix.ti} 通道`
      : matrix.kind === 'scalar'
        ? `标量阵列（scalar），${matrix.rows} × ${matrix.columns} 像素`
        : `脉动阵列（systolic），${matrix.rows} × ${matrix.columns}，${STATIONARY[matrix.dataflow]}（${matrix.dataflow}），预载${matrix.preload === 'hidden' ? '隐藏' : '外露'}（${matrix.preload}）`;
  const balance = peak / (dram.bandwidth.bytes / dram.bandwidth.cycles);
  return [
    [
      'Machine',
      '机器',
      [
        ['clock', '时钟', `${scaled(frequency)}Hz`],
        ['realizable', '可实现', ...yes(m.realizable)],
      ],
    ],
    [
      'Matrix unit',
      '矩阵单元',
      [
        ['kind', '类型', kind, kindZh],
        ['lane packing', '通道填充', packingOf(matrix)],
        ['peak', '峰值', `${peak} MAC/cycle (${scaled(peak * frequency)}MAC/s)`],
        ['filters × lanes', '滤波器 × 通道', `${filtersOf(matrix)} × ${lanesOf(matrix)}`],
        [
          'accumulators',
          '累加器',
          `${bytesText(matrix.accumulatorBytes)}, ${accumulatorEntries(matrix)} × ${filtersOf(matrix)}`,
        ],
        ...operandRows(matrix),
        ['pipeline', '流水线', cycles(matrix.pipelineCycles)],
        ...modesOf(matrix)
          .slice(1)
          .map((mode) => modeRow(matrix, mode)),
        ...(matrix.kind === 'scalar' || matrix.sparsity === undefined
          ? []
          : [['sparse weights', '稀疏权重', matrix.sparsity.weights] as const]),
      ],
    ],
    [
      'Vector unit',
      '向量单元',
      [
        ['lanes', '通道', `${vector.lanes} (${scaled(vector.lanes * frequency)}/s)`],
        ...(vector.types === undefined
          ? []
          : [
              [
                'lanes by type',
                '各类型通道',
                vectorTypes(vector)
                  .map((type) => `${type} ${vectorLanes(vector, type)}`)
                  .join(', '),
              ] as const,
            ]),
        [
          'simple / divide / transcendental',
          '简单 / 除法 / 超越函数',
          `${vector.cycles.simple} / ${vector.cycles.divide} / ${vector.cycles.transcendental} cycles`,
        ],
        ['pipeline', '流水线', cycles(vector.pipelineCycles)],
      ],
    ],
    ...(m.winograd === undefined ? [] : [winogradRows(m.winograd)]),
    [
      'Memories',
      '存储',
      [
        ['NRAM', 'NRAM', ...padText(m.nram)],
        ['WRAM', 'WRAM', ...padText(m.wram)],
        ['scalar memory', '标量存储', bytesText(control.scalarMemoryBytes)],
        [
          'instruction memory',
          '指令存储',
          `${control.instructionWords} words, ${bytesText(8 * control.instructionWords)}`,
        ],
        ['DRAM', 'DRAM', bytesText(dram.bytes)],
        ['DRAM bandwidth', 'DRAM 带宽', rate(dram.bandwidth)],
        ['DRAM latency', 'DRAM 延迟', cycles(dram.latencyCycles)],
        ['balance', '平衡点', `${Number(balance.toPrecision(4))} MAC/B`],
      ],
    ],
    ...bankedRows(m),
    ...(m.cluster === undefined ? [] : [clusterRows(m.cluster, rate)]),
    [
      'DMA',
      'DMA',
      [
        ['queues', '队列', String(dma.queues)],
        ['setup', '启动', cycles(dma.setupCycles)],
        ['burst', '突发', `${dma.burstBytes} B`],
        ['scratchpad port', '片上端口', `${dma.scratchpadBytesPerCycle} B/cycle`],
        ...(dma.decompressor === undefined
          ? []
          : [
              [
                'decompressor',
                '解压缩',
                `${dma.decompressor.elementsPerCycle} elements/cycle, pipeline ${cycles(dma.decompressor.pipelineCycles)}`,
                `${dma.decompressor.elementsPerCycle} elements/cycle, 流水线 ${cycles(dma.decompressor.pipelineCycles)}`,
              ] as const,
            ]),
      ],
    ],
    [
      'Control',
      '控制',
      [
        ['instruction', '每条指令', cycles(control.cyclesPerInstruction)],
        ['taken branch', '跳转', `+${cycles(control.branchPenalty)}`],
        [
          'wait, signal',
          '等待与信号',
          `${cycles(control.queueCycles)}, visible after ${control.signalLatency}`,
          `${cycles(control.queueCycles)}，${control.signalLatency} 周期后可见`,
        ],
        ['queue depth', '队列深度', queueDepthText(m)],
        ...(control.semaphores === undefined ? [] : [['semaphores', '信号量', String(control.semaphores)] as const]),
        ...frontEndRows(control),
      ],
    ],
    ...(m.energy === undefined ? [] : [energyRows(m.energy)]),
    ...(m.area === undefined ? [] : [areaRows(m.area)]),
    [
      'Host',
      '主机',
      [
        ['call', '调用', cycles(host.latencyCycles)],
        ['link', '链路', rate(host.link)],
        ['throughput', '吞吐', `${host.macsPerCycle} MAC/cycle, ${host.elementsPerCycle} elements/cycle`],
      ],
    ],
  ];
}

/** What stays in the array, in Chinese. */
const STATIONARY = {
  'weight-stationary': '权重驻留',
  'output-stationary': '输出驻留',
  'input-stationary': '输入驻留',
} as const;

/** Words of the values in Chinese. */
const CHINESE: readonly (readonly [RegExp, string])[] = [
  [/ cycles?\b/g, ' 周期'],
  [/\/cycle\b/g, '/周期'],
  [/ elements\b/g, ' 元素'],
  [/ words\b/g, ' 字'],
  [/, /g, '，'],
  [/ \(([^)]*)\)/g, '（$1）'],
];

/** Columns that a text takes on a terminal: Chinese characters and full-width marks take two. */
const width = (text: string): number =>
  [...text].reduce((sum, c) => sum + (/[\u2e80-\u9fff\uff00-\uffe6]/.test(c) ? 2 : 1), 0);

/** The machine as a table for a terminal, with the sources of its figures. */
export function machineText(machine: Machine, language: Language = 'en'): string {
  const en = language === 'en';
  const sections = rows(machine);
  const label = ([e, z]: readonly [string, string, ...unknown[]]): string => (en ? e : z);
  const column = Math.max(...sections.flatMap(([, , list]) => list.map((row) => width(label(row))))) + 2;
  const lines = [`${machine.name}: ${machine.description}`];
  for (const section of sections) {
    lines.push('', label(section));
    for (const row of section[2]) {
      const value = en ? row[2] : CHINESE.reduce((text, [word, zh]) => text.replace(word, zh), row[3] ?? row[2]);
      lines.push(`  ${label(row)}${' '.repeat(column - width(label(row)))}${value}`);
    }
  }
  const { banked } = machine.dram;
  const device = banked && deviceOf(banked);
  const sources = [...machine.sources, ...(device?.sources ?? []).map((source) => `${device!.name}: ${source}`)];
  lines.push('', en ? 'Sources' : '来源', ...sources.map((source) => `  - ${source}`));
  return `${lines.join('\n')}\n`;
}
