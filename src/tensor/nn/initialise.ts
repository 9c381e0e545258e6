/** Other initial values for a module's weights than its layers' own. */
import type { Generator } from '../random.ts';
import { constantData, xavierData } from './init.ts';
import type { Module } from './module.ts';

/**
 * Weights of two and more axes by Glorot and Bengio (2010): uniform within ±√(6 ÷ (fan-in + fan-out)), which keeps variances level through
 * tanh; biases 0.
 */
export function xavier<M extends Module>(module: M, generator?: Generator): M {
  for (const [name, variable] of module.variables()) {
    const { shape } = variable;
    if (name.endsWith('bias') && shape.length === 1) variable.set(constantData(shape, 0));
    if (!name.endsWith('weight') || shape.length < 2) continue;
    const [outputs, inputs, ...kernel] = shape as [number, number, ...number[]];
    const taps = kernel.reduce((a, b) => a * b, 1);
    variable.set(xavierData(shape, inputs * taps, outputs * taps, generator));
  }
  return module;
}
