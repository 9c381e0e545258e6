/**
 * InstanceNormalization: each channel of each image by its own mean and deviation. ONNX InstanceNormalization-22; Ulyanov et al.
 * 2016.
 */
import { float } from '#ir';
import { staticDims } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { channelsCost, channelsGradient, evaluateChannels, inferChannels } from './channelGroups.ts';
import { EPSILON, STATISTICS_COST } from './rows.ts';

const norm = (name: string, opset: number, attributes: Parameters<typeof sample>[3], x: readonly number[]) =>
  sample(name, 'InstanceNormalization', opset, attributes, [
    data(x),
    data([x[1]!], { seed: 2, low: 0.5, high: 2 }),
    data([x[1]!], { seed: 3 }),
  ]);

export const instanceNormalization = operator({
  name: 'InstanceNormalization',
  summary: 'Normalises each channel of each image by its own mean and deviation, then scales and shifts it.',
  versions: [6, 22],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'scale', type: 'T' },
    { name: 'B', type: 'T' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: FLOATS },
  attributes: { epsilon: EPSILON },
  infer: (c) => inferChannels(c, (channels) => channels),
  cost: (c) => channelsCost(c, staticDims(c.inputs[0])[1]!),
  costRule: `${STATISTICS_COST}; then one multiplication and one addition an element.`,
  evaluate: (c) => evaluateChannels(c, c.inputs[0]!.dims[1]!, (channel) => channel),
  gradient: (c) => channelsGradient(c, undefined, true),
  samples: () => [
    norm('image', 6, {}, [2, 3, 4, 5]),
    norm('epsilon', 22, { epsilon: float(0.1) }, [1, 2, 3, 3]),
    norm('one axis', 6, {}, [2, 3, 7]),
    norm('three axes', 6, {}, [1, 2, 2, 3, 2]),
  ],
});
