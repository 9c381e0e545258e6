/**
 * Depthwise convolution (as many groups as channels and filters) on the vector unit's multiply-add. Sums are f32 or i32. Of integers,
 * Σ (a − za)·(w − zw) = Σ a·w' − za·Σ w' with w' = w − zw and padding that is za: the second sum goes into the bias.
 */
import { elementCount, type GraphNode, type Tensor, tensorNumbers } from '#ir';
import { type ElementType, INTEGER_RANGES, type SlotType } from '#isa';
import type { Machine } from '#machine';
import { reachedByWindows } from '../compulsory.ts';
import { type Elements, elementsOf } from '../elementTypes.ts';
import type { ElementwiseStep } from '../kernels/elementwise.ts';
import { planWindow, type WindowKernel, type WindowStep } from '../kernels/window.ts';
import type { Planner, ToHost } from '../planner.ts';
import { doesNotFit, lacksVectorType } from '../reasons.ts';
import { predictVectorKernel, type VectorKernel } from '../vectorNest.ts';
import { asPlane, typeOfView, type View } from '../views.ts';
import type { Convolution } from './conv.ts';
import type { Chain } from './epilogue.ts';
import { type Chosen, cyclesApart, vectorJob } from './jobs.ts';
import { separable } from './separable.ts';
import { unplaced } from './unplaced.ts';

export interface Axis {
  readonly kernel: number;
  readonly scale: number;
  readonly dilation: number;
  readonly pad: number;
  readonly size: number;
  readonly out: number;
}

/** The same convolution on the matrix unit. */
export interface OnMatrix {
  /** The fastest way there is in less than so many cycles. */
  readonly onMatrix: (limit: number) => Chosen | undefined;
  readonly make: (chosen: Chosen) => void;
}

/**
 * Makes the job of a depthwise convolution, with what follows of it alone where that is predicted to take less time.
 * @param chains what may be done behind it, the longest first
 * @param instead what is done where that is predicted to take less time
 */
export function depthwise(
  p: Planner,
  node: GraphNode,
  chains: readonly Chain[],
  k: DepthwiseConvolution,
  instead?: OnMatrix,
): ToHost | undefined {
  const drained = chains.at(-1)!;
  const isAlone = (c: Chain): boolean => c !== drained && c.operands.length === 0 && c.pool === undefined;
  const longer = isFloat32(p, k) ? chains.find(isAlone) : undefined;
  const made = [...(longer === undefined ? [] : [longer]), drained].map((chain) => planned(p, node, chains, chain, k));
  const fits = made.filter((m): m is PlannedDepthwise => 'onVector' in m);
  const best = fits.sort((a, b) => a.onVector + a.apart - b.onVector - b.apart)[0];
  return best === undefined ? (made.at(-1) as ToHost) : bestJob(p, node, best, instead);
}

type DepthwiseConvolution = Convolution & { readonly ya: Axis; readonly xa: Axis };

const isFloat32 = (p: Planner, k: Convolution): boolean => k.zero === undefined && p.dtype(k.x) === 'float32';

/** A depthwise convolution with a chain behind it, on the vector unit. */
interface PlannedDepthwise {
  readonly fused: Chain;
  readonly reads: readonly View[];
  readonly kernel: (output: View) => WindowKernel;
  /** What it is predicted to take; infinite where it does not fit. */
  readonly onVector: number;
  /** What the rest of the longest chain takes at least. */
  readonly apart: number;
}

