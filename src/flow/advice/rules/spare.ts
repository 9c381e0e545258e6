/** Hardware that a run does not need: smaller scratchpads, fewer vector lanes, at no cycle more. */
import { SystoleError } from '#base';
import { changedMachine, type Machine } from '#machine';
import { type Fields, NAMES, relaned, resized } from '../hardware.ts';
import type { Proposal, Rule, Scratchpad } from '../rule.ts';
import { both, bytesText, grouped, percent } from '../words.ts';

function isMachine(machine: Machine, fields: Fields): boolean {
  try {
    changedMachine(machine, fields);
    return true;
  } catch (error) {
    if (error instanceof SystoleError) return false;
    throw error;
  }
}

export const spareMemory: Rule = {
  name: 'spare-memory',
  kind: 'cost',
  title: both('smaller scratchpads', '更小的片上存储'),
  looksAt: both(
    'bytes of each scratchpad that the run never touches: half of it or more',
    '运行从未触及的片上存储字节：一半以上',
  ),
  proposes: both('the least power of two that holds what is touched', '能容纳所用部分的最小二次幂分之一容量'),
  source: 'area and energy of memories by capacity (Horowitz, ISSCC 2014; Sze et al., Proc. IEEE 2017, section V)',
  propose(facts) {
    const { capacity, touched, machine, result } = facts;
    return (Object.keys(NAMES) as Scratchpad[]).flatMap((memory): readonly Proposal[] => {
      const [bytes, used] = [capacity[memory], touched[memory]];
      if (bytes === 0 || used === 0 || used > bytes / 2) return [];
      let factor = 1;
      while (used <= (bytes * factor) / 2 && Number.isInteger((bytes * factor) / 2 / 64)) factor /= 2;
      // What every network needs there stays.
      while (factor < 1 && !isMachine(machine, resized(machine, memory, factor))) factor *= 2;
      if (factor === 1) return [];
      const { en, zh } = NAMES[memory];
      return [
        {
          finding: both(
            `the run touches ${bytesText(used)} of ${bytesText(bytes)} of ${en} (${percent(used / bytes)})`,
            `运行只用到 ${zh} ${bytesText(bytes)} 中的 ${bytesText(used)}（${percent(used / bytes)}）`,
          ),
          figures: { capacityBytes: bytes, touchedBytes: used },
          layers: [],
          proposal: both(
            `${en} of ${bytesText(bytes * factor)} instead of ${bytesText(bytes)}`,
            `${zh} 由 ${bytesText(bytes)} 减至 ${bytesText(bytes * factor)}`,
          ),
          change: { fields: resized(machine, memory, factor) },
          // The larger the part that goes, the sooner it is tried.
          estimate: result.cycles * (1 - used / bytes),
        },
      ];
    });
  },
};

/** At work for less than this share of a run, lanes are few enough in half the number. */
const IDLE = 0.1;

export const spareLanes: Rule = {
  name: 'spare-lanes',
  kind: 'cost',
  title: both('fewer vector lanes', '更少的向量通道'),
  looksAt: both(
    `a vector unit that is at work in less than ${percent(IDLE)} of the run`,
    `工作时间不足运行 ${percent(IDLE)} 的向量单元`,
  ),
  proposes: both('half the lanes, for every type', '各类型的通道数减半'),
  source:
    "Amdahl's law: what is seldom used need not be fast (Hennessy and Patterson, Computer Architecture, chapter 1)",
  propose(facts) {
    const busy = facts.layers.reduce((n, l) => n + l.time.vector, 0);
    const { lanes } = facts.machine.vector;
    const { cycles } = facts.result;
    const fields = relaned(facts.machine, 0.5);
    if (busy > IDLE * cycles || fields.some(({ value }) => Number(value) < 1)) return [];
    return [
      {
        finding: both(
          `the vector unit of ${lanes} lanes is at work for ${grouped(Math.round(busy))} cycles, ${percent(busy / cycles)} of the run`,
          `${lanes} 通道的向量单元工作 ${grouped(Math.round(busy))} 周期，占运行的 ${percent(busy / cycles)}`,
        ),
        figures: { lanes, vectorCycles: busy, vectorShare: busy / cycles },
        layers: [],
        proposal: both(`${lanes / 2} vector lanes instead of ${lanes}`, `向量通道由 ${lanes} 减至 ${lanes / 2}`),
        change: { fields },
        estimate: cycles * (IDLE - busy / cycles),
      },
    ];
  },
};
