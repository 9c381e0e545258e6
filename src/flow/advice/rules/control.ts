/** Units that have nothing to do because control has not come further: deeper queues, a faster control unit. */
import { fieldsOfDepth } from '../hardware.ts';
import type { Facts, Proposal, Rule } from '../rule.ts';
import { both, grouped, percent } from '../words.ts';

const LEAST = 0.01;

/** Idle cycles of the busiest unit because its queue was empty, of the mean core. */
function starved({ result, cores }: Facts): number {
  const of = (names: readonly string[]) => result.units.filter((u) => names.includes(u.name));
  const units = ['matrix', 'vector', 'dma', 'load'].map((name) => of([name])).filter((us) => us.length > 0);
  const busy = (us: readonly { busy: number }[]): number => us.reduce((n, u) => n + u.busy, 0);
  const busiest = units.reduce((most, us) => (busy(us) > busy(most) ? us : most), units[0] ?? []);
  return busiest.reduce((n, u) => n + u.idleBy.empty, 0) / cores;
}

export const queueDepth: Rule = {
  name: 'queue-depth',
  kind: 'time',
  title: both('deeper queues', '更深的队列'),
  looksAt: both(
    'cycles that control stands before a full queue while the busiest unit of the run has an empty one',
    '控制单元停在已满队列之前、而最忙单元的队列为空的周期',
  ),
  proposes: both('queues of twice and four times the depth', '队列深度加倍、四倍'),
  source: 'decoupling by queues (Smith, Decoupled Access/Execute Computer Architectures, ISCA 1982)',
  propose(facts) {
    const { control, cycles } = facts.result;
    const [full, empty] = [control.queue / facts.cores, starved(facts)];
    const waits = Math.min(full, empty);
    const depth = facts.machine.control.queueDepth;
    if (waits < LEAST * cycles) return [];
    return [2, 4].map((factor, i) => ({
      finding: both(
        `control stands ${grouped(Math.round(full))} cycles (${percent(full / cycles)}) before full queues of ${depth} entries, and the busiest unit has none to take for ${grouped(Math.round(empty))} (${percent(empty / cycles)})`,
        `控制单元在 ${depth} 项的满队列前停顿 ${grouped(Math.round(full))} 周期（${percent(full / cycles)}），而最忙的单元有 ${grouped(Math.round(empty))} 周期（${percent(empty / cycles)}）无项可取`,
      ),
      figures: { queueDepth: depth, fullQueueCycles: full, emptyQueueCycles: empty },
      layers: [],
      proposal: both(`queues of ${depth * factor} entries`, `队列深度 ${depth * factor} 项`),
      change: { fields: fieldsOfDepth(facts.machine, factor) },
      estimate: waits / 2 ** i,
    }));
  },
};

export const controlRate: Rule = {
  name: 'control-rate',
  kind: 'time',
  title: both('a faster control unit', '更快的控制单元'),
  looksAt: both(
    'cycles in which the busiest unit has an empty queue, and what control spends its time on: instructions, taken branches, words, operands',
    '最忙单元队列为空的周期，以及控制单元的时间去向：指令、跳转、取指、操作数',
  ),
  proposes: both(
    'of these what takes most, in half the time: cycles of an instruction, of a branch, words fetched at once, cycles of the scalar pipeline',
    '其中耗时最多的一项减半：指令周期、跳转周期、每次取指字数、标量流水线周期',
  ),
  source: "Amdahl's law on instruction issue (Chen et al., Cambricon, ISCA 2016, section IV)",
  propose(facts) {
    const { result, cores, machine } = facts;
    const { cycles } = result;
    const empty = starved(facts);
    const { issue, branch, fetch, data } = result.control;
    const spent = { issue: issue / cores, branch: branch / cores, fetch: fetch / cores, data: data / cores };
    const work = spent.issue + spent.branch + spent.fetch + spent.data;
    if (empty < LEAST * cycles || work === 0) return [];
    const { cyclesPerInstruction, branchPenalty, fetch: front, pipeline } = machine.control;
    const half = (n: number): number => Math.floor(n / 2);
    const proposal = (share: number, en: string, zh: string, fields: NonNullable<Proposal['change']['fields']>) => ({
      finding: both(
        `the busiest unit has an empty queue for ${grouped(Math.round(empty))} cycles (${percent(empty / cycles)}); control spends ${grouped(Math.round(spent.issue))} on instructions, ${grouped(Math.round(spent.branch))} on branches, ${grouped(Math.round(spent.fetch))} waiting for words, ${grouped(Math.round(spent.data))} for operands`,
        `最忙的单元有 ${grouped(Math.round(empty))} 周期（${percent(empty / cycles)}）队列为空；控制单元用于指令 ${grouped(Math.round(spent.issue))}、跳转 ${grouped(Math.round(spent.branch))}、等待取指 ${grouped(Math.round(spent.fetch))}、等待操作数 ${grouped(Math.round(spent.data))} 周期`,
      ),
      figures: {
        emptyQueueCycles: empty,
        issueCycles: spent.issue,
        branchCycles: spent.branch,
        fetchCycles: spent.fetch,
        dataCycles: spent.data,
      },
      layers: [],
      proposal: both(en, zh),
      change: { fields },
      estimate: (empty * share) / work / 2,
    });
    return [
      ...(cyclesPerInstruction > 1
        ? [
            proposal(
              spent.issue,
              `an instruction in ${half(cyclesPerInstruction)} cycles instead of ${cyclesPerInstruction}`,
              `每条指令由 ${cyclesPerInstruction} 周期减至 ${half(cyclesPerInstruction)}`,
              [{ path: 'control.cyclesPerInstruction', value: half(cyclesPerInstruction) }],
            ),
          ]
        : []),
      ...(branchPenalty > 0
        ? [
            proposal(
              spent.branch,
              `a taken branch in ${half(branchPenalty)} cycles more instead of ${branchPenalty}`,
              `跳转代价由 ${branchPenalty} 周期减至 ${half(branchPenalty)}`,
              [{ path: 'control.branchPenalty', value: half(branchPenalty) }],
            ),
          ]
        : []),
      ...(front === undefined
        ? []
        : [
            proposal(
              spent.fetch,
              `${front.wordsPerCycle * 2} words fetched at once instead of ${front.wordsPerCycle}`,
              `每次取指由 ${front.wordsPerCycle} 字增至 ${front.wordsPerCycle * 2} 字`,
              [
                { path: 'control.fetch.wordsPerCycle', value: front.wordsPerCycle * 2 },
                { path: 'control.fetch.bufferWords', value: front.bufferWords * 2 },
              ],
            ),
          ]),
      ...(pipeline === undefined
        ? []
        : [
            proposal(
              spent.data,
              'results of the scalar pipeline in half the cycles',
              '标量流水线结果周期减半',
              Object.entries(pipeline).map(([key, n]) => ({ path: `control.pipeline.${key}`, value: half(n) })),
            ),
          ]),
    ];
  },
};
