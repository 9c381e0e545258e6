/** What every command does with the model that it is given: found, and the part of it that is asked for. */
import type { Model } from '#ir';
import type { Step } from '#passes';
import type { Console } from './console.ts';
import { inModel, type Loaded, loadModel, type Weights } from './model.ts';
import { inType, logged, type ModelOptions } from './modelOptions.ts';

export interface Opened extends Loaded {
  readonly onStep: (step: Step, model: Model, changed: boolean) => void;
}

export const openModel = (
  path: string,
  console: Console,
  options: Partial<Pick<ModelOptions, 'fetch' | 'log' | 'dtype'>> & { readonly inputSize?: readonly number[] },
  weights: Weights,
): Promise<Opened> =>
  inModel(path, async () => {
    const loaded = await loadModel(path, console, weights, options.inputSize);
    const model = await inType(console, loaded.model, options.dtype ?? 'f32');
    return { ...loaded, ...logged(console, model, options) };
  });

/** Of the object of `--json`: how weights were drawn, where they were. */
export const weightsFact = ({ weights }: Loaded): { readonly weights?: string } =>
  weights === undefined ? {} : { weights };
