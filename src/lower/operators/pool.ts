/** Lowering of pooling and local response normalisation to the vector unit. */
import { floatAttribute, type GraphNode, intAttribute, intsAttribute } from '#ir';
import { type ElementType, INTEGER_RANGES, isFloatType } from '#isa';
import { accepted, type Window, windowOf, windowPads } from '#ops';
import { reachedByWindows } from '../compulsory.ts';
import { elementTypeOf, isFloating } from '../elementTypes.ts';
import { IN, OUT } from '../formula/words.ts';
import { LRN_DIMENSIONS, lrnDims, planLrn } from '../kernels/lrn.ts';
import { planWindow, type WindowDim, type WindowKernel } from '../kernels/window.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { doesNotFit, lacksType, lacksVectorType, toHost, unplanned } from '../reasons.ts';
import { predictVectorKernel, type VectorKernel } from '../vectorNest.ts';
import { asPlane, type View } from '../views.ts';
import { vectorJob } from './jobs.ts';
import { slowerInWords } from './onHost.ts';
import { unplaced } from './unplaced.ts';

/** What a pooling does, by whatever kernel: its windows, and what it makes of the elements in one. */
export interface PoolingOfNode extends Pick<WindowKernel, 'y' | 'x' | 'reduce' | 'fill' | 'sums' | 'scale'> {
  readonly y: WindowDim;
  readonly x: WindowDim;
  /** Of bytes where the vector unit has no lanes for them: it is computed in words. */
  readonly isInWords?: true;
}

/** A MaxPool or AveragePool that the vector unit does; the reason for the host where it is not one. */
function poolingOf(node: GraphNode, p: Planner): PoolingOfNode | ToHost {
  const x = node.inputs[0]!;
  const dtype = p.dtype(x);
  const average = node.op === 'AveragePool';
  const type = elementTypeOf(dtype);
  if (type === undefined || (average && !isFloating(dtype))) return lacksType(p.machine, 'vector', dtype);
  // Maxima are elements of the image; sums are kept in f32.
  const lacking = lacksVectorType(p.machine, average ? [dtype, 'float32'] : [dtype]);
  const isInWords = lacking !== undefined && (type === 'i8' || type === 'u8');
  if (lacking !== undefined && !isInWords) return lacking;
  const dims = p.dims(x);
  const rank = dims.length - 2;
  if (rank < 1 || rank > 2)
    return toHost(
      `it pools ${rank} dimensions; one or two run on the processor`,
      `它在 ${rank} 个维度上池化；处理器支持一维和二维池化`,
    );
  if (node.outputs.slice(1).some((o) => o !== ''))
    return toHost('its Indices output is asked for', '需要它的 Indices 输出');
  const window = windowOf(accepted, node, intsAttribute(node, 'kernel_shape') ?? []);
  const pads = windowPads(window, dims.slice(2));
  const outDims = p.dims(node.outputs[0]!);
  const axis = (i: number): WindowKernel['y'] =>
    i < 0
      ? { total: 1, kernel: 1, scale: 1, dilation: 1, pad: 0 }
      : {
          total: outDims[2 + i]!,
          kernel: window.kernel[i]!,
          scale: window.strides[i]!,
          dilation: window.dilations[i]!,
          pad: pads[i]!,
        };
  const [y, xa] = [axis(rank - 2), axis(rank - 1)];
  return {
    ...{ y, x: xa },
    ...reductionOf(average, type),
    ...(isInWords ? { isInWords } : {}),
    ...(average ? { scale: reciprocals(p, node, window, pads, dims.slice(2), y, xa) } : {}),
  };
}

function reductionOf(average: boolean, type: ElementType): Pick<WindowKernel, 'reduce' | 'fill' | 'sums'> {
  if (average) return { reduce: 'add', fill: 0, sums: 'f32' };
  return {
    reduce: 'max',
    fill: isFloatType(type) ? Number.NEGATIVE_INFINITY : INTEGER_RANGES[type as 'i8'][0],
  };
}

/** Global poolings, and whether they average. */
const GLOBAL: Readonly<Record<string, boolean>> = { GlobalAveragePool: true, GlobalMaxPool: false };

/** A pooling of any kind as windows, the global ones' of the size of the image; the reason for the host where it is not one. */
export function windowsOf(node: GraphNode, p: Planner): PoolingOfNode | ToHost | undefined {
  if (node.domain !== '') return undefined;
  if (node.op === 'MaxPool' || node.op === 'AveragePool') {
    const found = poolingOf(node, p);
    // Words have no place in a tile of bytes.
    return 'isInWords' in found ? undefined : found;
  }
  const average = GLOBAL[node.op];
  const x = node.inputs[0]!;
  const type = elementTypeOf(p.dtype(x));
  const sizes = p.dims(x).slice(2);
  if (average === undefined || type === undefined || !isFloatType(type)) return undefined;
  if (sizes.length < 1 || sizes.length > 2) return undefined;
  if (lacksVectorType(p.machine, average ? [p.dtype(x), 'float32'] : [p.dtype(x)]) !== undefined) return undefined;
  const axis = (size = 1): WindowDim => ({ total: 1, kernel: size, scale: 1, dilation: 1, pad: 0 });
  const [columns, rows] = [...sizes].reverse();
  return {
    ...{ y: axis(rows), x: axis(columns) },
    ...reductionOf(average, type),
    ...(average ? { scale: 1 / sizes.reduce((n, size) => n * size, 1) } : {}),
  };
}

