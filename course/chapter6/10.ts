/**
 * Exercise 6.10: the roofline of the processor: 2·N operations a nanosecond at most, a slope of 12.8 GB/s, and networks at the operations for each byte of
 * their layers' inputs, weights and outputs, moved once each.
 *   systole plot roofline alexnet-paper vgg19 resnet152 --machine textbook-ch6 --multipliers 16,64,256,1024,4096 -o roofline.svg
 */

import { defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import { type Machine, presets } from 'systole/machine';
import {
  analyticRoofline,
  analyticRooflineText,
  attainable,
  charts,
  PAPER_ALEXNET,
  ridge,
  roofOf,
} from 'systole/report';
import { RESNET152, VGG19 } from './networks.ts';

const chapter6 = presets.get('textbook-ch6')!;
const SIZES = [16, 64, 256, 1024, 4096];
const NETWORKS = [
  { name: 'AlexNet', layers: PAPER_ALEXNET },
  { name: 'VGG19', layers: VGG19 },
  { name: 'ResNet152', layers: RESNET152 },
];

const roofline = (networks: typeof NETWORKS, machine: Machine = chapter6, bits = 32) =>
  analyticRoofline(machine, networks, { bits, multipliers: SIZES });

export const exercise = defineExercise({
  id: '6.10',
  title: { en: 'The roofline of the processor', zh: '画出 DLP 的 Roofline 图' },
  asked: {
    en: 'Draw the roofline of the deep-learning processor, and mark where networks stand on it. Hand in the numbers `ridge16`, `ridge64`, `ridge256`, `ridge1024`, `ridge4096`, `alexnet`, `vgg19`, `resnet152`. They are the ridges of so many multipliers and the intensities of the networks, in operations a byte.',
    zh: '画出深度学习处理器的 Roofline 图，并标出各网络的位置。请提交数值 `ridge16`、`ridge64`、`ridge256`、`ridge1024`、`ridge4096`、`alexnet`、`vgg19`、`resnet152`。分别为相应乘法器个数的脊点与各网络的计算强度（每字节运算次数）。',
  },
  explanation: {
    en: `Work that does $I$ operations for each byte that it moves can run at
$$P(I) = \\min(P_{peak},\\; I \\cdot BW)$$
operations a second at most. With $N$ multipliers at 1 GHz $P_{peak} = 2N$ GFLOP/s (a multiply-accumulate is two operations), the slope is $BW = 12.8$ GB/s, and the ridge, where the one becomes the other, lies at
$$I_{ridge} = \\frac{2N}{12.8}\\ \\text{FLOP/byte}:$$
2.5, 10, 40, 160, 640 for 16 to 4096 multipliers.

Where does a network stand? With batch 1 and each word of every layer moved once, AlexNet has 5.84 operations a byte, VGG19 58.1 and ResNet152 55.0. So AlexNet is bound by memory from $N = 64$ on, at 74.7 GFLOP/s whatever the
array; the other two reach the 512 GFLOP/s of $N = 256$ and are bound beyond. The reason is one kind of layer: fully connected ones have
0.5 operations a byte, two for each weight of four bytes, and so 6.4 GFLOP/s at best.

The single-core machine of chapter 7 has 256 multipliers behind 64 GB/s: its ridge lies at 8.

Source: S. Williams, A. Waterman, D. Patterson, *Roofline: an insightful visual performance model for multicore architectures*, CACM 52(4), 2009.`,
    zh: `若某项计算每搬运一字节做 $I$ 次运算，则其速度最多为每秒
$$P(I) = \\min(P_{peak},\\; I \\cdot BW)$$
次运算。$N$ 个乘法器、主频 1 GHz 时 $P_{peak} = 2N$ GFLOP/s（一次乘累加算两次运算），斜率 $BW = 12.8$ GB/s，两段的交点（脊点）位于
$$I_{ridge} = \\frac{2N}{12.8}\\ \\text{FLOP/字节}$$
乘法器为 16～4096 个时依次为 2.5、10、40、160、640。

网络位于何处？批大小为 1、各层每个字只搬一次时，AlexNet 每字节 5.84 次运算，VGG19 为 58.1，ResNet152 为 55.0。因此 $N \\ge 64$ 时 AlexNet 受存储限制，无论阵列多大都是 74.7 GFLOP/s；
另两个网络可达 $N = 256$ 的 512 GFLOP/s，再大也受存储限制。根源在于全连接层：每个四字节的权重只做两次运算，即每字节 0.5 次，最多 6.4 GFLOP/s。

第 7 章的单核机器有 256 个乘法器、带宽 64 GB/s，脊点为 8。

出处：S. Williams、A. Waterman、D. Patterson，*Roofline: an insightful visual performance model for multicore architectures*，CACM 52(4)，2009。`,
  },
  rows: 7,
  code: [
    {
      path: 'src/report/analytic/networkRoofline.ts',
      words: { en: 'Networks under the roofs', zh: '各网络在 Roofline 上的位置' },
    },
    { path: 'src/report/pictures/roofline.ts', words: { en: 'The picture', zh: '画图' } },
    {
      path: 'course/chapter6/networks.ts',
      words: { en: 'VGG19 and ResNet152 as lists of layers', zh: 'VGG19 与 ResNet152 的层表' },
    },
  ],
  parameters: {
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-ch6' },
    bits: {
      kind: 'choice',
      words: { en: 'bits of a word', zh: '字长（位）' },
      default: '32',
      among: ['32', '16', '8'],
    },
  },
  async show({ listing, picture, language }, { machine, bits }) {
    const all = roofline(NETWORKS, machine, Number(bits));
    listing({ en: 'networks', zh: '各网络' }, analyticRooflineText(all, { language }));
    const layers = roofline(NETWORKS.slice(0, 1), machine, Number(bits));
    listing({ en: 'layers of AlexNet', zh: 'AlexNet 各层' }, analyticRooflineText(layers, { language }));
    const { rooflinePicture } = await charts();
    // At the roof of 256 multipliers.
    const points = all.points.map((p) => ({ ...p, performance: p.attainable[2]! }));
    picture('roofline', rooflinePicture(machine, points, { arrays: all.roofs, language }), {
      en: `Roofline of ${machine.name} for 16 to 4096 multipliers; AlexNet on the slope, VGG19 and ResNet152 near the ridge of 256`,
      zh: `${machine.name} 的 Roofline，乘法器 16～4096 个；AlexNet 在斜坡上，VGG19 与 ResNet152 靠近 256 个乘法器的脊点`,
    });
  },
  async check(check) {
    const { roofs, points } = roofline(NETWORKS);
    check.row(1).equal(
      'ridges, 16, 64, 256, 1024, 4096 multipliers',
      roofs.map((r) => r.ridge),
      [2.5, 10, 40, 160, 640],
    );
    check.row(2).equal(
      'words of AlexNet, VGG19, ResNet152',
      points.map((p) => p.words),
      [62028963, 168933544, 104700072],
    );
    check.row(3).close(
      'operations a byte, 32 bits',
      points.map((p) => p.intensity),
      [5.8393, 58.1059, 54.9839],
      1e-4,
    );
    const gflops = (size: number): readonly number[] => points.map((p) => p.attainable[SIZES.indexOf(size)]! / 1e9);
    check.row(4).close('attainable GFLOP/s, 256 multipliers', gflops(256), [74.74, 512, 512], 0.01);
    check.row(5).close('attainable GFLOP/s, 1024 multipliers', gflops(1024), [74.74, 743.76, 703.79], 0.01);
    const layers = roofline(NETWORKS.slice(0, 1)).points.filter((p) => p.kind === 'layer');
    check.row(6).close(
      'operations a byte of the layers of AlexNet, 32 bits',
      layers.map((p) => p.intensity),
      [109.8453, 198.6038, 75.2951, 70.6757, 67.8986, 0.4998, 0.4998, 0.4994],
      1e-4,
    );
    const single = presets.get('textbook-single')!;
    check.row(7).equal('the single-core machine of 7.7: ridge', ridge(roofOf(single)), 8);
    const connected = roofs.slice(2).map(({ peak }) => attainable({ peak, bandwidth: 12.8e9 }, 0.5) / 1e9);
    check.equal('a fully connected layer of 0.5 operations a byte, GFLOP/s', connected, [6.4, 6.4, 6.4]);
    const { rooflinePicture } = await charts();
    const shown = points.map((p) => ({ ...p, performance: p.attainable[2]! }));
    const svg = rooflinePicture(chapter6, shown, { arrays: roofs });
    check.holds(
      'the picture names every network and every ridge',
      [...NETWORKS.map((n) => n.name), ...roofs.map((r) => `ridge ${r.ridge}`)].every((name) => svg.includes(name)),
    );
  },

  judge(submission, { machine, bits }) {
    const { roofs, points } = roofline(NETWORKS, machine, Number(bits));
    return judgeNumbers(submission, [
      ...roofs.map(
        ({ multipliers, ridge: expected }): NumberField => ({
          name: `ridge${multipliers}`,
          words: {
            en: `ridge of ${multipliers} multipliers, operations a byte`,
            zh: `${multipliers} 个乘法器的脊点，每字节运算次数`,
          },
          expected,
          tolerance: 1e-3 * expected,
          slips: [
            {
              value: expected / 2,
              words: {
                en: 'a multiply-accumulate is counted as one operation, not two',
                zh: '把一次乘累加只算作一次运算，而应为两次',
              },
            },
          ],
        }),
      ),
      ...points.map(
        ({ name, intensity: expected }): NumberField => ({
          name: name.toLowerCase(),
          words: { en: `operations a byte of ${name}`, zh: `${name} 每字节的运算次数` },
          expected,
          tolerance: 1e-3 * expected,
        }),
      ),
    ]);
  },
});
