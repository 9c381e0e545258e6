/** Exercise 7.11: the layer of 7.8 on four cores with a SharedRAM: 1024 multiply-accumulates a cycle behind 128 bytes a cycle, so the memory is the bound. */
import { defineExercise, layerWork } from 'systole/course';
import { type Machine, presets } from 'systole/machine';
import { judgeLayer } from './answers.ts';
import {
  BATCH_SPLIT,
  COLUMN_SPLIT,
  clusterColumnTiles,
  clusterColumnTilesStoredLast,
  clusterDirect,
  clusterMixed,
  clusterShared,
  LAYERS,
  SQUARE_SPLIT,
} from './programs.ts';
import {
  boundOf,
  checkSchedules,
  compiledCycles,
  type Figure,
  type Schedule,
  showSchedules,
  showTimeline,
  timeOf,
} from './schedule.ts';

const SHAPE = LAYERS['7.11'];
const four = presets.get('textbook-cluster')!;

/** SharedRAM with one port for all cores instead of a link for each. */
export const withPorts = (machine: Machine, ports: 'private' | 'one'): Machine =>
  machine.cluster === undefined
    ? machine
    : { ...machine, cluster: { ...machine.cluster, sharedRam: { ...machine.cluster.sharedRam, ports } } };

const tiles = (n: number): Schedule => ({
  name: { en: `${n} column tiles a core, double-buffered`, zh: `每核 ${n} 个列块，双缓冲` },
  text: clusterColumnTiles(SHAPE, n),
});
const storedLast = (n: number, direct: boolean): Schedule => ({
  name: direct
    ? { en: `${n} column tiles, stored last, X by multicast from DRAM`, zh: `${n} 个列块，最后写回，X 由 DRAM 多播` }
    : { en: `${n} column tiles, stored last`, zh: `${n} 个列块，最后写回` },
  text: clusterColumnTilesStoredLast(SHAPE, n, direct),
});
const SERIAL: Schedule = {
  name: { en: 'one step after the other, X through the SharedRAM', zh: '逐步串行，X 经 SharedRAM' },
  text: clusterMixed(SHAPE, true),
};
const OTHERS: readonly Schedule[] = [
  {
    name: { en: 'columns split, all through the SharedRAM', zh: '按列划分，全部经 SharedRAM' },
    text: clusterShared(SHAPE, COLUMN_SPLIT, true),
  },
  {
    name: { en: 'rows split, all through the SharedRAM', zh: '按行划分，全部经 SharedRAM' },
    text: clusterShared(SHAPE, BATCH_SPLIT, true),
  },
  {
    name: { en: '2 × 2 split, all through the SharedRAM', zh: '2 × 2 划分，全部经 SharedRAM' },
    text: clusterShared(SHAPE, SQUARE_SPLIT, true),
  },
  {
    name: { en: 'columns split, no SharedRAM, unicast', zh: '按列划分，不经 SharedRAM，单播' },
    text: clusterDirect(SHAPE, COLUMN_SPLIT, false),
  },
  {
    name: { en: 'rows split, no SharedRAM, unicast', zh: '按行划分，不经 SharedRAM，单播' },
    text: clusterDirect(SHAPE, BATCH_SPLIT, false),
  },
  {
    name: { en: 'columns split, no SharedRAM, multicast', zh: '按列划分，不经 SharedRAM，多播' },
    text: clusterDirect(SHAPE, COLUMN_SPLIT, true),
  },
];

