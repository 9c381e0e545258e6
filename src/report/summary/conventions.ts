/**
 * Ways to count a network that others print, so that their numbers can be compared with ours. Each is a rule over the layers of a
 * summary; docs/counting.md is made of their texts.
 *
 * The rules of torchinfo go by modules with parameters. A module is known here by the names of its parameters (`layer1.0.conv1.weight`),
 * which exporters keep: what stands before the last dot.
 */
import type { Language } from '#base';
import type { Dim } from '#ir';
import type { Summary, SummaryLayer, Weight } from './summary.ts';

export const CONVENTIONS = ['systole', 'macs', 'torchinfo', 'torchinfo-0.0.4'] as const;
export type ConventionName = (typeof CONVENTIONS)[number];

/** What a convention that counts one number a layer makes of a summary. */
export interface Counted {
  readonly convention: ConventionName;
  /** By layer; null where a shape is not known. */
  readonly layers: readonly (number | null)[];
  readonly total: number;
  /** Bytes that torchinfo estimates, in its own megabytes; null for other conventions. */
  readonly memory: {
    readonly megabyte: number;
    readonly inputs: number;
    /** Twice the outputs of modules with parameters: forward, and their gradients backward. */
    readonly passes: number;
    readonly passElements: number;
    readonly parameters: number;
    readonly total: number;
  } | null;
}

interface Convention {
  /** What is counted, as a column's head. */
  readonly unit: Readonly<Record<Language, string>>;
  readonly rule: Readonly<Record<Language, string>>;
  readonly source: string;
  readonly count?: (layer: SummaryLayer) => number | null;
  /** What is added to the total beside the layers. */
  readonly beside?: (layers: readonly SummaryLayer[]) => number;
  readonly megabyte?: number;
}

export const CONVENTION: Readonly<Record<ConventionName, Convention>> = {
  systole: {
    unit: { en: 'operations', zh: '运算' },
    rule: {
      en:
        'Multiplications, additions, comparisons and transcendental functions (divisions among them) apart, for every operator. A dot product of K elements is K ' +
        'multiplications and K − 1 additions, and one more addition with a bias; MACs are those of convolutions and products. Products ' +
        'with padding count. The batch multiplies everything but parameters.',
      zh:
        '对每个算子分别统计乘法、加法、比较和超越函数（含除法）。长度为 K 的点积为 K 次乘法与 K − 1 次加法，有偏置时再加一次加法；' +
        'MAC 只计卷积与矩阵乘。与填充值的乘法计入。除参数外，各项都乘以批大小。',
    },
    source: 'src/ops: the cost rule of each operator (docs/ops.md)',
  },
  macs: {
    unit: { en: 'MACs', zh: 'MAC' },
    rule: {
      en: 'Multiply-accumulates of convolutions and products and nothing else: weights × output positions, for the whole batch; biases, normalisation, activations and pooling are free.',
      zh: '只计卷积与矩阵乘的乘加：权重数 × 输出位置数，含整个批；偏置、归一化、激活与池化不计。',
    },
    source: 'the usual MACs of papers (e.g. MobileNetV2, CVPR 2018)',
    count: (l) => l.macs,
  },
  torchinfo: {
    unit: { en: 'mult-adds', zh: 'mult-adds' },
    rule: {
      en:
        'Every parameter, biases and BatchNormalization included, counts once for each output position of the batch where its module is a convolution, and ' +
        'once for each sample of the batch (first dimension of its output) elsewhere, whatever the other dimensions are. Modules without parameters count nothing. ' +
        'Sizes: 10⁶ bytes a MB; forward/backward is twice the outputs of modules with parameters.',
      zh:
        '卷积模块的每个参数（含偏置）按批内的每个输出位置各计一次；其他模块（含 BatchNormalization）的每个参数按批内的每个样本（输出第一维）各计一次，与其余维无关。' +
        '没有参数的模块不计。大小以 10⁶ 字节为 1 MB；forward/backward 为含参数模块输出的两倍。',
    },
    source: 'torchinfo 1.8.0 (https://github.com/TylerYep/torchinfo), torchinfo/layer_info.py and model_statistics.py',
    count: (l) => modularCount(l, parametersOf(l)),
    megabyte: 1e6,
  },
  'torchinfo-0.0.4': {
    unit: { en: 'mult-adds', zh: 'mult-adds' },
    rule: {
      en:
        'Weights only, biases never, the batch not multiplied: in convolutions each weight counts once for each output position of a sample, elsewhere once (the scale of BatchNormalization too). ' +
        'Beside that, every module that holds others adds all weights below it once more, at each level: a defect of that version, ' +
        'without which the figures of the time cannot be had. Sizes: 2²⁰ bytes a MB; forward/backward is twice the outputs of modules with parameters.',
      zh:
        '只计权重，不计偏置，不乘批大小：卷积的每个权重按单个样本的每个输出位置各计一次，其他模块（含 BatchNormalization 的缩放系数）各计一次。' +
        '此外，每个含有子模块的模块在每一层级上把其下所有权重再加一次：这是该版本的缺陷，但不如此便得不到当时的数字。大小以 2²⁰ 字节为 1 MB；forward/backward 为含参数模块输出的两倍。',
    },
    source: 'torchinfo ≤ 0.0.4 (January 2021), as exercise 3.1 of the textbook was answered with it',
    count: (l) => modularCount(l, weightsOf(l), true),
    beside: (layers) => layers.flatMap((l) => weightsOf(l)).reduce((n, w) => n + w.elements * levelsAbove(w.name), 0),
    megabyte: 2 ** 20,
  },
};

