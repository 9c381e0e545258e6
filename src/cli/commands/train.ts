/** `systole train TASK`: trains a network, shows every epoch, saves it as an ONNX file that `systole run` takes. */
import { Argument } from 'commander';
import { diagnostic, nearestName } from '#base';
import { CIFAR10_FILES, download, MNIST_FILES, openFolder } from '#data';
import {
  checkMakesPictures,
  digitData,
  type Hyperparameters,
  openCheckpoint,
  PRECISIONS,
  pictureData,
  prepareTraining,
  sparsityOf,
  type Task,
  type TaskData,
  tasks,
} from '#flow';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { readBytes } from '../files.ts';
import type { Both } from '../language.ts';
import { BEST, CONFUSION, EPOCH, ZEROS } from '../training/answers.ts';
import { follow } from '../training/follow.ts';
import {
  checkData,
  checkEpochs,
  checkOptions,
  checkSettings,
  definedOf,
  type TrainOptions,
} from '../training/settings.ts';
import { choice, positive, whole } from '../values.ts';

const unknownTask = diagnostic<{ name: string; known: string; nearest: string | undefined }>('SYS-CLI-120', 'usage', {
  en: (p) => `there is no task '${p.name}'${p.nearest ? `; did you mean '${p.nearest}'?` : '.'} Tasks: ${p.known}.`,
  zh: (p) => `没有任务“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : '。'}可用任务：${p.known}。`,
});

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
      run: 'systole train resnet18 --data photos --size 64 --out photos.onnx',
      does: { en: 'on pictures, a folder for each class', zh: '用图片训练，每类一个文件夹' },
    },
    {
      run: 'systole train gan --data mnist --samples digits.png',
      does: { en: 'draw digits, and save a sheet of them', zh: '生成数字，并保存一张样图' },
    },
    {
      run: 'systole train mlp --data mnist --checkpoint mlp.safetensors --resume',
      does: { en: 'go on where it was stopped, with the data of the first time', zh: '从停下之处继续，数据与首次相同' },
    },
    { run: 'systole train adder --json', does: { en: 'one line of JSON an epoch', zh: '每个 epoch 输出一行 JSON' } },
  ]);
  const own = [...tasks.values()].filter((task) => task.data !== 'pictures');
  const networks = [...tasks.values()].filter((task) => task.data === 'pictures');
  const list = [
    ...own.map((task) => `${task.name}: ${t(task.summary)}`),
    t({ en: 'networks that tell pictures in a folder apart', zh: '识别文件夹中图片的网络' }) +
      t({ en: ': ', zh: '：' }) +
      networks.map((task) => task.name).join(t({ en: ', ', zh: '、' })),
  ];
  command.addArgument(new Argument('<TASK>', list.join('; ')));
  const option = (flag: string, text: Both, parse?: (value: string) => unknown): void => {
    if (parse === undefined) command.option(flag, t(text));
    else command.option(flag, t(text), parse);
  };
  option('--data <DIR>', {
    en:
      "a folder with MNIST's files (without it, digits drawn by rule); for networks of pictures CIFAR-10's batches, or a folder for each class: " +
      'train/CLASS and val/CLASS, or CLASS alone',
    zh:
      'MNIST 文件所在文件夹（不给出时用按规则绘制的数字）；图片网络则为 CIFAR-10 批文件，或每类一个文件夹：' +
      'train/类别 与 val/类别，或只有 类别',
  });
  option('--download', {
    en: "fetch MNIST's files (for networks of pictures CIFAR-10's) into --data first, where they are not there",
    zh: '先把缺少的 MNIST 文件（图片网络则为 CIFAR-10）下载到 --data 文件夹',
  });
  const defaults = (of: 'epochs' | 'batch' | 'rate', en: string, zh: string): Both => {
    const byTask = own.map((task) => `${task.name} ${task.defaults[of]}`);
    const [least, most] = [Math.min, Math.max].map((f) => f(...networks.map((task) => task.defaults[of])));
    const others = least === most ? `${least}` : `${least}–${most}`;
    return {
      en: `${en}; default ${byTask.join(', ')}, networks of pictures ${others}`,
      zh: `${zh}；默认 ${byTask.join('、')}、图片网络 ${others}`,
    };
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
    {
      en: 'N training images alone: the first, of pictures in folders evenly spread',
      zh: '只用 N 幅训练图像：取前 N 幅，文件夹中的图片则均匀选取',
    },
    whole('--limit', 1, 1e9),
  );
  option(
    '--size <N>',
    {
      en: "height and width that pictures are brought to; default is the network's own, mostly 224",
      zh: '图片统一缩放到的边长；默认取网络自身的尺寸，多为 224',
    },
    whole('--size', 8, 4096),
  );
  option(
    '--patience <N>',
    {
      en: 'end after N epochs without a better one; the network is then that of the best epoch',
      zh: '连续 N 个 epoch 无改进即停止，并取最佳 epoch 的网络',
    },
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
  option('--resume', {
    en: 'go on from the checkpoint, with its settings and --data as at first',
    zh: '从检查点继续，沿用其设置，--data 与首次相同',
  });
  option('--overwrite', { en: 'begin anew where a checkpoint is there already', zh: '检查点已存在时重新开始并替换它' });
  option('--events <DIR>', { en: 'curves and the graph for TensorBoard', zh: '供 TensorBoard 使用的曲线与计算图' });
  withCommonOptions(console, command, EPOCH, BEST, CONFUSION, ZEROS);
  command.action((name: string, options: TrainOptions) => train(name, options, console));
}

