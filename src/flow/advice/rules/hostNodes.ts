/** Time of the host: types that would keep its nodes on the processor, a faster link. */

import { faster, rateText } from '../hardware.ts';
import { elementsOnHost } from '../hostTypes.ts';
import type { Proposal, Rule } from '../rule.ts';
import { both, grouped, percent } from '../words.ts';

const LEAST = 0.02;

export const hostNodes: Rule = {
  name: 'host-nodes',
  kind: 'time',
  title: both('less on the host', '减少主机部分'),
  looksAt: both(
    'cycles of the host part, its nodes and why each of them is there; element types of these nodes that the units lack',
    '主机部分的周期、其中的节点与原因；这些节点所用而单元不支持的元素类型',
  ),
  proposes: both(
    'lanes of the missing types, as many as of float32; a link to the host of twice the bandwidth; half the latency of a call',
    '补充缺少的类型（通道数与 float32 相同）；主机链路带宽加倍；调用延迟减半',
  ),
  source: "Amdahl's law on what stays on the host (Hennessy and Patterson, Computer Architecture, chapter 1)",
  propose(facts) {
    const { result, host, machine } = facts;
    const cycles = result.total.hostCycles;
    const nodes = host.flatMap(({ plan }) => plan.onHost ?? []);
    const [first] = nodes;
    if (first === undefined || cycles < LEAST * result.cycles) return [];
    const share = percent(cycles / result.cycles);
    const calls = host.length;
    const shared: Omit<Proposal, 'proposal' | 'change' | 'estimate'> = {
      finding: both(
        `the host works ${grouped(Math.round(cycles))} cycles (${share}) in ${calls} ${calls === 1 ? 'call' : 'calls'} for ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}, first ${first.name} (${first.op}): ${first.reason.en}`,
        `主机在 ${calls} 次调用中为 ${nodes.length} 个节点工作 ${grouped(Math.round(cycles))} 周期（${share}），首个为 ${first.name}（${first.op}）：${first.reason.zh}`,
      ),
      figures: { hostCycles: cycles, hostShare: cycles / result.cycles, hostNodes: nodes.length, hostCalls: calls },
      layers: host.map(({ plan }) => plan.index),
    };
    const missing = elementsOnHost(facts);
    const { lanes } = machine.vector;
    const { latencyCycles, link } = machine.host;
    return [
      ...(missing.length === 0
        ? []
        : [
            {
              ...shared,
              proposal: both(
                `a vector unit that computes ${missing.join(', ')} too`,
                `向量单元增加对 ${missing.join('、')} 的支持`,
              ),
              change: { fields: missing.map((type) => ({ path: `vector.types.${type}.lanes`, value: lanes })) },
              estimate: cycles,
            },
          ]),
      ...(calls * latencyCycles > cycles / 10 && latencyCycles > 1
        ? [
            {
              ...shared,
              proposal: both(
                `calls of the host in ${grouped(Math.floor(latencyCycles / 2))} cycles instead of ${grouped(latencyCycles)}`,
                `主机调用延迟由 ${grouped(latencyCycles)} 周期减至 ${grouped(Math.floor(latencyCycles / 2))}`,
              ),
              change: { fields: [{ path: 'host.latencyCycles', value: Math.floor(latencyCycles / 2) }] },
              estimate: (calls * latencyCycles) / 2,
            },
          ]
        : []),
      {
        ...shared,
        proposal: both(
          `a link to the host of ${rateText(link, 2)} a cycle instead of ${rateText(link)}`,
          `主机链路由每周期 ${rateText(link)} 增至 ${rateText(link, 2)}`,
        ),
        change: { fields: faster('host.link', link, 2) },
        estimate: Math.max(0, cycles - calls * latencyCycles) / 2,
      },
    ];
  },
};