function planned(
  p: Planner,
  node: GraphNode,
  chains: readonly Chain[],
  fused: Chain,
  k: DepthwiseConvolution,
): PlannedDepthwise | ToHost {
  const parts = k.zero === undefined ? ofFloats(p, node, fused, k) : ofIntegers(p, node, fused, k, k.zero);
  const dtypes = [p.slotType(k.x), p.slotType(fused.output), parts.weights.dtype, ...parts.through];
  const lacking = lacksVectorType(p.machine, dtypes);
  if (lacking !== undefined) return lacking;
  const input = asPlane(p.view(k.x));
  const dim = (a: Axis): WindowKernel['y'] => ({
    total: a.out,
    kernel: a.kernel,
    scale: a.scale,
    dilation: a.dilation,
    pad: a.pad,
  });
  const { weights, sums, after } = parts;
  const parameters = after.flatMap((step) => step.perChannel ?? []);
  const reads = [reachedByWindows(input, dim(k.ya), dim(k.xa)), weights, ...parameters];
  const window = { input, y: dim(k.ya), x: dim(k.xa), reduce: 'add', fill: k.zero?.a ?? 0 } as const;
  const kernel = (output: View): WindowKernel => ({ ...window, output, weights, sums, after });
  const alone = planWindow(kernel(unplaced(p, fused.output)), p.machine);
  const onVector = alone === undefined ? Number.POSITIVE_INFINITY : predictVectorKernel(alone, p.machine).cycles;
  return {
    fused,
    reads,
    kernel,
    onVector,
    apart: cyclesApart(p, chains, fused, { writes: unplaced(p, fused.output) }),
  };
}

function bestJob(
  p: Planner,
  node: GraphNode,
  { fused, reads, kernel, onVector, apart: left }: PlannedDepthwise,
  instead: OnMatrix | undefined,
): ToHost | undefined {
  const nodes = [node, ...fused.nodes];
  const planIn = (output: View, machine = p.machine): VectorKernel | undefined => planWindow(kernel(output), machine);
  const apart = instead === undefined ? 0 : left;
  const onMatrix = instead?.onMatrix(onVector + apart);
  const cycles = onMatrix === undefined ? onVector : onMatrix.cycles - apart;
  if (separable(p, { nodes, output: fused.output, window: kernel, reads, cycles })) return undefined;
  if (instead !== undefined && onMatrix !== undefined) {
    instead.make(onMatrix);
    return undefined;
  }
  if (onVector === Number.POSITIVE_INFINITY) return doesNotFit(p.machine);
  const output = asPlane(p.output(fused.output, 'channels-last'));
  if (planIn(output) === undefined) return doesNotFit(p.machine);
  for (const n of fused.nodes) p.fuse(n);
  vectorJob(p, nodes, (machine) => planIn(output, machine), { reads, writes: [output] });
  return undefined;
}

/** What types of operands differ in. */
interface Parts {
  readonly weights: View;
  readonly sums: ElementType;
  readonly after: readonly WindowStep[];
  /** Types of sums and what is made of them on the way to the result. */
  readonly through: readonly SlotType[];
}

/** Kernels [c, 1, ky, kx] in the order [ky, kx, c], one element after the other. */
function channelsInnermost<T extends Elements>(from: Elements, channels: number, to: T): T {
  const taps = to.length / channels;
  for (let c = 0; c < channels; c++) for (let t = 0; t < taps; t++) to[t * channels + c] = from[c * taps + t]!;
  return to;
}

/** Sizes [ky, kx, c] of the kernels [c, 1, …] of a convolution of one or two axes. */
const weightDims = ({ dims }: Tensor): number[] => [...(dims.length === 3 ? [1] : []), ...dims.slice(2), dims[0]!];

const asBytes = (v: Elements): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength);

function ofFloats(p: Planner, node: GraphNode, { act, steps }: Chain, k: Convolution): Parts {
  const channels = k.weights.dims[0]!;
  const dtype = p.slotType(k.x);
  const source = elementsOf(k.weights);
  const weights = p.constantView(`${node.name}.weights`, weightDims(k.weights), dtype, () => {
    const w = source();
    return asBytes(channelsInnermost(w, channels, new (w.constructor as new (n: number) => Elements)(w.length)));
  });
  const { bias } = k;
  const biases =
    bias &&
    p.floatConstant(`${node.name}.bias`, [channels], () => Float32Array.from({ length: channels }, (_, n) => bias(n)));
  const limits: readonly WindowStep[] =
    act.kind !== 'clamp'
      ? []
      : [
          ...(act.low > Number.NEGATIVE_INFINITY ? [{ f: 'max' as const, scalar: act.low }] : []),
          ...(act.high < Number.POSITIVE_INFINITY ? [{ f: 'min' as const, scalar: act.high }] : []),
        ];
  const biased: readonly WindowStep[] = biases === undefined ? [] : [{ f: 'add', perChannel: biases }];
  const after = [...biased, ...limits, ...steps.map(windowStep)];
  return { weights, sums: 'f32', after, through: ['float32'] };
}