export const lowerPool: Lowering = (node, p) => {
  const pooling = poolingOf(node, p);
  if ('host' in pooling) return pooling;
  const { y, x: xa, scale, isInWords, ...reduction } = pooling;
  const dtype = p.dtype(node.inputs[0]!);
  const kernel = {
    ...reduction,
    after: isInWords && elementTypeOf(dtype) === 'i8' ? [{ f: 'add' as const, scalar: OUT - IN }] : [],
    ...(isInWords ? { isInWords } : {}),
  };
  const input = asPlane(p.view(node.inputs[0]!));
  const scaled = scale === undefined ? {} : { scale };
  const factors = typeof scale === 'object' ? [scale] : [];
  const average = node.op === 'AveragePool';
  const planFor = (output: View, machine = p.machine): VectorKernel | undefined =>
    planWindow({ ...kernel, ...scaled, input, output, y, x: xa }, machine);
  // Words take several operations each, and few lanes may be slower than the host, which has its result lie as it wants.
  if (isInWords) {
    const alone = planFor(unplaced(p, node.outputs[0]!));
    const cycles = alone === undefined ? Number.POSITIVE_INFINITY : predictVectorKernel(alone, p.machine).cycles;
    const slower = slowerInWords(p, node, cycles);
    if (slower !== undefined) return slower;
  }
  const output = asPlane(p.output(node.outputs[0]!, 'channels-last'));
  const plan = (machine = p.machine): VectorKernel | undefined => planFor(output, machine);
  const whole = plan();
  if (whole !== undefined) {
    vectorJob(p, [node], plan, { reads: [reachedByWindows(input, y, xa), ...factors], writes: [output] });
    return undefined;
  }
  // A window too large for NRAM: maximum and sum are separable, so rows first, then columns.
  const [b, c, rows] = input.dims as [number, number, number];
  const between = p.temporary(`${node.name}.rows`, [b, c, rows, xa.total], average ? 'float32' : input.dtype);
  const still = (total: number): WindowKernel['y'] => ({ total, kernel: 1, scale: 1, dilation: 1, pad: 0 });
  const alongX = (machine = p.machine): VectorKernel | undefined =>
    planWindow({ ...kernel, input, output: between, y: still(rows), x: xa }, machine);
  const alongY = (machine = p.machine): VectorKernel | undefined =>
    planWindow({ ...kernel, ...scaled, input: between, output, y, x: still(xa.total) }, machine);
  if (alongX() === undefined || alongY() === undefined) return doesNotFit(p.machine);
  vectorJob(p, [node], alongX, { reads: [reachedByWindows(input, still(rows), xa)], writes: [between] });
  vectorJob(p, [node], alongY, { reads: [between, ...factors], writes: [output], op: node.op });
  return undefined;
};

/** 1 ÷ the number of elements that each average is over: one factor, or a map [y, x] where windows reach into the padding. */
function reciprocals(
  p: Planner,
  node: GraphNode,
  _window: Window,
  pads: readonly number[],
  sizes: readonly number[],
  y: WindowKernel['y'],
  x: WindowKernel['x'],
): View | number {
  const includePad = intAttribute(node, 'count_include_pad', 0) !== 0;
  const rank = sizes.length;
  // Counts are separable: how many taps of a window lie inside along each axis.
  const counts = (axis: number, w: WindowKernel['y']): number[] => {
    if (axis < 0) return [1];
    const [from, to] = includePad ? [-pads[axis]!, sizes[axis]! + pads[axis + rank]!] : [0, sizes[axis]!];
    return Array.from({ length: w.total }, (_, o) => {
      let n = 0;
      for (let k = 0; k < w.kernel; k++) {
        const at = o * w.scale - w.pad + k * w.dilation;
        if (at >= from && at < to) n++;
      }
      return n;
    });
  };
  const countY = counts(rank - 2, y);
  const countX = counts(rank - 1, x);
  const first = countY[0]! * countX[0]!;
  if (countY.every((n) => n === countY[0]) && countX.every((n) => n === countX[0])) return 1 / first;
  return p.floatConstant(`${node.name}.reciprocals`, [y.total, x.total], () =>
    Float32Array.from(
      { length: y.total * x.total },
      (_, i) => 1 / (countY[Math.floor(i / x.total)]! * countX[i % x.total]!),
    ),
  );
}

export const lowerLrn: Lowering = (node, p) => {
  const x = node.inputs[0]!;
  if (!isFloating(p.dtype(x))) return lacksType(p.machine, 'vector', p.dtype(x));
  const lacking = lacksVectorType(p.machine, [p.dtype(x), 'float32']);
  if (lacking !== undefined) return lacking;
  const input = p.view(x);
  const output = p.output(node.outputs[0]!, 'channels-last');
  const plan = (machine = p.machine): VectorKernel | undefined =>
    planLrn(
      {
        input,
        output,
        size: intAttribute(node, 'size', 1),
        alpha: floatAttribute(node, 'alpha', 1e-4),
        beta: floatAttribute(node, 'beta', 0.75),
        bias: floatAttribute(node, 'bias', 1),
      },
      machine,
    );
  if (plan() === undefined) return unplanned(p.machine, lrnDims({ input, output }).length, LRN_DIMENSIONS);
  vectorJob(p, [node], plan, { reads: [input], writes: [output] });
  return undefined;
};
