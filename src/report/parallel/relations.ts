/**
 * Which steps of training must wait for which, and which may go on at once: what each strategy's dependencies say (`relations.test.ts` finds them in
 * the tasks), and for how long steps did overlap in a simulated step.
 */
import type { Strategy } from './plan.ts';
import { covered, isComputing, overlap, type Span, type Task, type TaskKind } from './simulate.ts';

export interface Relation {
  /** `waits`: `second` begins when `first` has ended. `overlaps`: neither waits for the other. */
  readonly rule: 'waits' | 'overlaps';
  readonly first: TaskKind;
  readonly second: TaskKind;
  /** `own`: of one device; `all`: of every device; `other`: of different devices. */
  readonly scope: 'own' | 'all' | 'other';
  /** Of overlaps: how long, on a device in the mean, or, of different devices, while two or more are at it. null: of waits. */
  readonly seconds: number | null;
}

type Rule = Omit<Relation, 'seconds'>;

const rule = (which: Relation['rule'], first: TaskKind, second: TaskKind, scope: Relation['scope']): Rule => ({
  ...{ rule: which, first, second, scope },
});

export const RELATIONS: Readonly<Record<Strategy, readonly Rule[]>> = {
  data: [
    rule('overlaps', 'forward', 'forward', 'other'),
    rule('overlaps', 'backward', 'backward', 'other'),
    rule('overlaps', 'allReduce', 'backward', 'own'),
    rule('waits', 'forward', 'backward', 'own'),
    rule('waits', 'backward', 'allReduce', 'all'),
    rule('waits', 'allReduce', 'update', 'all'),
  ],
  model: [
    rule('overlaps', 'forward', 'forward', 'other'),
    rule('overlaps', 'allReduce', 'weightGradient', 'own'),
    rule('waits', 'forward', 'allReduce', 'all'),
    rule('waits', 'allReduce', 'update', 'all'),
    rule('waits', 'forward', 'update', 'own'),
  ],
  pipeline: [
    rule('overlaps', 'forward', 'forward', 'other'),
    rule('overlaps', 'backward', 'backward', 'other'),
    rule('overlaps', 'activations', 'forward', 'own'),
    rule('overlaps', 'gradients', 'backward', 'own'),
    rule('waits', 'forward', 'activations', 'own'),
    rule('waits', 'forward', 'backward', 'all'),
    rule('waits', 'backward', 'update', 'own'),
  ],
};

/** Of a step. */
const ROUNDING = 1e-9;

/** The relations of a strategy of which both steps occur, with the time that overlaps take. */
export function relationsOf(strategy: Strategy, tasks: readonly Task[], spans: readonly Span[]): readonly Relation[] {
  const byKind = new Map<TaskKind, number[]>();
  tasks.forEach((t, i) => {
    if (t.seconds > 0) byKind.set(t.kind, [...(byKind.get(t.kind) ?? []), i]);
  });
  const end = spans.reduce((n, s) => Math.max(n, s.to), 0);
  const devices = [...new Set(tasks.flatMap((t) => t.devices))];
  const at = (kind: TaskKind, device: number): Span[] =>
    (byKind.get(kind) ?? []).filter((i) => tasks[i]!.devices.includes(device)).map((i) => spans[i]!);
  return RELATIONS[strategy].flatMap(({ rule: which, first, second, scope }): Relation[] => {
    if (!byKind.has(first) || !byKind.has(second) || (scope === 'other' && devices.length < 2)) return [];
    if (which === 'waits') return [{ rule: which, first, second, scope, seconds: null }];
    const seconds =
      scope === 'other'
        ? shared(devices.map((d) => at(first, d)))
        : devices.reduce((n, d) => n + overlap(at(first, d), at(second, d)), 0) / devices.length;
    // Spans that touch may overlap by what sums of floats are off.
    return [{ rule: which, first, second, scope, seconds: seconds < ROUNDING * end ? 0 : seconds }];
  });
}

/** How long two or more of several rows are covered. */
function shared(rows: readonly (readonly Span[])[]): number {
  const events = rows
    .flatMap((row) => row.flatMap(({ from, to }) => [[from, 1] as const, [to, -1] as const]))
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [sum, count, since] = [0, 0, 0];
  for (const [time, step] of events) {
    if (count >= 2) sum += time - since;
    [count, since] = [count + step, time];
  }
  return sum;
}

/** Of a device in a step: how long it computes, how long its links work, and how much of that is not under computing. */
export function occupation(tasks: readonly Task[], spans: readonly Span[], device: number) {
  const own = tasks.flatMap((t, i) => (t.devices.includes(device) ? [i] : []));
  const computing = own.filter((i) => isComputing(tasks[i]!.kind)).map((i) => spans[i]!);
  const sending = own.filter((i) => !isComputing(tasks[i]!.kind)).map((i) => spans[i]!);
  const communication = covered(sending);
  return { compute: covered(computing), communication, exposed: communication - overlap(sending, computing) };
}
