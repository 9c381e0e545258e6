/**
 * DepthToSpace: channels laid out as square blocks of pixels. DCR: the block's place is the slowest part of a channel's number;
 * CRD: the fastest. ONNX DepthToSpace-13.
 */
import { int, string, stringAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { knownSizes } from '../nn/windowGradient.ts';
import { offsetAt, stridesOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { BLOCK_SIZE, blockSize, blockType } from './blocks.ts';
import { rearrange } from './rearrange.ts';

export const depthToSpace = operator({
  name: 'DepthToSpace',
  summary: 'Channels laid out as square blocks of pixels.',
  versions: [1, 11, 13],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: {
    blocksize: BLOCK_SIZE,
    mode: { kind: 'string', since: 11, doc: 'DCR (default): depth, column, row; CRD: column, row, depth' },
  },
  infer: (c) => {
    const mode = stringAttribute(c.node, 'mode', 'DCR');
    if (mode !== 'DCR' && mode !== 'CRD') c.fail(`mode '${mode}'`, 'DCR | CRD');
    return { types: [blockType(c, 'to space')] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const b = blockSize(c);
    const [n, depth, h, w] = x.dims as readonly [number, number, number, number];
    const channels = depth / (b * b);
    const columnFirst = stringAttribute(c.node, 'mode', 'DCR') === 'CRD';
    const strides = stridesOf(x.dims);
    return [
      rearrange(x, [n, channels, h * b, w * b], (index) => {
        const [image, channel, row, column] = index as readonly [number, number, number, number];
        const place = (row % b) * b + (column % b);
        const from = columnFirst ? channel * b * b + place : place * channels + channel;
        return offsetAt([image, from, Math.floor(row / b), Math.floor(column / b)], strides);
      }),
    ];
  },
  gradient: differentiate,
  samples: () => [
    sample('default', 'DepthToSpace', 13, { blocksize: int(2) }, [data([2, 8, 2, 3])]),
    sample('opset 1', 'DepthToSpace', 1, { blocksize: int(3) }, [data([1, 9, 2, 1])]),
    sample('CRD', 'DepthToSpace', 11, { blocksize: int(2), mode: string('CRD') }, [data([2, 8, 2, 3])]),
    sample('DCR', 'DepthToSpace', 13, { blocksize: int(2), mode: string('DCR') }, [data([1, 4, 1, 1])]),
    sample('blocks of one', 'DepthToSpace', 13, { blocksize: int(1) }, [data([1, 2, 2, 2])]),
  ],
});

/** SpaceToDepth undoes DCR; for CRD the channels it makes are put in order after. */
function differentiate(c: GradientContext): readonly Expression[] {
  const b = blockSize(c);
  const dx = c.dy[0]!.apply('SpaceToDepth', [], { blocksize: int(b) });
  if (stringAttribute(c.node, 'mode', 'DCR') === 'DCR') return [dx];
  const [depth] = knownSizes(c, [c.inputs[0]!.shape[1]!]);
  const channels = depth! / (b * b);
  const order = Array.from({ length: depth! }, (_, i) => (i % (b * b)) * channels + Math.floor(i / (b * b)));
  return [dx.apply('Gather', [dx.int64s(order)], { axis: int(1) })];
}
