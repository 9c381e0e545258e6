/** Layers of two runs find each other by the nodes that they share. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairLayers, ratioText } from './comparison.ts';

const layer = (name: string, ...nodes: string[]) => ({ name, nodes: nodes.length === 0 ? [name] : nodes });

test('layers pair one to one where they are alike, in groups where they are fused or cut otherwise', () => {
  const a = [layer('conv', 'conv', 'relu'), layer('pool'), layer('fc 1/2', 'fc'), layer('fc 2/2', 'fc'), layer('old')];
  const b = [layer('conv'), layer('relu'), layer('pool'), layer('fc 1/2', 'fc'), layer('fc 2/2', 'fc'), layer('new')];
  expect(pairLayers(a, b)).toEqual([
    { a: [0], b: [0, 1] },
    { a: [1], b: [2] },
    { a: [2], b: [3] },
    { a: [3], b: [4] },
    { a: [], b: [5] },
    { a: [4], b: [] },
  ]);
  expect(pairLayers([layer('fc 1/2', 'fc'), layer('fc 2/2', 'fc')], [layer('fc', 'fc')])).toEqual([
    { a: [0, 1], b: [0] },
  ]);
});

const layers = fc
  .array(fc.array(fc.constantFrom(...'abcdefghij'), { minLength: 1, maxLength: 3 }), { maxLength: 8 })
  .map((of) => of.map((nodes, i) => layer(`${nodes[0]} ${i}`, ...nodes)));

test('every layer is in one pair, and no node is in two, but for pieces of one node that are cut alike', () => {
  fc.assert(
    fc.property(layers, layers, (a, b) => {
      const pairs = pairLayers(a, b);
      const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);
      expect(pairs.flatMap((p) => p.a).sort((x, y) => x - y)).toEqual(numbers(a.length));
      expect(pairs.flatMap((p) => p.b).sort((x, y) => x - y)).toEqual(numbers(b.length));
      expect(pairLayers(a, a).every((p) => p.a.join() === p.b.join())).toBe(true);
    }),
  );
});

test('ratios', () => {
  expect([ratioText(4, 2), ratioText(2, 2), ratioText(1, 12345), ratioText(0, 1), ratioText(null, 1)]).toEqual([
    '×0.500',
    '×1.00',
    '×12,345',
    '–',
    '–',
  ]);
});
