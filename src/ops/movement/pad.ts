/**
 * Pad: elements added (or, where negative, removed) before and after each axis. Pads are all beginnings, then all ends:
 * an attribute before opset 11, an input after; since opset 18 for the given axes alone.
 */
import {
  type Dim,
  float,
  floatAttribute,
  type GraphNode,
  ints,
  string,
  stringAttribute,
  tensorOf,
  tensorType,
} from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { eachIndex, offsetAt, type RefElement, refFrom, stridesOf } from '../refTensor.ts';
import { data, int64s, sample, scalar } from '../sampling.ts';
import { accepted, addDims, normalizeAxis, type Refuse, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import {
  differentiatedIntegers,
  evaluatedIntegers,
  type IntegerArgument,
  inferredIntegers,
  inferredNumbers,
} from './integerArgument.ts';
import { type PadMode, padSources } from './padSources.ts';

const PADS: IntegerArgument = { attribute: 'pads', input: 1, since: 11 };
const AXES: IntegerArgument = { attribute: 'axes', input: 3, since: 18 };
const MODES = ['constant', 'reflect', 'edge', 'wrap'] as const;

function modeOf(c: Refuse, node: GraphNode, opset: number): PadMode {
  const modes = opset < 19 ? MODES.slice(0, 3) : MODES;
  const mode = stringAttribute(node, 'mode', 'constant');
  return modes.find((m) => m === mode) ?? c.fail(`mode '${mode}'`, modes.join(' | '));
}

/** Beginning and end of each of `rank` axes. */
function byAxis<D extends Dim>(
  c: Refuse,
  rank: number,
  pads: readonly D[],
  axes: readonly number[] | undefined,
): [D | 0, D | 0][] {
  const padded = axes ?? Array.from({ length: rank }, (_, k) => k);
  if (pads.length !== 2 * padded.length) {
    c.fail(
      { en: `pads of ${pads.length} values`, zh: `pads 有 ${pads.length} 个值` },
      { en: `${2 * padded.length}: two for each axis`, zh: `${2 * padded.length} 个：每个轴两个` },
    );
  }
  const out: [D | 0, D | 0][] = Array.from({ length: rank }, () => [0, 0]);
  padded.forEach((axis, k) => {
    out[normalizeAxis(c, axis, rank)] = [pads[k]!, pads[k + padded.length]!];
  });
  return out;
}

export const pad = operator({
  name: 'Pad',
  summary: 'Elements added, or where negative removed, before and after each axis.',
  versions: [2, 11, 13, 18, 19, 21, 23],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'pads', type: 'int64', since: 11 },
    { name: 'constant_value', type: 'T', arity: 'optional', since: 11 },
    { name: 'axes', type: 'Tind', arity: 'optional', since: 18 },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES, Tind: ['int32', 'int64'] },
  attributes: {
    mode: { kind: 'string', doc: 'constant (default), reflect (border not repeated), edge, or since opset 19 wrap' },
    pads: { kind: 'ints', required: true, until: 11, doc: 'all beginnings, then all ends' },
    value: { kind: 'float', until: 11, doc: 'the constant; default 0' },
  },
  infer: (c) => {
    modeOf(c, c.node, c.opset);
    const { dtype, shape } = c.inputs[0]!;
    if (shape === undefined) return { types: [tensorType(dtype)] };
    const pads = inferredIntegers(c, PADS);
    const axes = inferredNumbers(c, AXES);
    if (pads === undefined || pads === 'absent' || axes === undefined) {
      return {
        types: [
          tensorType(
            dtype,
            shape.map(() => null),
          ),
        ],
      };
    }
    const amounts = byAxis<Dim>(c, shape.length, pads, axes === 'absent' ? undefined : axes);
    const out = shape.map((d, axis) => addDims(d, addDims(amounts[axis]![0], amounts[axis]![1])));
    if (out.some((d) => typeof d === 'number' && d < 0)) {
      c.fail(
        { en: `pads [${pads}] for shape ${shapeText(shape)}`, zh: `形状 ${shapeText(shape)} 的 pads [${pads}]` },
        { en: 'at most as many elements removed as there are', zh: '去掉的元素不多于已有的' },
      );
    }
    return { types: [tensorType(dtype, out)] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const mode = modeOf(c, c.node, c.opset);
    const amounts = byAxis(c, x.dims.length, evaluatedIntegers(c, PADS)!, evaluatedIntegers(c, AXES));
    const sources = x.dims.map(
      (size, axis) =>
        padSources(size, amounts[axis]![0], amounts[axis]![1], mode) ??
        c.fail(
          {
            en: `mode ${mode} along axis ${axis} of shape [${x.dims}]`,
            zh: `形状 [${x.dims}] 的轴 ${axis} 用模式 ${mode}`,
          },
          { en: 'at least one element to continue', zh: '至少有一个可延续的元素' },
        ),
    );
    const zero: RefElement = x.dtype === 'string' ? '' : 0;
    const fill = c.opset < 11 ? floatAttribute(c.node, 'value', 0) : (c.inputs[2]?.data[0] ?? zero);
    const strides = stridesOf(x.dims);
    const dims = sources.map((s) => s.length);
    const elements: RefElement[] = [];
    eachIndex(dims, (index) => {
      const source = index.map((place, axis) => sources[axis]![place]!);
      elements.push(source.includes(-1) ? fill : x.data[offsetAt(source, strides)]!);
    });
    return [refFrom(x.dtype, dims, (i) => elements[i]!)];
  },
  gradient: differentiate,
  samples: () => {
    const x = data([2, 3, 4]);
    const pads = int64s(0, 1, 2, 1, 0, 1);
    return [
      sample('attributes', 'Pad', 7, { pads: ints([0, 1, 2, 1, 0, 1]), value: float(1.5) }, [x]),
      sample('attribute reflect', 'Pad', 10, { pads: ints([0, 1, 2, 0, 2, 3]), mode: string('reflect') }, [x]),
      sample('inputs', 'Pad', 11, {}, [x, pads], { constants: [1] }),
      sample('constant value', 'Pad', 13, { mode: string('constant') }, [x, pads, scalar(-7)], { constants: [1, 2] }),
      sample('edge', 'Pad', 13, { mode: string('edge') }, [x, int64s(1, 2, 5, 0, 1, 1)], { constants: [1] }),
      sample('reflect', 'Pad', 18, { mode: string('reflect') }, [x, int64s(1, 2, 3, 0, 1, 1)], { constants: [1] }),
      sample('wrap', 'Pad', 19, { mode: string('wrap') }, [x, int64s(1, 2, 3, 0, 1, 1)], { constants: [1] }),
      sample('negative', 'Pad', 13, {}, [x, int64s(0, -1, 1, 0, 2, -2)], { constants: [1] }),
      sample('negative edge', 'Pad', 13, { mode: string('edge') }, [x, int64s(0, -1, 1, 0, 2, -2)], { constants: [1] }),
      sample('axes', 'Pad', 18, {}, [x, int64s(1, 2, 3, 0), scalar(9), int64s(2, 0)], { constants: [1, 2, 3] }),
      sample('negative axes', 'Pad', 21, {}, [x, int64s(1, 2), undefined, int64s(-2)], { constants: [1, 3] }),
      sample('int64', 'Pad', 13, {}, [data([3], { dtype: 'int64', high: 9 }), int64s(1, 2), scalar(4, 'int64')], {
        constants: [1],
      }),
    ];
  },
});

