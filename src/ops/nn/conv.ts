/**
 * Conv: cross-correlation of X [N, C, spatial…] with W [M, C/group, kernel…], any number of spatial axes.
 * ONNX Conv-22.
 */
import { int, intAttribute, ints, string } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { windowOf } from '../window.ts';
import { CONVOLUTION_ATTRIBUTES, convolutionShape, convolutionWork, convolve } from './convolution.ts';
import { knownSizes, transposedWindow, weightGradient } from './windowGradient.ts';

const conv2d = (name: string, attributes: Parameters<typeof sample>[3], x = [1, 2, 6, 5], w = [3, 2, 3, 3]) =>
  sample(name, 'Conv', 22, attributes, [data(x), data(w, { seed: 2 })], { constants: [1] });

export const conv = operator({
  name: 'Conv',
  summary: 'Convolution of feature maps with a set of filters (cross-correlation: the kernel is not flipped).',
  versions: [1, 11, 22],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'W', type: 'T' },
    { name: 'B', type: 'T', arity: 'optional' },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: CONVOLUTION_ATTRIBUTES,
  infer(c) {
    const [x, w] = [inputType(c, 0), inputType(c, 1)];
    return { types: [{ ...x, shape: convolutionShape(c, x, w, c.inputs[2]) }] };
  },
  cost(c) {
    const work = convolutionWork(c, 1);
    const bias = c.inputs[2] === undefined ? 0 : elements(c.outputs[0]);
    return costOf(c, { ...work, additions: work.additions + bias });
  },
  costRule: 'K = (C ÷ group) × kernel size MACs an output; K − 1 additions an output, one more with B; padding counts.',
  evaluate(c) {
    const x = c.inputs[0]!;
    return [{ dtype: x.dtype, ...convolve(c, x, c.inputs[1]!, c.inputs[2]) }];
  },
  gradient: differentiate,
  samples: () => [
    conv2d('plain', {}),
    conv2d('kernel shape and strides', { kernel_shape: ints([3, 3]), strides: ints([2, 1]) }),
    conv2d('asymmetric pads', { pads: ints([1, 0, 2, 1]) }),
    conv2d('dilations', { dilations: ints([2, 1]), pads: ints([1, 1, 1, 1]) }),
    conv2d('same upper', { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
    conv2d('same lower', { auto_pad: string('SAME_LOWER'), strides: ints([2, 2]) }),
    conv2d('valid', { auto_pad: string('VALID') }),
    conv2d('groups', { group: int(2) }, [2, 4, 5, 5], [6, 2, 3, 3]),
    conv2d('depthwise', { group: int(3), pads: ints([1, 1, 1, 1]) }, [1, 3, 5, 5], [3, 1, 3, 3]),
    conv2d('depthwise with multiplier', { group: int(2) }, [1, 2, 5, 5], [4, 1, 3, 3]),
    conv2d('pointwise', {}, [1, 4, 3, 3], [5, 4, 1, 1]),
    conv2d('one axis', { pads: ints([2, 1]), strides: ints([2]) }, [2, 3, 9], [4, 3, 4]),
    conv2d('three axes', { pads: ints([1, 0, 0, 0, 1, 0]) }, [1, 2, 4, 4, 3], [2, 2, 3, 2, 2]),
    sample('bias', 'Conv', 11, {}, [data([1, 2, 4, 4]), data([3, 2, 2, 2], { seed: 2 }), data([3], { seed: 3 })], {
      constants: [1, 2],
    }),
  ],
});

/** dX by the transposed convolution, dW by a convolution of X with dY, dB by summing. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, w, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const kernel = knownSizes(c, w.shape).slice(2);
  const input = knownSizes(c, x.shape.slice(2));
  const group = intAttribute(c.node, 'group', 1);
  const window = windowOf(accepted, c.node, kernel);
  const dx = (): Expression => {
    const transposed = transposedWindow(window, input, knownSizes(c, dy.shape.slice(2)));
    return dy.apply('ConvTranspose', [w], { ...transposed, group: int(group) });
  };
  const dw = (): Expression => weightGradient(x, dy, window, group, { x: knownSizes(c, x.shape), kernel });
  const db = (): Expression => dy.sum([0, ...input.map((_, i) => i + 2)], false);
  return [c.wanted(0) ? dx() : undefined, c.wanted(1) ? dw() : undefined, c.wanted(2) ? db() : undefined];
}
