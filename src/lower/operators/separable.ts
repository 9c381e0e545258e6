/**
 * A depthwise convolution and the 1×1 convolution behind it as one layer: the vector unit makes tiles of the depthwise result, which the
 * matrix unit reads from the scratchpad, so that both work at once and the result between them never leaves the core.
 */
import { type GraphNode, intAttribute, intsAttribute } from '#ir';
import type { Contraction, Spatial } from '../contraction.ts';
import { elementsOf } from '../elementTypes.ts';
import type { WindowKernel } from '../kernels/window.ts';
import type { Planner } from '../planner.ts';
import { asPlane, placeOf, type View } from '../views.ts';
import { type Convolution, convolutionOfFloats, quantisationOf } from './conv.ts';
import { type Chain, chainsBehind, epilogueOf, quantisedChains } from './epilogue.ts';
import { chooseContraction, chosenJob, only, type Planned } from './jobs.ts';
import { pooledContraction, withPool } from './poolBehind.ts';
import { convolutionOfIntegers } from './quantised.ts';
import { unplaced } from './unplaced.ts';

/** The depthwise convolution that was planned. */
export interface Ahead {
  /** It and what it does already. */
  readonly nodes: readonly GraphNode[];
  /** The value that it makes. */
  readonly output: string;
  /** Its kernel, where its result has memory such as this. */
  readonly window: (output: View) => WindowKernel;
  readonly reads: readonly View[];
  /** Predicted of it alone. */
  readonly cycles: number;
}

/** Makes one job of both where that is predicted to take less time than one after the other; says whether it did. */
export function separable(p: Planner, ahead: Ahead): boolean {
  // The link's semaphores hand the tiles over.
  if (p.machine.cluster !== undefined || !p.depthFirst) return false;
  const node = p.onlyConsumer(ahead.output);
  if (node === undefined || !isPointwise(p, node, ahead.output)) return false;
  const isQuantised = node.op === 'QLinearConv';
  const k = isQuantised ? convolutionOfIntegers(p, node) : convolutionOfFloats(p, node);
  if ('host' in k || k.types === undefined) return false;
  const middle = unplaced(p, ahead.output);
  const [result] = node.outputs as [string];
  const chains = withPool(p, isQuantised ? quantisedChains(p, result, k.zero!.result) : chainsBehind(p, result));
  const plan =
    (prologue: { readonly prologue?: WindowKernel }) =>
    (chain: Chain): Planned | undefined => {
      // The vector unit has one place in a nest.
      if (prologue.prologue !== undefined && chain.pool !== undefined) return undefined;
      const out = asPlane(p.output(chain.output, 'channels-last'));
      const contraction = () => ({ ...pooledContraction(pointwise(node, k, middle, out, chain), chain), ...prologue });
      return { writes: out, ...only(contraction) };
    };
  const apart = chooseContraction(p, chains, plan({}));
  const together = chooseContraction(p, chains, plan({ prologue: ahead.window(middle) }));
  if (together === undefined || (apart !== undefined && apart.cycles + ahead.cycles <= together.cycles)) return false;
  chosenJob(p, [...ahead.nodes, node], ahead.nodes, together, ahead.reads);
  return true;
}

/** Convolutions, and which of their inputs are the weights. */
const POINTWISE: Readonly<Record<string, number>> = { Conv: 1, QLinearConv: 3 };

/** A convolution of one pixel at a time, of all channels, that reads this value. */
function isPointwise(p: Planner, node: GraphNode, value: string): boolean {
  const at = POINTWISE[node.op];
  if (at === undefined || node.domain !== '' || node.inputs[0] !== value || p.isDone(node)) return false;
  const weights = p.constant(node.inputs[at]);
  const all = (name: string, one: number): boolean => (intsAttribute(node, name) ?? []).every((v) => v === one);
  return (
    weights?.dims.slice(2).every((size) => size === 1) === true &&
    intAttribute(node, 'group', 1) === 1 &&
    all('strides', 1) &&
    all('pads', 0)
  );
}

function pointwise(node: GraphNode, k: Convolution, input: View, out: View, chain: Chain): Contraction {
  const { weights, bias, types } = k;
  const [filters, channels] = weights.dims as [number, number];
  const along = (dim: number): Spatial => ({
    ...{ total: input.dims[dim]!, scale: 1, kernel: 1, dilation: 1, pad: 0, limit: input.dims[dim]! },
    aStride: input.strides[dim]!,
    outStride: out.strides[dim]!,
  });
  return {
    name: node.name,
    ...(types === undefined ? {} : { types }),
    ...quantisationOf(k, (_, n) => n),
    outer: [],
    b: { total: out.dims[0]!, aStride: input.strides[0]!, outStride: out.strides[0]! },
    y: along(2),
    x: along(3),
    c: { total: channels, aStride: input.strides[1]! },
    n: { total: filters, outStride: out.strides[1]! },
    a: placeOf(input),
    out: placeOf(out),
    weights: {
      kind: 'constant',
      data: elementsOf(weights),
      stride: { o: 0, n: channels, c: 1, ky: 1, kx: 1 },
      bias: bias && ((_, n) => bias(n)),
    },
    act: chain.act,
    ...epilogueOf(chain, (v) => {
      const [b, n, y, x] = asPlane(v).strides as [number, number, number, number];
      return { outer: [], b, y, x, n };
    }),
  };
}