/** Each element of dy goes back to the element it was copied from; those of the constant to the constant. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const mode = modeOf(accepted, c.node, c.opset);
  const amounts = byAxis(accepted, x.rank, differentiatedIntegers(c, PADS)!, differentiatedIntegers(c, AXES));
  if (mode !== 'constant') return [amounts.reduce((g, [begin, end], axis) => unpad(c, g, axis, begin, end, mode), dy)];
  const back = [...amounts.map(([begin]) => -begin), ...amounts.map(([, end]) => -end)];
  const dx = dy.apply('Pad', [dy.int64s(back)]);
  const ofConstant = c.wanted(2)
    ? dy.sum(undefined, false).sub(dx.sum(undefined, false)).reshapeLike(c.inputs[2]!)
    : undefined;
  return [dx, undefined, ofConstant];
}

/** dy · S along an axis, S[place, source] = 1. */
function unpad(
  c: GradientContext,
  dy: Expression,
  axis: number,
  begin: number,
  end: number,
  mode: PadMode,
): Expression {
  const size = c.inputs[0]!.shape[axis]!;
  if (begin === 0 && end === 0) return dy;
  if (typeof size !== 'number') {
    return c.fail(
      { en: `an open size along axis ${axis}`, zh: `轴 ${axis} 的尺寸未定` },
      { en: 'a known size', zh: '已知尺寸' },
    );
  }
  const sources = padSources(size, begin, end, mode)!;
  const selection = new Float64Array(sources.length * size);
  sources.forEach((source, place) => {
    selection[place * size + source] = 1;
  });
  const matrix = dy.constant(tensorOf(dy.dtype, [sources.length, size], selection));
  const swapped = dy.shape.map((_, i) => (i === axis ? dy.rank - 1 : i === dy.rank - 1 ? axis : i));
  return dy.transpose(swapped).matMul(matrix).transpose(swapped);
}
