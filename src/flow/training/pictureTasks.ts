/** A task for each network of `models` that tells pictures apart: its classes are those of the data, its weights are drawn anew. */
import { diagnostic } from '#base';
import { TORCH_DEVIATIONS, TORCH_MEANS } from '#data';
import { models } from '#models';
import { optim, type Variable } from '#tensor';
import { classifier } from './classification.ts';
import type { Task } from './task.ts';

const fixedSize = diagnostic<{ network: string; found: number; size: number }>('SYS-FLOW-122', 'usage', {
  en: (p) => `${p.network} takes pictures of ${p.size} × ${p.size} alone, not of ${p.found}. Leave the size out.`,
  zh: (p) => `${p.network} 只接受 ${p.size} × ${p.size} 的图片，不接受 ${p.found}。请去掉尺寸选项。`,
});

const BATCH = 32;

interface Recipe {
  /** The learning rate of a batch of 32. */
  readonly rate: number;
  readonly decay: number;
  /** AdamW; momentum otherwise. */
  readonly isAdam?: boolean;
}

/**
 * Rates and decay of torchvision's references (references/classification/README.md), which are of batches of 256, in proportion to 32
 * (Goyal et al. 2017). SqueezeNet's is its paper's, 0.04 at 512. Transformers by AdamW at a rate that small batches bear, our choice.
 */
const RESIDUAL: Recipe = { rate: 0.0125, decay: 1e-4 };
const PLAIN: Recipe = { rate: 1.25e-3, decay: 1e-4 };
const SQUEEZE: Recipe = { rate: 2.5e-3, decay: 2e-4 };
const MOBILE: Recipe = { rate: 5.6e-3, decay: 4e-5 };
const TRANSFORMER: Recipe = { rate: 3e-4, decay: 0.05, isAdam: true };

const recipes: readonly (readonly [RegExp, Recipe])[] = [
  [/^(alexnet|vgg)/, PLAIN],
  [/^squeezenet/, SQUEEZE],
  [/^mobilenet/, MOBILE],
  [/^vit/, TRANSFORMER],
  [/^/, RESIDUAL],
];

const optimizerOf = (
  { decay, isAdam = false }: Recipe,
  parameters: readonly Variable[],
  rate: optim.Schedule,
): optim.Optimizer =>
  isAdam
    ? new optim.AdamW(parameters, { rate, weightDecay: decay })
    : new optim.SGD(parameters, { rate, momentum: 0.9, weightDecay: decay });

export const pictureTasks: readonly Task[] = [...models].flatMap(([name, { pictures: network, does }]) => {
  if (network === undefined) return [];
  const recipe = recipes.find(([networks]) => networks.test(name))![1];
  const task: Task = {
    name,
    summary: does,
    defaults: { epochs: 90, batch: BATCH, rate: recipe.rate, size: network.size },
    best: 'accuracy',
    data: 'pictures',
    prepare: { mean: TORCH_MEANS, std: TORCH_DEVIATIONS },
    build({ generator, hyperparameters: { rate, epochs, size = network.size }, stepsPerEpoch, classes = 1000 }) {
      if (size !== network.size && !network.takesAnySize) {
        throw fixedSize({ network: name, found: size, size: network.size });
      }
      const built = network.build({ classes, generator });
      const schedule = optim.cosine(rate, stepsPerEpoch * epochs);
      return classifier(built, optimizerOf(recipe, built.parameters(), schedule), classes);
    },
  };
  return [task];
});
