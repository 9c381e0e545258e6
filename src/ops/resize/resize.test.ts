/** Resize beyond what the registry-wide tests hold: weights, shapes that are not all known, and what is refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseModel, typeText } from '#ir';
import { inferTypes } from '../infer.ts';
import { COORDINATE_MODES, NEAREST_MODES } from './coordinates.ts';
import { axisTaps } from './interpolation.ts';

test('weights sum to 1, over elements that are there', () => {
  const settings = fc.record({
    mode: fc.constantFrom('nearest' as const, 'linear' as const, 'cubic' as const),
    coordinates: fc.constantFrom(...COORDINATE_MODES),
    nearest: fc.constantFrom(...NEAREST_MODES, 'simple' as const),
    cubicA: fc.constantFrom(-0.75, -0.5),
    excludeOutside: fc.boolean(),
    antialias: fc.boolean(),
    extrapolation: fc.constant(0),
  });
  const axis = fc.record({ input: fc.integer({ min: 1, max: 9 }), output: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(settings, axis, fc.float({ min: -1, max: 2, noNaN: true }), (s, { input, output }, start) => {
      const rows = axisTaps(s, { input, output, scale: Math.fround(output / input), start, end: 1 });
      for (const taps of rows ?? []) {
        if (taps === 'outside') continue;
        expect(taps.reduce((sum, t) => sum + t.weight, 0)).toBeCloseTo(1, 9);
        for (const { index } of taps) expect(index >= 0 && index < input, `${index} of ${input}`).toBe(true);
      }
    }),
  );
});

function resized(graph: string): string {
  const model = inferTypes(parseModel(`model ir=8 producer="test" opset {"": 19}\ngraph g${graph}`));
  return typeText(model.graph.outputs[0]!.type);
}

describe('shapes', () => {
  test('an axis whose scale is 1 keeps its symbol', () => {
    const graph = '(x: float32[N,3,H,5]) -> (y) { const s: float32[4] = {1, 1, 2, 1.5} y = Resize(x, _, s) }';
    expect(resized(graph)).toBe('float32[N,3,?,7]');
  });

  test('sizes that a shape computation gives', () => {
    const graph = `(x: float32[N,3,8,H], like: float32[N,3,4,W]) -> (y) {
      s = Shape(like) y = Resize[mode="linear"](x, _, _, s)
    }`;
    expect(resized(graph)).toBe('float32[N,3,4,W]');
  });

  test('axes alone are open where scales are data', () => {
    const graph = '(x: float32[N,3,4], s: float32[1]) -> (y) { y = Resize[axes=[2]](x, _, s) }';
    expect(resized(graph)).toBe('float32[N,3,?]');
  });

  test('a policy has one scale for all axes', () => {
    const graph = `(x: float32[1,3,4,6]) -> (y) {
      const s: int64[2] = {8, 9} y = Resize[axes=[2, 3], keep_aspect_ratio_policy="not_larger"](x, _, _, s)
    }`;
    expect(resized(graph)).toBe('float32[1,3,6,9]');
  });
});

describe('refused', () => {
  const both = 'const s: float32[2] = {2, 2} const z: int64[2] = {8, 10}';
  const scales = 'const s: float32[2] = {2, 2} const z: int64[0] = {}';
  const sizes = 'const s: float32[0] = {} const z: int64[2] = {-1, 2}';
  test.each([
    ['mode="area"', scales, "mode 'area'"],
    ['nearest_mode="round"', scales, "nearest_mode 'round'"],
    ['coordinate_transformation_mode="half"', scales, "coordinate_transformation_mode 'half'"],
    ['keep_aspect_ratio_policy="fit"', scales, "keep_aspect_ratio_policy 'fit'"],
    ['axes=[0]', scales, 'scales [2,2] for shape [4,5]'],
    ['axes=[0, -2]', scales, 'axes [0,-2]'],
    ['axes=[0, 2]', scales, 'axis 2 for 2 dimensions'],
    ['mode="linear"', both, 'scales and sizes'],
    ['mode="linear"', scales.replace('float32[2] = {2, 2}', 'float32[0] = {}'), 'neither scales nor sizes'],
    ['mode="linear"', scales.replace('{2, 2}', '{2, 0}'), 'scales [2,0]'],
    ['mode="linear"', sizes, 'sizes [-1,2]'],
  ])('%s, %s', (attributes, operands, message) => {
    const graph = `(x: float32[4,5]) -> (y) { ${operands} y = Resize[${attributes}](x, _, s, z) }`;
    expect(() => resized(graph)).toThrow(message);
  });

  test('Upsample after opset 9', () => {
    expect(() => resized('(x: float32[4,5], s: float32[2]) -> (y) { y = Upsample(x, s) }')).toThrow(
      'Upsample ends with opset 9',
    );
  });
});
