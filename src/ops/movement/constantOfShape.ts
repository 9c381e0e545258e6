/** ConstantOfShape: a tensor of the shape that the input states, filled with one value. */
import { tensorAttr, tensorAttribute, tensorOf, tensorType } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { shapeValueOf } from '../inferNode.ts';
import { numbersOf, refFrom, toRef } from '../refTensor.ts';
import { int64s, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';

const ZERO = tensorOf('float32', [1], [0]);

export const constantOfShape = operator({
  name: 'ConstantOfShape',
  summary: 'A tensor of the shape that the input states, filled with one value.',
  versions: [9, 20, 21, 23],
  inputs: [{ name: 'input', type: 'T1' }],
  outputs: [{ name: 'output', type: 'T2' }],
  types: { T1: ['int64'], T2: ALL_TYPES },
  attributes: { value: { kind: 'tensor', doc: 'one element: the value and the type; default float32 0' } },
  infer: (c) => {
    const value = tensorAttribute(c.node, 'value') ?? ZERO;
    if (value.dims.length > 1 || (value.dims[0] ?? 1) !== 1) {
      c.fail(
        { en: `value of shape [${value.dims}]`, zh: `value 的形状为 [${value.dims}]` },
        { en: 'one element', zh: '一个元素' },
      );
    }
    const asked = c.shapeValue(0);
    if (asked?.some((d) => typeof d === 'number' && d < 0)) {
      c.fail({ en: `shape [${asked}]`, zh: `形状 [${asked}]` }, { en: 'sizes from 0', zh: '不小于 0 的大小' });
    }
    const rank = c.inputs[0]?.shape?.[0];
    const shape = asked ?? (typeof rank === 'number' ? new Array<null>(rank).fill(null) : undefined);
    const length = shape?.length === 0 ? 1 : shape?.length === 1 ? shape[0] : undefined;
    const element = shapeValueOf(value)?.[0];
    const filled =
      typeof length === 'number' && length <= 1024 && element !== undefined
        ? new Array<number>(length).fill(element)
        : undefined;
    return { types: [tensorType(value.dtype, shape)], values: [filled] };
  },
  cost: (c) => costOf(c),
  costRule: 'writes the elements.',
  evaluate: ({ node, inputs }) => {
    const value = toRef(tensorAttribute(node, 'value') ?? ZERO);
    return [refFrom(value.dtype, Array.from(numbersOf(inputs[0]!)), () => value.data[0]!)];
  },
  gradient: 'zero',
  samples: () => [
    sample('default', 'ConstantOfShape', 9, {}, [int64s(2, 3)], { constants: [0] }),
    sample('float', 'ConstantOfShape', 9, { value: tensorAttr(tensorOf('float32', [1], [1.5])) }, [int64s(4)], {
      constants: [0],
    }),
    sample('int64', 'ConstantOfShape', 20, { value: tensorAttr(tensorOf('int64', [1], [-7])) }, [int64s(2)], {
      constants: [0],
    }),
    sample('bool', 'ConstantOfShape', 21, { value: tensorAttr(tensorOf('bool', [1], [1])) }, [int64s(2, 2)], {
      constants: [0],
    }),
    sample('scalar', 'ConstantOfShape', 9, {}, [int64s()], { constants: [0] }),
    sample('empty', 'ConstantOfShape', 9, {}, [int64s(0, 3)], { constants: [0] }),
  ],
});