const parametersOf = (l: SummaryLayer): readonly Weight[] => l.weights.filter((w) => w.kind !== 'statistic');
const weightsOf = (l: SummaryLayer): readonly Weight[] => l.weights.filter((w) => w.kind === 'weight');

/** Modules that hold the one of a parameter, the network itself apart: `layer1.0.conv1.weight` stands in two. */
const levelsAbove = (name: string): number => Math.max(0, name.split('.').length - 2);

/** Convolutions by output position, everything else by sample. */
function modularCount(l: SummaryLayer, weights: readonly Weight[], oneSample = false): number | null {
  if (weights.length === 0) return 0;
  const dims = l.outputShape;
  if (dims === null || !dims.every((d): d is number => typeof d === 'number')) return null;
  const elements = weights.reduce((n, w) => n + w.elements, 0);
  const batch = oneSample ? 1 : (dims[0] ?? 1);
  const positions = l.op.includes('Conv') ? dims.slice(2).reduce((n, d) => n * d, 1) : 1;
  return elements * batch * positions;
}

/** Counts a summary by a convention. @returns undefined for `systole`, whose figures the summary has itself */
export function countBy(summary: Summary, name: ConventionName): Counted | undefined {
  const { count, beside, megabyte } = CONVENTION[name];
  if (count === undefined) return undefined;
  const layers = summary.layers.map(count);
  const total = layers.reduce<number>((n, c) => n + (c ?? 0), beside?.(summary.layers) ?? 0);
  return { convention: name, layers, total, memory: megabyte === undefined ? null : memoryOf(summary, megabyte) };
}

function memoryOf(summary: Summary, megabyte: number): NonNullable<Counted['memory']> {
  const elements = (shape: readonly Dim[] | null): number =>
    (shape ?? []).reduce<number>((n, d) => n * (typeof d === 'number' ? d : 0), shape === null ? 0 : 1);
  // A module may be several nodes (a product and its bias): its output counts once.
  const modules = new Set<string>();
  let passElements = 0;
  for (const layer of summary.layers) {
    const [first] = parametersOf(layer);
    if (first === undefined) continue;
    const module = first.name.includes('.') ? first.name.slice(0, first.name.lastIndexOf('.')) : layer.name;
    if (modules.has(module)) continue;
    modules.add(module);
    passElements += 2 * elements(layer.outputShape);
  }
  const inputs = 4 * summary.totals.inputElements;
  const parameters = summary.totals.parameterBytes;
  const passes = 4 * passElements;
  return { megabyte, inputs, passes, passElements, parameters, total: inputs + passes + parameters };
}
