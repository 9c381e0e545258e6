/**
 * The advisor: one run is explained, rules propose changes, the most promising are compiled and run, and what a run confirms is advice. Savings are
 * those of the runs; estimates only choose what is run, so that the time is bounded by the number of runs.
 */
import { diagnostic, nearestName } from '#base';
import type { Model } from '#ir';
import { type Advice, type AdviceReport, percent, type TriedChange } from '#report';
import type { Observer } from '#sim';
import type { CompileOptions } from '../compile.ts';
import { type Explained, explainModel } from '../explain.ts';
import { factsOf } from './facts.ts';
import { adviceRules } from './registry.ts';
import type { Change, Facts, Proposal, Rule } from './rule.ts';
import { TouchRecorder } from './touched.ts';
import { runChange, type Subject, totalsOfRun } from './trial.ts';

/** What saves less of the cycles is no advice. */
export const LEAST_SAVING = 0.005;
/** Of the cycles: what a change that saves hardware may cost. */
export const MOST_LOSS = 0.001;
/** A dearer change of the same rule must save so much more. */
const WORTH_MORE = 0.01;

export interface AdviseOptions extends CompileOptions {
  /** Names of the rules that are asked; absent: all. */
  readonly rules?: readonly string[];
  /** How many changes are run at most; by default 12. */
  readonly runs?: number;
  /** How many pieces of advice of each kind are given at most; by default all that are confirmed. */
  readonly limit?: number;
  /** The network in 8 bits, for rules that propose it. */
  readonly quantised?: () => Promise<Model>;
  /** The command that makes the run of a change. */
  readonly commandOf?: (change: Change) => string;
  /** What is being run, and how many of how many. */
  readonly onRun?: (done: number, total: number) => void;
  readonly observer?: Observer;
}

const unknownRule = diagnostic<{ rule: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-FLOW-170',
  'usage',
  {
    en: (p) =>
      `there is no rule '${p.rule}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} Rules: ${p.known.join(', ')}.`,
    zh: (p) =>
      `没有规则“${p.rule}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}规则：${p.known.join('、')}。`,
  },
);

/** @throws SYS-FLOW-170 */
export function rulesNamed(names: readonly string[] | undefined): readonly Rule[] {
  if (names === undefined) return adviceRules;
  const known = adviceRules.map((rule) => rule.name);
  return names.map((name) => {
    const found = adviceRules.find((rule) => rule.name === name);
    if (found === undefined) throw unknownRule({ rule: name, nearest: nearestName(name, known), known });
    return found;
  });
}

export interface Advised {
  readonly explained: Explained;
  readonly report: AdviceReport;
}

/** @throws SYS-FLOW-170, and whatever compiling and running the network as it is throws */
export async function adviseModel(model: Model, options: AdviseOptions): Promise<Advised> {
  const { rules: names, runs = 12, limit, quantised, commandOf, onRun, observer, ...compile } = options;
  const rules = rulesNamed(names);
  const touched = new TouchRecorder(compile.machine);
  const explained = await explainModel(model, {
    ...compile,
    schedules: 0,
    observer: (event) => {
      touched.observer(event);
      observer?.(event);
    },
  });
  const { winograd, convolution, sparse, cores, batch, dims } = compile;
  const asked = { winograd, convolution, sparse, cores, batch, dims };
  const facts = factsOf(explained, touched, {
    options: Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
    hasWeights: quantised !== undefined,
  });
  const { onStep: _, onProgress: __, ...quiet } = compile;
  const subject: Subject = { model, options: quiet, ...(quantised === undefined ? {} : { quantised }) };
  return { explained, report: await confirm(facts, rules, subject, { runs, limit, commandOf, onRun }) };
}

interface Candidate extends Proposal {
  readonly rule: Rule;
  /** Place among the rule's proposals: the cheapest is the first. */
  readonly order: number;
}

interface Ordered {
  readonly order: number;
  readonly advice: Advice;
}

/** Those worth a run, the most promising first; each rule's first before any rule's second. */
export function candidatesOf(facts: Facts, rules: readonly Rule[]): readonly Candidate[] {
  // A network of views alone takes no time.
  if (facts.result.cycles === 0) return [];
  const ofRules = rules.map((rule) => {
    const least = rule.kind === 'time' ? LEAST_SAVING * facts.result.cycles : 0;
    return rule
      .propose(facts)
      .map((p, order): Candidate => ({ ...p, rule, order }))
      .filter((p) => p.estimate > least)
      .sort((a, b) => b.estimate - a.estimate);
  });
  const by = (a: Candidate, b: Candidate): number => b.estimate - a.estimate;
  const first = ofRules.flatMap((of) => of.slice(0, 1)).sort(by);
  return [...first, ...ofRules.flatMap((of) => of.slice(1)).sort(by)];
}

