/**
 * Which loops of a contraction may be dealt to cores, and what of the work is then one core's: for the tile search, which asks it of
 * every tiling and so before any nest is built. What counts in the end is predicted of the nest itself.
 */
import { filtersOf, type Machine } from '#machine';
import { type Contraction, typesOfContraction } from './contraction.ts';
import { available, type Cores, coresFor, type DealtLoop } from './cores.ts';

/** A loop over tiles of which one core does some. */
export interface Share {
  /** Of all cores. */
  readonly tiles: number;
  readonly parts: number;
  /** Tiles of the first core, which none has more of. */
  readonly rounds: number;
  /** These by size. */
  readonly classes: readonly { readonly size: number; readonly times: number }[];
  /** Whether it is dealt to all cores of a cluster, or of the chip; and in equal numbers. */
  readonly reachesAll: boolean;
  readonly isEven: boolean;
}

/** One way to deal loops. */
export class CoreSplit {
  readonly deals: readonly DealtLoop[];
  readonly #cores: Cores;

  constructor(deals: readonly DealtLoop[], machine: Machine) {
    this.deals = deals;
    this.#cores = coresFor(machine);
  }

  of(loop: string, total: number, tile: number): Share {
    const tiles = Math.ceil(total / tile);
    const over = this.deals.find((deal) => deal.loop === loop)?.over;
    const most = over === undefined ? 1 : available(this.#cores, over);
    const parts = Math.min(tiles, most);
    const rounds = Math.ceil(tiles / parts);
    const hasLast = (tiles - 1) % parts === 0;
    const classes = [
      { size: tile, times: hasLast ? rounds - 1 : rounds },
      { size: total - (tiles - 1) * tile, times: hasLast ? 1 : 0 },
    ].filter(({ times }) => times > 0);
    const reachesAll = over !== undefined && over !== 'cluster' && parts === most;
    return { tiles, parts, rounds, classes, reachesAll, isEven: tiles % parts === 0 };
  }

  /** Whether a share of a loop is none although the loop is to be dealt: the same tiling is found under another deal. */
  wastes(loop: string, { parts }: Share): boolean {
    return parts === 1 && this.deals.some((deal) => deal.loop === loop);
  }
}

/**
 * How many transfers bring cores what does not depend on the loops of these shares.
 * @param isOutside whether it is loaded outside of those loops
 */
export const copiesOf = (shares: readonly Share[], isOutside: boolean): number =>
  shares.reduce((n, s) => (s.reachesAll && (isOutside || s.isEven) ? n : n * s.parts), 1);

/**
 * The ways to deal a contraction's loops: filters, rows, columns where there are few rows, images or groups to all cores; and on a
 * chip of several clusters one of them to clusters and another to the cores of each. The first may leave cores without work.
 */
export function dealsOf(k: Contraction, machine: Machine): readonly (readonly DealtLoop[])[] {
  const cores = coresFor(machine);
  const all = available(cores, 'core');
  if (all === 1) return [[]];
  const outer = k.outer.findIndex((o) => o.total > 1);
  const loops = [
    ...(k.n.total > filtersOf(machine.matrix, typesOfContraction(k).a) ? ['n'] : []),
    ...(k.y.total > 1 ? ['y'] : []),
    ...(k.x.total > 1 && k.y.total < all ? ['x'] : []),
    ...(k.b.total > 1 ? ['b'] : []),
    ...(outer < 0 ? [] : [`o${outer}`]),
  ];
  const single = loops.map((loop): readonly DealtLoop[] => [{ loop, over: 'core' }]);
  const pairs =
    cores.clusters === 1 || cores.ranks === 1
      ? []
      : loops.flatMap((a) =>
          loops.flatMap((b): (readonly DealtLoop[])[] =>
            a === b
              ? []
              : [
                  [
                    { loop: a, over: 'cluster' },
                    { loop: b, over: 'rank' },
                  ],
                ],
          ),
        );
  return single.length === 0 ? [[]] : [...single, ...pairs];
}
