/**
 * Exercise 7.2: what a scratchpad does that a cache does not, and the other way round. 256 KB of weights are swept twice: through a cache that
 * drops the line used longest ago, simulated here line by line, and on the processor, where the program keeps what it wants to keep.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { assembleProgram, type Program } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { createSimulation, type SimulationEvent, type SimulationResult } from 'systole/sim';
import { exact, slip } from '../numberFields.ts';

const single = presets.get('textbook-single')!;
const LINE = 64;

/** A program's result and all its events. */
export function traced(program: Program): {
  readonly result: SimulationResult;
  readonly events: readonly SimulationEvent[];
} {
  const events: SimulationEvent[] = [];
  const state = createSimulation(program, { data: false, observer: (event) => events.push(event) }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return { result: state.result, events };
}

/** Misses of a fully associative cache that drops the line used longest ago (LRU), for each sweep over so many bytes. */
export function missesOfLru(cacheBytes: number, weightBytes: number, sweeps: number): readonly number[] {
  const cached = new Set<number>();
  return Array.from({ length: sweeps }, () => {
    let misses = 0;
    for (let line = 0; line < weightBytes / LINE; line++) {
      if (!cached.delete(line)) misses++;
      cached.add(line);
      if (cached.size > cacheBytes / LINE) cached.delete(cached.values().next().value!);
    }
    return misses;
  });
}

const total = (misses: readonly number[]): number => misses.reduce((sum, n) => sum + n, 0);

/** Weights swept so often: what fits WRAM is loaded once and stays, the rest streams through NRAM in pieces of at most 16 KB. */
function pinned(padBytes: number, weightBytes: number, sweeps: number) {
  const kept = Math.min(padBytes, weightBytes);
  const rest = weightBytes - kept;
  const pieces = Math.ceil(rest / 2 ** 14);
  const piece = rest / Math.max(1, pieces);
  const machine: Machine = { ...single, wram: { bytes: padBytes }, dma: { ...single.dma, burstBytes: LINE } };
  const stream = `
    loopi ${sweeps}
      li r1, ${kept}
      loopi ${pieces}
        load nram, r0, r1, R1, R1, f32
        addi r1, r1, ${piece}
      endloop
    endloop`;
  const text = `
    .dram ${weightBytes}
    .fill 0, ${weightBytes}, f32 1
    cfg.dimi R0, 0, ${kept / 4}, 4
    cfg.dimi R1, 0, ${Math.max(1, piece / 4)}, 4
    load wram, r0, r0, R0, R0, f32${rest === 0 ? '' : stream}
    halt`;
  return { text, machine, program: assembleProgram(text, { file: 'sweeps.s', machine }) };
}

const linesMoved = (padBytes: number, weightBytes: number, sweeps: number): number =>
  traced(pinned(padBytes, weightBytes, sweeps).program).result.total.readBurstBytes / LINE;

const KB = 1024;
const WEIGHTS = 256 * KB;
const words = (text: string) => assembleProgram(text, { file: 'places.s', machine: single });

export const exercise = defineExercise({
  id: '7.2',
  title: { en: 'On-chip storage: scratchpad and cache', zh: '单核 DLP 片内存储与传统 CPU 片上缓存的区别' },
  asked: {
    en: 'How does the on-chip storage of a single-core deep-learning processor differ from the cache of a CPU? 256 KB of weights are swept twice in lines of 64 bytes. Hand in the numbers `cache128`, `pinned128`, `cache256`: lines that a cache of 128 KB misses (LRU), lines that a scratchpad of 128 KB has to load if it keeps one half, and misses of a cache of 256 KB.',
    zh: '单核深度学习处理器的片内存储与传统 CPU 的片上缓存有什么区别？256 KB 权重以 64 字节的行扫两遍。请提交数值 `cache128`、`pinned128`、`cache256`：128 KB 缓存（LRU）的缺失行数，128 KB 便笺存储保留一半时须装入的行数，以及 256 KB 缓存的缺失行数。',
  },
  explanation: {
    en: `A **cache** is transparent: it has tags and lines, guesses by a replacement rule what will be used again, and how long an access takes depends on what came
before. A **scratchpad** (NRAM for neurons, WRAM for weights) is an address space of its own: the program moves every byte by an instruction, so

- it is *managed by software*: nothing comes or goes that no instruction moves;
- it has *no tags*: all its bytes hold data, and an access is no search;
- its time is *deterministic*: the same program takes the same cycles, whatever ran before;
- it is *split by role*: weights and neurons come from two memories at once, each as wide as its stream needs.

Where $W$ bytes are swept again and again, a cache of $C<W$ bytes with least-recently-used replacement misses **every** line: each line is dropped just before it is
wanted again. A scratchpad of the same size keeps $C$ bytes for good and streams $W-C$: $C+s\\,(W-C)$ bytes in $s$ sweeps instead of $s\\,W$. What it costs is that
somebody, here the compiler, must know ahead what is used when; networks are static enough for that (Y. Chen et al., *DaDianNao*, MICRO 2014).`,
    zh: `**缓存**对程序透明：它有标签和缓存行，按替换策略猜测哪些数据会再次使用，一次访问的时间取决于此前的访问。**便笺存储器**（存神经元的 NRAM 与存权重的 WRAM）
是独立的地址空间，每个字节都由指令搬运，因此：

- *软件管理*：没有指令搬运，就没有数据进出；
- *没有标签*：全部容量都存数据，访问不需要查找；
- *时间确定*：同一程序总是用相同的周期，与此前运行过什么无关；
- *按角色划分*：权重与神经元同时来自两个存储器，各自的宽度与其数据流相配。

反复扫描 $W$ 字节时，容量 $C<W$ 的 LRU 缓存**每一行都不命中**：每一行恰在再次需要之前被换出。同样大小的便笺存储器把 $C$ 字节一直留在片上，只对其余 $W-C$ 字节流式读取：
$s$ 次扫描共 $C+s\\,(W-C)$ 字节，而不是 $s\\,W$。代价是必须有人（这里是编译器）预先知道何时使用哪些数据；神经网络足够静态，可以做到（Y. Chen 等，*DaDianNao*，MICRO 2014）。`,
  },
  rows: 4,
  code: [
    { path: 'src/sim/hazards.ts', words: { en: 'reads of what nobody wrote', zh: '读取从未写入的数据' } },
    {
      path: 'src/machine/presets/textbook-single.json',
      words: { en: 'the memories of the machine', zh: '该机器的存储器' },
    },
  ],
  parameters: {
    storage: {
      kind: 'whole',
      words: { en: 'KB of cache or scratchpad', zh: '缓存或便笺存储器的容量（KB）' },
      default: 128,
      least: 4,
      most: 512,
    },
    weights: { kind: 'whole', words: { en: 'KB of weights', zh: '权重（KB）' }, default: 256, least: 4, most: 4096 },
    sweeps: { kind: 'whole', words: { en: 'sweeps over the weights', zh: '扫描次数' }, default: 2, least: 1, most: 16 },
  },
  show(out, { storage, weights, sweeps }) {
    const [bytes, size] = [storage * KB, weights * KB];
    const misses = missesOfLru(bytes, size, sweeps);
    const { text, program } = pinned(bytes, size, sweeps);
    const { result } = traced(program);
    const lines = result.total.readBurstBytes / LINE;
    out.table(
      [
        { en: `${storage} KB of`, zh: `${storage} KB 的` },
        { en: 'lines of 64 bytes moved', zh: '搬运的 64 字节行数' },
        { en: 'of the weights', zh: '相对于权重' },
      ],
      [
        [
          out.language === 'en' ? 'cache, LRU' : 'LRU 缓存',
          total(misses),
          `${(total(misses) / (size / LINE)).toFixed(2)} ×`,
        ],
        [out.language === 'en' ? 'scratchpad' : '便笺存储器', lines, `${(lines / (size / LINE)).toFixed(2)} ×`],
      ],
    );
    out.print({
      en: `Misses of the cache by sweep: ${misses.join(', ')}`,
      zh: `缓存逐次扫描的缺失数：${misses.join('、')}`,
    });
    out.listing({ en: 'the program that keeps a part', zh: '保留一部分的程序' }, text.replaceAll(/^ {4}/gm, '').trim());
  },
  async check(check) {
    check
      .row(1)
      .equal('misses of a cache of 128 KB, 256 KB swept twice', total(missesOfLru(128 * KB, WEIGHTS, 2)), 8192);
    check
      .row(2)
      .equal('lines moved by a scratchpad of 128 KB that keeps one half', linesMoved(128 * KB, WEIGHTS, 2), 6144);
    check.row(3).equal('misses of a cache of 256 KB', total(missesOfLru(WEIGHTS, WEIGHTS, 2)), 4096);
    const points = check.row(4);
    // Managed by software: what no instruction brings is not there, and what is moved is what instructions say.
    points.equal(
      'a program without transfers moves nothing',
      traced(words('li r1, 1\nhalt')).result.total.readBytes,
      0,
    );
    await points.throws(
      'and what it reads then, nobody has written',
      () => traced(words('cfg.dimi R0, 0, 64, 4\nvec.mov r0, r0, r0, R0, R0, R0, f32\nhalt')),
      /SYS-SIM-030/,
    );
    // No tags: all bytes are data, the next one is refused.
    const whole = `move DRAM WRAM[0] ${single.wram.bytes}\n`;
    points.equal('WRAM holds as many bytes as it has', traced(words(whole)).result.total.readBytes, single.wram.bytes);
    await points.throws(
      'and not one more',
      () => words(`${whole}move DRAM WRAM[${single.wram.bytes}] 1\n`),
      /SYS-ASM-062/,
    );
    // Deterministic: a sweep takes what every other takes; those of the cache do not.
    const sweep = (times: number): number => traced(pinned(128 * KB, WEIGHTS, times).program).result.cycles;
    points.equal('every further sweep takes as long', sweep(3) - sweep(2), sweep(2) - sweep(1));
    const [first, second] = missesOfLru(WEIGHTS, WEIGHTS, 2) as [number, number];
    points.holds('a cache takes what came before', first !== second);
    // Split by role: both memories are full at once.
    const both = `${whole}move DRAM NRAM[0] ${single.nram.bytes}\n`;
    points.equal(
      'NRAM is another memory',
      traced(words(both)).result.total.readBytes,
      single.wram.bytes + single.nram.bytes,
    );
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      (() => {
        const once = WEIGHTS / LINE;
        const [small, kept, large] = [
          total(missesOfLru(128 * KB, WEIGHTS, 2)),
          linesMoved(128 * KB, WEIGHTS, 2),
          total(missesOfLru(WEIGHTS, WEIGHTS, 2)),
        ];
        return [
          exact('cache128', 'misses of a cache of 128 KB', '128 KB 缓存的缺失行数', small, [
            slip(
              kept,
              'half of the lines are still there in the second sweep; LRU drops each just before it is wanted',
              '认为第二遍还有一半的行在缓存中；LRU 恰在用到之前把它们换出',
            ),
            slip(once, 'only one sweep is counted', '只算了一遍'),
          ]),
          exact('pinned128', 'lines that a scratchpad loads', '便笺存储装入的行数', kept, [
            slip(small, 'nothing is kept between the sweeps', '两遍之间什么也没有保留'),
          ]),
          exact('cache256', 'misses of a cache of 256 KB', '256 KB 缓存的缺失行数', large, [
            slip(2 * once, 'nothing is kept between the sweeps', '两遍之间什么也没有保留'),
          ]),
        ];
      })(),
    ),
});
