/** Exercise 7.12: 1024 rows by 256 × 2048 on four cores: compute bound, if X is not read again for every pass over the weights. */
import { defineExercise, layerWork } from 'systole/course';
import { presets } from 'systole/machine';
import { withPorts } from './11.ts';
import { judgeLayer } from './answers.ts';
import { pipelined712 } from './placed.ts';
import { clusterPasses, clusterPassesOverlapped, clusterPassesSliced, LAYERS } from './programs.ts';
import {
  boundOf,
  checkSchedules,
  compiledCycles,
  cyclesOf,
  placesOf,
  type Schedule,
  showSchedules,
  showTimeline,
  timeOf,
} from './schedule.ts';

const SHAPE = LAYERS['7.12'];
const four = presets.get('textbook-cluster')!;

type Via = 'mixed' | 'shared' | 'unicast' | 'multicast';
const VIA: Readonly<Record<Via, { readonly en: string; readonly zh: string }>> = {
  mixed: { en: 'X through the SharedRAM', zh: 'X 经 SharedRAM' },
  shared: { en: 'all through the SharedRAM', zh: '全部经 SharedRAM' },
  unicast: { en: 'X straight, unicast', zh: 'X 直接，单播' },
  multicast: { en: 'X straight, multicast', zh: 'X 直接，多播' },
};

const serial = (passes: number, rows: number, via: Via): Schedule => ({
  name: { en: `one step after the other, ${VIA[via].en}`, zh: `逐步串行，${VIA[via].zh}` },
  text: clusterPasses(SHAPE, passes, rows, via),
});
const overlapped = (passes: number, rows: number, via: Exclude<Via, 'mixed'>, multicast = true): Schedule => {
  const way = VIA[via === 'shared' ? 'mixed' : via];
  return {
    name: { en: `double-buffered, ${way.en}`, zh: `双缓冲，${way.zh}` },
    text: clusterPassesOverlapped(SHAPE, passes, rows, via, multicast),
  };
};
const sliced = (passes: number, rows: number): Schedule => ({
  name: { en: 'four stages, sliced start and end', zh: '四级流水，首尾切片' },
  text: clusterPassesSliced(SHAPE, passes, rows, 8),
});

