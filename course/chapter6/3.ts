/**
 * Exercise 6.3: a deep-learning processor behind a memory of 12.8 GB/s (the printed Gb/s is surely GB/s: DDR3-1600 of 64 bits) against one with a
 * single arithmetic unit; how much faster can a fully connected layer be?
 * `systole estimate fully-connected --bandwidth 12.8 --bits 32` prints it.
 */

import { defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import { fullyConnectedSpeedUp, fullyConnectedText } from 'systole/report';

const speedUp = (bandwidth: number, bits: number, rate: number, batch = 1): number =>
  fullyConnectedSpeedUp({ bandwidth, bits, rate, batch }).speedUp;

const BITS = [32, 16, 8];
/** 12.8 GB/s, and the same of Gb/s. */
const [BYTES, ITS_BITS] = [12.8e9, 1.6e9];

/** What a student is asked for: with weights of 32 bits (the number alone), of 16 and of 8. */
function asked({
  bandwidth,
  rate,
  batch,
}: {
  readonly bandwidth: number;
  readonly rate: number;
  readonly batch: number;
}) {
  return BITS.map((bits): NumberField => {
    const expected = speedUp(bandwidth, bits, rate, batch);
    return {
      name: `bits${bits}`,
      main: bits === 32,
      words: { en: `times as fast, weights of ${bits} bits`, zh: `加速倍数，${bits} 位权重` },
      expected,
      tolerance: 1e-3 * expected,
      slips: [
        {
          value: bandwidth,
          words: {
            en: 'the bandwidth is given: it is a rate, and the single unit works at the same time, so divide by its rate',
            zh: '给出的是带宽；带宽是速率，单个 ALU 在同一时间内也在工作，应除以它的速率',
          },
        },
        {
          value: bandwidth / rate,
          words: { en: 'bytes are counted, not weights', zh: '计了字节数，而不是权重数' },
        },
      ],
    };
  });
}

export const exercise = defineExercise({
  id: '6.3',
  title: {
    en: 'The ideal speed-up of a fully connected layer',
    zh: 'PCIe+DDR3，带宽 12.8Gb/s，与只有一个 ALU 的 DLP 相比，全连接层最理想加速比',
  },
  asked: {
    en: 'A deep-learning processor reads through PCIe from DDR3 at 12.8 Gb/s. Compared with a processor that has a single arithmetic unit, how much faster can it do a fully connected layer at best? Hand in the numbers `bits32`, `bits16`, `bits8`. They are for weights of so many bits; one number alone is that of 32.',
    zh: '某深度学习处理器通过 PCIe 从 DDR3 读取数据，带宽 12.8 Gb/s。与只有一个 ALU 的处理器相比，做全连接层最理想能快多少？请提交数值 `bits32`、`bits16`、`bits8`。数字为权重位数；只交一个数时为 32 位。',
  },
  claimed: {
    en: `Claimed: 12.8 G times, since 12.8 Gb are read at once and computed in parallel. That takes a *rate* for an amount: 12.8 Gb come in a second, not at once, and in that second the single
unit works, too. A ratio of two machines has no unit; “12.8 G” would change if the second were replaced by the minute. Right is the ratio of two rates, weights a second from memory and multiply-accumulates a
second of the unit: 3.2 for 32 bits, 12.8 GB/s and one MAC a nanosecond.`,
    zh: `原答案称 12.8 G 倍，理由是一次读入 12.8 Gb 并行计算。这把*速率*当成了数量：12.8 Gb 是一秒内到达的，不是一次到达的，而在这一秒里单个 ALU 也在工作。
两台机器之比没有单位；若把秒换成分，“12.8 G”就会变。正确的是两个速率之比：存储器每秒送来的权重数，与 ALU 每秒的乘累加数。32 位、12.8 GB/s、每纳秒一次乘累加时为 3.2。`,
  },
  explanation: {
    en: `With one sample each weight of a fully connected layer is used once. So memory brings work for
$$r_{mem} = \\frac{BW \\cdot B}{b}$$
multiply-accumulates a second ($BW$ bandwidth in bytes, $b$ bytes of a weight, $B$ samples that share a weight), and no array can do more. A single unit does $r$ of them, but no more than memory brings either:
$$S = \\max\\left(1, \\frac{\\min(r_{mem}, r_{array})}{r}\\right).$$

With 12.8 GB/s (DDR3-1600 over 64 bits is exactly that, and the printed Gb/s is surely a slip) and a unit of one MAC a nanosecond, $S$ is 3.2, 6.4, 12.8 for 32, 16, 8 bits; twice that if
the unit needs two cycles a MAC. Taken literally, 12.8 Gb/s are 1.6 GB/s: one unit then keeps up with memory at 32 and at 16 bits, and $S = 1$. A batch of 32 makes 102.4, until the
array itself is the bound.

So fully connected layers gain from narrower weights, from batches and from bandwidth, and not from multipliers.

Source: S. Williams, A. Waterman, D. Patterson, *Roofline*, CACM 2009; JEDEC JESD79-3 (DDR3).`,
    zh: `只有一个样本时，全连接层的每个权重只用一次。因此存储器每秒带来
$$r_{mem} = \\frac{BW \\cdot B}{b}$$
次乘累加的数据（$BW$ 为每秒字节数，$b$ 为每个权重的字节数，$B$ 为共用一个权重的样本数），任何阵列都不可能做得更多。单个 ALU 每秒做 $r$ 次，同样不超过存储器所给：
$$S = \\max\\left(1, \\frac{\\min(r_{mem}, r_{array})}{r}\\right)$$

若带宽为 12.8 GB/s（64 位的 DDR3-1600 正是如此，题中 Gb/s 应为笔误），ALU 每纳秒一次乘累加，则 32、16、8 位时 $S$ 为 3.2、6.4、12.8；若 ALU 每次乘累加需两个周期则再翻倍。
若照字面取 12.8 Gb/s，即 1.6 GB/s：在 32 位和 16 位时单个 ALU 就已跟得上存储器，$S = 1$。批大小 32 时为 102.4，直到阵列本身成为瓶颈。

可见全连接层的收益来自更窄的权重、更大的批和更高的带宽，而不是更多的乘法器。

出处：S. Williams、A. Waterman、D. Patterson，*Roofline*，CACM 2009；JEDEC JESD79-3（DDR3）。`,
  },
  rows: 5,
  code: [
    { path: 'src/report/analytic/fullyConnected.ts', words: { en: 'The bound', zh: '上界的计算' } },
    {
      path: 'src/report/analytic/roofline.ts',
      words: { en: 'The roofline that it follows from', zh: '它所依据的 Roofline' },
    },
  ],
  parameters: {
    bandwidth: {
      kind: 'real',
      words: { en: 'bandwidth in GB/s', zh: '带宽（GB/s）' },
      default: 12.8,
      least: 0.001,
      most: 1e6,
    },
    rate: {
      kind: 'real',
      words: { en: 'multiply-accumulates a nanosecond of the single unit', zh: '单个 ALU 每纳秒的乘累加次数' },
      default: 1,
      least: 0.001,
      most: 1000,
    },
    batch: {
      kind: 'whole',
      words: { en: 'samples that share a weight', zh: '共用一个权重的样本数' },
      default: 1,
      least: 1,
      most: 65536,
    },
  },
  show({ listing, language }, { bandwidth, rate, batch }) {
    for (const bits of BITS) {
      const layer = { bandwidth: bandwidth * 1e9, bits, rate: rate * 1e9, batch };
      listing(
        { en: `weights of ${bits} bits`, zh: `${bits} 位权重` },
        fullyConnectedText(layer, fullyConnectedSpeedUp(layer), { language }),
      );
    }
  },
  check(check) {
    const rows = [
      ['12.8 GB/s, one MAC a nanosecond: 32, 16, 8 bits', BYTES, 1e9, [3.2, 6.4, 12.8]],
      ['12.8 GB/s, half a MAC a nanosecond: 32, 16, 8 bits', BYTES, 0.5e9, [6.4, 12.8, 25.6]],
      ['12.8 Gb/s, one MAC a nanosecond: 32, 16, 8 bits', ITS_BITS, 1e9, [1, 1, 1.6]],
      ['12.8 Gb/s, half a MAC a nanosecond: 32, 16, 8 bits', ITS_BITS, 0.5e9, [1, 1.6, 3.2]],
    ] as const;
    for (const [i, [what, bandwidth, rate, expected]] of rows.entries()) {
      const found = BITS.map((bits) => speedUp(bandwidth, bits, rate));
      check.row(i + 1).close(what, found, expected, 1e-12);
    }
    check.row(5).close('batch 32, 12.8 GB/s, 32 bits', speedUp(BYTES, 32, 1e9, 32), 102.4, 1e-9);
    const bounded = fullyConnectedSpeedUp({ bandwidth: BYTES, bits: 32, rate: 1e9, batch: 32, peak: 64e9 });
    const fields = asked({ bandwidth: BYTES, rate: 1e9, batch: 1 });
    const claimed = judgeNumbers({ kind: 'numbers', values: { answer: 12.8e9 } }, fields);
    check.holds('of the claimed answer it is said why it is none', /a rate/.test(claimed.findings[0]!.words.en));
    check.equal('until the array limits: 64 MACs a nanosecond', [bounded.speedUp, bounded.bound], [64, 'array']);
  },

  judge: (submission, { bandwidth, rate, batch }) =>
    judgeNumbers(submission, asked({ bandwidth: bandwidth * 1e9, rate: rate * 1e9, batch })),
});
