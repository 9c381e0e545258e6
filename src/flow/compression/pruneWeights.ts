/**
 * Pruning of a trained network: the weights of least magnitude become 0 (S. Han et al., "Learning both Weights and Connections for
 * Efficient Neural Networks", NIPS 2015, without the training behind it), each tensor for itself or all together, or two of each four
 * along the reduction (Mishra et al., arXiv:2104.08378).
 */
import { diagnostic } from '#base';
import { elementCount, type GraphNode, intAttribute, type Model, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { isOnnxDomain } from '#ops';
import { sparsity } from '#tensor';

export interface PruneOptions {
  /** Share of weights that become 0; of 2:4 a half. */
  readonly share: number;
  readonly pattern: 'magnitude' | '2:4';
  /** Rank all weights together, not each tensor for itself. */
  readonly global: boolean;
  readonly isExcluded: (node: GraphNode) => boolean;
}

export interface PrunedLayer {
  readonly node: string;
  readonly op: string;
  readonly weights: string;
  readonly size: number;
  readonly before: number;
  readonly zeros: number;
}

export interface PrunedWeights {
  readonly model: Model;
  readonly layers: readonly PrunedLayer[];
  /** Layers whose weights stay, with the reason. */
  readonly left: readonly { readonly node: string; readonly why: Readonly<Record<'en' | 'zh', string>> }[];
}

const nothing = diagnostic<{ pattern: string }>('SYS-FLOW-137', 'unsupported', {
  en: (p) =>
    `nothing in the model can be pruned (${p.pattern}): that takes a Conv, ConvTranspose, Gemm or MatMul with constant float weights` +
    `${p.pattern === '2:4' ? ', and a multiple of four inputs' : ''}. Name fewer nodes in --exclude, or keep the model as it is.`,
  zh: (p) =>
    `模型中没有可剪枝的部分（${p.pattern}）：需要权重为浮点常量的 Conv、ConvTranspose、Gemm 或 MatMul` +
    `${p.pattern === '2:4' ? '，且输入数为 4 的倍数' : ''}。请减少 --exclude 中的节点，或保留原模型。`,
});

const FLOATS = new Set(['float32', 'float16', 'float64', 'bfloat16']);

/** Where the weights of an operator stand, and along which of their axes products are summed. */
function placeOf(node: GraphNode): { readonly input: number; readonly axis: (rank: number) => number } | undefined {
  if (!isOnnxDomain(node.domain)) return undefined;
  switch (node.op) {
    case 'Conv':
      return { input: 1, axis: () => 1 };
    case 'ConvTranspose':
      return { input: 1, axis: () => 0 };
    case 'Gemm':
      return { input: 1, axis: () => (intAttribute(node, 'transB', 0) !== 0 ? 1 : 0) };
    case 'MatMul':
      return { input: 1, axis: (rank) => Math.max(0, rank - 2) };
    default:
      return undefined;
  }
}

const EXCLUDED = { en: 'excluded', zh: '已排除' };
const COMPUTED = { en: 'its weights are computed', zh: '其权重由计算得出' };
const NO_FOURS = { en: 'its inputs are no multiple of four', zh: '其输入数不是 4 的倍数' };

/** @throws SYS-FLOW-137 */
export function pruneWeights(model: Model, options: PruneOptions): PrunedWeights {
  const { graph } = model;
  const found = new Map<string, { readonly node: GraphNode; readonly tensor: Tensor; readonly axis: number }>();
  const left: PrunedWeights['left'][number][] = [];
  for (const node of graph.nodes) {
    const place = placeOf(node);
    if (place === undefined) continue;
    const name = node.inputs[place.input]!;
    const tensor = graph.constants.get(name);
    const axis = tensor === undefined ? 0 : place.axis(tensor.dims.length);
    const why = options.isExcluded(node)
      ? EXCLUDED
      : tensor === undefined || !FLOATS.has(tensor.dtype)
        ? COMPUTED
        : options.pattern === '2:4' && tensor.dims[axis]! % 4 !== 0
          ? NO_FOURS
          : undefined;
    if (why !== undefined) left.push({ node: node.name, why });
    else if (!found.has(name)) found.set(name, { node, tensor: tensor!, axis });
  }
  if (found.size === 0) throw nothing({ pattern: options.pattern });
  const values = new Map([...found].map(([name, { tensor }]) => [name, tensorNumbers(tensor)]));
  const masks = options.global ? globalMasks(values, options.share) : undefined;
  const constants = new Map(graph.constants);
  const layers = [...found].map(([name, { node, tensor, axis }]): PrunedLayer => {
    const own = values.get(name)!;
    const mask =
      masks?.get(name) ??
      (options.pattern === '2:4'
        ? sparsity.twoOfFourMask(own, tensor.dims, { axis })
        : sparsity.magnitudeMask(own, Math.round(options.share * own.length)));
    const kept = own.map((v, i) => (mask[i] === 0 ? 0 : v));
    constants.set(name, tensorOf(tensor.dtype, tensor.dims, kept));
    const zeros = (numbers: Float64Array): number => numbers.reduce((n, v) => (v === 0 ? n + 1 : n), 0);
    return {
      node: node.name,
      op: node.op,
      weights: name,
      size: elementCount(tensor.dims),
      before: zeros(own),
      zeros: zeros(kept),
    };
  });
  return { model: { ...model, graph: { ...graph, constants } }, layers, left };
}

/** One ranking of all weights. */
function globalMasks(values: ReadonlyMap<string, Float64Array>, share: number): ReadonlyMap<string, Uint8Array> {
  const count = [...values.values()].reduce((sum, v) => sum + v.length, 0);
  const all = new Float64Array(count);
  let at = 0;
  for (const own of values.values()) {
    all.set(own, at);
    at += own.length;
  }
  const mask = sparsity.magnitudeMask(all, Math.round(share * count));
  let from = 0;
  return new Map(
    [...values].map(([name, own]) => {
      from += own.length;
      return [name, mask.subarray(from - own.length, from)];
    }),
  );
}
