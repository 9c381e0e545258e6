/**
 * Checkpoints: everything that training needs to go on exactly where it stood, as one safetensors file: the variables of the modules
 * and the optimisers' state by name, the modules after the best epoch where there is patience, and how far it was, with which settings and on
 * which data, in the file's metadata.
 */
import * as z from 'zod';
import { diagnostic } from '#base';
import { readSafetensors, writeSafetensors } from '#data';
import { type Tensor as Data, tensorBytes } from '#ir';
import type { Progress, Training } from './fit.ts';
import { PRECISIONS } from './method.ts';
import type { DataIdentity, Hyperparameters } from './task.ts';

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
  /** Checkpoints of before it was kept have none. */
  readonly data?: DataIdentity;
}

const FORMAT = 'systole-training-1';

/** Characters of what was found in the place of something else. */
const LONGEST_SHOWN = 60;

export async function saveCheckpoint(task: string, training: Training): Promise<Uint8Array> {
  const { learner, seed, hyperparameters, data } = training;
  const progress = training.progress();
  const tensors = new Map<string, Data>();
  for (const [name, module] of Object.entries(learner.modules)) {
    for (const [variable, value] of await module.state()) tensors.set(`model/${name}/${variable}`, value);
  }
  for (const [name, optimizer] of Object.entries(learner.optimizers)) {
    for (const [variable, value] of await optimizer.state()) tensors.set(`optimizer/${name}/${variable}`, value);
  }
  for (const [name, state] of training.bestStates() ?? []) {
    for (const [variable, value] of state) tensors.set(`best/${name}/${variable}`, value);
  }
  const arrays = [...tensors].map(
    ([name, t]) => [name, { dtype: t.dtype, dims: t.dims, bytes: tensorBytes(t) }] as const,
  );
  const head: CheckpointHead = { task, seed, hyperparameters, progress, data };
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
    restore(training) {
      const { learner } = training;
      for (const [name, module] of Object.entries(learner.modules)) module.load(under(`model/${name}/`));
      for (const [name, optimizer] of Object.entries(learner.optimizers)) optimizer.load(under(`optimizer/${name}/`));
      const best = Object.keys(learner.modules).map((name) => [name, under(`best/${name}/`)] as const);
      if (best.some(([, state]) => state.size > 0)) training.keepBest(new Map(best));
    },
  };
}

type Refuse = (found: string, expected: string) => never;

const WHOLE = 'a whole number';
const whole = z.int(WHOLE).min(0, WHOLE);
const positive = z.int(`${WHOLE} above 0`).min(1, `${WHOLE} above 0`);
const number = z.number('a number');
const text = z.string('a text');
const texts = z.object({ en: text, zh: text }, 'texts by language');
const above0 = 'a number above 0';
const SHARE = "a share between 0 and 1, or '2:4'";
const share = z.number(SHARE).gt(0, SHARE).lt(1, SHARE);

/** What the head must hold; the message of each part says what is expected there. The rest follows from the task. */
const HEAD = z.object(
  {
    task: z.string("a task's name"),
    seed: whole.max(2 ** 32 - 1, `${WHOLE} below 2^32`),
    hyperparameters: z.object(
      {
        epochs: whole,
        batch: positive,
        rate: z.number(above0).gt(0, above0),
        limit: positive.optional(),
        patience: positive.optional(),
        size: positive.optional(),
        precision: z.enum(PRECISIONS, `one of ${PRECISIONS.join(', ')}`).optional(),
        sparsity: z.union([z.literal('2:4'), share], SHARE).optional(),
      },
      'settings',
    ),
    progress: z.object(
      {
        epoch: whole,
        batch: whole,
        samples: whole,
        draws: whole,
        sums: z.record(z.string(), number, 'sums by name'),
        best: z.object({ epoch: positive, value: number }, 'the best epoch and its value').optional(),
      },
      'how far training was',
    ),
    data: z
      .object({ name: texts, train: whole, validation: whole, fingerprint: text }, 'which data it is of')
      .optional(),
  },
  'task, seed, hyperparameters and progress',
);

function headOf(json: string | undefined, refuse: Refuse): CheckpointHead {
  let head: unknown;
  try {
    head = JSON.parse(json ?? '');
  } catch {
    const found = json === undefined ? 'no metadata `training`' : 'metadata `training` is no JSON';
    return refuse(found, 'a JSON object of task, seed, hyperparameters and progress');
  }
  const { success, data, error } = HEAD.safeParse(head);
  if (success) return data as CheckpointHead;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  const value = path.reduce<unknown>((v, key) => (v as Readonly<Record<PropertyKey, unknown>>)[key], head);
  const place = ['training', ...path].join('.');
  const found = value === undefined ? 'missing' : JSON.stringify(value).slice(0, LONGEST_SHOWN);
  return refuse(`metadata \`${place}\` is ${found}`, message);
}
