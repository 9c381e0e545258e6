/** Units that wait for a bank of a scratchpad: more banks. */
import type { Rule } from '../rule.ts';
import { both, grouped, percent } from '../words.ts';

const LEAST = 0.01;
const FACTORS = [2, 8];

export const scratchpadBanks: Rule = {
  name: 'scratchpad-banks',
  kind: 'time',
  title: both('more banks', '更多存储体'),
  looksAt: both('cycles that units wait for banks of NRAM or WRAM', '各单元等待 NRAM 或 WRAM 存储体的周期'),
  proposes: both('two and eight times the banks of either', 'NRAM 或 WRAM 的存储体数增至 2 倍、8 倍'),
  source: 'conflicts by number of banks (Rau, Pseudo-randomly interleaved memory, ISCA 1991)',
  propose({ machine, result, cores }) {
    const waits = result.units.reduce((n, u) => n + u.idleBy.bank, 0) / cores;
    if (waits < LEAST * result.cycles) return [];
    return (['nram', 'wram'] as const).flatMap((memory) => {
      const { banks } = machine[memory];
      if (banks === undefined) return [];
      const name = memory.toUpperCase();
      return FACTORS.map((factor, i) => ({
        finding: both(
          `units wait ${grouped(Math.round(waits))} cycles (${percent(waits / result.cycles)} of the run, all units together) for banks; ${name} has ${banks}`,
          `各单元共等待存储体 ${grouped(Math.round(waits))} 周期（运行的 ${percent(waits / result.cycles)}）；${name} 有 ${banks} 个`,
        ),
        figures: { bankWaitsCycles: waits, banks },
        layers: [],
        proposal: both(
          `${banks * factor} banks of ${name} instead of ${banks}`,
          `${name} 的存储体由 ${banks} 增至 ${banks * factor}`,
        ),
        change: { fields: [{ path: `${memory}.banks`, value: banks * factor }] },
        estimate: waits / 2 ** (i + 1),
      }));
    });
  },
};
