/** Names of points cover neither each other nor points, wherever points lie. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeLabels, textWidth } from './labels.ts';

const AREA = { left: 0, top: 0, right: 800, bottom: 400, lines: [], points: [] };

test('names of points in a row stand apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 150, max: 650 }), fc.integer({ min: 130, max: 270 })), {
        minLength: 1,
        maxLength: 8,
      }),
      (points) => {
        const labels = placeLabels(
          points.map(([x, y], i) => ({ x, y, name: `layer ${i}` })),
          AREA,
        );
        for (const [i, a] of labels.entries()) {
          expect(a.x).toBeGreaterThanOrEqual(0);
          expect(a.x + textWidth(a.name)).toBeLessThanOrEqual(800);
          for (const b of labels.slice(i + 1)) {
            const apart = Math.abs(a.y - b.y) >= 14 || a.x + textWidth(a.name) <= b.x || b.x + textWidth(b.name) <= a.x;
            expect(apart, `${a.name} and ${b.name}`).toBe(true);
          }
        }
      },
    ),
  );
});

test('points at one place have one name, and a name that must go far has a line to it', () => {
  const at = { x: 100, y: 200 };
  expect(
    placeLabels(
      ['a', 'b', 'c', 'd'].map((name) => ({ ...at, name })),
      AREA,
    ),
  ).toEqual([{ name: 'a, b, c +1', at: [100, 200], x: 109, y: 200, leader: false }]);
  const blocked = Array.from({ length: 9 }, (_, i) => [60 + 10 * i, 200] as const);
  const [label] = placeLabels([{ ...at, name: 'behind' }], {
    ...AREA,
    points: blocked,
    lines: [
      [
        [0, 200],
        [800, 200],
      ],
      [
        [0, 214],
        [800, 214],
      ],
      [
        [0, 186],
        [800, 186],
      ],
    ],
  });
  expect(label!.leader).toBe(true);
});
