/** A trained network as an ONNX model that `systole run` takes: of one sample or many, in inference mode. */
import type { Model } from '#ir';
import { exportModel, nn, type Tensor } from '#tensor';
import type { Training } from './fit.ts';
import type { Task, TaskData } from './task.ts';

/** A network with the preparation of its inputs before it, so that it takes pictures as they are. */
class Prepared extends nn.Module {
  readonly network: nn.Module & { forward(x: Tensor): Tensor };
  readonly #prepare: NonNullable<Task['prepare']>;

  constructor(network: nn.Module, prepare: NonNullable<Task['prepare']>) {
    super();
    this.network = network as nn.Module & { forward(x: Tensor): Tensor };
    this.#prepare = prepare;
  }

  override forward(levels: Tensor): Tensor {
    const { dims, mean, std } = this.#prepare;
    const x = levels.mul(1 / (255 * std)).sub(mean / std);
    // One number a pixel, rows, or a picture of one channel.
    return this.network.forward(dims.length === 1 ? x.flatten() : dims.length === 2 ? x.squeeze(1) : x);
  }
}

/**
 * The model: of a network with inputs of its own (`Learner.input`) it takes those; of a task of digits it takes `input` [N, 1, 28, 28], grey levels 0 (paper) to 255 (ink); else what the task's samples are.
 * @param name of the graph
 */
export function exportTrained(training: Training, task: Task, data: TaskData, name: string): Promise<Model> {
  const { network, input } = training.learner;
  const { prepare } = task;
  const [target, dims] =
    prepare === undefined || input !== undefined
      ? [network, input ?? data.train.inputDims]
      : [new Prepared(network, prepare), [1, 28, 28]];
  return exportModel(target, { input: ['N', ...dims] }, { name, outputs: ['output'] });
}
