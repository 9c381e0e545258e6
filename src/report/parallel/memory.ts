/**
 * What lies in a device's memory at the fullest moment of a step: weights, their gradients, the optimiser's state, and what the backward pass reads of
 * the forward pass (`saved` in `trainingLayers.ts`), for as many micro-batches as are between their forward and backward pass. Buffers of
 * the exchange, workspaces of kernels and what an allocator loses are not counted.
 */
import { type OptimiserName, stateBytes } from './optimiser.ts';
import type { Shares, TrainingLayer } from './trainingLayers.ts';

export interface DeviceMemory {
  readonly weights: number;
  readonly gradients: number;
  readonly optimiser: number;
  readonly activations: number;
  readonly total: number;
}

export interface MemoryOptions {
  readonly optimiser: OptimiserName;
  /** Micro-batches of which activations are held at once. */
  readonly inFlight?: number;
  /** What of each layer the device has. */
  readonly shares?: (i: number) => Pick<Shares, 'weights' | 'value'>;
}

/** Of the layers that a device has, each value counted once. */
export function memoryOf(
  layers: readonly TrainingLayer[],
  { optimiser, inFlight = 1, shares = () => ({ weights: 1, value: () => 1 }) }: MemoryOptions,
): DeviceMemory {
  let [weights, state, gradients] = [0, 0, 0];
  const saved = new Map<string, number>();
  layers.forEach((layer, i) => {
    const { weights: share, value } = shares(i);
    // Constants that are not trained, running statistics among them, lie there too.
    weights += Math.max(layer.weightBytes, layer.parameterBytes) * share;
    gradients += layer.parameterBytes * share;
    state += stateBytes(layer, optimiser) * share;
    for (const { name, bytes } of layer.saved) saved.set(name, Math.max(saved.get(name) ?? 0, bytes * value(name)));
  });
  const activations = inFlight * [...saved.values()].reduce((a, b) => a + b, 0);
  return { weights, gradients, optimiser: state, activations, total: weights + gradients + state + activations };
}
