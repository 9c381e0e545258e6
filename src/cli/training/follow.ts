/** Runs a training and shows it: lines, progress, checkpoints, Ctrl-C, and what there is at the end. */
import { basename } from 'node:path';
import { type Notice, SystoleError } from '#base';
import { encodePng, openEventWriter, openFolder } from '#data';
import { exportTrained, logEpoch, loggedGraph, saveCheckpoint, type Task, type TaskData, type Training } from '#flow';
import { writeModel } from '#onnx';
import { sparsity } from '#tensor';
import type { Console } from '../console.ts';
import { writeFile } from '../files.ts';
import { onInterrupt } from '../interrupt.ts';
import { BEST, CONFUSION, EPOCH, ZEROS } from './answers.ts';
import { confusionText } from './confusion.ts';
import type { TrainOptions } from './settings.ts';
import { bestText, epochText, stepText, zerosText } from './texts.ts';

/** Milliseconds between lines. */
const SHOW_EVERY = 500;

/** The code of a process that Ctrl-C ends. */
const INTERRUPTED = 130;

/** What `Training.events` throws where the loss is no number any more. */
const DIVERGED = 'SYS-FLOW-062';

const nothingSaved: Notice = {
  code: 'SYS-CLI-172',
  en:
    'nothing was saved: neither --checkpoint nor --out was given. With --checkpoint FILE training can go on where it was stopped; --out FILE.onnx ' +
    'saves the network.',
  zh: '未保存任何结果：没有给出 --checkpoint 或 --out。用 --checkpoint FILE 可从停下之处继续；用 --out FILE.onnx 保存网络。',
};

const stoppedBefore = ({ hyperparameters: { patience }, ...training }: Training): Notice => {
  const { epoch, best } = training.progress();
  return {
    code: 'SYS-CLI-173',
    en:
      `training had ended after epoch ${epoch}, without a better one for ${epoch - (best?.epoch ?? 0)}: there is nothing to do with --patience ${patience}. ` +
      'A larger one goes on.',
    zh: `训练已在第 ${epoch} 个 epoch 后结束，之前 ${epoch - (best?.epoch ?? 0)} 个 epoch 无改进：--patience ${patience} 时无事可做。给出更大的值可继续。`,
  };
};

/** Runs the epochs and shows them; saves after each, and when it is interrupted. */
export async function follow(
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
  if (training.hasStopped()) console.notice(stoppedBefore(training));
  try {
    for await (const event of training.events()) {
      if (event.kind === 'epoch') {
        await save();
        if (writer !== undefined) await logEpoch(writer, event);
        const last = event.epoch === event.epochs || event.stopped;
        if (console.json) console.object(EPOCH, event);
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
  } catch (error) {
    if (error instanceof SystoleError && error.code === DIVERGED) noteCheckpoint(options, training, console);
    throw error;
  }
  release();
  if (interrupted) await save();
  await finish(training, task, data, options, console);
  if (interrupted && options.checkpoint === undefined && options.out === undefined) console.notice(nothingSaved);
  if (interrupted) process.exitCode = INTERRUPTED;
}

/** What a checkpoint is after training has diverged. */
function noteCheckpoint({ checkpoint }: TrainOptions, training: Training, console: Console): void {
  const { epoch } = training.progress();
  if (checkpoint === undefined || epoch === 0) return;
  console.note(
    console.text({
      en: `${checkpoint} stays as it was after epoch ${epoch}; to begin anew in its place, add --overwrite.`,
      zh: `${checkpoint} 保持第 ${epoch} 个 epoch 后的状态；如要重新开始并替换它，请加 --overwrite。`,
    }),
  );
}

async function finish(
  training: Training,
  task: Task,
  data: TaskData,
  options: TrainOptions,
  console: Console,
): Promise<void> {
  if (training.hyperparameters.patience !== undefined) tellBest(training, task, console);
  if (data.classes !== undefined && data.validation !== undefined && training.learner.classify !== undefined) {
    const rows = await training.confusion(data.validation, data.classes.length);
    if (console.json) console.object(CONFUSION, { kind: 'confusion', rows: rows.map((r) => [...r]) });
    else if (data.classes.length <= MOST_CLASSES) console.say(confusionText(rows, data.classes, console));
  }
  if (training.hyperparameters.sparsity !== undefined) {
    const layers = await sparsity.zeroCounts(training.learner.network);
    if (console.json) console.object(ZEROS, { kind: 'zeros', layers });
    else console.say(zerosText(layers, console));
  }
  if (options.samples !== undefined) writeFile(options.samples, [encodePng(await training.sheet(...SHEET))]);
  for (const [path, what] of [
    [options.checkpoint, { en: 'checkpoint', zh: '检查点' }],
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

/** With patience the network is that of the best epoch from here on. */
function tellBest(training: Training, task: Task, console: Console): void {
  const best = training.useBest();
  if (best !== undefined) {
    if (console.json) console.object(BEST, { kind: 'best', ...best });
    else console.say(bestText(task.best, best, console));
    return;
  }
  const { epoch, best: earlier } = training.progress();
  if (earlier === undefined) return;
  console.note(
    console.text({
      en: `the best was epoch ${earlier.epoch}, before there was --patience: its network was not kept, and what follows is of epoch ${epoch}`,
      zh: `最佳的是第 ${earlier.epoch} 个 epoch，当时未给出 --patience，其网络没有保留；以下为第 ${epoch} 个 epoch 的网络`,
    }),
  );
}

/** Of more classes a confusion matrix is no longer read, and stands in the JSON alone. */
const MOST_CLASSES = 20;

/** Rows and columns of pictures. */
const SHEET = [8, 12] as const;
