/** Several cores: more of them where computation limits, fewer where they wait for each other. */
import { cyclesOf, indicesOf, limitedBy, wouldSave } from '../estimate.ts';
import { allCores } from '../facts.ts';
import type { Facts, Rule } from '../rule.ts';
import { both, grouped, layersText, percent } from '../words.ts';

const LEAST = 0.02;

export const moreCores: Rule = {
  name: 'more-cores',
  kind: 'time',
  title: both('more cores', '更多核'),
  looksAt: both(
    'layers of a machine with clusters in which a core is at work longer than DRAM',
    '在带簇的机器上，核的工作时间超过 DRAM 的层',
  ),
  proposes: both('twice the cores of a cluster', '每簇的核数加倍'),
  source:
    'the roofline of a chip: peak grows with its cores, bandwidth does not (Williams, Waterman, Patterson, CACM 2009)',
  propose(facts) {
    const { cluster } = facts.machine;
    if (cluster === undefined || facts.options.cores !== undefined) return [];
    const layers = [...limitedBy(facts, 'matrix'), ...limitedBy(facts, 'vector')];
    const of = layersText(facts, layers);
    return [
      {
        finding: both(
          `the units of ${facts.cores} cores limit ${of.en}`,
          `${facts.cores} 个核的计算单元限制了 ${of.zh}`,
        ),
        figures: { cores: facts.cores, limitedLayers: layers.length, limitedCycles: cyclesOf(layers) },
        layers: indicesOf(layers),
        proposal: both(
          `${cluster.cores * 2} cores in a cluster instead of ${cluster.cores}`,
          `每簇由 ${cluster.cores} 核增至 ${cluster.cores * 2} 核`,
        ),
        change: { fields: [{ path: 'cluster.cores', value: cluster.cores * 2 }] },
        estimate: wouldSave(facts.layers, { matrix: 0.5, vector: 0.5 }),
      },
    ];
  },
};

/** Cycles that cores wait for each other, and the busiest is at work beyond the mean, of the mean core. */
function imbalance({ result, cores }: Facts): { readonly waits: number; readonly beyond: number } {
  const units = result.units.filter((u) => u.name === 'matrix' || u.name === 'vector');
  const waits = units.reduce((n, u) => n + (u.waits.core ?? 0), 0) / cores;
  const matrix = result.units.filter((u) => u.name === 'matrix').map((u) => u.busy);
  const mean = matrix.reduce((n, busy) => n + busy, 0) / Math.max(1, matrix.length);
  return { waits, beyond: Math.max(0, ...matrix) - mean };
}

export const fewerCores: Rule = {
  name: 'fewer-cores',
  kind: 'time',
  title: both('fewer cores', '更少核'),
  looksAt: both(
    'cycles for which cores wait for each other, and by which the busiest is at work longer than the mean',
    '核之间相互等待的周期，以及最忙的核超出平均的周期',
  ),
  proposes: both('half the cores of a cluster at work', '只用一簇中的一半核'),
  source: 'load balance of a partition (exercise 6.10 of AI Computing Systems; report/analytic/loadBalance)',
  propose(facts) {
    const { waits, beyond } = imbalance(facts);
    const { cycles } = facts.result;
    const total = allCores(facts);
    const inCluster = facts.machine.cluster?.cores ?? 1;
    if (facts.cores < 2 || facts.cores > inCluster || waits + beyond < LEAST * cycles) return [];
    const half = Math.floor(facts.cores / 2);
    return [
      {
        finding: both(
          `${facts.cores} of ${total} cores run the program; each waits ${grouped(Math.round(waits))} cycles (${percent(waits / cycles)}) for others, and the busiest is at work ${grouped(Math.round(beyond))} cycles beyond the mean`,
          `${total} 核中的 ${facts.cores} 核运行程序；平均每核等待其他核 ${grouped(Math.round(waits))} 周期（${percent(waits / cycles)}），最忙的核超出平均 ${grouped(Math.round(beyond))} 周期`,
        ),
        figures: { cores: facts.cores, waitsForCoresCycles: waits, beyondMeanCycles: beyond },
        layers: [],
        proposal: both(`the program on ${half} ${half === 1 ? 'core' : 'cores'}`, `程序只用 ${half} 个核`),
        change: { cores: half },
        estimate: waits + beyond,
      },
    ];
  },
};
