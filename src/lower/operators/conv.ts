/** Lowering of Conv: a contraction on the matrix unit, or, depthwise, a window kernel on the vector unit. */
import { type GraphNode, intAttribute, type Tensor, tensorNumbers } from '#ir';
import { accepted, windowOf, windowPads } from '#ops';
import { reachedByWindows } from '../compulsory.ts';
import type { Contraction, ContractionTypes, Quantisation, Spatial } from '../contraction.ts';
import { isFloating } from '../elementTypes.ts';
import { computedAlong } from '../im2col/leastTime.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { computed, doesNotFit, lacksType, toHost } from '../reasons.ts';
import { asPlane, placeOf, type View } from '../views.ts';
import { type Axis, depthwise } from './depthwise.ts';
import { type Chain, chainsBehind, epilogueOf } from './epilogue.ts';
import { type Chosen, chooseContraction, chosenJob, contractionJob, type Planned } from './jobs.ts';
import { mayMerge, mergedWeights, mergesOf } from './mergedGroups.ts';
import { pooledContraction, withPool } from './poolBehind.ts';
import { tapByTap } from './tapByTap.ts';
import { winogradJob } from './winograd.ts';

/** What convolutions differ in: their operands, and what they are made of. */
export interface Convolution {
  readonly x: string;
  readonly weights: Tensor;
  /** Of filter n. */
  readonly bias: ((n: number) => number) | undefined;
  /** Of contractions; `undefined`: the matrix unit does not compute them. */
  readonly types: ContractionTypes | undefined;
  readonly zero?: Quantisation['zero'];
  /** What sums of filter n are multiplied with on the way to integers of 8 bits. */
  readonly scale?: (n: number) => number;
}

export const lowerConv: Lowering = (node, p) => {
  const k = convolutionOfFloats(p, node);
  return 'host' in k ? k : convolution(p, node, k, chainsBehind(p, node.outputs[0]!));
};

/** A Conv of floats with constant weights; the reason for the host where it is not one. */
export function convolutionOfFloats(p: Planner, node: GraphNode): Convolution | ToHost {
  const [xName, wName, bName] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]];
  const dtype = p.dtype(xName);
  if (!isFloating(dtype)) return lacksType(p.machine, 'matrix', dtype);
  const weights = p.constant(wName);
  if (weights === undefined) return computed('its weights are', '其权重');
  const bias = bName === undefined || bName === '' ? undefined : p.constant(bName);
  if (bName !== undefined && bName !== '' && bias === undefined) return computed('its bias is', '其偏置');
  const values = bias && tensorNumbers(bias);
  return { x: xName, weights, bias: values && ((n) => values[n]!), types: p.floatTypes(xName) };
}

/** What a contraction is told of the integers of a convolution. @param filter number of filter n of group o */
export const quantisationOf = (
  { zero, scale }: Convolution,
  filter: (o: number, n: number) => number,
): Pick<Contraction, 'quantisation'> =>
  zero === undefined
    ? {}
    : { quantisation: { zero, ...(scale === undefined ? {} : { scale: (o, n) => scale(filter(o, n)) }) } };

/** What of its input a convolution reads of which only what is pooled is wanted. */
function readByPooled(input: View, { y, x }: Contraction): View {
  const along = (s: Spatial) => ({
    ...s,
    total: s.pool?.limit ?? s.total,
    wanted: s.pool && { ...s.pool, total: s.total },
  });
  return reachedByWindows(input, along(y), along(x));
}

/**
 * Makes the job of a convolution of any type.
 * @param chains what may be done behind it, the longest first
 */
