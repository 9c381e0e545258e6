/**
 * The Winograd transforms of `isa/instructions/winograd.ts`, operation by operation in f32: what the unit computes, and what weights that
 * are transformed ahead must be equal to, bit for bit.
 */
import type { WinogradTile, WinogradTransform } from './instructions/winograd.ts';

const f = Math.fround;
const SIXTH = f(1 / 6);
const TWENTY_FOURTH = f(1 / 24);

export type WinogradLine = readonly number[];
const at = (line: WinogradLine, i: number): number => line[i]!;
const add = (x: number, y: number): number => f(x + y);
const sub = (x: number, y: number): number => f(x - y);
const mul = (x: number, y: number): number => f(x * y);

/** What happens to one line, with every operation rounded. */
const TRANSFORMS: Readonly<
  Record<WinogradTransform, Readonly<Record<WinogradTile, (line: WinogradLine) => WinogradLine>>>
> = {
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

const transposed = (lines: readonly WinogradLine[]): WinogradLine[] =>
  lines[0]!.map((_, j) => lines.map((line) => at(line, j)));

/** Every column of a tile, then every line of what that gives. */
export function transformTile(
  transform: WinogradTransform,
  tile: WinogradTile,
  lines: readonly WinogradLine[],
): WinogradLine[] {
  const ofLine = TRANSFORMS[transform][tile];
  return transposed(transposed(lines).map(ofLine)).map(ofLine);
}
