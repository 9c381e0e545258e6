/**
 * The event simulation of a training step: tasks that wait for tasks and hold resources (the compute of a device, ports of links) while they run. A task
 * starts when all that it waits for has ended and every resource of its is free; of tasks that want one, the one that was ready first goes, at
 * a tie the one that was listed first, and none overtakes another at a resource that both need. Times are seconds.
 */
import { internalError } from '#base';

export const TASK_KINDS = [
  'forward',
  'backward',
  'inputGradient',
  'weightGradient',
  'update',
  'allReduce',
  'allGather',
  'activations',
  'gradients',
] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Those that hold the compute of a device; the others go over links. */
export const isComputing = (kind: TaskKind): boolean =>
  ['forward', 'backward', 'inputGradient', 'weightGradient', 'update'].includes(kind);

export interface Task {
  readonly kind: TaskKind;
  /** What it is of: a layer, a bucket, a micro-batch. */
  readonly label: string;
  /** Devices that it is shown at. */
  readonly devices: readonly number[];
  readonly resources: readonly string[];
  readonly seconds: number;
  /** Tasks before it, by their places in the list. */
  readonly after: readonly number[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When each task runs. @throws where tasks wait for each other in a circle */
export function simulate(tasks: readonly Task[]): readonly Span[] {
  const spans: (Span | undefined)[] = tasks.map(() => undefined);
  const left = tasks.map((t) => new Set(t.after).size);
  const followers: number[][] = tasks.map(() => []);
  tasks.forEach((t, i) => {
    for (const before of new Set(t.after)) followers[before]!.push(i);
  });
  const busy = new Set<string>();
  let waiting = left.flatMap((n, i) => (n === 0 ? [i] : []));
  /** Ends of what runs, soonest first. */
  const running: { readonly task: number; readonly end: number }[] = [];
  let now = 0;
  let done = 0;
  while (done < tasks.length) {
    const claimed = new Set<string>();
    const later: number[] = [];
    for (const i of waiting) {
      const { resources, seconds } = tasks[i]!;
      if (resources.every((r) => !busy.has(r) && !claimed.has(r))) {
        for (const r of resources) busy.add(r);
        const end = now + seconds;
        spans[i] = { from: now, to: end };
        let at = running.length;
        while (at > 0 && running[at - 1]!.end > end) at--;
        running.splice(at, 0, { task: i, end });
      } else {
        for (const r of resources) claimed.add(r);
        later.push(i);
      }
    }
    waiting = later;
    const next = running[0];
    if (next === undefined) throw internalError({ what: 'tasks of a training step wait for each other' });
    now = next.end;
    const ready: number[] = [];
    while (running[0]?.end === now) {
      const { task } = running.shift()!;
      done++;
      for (const r of tasks[task]!.resources) busy.delete(r);
      for (const i of followers[task]!) if (--left[i]! === 0) ready.push(i);
    }
    waiting.push(...ready.sort((a, b) => a - b));
  }
  return spans as readonly Span[];
}

/** A list of tasks that is being made. */
export class TaskList {
  readonly tasks: Task[] = [];

  /** Its place. */
  add(task: Task): number {
    return this.tasks.push(task) - 1;
  }

  /** On the compute of a device. */
  compute(kind: TaskKind, label: string, device: number, seconds: number, after: readonly number[]): number {
    return this.add({ kind, label, devices: [device], resources: [`compute ${device}`], seconds, after });
  }
}

/** How long spans overlap others, each list without overlaps of its own counted once. */
export function overlap(a: readonly Span[], b: readonly Span[]): number {
  const [mine, others] = [merged(a), merged(b)];
  let [sum, j] = [0, 0];
  for (const { from, to } of mine) {
    while (j < others.length && others[j]!.to <= from) j++;
    for (let k = j; k < others.length && others[k]!.from < to; k++)
      sum += Math.min(to, others[k]!.to) - Math.max(from, others[k]!.from);
  }
  return sum;
}

/** How much time spans cover. */
export const covered = (spans: readonly Span[]): number => merged(spans).reduce((n, s) => n + s.to - s.from, 0);

/** Spans without overlaps, in order. */
function merged(spans: readonly Span[]): readonly Span[] {
  const result: { from: number; to: number }[] = [];
  for (const s of [...spans].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last !== undefined && s.from <= last.to) last.to = Math.max(last.to, s.to);
    else result.push({ ...s });
  }
  return result;
}
