/**
 * Dropout as inference runs it: the identity, with a mask of ones. ONNX Dropout-22; `ratio` is an attribute before opset
 * 12 and an input since. Training mode with a ratio above 0 draws random numbers and is refused by the evaluation.
 */
import { elementCount, float, int, type TensorType, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { type EvaluateContext, operator } from '../define.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { expectRank, inputType } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { refuseTraining } from './training.ts';

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const training = c.inputs[2] !== undefined && numbersOf(c.inputs[2])[0] !== 0;
  const ratio = c.inputs[1] === undefined ? 0.5 : numbersOf(c.inputs[1])[0]!;
  if (training && ratio > 0) refuseTraining(c.node, `training_mode = true, ratio = ${ratio}`);
  if (c.outputCount < 2) return [x];
  const ones = new Float64Array(elementCount(x.dims)).fill(1);
  return [x, { dtype: c.opset < 10 ? x.dtype : 'bool', dims: x.dims, data: ones } as const];
}

export const dropout = operator({
  name: 'Dropout',
  summary: 'In inference the identity; the optional mask is all ones.',
  versions: [7, 10, 12, 13, 22],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'ratio', type: 'T1', arity: 'optional', since: 12 },
    { name: 'training_mode', type: 'bool', arity: 'optional', since: 12 },
  ],
  outputs: [
    { name: 'output', type: 'T' },
    { name: 'mask', type: 'bool (T before opset 10)', arity: 'optional' },
  ],
  types: { T: FLOATS, T1: FLOATS },
  attributes: {
    ratio: { kind: 'float', until: 12, doc: 'Share of elements that training drops; default 0.5.' },
    seed: { kind: 'int', since: 12, doc: 'Seed of the random numbers in training.' },
  },
  infer(c) {
    const x = inputType(c, 0);
    expectRank(c, 'ratio', c.inputs[1]?.shape, [0, 1]);
    expectRank(c, 'training_mode', c.inputs[2]?.shape, [0, 1]);
    const mask: TensorType = c.opset < 10 ? x : { ...x, dtype: 'bool' };
    return { types: c.node.outputs.length > 1 ? [x, mask] : [x] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate,
  gradient: (c) => [c.dy[0]],
  samples: () => [
    sample('ratio as attribute', 'Dropout', 7, { ratio: float(0.3) }, [data([2, 3])]),
    sample('mask', 'Dropout', 10, {}, [data([2, 3])], {
      outputs: 2,
      noHost: 'its kernel for opsets 10 and 11 fills the mask with zeros; from 12 on with ones, as ONNX defines',
    }),
    sample('ratio as input', 'Dropout', 13, { seed: int(7) }, [data([2, 3]), scalar(0.3)], { outputs: 2 }),
    sample('training mode off', 'Dropout', 13, {}, [data([4]), scalar(0.5), tensorOf('bool', [], [0])], { outputs: 2 }),
    sample('training with ratio 0', 'Dropout', 13, {}, [data([4]), scalar(0), tensorOf('bool', [], [1])], {
      outputs: 2,
    }),
  ],
});
