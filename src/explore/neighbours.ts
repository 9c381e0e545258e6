/**
 * Designs in an order in which neighbours share work: what the compiler's searches find is kept for machines that look alike to them
 * (`lower/decisions.ts`), for the last of them. So designs follow each other that differ in what searches see least, and those that differ in
 * nothing else are a family, which goes to one worker. Outcomes are the same in any order.
 */
import { isSeen, LEAST_SEEN } from '#lower';
import type { Genome } from './nsga2.ts';
import { genomeAt, type Space } from './space.ts';

/** All designs, each once. */
export function* inFamilies(space: Space): Generator<Genome> {
  const rankOf = (i: number): number => {
    const rank = LEAST_SEEN.indexOf(space.dimensions[i]!.name.split('.')[0]!);
    return rank < 0 ? LEAST_SEEN.length : rank;
  };
  const order = space.dimensions.map((_, i) => i).sort((a, b) => rankOf(b) - rankOf(a));
  for (let index = 0; index < space.size; index++) yield genomeAt(space, index, order);
}

/** What designs of one family have in common. */
export const familyOf = ({ dimensions }: Space, genome: Genome): string =>
  genome.filter((_, i) => isSeen(dimensions[i]!.name)).join();
