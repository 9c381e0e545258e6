/** Layers that the vector unit limits: more lanes. */
import { cyclesOf, indicesOf, limitedBy, wouldSave } from '../estimate.ts';
import { relaned } from '../hardware.ts';
import type { Rule } from '../rule.ts';
import { both, grouped, layersText, shareText } from '../words.ts';

export const vectorLanes: Rule = {
  name: 'vector-lanes',
  kind: 'time',
  title: both('more vector lanes', '更多向量通道'),
  looksAt: both(
    'layers in which the vector unit is at work longer than matrix unit and DRAM (depthwise convolution, softmax, normalisation, pooling), and the cycles for which the matrix unit waits for it',
    '向量单元工作时间超过矩阵单元与 DRAM 的层（逐通道卷积、softmax、归一化、池化），以及矩阵单元等待它的周期',
  ),
  proposes: both('twice the lanes, for every type', '各类型的通道数加倍'),
  source: "Amdahl's law on what the matrix unit does not do (Jouppi et al., TPU v4i, ISCA 2021, on the vector unit)",
  propose(facts) {
    const layers = limitedBy(facts, 'vector');
    const waits = facts.result.units
      .filter((u) => u.name === 'matrix')
      .reduce((n, u) => n + (u.waits.vector ?? 0) / facts.cores, 0);
    const busy = facts.layers.reduce((n, l) => n + l.time.vector, 0);
    const of = layersText(facts, layers);
    const { lanes } = facts.machine.vector;
    return [
      {
        finding: both(
          `the vector unit of ${lanes} lanes limits ${of.en} and is at work in ${shareText(facts, busy)} of the run; the matrix unit waits ${grouped(Math.round(waits))} cycles for it`,
          `${lanes} 通道的向量单元限制了 ${of.zh}，在运行的 ${shareText(facts, busy)} 时间内工作；矩阵单元等待它 ${grouped(Math.round(waits))} 周期`,
        ),
        figures: {
          limitedLayers: layers.length,
          limitedCycles: cyclesOf(layers),
          vectorShare: busy / facts.result.cycles,
          matrixWaitsCycles: waits,
          lanes,
        },
        layers: indicesOf(layers),
        proposal: both(`${lanes * 2} vector lanes instead of ${lanes}`, `向量通道由 ${lanes} 增至 ${lanes * 2}`),
        change: { fields: relaned(facts.machine, 2) },
        estimate: Math.max(wouldSave(facts.layers, { vector: 0.5 }), waits / 2),
      },
    ];
  },
};