export const exercise = defineExercise({
  id: '7.12',
  title: { en: '1024 rows by 256 × 2048 on four cores', zh: '四核：FC 1024x256 · 256x2048' },
  asked: {
    en: 'The same four cores: input $1024\\times256$, weights $256\\times2048$. Hand in a program, or the numbers `macs`, `bytes`, `compute`, `bandwidth`, `bound`, `serial`.',
    zh: '同样的四核：输入 $1024\\times256$，权重 $256\\times2048$。可提交程序，或数值 `macs`、`bytes`、`compute`、`bandwidth`、`bound`、`serial`。',
  },
  explanation: {
    en: `$X$ has 1 MiB, $W$ 2 MiB, $Y$ 8 MiB; 536870912 multiply-accumulates take 524288 cycles on 1024 lanes, the 11534336 bytes 90112 cycles: compute bound. $X$ stays in the SharedRAM (1 of 2 MiB). Core $c$ has 512 columns, whose weights (512 KiB) do not fit its WRAM: $P=4$ passes of 128 columns, two of which
fill WRAM exactly ($2\\times128$ KiB), tiles of $B=32$ rows (NRAM 96 KiB).

| schedule | cycles |
|---|---|
| one step after the other, $P=4$, $B=32$ | 618624 |
| the same with $P=2$, $B=64$ | 616512 |
| everything through the SharedRAM | 621328 |
| no SharedRAM, $X$ read by every core in every pass: unicast, multicast | 737280, 638976 |
| double-buffered, $X$ loaded first | 537088 |
| double-buffered, $X$ straight: unicast, multicast | 529920, 529152 |
| four stages (DRAM, SharedRAM, core, back), start and end in 8 slices | 525504 |

The bound is $\\max(524288, 90112)$, of which the last reaches 99.77 %. While a tile is computed, the next comes from the SharedRAM, the one behind it from DRAM, the last result goes back, and a piece of the weights of the next pass comes in. Reading $X$ straight from DRAM costs 2.4 times the traffic and hides behind the
computation all the same: time is not all, energy is spent for every byte. With one port of the SharedRAM for all cores nothing changes: there is time enough.`,
    zh: `$X$ 为 1 MiB，$W$ 为 2 MiB，$Y$ 为 8 MiB；536870912 次乘加在 1024 路上需 524288 周期，11534336 字节需 90112 周期：瓶颈是计算。$X$ 留在 SharedRAM（2 MiB 中占 1 MiB）。每核 512 列，其权重（512 KiB）放不进 WRAM：分 $P=4$ 趟，每趟 128 列，两趟的权重恰好
占满 WRAM（$2\\times128$ KiB），每块 $B=32$ 行（NRAM 96 KiB）。

| 调度 | 周期 |
|---|---|
| 逐步串行，$P=4$，$B=32$ | 618624 |
| 同上，$P=2$，$B=64$ | 616512 |
| 全部经 SharedRAM | 621328 |
| 不经 SharedRAM，每核每趟都重读 $X$：单播、多播 | 737280、638976 |
| 双缓冲，先加载 $X$ | 537088 |
| 双缓冲，$X$ 直接传输：单播、多播 | 529920、529152 |
| 四级流水（DRAM、SharedRAM、核、写回），首尾分 8 片 | 525504 |

下界为 $\\max(524288, 90112)$，最后一种达到其 99.77 %。计算一块的同时，下一块来自 SharedRAM，再下一块来自 DRAM，上一个结果写回，下一趟权重的一片也同时传入。直接从 DRAM 读 $X$ 访存量为 2.4 倍，却同样能隐藏在计算之后：
时间并不是全部，每个字节都要消耗能量。即使 SharedRAM 只有一个端口供所有核使用，结果也不变：时间足够。`,
  },
  rows: 10,
  code: [
    { path: 'course/chapter7/placed.ts', words: { en: 'the best program with places', zh: '写明位置的最好程序' } },
    { path: 'src/timing/linear.ts', words: { en: 'links, ports and multicast', zh: '链路、端口与多播' } },
    {
      path: 'src/lower/index.ts',
      words: { en: 'how the compiler deals tiles to cores', zh: '编译器如何把分块分给各核' },
    },
  ],
  parameters: {
    passes: {
      kind: 'choice',
      words: { en: 'passes over the columns of a core', zh: '每核列的趟数' },
      default: '4',
      among: ['2', '4', '8', '16'],
    },
    rows: {
      kind: 'choice',
      words: { en: 'rows of a tile', zh: '每块的行数' },
      default: '32',
      among: ['16', '32', '64'],
    },
    ports: {
      kind: 'choice',
      words: { en: 'ports of the SharedRAM', zh: 'SharedRAM 的端口' },
      default: 'private',
      among: ['private', 'one'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-cluster' },
  },
  async show(out, { passes, rows, ports, machine: base }) {
    const machine = withPorts(base, ports as 'private' | 'one');
    const [p, b] = [Number(passes), Number(rows)];
    const drawn = [serial(p, b, 'mixed'), overlapped(p, b, 'shared'), sliced(p, b)];
    const all = [
      ...(['shared', 'unicast', 'multicast'] as const).map((via) => serial(p, b, via)),
      overlapped(p, b, 'unicast'),
      overlapped(p, b, 'multicast'),
      ...drawn,
    ];
    const compiled = await compiledCycles(SHAPE, machine);
    showSchedules(out, all, { machine, work: layerWork(SHAPE, machine), compiled });
    const perPass = (4 * SHAPE.inner * SHAPE.columns) / 4 / p;
    const tile = 4 * b * (SHAPE.inner + SHAPE.columns / 4 / p);
    out.print({
      en: `Two buffers take ${2 * perPass} bytes of WRAM (${machine.wram.bytes}) and ${2 * tile} of NRAM (${machine.nram.bytes})${2 * perPass > machine.wram.bytes || 2 * tile > machine.nram.bytes ? ': they do not fit, and the double-buffered programs, which do not say where their operands lie, cannot run so.' : '.'}`,
      zh: `双缓冲需要 WRAM ${2 * perPass} 字节（容量 ${machine.wram.bytes}）、NRAM ${2 * tile} 字节（容量 ${machine.nram.bytes}）${2 * perPass > machine.wram.bytes || 2 * tile > machine.nram.bytes ? '：放不下，因此没有写明位置的双缓冲程序实际无法这样运行。' : '。'}`,
    });
    for (const [i, schedule] of drawn.entries()) {
      out.listing(schedule.name, schedule.text);
      showTimeline(out, schedule, { machine, file: ['serial', 'overlapped', 'sliced'][i]!, to: 30_000 });
    }
    if (p === 4 && b === 32) out.listing({ en: 'the last with places', zh: '最后一种，写明位置' }, pipelined712());
  },
  check(check) {
    const rest = { bytes: 11534336, busy: [90112, 524288] } as const;
    const one = withPorts(four, 'one');
    checkSchedules(
      check,
      [
        ['4 passes, 32 rows', serial(4, 32, 'mixed').text, 618624, 1],
        ['2 passes, 64 rows', serial(2, 64, 'mixed').text, 616512, 1],
        ['everything through the SharedRAM', serial(4, 32, 'shared').text, 621328, 2],
        ['double-buffered, X first', overlapped(4, 32, 'shared').text, 537088, 4],
        ['four stages, sliced start and end', sliced(4, 32).text, 525504, 5],
      ],
      four,
      rest,
    );
    const straight = {
      unicast: { bytes: 27262976, busy: [212992, 524288] },
      multicast: { bytes: 14680064, busy: [114688, 524288] },
    } as const;
    for (const [via, cycles, doubled] of [
      ['unicast', 737280, 529920],
      ['multicast', 638976, 529152],
    ] as const) {
      checkSchedules(
        check,
        [
          [`X straight, ${via}`, serial(4, 32, via).text, cycles, 3],
          [`double-buffered, X straight, ${via}`, overlapped(4, 32, via).text, doubled, 6],
        ],
        four,
        straight[via],
      );
    }
    const { compute, bandwidth } = boundOf(layerWork(SHAPE, four), four);
    check.row(7).equal('lower bound of compute, bandwidth', [compute, bandwidth], [524288, 90112]);
    const bytes = [serial(4, 32, 'mixed'), serial(4, 32, 'unicast'), serial(4, 32, 'multicast')].map(
      (s) => timeOf(s.text, four).bytes,
    );
    check.row(8).equal('DRAM bytes: SharedRAM, unicast, multicast', bytes, [11534336, 27262976, 14680064]);
    const places = placesOf(pipelined712(), four);
    check
      .row(9)
      .equal(
        'bytes used of NRAM, WRAM, SharedRAM',
        [places.nram, places.wram, places.shared],
        [98304, 262144, 1048576],
      );
    check.equal(
      'with places, and free of races, it takes as long',
      cyclesOf(pipelined712(), four),
      cyclesOf(sliced(4, 32).text, four),
    );
    const change = [true, false].map((multicast) => {
      const { text } = overlapped(4, 32, 'shared', multicast);
      return cyclesOf(text, one) - cyclesOf(text, four);
    });
    check.row(10).equal('what one port changes, by multicast, unicast', change, [0, 0]);
  },
  judge(submission, { ports, machine: base }) {
    const machine = withPorts(base, ports as 'private' | 'one');
    const task = { shape: SHAPE, machine, serial: serial(4, 32, 'mixed').text, best: sliced(4, 32).text };
    return judgeLayer(submission, task, layerWork(SHAPE, machine));
  },
});
