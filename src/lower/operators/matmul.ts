/** Lowering of MatMul with NumPy's rules: rows are pixels, batches are outer loops; both operands may be activations. */
import type { Contraction } from '../contraction.ts';
import type { Lowering } from '../planner.ts';
import { doesNotFit, insideConcat, notFloat, toHost } from '../reasons.ts';
import { addressOf, broadcastView, mergeDims, reshapeView } from '../views.ts';
import { floats } from './constants.ts';
import { fusedActivation } from './fuse.ts';
import { contractionJob } from './jobs.ts';
import { product } from './product.ts';

export const lowerMatMul: Lowering = (node, p) => {
  const [aName, bName] = node.inputs as [string, string];
  if (!p.isFloat(aName)) return notFloat(p.dtype(aName));
  const aDims = p.dims(aName);
  const bDims = p.dims(bName);
  const outName = node.outputs[0]!;
  const b = p.constant(bName);
  const fused = fusedActivation(p, outName);
  const nodes = fused.node === undefined ? [node] : [node, fused.node];
  const aView = aDims.length === 1 ? reshapeView(p.view(aName), [1, aDims[0]!])! : p.view(aName);
  const inner = aView.dims.at(-1)!;
  const n = bDims.length === 1 ? 1 : bDims.at(-1)!;
  const rows = aView.dims.slice(0, -1);
  // The output with the dimensions that 1-D operands drop.
  const rawOut = p.output(fused.output, 'row-major');
  const batch = p
    .dims(outName)
    .slice(0, p.dims(outName).length - (aDims.length === 1 ? 0 : 1) - (bDims.length === 1 ? 0 : 1));
  const out = reshapeView(rawOut, [...batch, rows.at(-1)!, n]);
  if (out === undefined) return insideConcat;

  if (b !== undefined && bDims.length <= 2) {
    const dims = mergeDims(rows, [aView.strides.slice(0, -1), out.strides.slice(0, -1)], 0);
    if (dims.length > 3)
      return toHost(
        `its ${rows.length} row dimensions do not merge into three`,
        `其 ${rows.length} 个行维度无法合并为三个`,
      );
    const contraction = (): Contraction => {
      const [x, y, z] = [...dims].reverse();
      const spatial = (d: (typeof dims)[number] | undefined): Contraction['y'] => ({
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
        outer: [],
        b: { total: z?.size ?? 1, aStride: z?.strides[0] ?? 0, outStride: z?.strides[1] ?? 0 },
        y: spatial(y),
        x: spatial(x),
        c: { total: inner, aStride: aView.strides.at(-1)! },
        n: { total: n, outStride: out.strides.at(-1)! },
        a: { address: addressOf(aView) },
        out: { address: addressOf(out) },
        weights: { kind: 'constant', data: floats(b), stride: { o: 0, n: 1, c: n, ky: 0, kx: 0 }, bias: undefined },
        act: fused.act,
      };
    };
    const found = p.tiling(contraction());
    if (found === undefined) return doesNotFit(p.machine);
    if (fused.node !== undefined) p.done.add(fused.node);
    contractionJob(p, nodes, contraction, found, { reads: [aView], writes: [rawOut] });
    return undefined;
  }

  const bRaw = p.view(bName);
  const bView = bDims.length === 1 ? reshapeView(bRaw, [bDims[0]!, 1])! : bRaw;
  const aFull = broadcastView(aView, [...batch, ...aView.dims.slice(-2)]);
  const bFull = broadcastView(bView, [...batch, ...bView.dims.slice(-2)]);
  const cut = batch.length;
  const joint = mergeDims(
    batch,
    [out.strides.slice(0, cut), aFull.strides.slice(0, cut), bFull.strides.slice(0, cut)],
    0,
  );
  const contraction = (): Contraction =>
    product(node.name, aFull, out, rows.at(-1)!, n, inner, {
      act: fused.act,
      outer: joint.map((d) => ({
        total: d.size,
        outStride: d.strides[0]!,
        aStride: d.strides[1]!,
        wStride: d.strides[2]!,
      })),
      weights: {
        kind: 'dynamic',
        address: addressOf(bFull),
        cStride: bFull.strides[cut]!,
        nStride: bFull.strides[cut + 1]!,
      },
    });
  const found = p.tiling(contraction());
  if (found === undefined) return doesNotFit(p.machine);
  if (fused.node !== undefined) p.done.add(fused.node);
  contractionJob(p, nodes, contraction, found, { reads: [aView, bRaw], writes: [rawOut] });
  return undefined;
};
