/** A trained network as an ONNX model that `systole run` takes: of one sample or many, in inference mode. */
import type { Model } from '#ir';
import { exportModel } from '#tensor';
import type { Training } from './fit.ts';
import type { TaskData } from './task.ts';

/** @param name of the graph */
export const exportTrained = ({ learner }: Training, data: TaskData, name: string): Promise<Model> =>
  exportModel(learner.network, { input: ['N', ...data.train.inputDims] }, { name, outputs: ['output'] });
