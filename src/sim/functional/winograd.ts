/** The Winograd transforms on plain arrays: a tile is a list of lines. */
import { transformTile, winogradSides } from '#isa';
import { STRIDE } from '#timing';
import type { WinogradEntry } from '../entries.ts';
import type { Memories } from './units.ts';
import { address, indices, offset } from './walk.ts';

/** Tile after tile, as the indices of the source come. */
export function winograd(e: WinogradEntry, memories: Memories): void {
  const { source: side } = winogradSides(e.transform, e.tile);
  const [from, to] = [memories[e.from], memories[e.to]];
  const stride = (record: readonly number[], d: number): number => record[4 * d + STRIDE]!;
  const numbers = Array.from({ length: side }, (_, i) => i);
  for (const index of indices(e.source, 2)) {
    const base = offset(e.source, index, 2);
    const tile = numbers.map((i) =>
      numbers.map((j) => from.readF32(address(e.a, base + i * stride(e.source, 4) + j * stride(e.source, 3)))),
    );
    transformTile(e.transform, e.tile, tile).forEach((line, i) => {
      line.forEach((value, j) => {
        const place = offset(e.result, index, 2) + i * stride(e.result, 4) + j * stride(e.result, 3);
        to.writeF32(address(e.c, place), value);
      });
    });
  }
}
