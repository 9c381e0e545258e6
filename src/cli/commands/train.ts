/** `systole train TASK`: trains a network, shows every epoch, saves it as an ONNX file that `systole run` takes. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Argument } from 'commander';
import { diagnostic, nearestName } from '#base';
import { download, encodePng, MNIST_FILES, openEventWriter, openFolder } from '#data';
import {
  checkMakesPictures,
  digitData,
  type EpochEvent,
  exportTrained,
  type Hyperparameters,
  logEpoch,
  loggedGraph,
  type Means,
  openCheckpoint,
  PRECISIONS,
  type Precision,
  prepareTraining,
  type Sparsity,
  type StepEvent,
  saveCheckpoint,
  sparsityOf,
  type Task,
  type TaskData,
  type Training,
  tasks,
} from '#flow';
import { writeModel } from '#onnx';
import { sparsity } from '#tensor';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { checkWritable, readBytes, writeFile } from '../files.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Both } from '../language.ts';
import { confusionText } from '../training/confusion.ts';
import { choice, positive, whole } from '../values.ts';

interface TrainOptions {
  readonly data?: string;
  readonly download?: boolean;
  readonly epochs?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly limit?: number;
  readonly precision?: Precision;
  readonly sparsity?: Sparsity;
  readonly patience?: number;
  readonly out?: string;
  readonly samples?: string;
  readonly checkpoint?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly events?: string;
}

const unknownTask = diagnostic<{ name: string; known: string; nearest: string | undefined }>('SYS-CLI-120', 'usage', {
  en: (p) => `there is no task '${p.name}'${p.nearest ? `; did you mean '${p.nearest}'?` : '.'} Tasks: ${p.known}.`,
  zh: (p) => `没有任务“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : '。'}可用任务：${p.known}。`,
});

const needsDigits = diagnostic<{ task: string; option: string }>('SYS-CLI-121', 'usage', {
  en: (p) => `${p.option} is for tasks that learn from images; '${p.task}' makes its own data. Leave it out.`,
  zh: (p) => `${p.option} 用于学习图像的任务；“${p.task}”自备数据。请去掉它。`,
});

const sameFile = diagnostic<{ path: string }>('SYS-CLI-126', 'usage', {
  en: (p) => `--out and --checkpoint both name ${p.path}. Give the network and the checkpoint a file each.`,
  zh: (p) => `--out 与 --checkpoint 均为 ${p.path}。请为网络和检查点分别指定文件。`,
});

const needsFolder = diagnostic<Record<string, never>>('SYS-CLI-125', 'usage', {
  en: () => '--download fetches into a folder: say which with --data DIR.',
  zh: () => '--download 下载到文件夹：请用 --data DIR 指定。',
});

const needsCheckpoint = diagnostic<Record<string, never>>('SYS-CLI-122', 'usage', {
  en: () => '--resume goes on from a checkpoint: say which with --checkpoint FILE.',
  zh: () => '--resume 从检查点继续：请用 --checkpoint FILE 指定。',
});

const settingsFixed = diagnostic<{ option: string }>('SYS-CLI-123', 'usage', {
  en: (p) =>
    `${p.option} cannot change when training is resumed: the checkpoint holds it. Leave it out, or begin anew.`,
  zh: (p) => `继续训练时不能更改 ${p.option}：其值由检查点给出。请去掉它，或重新开始。`,
});

const checkpointStands = diagnostic<{ path: string }>('SYS-CLI-140', 'usage', {
  en: (p) =>
    `--checkpoint names ${p.path}, which is there already and would be overwritten. Add --resume to go on from it, --overwrite to begin anew in ` +
    'its place, or name another file.',
  zh: (p) =>
    `--checkpoint 指定的 ${p.path} 已存在，将被覆盖。请加 --resume 从它继续，加 --overwrite 重新开始并替换它，或指定其他文件。`,
});

const resumeOrOverwrite = diagnostic<Record<string, never>>('SYS-CLI-141', 'usage', {
  en: () => '--resume goes on from the checkpoint, --overwrite begins anew in its place: give one of them.',
  zh: () => '--resume 从检查点继续，--overwrite 重新开始并替换检查点：请只给出其一。',
});

const nothingLeft = diagnostic<{ done: number; epochs: number }>('SYS-CLI-124', 'usage', {
  en: (p) =>
    `the checkpoint has ${p.done} epochs behind it, and ${p.epochs} are asked for. Ask for more with --epochs.`,
  zh: (p) => `检查点已完成 ${p.done} 个 epoch，而要求的是 ${p.epochs} 个。请用 --epochs 指定更多。`,
});

/** Milliseconds between lines. */
const SHOW_EVERY = 500;

