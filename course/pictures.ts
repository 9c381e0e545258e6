/**
 * Pictures by class, for the exercises that are about ImageNet: `--pictures FOLDER` names its folder (train and val, each with a folder for
 * each class), or any other of that form, or CIFAR-10's. Without one those exercises say "not run here" and run what stands for it.
 */
import { openFolder } from '#data';
import { type EpochEvent, pictureData, prepareTraining, type Task } from '#flow';

function given(option: string): string | undefined {
  const at = process.argv.indexOf(option);
  return at > 0 ? process.argv[at + 1] : undefined;
}

export interface PictureSettings {
  readonly folder: string;
  readonly epochs: number;
  /** Height and width that the pictures are brought to. */
  readonly size: number;
  readonly batch: number;
}

/** What the command line names; undefined where it names no folder. */
export function pictures(): PictureSettings | undefined {
  const folder = given('--pictures');
  if (folder === undefined) return undefined;
  const [epochs, size, batch] = [given('--epochs') ?? 90, given('--size') ?? 224, given('--batch') ?? 32].map(Number);
  return { folder, epochs: epochs!, size: size!, batch: batch! };
}

/** Trains a task on the pictures, and tells every epoch; the last one. */
export async function trainOnPictures(
  task: Task,
  { folder, ...settings }: PictureSettings,
  { seed = 1, onEpoch = (_: EpochEvent): void => {} } = {},
): Promise<EpochEvent> {
  const data = await pictureData(openFolder(folder), { size: settings.size });
  const training = prepareTraining(task, data, { hyperparameters: { ...task.defaults, ...settings }, seed });
  let last: EpochEvent | undefined;
  for await (const event of training.events()) {
    if (event.kind !== 'epoch') continue;
    onEpoch(event);
    last = event;
  }
  return last!;
}