async function train(name: string, options: TrainOptions, console: Console): Promise<void> {
  const task = tasks.get(name);
  if (task === undefined) {
    const known = [...tasks.keys()];
    throw unknownTask({ name, known: known.join(', '), nearest: nearestName(name, known) });
  }
  checkOptions(task, options);
  const checkpoint = options.resume
    ? openCheckpoint(readBytes(options.checkpoint!, TO_RESUME), name, options.checkpoint)
    : undefined;
  if (checkpoint !== undefined) checkSettings(checkpoint, options);
  const seed = checkpoint?.head.seed ?? options.seed ?? 1;
  const hyperparameters: Hyperparameters = {
    ...task.defaults,
    ...checkpoint?.head.hyperparameters,
    ...definedOf(options),
  };
  if (options.download) await fetchSet(task, options.data!, console);
  console.progress.begin(console.text({ en: 'reading data', zh: '读取数据' }));
  const data = await dataOf(task, options, hyperparameters, seed);
  const training = prepareTraining(task, data, {
    hyperparameters,
    seed,
    ...(checkpoint === undefined ? {} : { from: checkpoint.head.progress }),
  });
  if (options.samples !== undefined) checkMakesPictures(training.learner, name);
  if (checkpoint !== undefined) {
    checkData(checkpoint, training.data, options, console);
    checkpoint.restore(training);
    checkEpochs(checkpoint, hyperparameters.epochs);
  }
  const text = {
    en: `${name}: ${training.learner.network.size} parameters, ${console.text(data.name)}; seed ${seed}`,
    zh: `${name}：${training.learner.network.size} 个参数，${console.text(data.name)}；种子 ${seed}`,
  };
  if (!console.json) console.say(console.text(text));
  await follow(task, training, data, options, console);
}

const TO_RESUME = {
  en: 'a checkpoint that `systole train` wrote with --checkpoint',
  zh: '由 systole train 的 --checkpoint 写出的检查点',
} as const;

async function dataOf(
  task: Task,
  { data: path }: TrainOptions,
  { limit, size }: Hyperparameters,
  seed: number,
): Promise<TaskData> {
  const limited = limit === undefined ? {} : { limit };
  if (task.data === 'pictures') return pictureData(openFolder(path!), { size: size!, ...limited });
  if (task.data !== 'digits') return task.data.make(seed);
  return digitData(task, { ...(path === undefined ? {} : { folder: openFolder(path) }), seed, ...limited });
}

async function fetchSet(task: Task, folder: string, console: Console): Promise<void> {
  const files = task.data === 'pictures' ? CIFAR10_FILES : MNIST_FILES;
  const fetched = await download(openFolder(folder), files, {
    onProgress: ({ name, received, bytes }) =>
      console.progress.update(() => `${name} ${Math.floor((100 * received) / bytes)} %`),
  });
  const names = fetched.flatMap((file) => (file.state === 'fetched' ? [file.name] : []));
  if (names.length > 0)
    console.note(console.text({ en: `fetched: ${names.join(', ')}`, zh: `已下载：${names.join('、')}` }));
}
