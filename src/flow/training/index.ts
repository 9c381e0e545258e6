/** Training: tasks, the loop that trains them, checkpoints. */
export { type Checkpoint, type CheckpointHead, openCheckpoint, saveCheckpoint } from './checkpoint.ts';
export { classifier } from './classification.ts';
export { digitData } from './digits.ts';
export { exportTrained } from './export.ts';
export {
  type EpochEvent,
  type FitOptions,
  type Means,
  type Progress,
  prepareTraining,
  type StepEvent,
  type Training,
  type TrainingEvent,
} from './fit.ts';
export { logEpoch, loggedGraph } from './log.ts';
export { PRECISIONS, type Precision, type Sparsity, sparsityOf } from './method.ts';
export { pictureData } from './pictures.ts';
export { checkMakesPictures, sheetOf } from './sheet.ts';
export type { DataIdentity, Hyperparameters, Learner, Metrics, Task, TaskData, TaskSamples } from './task.ts';
export { tasks } from './tasks.ts';
