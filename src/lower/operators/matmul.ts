/** Lowering of MatMul with NumPy's rules: rows are pixels, batches are outer loops; both operands may be activations. */
import type { GraphNode } from '#ir';
import type { Contraction, ContractionTypes, Quantisation } from '../contraction.ts';
import { elementsOf } from '../elementTypes.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { insideConcat, lacksType, toHost } from '../reasons.ts';
import { broadcastView, type JointDim, mergeDims, placeOf, reshapeView, type View } from '../views.ts';
import { type Chain, chainsBehind, epilogueOf } from './epilogue.ts';
import { contractionJob, only } from './jobs.ts';
import { product } from './product.ts';

/** What matrix products differ in: their operands, and what they are made of. */
export interface Product {
  readonly a: string;
  readonly b: string;
  readonly types: ContractionTypes;
  readonly zero?: Quantisation['zero'];
  /** Where the result goes, if not to the memory of the node's output. */
  readonly into?: View;
  /** What sums of column n are multiplied with on the way to integers of 8 bits; only of a constant b of at most two dimensions. */
  readonly scale?: (n: number) => number;
}

export const lowerMatMul: Lowering = (node, p) => {
  const [a, b] = node.inputs as [string, string];
  const types = p.floatTypes(a);
  if (types === undefined) return lacksType(p.machine, 'matrix', p.dtype(a));
  return matrixProduct(p, node, { a, b, types }, chainsBehind(p, node.outputs[0]!));
};

/** Makes the job of a matrix product of any type. @param all what may be done behind it, the longest first */
export function matrixProduct(p: Planner, node: GraphNode, k: Product, all: readonly Chain[]): ToHost | undefined {
  const { a: aName, b: bName, types, zero, scale } = k;
  const quantisation =
    zero === undefined
      ? {}
      : { quantisation: { zero, ...(scale === undefined ? {} : { scale: (_: number, n: number) => scale(n) }) } };
  const aDims = p.dims(aName);
  const bDims = p.dims(bName);
  const outName = node.outputs[0]!;
  const b = p.constant(bName);
  // Where an operand of one dimension drops one of the result's, only what the drain path does.
  const chains = aDims.length > 1 && bDims.length > 1 ? all : all.slice(-1);
  const aView = aDims.length === 1 ? reshapeView(p.view(aName), [1, aDims[0]!])! : p.view(aName);
  const inner = aView.dims.at(-1)!;
  const n = bDims.length === 1 ? 1 : bDims.at(-1)!;
  const rows = aView.dims.slice(0, -1);
  const batch = p
    .dims(outName)
    .slice(0, p.dims(outName).length - (aDims.length === 1 ? 0 : 1) - (bDims.length === 1 ? 0 : 1));
  /** The output, and with the dimensions that 1-D operands drop. */
  const outputOf = (chain: Chain): { raw: View; out: View | undefined } => {
    const raw = k.into ?? p.output(chain.output, 'row-major');
    return { raw, out: reshapeView(raw, [...batch, rows.at(-1)!, n]) };
  };
  if (outputOf(chains.at(-1)!).out === undefined) return insideConcat;

  if (b !== undefined && bDims.length <= 2) {
    const lead = (v: View): readonly number[] => v.strides.slice(0, -1);
    const merged = (chain: Chain, out: View): JointDim[] =>
      mergeDims(rows, [aView, out, ...chain.operands].map(lead), 0);
    const drained = chains.at(-1)!;
    if (merged({ ...drained, operands: [] }, outputOf(drained).out!).length > 3)
      return toHost(
        `its ${rows.length} row dimensions do not merge into three`,
        `其 ${rows.length} 个行维度无法合并为三个`,
      );
    return contractionJob(p, node, chains, [aView], (chain) => {
      const { raw, out } = outputOf(chain);
      if (out === undefined || merged(chain, out).length > 3) return undefined;
      const contraction = (): Contraction => {
        const [x, y, z] = merged(chain, out).reverse();
        const spatial = (d: JointDim | undefined): Contraction['y'] => ({
          total: d?.size ?? 1,
          scale: 1,
          kernel: 1,
          dilation: 1,
          pad: 0,
          limit: d?.size ?? 1,
          aStride: d?.strides[0] ?? 0,
          outStride: d?.strides[1] ?? 0,
        });
        return {
          name: node.name,
          types,
          ...quantisation,
          outer: [],
          b: { total: z?.size ?? 1, aStride: z?.strides[0] ?? 0, outStride: z?.strides[1] ?? 0 },
          y: spatial(y),
          x: spatial(x),
          c: { total: inner, aStride: aView.strides.at(-1)! },
          n: { total: n, outStride: out.strides.at(-1)! },
          a: placeOf(aView),
          out: placeOf(out),
          weights: {
            kind: 'constant',
            of: node.inputs[1]!,
            data: elementsOf(b),
            stride: { o: 0, n: 1, c: n, ky: 0, kx: 0 },
            bias: undefined,
          },
          act: chain.act,
          ...epilogueOf(chain, (v, i) => ({
            outer: [],
            b: z?.strides[2 + i] ?? 0,
            y: y?.strides[2 + i] ?? 0,
            x: x?.strides[2 + i] ?? 0,
            n: v.strides.at(-1)!,
          })),
        };
      };
      return { writes: raw, ...only(contraction) };
    });
  }

  const bRaw = p.view(bName);
  const bView = bDims.length === 1 ? reshapeView(bRaw, [bDims[0]!, 1])! : bRaw;
  const aFull = broadcastView(aView, [...batch, ...aView.dims.slice(-2)]);
  const bFull = broadcastView(bView, [...batch, ...bView.dims.slice(-2)]);
  const cut = batch.length;
  return contractionJob(p, node, chains, [aView, bRaw], (chain) => {
    const { raw, out } = outputOf(chain);
    if (out === undefined) return undefined;
    const joint = mergeDims(
      batch,
      [out, aFull, bFull, ...chain.operands].map((v) => v.strides.slice(0, cut)),
      0,
    );
    const contraction = (): Contraction =>
      product(node.name, aFull, out, rows.at(-1)!, n, inner, {
        types,
        ...quantisation,
        act: chain.act,
        ...epilogueOf(chain, ({ strides }, i) => ({
          outer: joint.map((d) => d.strides[3 + i]!),
          b: 0,
          y: 0,
          x: strides.at(-2)!,
          n: strides.at(-1)!,
        })),
        outer: joint.map((d) => ({
          total: d.size,
          outStride: d.strides[0]!,
          aStride: d.strides[1]!,
          wStride: d.strides[2]!,
        })),
        weights: {
          kind: 'dynamic',
          place: placeOf(bFull),
          cStride: bFull.strides[cut]!,
          nStride: bFull.strides[cut + 1]!,
        },
      });
    return { writes: raw, ...only(contraction) };
  });
}
