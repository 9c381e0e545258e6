/**
 * The summary of a network: for each node its output, parameters and work, whatever machine will run it.
 * It reads a model whose weights are constants and whose shapes are known, so run the passes of SUMMARY_PASSES before
 * (`runPasses(model, { steps: pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name)) })`), and no others: folding
 * BatchNormalization or fusing nodes would change what is counted.
 *
 * - parameters: elements of the float constants that a node reads, and of quantised weights, each constant at its first reader; scalars and
 *   settings (limits of Clip, scales of Resize, …) are none. Running mean and variance of BatchNormalization are statistics,
 *   counted apart, as training frameworks do.
 * - neurons: output elements of Conv, ConvTranspose, Gemm and MatMul, of integers too; pooling, activation and normalisation count none.
 * - bytes: each input and each output once, weights included.
 *
 * Other ways to count stand in `conventions.ts`; all are explained in docs/counting.md.
 */
import { BITS, type DataType, type Dim, elementCount, type GraphNode, type Model, type Tensor, typeOf } from '#ir';
import { isOnnxDomain } from '#ops';
import { knownCost } from '../knownCost.ts';

/** Names of the passes to run before. */
export const SUMMARY_PASSES: ReadonlySet<string> = new Set(['bindDims', 'removeDeadNodes', 'foldConstants']);

export interface Amounts {
  readonly parameters: number;
  readonly statistics: number;
  readonly neurons: number;
  readonly macs: number;
  readonly multiplications: number;
  readonly additions: number;
  readonly comparisons: number;
  readonly exponentials: number;
  readonly divisions: number;
  readonly powers: number;
  /** √, logarithm, tanh, erf, sine, cosine. */
  readonly otherFunctions: number;
  /** Exponentials, divisions, powers and other functions together. */
  readonly transcendentals: number;
  readonly bytes: number;
}

export type Work = Exclude<keyof Amounts, 'parameters' | 'statistics'>;

/** What a layer is when only convolutions and fully connected layers are to be counted, as papers do. */
export const LAYER_KINDS = ['convolution', 'product', 'other'] as const;
export type LayerKind = (typeof LAYER_KINDS)[number];

/** A constant that a node weighs with, at its first reader. */
export interface Weight {
  readonly name: string;
  readonly elements: number;
  readonly dtype: DataType;
  /** What is added to sums, or shifts what is normalised, is a bias. */
  readonly kind: 'weight' | 'bias' | 'statistic';
}

/** Work is null where the operator has no cost rule or a shape is not known. */
export interface SummaryLayer extends Pick<Amounts, 'parameters' | 'statistics'> {
  readonly name: string;
  readonly op: string;
  /** Products are fully connected layers and the matrix products of attention. */
  readonly kind: LayerKind;
  /** undefined: not even the rank is known. */
  readonly outputShape: readonly Dim[] | null;
  readonly neurons: number | null;
  readonly macs: number | null;
  readonly multiplications: number | null;
  readonly additions: number | null;
  readonly comparisons: number | null;
  readonly exponentials: number | null;
  readonly divisions: number | null;
  readonly powers: number | null;
  readonly otherFunctions: number | null;
  readonly transcendentals: number | null;
  readonly bytes: number | null;
  readonly weights: readonly Weight[];
}

export interface Summary {
  readonly model: string;
  readonly inputs: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly Dim[] | null }[];
  readonly layers: readonly SummaryLayer[];
  readonly totals: Amounts & {
    /** The same by kind of layer. */
    readonly kinds: Readonly<Record<LayerKind, Amounts>>;
    /** Elements of the network's inputs, which some conventions count as neurons too. */
    readonly inputElements: number;
    readonly parameterBytes: number;
    /** Parameters that training can change: floats. Codes of quantised weights are fixed. */
    readonly trainable: number;
    /** Multiplications and additions for each byte that layers read and write; null where nothing is moved. */
    readonly intensity: number | null;
    /** Layers whose work is not known, and not in the totals. */
    readonly unknown: number;
  };
}

/** Operators whose outputs are neurons. */
const KINDS: Readonly<Record<string, LayerKind>> = {
  ...{ Conv: 'convolution', ConvTranspose: 'convolution', QLinearConv: 'convolution', ConvInteger: 'convolution' },
  ...{ Gemm: 'product', MatMul: 'product', QLinearMatMul: 'product', MatMulInteger: 'product' },
};

const kindOf = (node: GraphNode): LayerKind =>
  isOnnxDomain(node.domain) && Object.hasOwn(KINDS, node.op) ? KINDS[node.op]! : 'other';

/** Inputs that set something rather than weigh something, by operator. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Dropout: [1],
  Pad: [2],
  Resize: [1, 2],
  Upsample: [1],
  NonMaxSuppression: [3, 4],
  // Scales and zero points.
  QuantizeLinear: [1, 2],
  DequantizeLinear: [1, 2],
  QLinearConv: [1, 2, 4, 5, 6, 7],
  QLinearMatMul: [1, 2, 4, 5, 6, 7],
  ConvInteger: [2, 3],
  MatMulInteger: [2, 3],
};
/** Operands of integers that are weights and biases. */
const CODES: Readonly<Record<string, readonly number[]>> = {
  DequantizeLinear: [0],
  QLinearConv: [3, 8],
  QLinearMatMul: [0, 3],
  ConvInteger: [1],
  MatMulInteger: [0, 1],
};
/** Running statistics of BatchNormalization. */
const STATISTICS: readonly number[] = [3, 4];

