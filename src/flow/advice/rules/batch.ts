/** Weights that are loaded for one sample, and cycles at the ends of layers: more samples at a time. */
import { cyclesOf, indicesOf } from '../estimate.ts';
import type { LayerFacts, Rule } from '../rule.ts';
import { both, bytesText, grouped, layersText, percent } from '../words.ts';

const FACTORS = [4, 16] as const;
/** Share of a run's cycles that must be of the kind. */
const LEAST = 0.02;

export const batch: Rule = {
  name: 'batch',
  kind: 'time',
  title: both('more samples at a time', '一次处理更多样本'),
  looksAt: both(
    'cycles that layers wait for their weights; cycles before the first and behind the last work of each; both are shared by all samples of a batch',
    '各层等待权重的周期，以及首次工作之前与末次工作之后的周期；同一批的所有样本共同分摊',
  ),
  proposes: both(
    'four or sixteen times the batch: the first answer comes later, the saving is of each sample',
    '批大小增至 4 或 16 倍：首个结果更晚得到，节省按每个样本计',
  ),
  source: 'weights are used once for each sample of a batch (Jouppi et al., TPU, ISCA 2017, section 4)',
  propose({ batch: now, machine, ...facts }) {
    if (now === undefined) return [];
    const { bytes, cycles } = machine.dram.bandwidth;
    /** What a layer waits for weights, as far as it waits at all. */
    const forWeights = ({ plan, run, time }: LayerFacts): number =>
      Math.min((plan.weightBytes * cycles) / bytes, Math.max(0, run.cycles - Math.max(time.matrix, time.vector)));
    const atEnds = ({ losses }: LayerFacts): number => losses.fill + losses.drain;
    const of = (l: LayerFacts): number => Math.max(forWeights(l), Math.min(atEnds(l), l.run.cycles));
    const layers = facts.layers.filter((l) => of(l) > 0).sort((a, b) => of(b) - of(a));
    const shared = layers.reduce((n, l) => n + of(l), 0);
    const total = facts.result.cycles;
    if (shared < LEAST * total) return [];
    const weights = layers.reduce((n, l) => n + l.plan.weightBytes, 0);
    const [waits, ends] = [layers.reduce((n, l) => n + forWeights(l), 0), layers.reduce((n, l) => n + atEnds(l), 0)];
    const [worst] = layers;
    const first = layersText({ machine, batch: now, ...facts }, worst === undefined ? [] : [worst]);
    return FACTORS.map((factor, i) => ({
      finding: both(
        `for ${now === 1 ? 'one sample' : `${now} samples`} ${bytesText(weights)} of weights are loaded and ${grouped(Math.round(waits))} cycles (${percent(waits / total)}) waited for; ${grouped(Math.round(ends))} cycles (${percent(ends / total)}) pass at the ends of layers; most in ${first.en}`,
        `为 ${now} 个样本载入 ${bytesText(weights)} 权重，等待 ${grouped(Math.round(waits))} 周期（${percent(waits / total)}）；各层首尾共耗 ${grouped(Math.round(ends))} 周期（${percent(ends / total)}）；最多的是${first.zh}`,
      ),
      figures: {
        batch: now,
        weightBytes: weights,
        waitsForWeightsCycles: waits,
        endsCycles: ends,
        layersCycles: cyclesOf(layers),
      },
      layers: indicesOf(layers),
      proposal: both(`batches of ${now * factor} instead of ${now}`, `批大小由 ${now} 增至 ${now * factor}`),
      change: { batch: now * factor },
      estimate: (shared * (1 - 1 / factor)) / 2 ** i,
    }));
  },
};