/** A step of a chain without operands behind a window. */
function windowStep({ f, a, b, into }: ElementwiseStep): WindowStep {
  return {
    f,
    ...(a === 'beside' ? { a } : {}),
    ...(typeof b === 'object' ? b : b === undefined ? {} : { b: b as 'out' | 'beside' }),
    ...(into === undefined ? {} : { into }),
  };
}

function ofIntegers(
  p: Planner,
  node: GraphNode,
  { act }: Chain,
  k: Convolution,
  zero: NonNullable<Convolution['zero']>,
): Parts {
  const channels = k.weights.dims[0]!;
  const values = tensorNumbers(k.weights);
  const taps = elementCount(k.weights.dims) / channels;
  const activations = typeOfView({ dtype: p.slotType(k.x) }) as 'i8' | 'u8';
  const [least, greatest] = INTEGER_RANGES[activations];
  // In the activations' own type where it holds all differences; otherwise both operands are widened.
  const isNarrow = values.every((w) => w - zero.w >= least && w - zero.w <= greatest);
  const [dtype, of] = isNarrow
    ? ([p.slotType(k.x), activations === 'i8' ? Int8Array : Uint8Array] as const)
    : (['int16', Int16Array] as const);
  const weights = p.constantView(`${node.name}.weights`, weightDims(k.weights), dtype, () =>
    asBytes(
      channelsInnermost(
        Int16Array.from(values, (w) => w - zero.w),
        channels,
        new of(values.length),
      ),
    ),
  );
  const biasOf = (n: number): number => {
    let sum = 0;
    for (let t = 0; t < taps; t++) sum += values[n * taps + t]! - zero.w;
    return ((k.bias?.(n) ?? 0) - zero.a * sum) | 0;
  };
  const biases = Int32Array.from({ length: channels }, (_, n) => biasOf(n));
  const isZero = biases.every((b) => b === 0);
  const biasView = isZero ? undefined : p.constantView(`${node.name}.bias`, [channels], 'int32', () => asBytes(biases));
  const { scale } = k;
  if (scale === undefined) {
    const after = biasView === undefined ? [] : [{ f: 'add', perChannel: biasView } as const];
    return { weights, sums: 'i32', after, through: ['int32'] };
  }
  const scales = Float32Array.from({ length: channels }, (_, n) => scale(n));
  const isOne = scales.every((s) => s === scales[0]);
  const factor: WindowStep = isOne
    ? { f: 'mul', scalar: scales[0]! }
    : { f: 'mul', perChannel: p.floatConstant(`${node.name}.scales`, [channels], () => scales) };
  const sums: WindowStep =
    biasView === undefined ? { f: 'mov', type: 'f32' } : { f: 'add', perChannel: biasView, type: 'f32' };
  // A Relu before the codes, on what are floats by now.
  const limits: readonly WindowStep[] = act.kind === 'clamp' ? [{ f: 'max', scalar: act.low }] : [];
  return {
    weights,
    sums: 'i32',
    after: [sums, ...limits, factor, ...rounding(p.machine, zero.result, scales)],
    through: ['int32', 'float32'],
  };
}

/** To the nearest integer of 8 bits plus a zero point, saturated: as `quant` by 1 does, or in less time by functions that take no division. */
function rounding({ vector }: Machine, zero: number, scales: Float32Array): readonly WindowStep[] {
  const { simple, divide } = vector.cycles;
  const steps: readonly WindowStep[] =
    zero === 0
      ? [{ f: 'round', saturate: true }]
      : [
          { f: 'round', type: 'i32', saturate: true },
          { f: 'add', scalar: zero, saturate: true },
        ];
  // Only `quant` knows what becomes of a NaN, and only of such scales comes one.
  return scales.every(Number.isFinite) && steps.length * simple < divide ? steps : [{ f: 'quant', scalar: 1, zero }];
}
