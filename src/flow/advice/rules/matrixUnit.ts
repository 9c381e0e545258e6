/** Layers that the matrix unit limits: more multipliers, or as many in another shape. */

import type { Texts } from '#report';
import { cyclesOf, indicesOf, limitedBy, wouldSave } from '../estimate.ts';
import { type Fields, geometryText, reshaped } from '../hardware.ts';
import type { Facts, LayerFacts, Proposal, Rule } from '../rule.ts';
import { both, bytesText, layersText, percent, shareText } from '../words.ts';

type Factors = readonly [number, number];

const lanesOf = (layers: readonly LayerFacts[]) =>
  layers.reduce(
    (sum, { run }) => ({
      available: sum.available + (run.lanes.matrix?.available ?? 0),
      ragged: sum.ragged + (run.lanes.matrix?.ragged ?? 0),
    }),
    { available: 0, ragged: 0 },
  );

const macsText = (facts: Facts, factors: Factors): string => geometryText(facts.machine, factors);

/** What grows along with the filters of a group. */
function accumulatorsText(fields: Fields): Texts {
  const grown = fields.find(({ path }) => path === 'matrix.accumulatorBytes');
  const bytes = bytesText(Number(grown?.value));
  return grown === undefined ? both('', '') : both(`, with accumulators of ${bytes}`, `，累加器增至 ${bytes}`);
}

export const matrixMacs: Rule = {
  name: 'matrix-macs',
  kind: 'time',
  title: both('more multipliers', '更多乘法器'),
  looksAt: both(
    'layers in which the matrix unit is at work longer than DRAM and vector unit; the lanes it leaves without work',
    '矩阵单元工作时间超过 DRAM 与向量单元的层；其空闲的通道',
  ),
  proposes: both(
    'twice as many, along either side of the unit, whichever saves more; accumulators and operand ports grow along',
    '沿任一边加倍，取节省更多者；累加器与操作数端口随之增大',
  ),
  source:
    'the roofline: a layer above the ridge is limited by peak performance (Williams, Waterman, Patterson, CACM 2009)',
  propose(facts) {
    const layers = limitedBy(facts, 'matrix');
    const { available, ragged } = lanesOf(layers);
    if (layers.length === 0 || available === 0) return [];
    const of = layersText(facts, layers);
    const busy = shareText(
      facts,
      facts.layers.reduce((n, l) => n + l.time.matrix, 0),
    );
    const lost = percent(ragged / available);
    const proposal = (factors: Factors): Proposal | undefined => {
      const fields = reshaped(facts.machine, factors);
      return (
        fields && {
          finding: both(
            `the matrix unit limits ${of.en}; it is at work in ${busy} of the run, ${lost} of its lanes there ragged`,
            `矩阵单元限制了 ${of.zh}；其在运行的 ${busy} 时间内工作，其中 ${lost} 的通道不满`,
          ),
          figures: {
            limitedLayers: layers.length,
            limitedCycles: cyclesOf(layers),
            matrixShare: facts.layers.reduce((n, l) => n + l.time.matrix, 0) / facts.result.cycles,
            raggedShare: ragged / available,
          },
          layers: indicesOf(layers),
          proposal: both(
            `${macsText(facts, factors)} multipliers instead of ${macsText(facts, [1, 1])}${accumulatorsText(fields).en}`,
            `乘法器由 ${macsText(facts, [1, 1])} 增至 ${macsText(facts, factors)}${accumulatorsText(fields).zh}`,
          ),
          change: { fields },
          estimate: wouldSave(facts.layers, { matrix: 0.5 }),
        }
      );
    };
    return (
      [
        [2, 1],
        [1, 2],
      ] as const
    )
      .map(proposal)
      .filter((p) => p !== undefined);
  },
};

/** Ragged lanes below this are the price of any shape. */
const RAGGED = 0.05;

export const matrixShape: Rule = {
  name: 'matrix-shape',
  kind: 'time',
  title: both('another shape of the matrix unit', '矩阵单元换一种形状'),
  looksAt: both(
    `lanes of the matrix unit that filters, reductions and pixels leave without work, from ${percent(RAGGED)} on`,
    `因滤波器数、归约长度与像素数不满而空闲的矩阵单元通道，从 ${percent(RAGGED)} 起`,
  ),
  proposes: both(
    'as many multipliers, one side twice and the other half as long; lanes that may cross the end of a run (`flat`)',
    '乘法器总数不变，一边加倍、另一边减半；允许通道跨越行程末端（`flat`）',
  ),
  source:
    'utilisation follows from how extents divide by the sides of the unit (Chen et al., DianNao, ASPLOS 2014; Sze et al., Proc. IEEE 2017, section V)',
  propose(facts) {
    const layers = facts.layers
      .filter(({ run, limit }) => limit === 'matrix' && (run.lanes.matrix?.ragged ?? 0) > 0)
      .sort((a, b) => lostCycles(b) - lostCycles(a));
    const { available, ragged } = lanesOf(layers);
    if (available === 0 || ragged < RAGGED * available) return [];
    const of = layersText(facts, layers);
    const lost = percent(ragged / available);
    const shared: Omit<Proposal, 'proposal' | 'change'> = {
      finding: both(
        `filters, reductions and pixels do not fill the matrix unit of ${macsText(facts, [1, 1])}: ${lost} of its lanes are ragged in ${of.en}`,
        `滤波器数、归约长度与像素数填不满 ${macsText(facts, [1, 1])} 的矩阵单元：在 ${of.zh} 中 ${lost} 的通道空闲`,
      ),
      figures: {
        raggedLayers: layers.length,
        raggedShare: ragged / available,
        raggedCycles: layers.reduce((n, l) => n + lostCycles(l), 0),
      },
      layers: indicesOf(layers),
      estimate: layers.reduce((n, l) => n + lostCycles(l), 0) / 2,
    };
    const { matrix } = facts.machine;
    const flat: readonly Proposal[] =
      matrix.kind === 'scalar' || matrix.lanePacking === 'flat'
        ? []
        : [
            {
              ...shared,
              proposal: both('lanes packed over the whole reduction (flat)', '通道沿整个归约打包（flat）'),
              change: { fields: [{ path: 'matrix.lanePacking', value: 'flat' }] },
            },
          ];
    const shapes = (
      [
        [2, 0.5],
        [0.5, 2],
      ] as const
    ).flatMap((factors): readonly Proposal[] => {
      const fields = reshaped(facts.machine, factors);
      return fields === undefined
        ? []
        : [
            {
              ...shared,
              proposal: both(
                `a unit of ${macsText(facts, factors)} instead of ${macsText(facts, [1, 1])}`,
                `单元由 ${macsText(facts, [1, 1])} 改为 ${macsText(facts, factors)}`,
              ),
              change: { fields },
            },
          ];
    });
    return [...flat, ...shapes];
  },
};

/** Cycles of a layer that its ragged lanes would fill. */
function lostCycles({ run, time }: LayerFacts): number {
  const { available = 0, ragged = 0 } = run.lanes.matrix ?? {};
  return available === 0 ? 0 : (ragged / available) * time.matrix;
}