const FLOATS = new Set(['float32', 'float64', 'float16', 'bfloat16']);

/** @param name of the network, as the user gave it */
export function summarize(model: Model, name: string = model.graph.name): Summary {
  const counted = new Set<string>();
  let parameterBytes = 0;
  let trainable = 0;
  const layers = model.graph.nodes.map((node): SummaryLayer => {
    const cost = knownCost(model, node);
    const weights = node.inputs.flatMap((input, i): Weight[] => {
      const constant = model.graph.constants.get(input);
      if (constant === undefined || counted.has(input) || !isParameter(node, i, constant)) return [];
      counted.add(input);
      return [{ name: input, elements: elementCount(constant.dims), dtype: constant.dtype, kind: weightKind(node, i) }];
    });
    const parametric = weights.filter((w) => w.kind !== 'statistic');
    for (const { elements, dtype } of parametric) {
      parameterBytes += (elements * BITS[dtype]) / 8;
      if (FLOATS.has(dtype)) trainable += elements;
    }
    const parameters = sumOf(parametric);
    const statistics = sumOf(weights) - parameters;
    const type = typeOf(model.graph, node.outputs[0] ?? '');
    const outputShape = type?.kind === 'tensor' ? (type.shape ?? null) : null;
    const kind = kindOf(node);
    return {
      name: node.name,
      op: node.op,
      kind,
      outputShape,
      parameters,
      statistics,
      neurons: cost === undefined ? null : kind === 'other' ? 0 : elementCount(outputShape as readonly number[]),
      macs: cost?.macs ?? null,
      multiplications: cost?.multiplications ?? null,
      additions: cost?.additions ?? null,
      comparisons: cost?.comparisons ?? null,
      exponentials: cost?.exponentials ?? null,
      divisions: cost?.divisions ?? null,
      powers: cost?.powers ?? null,
      otherFunctions: cost?.otherFunctions ?? null,
      transcendentals: cost?.transcendentals ?? null,
      bytes: cost === undefined ? null : cost.bytesRead + cost.bytesWritten,
      weights,
    };
  });
  const inputs = model.graph.inputs.map((v) => ({
    name: v.name,
    dtype: v.type?.kind === 'tensor' ? v.type.dtype : (v.type?.kind ?? '?'),
    shape: v.type?.kind === 'tensor' ? (v.type.shape ?? null) : null,
  }));
  const all = amountsOf(layers);
  return {
    model: name,
    inputs,
    layers,
    totals: {
      ...all,
      kinds: {
        convolution: amountsOf(layers.filter((l) => l.kind === 'convolution')),
        product: amountsOf(layers.filter((l) => l.kind === 'product')),
        other: amountsOf(layers.filter((l) => l.kind === 'other')),
      },
      inputElements: inputs.reduce(
        (n, { shape }) =>
          n + (shape?.every((d) => typeof d === 'number') ? elementCount(shape as readonly number[]) : 0),
        0,
      ),
      parameterBytes,
      trainable,
      intensity: intensityOf(all.multiplications + all.additions, all.bytes),
      unknown: layers.filter((layer) => layer.macs === null).length,
    },
  };
}

/** Of layers together; what is not known counts nothing, and is told apart (`unknown`). */
function amountsOf(layers: readonly SummaryLayer[]): Amounts {
  const sum = (key: keyof Amounts): number => layers.reduce((n, layer) => n + (layer[key] ?? 0), 0);
  return {
    ...{ parameters: sum('parameters'), statistics: sum('statistics'), neurons: sum('neurons'), macs: sum('macs') },
    ...{ multiplications: sum('multiplications'), additions: sum('additions'), comparisons: sum('comparisons') },
    ...{ exponentials: sum('exponentials'), divisions: sum('divisions'), powers: sum('powers') },
    ...{ otherFunctions: sum('otherFunctions'), transcendentals: sum('transcendentals'), bytes: sum('bytes') },
  };
}

const sumOf = (weights: readonly Weight[]): number => weights.reduce((n, w) => n + w.elements, 0);

export const intensityOf = (operations: number, bytes: number): number | null =>
  bytes === 0 ? null : operations / bytes;

/** Inputs that are added, by operator; of an Add whatever is constant. */
const BIASES: Readonly<Record<string, readonly number[]>> = {
  ...{ Conv: [2], ConvTranspose: [2], Gemm: [2], QLinearConv: [8], BatchNormalization: [2], LayerNormalization: [2] },
  ...{ InstanceNormalization: [2], GroupNormalization: [2], Add: [0, 1], Sub: [0, 1], LSTM: [3], GRU: [3], RNN: [3] },
};

function weightKind(node: GraphNode, input: number): Weight['kind'] {
  if (node.op === 'BatchNormalization' && STATISTICS.includes(input)) return 'statistic';
  return BIASES[node.op]?.includes(input) === true ? 'bias' : 'weight';
}

const isParameter = (node: GraphNode, input: number, constant: Tensor): boolean =>
  constant.dims.length > 0 &&
  (FLOATS.has(constant.dtype) ? !SETTINGS[node.op]?.includes(input) : (CODES[node.op]?.includes(input) ?? false));
