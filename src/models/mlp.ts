/** Networks of fully connected layers. */
import { type Generator, nn } from '#tensor';

export interface MlpOptions {
  readonly activation?: 'relu' | 'tanh' | 'sigmoid';
  readonly generator?: Generator;
}

/**
 * A multilayer perceptron: sizes of its layers from inputs to outputs, an activation between them; its results are logits. Inputs of
 * more axes are flattened.
 */
export function mlp(sizes: readonly number[], { activation = 'relu', generator }: MlpOptions = {}): nn.Sequential {
  const own = generator === undefined ? {} : { generator };
  const layers = sizes.slice(1).flatMap((outputs, i) => {
    const linear = new nn.Linear(sizes[i]!, outputs, own);
    return i === sizes.length - 2 ? [linear] : [linear, nn[activation]()];
  });
  return new nn.Sequential(nn.flatten(), ...layers);
}

/** The bits of a, b and a carry to those of their sum (exercise 2.11): logits of five bits. */
export const adderMlp = (options: Pick<MlpOptions, 'generator'> = {}): nn.Sequential =>
  mlp([9, 20, 20, 5], { activation: 'tanh', ...options });
