/**
 * A dilated convolution tap by tap: for each tap of the window a convolution of single pixels, which adds to what those before it have left.
 * A tile of a window whose taps lie far apart is mostly what lies between the tiles' own pixels, so that few channels fit beside each other;
 * that of a single tap is the pixels themselves. It costs a transfer of the results for each tap, and spares taps that meet nothing but padding.
 */
import { elementCount, type GraphNode } from '#ir';
import { SLOT_BYTES } from '#isa';
import { coresOf, macsPerCycle } from '#machine';
import { type Contraction, type Spatial, typesOfContraction } from '../contraction.ts';
import type { Elements } from '../elementTypes.ts';
import type { Planner } from '../planner.ts';
import { asPlane, channelsLastStrides, placeOf, type View } from '../views.ts';
import { activationSteps } from '../winograd/behind.ts';
import { type Chain, noChain } from './epilogue.ts';
import { type Chosen, chooseContraction, chosenJob, only } from './jobs.ts';

/** The most taps, each of which is a layer. */
const MOST_TAPS = 25;
/** How many times what the products alone take the whole window must take, so that its taps are looked at. */
const WORTH = 1.03;

interface Tap {
  readonly ky: number;
  readonly kx: number;
}

/** A window's tap along an axis, from the first element that it may read; undefined where it reads padding alone. */
function alongTap(s: Spatial, tap: number): { readonly axis: Spatial; readonly skipped: number } | undefined {
  const first = tap * s.dilation - s.pad;
  const skipped = Math.max(0, first);
  const limit = s.limit - skipped;
  const pad = Math.max(0, -first);
  if (limit <= 0 || (s.total - 1) * s.scale < pad) return undefined;
  return { axis: { ...s, kernel: 1, dilation: 1, pad, limit }, skipped };
}

/** The contraction of one tap; undefined where it reads padding alone. */
function ofTap(k: Contraction, { ky, kx }: Tap): Contraction | undefined {
  const [y, x] = [alongTap(k.y, ky), alongTap(k.x, kx)];
  const { weights } = k;
  if (y === undefined || x === undefined || weights.kind !== 'constant') return undefined;
  const from = ky * weights.stride.ky + kx * weights.stride.kx;
  return {
    ...k,
    y: y.axis,
    x: x.axis,
    a: { ...k.a, address: k.a.address + y.skipped * k.y.aStride + x.skipped * k.x.aStride },
    weights: {
      ...weights,
      ...(weights.of === undefined ? {} : { of: `${weights.of} ${ky} ${kx}` }),
      data: (): Elements => weights.data().subarray(from),
      bias: undefined,
    },
  };
}

/** A value between taps, its channels innermost. */
function between(p: Planner, name: string, { dims, dtype }: View): View {
  const bytes = SLOT_BYTES[dtype];
  const buffer = p.buffer(name, bytes * elementCount(dims));
  return { buffer, offset: 0, dtype, dims, strides: channelsLastStrides(dims, bytes) };
}

/**
 * Makes the layers of a dilated convolution of one group, f32, tap by tap, where all together are predicted to take less time than as one.
 * @param shape the convolution with a result and a chain; its operands in order of the chain's
 * @returns false where they do not, or there is nothing dilated
 */
export function tapByTap(
  p: Planner,
  node: GraphNode,
  chains: readonly Chain[],
  reads: readonly View[],
  shape: (out: View, chain: Chain) => Contraction,
): boolean {
  const chain = chains.find((c) => c.pool === undefined);
  if (chain === undefined || !p.searches || p.convolution !== 'auto') return false;
  const result = asPlane(p.output(chain.output, 'channels-last'));
  const whole = (): Contraction => shape(result, chain);
  const { y, x, weights, types } = whole();
  const isDilated = [y, x].some((s) => s.kernel > 1 && s.dilation > 1);
  const type = typesOfContraction({ ...(types === undefined ? {} : { types }) });
  if (!isDilated || y.kernel * x.kernel > MOST_TAPS || type.result !== 'f32' || weights.kind !== 'constant')
    return false;
  const macs = p.macs([node]);
  const products = macs / macsPerCycle(p.machine.matrix, type.a) / coresOf(p.machine);
  const direct = chooseContraction(p, [chain], () => ({ writes: result, ...only(whole) }));
  if (direct !== undefined && direct.cycles < WORTH * products) return false;

  const all: readonly Tap[] = Array.from({ length: y.kernel * x.kernel }, (_, i) => ({
    ky: Math.floor(i / x.kernel),
    kx: i % x.kernel,
  }));
  const taps = all.filter((tap) => ofTap(whole(), tap) !== undefined);
  const limit = direct?.cycles ?? Number.POSITIVE_INFINITY;
  const parts: { readonly chosen: Chosen; readonly reads: readonly View[] }[] = [];
  let cycles = 0;
  let before: View | undefined;
  for (const [i, tap] of taps.entries()) {
    const isLast = i === taps.length - 1;
    const operand = before;
    const out = isLast ? result : between(p, `${node.name}.tap${i}`, result);
    const part = isLast ? chain : noChain(chain.output);
    const contraction = (): Contraction => added(ofTap(shape(out, part), tap)!, whole(), part, i === 0, operand);
    const chosen = chooseContraction(p, [part], () => ({ writes: out, ...only(contraction) }));
    cycles += chosen?.cycles ?? Number.POSITIVE_INFINITY;
    if (chosen === undefined || cycles >= limit) return false;
    parts.push({ chosen, reads: operand === undefined ? reads : [...reads, operand] });
    before = out;
  }
  const share = Math.floor(macs / all.length);
  parts.forEach(({ chosen, reads: read }, i) => {
    const isLast = i === parts.length - 1;
    chosenJob(p, [node], [], chosen, read, isLast ? macs - share * i : share);
  });
  return parts.length > 0;
}

/** A tap with the bias where it is the first, and otherwise added to the value so far; the activation and the chain behind that. */
function added(
  tap: Contraction,
  { weights: given }: Contraction,
  { act, operands }: Chain,
  isFirst: boolean,
  before: View | undefined,
): Contraction {
  const weights =
    isFirst && tap.weights.kind === 'constant' && given.kind === 'constant'
      ? { ...tap.weights, bias: given.bias }
      : tap.weights;
  if (before === undefined) return { ...tap, weights };
  const [b, n, y, x] = asPlane(before).strides as [number, number, number, number];
  const at = operands.length;
  return {
    ...tap,
    weights,
    act: { kind: 'none' },
    epilogue: {
      steps: [{ f: 'add', a: 'out', b: at }, ...activationSteps(act), ...(tap.epilogue?.steps ?? [])],
      operands: [...(tap.epilogue?.operands ?? []), { place: placeOf(before), outer: [], b, y, x, n }],
    },
  };
}
