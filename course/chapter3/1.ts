/**
 * Exercise 3.1: neurons and trainable parameters of AlexNet, VGG19 and ResNet152. A neuron is an output element of a convolution or of a
 * fully connected layer; the elements of the input are counted apart, pooling, activation and normalisation none. The first table is that
 * of `systole summary alexnet-paper`. AlexNet as its paper has it differs from torchvision's, which the listings of torchinfo are of; these
 * count by a rule of their own (docs/counting.md).
 */

import type { Exercise } from 'systole/course';
import { alexnetPaper, buildModel, models } from 'systole/models';
import { countBy, type Summary, summaryText } from 'systole/report';
import { exportModel, nn } from 'systole/tensor';
import { countedOnce } from '../networks.ts';

export const summaryOf = async (name: string): Promise<Summary> =>
  countedOnce(await buildModel(name, { weights: false }), name);

/** AlexNet with the widths of the paper and every map seeing all before it. */
export const alexnetOfOneTower = async (): Promise<Summary> => {
  const network = nn.init.skipInit(() => alexnetPaper({ towers: false }));
  return countedOnce(
    await exportModel(network, models.get('alexnet-paper')!.inputs, { name: 'one tower' }),
    'one tower',
  );
};

const linear = ({ layers }: Summary) => layers.filter((l) => l.kind !== 'other');

export const exercise: Exercise = {
  id: '3.1',
  title: {
    en: 'Neurons and trainable parameters of AlexNet, VGG19 and ResNet152',
    zh: '计算 AlexNet、VGG19、ResNet152 的神经元数目及可训练参数数目',
  },
  rows: 9,
  async show({ print }) {
    print(summaryText(await summaryOf('alexnet-paper'), { depth: 1 }));
    for (const name of ['alexnet', 'vgg19', 'resnet152']) {
      const { parameters, neurons, inputElements } = (await summaryOf(name)).totals;
      print(`${name}: ${parameters} parameters, ${neurons} neurons, ${neurons + inputElements} with the input`);
    }
  },
  async check({ equal }) {
    const [paper, torchvision, vgg19, resnet152] = (await Promise.all(
      ['alexnet-paper', 'alexnet', 'vgg19', 'resnet152'].map(summaryOf),
    )) as [Summary, Summary, Summary, Summary];
    const withInput = ({ totals: t }: Summary): number => t.neurons + t.inputElements;
    equal(
      'AlexNet paper params per layer conv1..fc8',
      linear(paper).map((l) => l.parameters),
      [34944, 307456, 885120, 663936, 442624, 37752832, 16781312, 4097000],
    );
    equal('AlexNet paper total', paper.totals.trainable, 60965224);
    equal('AlexNet paper neurons (conv+fc) / +input', [paper.totals.neurons, withInput(paper)], [659272, 813859]);
    equal(
      'AlexNet paper neurons per layer',
      linear(paper).map((l) => l.neurons),
      [290400, 186624, 64896, 64896, 43264, 4096, 4096, 1000],
    );
    const oneTower = await alexnetOfOneTower();
    equal('AlexNet ungrouped (one tower, paper widths) params', oneTower.totals.trainable, 62378344);
    const { totals: tv } = torchvision;
    equal('AlexNet torchvision params / neurons', [tv.trainable, tv.neurons], [61100840, 494184]);
    equal(
      'VGG19 params / neurons / +input',
      [vgg19.totals.trainable, vgg19.totals.neurons, withInput(vgg19)],
      [143667240, 14861288, 15011816],
    );
    equal(
      'ResNet152 params / neurons / +input',
      [resnet152.totals.trainable, resnet152.totals.neurons, withInput(resnet152)],
      [60192808, 22555112, 22705640],
    );
    const norms = resnet152.layers.filter((l) => l.op === 'BatchNormalization');
    equal(
      'ResNet152 BN params; conv layers; fc layers',
      [
        norms.reduce((n, l) => n + l.parameters, 0),
        ...['convolution', 'product'].map((kind) => resnet152.layers.filter((l) => l.kind === kind).length),
      ],
      [151424, 155, 1],
    );
    equal(
      'torchinfo-compatible totals: mult_adds, fwd/bwd elements',
      [torchvision, vgg19, resnet152].map((s) => {
        const { total, memory } = countBy(s, 'torchinfo-0.0.4')!;
        return [total, memory!.passElements];
      }),
      [
        [775278976, 988368],
        [19775715008, 29722576],
        [11632592320, 90218448],
      ],
    );
  },
};
