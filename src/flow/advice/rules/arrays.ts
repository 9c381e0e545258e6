/** What a matrix unit spends beside multiplying: filling an array, operands that come too slowly. */
import { indicesOf } from '../estimate.ts';
import type { Facts, LayerFacts, Rule } from '../rule.ts';
import { both, grouped, layersText, percent } from '../words.ts';

const LEAST = 0.02;

const cyclesIn = ({ run, time }: LayerFacts, part: 'fill' | 'ragged' | 'drain'): number => {
  const lanes = run.lanes.matrix;
  return lanes === undefined || lanes.available === 0 ? 0 : (lanes[part] / lanes.available) * time.matrix;
};

const inLayers = (facts: Facts, part: 'fill' | 'ragged'): readonly LayerFacts[] =>
  facts.layers
    .filter((l) => l.limit === 'matrix' && cyclesIn(l, part) > 0)
    .sort((a, b) => cyclesIn(b, part) - cyclesIn(a, part));

export const arrayPreload: Rule = {
  name: 'array-preload',
  kind: 'time',
  title: both('operands that go into the array unseen', '隐藏阵列预载'),
  looksAt: both(
    'lane-cycles that a systolic array with exposed preload spends on filling, in layers that it limits',
    '暴露预载的脉动阵列在受其限制的层中用于填充的通道周期',
  ),
  proposes: both(
    'a second register in each element, so that a fold fills under the one before',
    '每个单元增加一个寄存器，使填充与上一折叠重叠',
  ),
  source: 'double-buffered weights of a systolic array (Jouppi et al., TPU, ISCA 2017, section 2)',
  propose(facts) {
    const { matrix } = facts.machine;
    if (matrix.kind !== 'systolic' || matrix.preload === 'hidden') return [];
    const layers = inLayers(facts, 'fill');
    const fills = layers.reduce((n, l) => n + cyclesIn(l, 'fill'), 0);
    if (fills < LEAST * facts.result.cycles) return [];
    const of = layersText(facts, layers);
    const share = percent(fills / facts.result.cycles);
    return [
      {
        finding: both(
          `filling the array of ${matrix.rows} × ${matrix.columns} takes ${grouped(Math.round(fills))} cycles (${share}) in ${of.en}`,
          `填充 ${matrix.rows} × ${matrix.columns} 的阵列在 ${of.zh} 中耗时 ${grouped(Math.round(fills))} 周期（${share}）`,
        ),
        figures: { fillCycles: fills, fillShare: fills / facts.result.cycles, rows: matrix.rows },
        layers: indicesOf(layers),
        proposal: both('preload hidden under the fold before', '预载隐藏于上一折叠之下'),
        change: { fields: [{ path: 'matrix.preload', value: 'hidden' }] },
        estimate: fills,
      },
    ];
  },
};

export const operandPorts: Rule = {
  name: 'operand-ports',
  kind: 'time',
  title: both('wider operand ports', '更宽的操作数端口'),
  looksAt: both(
    'lanes of the matrix unit without work where `matrix.operands` states how wide inputs and weights come in, in layers that it limits',
    '在给出 `matrix.operands` 宽度的机器上，受矩阵单元限制的层中其空闲的通道',
  ),
  proposes: both('twice the width of the port of inputs, of weights', '输入端口、权重端口各加宽一倍'),
  source: 'a unit is fed by its ports (Chen et al., DianNao, ASPLOS 2014, section 4: NBin and SB)',
  propose(facts) {
    const { operands } = facts.machine.matrix;
    if (operands === undefined) return [];
    const layers = inLayers(facts, 'ragged');
    const slow = layers.reduce((n, l) => n + cyclesIn(l, 'ragged'), 0);
    if (slow < LEAST * facts.result.cycles) return [];
    const of = layersText(facts, layers);
    const share = percent(slow / facts.result.cycles);
    return (
      [
        ['inputBytesPerCycle', 'inputs', '输入'],
        ['weightBytesPerCycle', 'weights', '权重'],
      ] as const
    ).map(([port, en, zh]) => ({
      finding: both(
        `lanes without work take ${grouped(Math.round(slow))} cycles (${share}) in ${of.en}; inputs come in at ${operands.inputBytesPerCycle}, weights at ${operands.weightBytesPerCycle} B a cycle`,
        `空闲通道在 ${of.zh} 中占 ${grouped(Math.round(slow))} 周期（${share}）；输入每周期 ${operands.inputBytesPerCycle} B，权重每周期 ${operands.weightBytesPerCycle} B`,
      ),
      figures: { raggedCycles: slow, raggedShare: slow / facts.result.cycles, ...operands },
      layers: indicesOf(layers),
      proposal: both(
        `${en} at ${operands[port] * 2} B a cycle instead of ${operands[port]}`,
        `${zh}端口由每周期 ${operands[port]} B 增至 ${operands[port] * 2} B`,
      ),
      change: { fields: [{ path: `matrix.operands.${port}`, value: operands[port] * 2 }] },
      estimate: slow / 2,
    }));
  },
};
