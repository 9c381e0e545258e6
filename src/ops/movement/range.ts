/** Range: start, start + delta, … up to before limit. */
import { type Dim, tensorNumbers, tensorType } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import { type RefElement, refFrom } from '../refTensor.ts';
import { sample, scalar } from '../sampling.ts';
import type { Refuse, Shape } from '../shapes.ts';

/** How many elements there are. */
function rangeLength(c: Refuse, start: RefElement, limit: RefElement, delta: RefElement): number {
  if (Number(delta) === 0)
    c.fail({ en: 'delta 0', zh: 'delta 为 0' }, { en: 'a delta other than 0', zh: '非零 delta' });
  return Math.max(0, Math.ceil((Number(limit) - Number(start)) / Number(delta)));
}

export const range = operator({
  name: 'Range',
  summary: 'The numbers start, start + delta, … up to before limit.',
  versions: [11, 27],
  inputs: [
    { name: 'start', type: 'T' },
    { name: 'limit', type: 'T' },
    { name: 'delta', type: 'T' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ['float32', 'float16', 'float64', 'bfloat16', 'int16', 'int32', 'int64'] },
  attributes: {},
  infer: (c) => {
    const { length, values } = inferRange(c);
    return { types: [tensorType(c.inputs[0]!.dtype, [length])], values: [values] };
  },
  cost: (c) => elementwiseCost(c, { additions: 1 }),
  costRule: 'one addition an output.',
  evaluate: (c) => {
    const [start, limit, delta] = [0, 1, 2].map((k) => c.inputs[k]!.data[0]!) as [RefElement, RefElement, RefElement];
    const length = rangeLength(c, start, limit, delta);
    const element = (i: number): RefElement =>
      typeof start === 'bigint' ? start + BigInt(i) * (delta as bigint) : (start as number) + i * (delta as number);
    return [refFrom(c.inputs[0]!.dtype, [length], element)];
  },
  gradient: 'zero',
  samples: () => [
    sample('float32', 'Range', 11, {}, [scalar(1), scalar(5), scalar(1.5)], { constants: [0, 1, 2] }),
    sample('int64', 'Range', 11, {}, [scalar(0, 'int64'), scalar(5, 'int64'), scalar(2, 'int64')], {
      constants: [0, 1, 2],
    }),
    sample('downwards', 'Range', 11, {}, [scalar(5, 'int32'), scalar(-2, 'int32'), scalar(-3, 'int32')], {
      constants: [0, 1, 2],
    }),
    sample('empty', 'Range', 11, {}, [scalar(3, 'int32'), scalar(1, 'int32'), scalar(1, 'int32')], {
      constants: [0, 1, 2],
    }),
  ],
});

function inferRange(c: InferContext): { length: Dim; values: Shape | undefined } {
  const known = [0, 1, 2].map((k): Dim => {
    const value = c.shapeValue(k)?.[0];
    if (value !== undefined) return value;
    const constant = c.constant(k);
    return constant === undefined ? null : (tensorNumbers(constant)[0] ?? null);
  });
  const [start, limit, delta] = known as [Dim, Dim, Dim];
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    const length = rangeLength(c, start, limit, delta);
    const whole = c.inputs[0]!.dtype.startsWith('int') && length <= 1024;
    return { length, values: whole ? Array.from({ length }, (_, i) => start + i * delta) : undefined };
  }
  // 0, 1, … N−1 has the length of the symbol.
  return { length: start === 0 && delta === 1 ? limit : null, values: undefined };
}
