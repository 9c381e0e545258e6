/** The Winograd transforms on plain arrays: a tile is a list of lines, and each transform is one function of a line. */
import { type WinogradTile, type WinogradTransform, winogradSides } from '#isa';
import { STRIDE } from '#timing';
import type { WinogradEntry } from '../entries.ts';
import type { Memories } from './units.ts';
import { address, indices, offset } from './walk.ts';

const f = Math.fround;
const SIXTH = f(1 / 6);
const TWENTY_FOURTH = f(1 / 24);

type Line = readonly number[];
const at = (line: Line, i: number): number => line[i]!;
const add = (x: number, y: number): number => f(x + y);
const sub = (x: number, y: number): number => f(x - y);
const mul = (x: number, y: number): number => f(x * y);

/** What happens to one line, with every operation rounded. */
const TRANSFORMS: Readonly<Record<WinogradTransform, Readonly<Record<WinogradTile, (line: Line) => Line>>>> = {
  input: {
    f2: (d) => [sub(at(d, 0), at(d, 2)), add(at(d, 1), at(d, 2)), sub(at(d, 2), at(d, 1)), sub(at(d, 1), at(d, 3))],
    f4: (d) => {
      const p = sub(at(d, 4), mul(4, at(d, 2)));
      const q = sub(at(d, 3), mul(4, at(d, 1)));
      const r = sub(at(d, 4), at(d, 2));
      const s = mul(2, sub(at(d, 3), at(d, 1)));
      return [
        add(sub(mul(4, at(d, 0)), mul(5, at(d, 2))), at(d, 4)),
        ...[add(p, q), sub(p, q), add(r, s), sub(r, s)],
        add(sub(mul(4, at(d, 1)), mul(5, at(d, 3))), at(d, 5)),
      ];
    },
  },
  weight: {
    f2: (g) => {
      const s = add(at(g, 0), at(g, 2));
      return [at(g, 0), mul(0.5, add(s, at(g, 1))), mul(0.5, sub(s, at(g, 1))), at(g, 2)];
    },
    f4: (g) => {
      const s = add(at(g, 0), at(g, 2));
      const u = add(at(g, 0), mul(4, at(g, 2)));
      const v = mul(2, at(g, 1));
      return [
        mul(0.25, at(g, 0)),
        -mul(SIXTH, add(s, at(g, 1))),
        -mul(SIXTH, sub(s, at(g, 1))),
        mul(TWENTY_FOURTH, add(u, v)),
        mul(TWENTY_FOURTH, sub(u, v)),
        at(g, 2),
      ];
    },
  },
  output: {
    f2: (m) => [add(add(at(m, 0), at(m, 1)), at(m, 2)), sub(sub(at(m, 1), at(m, 2)), at(m, 3))],
    f4: (m) => {
      const [a, b] = [add(at(m, 1), at(m, 2)), sub(at(m, 1), at(m, 2))];
      const [c, d] = [add(at(m, 3), at(m, 4)), sub(at(m, 3), at(m, 4))];
      return [add(add(at(m, 0), a), c), add(b, mul(2, d)), add(a, mul(4, c)), add(add(b, mul(8, d)), at(m, 5))];
    },
  },
};

const transposed = (lines: readonly Line[]): Line[] => lines[0]!.map((_, j) => lines.map((line) => at(line, j)));

/** Tile after tile, as the indices of the source come. */
export function winograd(e: WinogradEntry, memories: Memories): void {
  const { source: side } = winogradSides(e.transform, e.tile);
  const transform = TRANSFORMS[e.transform][e.tile];
  const [from, to] = [memories[e.from], memories[e.to]];
  const stride = (record: readonly number[], d: number): number => record[4 * d + STRIDE]!;
  const numbers = Array.from({ length: side }, (_, i) => i);
  for (const index of indices(e.source, 2)) {
    const base = offset(e.source, index, 2);
    const tile = numbers.map((i) =>
      numbers.map((j) => from.readF32(address(e.a, base + i * stride(e.source, 4) + j * stride(e.source, 3)))),
    );
    const columns = transposed(tile).map(transform);
    transposed(columns)
      .map(transform)
      .forEach((line, i) => {
        line.forEach((value, j) => {
          const place = offset(e.result, index, 2) + i * stride(e.result, 4) + j * stride(e.result, 3);
          to.writeF32(address(e.c, place), value);
        });
      });
  }
}
