/** Exercise 7.9: 1024 rows by 256 × 128 on the single core. X does not fit, so it comes in tiles of rows while W stays. */
import { defineExercise, layerWork } from 'systole/course';
import { type Machine, presets } from 'systole/machine';
import { judgeLayer } from './answers.ts';
import { doubleBuffered79, serialPlaced79 } from './placed.ts';
import { LAYERS, rowTiles, rowTilesSerial, rowTilesSliced } from './programs.ts';
import {
  boundOf,
  checkSchedules,
  compiledCycles,
  type Figure,
  placesOf,
  refusal,
  run,
  type Schedule,
  showSchedules,
  showTimeline,
} from './schedule.ts';

const SHAPE = LAYERS['7.9'];
const single = presets.get('textbook-single')!;

const serial = (rows: number): Schedule => ({
  name: { en: `one step after the other, ${rows} rows`, zh: `逐步串行，每块 ${rows} 行` },
  text: rowTilesSerial(SHAPE, rows),
});
const overlapped = (rows: number): Schedule => ({
  name: { en: `double-buffered, ${rows} rows`, zh: `双缓冲，每块 ${rows} 行` },
  text: rowTiles(SHAPE, rows),
});
const sliced = (rows: number): Schedule => ({
  name: { en: `sliced start and end, ${rows} rows`, zh: `首尾切片，每块 ${rows} 行` },
  text: rowTilesSliced(SHAPE, rows, 8),
});

/** The most rows of a tile that fit with so many buffers, by assembling programs with places. */
function mostRows(place: (rows: number) => string, machine: Machine): number {
  let rows = 1;
  while (rows < SHAPE.rows && refusal(place(rows + 1), machine) === undefined) rows++;
  return rows;
}

const FIGURES: readonly Figure[] = [
  ...[16, 32, 64].map((rows): Figure => [`serial, ${rows} rows`, serial(rows).text, 157696, 1]),
  ...(
    [
      [32, 133888],
      [16, 133504],
      [8, 133312],
    ] as const
  ).map(([rows, cycles]): Figure => [`double-buffered, ${rows} rows`, overlapped(rows).text, cycles, 2]),
  ['sliced start and end, 32 rows', sliced(32).text, 131872, 3],
  // The errata of the source: better than row 3.
  ['sliced start and end, 16 rows', sliced(16).text, 131600],
];

