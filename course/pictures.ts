/**
 * Pictures by class, for the exercises that are about ImageNet: `--pictures FOLDER` names its folder (train and val, each with a folder for
 * each class), or any other of that form, or CIFAR-10's. Without one those exercises say "not run here" and run what stands for it.
 */

import type { PictureSettings } from 'systole/course';
import { openFolder } from 'systole/data';
import { type EpochEvent, pictureData, prepareTraining, type Task } from 'systole/flow';
import { given } from './settings.ts';

/** What the reader names; undefined where no folder is named. */
export const pictures = (): PictureSettings | undefined => given().pictures;

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
