/**
 * GroupNormalization: each group of channels of each image by its own mean and deviation. Scale and bias have one element a
 * channel since opset 21; before (ONNX has withdrawn that version), one a group. ONNX GroupNormalization-21; Wu, He 2018.
 */
import { float, type GraphNode, int, intAttribute } from '#ir';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { channelsCost, channelsGradient, evaluateChannels, inferChannels } from './channelGroups.ts';
import { EPSILON, STASH_TYPE, STATISTICS_COST, stashType } from './rows.ts';

const groupsOf = (node: GraphNode): number => intAttribute(node, 'num_groups', 1);

function norm(
  name: string,
  opset: number,
  attributes: Parameters<typeof sample>[3],
  x: readonly number[],
  parameters: number,
) {
  const inputs = [data(x), data([parameters], { seed: 2, low: 0.5, high: 2 }), data([parameters], { seed: 3 })];
  return sample(name, 'GroupNormalization', opset, attributes, inputs);
}

export const groupNormalization = operator({
  name: 'GroupNormalization',
  summary: 'Normalises each group of channels of each image by its own mean and deviation, then scales and shifts it.',
  versions: [18, 21],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'scale', type: 'T' },
    { name: 'bias', type: 'T' },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: {
    epsilon: EPSILON,
    num_groups: { kind: 'int', required: true, doc: 'how many groups the channels make; divides their number' },
    stash_type: { ...STASH_TYPE, since: 21 },
  },
  infer: (c) => {
    const groups = groupsOf(c.node);
    stashType(c);
    const channels = c.inputs[0]!.shape?.[1];
    if (groups < 1 || (typeof channels === 'number' && channels % groups !== 0)) {
      c.fail(
        { en: `num_groups ${groups} for ${channels} channels`, zh: `${channels} 个通道的 num_groups 为 ${groups}` },
        { en: 'a number that divides the channels', zh: '能整除通道数的组数' },
      );
    }
    return inferChannels(c, (size) => (c.opset < 21 ? groups : size));
  },
  cost: (c) => channelsCost(c, groupsOf(c.node)),
  costRule: `${STATISTICS_COST}; then one multiplication and one addition an element.`,
  evaluate: (c) => {
    const groups = groupsOf(c.node);
    const perGroup = c.inputs[0]!.dims[1]! / groups;
    return evaluateChannels(c, groups, (channel) => (c.opset < 21 ? Math.floor(channel / perGroup) : channel));
  },
  gradient: (c) => channelsGradient(c, groupsOf(c.node), c.opset >= 21),
  samples: () => [
    norm('two groups', 21, { num_groups: int(2) }, [2, 4, 3, 2], 4),
    norm('one group, epsilon', 21, { num_groups: int(1), epsilon: float(0.1) }, [2, 3, 4], 3),
    norm('a group a channel', 21, { num_groups: int(3), stash_type: int(1) }, [1, 3, 2, 2], 3),
    norm('three axes', 21, { num_groups: int(2) }, [1, 4, 2, 3, 2], 4),
    norm('opset 18', 18, { num_groups: int(2) }, [2, 4, 3, 2], 2),
  ],
});