/** The code of a process that Ctrl-C ends. */
const INTERRUPTED = 130;

export function configureTrain(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole train lenet5',
      does: { en: 'on digits drawn by rule, no download', zh: '用按规则绘制的数字，无需下载' },
    },
    {
      run: 'systole train lenet5 --data mnist --epochs 5 --out lenet5.onnx',
      does: { en: 'on MNIST, and save the network', zh: '用 MNIST 训练并保存网络' },
    },
    {
      run: 'systole train mlp --sparsity 2:4 --precision f16',
      does: { en: 'with half of the weights zero, in mixed precision', zh: '一半权重为零，混合精度' },
    },
    {
      run: 'systole train gan --data mnist --samples digits.png',
      does: { en: 'draw digits, and save a sheet of them', zh: '生成数字，并保存一张样图' },
    },
    {
      run: 'systole train mlp --checkpoint mlp.safetensors --resume',
      does: { en: 'go on where it was stopped', zh: '从停下之处继续' },
    },
    { run: 'systole train adder --json', does: { en: 'one line of JSON an epoch', zh: '每个 epoch 输出一行 JSON' } },
  ]);
  const list = [...tasks.values()].map((task) => `${task.name}: ${t(task.summary)}`).join('; ');
  command.addArgument(new Argument('<TASK>', list));
  const option = (flag: string, text: Both, parse?: (value: string) => unknown): void => {
    if (parse === undefined) command.option(flag, t(text));
    else command.option(flag, t(text), parse);
  };
  option('--data <DIR>', {
    en: "a folder with MNIST's files; without it, digits drawn by rule",
    zh: 'MNIST 文件所在文件夹；不给出时用按规则绘制的数字',
  });
  option('--download', {
    en: "fetch MNIST's files into --data first, where they are not there",
    zh: '先把缺少的 MNIST 文件下载到 --data 文件夹',
  });
  const defaults = (of: 'epochs' | 'batch' | 'rate', en: string, zh: string): Both => {
    const byTask = [...tasks.values()].map((task) => `${task.name} ${task.defaults[of]}`);
    return { en: `${en}; default ${byTask.join(', ')}`, zh: `${zh}；默认 ${byTask.join('、')}` };
  };
  option('--epochs <N>', defaults('epochs', 'passes over the data', '遍历数据的次数'), whole('--epochs', 1, 100_000));
  option('--batch <N>', defaults('batch', 'samples in a step', '每步的样本数'), whole('--batch', 1, 1_000_000));
  option('--rate <X>', defaults('rate', 'learning rate at the start', '初始学习率'), positive('--rate'));
  option(
    '--seed <S>',
    { en: 'seed of everything random, from 0; default 1', zh: '随机种子，不小于 0；默认 1' },
    whole('--seed', 0, 2 ** 32 - 1),
  );
  option(
    '--limit <N>',
    { en: 'the first N training images alone', zh: '只用前 N 幅训练图像' },
    whole('--limit', 1, 1e9),
  );
  option(
    '--patience <N>',
    { en: 'end after N epochs without a better one', zh: '连续 N 个 epoch 无改进即停止' },
    whole('--patience', 1, 100_000),
  );
  option(
    '--precision <TYPE>',
    {
      en: 'products in f32 (default), f16 or bf16; weights stay f32',
      zh: '乘积的精度：f32（默认）、f16 或 bf16；权重保持 f32',
    },
    choice('--precision', PRECISIONS),
  );
  option(
    '--sparsity <SHARE>',
    { en: 'prune weights gradually to this share of zeros, or 2:4', zh: '逐步剪枝，使零权重达到该比例，或 2:4' },
    sparsityOf,
  );
  option('--out <FILE>', { en: 'the trained network as ONNX', zh: '把训练好的网络写为 ONNX' });
  option('--samples <FILE.png>', { en: 'pictures that the network makes (gan)', zh: '网络生成的图片（gan）' });
  option('--checkpoint <FILE>', {
    en: 'where training stands, saved after every epoch and at Ctrl-C; a file that is there already needs --resume or --overwrite',
    zh: '训练进度，每个 epoch 后及按 Ctrl-C 时保存；文件已存在时需加 --resume 或 --overwrite',
  });
  option('--resume', { en: 'go on from the checkpoint, with its settings', zh: '从检查点继续，沿用其设置' });
  option('--overwrite', { en: 'begin anew where a checkpoint is there already', zh: '检查点已存在时重新开始并替换它' });
  option('--events <DIR>', { en: 'curves and the graph for TensorBoard', zh: '供 TensorBoard 使用的曲线与计算图' });
  withCommonOptions(console, command, {
    en: 'a JSON object a line on standard output: every epoch, then what there is at the end (confusion, zeros)',
    zh: '在标准输出每行打印一个 JSON 对象：每个 epoch 一行，最后是混淆矩阵、零权重等',
  });
  command.action((name: string, options: TrainOptions) => train(name, options, console));
}

