/** Operators whose result is drawn anew at every run: never evaluated ahead, never merged with an equal node. */
import type { GraphNode } from '#ir';

const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

/** Dropout draws only where training is asked for; whether it is can be an input, so it always counts. */
export const isRandom = (node: GraphNode): boolean => RANDOM.has(node.op) || node.op === 'Dropout';
