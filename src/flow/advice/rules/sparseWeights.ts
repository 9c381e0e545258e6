/** Weights of which many are zero, on a machine that loads and multiplies them all the same. */
import { type Model, type Tensor, tensorFloats } from '#ir';
import { coresOf, type Machine } from '#machine';
import { wouldSave } from '../estimate.ts';
import type { Fields } from '../hardware.ts';
import type { Facts, Rule } from '../rule.ts';
import { both, bytesText, percent } from '../words.ts';

/** Share of zeros from which compressed weights take clearly less than dense ones. */
const LEAST = 0.3;
const HEADS = new Set(['Conv', 'Gemm', 'MatMul']);

/** Weights of contractions: all, and those that are zero. What is one element repeated counts as not there. */
function zerosOf({ graph }: Model): { readonly weights: number; readonly zeros: number } {
  const seen = new Set<Tensor>();
  let [weights, zeros] = [0, 0];
  for (const node of graph.nodes.filter((n) => HEADS.has(n.op))) {
    const tensor = graph.constants.get(node.inputs[1] ?? '');
    if (tensor === undefined || tensor.dtype !== 'float32' || tensor.dims.length < 2 || seen.has(tensor)) continue;
    seen.add(tensor);
    if ('splat' in tensor) continue;
    const values = tensorFloats(tensor);
    const [first] = values;
    if (values.every((value) => value === first)) continue;
    weights += values.length;
    for (const value of values) if (value === 0) zeros++;
  }
  return { weights, zeros };
}

function supportIn({ matrix, dma, cluster }: Machine): { readonly fields: Fields; readonly what: string } {
  const skips = matrix.kind === 'dot' && matrix.sparsity === undefined;
  const streams = dma.decompressor === undefined && cluster === undefined;
  return {
    fields: [
      ...(skips ? [{ path: 'matrix.sparsity.weights', value: 'bitmap' }] : []),
      ...(streams
        ? [
            { path: 'dma.decompressor.elementsPerCycle', value: Math.max(1, dma.scratchpadBytesPerCycle / 4) },
            { path: 'dma.decompressor.pipelineCycles', value: 0 },
          ]
        : []),
    ],
    what: [...(skips ? ['matrix.sparsity'] : []), ...(streams ? ['dma.decompressor'] : [])].join(', '),
  };
}

export const sparseWeights: Rule = {
  name: 'sparse-weights',
  kind: 'time',
  title: both('support for sparse weights', '支持稀疏权重'),
  looksAt: both(
    `the share of constant weights that are zero, from ${percent(LEAST)} on, on a machine that cannot decompress or skip them`,
    `常量权重中为零的比例，从 ${percent(LEAST)} 起，且机器不能解压或跳过它们`,
  ),
  proposes: both(
    'a decompressor before the scratchpads and a matrix unit that skips what is not kept (bitmap)',
    '在片上存储之前加解压单元，并让矩阵单元跳过未保留的权重（bitmap）',
  ),
  source: 'Zhang et al., Cambricon-X, MICRO 2016; Han et al., EIE, ISCA 2016',
  propose(facts: Facts) {
    const { machine, optimized, options } = facts;
    const { fields, what } = supportIn(machine);
    if (options.sparse === 'off' || fields.length === 0 || coresOf(machine) > 1) return [];
    const { weights, zeros } = zerosOf(optimized);
    if (weights === 0 || zeros < LEAST * weights) return [];
    const share = zeros / weights;
    return [
      {
        finding: both(
          `${percent(share)} of the ${bytesText(4 * weights)} of weights are zero; the machine loads and multiplies them all (no ${what})`,
          `${bytesText(4 * weights)} 权重中 ${percent(share)} 为零；机器仍全部载入并相乘（无 ${what}）`,
        ),
        figures: { weights, zeroShare: share },
        layers: [],
        proposal: both(
          'a decompressor, and zeros skipped in the matrix unit',
          '增加解压单元，并在矩阵单元中跳过零权重',
        ),
        change: { fields },
        estimate: wouldSave(facts.layers, { memory: 1 - share / 2, matrix: 1 - share / 2 }),
      },
    ];
  },
};