async function train(name: string, options: TrainOptions, console: Console): Promise<void> {
  const task = tasks.get(name);
  if (task === undefined) {
    const known = [...tasks.keys()];
    throw unknownTask({ name, known: known.join(', '), nearest: nearestName(name, known) });
  }
  for (const flag of ['data', 'limit'] as const) {
    if (options[flag] !== undefined && task.data !== 'digits') throw needsDigits({ task: name, option: `--${flag}` });
  }
  if (options.download && options.data === undefined) throw needsFolder({});
  if (options.resume && options.checkpoint === undefined) throw needsCheckpoint({});
  if (options.out !== undefined && options.out === options.checkpoint) throw sameFile({ path: options.out });
  if (options.resume && options.overwrite) throw resumeOrOverwrite({});
  if (options.checkpoint !== undefined && !options.resume && !options.overwrite && existsSync(options.checkpoint)) {
    throw checkpointStands({ path: options.checkpoint });
  }
  checkWritable(options.out, 'file');
  checkWritable(options.checkpoint, 'file');
  checkWritable(options.events, 'folder');
  checkWritable(options.samples, 'file');
  const checkpoint = options.resume
    ? openCheckpoint(readBytes(options.checkpoint!, TO_RESUME), name, options.checkpoint)
    : undefined;
  if (checkpoint !== undefined) {
    for (const flag of ['seed', 'batch', 'rate', 'limit', 'precision', 'sparsity'] as const) {
      const saved = flag === 'seed' ? checkpoint.head.seed : checkpoint.head.hyperparameters[flag];
      // Saying the same again is what pressing "up" and adding --resume does.
      if (options[flag] !== undefined && options[flag] !== saved) throw settingsFixed({ option: `--${flag}` });
    }
  }
  const seed = checkpoint?.head.seed ?? options.seed ?? 1;
  const hyperparameters: Hyperparameters = {
    ...task.defaults,
    ...checkpoint?.head.hyperparameters,
    ...definedOf(options),
  };
  const { epochs, limit } = hyperparameters;
  const folder = options.data === undefined ? {} : { folder: openFolder(options.data) };
  if (options.download) await fetchMnist(options.data!, console);
  console.progress.begin(console.text({ en: 'reading data', zh: '读取数据' }));
  const data: TaskData =
    task.data === 'digits'
      ? await digitData(task, { ...folder, seed, ...(limit === undefined ? {} : { limit }) })
      : task.data.make(seed);
  const training = prepareTraining(task, data, {
    hyperparameters,
    seed,
    ...(options.patience === undefined ? {} : { patience: options.patience }),
    ...(checkpoint === undefined ? {} : { from: checkpoint.head.progress }),
  });
  if (options.samples !== undefined) checkMakesPictures(training.learner, name);
  checkpoint?.restore(training);
  if (checkpoint !== undefined && checkpoint.head.progress.epoch >= epochs) {
    throw nothingLeft({ done: checkpoint.head.progress.epoch, epochs });
  }
  const text = {
    en: `${name}: ${training.learner.network.size} parameters, ${console.text(data.name)}; seed ${seed}`,
    zh: `${name}：${training.learner.network.size} 个参数，${console.text(data.name)}；种子 ${seed}`,
  };
  if (!console.json) console.say(console.text(text));
  await follow(task, training, data, options, console);
}

