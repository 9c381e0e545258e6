/** NegativeLogLikelihoodLoss: for logarithms of probabilities. ONNX NegativeLogLikelihoodLoss-22. */
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { numbersOf } from '../refTensor.ts';
import { FLOATS } from '../typeSets.ts';
import { lossGradient } from './lossGradient.ts';
import { lossSamples } from './lossSamples.ts';
import { evaluateLoss, LOSS_ATTRIBUTES, LOSS_COST, lossType, lossWork } from './negativeLogLikelihood.ts';

export const negativeLogLikelihoodLoss = operator({
  name: 'NegativeLogLikelihoodLoss',
  summary: 'The negated logarithm of the probability of each target class, reduced.',
  versions: [12, 13, 22],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'target', type: 'Tind' },
    { name: 'weight', type: 'T', arity: 'optional' },
  ],
  outputs: [{ name: 'loss', type: 'T' }],
  types: { T: FLOATS, Tind: ['int32', 'int64'] },
  attributes: LOSS_ATTRIBUTES,
  infer: (c) => ({ types: [lossType(c)] }),
  cost: (c) => costOf(c, lossWork(c)),
  costRule: `${LOSS_COST}.`,
  evaluate: (c) => [evaluateLoss(c, numbersOf(c.inputs[0]!))],
  gradient: (c) => {
    const { byLogarithms, byWeight } = lossGradient(c, c.inputs[0]!, c.dy[0]!);
    return [byLogarithms, undefined, byWeight];
  },
  samples: () => lossSamples('NegativeLogLikelihoodLoss', 22, 1),
});
