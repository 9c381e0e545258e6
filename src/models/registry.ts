/** The networks by name, as the command line and the documentation know them. */
import { diagnostic, nearestName } from '#base';
import type { Model } from '#ir';
import { exportModel, type Generator, type InputSpec, nn, type Tensor } from '#tensor';
import { alexnet, alexnetPaper } from './alexnet.ts';
import { dcganDiscriminator, dcganGenerator } from './dcgan.ts';
import { densenet121 } from './densenet.ts';
import { lenet5, lenet5Original } from './lenet5.ts';
import { adderMlp, mlp } from './mlp.ts';
import { mobileNetV2 } from './mobilenetV2.ts';
import type { NetworkOptions } from './options.ts';
import { resnet18, resnet34, resnet50, resnet101, resnet152 } from './resnet.ts';
import { lstmDigits, transformerText } from './sequences.ts';
import { squeezeNet10, squeezeNet11 } from './squeezenet.ts';
import { vgg16, vgg19 } from './vgg.ts';
import { vitB16, vitSmall } from './vit.ts';

const unknownNetwork = diagnostic<{ name: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-MOD-001',
  'usage',
  {
    en: (p) =>
      `there is no network '${p.name}'${p.nearest === undefined ? '' : `; did you mean '${p.nearest}'?`} Networks: ${p.known.join(', ')}.`,
    zh: (p) =>
      `没有名为“${p.name}”的网络${p.nearest === undefined ? '' : `；是否指“${p.nearest}”？`}可用的网络：${p.known.join('、')}。`,
  },
);

/** What every entry's builder takes. */
export interface BuildOptions {
  readonly generator?: Generator;
}

/** A network that tells pictures apart, of any classes. */
export interface PictureNetwork {
  readonly build: (options: NetworkOptions) => nn.Module & { forward(x: Tensor): Tensor };
  /** Height and width of the pictures that it was made for. */
  readonly size: number;
  /** Whether it takes others. */
  readonly takesAnySize: boolean;
}

export interface ModelEntry {
  readonly build: (options?: BuildOptions) => nn.Module;
  /** Inputs by name; the batch is open. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly output: string;
  /** Where it tells pictures of three channels apart. */
  readonly pictures?: PictureNetwork;
  readonly does: { readonly en: string; readonly zh: string };
}

const image = (size: number, channels = 3): Readonly<Record<string, InputSpec>> => ({
  input: ['N', channels, size, size],
});

const entry = (
  build: ModelEntry['build'],
  inputs: ModelEntry['inputs'],
  en: string,
  zh: string,
  output = 'logits',
): ModelEntry => ({ build, inputs, output, does: { en, zh } });

/** A network that tells pictures apart, of ImageNet's thousand classes by default. */
const pictures = (
  build: PictureNetwork['build'],
  en: string,
  zh: string,
  { size = 224, takesAnySize = true }: Partial<Omit<PictureNetwork, 'build'>> = {},
): ModelEntry => ({ ...entry((o = {}) => build(o), image(size), en, zh), pictures: { build, size, takesAnySize } });