const CHECKPOINT = { en: 'checkpoint', zh: '检查点' } as const;
const TO_RESUME = {
  en: 'a checkpoint that `systole train` wrote with --checkpoint',
  zh: '由 systole train 的 --checkpoint 写出的检查点',
} as const;

async function fetchMnist(folder: string, console: Console): Promise<void> {
  const fetched = await download(openFolder(folder), MNIST_FILES, {
    onProgress: ({ name, received, bytes }) =>
      console.progress.update(() => `${name} ${Math.floor((100 * received) / bytes)} %`),
  });
  const names = fetched.flatMap((file) => (file.state === 'fetched' ? [file.name] : []));
  if (names.length > 0)
    console.note(console.text({ en: `fetched: ${names.join(', ')}`, zh: `已下载：${names.join('、')}` }));
}

/** The settings that the command line gives. */
function definedOf(options: TrainOptions): Partial<Hyperparameters> {
  const { epochs, batch, rate, limit, precision, sparsity } = options;
  const given = { epochs, batch, rate, limit, precision, sparsity };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
}

/** Runs the epochs and shows them; saves after each, and when it is interrupted. */
async function follow(
  task: Task,
  training: Training,
  data: TaskData,
  options: TrainOptions,
  console: Console,
): Promise<void> {
  let interrupted = false;
  const release = onInterrupt(() => {
    interrupted = true;
    console.note(
      console.text({ en: 'stopping after this step; once more ends at once', zh: '本步结束后停止；再按一次立即结束' }),
    );
  });
  const save = async (): Promise<void> => {
    if (options.checkpoint !== undefined) writeFile(options.checkpoint, [await saveCheckpoint(task.name, training)]);
  };
  const writer = options.events === undefined ? undefined : await openEventWriter(openFolder(options.events));
  writer?.graph(loggedGraph(await exportTrained(training, task, data, task.name)));
  let shown = 0;
  for await (const event of training.events()) {
    if (event.kind === 'epoch') {
      await save();
      if (writer !== undefined) await logEpoch(writer, event);
      const last = event.epoch === event.epochs || event.stopped;
      if (console.json) process.stdout.write(`${JSON.stringify(event)}\n`);
      // Epochs of a blink would scroll away what one wants to read.
      else if (last || event.epoch === 1 || performance.now() - shown >= SHOW_EVERY) {
        shown = performance.now();
        console.say(epochText(event, console));
      }
    } else {
      console.progress.update(() => stepText(event, console));
    }
    if (interrupted) break;
  }
  release();
  if (interrupted) await save();
  await finish(training, task, data, options, console);
  if (interrupted) process.exitCode = INTERRUPTED;
}

