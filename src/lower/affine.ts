/**
 * A layer as one affine expression: an iteration domain, and for each tensor the map from a point of the domain to its subscripts,
 *
 *   out[g, b, y, x, n] = Σ_{ky, kx, c} a[g, b, sy·y + dy·ky − py, sx·x + dx·kx − px, c] · w[g, n, ky, kx, c]
 *
 * It says what is computed and nothing of how: an order, tiles and who does which of them are a schedule's. Of convolutions and products
 * only sizes differ: fully connected layers have no y and x, 1 × 1 convolutions no ky and kx, groups are g, and depthwise convolutions
 * are groups of one channel. What a tile of the domain touches of a tensor follows from the map (`footprint`).
 */

/** Σ by · index + offset. */
export interface Subscript {
  readonly terms: readonly { readonly index: string; readonly by: number }[];
  readonly offset: number;
}

/** One subscript for each dimension of a tensor. */
export type AccessMap = readonly Subscript[];

export interface AffineExpression {
  readonly domain: readonly {
    readonly index: string;
    readonly size: number;
    readonly kind: 'parallel' | 'reduction';
  }[];
  readonly maps: Readonly<Record<'out' | 'a' | 'w', AccessMap>>;
}

/** A spatial axis: outputs along it, and the window. 1, 1, 1, 1 and 0 by default. */
export interface AffineAxis {
  readonly total?: number;
  readonly kernel?: number;
  readonly scale?: number;
  readonly dilation?: number;
  readonly pad?: number;
}

export interface AffineSizes {
  /** Groups, or batches of a product. */
  readonly outer?: readonly number[];
  readonly b?: number;
  readonly y?: AffineAxis;
  readonly x?: AffineAxis;
  /** Filters, and channels of a group. */
  readonly n: number;
  readonly c: number;
}

/** The expression of a layer. Indices of size 1 are left out, but for n and c. */
export function affineExpression({ outer = [], b = 1, y = {}, x = {}, n, c }: AffineSizes): AffineExpression {
  const axes = [
    ['y', y],
    ['x', x],
  ] as const;
  const all: AffineExpression['domain'] = [
    ...outer.map((size, i) => ({ index: `g${i}`, size, kind: 'parallel' as const })),
    { index: 'b', size: b, kind: 'parallel' },
    ...axes.map(([index, { total = 1 }]) => ({ index, size: total, kind: 'parallel' as const })),
    { index: 'n', size: n, kind: 'parallel' },
    ...axes.map(([index, { kernel = 1 }]) => ({ index: `k${index}`, size: kernel, kind: 'reduction' as const })),
    { index: 'c', size: c, kind: 'reduction' },
  ];
  const domain = all.filter((d) => d.size > 1 || d.index === 'n' || d.index === 'c');
  const has = new Set(domain.map((d) => d.index));
  const plain = (names: readonly string[]): Subscript[] =>
    names.filter((name) => has.has(name)).map((index) => ({ terms: [{ index, by: 1 }], offset: 0 }));
  const groups = outer.map((_, i) => `g${i}`);
  const window = axes.flatMap(([index, { total = 1, kernel = 1, scale = 1, dilation = 1, pad = 0 }]): Subscript[] => {
    if (total === 1 && kernel === 1) return [];
    const both = [
      { index, by: scale },
      { index: `k${index}`, by: dilation },
    ];
    return [{ terms: both.filter((term) => has.has(term.index)), offset: -pad }];
  });
  return {
    domain,
    maps: {
      out: plain([...groups, 'b', 'y', 'x', 'n']),
      a: [...plain([...groups, 'b']), ...window, ...plain(['c'])],
      w: plain([...groups, 'n', 'ky', 'kx', 'c']),
    },
  };
}

/** `2·y + ky − 1`. */
export function subscriptText({ terms, offset }: Subscript): string {
  const sum = terms.map(({ index, by }) => (by === 1 ? index : `${by}·${index}`)).join(' + ');
  return offset === 0 ? sum : `${sum} ${offset < 0 ? '−' : '+'} ${Math.abs(offset)}`;
}

/** `[b, 2·y + ky − 1, c]`. */
export const accessText = (map: AccessMap): string => `[${map.map(subscriptText).join(', ')}]`;

/**
 * Elements that a tile of the domain touches of a tensor, as the box around them, padding included.
 * @param tile sizes of the tile by index; 1 where an index is not named
 */
export const footprint = (map: AccessMap, tile: Readonly<Record<string, number>>): number =>
  map.reduce(
    (elements, { terms }) =>
      elements * terms.reduce((extent, { index, by }) => extent + Math.abs(by) * ((tile[index] ?? 1) - 1), 1),
    1,
  );
