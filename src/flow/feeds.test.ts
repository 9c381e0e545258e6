/** What a model asks for against what is given. */
import { describe, expect, test } from 'vitest';
import { type Model, parseModel, type Tensor, tensorOf } from '#ir';
import { errorOf } from '../../test/support/errorText.ts';
import { checkFinite, inputType, sizesOfFeeds } from './feeds.ts';

const model = (inputs: string): Model =>
  parseModel(`model ir=8 producer="test" opset {"": 17}\ngraph g(${inputs}) -> (x: float32[N,3]) {\n}`);
const two = model('x: float32[N,3], y: float32[N,M]');
const zeros = (...dims: number[]): Tensor =>
  tensorOf('float32', dims, new Array(dims.reduce((a, b) => a * b, 1)).fill(0));
const sizes = (...feeds: [string, Tensor][]) => sizesOfFeeds(two, new Map(feeds));

describe('sizes that follow from what is fed', () => {
  test('each symbol takes the size it meets', () => {
    expect(sizes(['x', zeros(4, 3)], ['y', zeros(4, 7)])).toEqual({ N: 4, M: 7 });
    expect(sizes(['y', zeros(2, 1)])).toEqual({ N: 2, M: 1 });
    expect(sizes()).toEqual({});
  });

  test('a symbol has one size', () => {
    const error = errorOf(() => sizes(['x', zeros(4, 3)], ['y', zeros(5, 7)]));
    expect(error).toMatchObject({ code: 'SYS-FLOW-002', params: { expected: 'float32[4,M]', found: 'float32[5,7]' } });
  });

  test.each([
    ['a fixed dimension', zeros(4, 2)],
    ['the rank', zeros(4)],
    ['the element type', tensorOf('float64', [4, 3], new Array(12).fill(0))],
  ])('%s must agree', (_, tensor) => {
    expect(errorOf(() => sizes(['x', tensor])).code).toBe('SYS-FLOW-002');
  });

  test('an input that does not exist is answered with the nearest', () => {
    const named = model('x: float32[N,3], pixels: float32[N,3]');
    expect(errorOf(() => inputType(named, 'pixel'))).toMatchObject({
      code: 'SYS-FLOW-013',
      params: { nearest: 'pixels' },
    });
  });
});

describe('values that are not finite', () => {
  test('the first is named by its position, and all are counted', () => {
    const tensor = tensorOf('float32', [2, 2, 3], [0, 1, 2, 3, 4, 5, 6, Number.NaN, 8, Number.NEGATIVE_INFINITY, 0, 0]);
    expect(errorOf(() => checkFinite('x', tensor)).params).toEqual({
      name: 'x',
      value: 'NaN',
      index: [1, 0, 1],
      count: 2,
    });
  });

  test('finite floats and integers pass', () => {
    expect(() => checkFinite('x', zeros(2, 3))).not.toThrow();
    expect(() => checkFinite('x', tensorOf('int64', [1], [2n ** 62n]))).not.toThrow();
    expect(() => checkFinite('x', zeros(0, 3))).not.toThrow();
  });
});