async function finish(
  training: Training,
  task: Task,
  data: TaskData,
  options: TrainOptions,
  console: Console,
): Promise<void> {
  if (data.classes !== undefined && data.validation !== undefined && training.learner.classify !== undefined) {
    const rows = await training.confusion(data.validation, data.classes.length);
    if (console.json) process.stdout.write(`${JSON.stringify({ kind: 'confusion', rows: rows.map((r) => [...r]) })}\n`);
    else console.say(confusionText(rows, data.classes, console));
  }
  if (training.hyperparameters.sparsity !== undefined) {
    const layers = await sparsity.zeroCounts(training.learner.network);
    if (console.json) process.stdout.write(`${JSON.stringify({ kind: 'zeros', layers })}\n`);
    else console.say(zerosText(layers, console));
  }
  if (options.samples !== undefined) writeFile(options.samples, [encodePng(await training.sheet(...SHEET))]);
  for (const [path, what] of [
    [options.checkpoint, CHECKPOINT],
    [options.samples, { en: 'pictures', zh: '图片' }],
    [options.out, { en: 'network', zh: '网络' }],
  ] as const) {
    if (path === undefined) continue;
    if (path === options.out) writeFile(path, [writeModel(await exportTrained(training, task, data, basename(path)))]);
    console.note(console.text({ en: `${what.en}: ${path}`, zh: `${what.zh}：${path}` }));
  }
  const next = options.out;
  if (next !== undefined && !console.json) {
    console.note(
      console.text({
        en: `run it on the processor: systole run ${next} --dim N=1`,
        zh: `在处理器上运行：systole run ${next} --dim N=1`,
      }),
    );
  }
}

/** Rows and columns of pictures. */
const SHEET = [8, 12] as const;

/** Which weights are zero: '0.weight 200704 of 401408'. */
function zerosText(layers: readonly sparsity.ZeroCount[], console: Console): string {
  const lines = layers.map(({ name, zeros, size }) =>
    console.text({ en: `${name} ${zeros} of ${size}`, zh: `${name} ${size} 中的 ${zeros}` }),
  );
  return `${console.text({ en: 'zeros', zh: '零权重' })}: ${lines.join(' · ')}`;
}

const NAMES: Readonly<Record<string, Both>> = {
  loss: { en: 'loss', zh: '损失' },
  accuracy: { en: 'accuracy', zh: '准确率' },
  exact: { en: 'exact rows', zh: '全对行' },
  generator: { en: 'generator', zh: '生成器' },
  discriminator: { en: 'discriminator', zh: '判别器' },
  real: { en: 'real taken for real', zh: '真判为真' },
  made: { en: 'made taken for real', zh: '假判为真' },
  distance: { en: 'distance', zh: '距离' },
};

const SHARES = new Set(['accuracy', 'exact', 'real', 'made']);

/** Shares as percentages, losses with four digits. */
function meansText(means: Means, console: Console): string {
  return Object.entries(means)
    .map(([name, value]) => {
      const label = NAMES[name] === undefined ? name : console.text(NAMES[name]);
      return `${label} ${SHARES.has(name) ? `${(100 * value).toFixed(2)} %` : value.toFixed(4)}`;
    })
    .join(' · ');
}

function epochText(event: EpochEvent, console: Console): string {
  const { epoch, epochs, train, validation, seconds, samplesPerSecond, best, stopped } = event;
  const width = `${epochs}`.length;
  const checked =
    validation === undefined ? '' : ` · ${console.text({ en: 'check', zh: '检验' })} ${meansText(validation, console)}`;
  const speed = `${Math.round(samplesPerSecond).toLocaleString('en')} ${console.text({ en: 'samples/s', zh: '样本/秒' })}`;
  const zeros =
    event.sparsity === undefined
      ? ''
      : ` · ${console.text({ en: 'zeros', zh: '零权重' })} ${(100 * event.sparsity).toFixed(1)} %`;
  const end = stopped ? ` · ${console.text({ en: 'no better for a while: stopped', zh: '长时间无改进：停止' })}` : '';
  return `${`${epoch}`.padStart(width)}/${epochs}  ${meansText(train, console)}${checked}${best ? ' *' : ''}${zeros} · ${seconds.toFixed(1)} s · ${speed}${end}`;
}

const BAR = 24;

function stepText(event: StepEvent, console: Console): string {
  const { epoch, batch, batches, means, samplesPerSecond, secondsLeft } = event;
  const done = Math.round((BAR * batch) / batches);
  const bar = `${'█'.repeat(done)}${'░'.repeat(BAR - done)}`;
  const left = console.text({ en: `${Math.ceil(secondsLeft)} s left`, zh: `还需 ${Math.ceil(secondsLeft)} 秒` });
  return `${epoch} ${bar} ${batch}/${batches} ${meansText(means, console)} · ${Math.round(samplesPerSecond)}/s · ${left}`;
}
