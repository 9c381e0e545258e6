/** The constant weights of a contraction as they lie in DRAM. */
import type { ConstantSegment } from '#isa';
import { filtersOf, type Machine } from '#machine';
import { type Contraction, type Tiling, typesOfContraction } from './contraction.ts';
import { packedBytes, parametersOf, sizesOf, wordsInDram, wordsInWram } from './contractionWeights.ts';
import type { Elements } from './elementTypes.ts';
import { multipliedBytes, streamOf } from './sparse/pack.ts';

/** A block of the packed weights: outer index, and ranges of filters, channels and kernel rows. */
interface Block {
  readonly o: number;
  readonly n: readonly [from: number, to: number];
  readonly c: readonly [from: number, to: number];
  readonly ky: readonly [from: number, to: number];
}

/** The blocks in the order in which they lie: [outer][n tile][c block][ky block]. */
function* blocksOf(k: Contraction, t: Tiling): Generator<Block> {
  const outer = k.outer.reduce((n, o) => n * o.total, 1);
  const cuts = (total: number, tile: number) =>
    sizesOf(total, tile).map((size, i) => [i * tile, i * tile + size] as const);
  for (let o = 0; o < outer; o++)
    for (const n of cuts(k.n.total, t.n))
      for (const c of cuts(k.c.total, t.c)) for (const ky of cuts(k.y.kernel, t.ky)) yield { o, n, c, ky };
}

/**
 * The packed weights, block behind block. Dense ones are { [group][ky, kx, c][filters of the group], biases, scales }; of those that the
 * matrix unit multiplies as they are kept the first part is that of `mma.sparse`; a stream is all of the dense block compressed.
 */
export function packedWeights(k: Contraction, t: Tiling, machine: Machine, address: number): ConstantSegment {
  const weights = k.weights;
  if (weights.kind !== 'constant') throw new TypeError('only constant weights are packed');
  const { a: type, w: weightType } = typesOfContraction(k);
  const tn = filtersOf(machine.matrix, type);
  const bytes = packedBytes(k, t);
  const isFloat = weightType === 'f32' || weightType === 'f16' || weightType === 'bf16';
  const { bias, sparse } = weights;
  const scale = k.quantisation?.scale;
  return {
    name: `${k.name}.weights`,
    address,
    bytes,
    data: () => {
      const room = new ArrayBuffer(bytes);
      const w = weights.data();
      const Typed = w.constructor as new (buffer: ArrayBuffer) => Elements;
      const s = weights.stride;
      /** Writes filters of a block side by side, an element of the reduction behind the other. */
      const write = (out: Elements, at: number, { o, n: [g0, g1], c, ky }: Block): number => {
        for (let y = ky[0]; y < ky[1]; y++) {
          for (let x = 0; x < k.x.kernel; x++) {
            for (let channel = c[0]; channel < c[1]; channel++) {
              const base = o * s.o + (weights.channel?.(channel) ?? channel * s.c) + y * s.ky + x * s.kx;
              for (let n = g0; n < g1; n++) out[at++] = w[base + n * s.n]!;
            }
          }
        }
        return at;
      };
      const writeDense = (out: Elements, from: number, block: Block): void => {
        const [n0, n1] = block.n;
        let at = from;
        for (let g = n0; g < n1; g += tn) at = write(out, at, { ...block, n: [g, Math.min(n1, g + tn)] });
      };
      const writeParameters = (to: DataView, at: number, { o, n: [n0, n1] }: Block): void => {
        const list = (from: number, float: boolean, of: (n: number) => number): void => {
          for (let n = n0; n < n1; n++) {
            const place = 4 * (from + n - n0);
            if (float) to.setFloat32(place, of(n), true);
            else to.setInt32(place, of(n), true);
          }
        };
        if (bias !== undefined) list(at, isFloat, (n) => bias(o, n));
        if (scale !== undefined) list(at + (bias === undefined ? 0 : n1 - n0), true, (n) => scale(o, n));
      };
      const out = new Typed(room);
      const words = new DataView(room);
      let at = 0;
      for (const block of blocksOf(k, t)) {
        const { n, c, ky } = block;
        const size = { n: n[1] - n[0], c: c[1] - c[0], ky: ky[1] - ky[0] };
        const inWram = wordsInWram(k, t, size);
        const taken = wordsInDram(k, t, size);
        if (sparse?.form === 'stream') {
          const dense = new ArrayBuffer(4 * (inWram + parametersOf(k) * size.n));
          writeDense(new Typed(dense), 0, block);
          writeParameters(new DataView(dense), inWram, block);
          new Uint8Array(room, 4 * at).set(streamOf(dense, weightType, 4 * inWram, 4 * taken));
        } else {
          if (sparse === undefined) writeDense(out, (4 * at) / out.BYTES_PER_ELEMENT, block);
          else {
            const depth = size.ky * k.x.kernel * size.c;
            const matrix = new Float32Array(depth * size.n);
            write(matrix, 0, block);
            new Uint8Array(room, 4 * at).set(multipliedBytes(sparse, matrix, t, size));
          }
          writeParameters(words, at + inWram, block);
        }
        at += taken;
      }
      return new Uint8Array(room);
    },
  };
}
