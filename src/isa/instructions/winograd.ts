/**
 * The Winograd transform unit: fast convolution with 3 × 3 kernels, F(2×2, 3×3) and F(4×4, 3×3) of Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", CVPR 2016. Between the transforms of inputs and weights and that of the
 * outputs stands, for each of the 16 or 36 positions of a tile, an `mma`.
 */
import type { Field, InstructionDefinition } from '../define.ts';
import { elementType, ra, rd, record, SCRATCHPADS } from '../fields.ts';

/** Tiles by their code: f2 has 2 × 2 outputs of 4 × 4 inputs, f4 4 × 4 outputs of 6 × 6 inputs. */
export const WINOGRAD_TILES = ['f2', 'f4'] as const;
export type WinogradTile = (typeof WINOGRAD_TILES)[number];

/** Outputs on a side of a tile; inputs, and positions of the transformed tile, are two more. */
export const WINOGRAD_OUTPUTS: Readonly<Record<WinogradTile, number>> = { f2: 2, f4: 4 };
/** Weights on a side of a kernel. */
export const WINOGRAD_KERNEL = 3;

/** What is transformed. */
export const WINOGRAD_TRANSFORMS = ['input', 'weight', 'output'] as const;
export type WinogradTransform = (typeof WINOGRAD_TRANSFORMS)[number];

/** Elements on a side of a tile that a transform reads and writes. */
export function winogradSides(
  transform: WinogradTransform,
  tile: WinogradTile,
): { readonly source: number; readonly result: number } {
  const outputs = WINOGRAD_OUTPUTS[tile];
  const positions = outputs + WINOGRAD_KERNEL - 1;
  switch (transform) {
    case 'input':
      return { source: positions, result: positions };
    case 'weight':
      return { source: WINOGRAD_KERNEL, result: positions };
    case 'output':
      return { source: positions, result: outputs };
  }
}

const records = (source: string): readonly Field[] => [
  record('dst', 0, 'strides of the results: d0…d2 as in src, d3 and d4 along a line and from line to line of a tile'),
  record('src', 1, `d0 channels, d1 and d2 tiles, d3 and d4 the ${source} of a tile: sizes and strides`),
  elementType('operand type'),
  { name: 'tile', kind: 'enum', bit: 51, width: 1, names: WINOGRAD_TILES, doc: 'f2: F(2×2, 3×3), f4: F(4×4, 3×3)' },
];

/** The same walk for all three; `size` is that of d3 and d4 in src, `line` what happens to each line. */
const walk = (size: string, space: string, line: string): string => `src.d3.size = src.d4.size = ${size}
for t in src.d2, src.d1, src.d0 (d0 fastest), all of it in f32, each operation rounded:
  every column j of the tile: column j = ${line}(column j)
  every line i of what that gives: line i = ${line}(line i)
  ${space}[rd + dst(t) + i·dst.d4.stride + j·dst.d3.stride] = (i, j) for all i, then j`;

export const winoInput: InstructionDefinition = {
  mnemonic: 'wino.input',
  opcode: 0x4d,
  unit: 'winograd',
  fields: [rd('results in NRAM'), ra('inputs in NRAM'), ...records('4 × 4 (f2) or 6 × 6 (f4) inputs')],
  summary: 'Transforms tiles of inputs, one channel after the other: V = Bᵀ d B.',
  semantics: `${walk('4 (f2) or 6 (f4)', 'NRAM', 'B')}
B of f2: d0 − d2, d1 + d2, d2 − d1, d1 − d3
B of f4: p = d4 − 4·d2, q = d3 − 4·d1, r = d4 − d2, s = 2·(d3 − d1):
         (4·d0 − 5·d2) + d4, p + q, p − q, r + s, r − s, (4·d1 − 5·d3) + d5`,
};

export const winoWeight: InstructionDefinition = {
  mnemonic: 'wino.weight',
  opcode: 0x4e,
  unit: 'winograd',
  fields: [
    rd('results'),
    ra('kernels'),
    ...records('3 × 3 weights'),
    { name: 'from', kind: 'enum', bit: 52, width: 1, names: SCRATCHPADS, doc: 'scratchpad of the kernels' },
    { name: 'to', kind: 'enum', bit: 53, width: 1, names: SCRATCHPADS, doc: 'scratchpad of the results' },
  ],
  summary: 'Transforms kernels of weights: U = G g Gᵀ.',
  semantics: `${walk('3', 'to', 'G')}
G of f2: s = g0 + g2: g0, ½·(s + g1), ½·(s − g1), g2
G of f4: s = g0 + g2, u = g0 + 4·g2, v = 2·g1; c6 and c24 are 1/6 and 1/24 in f32:
         ¼·g0, −(c6·(s + g1)), −(c6·(s − g1)), c24·(u + v), c24·(u − v), g2`,
};

export const winoOutput: InstructionDefinition = {
  mnemonic: 'wino.output',
  opcode: 0x4f,
  unit: 'winograd',
  fields: [rd('results in NRAM'), ra('products in NRAM'), ...records('4 × 4 (f2) or 6 × 6 (f4) products')],
  summary: 'Transforms tiles of products back to outputs: Y = Aᵀ m A.',
  semantics: `${walk('4 (f2) or 6 (f4)', 'NRAM', 'A')}
A of f2: (m0 + m1) + m2, (m1 − m2) − m3
A of f4: a = m1 + m2, b = m1 − m2, c = m3 + m4, d = m3 − m4:
         (m0 + a) + c, b + 2·d, a + 4·c, (b + 8·d) + m5`,
};
