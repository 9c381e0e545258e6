/** Layers that wait for DRAM: a wider channel. */
import { cyclesOf, indicesOf, limitedBy, wouldSave } from '../estimate.ts';
import { faster, rateText } from '../hardware.ts';
import type { Rule } from '../rule.ts';
import { both, layersText, shareText } from '../words.ts';

const FACTOR = 2;

export const dramBandwidth: Rule = {
  name: 'dram-bandwidth',
  kind: 'time',
  title: both('more DRAM bandwidth', '更高的 DRAM 带宽'),
  looksAt: both(
    'layers for which the DRAM channel is taken longer than any unit is at work; the share of the run in which it is taken',
    'DRAM 通道占用时间超过任何计算单元的层；通道在整个运行中的占用率',
  ),
  proposes: both('twice the bandwidth; of DRAM in banks, twice the channels too', '带宽加倍；分体 DRAM 的通道数也加倍'),
  source:
    'the roofline: a layer below the ridge is limited by bandwidth (Williams, Waterman, Patterson, CACM 2009, doi:10.1145/1498765.1498785)',
  propose(facts) {
    const layers = limitedBy(facts, 'memory');
    const { dram } = facts.machine;
    const of = layersText(facts, layers);
    const busy = shareText(facts, facts.result.total.channelCycles);
    const [now, then] = [rateText(dram.bandwidth), rateText(dram.bandwidth, FACTOR)];
    return [
      {
        finding: both(
          `DRAM limits ${of.en}; its channel of ${now} a cycle is taken in ${busy} of the run`,
          `DRAM 限制了 ${of.zh}；其 ${now}/周期的通道在运行的 ${busy} 时间内被占用`,
        ),
        figures: {
          limitedLayers: layers.length,
          limitedCycles: cyclesOf(layers),
          channelShare: facts.result.total.channelCycles / facts.result.cycles,
          bandwidthBytesPerCycle: dram.bandwidth.bytes / dram.bandwidth.cycles,
        },
        layers: indicesOf(layers),
        proposal: both(`DRAM of ${then} a cycle instead of ${now}`, `DRAM 带宽由每周期 ${now} 增至 ${then}`),
        change: {
          fields: [
            ...faster('dram.bandwidth', dram.bandwidth, FACTOR),
            ...(dram.banked === undefined
              ? []
              : [{ path: 'dram.banked.channels', value: dram.banked.channels * FACTOR }]),
          ],
        },
        estimate: wouldSave(facts.layers, { memory: 1 / FACTOR }),
      },
    ];
  },
};
