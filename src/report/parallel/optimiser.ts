/**
 * The update of the weights: what an optimiser keeps for each parameter, and what a step of it moves and computes. State is float32 whatever the type
 * of the weights; weights of 16 bits have a copy in float32 that is updated, and count as state (Micikevicius et al., Mixed Precision Training, ICLR
 * 2018; the account of Rajbhandari et al., ZeRO, SC 2020: with Adam 16 bytes a parameter).
 */
import type { Device } from './device.ts';
import type { TrainingLayer } from './trainingLayers.ts';

export const OPTIMISERS = ['sgd', 'momentum', 'adam'] as const;
export type OptimiserName = (typeof OPTIMISERS)[number];

/** float32 values kept for each parameter, and operations of a step for each; a multiply-add is one. */
const RULES: Readonly<Record<OptimiserName, { readonly states: number; readonly operations: number }>> = {
  sgd: { states: 0, operations: 1 },
  momentum: { states: 1, operations: 2 },
  // Both means 2 and 3, root, sum, quotient, step; corrections of the means are factors of all parameters alike.
  adam: { states: 2, operations: 9 },
};

type Parameters = Pick<TrainingLayer, 'parameters' | 'parameterBytes' | 'dtype'>;

const isHalf = ({ parameters, parameterBytes }: Parameters): boolean => parameterBytes < 4 * parameters;

/** Bytes of optimiser state of a layer. */
export const stateBytes = (layer: Parameters, optimiser: OptimiserName): number =>
  4 * layer.parameters * (RULES[optimiser].states + (isHalf(layer) ? 1 : 0));

/**
 * Seconds of the update of layers: weights and state are read and written, gradients read.
 * @param share of each layer that the device has
 */
export function updateSeconds(
  layers: readonly TrainingLayer[],
  device: Device,
  optimiser: OptimiserName,
  share: (i: number) => number = () => 1,
): number {
  return layers.reduce((sum, layer, i) => {
    if (layer.parameters === 0) return sum;
    const state = stateBytes(layer, optimiser);
    const bytes = (3 * layer.parameterBytes + 2 * state) * share(i);
    const operations = layer.parameters * RULES[optimiser].operations * share(i);
    return sum + device.seconds({ macs: 0, operations, bytes }, 'float32');
  }, 0);
}
