/** A trained network as an ONNX model that `systole run` takes: of one sample or many, in inference mode. */
import type { Model } from '#ir';
import { exportModel, nn, type Tensor, tensor } from '#tensor';
import type { Training } from './fit.ts';
import type { Task, TaskData } from './task.ts';

/** A network with the preparation of its inputs before it, so that it takes pictures as they are. */
class Prepared extends nn.Module {
  readonly network: nn.Module & { forward(x: Tensor): Tensor };
  readonly #prepare: NonNullable<Task['prepare']>;
  /** Dimensions of the network's input: one number a pixel, rows, or a picture. */
  readonly #rank: number;

  constructor(network: nn.Module, prepare: NonNullable<Task['prepare']>, rank: number) {
    super();
    this.network = network as nn.Module & { forward(x: Tensor): Tensor };
    this.#prepare = prepare;
    this.#rank = rank;
  }

  override forward(levels: Tensor): Tensor {
    const { mean, std } = this.#prepare;
    const factor = perChannel(std, (s) => 1 / (255 * s));
    const x = levels.mul(factor).sub(perChannel(mean, (m, i) => m / (typeof std === 'number' ? std : std[i]!)));
    return this.network.forward(this.#rank === 1 ? x.flatten() : this.#rank === 2 ? x.squeeze(1) : x);
  }
}

/** One number, or one for each channel as [channels, 1, 1]. */
const perChannel = (
  values: number | readonly number[],
  f: (value: number, channel: number) => number,
): number | Tensor =>
  typeof values === 'number' ? f(values, 0) : tensor(values.map(f), { shape: [values.length, 1, 1] });

/**
 * The model: of a network with inputs of its own (`Learner.input`) it takes those; of a task of
 * digits it takes `input` [N, 1, 28, 28], grey levels 0 (paper) to 255 (ink); of one of pictures `input` [N, 3, size, size], levels 0 to 255 of
 * red, green, blue; else what the task's samples are.
 * @param name of the graph
 */
export function exportTrained(training: Training, task: Task, data: TaskData, name: string): Promise<Model> {
  const { network, input } = training.learner;
  const { prepare } = task;
  const [target, dims] =
    prepare === undefined || input !== undefined
      ? [network, input ?? data.train.inputDims]
      : [
          new Prepared(network, prepare, data.train.inputDims.length),
          task.data === 'digits' ? [1, 28, 28] : data.train.inputDims,
        ];
  return exportModel(target, { input: ['N', ...dims] }, { name, outputs: ['output'] });
}
