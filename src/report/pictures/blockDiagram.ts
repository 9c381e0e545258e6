/**
 * The block diagram of a machine as SVG, drawn from its description alone: memories with their sizes, units with their peaks, the paths
 * between them with their widths, and the queues that control fills. Units and memories that the machine lacks are not drawn.
 */
import type { Language } from '#base';
import { accumulatorEntries, coresOf, filtersOf, type Machine, macsPerCycle } from '#machine';
import { FAINT, picture, rect, text, wire } from './svg.ts';

const WIDTH = 980;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const KINDS = {
  memory: 'rx="6" fill="#fff8c5" stroke="#9a6700"',
  unit: 'rx="6" fill="#ddf4ff" stroke="#0969da"',
  control: 'rx="6" fill="#f6f8fa" stroke="#57606a"',
  frame: 'rx="10" fill="none" stroke="#8c959f" stroke-dasharray="6 4"',
} as const;

/** @param language of the words; figures and names of memories are the same in both */
export function blockDiagram(machine: Machine, language: Language = 'en'): string {
  const say = (en: string, zh: string): string => (language === 'en' ? en : zh);
  const { control, cluster, dma, dram, nram, wram, vector, matrix, winograd } = machine;
  // A row of its own below the others.
  const extra = winograd === undefined ? 0 : 96;
  const cores = coresOf(machine);
  const body: string[] = [];
  const box = (kind: keyof typeof KINDS, at: Box, title: string, lines: readonly string[] = []): Box => {
    body.push(rect(at.x, at.y, at.w, at.h, KINDS[kind]));
    const middle = at.x + at.w / 2;
    const top = at.y + at.h / 2 - (lines.length * 16) / 2 + 5;
    body.push(text(middle, top, title, { anchor: 'middle', size: 15, bold: true }));
    lines.forEach((line, i) => {
      body.push(text(middle, top + 17 + 16 * i, line, { anchor: 'middle', size: 12, fill: FAINT }));
    });
    return at;
  };
  const label = (x: number, y: number, words: string): void => {
    body.push(text(x, y, words, { size: 12, fill: FAINT }));
  };
  const rate = ({ bytes, cycles }: { readonly bytes: number; readonly cycles: number }): string =>
    `${Number((bytes / cycles).toPrecision(6))} ${say('B/cycle', 'B/周期')}`;

  const left = 310;
  const wide = WIDTH - left - 40;
  box('memory', { x: left, y: 20, w: wide, h: 58 }, `DRAM ${bytesText(dram.bytes)}`, [
    `${rate(dram.bandwidth)}, ${say('latency', '延迟')} ${dram.latencyCycles}`,
  ]);
  let y = 118;
  if (cluster !== undefined) {
    box('memory', { x: left, y, w: wide, h: 52 }, `SharedRAM ${bytesText(cluster.sharedRam.bytes)}`, [
      cluster.sharedRam.ports === 'private'
        ? say(
            `a link of ${rate(cluster.sharedRam.link)} for each core`,
            `每核一条链路，${rate(cluster.sharedRam.link)}`,
          )
        : say(`one port of ${rate(cluster.sharedRam.link)}`, `单端口，${rate(cluster.sharedRam.link)}`),
    ]);
    body.push(
      wire(
        [
          [left + wide - 20, 78],
          [left + wide - 20, y],
        ],
        { both: true },
      ),
    );
    y += 92;
  }
  const core = y;
  body.push(rect(20, core, WIDTH - 40, 430 + extra, KINDS.frame));
  body.push(
    text(34, core + 22, cores === 1 ? say('core', '核') : say(`core, ${cores} of them`, `核，共 ${cores} 个`), {
      bold: true,
    }),
  );

  box('control', { x: 40, y: core + 38, w: 190, h: 374 + extra }, say('control', '控制'), [
    `${say('instructions', '指令')} ${control.instructionWords} × 64 b`,
    say('decode, hardware loops', '译码、硬件循环'),
    '64 × 32 b r0 … r63',
    say('32 records R0 … R31', '32 条记录 R0 … R31'),
    `SMEM ${bytesText(control.scalarMemoryBytes)}`,
    say('16 semaphores', '16 个信号量'),
    `${control.cyclesPerInstruction} ${say('cycles an instruction', '周期/指令')}`,
  ]);

  const half = (wide - 20) / 2;
  const right = left + half + 20;
  const dmaY = core + 38;
  const names = dma.queues === 1 ? ['DMA'] : [say('load DMA', '读取 DMA'), say('store DMA', '写回 DMA')];
  names.forEach((name, i) => {
    const w = dma.queues === 1 ? wide : half;
    box('unit', { x: i === 0 ? left : right, y: dmaY, w, h: 50 }, name, [
      `${say('setup', '启动')} ${dma.setupCycles}, ${say('bursts of', '突发')} ${dma.burstBytes} B${i > 0 || dma.decompressor === undefined ? '' : say(', decompresses', '，解压缩')}`,
    ]);
  });
  const padY = core + 150;
  box('memory', { x: left, y: padY, w: half, h: 56 }, `NRAM ${bytesText(nram.bytes)}`, [say('neurons', '神经元')]);
  box('memory', { x: right, y: padY, w: half, h: 56 }, `WRAM ${bytesText(wram.bytes)}`, [say('weights', '权重')]);
  const unitY = core + 290;
  box('unit', { x: left, y: unitY, w: half, h: 118 }, say('vector unit', '向量单元'), [
    `${vector.lanes} ${say('lanes', '通道')}`,
    say(
      `cycles: simple ${vector.cycles.simple}, divide ${vector.cycles.divide}, exp … ${vector.cycles.transcendental}`,
      `周期：简单 ${vector.cycles.simple}，除法 ${vector.cycles.divide}，exp 等 ${vector.cycles.transcendental}`,
    ),
  ]);
  box('unit', { x: right, y: unitY, w: half, h: 118 }, say('matrix unit', '矩阵单元'), [
    matrixText(machine, language),
    `${macsPerCycle(matrix)} ${say('multiply-accumulates a cycle', '次乘加/周期')}`,
    `${say('accumulators', '累加器')} ${accumulatorEntries(matrix)} × ${filtersOf(matrix)} × 32 b`,
    ...(matrix.kind === 'scalar' || matrix.sparsity === undefined
      ? []
      : [`${say('sparse weights', '稀疏权重')} ${matrix.sparsity.weights}`]),
  ]);
  const winogradY = unitY + 136;
  if (winograd !== undefined) {
    const tiles = Object.entries(winograd.tileCycles).map(([tile, cycles]) => `${tile} ${cycles}`);
    box('unit', { x: left, y: winogradY, w: half, h: 60 }, say('Winograd unit', 'Winograd 单元'), [
      `${winograd.lanes} ${say('lanes', '通道')}, ${say('cycles a tile', '每块周期')}: ${tiles.join(', ')}`,
    ]);
  }

  // Data paths.
  const topOfDma = cluster === undefined ? 78 : 170;
  const centre = (x: number): number => x + half / 2;
  for (const x of dma.queues === 1 ? [left + wide / 2] : [centre(left), centre(right)]) {
    const store = dma.queues === 2 && x > right;
    body.push(
      wire(
        store
          ? [
              [x, dmaY],
              [x, topOfDma],
            ]
          : [
              [x, topOfDma],
              [x, dmaY],
            ],
        { both: dma.queues === 1 },
      ),
    );
  }
  label(left + 12, dmaY - 6, cluster === undefined ? rate(dram.bandwidth) : say('DRAM or links', 'DRAM 或链路'));
  // Every DMA unit reaches both scratchpads, over one crossbar.
  const bus = padY - 30;
  body.push(rect(left, bus - 3, wide, 6, 'fill="#d0d7de" stroke="#57606a"'));
  if (dma.queues === 1)
    body.push(
      wire(
        [
          [left + wide / 2, dmaY + 50],
          [left + wide / 2, bus - 3],
        ],
        { both: true },
      ),
    );
  else {
    body.push(
      wire([
        [centre(left), dmaY + 50],
        [centre(left), bus - 3],
      ]),
    );
    body.push(
      wire([
        [centre(right), bus - 3],
        [centre(right), dmaY + 50],
      ]),
    );
  }
  for (const x of [centre(left), centre(right)])
    body.push(
      wire(
        [
          [x, bus + 3],
          [x, padY],
        ],
        { both: true },
      ),
    );
  label(centre(left) + 8, padY - 10, `${dma.scratchpadBytesPerCycle} ${say('B/cycle', 'B/周期')}`);
  body.push(
    wire(
      [
        [left + half * 0.3, padY + 56],
        [left + half * 0.3, unitY],
      ],
      { both: true },
    ),
  );
  body.push(
    wire([
      [left + half * 0.8, padY + 56],
      [left + half * 0.8, padY + 96],
      [right + half * 0.2, padY + 96],
      [right + half * 0.2, unitY],
    ]),
  );
  label(left + half * 0.8 + 8, padY + 90, say('neurons', '神经元'));
  body.push(
    wire([
      [right + half * 0.75, padY + 56],
      [right + half * 0.75, unitY],
    ]),
  );
  label(right + half * 0.75 + 8, padY + 100, say('weights', '权重'));
  body.push(
    wire([
      [right, unitY + 30],
      [right - 10, unitY + 30],
      [right - 10, padY + 70],
      [left + half * 0.6, padY + 70],
      [left + half * 0.6, padY + 56],
    ]),
  );
  label(left + half * 0.6 - 52, padY + 88, say('results', '结果'));

  if (winograd !== undefined) {
    body.push(
      wire(
        [
          [left, padY + 28],
          [left - 14, padY + 28],
          [left - 14, winogradY + 16],
          [left, winogradY + 16],
        ],
        { both: true },
      ),
      wire(
        [
          [230, winogradY + 44],
          [left, winogradY + 44],
        ],
        { dashed: true },
      ),
      wire(
        [
          [right + half * 0.9, padY + 56],
          [right + half * 0.9, padY + 80],
          [left + wide + 14, padY + 80],
          [left + wide + 14, winogradY + 30],
          [left + half, winogradY + 30],
        ],
        { both: true },
      ),
    );
    label(240, winogradY + 38, say(`queue ${depth(control.queueDepth)}`, `队列 ${depth(control.queueDepth)}`));
  }

  // Queues.
  for (const [i, at] of [dmaY + 25, unitY + 30, unitY + 88].entries()) {
    const to = i === 2 ? right : left;
    const points: [number, number][] =
      i === 2
        ? [
            [230, at + 20],
            [left - 24, at + 20],
            [left - 24, unitY + 126],
            [right - 8, unitY + 126],
            [right - 8, unitY + 100],
            [to, unitY + 100],
          ]
        : [
            [230, at],
            [to, at],
          ];
    body.push(wire(points, { dashed: true }));
  }
  label(240, dmaY + 19, say(`queue ${depth(control.queueDepth)}`, `队列 ${depth(control.queueDepth)}`));
  label(240, unitY + 24, say(`queue ${depth(control.queueDepth)}`, `队列 ${depth(control.queueDepth)}`));
  label(240, unitY + 102, say(`queue ${depth(control.queueDepth)}`, `队列 ${depth(control.queueDepth)}`));
  return picture(WIDTH, core + 450 + extra, `${machine.name}: ${say('block diagram', '框图')}`, body);
}

const depth = (n: number): string => String(n);

function matrixText({ matrix: m }: Machine, language: Language): string {
  const say = (en: string, zh: string): string => (language === 'en' ? en : zh);
  switch (m.kind) {
    case 'dot':
      return say(`dot: ${m.tn} filters × ${m.ti} lanes`, `点积：${m.tn} 个滤波器 × ${m.ti} 通道`);
    case 'systolic':
      return say(
        `systolic ${m.rows} × ${m.columns}, ${m.dataflow}`,
        `脉动阵列 ${m.rows} × ${m.columns}，${FLOWS[m.dataflow]}`,
      );
    case 'scalar':
      return say(`scalar MACs ${m.rows} × ${m.columns}`, `标量乘加 ${m.rows} × ${m.columns}`);
  }
}

const FLOWS = {
  'weight-stationary': '权重固定',
  'output-stationary': '输出固定',
  'input-stationary': '输入固定',
} as const;

/** `128 KiB`. */
function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(2))} ${unit}`;
  }
  return `${bytes} B`;
}