export const exercise = defineExercise({
  id: '7.11',
  title: { en: '32 rows by 256 × 128 on four cores', zh: '四核 + SharedRAM：FC 32x256 · 256x128' },
  asked: {
    en: 'The layer of 7.8 on four cores: each as in 7.7, with a SharedRAM of 2 MB that each core reaches at 1 TB/s, and 128 GB/s to memory for the chip. Hand in a program (one stream for all cores; `mc` is multicast), or the numbers `macs`, `bytes`, `compute`, `bandwidth`, `bound`, `serial`.',
    zh: '7.8 的层在四核上运行：每个核同 7.7，另有 2 MB 的 SharedRAM，每核以 1 TB/s 访问，全片访存带宽 128 GB/s。可提交程序（所有核共用一个指令流；`mc` 表示多播），或数值 `macs`、`bytes`、`compute`、`bandwidth`、`bound`、`serial`。',
  },
  explanation: {
    en: `The least traffic, $32768+131072+16384=180224$ bytes, takes 1408 cycles; the multiply-accumulates take 1024 on $4\\times256$ lanes. The memory is the bound, so no byte may be read twice, and the channel should never rest.

Cut by **columns** each core has 32 of 128 columns: $W$ and $Y$ fall apart, only $X$ is wanted by all, and comes once through the SharedRAM. Cut by **rows** all cores want the whole of $W$, four times as large as $X$.

| schedule | cycles |
|---|---|
| columns, $X$ through the SharedRAM, $W$ and $Y$ straight | 2432 |
| everything through the SharedRAM: columns, rows | 2503, 2578 |
| no SharedRAM, unicast: columns, rows ($W$ four times) | 3200, 5504 |
| one port of 1 TB/s for all cores, multicast: columns, rows | 2614, 2614 |
| the same, unicast | 2713, 3007 |
| $n$ column tiles, double-buffered: $n=2,4,8,16,32$ | 1856, 1632, 1520, 1464, 1437 |
| 32 column tiles, the results stored together at the end | 1409 |
| the same, $X$ by multicast from DRAM | 1408 |

The last reaches the bound: the channel carries $X$, all of $W$, and then $Y$ without a gap, and the last tile is computed while the results of the others are stored.`,
    zh: `最少访存量 $32768+131072+16384=180224$ 字节需要 1408 周期；乘加在 $4\\times256$ 路上需要 1024 周期。瓶颈是访存，因此任何字节都不应读两次，通道也不应空闲。

按**列**划分时，每核得到 128 列中的 32 列：$W$ 与 $Y$ 互不重叠，只有 $X$ 为各核共用，经 SharedRAM 一次送入。按**行**划分时，各核都需要全部 $W$，而它是 $X$ 的四倍大。

| 调度 | 周期 |
|---|---|
| 按列，$X$ 经 SharedRAM，$W$ 与 $Y$ 直接传输 | 2432 |
| 全部经 SharedRAM：按列、按行 | 2503、2578 |
| 不经 SharedRAM，单播：按列、按行（$W$ 读四次） | 3200、5504 |
| SharedRAM 只有一个 1 TB/s 端口，多播：按列、按行 | 2614、2614 |
| 同上，单播 | 2713、3007 |
| 每核 $n$ 个列块，双缓冲：$n=2,4,8,16,32$ | 1856、1632、1520、1464、1437 |
| 32 个列块，结果最后一起写回 | 1409 |
| 同上，$X$ 由 DRAM 多播 | 1408 |

最后一种达到下界：通道无间断地传输 $X$、全部 $W$、然后 $Y$，写回其他块的结果时计算最后一块。`,
  },
  rows: 8,
  code: [
    { path: 'src/timing/linear.ts', words: { en: 'links, ports and multicast', zh: '链路、端口与多播' } },
    { path: 'src/machine/presets/textbook-cluster.json', words: { en: 'the machine', zh: '该机器' } },
    { path: 'src/sim/topology.ts', words: { en: 'cores and clusters', zh: '核与簇' } },
  ],
  parameters: {
    tiles: {
      kind: 'choice',
      words: { en: 'column tiles of a core', zh: '每核的列块数' },
      default: '8',
      among: ['2', '4', '8', '16', '32'],
    },
    ports: {
      kind: 'choice',
      words: { en: 'ports of the SharedRAM', zh: 'SharedRAM 的端口' },
      default: 'private',
      among: ['private', 'one'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-cluster' },
  },
  async show(out, { tiles: n, ports, machine: base }) {
    const machine = withPorts(base, ports as 'private' | 'one');
    const chosen = [SERIAL, tiles(Number(n)), storedLast(Number(n), false), storedLast(Number(n), true)];
    const compiled = await compiledCycles(SHAPE, machine);
    showSchedules(out, [...OTHERS, ...chosen], { machine, work: layerWork(SHAPE, machine), compiled });
    for (const [i, schedule] of chosen.entries()) {
      out.listing(schedule.name, schedule.text);
      showTimeline(out, schedule, { machine, file: ['serial', 'columns', 'storedLast', 'multicast'][i]! });
    }
  },
  check(check) {
    const rest = { bytes: 180224, busy: [1408, 1024] } as const;
    const one = withPorts(four, 'one');
    const shared = (split: typeof COLUMN_SPLIT, multicast = true): string => clusterShared(SHAPE, split, multicast);
    checkSchedules(
      check,
      [
        ['X through the SharedRAM, W and Y straight', SERIAL.text, 2432, 1],
        ['columns split, all through the SharedRAM', shared(COLUMN_SPLIT), 2503, 2],
        ['rows split, all through the SharedRAM', shared(BATCH_SPLIT), 2578, 2],
        ['2 × 2 split, all through the SharedRAM', shared(SQUARE_SPLIT), 2520],
        ['columns split, straight, multicast', clusterDirect(SHAPE, COLUMN_SPLIT, true), 2432],
        ['rows split, straight, multicast', clusterDirect(SHAPE, BATCH_SPLIT, true), 2432],
        ...(
          [
            [2, 1856],
            [4, 1632],
            [8, 1520],
            [16, 1464],
            [32, 1437],
          ] as const
        ).map(([n, cycles]): Figure => [`${n} column tiles a core`, tiles(n).text, cycles, 6]),
        // Better ones than the row has: the errata of the source.
        ['stored last', storedLast(32, false).text, 1409],
        ['stored last, X by multicast from DRAM', storedLast(32, true).text, 1408],
      ],
      four,
      rest,
    );
    const direct = [COLUMN_SPLIT, BATCH_SPLIT].map((split) => timeOf(clusterDirect(SHAPE, split, false), four));
    check.row(3).equal(
      'no SharedRAM, unicast: columns, rows',
      direct.map((t) => t.cycles),
      [3200, 5504],
    );
    check.equal(
      'their DRAM and matrix busy',
      direct.map((t) => t.busy),
      [
        [2176, 1024],
        [4480, 1024],
      ],
    );
    checkSchedules(
      check,
      [
        ['one port, multicast: columns', shared(COLUMN_SPLIT), 2614, 4],
        ['one port, multicast: rows', shared(BATCH_SPLIT), 2614, 4],
        ['one port, unicast: columns', shared(COLUMN_SPLIT, false), 2713, 5],
        ['one port, unicast: rows', shared(BATCH_SPLIT, false), 3007, 5],
        ['one port, X alone through the SharedRAM, multicast', SERIAL.text, 2432],
        ['one port, X alone through the SharedRAM, unicast', clusterMixed(SHAPE, false), 2432],
      ],
      one,
      rest,
    );
    const { compute, bandwidth } = boundOf(layerWork(SHAPE, four), four);
    check.row(7).equal('lower bound of compute, bandwidth', [compute, bandwidth], [1024, 1408]);
    const bytes = [timeOf(SERIAL.text, four).bytes, direct[1]!.bytes];
    check.row(8).equal('DRAM bytes with the SharedRAM, without (rows split, unicast)', bytes, [180224, 573440]);
  },
  judge(submission, { ports, machine: base }) {
    const machine = withPorts(base, ports as 'private' | 'one');
    const task = { shape: SHAPE, machine, serial: SERIAL.text, best: storedLast(32, true).text };
    return judgeLayer(submission, task, layerWork(SHAPE, machine));
  },
});