export function convolution(p: Planner, node: GraphNode, k: Convolution, chains: readonly Chain[]): ToHost | undefined {
  const { x: xName, weights, bias, types } = k;
  const dims = p.dims(xName);
  const rank = dims.length - 2;
  if (rank < 1 || rank > 2)
    return toHost(
      `it is a ${rank}-D convolution; 1-D and 2-D ones run on the processor`,
      `它是 ${rank} 维卷积；处理器支持一维和二维卷积`,
    );

  const wDims = weights.dims;
  const window = windowOf(accepted, node, wDims.slice(2));
  const pads = windowPads(window, dims.slice(2));
  const groups = intAttribute(node, 'group', 1);
  const axis = (i: number): Axis => {
    if (i < 0) return { kernel: 1, scale: 1, dilation: 1, pad: 0, size: 1, out: 1 };
    return {
      kernel: window.kernel[i]!,
      scale: window.strides[i]!,
      dilation: window.dilations[i]!,
      pad: pads[i]!,
      size: dims[2 + i]!,
      out: outDims[2 + i]!,
    };
  };
  const outDims = p.dims(node.outputs[0]!);
  const [ya, xa] = [axis(rank - 2), axis(rank - 1)];
  const drained = chains.at(-1)!;
  const [filters, perGroup] = [wDims[0]!, wDims[1]!];
  const channels = dims[1]!;

  const isDepthwise = groups === channels && filters === channels && groups > 1 && drained.act.kind !== 'leaky';
  const ofDepthwise = { ...k, ya, xa };
  if (types === undefined)
    return isDepthwise ? depthwise(p, node, chains, ofDepthwise) : lacksType(p.machine, 'matrix', p.dtype(xName));

  const shape = (input: View, out: View, chain: Chain, merged: number): Contraction => {
    const spatial = (a: typeof ya, dim: number): Contraction['y'] => ({
      total: a.out,
      scale: a.scale,
      kernel: a.kernel,
      dilation: a.dilation,
      pad: a.pad,
      limit: a.size,
      aStride: input.strides[dim]!,
      outStride: out.strides[dim]!,
    });
    // A 1×1 window that steps over pixels: read only the pixels that count.
    const thin = (s: Contraction['y']): Contraction['y'] =>
      s.kernel === 1 && s.pad === 0 && s.scale > 1
        ? { ...s, scale: 1, limit: Math.ceil(s.limit / s.scale), aStride: s.aStride * s.scale }
        : s;
    const blocks = groups / merged;
    const [blockFilters, blockChannels] = [filters / blocks, merged * perGroup];
    const taps = ya.kernel * xa.kernel;
    const filter = (o: number, n: number): number => o * blockFilters + n;
    return {
      name: node.name,
      types,
      ...quantisationOf(k, filter),
      outer:
        blocks === 1
          ? []
          : [
              {
                total: blocks,
                aStride: blockChannels * input.strides[1]!,
                wStride: 0,
                outStride: blockFilters * out.strides[1]!,
              },
            ],
      b: { total: dims[0]!, aStride: input.strides[0]!, outStride: out.strides[0]! },
      y: thin(spatial(ya, 2)),
      x: thin(spatial(xa, 3)),
      c: { total: blockChannels, aStride: input.strides[1]! },
      n: { total: blockFilters, outStride: out.strides[1]! },
      ...(merged === 1 ? {} : { merged: { groups: merged, channels: perGroup } }),
      a: placeOf(input),
      out: placeOf(out),
      weights: {
        kind: 'constant',
        of: JSON.stringify(node.inputs.slice(1)),
        data: mergedWeights(weights, groups, merged, k.zero?.w ?? 0),
        stride: {
          o: blockFilters * blockChannels * taps,
          n: blockChannels * taps,
          ...{ c: taps, ky: xa.kernel, kx: 1 },
        },
        bias: bias && ((o, n) => bias(filter(o, n))),
      },
      act: chain.act,
      ...epilogueOf(chain, (v) => {
        const [b, n, y, x] = asPlane(v).strides as [number, number, number, number];
        return { outer: blocks === 1 ? [] : [blockFilters * n], b, y, x, n };
      }),
    };
  };
  const plan = (chain: Chain): Planned => {
    const [input, out] = [asPlane(p.view(xName)), asPlane(p.output(chain.output, 'channels-last'))];
    const contraction = (merged: number) => pooledContraction(shape(input, out, chain, merged), chain);
    const apart = contraction(1);
    const merges = mergesOf(
      {
        groups,
        ...{ filters: filters / groups, channels: perGroup, kernel: [ya.kernel, xa.kernel] },
        ...{ pixels: [computedAlong(apart.x), computedAlong(apart.y), dims[0]!], types },
      },
      p.machine,
    );
    return {
      writes: out,
      variants: merges.map(({ merged, least }) => ({ least, contraction: () => contraction(merged) })),
      ...(chain.pool === undefined ? {} : { reads: [readByPooled(input, apart)] }),
    };
  };
  const reads = (): View[] => [
    reachedByWindows(asPlane(p.view(xName)), { ...ya, total: ya.out }, { ...xa, total: xa.out }),
  ];
  const all = withPool(p, chains);
  if (groups === 1) {
    const ofChain = (out: View, chain: Chain): Contraction => shape(asPlane(p.view(xName)), out, chain, 1);
    if (k.zero === undefined && tapByTap(p, node, chains, reads(), ofChain)) return undefined;
    if (winogradJob(p, node, all, reads(), plan)) return undefined;
    return contractionJob(p, node, all, reads(), plan);
  }
  const onMatrix = (limit?: number): Chosen | undefined => chooseContraction(p, all, plan, limit);
  const make = (chosen: Chosen): void => chosenJob(p, [node], [], chosen, reads());
  if (isDepthwise) {
    const instead = mayMerge(types) ? { onMatrix, make } : undefined;
    const refused = depthwise(p, node, all, ofDepthwise, instead);
    if (refused === undefined) return undefined;
  }
  // What the vector unit has no lanes for is the matrix unit's.
  const chosen = onMatrix();
  if (chosen === undefined) return doesNotFit(p.machine);
  make(chosen);
  return undefined;
}
