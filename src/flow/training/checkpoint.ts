/**
 * Checkpoints: everything that training needs to go on exactly where it stood, as one safetensors file: the variables of the modules
 * and the optimisers' state by name, and how far it was, with which settings, in the file's metadata.
 */
import { diagnostic } from '#base';
import { readSafetensors, writeSafetensors } from '#data';
import { type Tensor as Data, tensorBytes } from '#ir';
import type { Progress, Training } from './fit.ts';
import type { Hyperparameters } from './task.ts';

const notOurs = diagnostic<{ found: string; expected: string }>('SYS-FLOW-060', 'invalid', {
  en: (p) =>
    `this safetensors file is no checkpoint of a training that can be resumed: ${p.found}; expected ${p.expected}. Name a file that \`systole train\` ` +
    'wrote with --checkpoint, or begin anew.',
  zh: (p) =>
    `该 safetensors 文件不是可继续的训练检查点：${p.found}；应为 ${p.expected}。请给出由 systole train 的 --checkpoint 写出的文件，或重新开始。`,
});

const otherTask = diagnostic<{ found: string; expected: string }>('SYS-FLOW-061', 'usage', {
  en: (p) => `the checkpoint is of '${p.found}', not of '${p.expected}'. Resume it as ${p.found}, or begin anew.`,
  zh: (p) => `检查点属于“${p.found}”，而非“${p.expected}”。请以 ${p.found} 继续，或重新开始。`,
});

export interface CheckpointHead {
  readonly task: string;
  readonly seed: number;
  readonly hyperparameters: Hyperparameters;
  readonly progress: Progress;
}

const FORMAT = 'systole-training-1';

export async function saveCheckpoint(task: string, training: Training): Promise<Uint8Array> {
  const { learner, seed, hyperparameters } = training;
  const progress = training.progress();
  const tensors = new Map<string, Data>();
  for (const [name, module] of Object.entries(learner.modules)) {
    for (const [variable, value] of await module.state()) tensors.set(`model/${name}/${variable}`, value);
  }
  for (const [name, optimizer] of Object.entries(learner.optimizers)) {
    for (const [variable, value] of await optimizer.state()) tensors.set(`optimizer/${name}/${variable}`, value);
  }
  const arrays = [...tensors].map(
    ([name, t]) => [name, { dtype: t.dtype, dims: t.dims, bytes: tensorBytes(t) }] as const,
  );
  const head: CheckpointHead = { task, seed, hyperparameters, progress };
  return writeSafetensors(new Map(arrays) as Parameters<typeof writeSafetensors>[0], {
    format: FORMAT,
    training: JSON.stringify(head),
  });
}

export interface Checkpoint {
  readonly head: CheckpointHead;
  /** Puts the values into what trains. */
  restore(training: Training): void;
}

/**
 * @throws SYS-FLOW-060 no checkpoint; SYS-FLOW-061 of another task; what `readSafetensors` and the modules' `load` throw
 */
export function openCheckpoint(bytes: Uint8Array, task: string, file?: string): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes, file);
  const place = file === undefined ? {} : { file };
  const refuse = (found: string, expected: string): never => {
    throw notOurs({ found, expected }, place);
  };
  if (metadata.format !== FORMAT) {
    const found =
      metadata.format === undefined ? 'no metadata `format`' : `metadata \`format\` is '${metadata.format}'`;
    refuse(found, `'${FORMAT}'`);
  }
  const head = headOf(metadata.training, refuse);
  if (head.task !== task) throw otherTask({ found: head.task, expected: task }, place);
  const under = (prefix: string): Map<string, Data> =>
    new Map(
      [...tensors].flatMap(([name, t]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), t as Data]] : [])),
    );
  return {
    head,
    restore({ learner }) {
      for (const [name, module] of Object.entries(learner.modules)) module.load(under(`model/${name}/`));
      for (const [name, optimizer] of Object.entries(learner.optimizers)) optimizer.load(under(`optimizer/${name}/`));
    },
  };
}

type Refuse = (found: string, expected: string) => never;

const isCount = (v: unknown): boolean => Number.isInteger(v) && (v as number) >= 0;
const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

/** What the head must hold, by its path: the rest follows from the task. */
const HEAD: readonly (readonly [path: string, holds: (v: unknown) => boolean, expected: string])[] = [
  ['task', (v) => typeof v === 'string', "a task's name"],
  ['seed', isCount, 'a whole number'],
  ['hyperparameters', isRecord, 'settings'],
  ['hyperparameters.epochs', isCount, 'a whole number'],
  ['hyperparameters.batch', (v) => isCount(v) && v !== 0, 'a whole number above 0'],
  ['hyperparameters.rate', (v) => typeof v === 'number' && v > 0, 'a number above 0'],
  ['progress', isRecord, 'how far training was'],
  ['progress.epoch', isCount, 'a whole number'],
  ['progress.batch', isCount, 'a whole number'],
  ['progress.samples', isCount, 'a whole number'],
  ['progress.draws', isCount, 'a whole number'],
  ['progress.sums', isRecord, 'sums by name'],
];

function headOf(text: string | undefined, refuse: Refuse): CheckpointHead {
  let head: unknown;
  try {
    head = JSON.parse(text ?? '');
  } catch {
    const found = text === undefined ? 'no metadata `training`' : 'metadata `training` is no JSON';
    return refuse(found, 'a JSON object of task, seed, hyperparameters and progress');
  }
  for (const [path, holds, expected] of HEAD) {
    const value = path.split('.').reduce<unknown>((v, key) => (isRecord(v) ? v[key] : undefined), head);
    if (!holds(value)) {
      refuse(`metadata \`training.${path}\` is ${value === undefined ? 'missing' : JSON.stringify(value)}`, expected);
    }
  }
  return head as CheckpointHead;
}
