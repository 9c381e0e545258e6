/** Depthwise convolution (as many groups as channels and filters) on the vector unit's multiply-add. */
import type { GraphNode, Tensor } from '#ir';
import { reachedByWindows } from '../compulsory.ts';
import { planWindow, type WindowKernel } from '../kernels/window.ts';
import type { Planner, ToHost } from '../planner.ts';
import { doesNotFit } from '../reasons.ts';
import type { VectorKernel } from '../vectorNest.ts';
import { asPlane } from '../views.ts';
import { floats } from './constants.ts';
import type { Chain } from './epilogue.ts';
import { vectorJob } from './jobs.ts';

export interface Axis {
  readonly kernel: number;
  readonly scale: number;
  readonly dilation: number;
  readonly pad: number;
  readonly size: number;
  readonly out: number;
}

export function depthwise(
  p: Planner,
  nodes: readonly GraphNode[],
  fused: Chain,
  k: { xName: string; weights: Tensor; bias: Tensor | undefined; ya: Axis; xa: Axis },
): ToHost | undefined {
  const node = nodes[0]!;
  const channels = k.weights.dims[0]!;
  const [kh, kw] = [k.ya.kernel, k.xa.kernel];
  const source = floats(k.weights);
  const weights = p.floatConstant(`${node.name}.weights`, [kh, kw, channels], () => {
    const w = source();
    const out = new Float32Array(kh * kw * channels);
    for (let c = 0; c < channels; c++) for (let t = 0; t < kh * kw; t++) out[t * channels + c] = w[c * kh * kw + t]!;
    return out;
  });
  const bias = k.bias && p.floatConstant(`${node.name}.bias`, [channels], floats(k.bias));
  const input = asPlane(p.view(k.xName));
  const output = asPlane(p.output(fused.output, 'channels-last'));
  const act = fused.act;
  const after: WindowKernel['after'] =
    act.kind === 'clamp'
      ? [
          ...(act.low > Number.NEGATIVE_INFINITY ? [{ f: 'max' as const, scalar: act.low }] : []),
          ...(act.high < Number.POSITIVE_INFINITY ? [{ f: 'min' as const, scalar: act.high }] : []),
        ]
      : [];
  const dim = (a: Axis): WindowKernel['y'] => ({
    total: a.out,
    kernel: a.kernel,
    scale: a.scale,
    dilation: a.dilation,
    pad: a.pad,
  });
  const plan = (): VectorKernel | undefined =>
    planWindow(
      { input, output, y: dim(k.ya), x: dim(k.xa), reduce: 'add', fill: 0, weights, ...(bias ? { bias } : {}), after },
      p.machine,
    );
  if (plan() === undefined) return doesNotFit(p.machine);
  for (const n of fused.nodes) p.fuse(n);
  vectorJob(p, nodes, plan, {
    reads: [reachedByWindows(input, dim(k.ya), dim(k.xa)), weights, ...(bias ? [bias] : [])],
    writes: [output],
  });
  return undefined;
}