export const exercise = defineExercise({
  id: '7.9',
  title: { en: '1024 rows by 256 × 128 on one core', zh: 'FC 1024x256 · 256x128，单核' },
  asked: {
    en: 'The same for input $1024\\times256$ and weights $256\\times128$: the input does not fit into NRAM. Hand in a program, or the numbers `macs`, `bytes`, `compute`, `bandwidth`, `bound`, `serial`.',
    zh: '同上，输入为 $1024\\times256$、权重为 $256\\times128$：输入放不进 NRAM。可提交程序，或数值 `macs`、`bytes`、`compute`、`bandwidth`、`bound`、`serial`。',
  },
  explanation: {
    en: `$X$ has 1 MiB, $W$ 128 KiB, $Y$ 512 KiB; 33554432 multiply-accumulates take 131072 cycles, the 1703936 bytes 26624. $W$ stays in WRAM, $X$ comes in tiles of $B$ rows. A tile needs $1024B$ bytes for $X$ and $512B$ for $Y$: $1536B\\le131072$ gives $B\\le85$, with two buffers of each $B\\le42$. Where $B$ does not divide 1024, the last tile has what is left.

One step after the other takes $2048+16384+131072+8192=157696$ cycles for every $B$. With two buffers, loading the next tile and storing the last one hide behind the computation; what is left is loading $W$ and the first tile, and storing the last: $2048+16B+131072+8B$, for $B=32$
133888. A smaller $B$ is better until rounding tells; $B=64$ does not fit (196608 bytes). Bring $W$ in 8 column slices with the first tile, and store the last tile in as many: 131872 for $B=32$, 131600 for $B=16$, 99.6 % of the bound.

\`systole compile\` comes closer still: semaphores let the matrix unit begin with the first piece, without any \`sync\` that all wait for.`,
    zh: `$X$ 为 1 MiB，$W$ 为 128 KiB，$Y$ 为 512 KiB；33554432 次乘加需 131072 周期，1703936 字节需 26624 周期。$W$ 留在 WRAM，$X$ 按 $B$ 行一块送入。每块 $X$ 占 $1024B$ 字节、$Y$ 占 $512B$ 字节：由 $1536B\\le131072$ 得 $B\\le85$，各用两个缓冲区时 $B\\le42$。$B$ 不整除 1024 时，最后一块为余下的行。

逐步串行时，无论 $B$ 为多少都是 $2048+16384+131072+8192=157696$ 周期。用双缓冲，加载下一块与写回上一块都隐藏在计算之后，剩下的是加载 $W$ 与第一块、写回最后一块：$2048+16B+131072+8B$，$B=32$ 时为
133888。$B$ 越小越好，直到取整的影响显现；$B=64$ 放不下（196608 字节）。让 $W$ 随第一块分 8 个列片送入，最后一块也分 8 次写回：$B=32$ 为 131872，$B=16$ 为 131600，达到下界的 99.6 %。

\`systole compile\` 更接近下界：信号量让矩阵单元在第一片到达时就开始，而不需要所有单元都等待的 \`sync\`。`,
  },
  rows: 7,
  code: [
    { path: 'course/chapter7/placed.ts', words: { en: 'the program with places', zh: '写明位置的程序' } },
    { path: 'src/isa/textbook/judged.ts', words: { en: 'what of a program is judged', zh: '程序中哪些可评判' } },
    { path: 'src/sim/hazards.ts', words: { en: 'how races are found', zh: '如何发现竞争' } },
    {
      path: 'src/course/judge/work.ts',
      words: { en: 'how the work of a program is counted', zh: '如何统计程序的工作量' },
    },
  ],
  parameters: {
    rows: {
      kind: 'whole',
      words: { en: 'rows of a tile, B; the last has what is left', zh: '每块的行数 B；最后一块为余下的行' },
      ...{ default: 32, least: 1, most: 1024 },
    },
    listing: {
      kind: 'choice',
      words: { en: 'the program to list', zh: '列出哪个程序' },
      default: 'double',
      among: ['serial', 'double', 'sliced'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  async show(out, { rows: tile, listing, machine }) {
    // Both with two buffers have the same places.
    const no = { serial: refusal(serialPlaced79(tile), machine), double: refusal(doubleBuffered79(tile), machine) };
    const programs = {
      serial: { ...serial(tile), file: 'serial', refused: no.serial, listed: serialPlaced79(tile) },
      double: { ...overlapped(tile), file: 'overlapped', refused: no.double, listed: doubleBuffered79(tile) },
      sliced: { ...sliced(tile), file: 'sliced', refused: no.double, listed: sliced(tile).text },
    };
    const all = Object.values(programs);
    const schedules = all.filter(({ refused }) => refused === undefined);
    const compiled = await compiledCycles(SHAPE, machine);
    showSchedules(out, schedules, { machine, work: layerWork(SHAPE, machine), compiled });
    for (const { name, refused } of all) {
      if (refused === undefined) continue;
      out.print({
        en: `${name.en}: refused, does not fit (${refused.code}): ${refused.text('en')}`,
        zh: `${name.zh}：被拒绝，放不下（${refused.code}）：${refused.text('zh')}`,
      });
    }
    const [left, tiles] = [SHAPE.rows % tile, Math.ceil(SHAPE.rows / tile)];
    const [x, y] = [1024 * tile, 512 * tile];
    out.print({
      en: `B = ${tile}: ${tiles} tiles${left === 0 ? '' : `, the last of ${left} ${left === 1 ? 'row' : 'rows'}`}; X and Y of one take ${x} + ${y} = ${x + y} bytes of NRAM, two buffers of each ${2 * (x + y)}.`,
      zh: `B = ${tile}：共 ${tiles} 块${left === 0 ? '' : `，最后一块 ${left} 行`}；每块的 X 与 Y 占 NRAM ${x} + ${y} = ${x + y} 字节，各用两个缓冲区则为 ${2 * (x + y)} 字节。`,
    });
    // The formula of the answer, which is for its machine, and for tiles that divide the rows.
    if (no.double === undefined && left === 0 && machine.name === single.name) {
      const cycles = 2048 + 16 * tile + 131072 + 8 * tile;
      const measured = run(programs.double.text, machine).cycles;
      out.print({
        en: `2048 + 16B + 131072 + 8B = 2048 + ${16 * tile} + 131072 + ${8 * tile} = ${cycles}; the simulator takes ${measured}.`,
        zh: `2048 + 16B + 131072 + 8B = 2048 + ${16 * tile} + 131072 + ${8 * tile} = ${cycles}；模拟器为 ${measured}。`,
      });
    }
    const most = [mostRows(serialPlaced79, machine), mostRows(doubleBuffered79, machine)];
    out.print({
      en: `At most ${most[0]} rows fit with one buffer, ${most[1]} with two.`,
      zh: `单缓冲最多 ${most[0]} 行，双缓冲最多 ${most[1]} 行。`,
    });
    // In place of one that is refused, the best that runs.
    const asked = programs[listing as keyof typeof programs];
    const shown = asked.refused === undefined ? asked : schedules.at(-1);
    if (shown !== undefined) out.listing(shown.name, shown.listed);
    for (const schedule of schedules) showTimeline(out, schedule, { machine, file: schedule.file, to: 20_000 });
  },
  check(check) {
    const work = layerWork(SHAPE, single);
    const bound = boundOf(work, single);
    checkSchedules(check, FIGURES, single, { bytes: 1703936, busy: [26624, 131072] });
    check.row(4).equal('lower bound', bound.cycles, 131072);
    check.equal('of bandwidth', bound.bandwidth, 26624);
    check
      .row(5)
      .equal(
        'most rows with one buffer, with two',
        [mostRows(serialPlaced79, single), mostRows(doubleBuffered79, single)],
        [85, 42],
      );
    const used = [32, 16, 8].map((rows) => placesOf(doubleBuffered79(rows), single));
    // Tiles that do not divide 1024: what is left is a smaller tile, whose store alone waits.
    check.equal(
      'serial, 85 rows, double-buffered, 42 and 40 rows',
      [serialPlaced79(85), doubleBuffered79(42), doubleBuffered79(40)].map((text) => run(text, single).cycles),
      [157696, 133920, 133952],
    );
    check.equal(
      '43 and 86 rows are refused',
      [doubleBuffered79(43), serialPlaced79(86)].map((text) => refusal(text, single)?.code),
      ['SYS-ASM-062', 'SYS-ASM-062'],
    );
    check.row(6).equal('NRAM, two buffers of 32 rows', used[0]!.nram, 98304);
    check.equal('of 16, of 8 rows; WRAM', [used[1]!.nram, used[2]!.nram, used[0]!.wram], [49152, 24576, 131072]);
    // They are free of races, too: their runs look for them.
    const placed = [32, 16, 8].map((rows) => run(doubleBuffered79(rows), single).cycles);
    check.equal(
      'with places they take as long',
      placed,
      [32, 16, 8].map((rows) => run(overlapped(rows).text, single).cycles),
    );
    const no = refusal(doubleBuffered79(64), single);
    check.row(7).equal('two buffers of 64 rows are refused', [no?.code, no?.params.capacity], ['SYS-ASM-062', 131072]);
    const reach = Math.max(...[no!, ...no!.others].map((e) => Number(e.params.to)));
    check.row(7).equal('they would take', reach, 196608);
  },
  judge: (submission, { machine }) =>
    judgeLayer(
      submission,
      { shape: SHAPE, machine, serial: serial(32).text, best: sliced(16).text },
      layerWork(SHAPE, machine),
    ),
});
