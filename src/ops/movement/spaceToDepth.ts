/** SpaceToDepth: square blocks of pixels stacked as channels, the block's place being the slowest part. ONNX SpaceToDepth-13. */
import { int } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { offsetAt, stridesOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { BLOCK_SIZE, blockSize, blockType } from './blocks.ts';
import { rearrange } from './rearrange.ts';

export const spaceToDepth = operator({
  name: 'SpaceToDepth',
  summary: 'Square blocks of pixels stacked as channels.',
  versions: [1, 13],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { blocksize: BLOCK_SIZE },
  infer: (c) => ({ types: [blockType(c, 'to depth')] }),
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const b = blockSize(c);
    const [n, channels, h, w] = x.dims as readonly [number, number, number, number];
    const strides = stridesOf(x.dims);
    return [
      rearrange(x, [n, channels * b * b, h / b, w / b], (index) => {
        const [image, channel, row, column] = index as readonly [number, number, number, number];
        const place = Math.floor(channel / channels);
        return offsetAt(
          [image, channel % channels, row * b + Math.floor(place / b), column * b + (place % b)],
          strides,
        );
      }),
    ];
  },
  gradient: (c) => [c.dy[0]!.apply('DepthToSpace', [], { blocksize: int(blockSize(c)) })],
  samples: () => [
    sample('default', 'SpaceToDepth', 13, { blocksize: int(2) }, [data([2, 3, 4, 6])]),
    sample('opset 1', 'SpaceToDepth', 1, { blocksize: int(3) }, [data([1, 2, 3, 6])]),
    sample('blocks of one', 'SpaceToDepth', 13, { blocksize: int(1) }, [data([1, 2, 2, 2])]),
  ],
});
