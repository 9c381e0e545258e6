/**
 * Exercise 3.2: multiplications and additions of one forward pass, apart. A dot product of K elements is K multiplications and K − 1
 * additions, and one more with a bias; exponentials, divisions, powers and comparisons are listed, not converted. Of convolutions and
 * fully connected layers alone and of all layers: both stand below the table of `systole summary`. Normalisation across channels (LRN)
 * adds up neighbours within a tower, as the paper's network is drawn; across the channels of both, as many answers have it, the additions
 * are 2362596 instead of 2340072.
 */

import type { Exercise } from 'systole/course';
import { models, resnet152 } from 'systole/models';
import type { Amounts, Summary } from 'systole/report';
import { exportModel, nn } from 'systole/tensor';
import { countedOnce } from '../networks.ts';
import { alexnetOfOneTower, summaryOf } from './1.ts';

const linear = ({ totals: { kinds } }: Summary, key: keyof Amounts): number =>
  kinds.convolution[key] + kinds.product[key];

/** The paper's, whose bottlenecks stride in the first convolution (v1). */
async function resnet152OfThePaper(): Promise<Summary> {
  const network = nn.init.skipInit(() => resnet152({ strideFirst: true }));
  return countedOnce(await exportModel(network, models.get('resnet152')!.inputs, { name: 'v1' }), 'v1');
}

const ofOperator = ({ layers }: Summary, op: string, key: keyof Amounts): number =>
  layers.filter((l) => l.op === op).reduce((n, l) => n + l[key]!, 0);

const lrn = (s: Summary): readonly number[] =>
  (['multiplications', 'additions', 'divisions', 'powers'] as const).map((key) => ofOperator(s, 'LRN', key));

export const exercise: Exercise = {
  id: '3.2',
  title: {
    en: 'Multiplications and additions of one forward pass',
    zh: '计算三个网络一次正向过程所需的乘法数量和加法数量',
  },
  rows: 9,
  async show({ print }) {
    for (const name of ['alexnet-paper', 'vgg19', 'resnet152']) {
      const summary = await summaryOf(name);
      const { totals: t } = summary;
      print(
        `${name}: convolutions and fully connected layers ${linear(summary, 'multiplications')} multiplications and ` +
          `${linear(summary, 'additions')} additions; all layers ${t.multiplications} and ${t.additions}, ` +
          `${t.comparisons} comparisons, ${t.exponentials} exponentials, ${t.divisions} divisions, ${t.powers} powers`,
      );
    }
  },
  async check({ equal, holds }) {
    const [paper, torchvision, vgg19, resnet] = (await Promise.all(
      ['alexnet-paper', 'alexnet', 'vgg19', 'resnet152'].map(summaryOf),
    )) as [Summary, Summary, Summary, Summary];
    const both = (s: Summary): readonly number[] => [linear(s, 'multiplications'), linear(s, 'additions')];
    const kinds = ({ totals: { kinds } }: Summary): readonly number[] => [
      kinds.convolution.multiplications,
      kinds.product.multiplications,
    ];
    equal('AlexNet paper (conv+fc) mul = add', both(paper), [724406816, 724406816]);
    equal('  of which conv / fc', kinds(paper), [665784864, 58621952]);
    equal(
      'AlexNet paper per layer conv1..fc8, mul = add',
      paper.layers.filter((l) => l.kind !== 'other').map((l) => [l.multiplications, l.additions]),
      [105415200, 223948800, 149520384, 112140288, 74760192, 37748736, 16777216, 4096000].map((n) => [n, n]),
    );
    const joint = lrn(await alexnetOfOneTower());
    equal('AlexNet paper LRN extra: mul, add, div, pow', joint, [954048, 2362596, 477024, 477024]);
    equal('  in each tower by itself', lrn(paper), [954048, 2340072, 477024, 477024]);
    equal('AlexNet torchvision mul = add', both(torchvision), [714188480, 714188480]);
    equal(
      'VGG19 mul = add (conv / fc)',
      [...both(vgg19), ...kinds(vgg19)],
      [19632062464, 19632062464, 19508428800, 123633664],
    );
    equal('ResNet152 v1.5 conv+fc mul, add', both(resnet), [11513626624, 11491072512]);
    equal(
      'ResNet152 all: +BN, residual, avgpool: mul, add',
      [resnet.totals.multiplications, resnet.totals.additions],
      [11536182784, 11526871040],
    );
    equal('ResNet152 v1 (stride in 1x1) MACs', (await resnet152OfThePaper()).totals.macs, 11282415616);
    equal(
      'max-pool comparisons AlexNet-paper, VGG19, ResNet152',
      [paper, vgg19, resnet].map((s) => ofOperator(s, 'MaxPool', 'comparisons')),
      [979712, 4591104, 1605632],
    );
    const { other } = (await summaryOf('transformer')).totals.kinds;
    holds('exponentials and divisions are listed where there are any', other.exponentials > 0 && other.divisions > 0);
  },
};