/** Networks by name. */
export const models: ReadonlyMap<string, ModelEntry> = new Map(
  Object.entries({
    mlp: entry(
      (o) => mlp([784, 512, 10], o),
      image(28, 1),
      'digits by two fully connected layers',
      '两层全连接的数字识别',
    ),
    'adder-mlp': entry(
      adderMlp,
      { bits: ['N', 9] },
      'the 4-bit full adder, to be trained (exercise 2.11)',
      '待训练的 4 位全加器（练习 2.11）',
    ),
    lenet5: entry((o) => lenet5(o), image(28, 1), 'LeNet-5 as it is written today', '现今写法的 LeNet-5'),
    'lenet5-tanh': entry(
      (o) => lenet5({ variant: 'tanh', ...o }),
      image(28, 1),
      'the same with tanh and average pooling',
      '同上，采用 tanh 与平均池化',
    ),
    'lenet5-1998': entry(
      lenet5Original,
      image(28, 1),
      'LeNet-5 as the paper has it; results are distances to the classes',
      '论文原版 LeNet-5；输出为到各类编码的距离',
      'distances',
    ),
    'alexnet-paper': pictures(alexnetPaper, 'AlexNet in two towers (2012)', '双塔 AlexNet（2012）', {
      size: 227,
      takesAnySize: false,
    }),
    alexnet: pictures(alexnet, "torchvision's AlexNet (2014)", 'torchvision 版 AlexNet（2014）'),
    vgg16: pictures(vgg16, 'VGG of 16 layers', '16 层 VGG'),
    vgg19: pictures(vgg19, 'VGG of 19 layers', '19 层 VGG'),
    resnet18: pictures(resnet18, 'ResNet of 18 layers', '18 层 ResNet'),
    resnet34: pictures(resnet34, 'ResNet of 34 layers', '34 层 ResNet'),
    resnet50: pictures(resnet50, 'ResNet of 50 layers, with bottlenecks', '50 层 ResNet（瓶颈结构）'),
    resnet101: pictures(resnet101, 'ResNet of 101 layers', '101 层 ResNet'),
    resnet152: pictures(resnet152, 'ResNet of 152 layers', '152 层 ResNet'),
    'mobilenet-v2': pictures(mobileNetV2, 'MobileNetV2', 'MobileNetV2'),
    'squeezenet-1.0': pictures(squeezeNet10, 'SqueezeNet', 'SqueezeNet'),
    squeezenet: pictures(squeezeNet11, 'SqueezeNet 1.1', 'SqueezeNet 1.1'),
    densenet121: pictures(densenet121, 'DenseNet of 121 layers', '121 层 DenseNet'),
    'vit-b-16': pictures(
      vitB16,
      'vision transformer, base size, patches of 16 × 16',
      '视觉 Transformer（base，16 × 16 图块）',
      { takesAnySize: false },
    ),
    'vit-small': pictures(
      vitSmall,
      'a small vision transformer for pictures of 32 × 32',
      '用于 32 × 32 图像的小型视觉 Transformer',
      { size: 32, takesAnySize: false },
    ),
    transformer: entry(
      transformerText,
      { tokens: { shape: ['N', 128], dtype: 'i64' } },
      'a transformer encoder that classifies 128 bytes of text',
      '对 128 字节文本分类的 Transformer 编码器',
    ),
    lstm: entry(lstmDigits, { rows: ['N', 28, 28] }, 'digits read row by row by an LSTM', '逐行读取数字的 LSTM'),
    'dcgan-generator': entry(
      (o) => dcganGenerator(o),
      { noise: ['N', 100, 1, 1] },
      'DCGAN: numbers to pictures of 64 × 64',
      'DCGAN 生成器：由随机数生成 64 × 64 图像',
      'image',
    ),
    'dcgan-discriminator': entry(
      (o) => dcganDiscriminator(o),
      image(64),
      'DCGAN: whether pictures of 64 × 64 are real',
      'DCGAN 判别器：判断 64 × 64 图像的真伪',
    ),
  } satisfies Record<string, ModelEntry>),
);

/**
 * The entry of a name.
 * @throws SYS-MOD-001 there is none
 */
export function findModel(name: string): ModelEntry {
  const found = models.get(name);
  const known = [...models.keys()];
  if (found === undefined) throw unknownNetwork({ name, nearest: nearestName(name, known), known });
  return found;
}

export interface BuildModelOptions extends BuildOptions {
  /** false: all weights 0, held as one element each, for counting and timing alone. True by default. */
  readonly weights?: boolean;
}

/**
 * A network of the registry as an ONNX model, its batch open as N.
 * @throws SYS-MOD-001 there is none of that name
 */
export async function buildModel(name: string, { weights = true, ...options }: BuildModelOptions = {}): Promise<Model> {
  const { build, inputs, output } = findModel(name);
  const network = weights ? build(options) : nn.init.skipInit(() => build(options));
  return exportModel(network, inputs, { name, outputs: [output] });
}
