/** Transfers that hold each other up, or take longer than DRAM does: a second queue, a wider port, a shorter setup. */
import { indicesOf } from '../estimate.ts';
import { rateText } from '../hardware.ts';
import type { Facts, Rule } from '../rule.ts';
import { both, grouped, percent } from '../words.ts';

/** Of a run: what must be waited for, and by what transfers must take longer. */
const LEAST = 0.01;

export const transferQueues: Rule = {
  name: 'transfer-queues',
  kind: 'time',
  title: both('a queue for stores of their own', '独立的写回队列'),
  looksAt: both(
    'cycles in which the one transfer queue waits for results that it has to store, while loads stand behind them, and in which setup, latency and ports hold it',
    '唯一的传输队列等待待写回结果（其后的读取被阻塞）的周期，以及被建立时间、延迟与端口占住的周期',
  ),
  proposes: both('two queues: loads and stores pass each other', '两个队列：读取与写回互不阻塞'),
  source: 'decoupled access and execute (Smith, ISCA 1982; Moreau et al., VTA, IEEE Micro 2019)',
  propose(facts) {
    const units = facts.result.units.filter((u) => u.name === 'dma');
    if (facts.machine.dma.queues !== 1 || units.length === 0) return [];
    const waits = units.reduce((n, u) => n + (u.waits.matrix ?? 0) + (u.waits.vector ?? 0), 0) / units.length;
    const busy = units.reduce((n, u) => n + u.busy, 0) / units.length;
    const held = Math.max(0, busy - facts.result.total.channelCycles / units.length);
    const total = facts.result.cycles;
    return waits + held < LEAST * total
      ? []
      : [
          {
            finding: both(
              `loads and stores share one queue, which waits ${grouped(Math.round(waits))} cycles (${percent(waits / total)}) for results to store while loads stand behind them, and is held ${grouped(Math.round(held))} (${percent(held / total)}) by setup, latency and ports`,
              `读取与写回共用一个队列，它为等待写回的结果停顿 ${grouped(Math.round(waits))} 周期（${percent(waits / total)}，其后的读取被阻塞），被建立时间、延迟与端口占住 ${grouped(Math.round(held))} 周期（${percent(held / total)}）`,
            ),
            figures: { queues: 1, waitsForResultsCycles: waits, heldCycles: held, waitsShare: waits / total },
            layers: [],
            proposal: both('two transfer queues', '两个传输队列'),
            change: {
              fields: [
                { path: 'dma.queues', value: 2 },
                // A depth of the one queue is of neither of its successors.
                ...(facts.machine.control.queueDepths?.dma === undefined
                  ? []
                  : [{ path: 'control.queueDepths.dma', value: 'none' }]),
              ],
            },
            estimate: (waits + held) / 8,
          },
        ];
  },
};

export const transferOverhead: Rule = {
  name: 'transfer-overhead',
  kind: 'time',
  title: both('transfers at the pace of DRAM', '与 DRAM 同速的传输'),
  looksAt: both(
    'cycles that transfers take beyond those of the DRAM channel: their setup, its latency, a scratchpad port that is narrower; in layers that transfers limit',
    '传输超出 DRAM 通道占用的周期：建立时间、延迟、过窄的片上端口；只看受传输限制的层',
  ),
  proposes: both(
    'twice the width of the port; half the setup; half the latency',
    '端口加宽一倍；建立时间减半；延迟减半',
  ),
  source: "Little's law: outstanding transfers × bytes = bandwidth × latency (Little, Operations Research, 1961)",
  propose(facts) {
    const { machine, cores } = facts;
    const transfers = (l: Facts['layers'][number]): number =>
      Math.max(l.run.busy.dma ?? 0, l.run.busy.load ?? 0, l.run.busy.store ?? 0) / cores;
    const layers = facts.layers
      .filter((l) => transfers(l) > Math.max(l.time.memory, l.time.matrix, l.time.vector))
      .sort((a, b) => b.run.cycles - a.run.cycles);
    const beyond = layers.reduce((n, l) => n + transfers(l) - Math.max(l.time.memory, l.time.matrix, l.time.vector), 0);
    const total = facts.result.cycles;
    if (beyond < LEAST * total) return [];
    const { setupCycles, scratchpadBytesPerCycle: port } = machine.dma;
    const { latencyCycles } = machine.dram;
    const shared = {
      finding: both(
        `in ${layers.length} layers transfers take ${grouped(Math.round(beyond))} cycles (${percent(beyond / total)}) beyond DRAM and computation: ${setupCycles} cycles of setup and ${latencyCycles} of latency each, a port of ${port} B a cycle beside DRAM of ${rateText(machine.dram.bandwidth)}`,
        `在 ${layers.length} 层中，传输比 DRAM 与计算多用 ${grouped(Math.round(beyond))} 周期（${percent(beyond / total)}）：每次建立 ${setupCycles} 周期、延迟 ${latencyCycles} 周期，端口每周期 ${port} B，而 DRAM 为 ${rateText(machine.dram.bandwidth)}`,
      ),
      figures: {
        beyondCycles: beyond,
        beyondShare: beyond / total,
        setupCycles,
        latencyCycles,
        portBytesPerCycle: port,
      },
      layers: indicesOf(layers),
    };
    const { bytes, cycles } = machine.dram.bandwidth;
    const isNarrow = port < (2 * bytes) / cycles;
    const field = (path: string, value: number) => ({ fields: [{ path, value }] });
    return [
      ...(isNarrow
        ? [
            {
              ...shared,
              proposal: both(`a port of ${port * 2} B a cycle`, `端口每周期 ${port * 2} B`),
              change: field('dma.scratchpadBytesPerCycle', port * 2),
              estimate: beyond / 2,
            },
          ]
        : []),
      ...(setupCycles > 1
        ? [
            {
              ...shared,
              proposal: both(
                `transfers set up in ${Math.floor(setupCycles / 2)} cycles`,
                `传输在 ${Math.floor(setupCycles / 2)} 周期内建立`,
              ),
              change: field('dma.setupCycles', Math.floor(setupCycles / 2)),
              estimate: (beyond * setupCycles) / (setupCycles + latencyCycles) / 2,
            },
          ]
        : []),
      ...(latencyCycles > 1
        ? [
            {
              ...shared,
              proposal: both(
                `DRAM with a latency of ${Math.floor(latencyCycles / 2)} cycles`,
                `DRAM 延迟 ${Math.floor(latencyCycles / 2)} 周期`,
              ),
              change: field('dram.latencyCycles', Math.floor(latencyCycles / 2)),
              estimate: (beyond * latencyCycles) / (setupCycles + latencyCycles) / 2,
            },
          ]
        : []),
    ];
  },
};