/** What is asked of the runs. */
interface Asked {
  readonly runs: number;
  readonly limit: number | undefined;
  readonly commandOf: AdviseOptions['commandOf'] | undefined;
  readonly onRun: AdviseOptions['onRun'] | undefined;
}

async function confirm(
  facts: Facts,
  rules: readonly Rule[],
  subject: Subject,
  { runs, limit, commandOf, onRun }: Asked,
): Promise<AdviceReport> {
  const before = totalsOfRun(facts.program, facts.result, facts.batch);
  const candidates = candidatesOf(facts, rules).slice(0, runs);
  const tried: TriedChange[] = [];
  const confirmed = new Map<Rule, Ordered[]>();
  for (const [i, { rule, order, ...candidate }] of candidates.entries()) {
    onRun?.(i, candidates.length);
    const trial = await runChange(subject, candidate.change, facts.batch);
    const about = { rule: rule.name, proposal: candidate.proposal };
    if ('refused' in trial) {
      tried.push({ ...about, cycles: null, why: trial.refused });
      continue;
    }
    const { totals: after } = trial;
    const cycles = before.cycles - after.cycles;
    const share = before.cycles === 0 ? 0 : cycles / before.cycles;
    const why = noAdvice(rule, share);
    if (why !== undefined) {
      tried.push({ ...about, cycles: after.cycles, why });
      continue;
    }
    const advice: Advice = {
      ...{ ...about, kind: rule.kind, finding: candidate.finding, figures: candidate.figures },
      ...{ layers: candidate.layers, before, after, saved: { cycles, share } },
      command: commandOf?.(candidate.change) ?? '',
    };
    confirmed.set(rule, [...(confirmed.get(rule) ?? []), { order, advice }]);
  }
  const best = [...confirmed].flatMap(([rule, of]) => {
    // Each part that can go is a piece of its own.
    if (rule.kind === 'cost') return of.map(({ advice }) => advice);
    const [chosen, others] = bestOf(of);
    tried.push(...others.map(beside));
    return [chosen];
  });
  const ranked = (kind: Rule['kind']): readonly Advice[] =>
    best
      .filter((a) => a.kind === kind)
      .sort(kind === 'time' ? (a, b) => b.saved.share - a.saved.share : bySpared)
      .slice(0, limit);
  return { before, advice: [...ranked('time'), ...ranked('cost')], runs: candidates.length, tried };
}

/** Shares that print as 0.0 %. */
const NO_DIFFERENCE = 0.0005;

function noAdvice({ kind }: Rule, share: number): TriedChange['why'] | undefined {
  if (kind === 'time' ? share >= LEAST_SAVING : share >= -MOST_LOSS) return undefined;
  if (Math.abs(share) < NO_DIFFERENCE) return { en: 'it makes no difference', zh: '没有影响' };
  return share > 0
    ? { en: `it saves ${percent(share)} only`, zh: `仅节省 ${percent(share)}` }
    : { en: `it takes ${percent(-share)} more cycles`, zh: `周期增加 ${percent(-share)}` };
}

/** Those that save most of what the machine has figures of first: energy, then area. */
function bySpared(a: Advice, b: Advice): number {
  const spared = ({ before, after }: Advice, of: 'energy' | 'area'): number =>
    1 - (after[of] ?? 1) / (before[of] || (after[of] ?? 1));
  return spared(b, 'energy') - spared(a, 'energy') || spared(b, 'area') - spared(a, 'area');
}

/** Of one rule's the one that saves most; of those that save about as much the first that was proposed, which is the cheapest. */
function bestOf(of: readonly Ordered[]): readonly [Advice, readonly Advice[]] {
  const all = [...of].sort((a, b) => a.order - b.order).map(({ advice }) => advice);
  const most = Math.max(...all.map((a) => a.saved.share));
  const chosen = all.find((a) => a.saved.share >= most - WORTH_MORE)!;
  return [chosen, all.filter((a) => a !== chosen)];
}

const beside = ({ rule, proposal, after, saved }: Advice): TriedChange => ({
  ...{ rule, proposal, cycles: after.cycles },
  why: {
    en: `it saves ${percent(saved.share)}; another change of this rule is the better one`,
    zh: `节省 ${percent(saved.share)}；本规则的另一项修改更好`,
  },
});
