/** Lowering of data movement: views where strides allow, copies by the DMA where they do not. */
import {
  floatAttribute,
  type GraphNode,
  intAttribute,
  intsAttribute,
  staticShape,
  stringAttribute,
  tensorIntegers,
  tensorNumbers,
  typeOf,
} from '#ir';
import { SLOT_BYTES } from '#isa';
import { elementBits, elementTypeOf } from '../elementTypes.ts';
import { planCopy } from '../kernels/copy.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { computed, insideConcat, toHost } from '../reasons.ts';
import { broadcastView, channelsLastStrides, permuteView, reshapeView, sliceView, type View } from '../views.ts';
import { lowerElementwise } from './elementwise.ts';
import { copyJob } from './jobs.ts';

const cannotCopy = toHost(
  'it pads along more dimensions than records have bounds',
  '它填充的维度数超过记录所能描述的边界数',
);

const movable = (p: Planner, name: string): boolean => p.dtype(name) in SLOT_BYTES;

const unmovable = (p: Planner, name: string): ToHost =>
  toHost(`its values are of type ${p.dtype(name)}`, `其元素类型为 ${p.dtype(name)}`);

/** Whether an operand that shapes the result is there and no constant: then the host must see what shape it makes. */
const isComputed = (p: Planner, name: string | undefined): boolean =>
  name !== undefined && name !== '' && p.constant(name) === undefined;

/** Reshape, Flatten, Squeeze, Unsqueeze: another name for the same memory, if strides allow. */
export const lowerReshape: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  if (isComputed(p, node.inputs[1])) return computed('its shape is', '其目标形状');
  const out = node.outputs[0]!;
  const dims = p.dims(out);
  const input = p.view(name);
  const view = reshapeView(input, dims);
  if (view !== undefined && !p.hasView(out)) {
    p.alias(out, view);
    return undefined;
  }
  // The memory has another order: write it out in row-major order, then name it anew.
  const output = p.output(out, 'row-major');
  const target = reshapeView(output, input.dims);
  if (target === undefined || planCopy({ input, output: target }, p.machine) === undefined) return cannotCopy;
  copyJob(p, node, { input, output: target });
  return undefined;
};

/** Identity, Dropout at inference. */
export const lowerIdentity: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  // Dropout draws only with `training_mode`, since opset 12.
  const training = node.op === 'Dropout' ? node.inputs[2] : undefined;
  if (training !== undefined && training !== '') {
    const constant = p.constant(training);
    if (constant === undefined || tensorIntegers(constant)[0] !== 0n)
      return toHost('it may train', '它可能处于训练模式');
  }
  p.alias(node.outputs[0]!, p.view(name));
  // Nothing is dropped: the mask is true everywhere.
  const mask = node.outputs[1];
  if (mask !== undefined && mask !== '' && (p.consumers(mask).length > 0 || p.isOutput(mask))) {
    const one = p.constantView(`${node.name}.mask`, [1], 'bool', () => new Uint8Array([1]));
    const dims = p.dims(mask);
    p.alias(mask, { ...one, dims, strides: dims.map(() => 0) });
  }
  return undefined;
};

export const lowerTranspose: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  const rank = p.dims(name).length;
  const perm = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  p.alias(node.outputs[0]!, permuteView(p.view(name), perm));
  return undefined;
};

export const lowerSlice: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  const dims = p.dims(name);
  const list = (i: number, attribute: string): number[] | undefined => {
    const input = node.inputs[i];
    if (input !== undefined && input !== '') {
      const c = p.constant(input);
      return c && tensorIntegers(c).map((v) => Number(v));
    }
    return intsAttribute(node, attribute);
  };
  const starts = list(1, 'starts');
  const ends = list(2, 'ends');
  if (starts === undefined || ends === undefined) return computed('its limits are', '其范围');
  const axes = list(3, 'axes') ?? starts.map((_, i) => i);
  const steps = list(4, 'steps') ?? starts.map(() => 1);
  const out = p.dims(node.outputs[0]!);
  let view = p.view(name);
  axes.forEach((a, i) => {
    const axis = a < 0 ? a + dims.length : a;
    const size = dims[axis]!;
    const step = steps[i]!;
    const raw = starts[i]! < 0 ? starts[i]! + size : starts[i]!;
    const start = step > 0 ? Math.min(Math.max(raw, 0), size) : Math.min(Math.max(raw, 0), size - 1);
    view = sliceView(view, axis, start, out[axis]!, step);
  });
  p.alias(node.outputs[0]!, view);
  return undefined;
};

export const lowerSplit: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  if (isComputed(p, node.inputs[1])) return computed('its parts are', '其各部分大小');
  const axis = intAttribute(node, 'axis', 0);
  const at = axis < 0 ? axis + p.dims(name).length : axis;
  let start = 0;
  for (const out of node.outputs) {
    if (out === '')
      return toHost('one of its parts is not asked for and so has no known size', '其中一部分没有被使用，因而大小未知');
    const size = p.dims(out)[at]!;
    p.alias(out, sliceView(p.view(name), at, start, size, 1));
    start += size;
  }
  return undefined;
};

/** Most copies that a Gather becomes: each is code of its own, and code shall grow with layers. */
const MOST_COPIES = 32;

/** Gather by constant indices: a slice where they are evenly spaced, copies of slices where they are so in parts. */
export const lowerGather: Lowering = (node, p) => {
  const [data, indices] = node.inputs as [string, string];
  if (!movable(p, data)) return unmovable(p, data);
  const constant = p.constant(indices);
  if (constant === undefined)
    return toHost(
      'its indices are data: addresses of this processor do not depend on data',
      '其索引是数据：该处理器的地址不依赖数据',
    );
  const dims = p.dims(data);
  const axis = intAttribute(node, 'axis', 0);
  const at = axis < 0 ? axis + dims.length : axis;
  const values = tensorIntegers(constant).map((v) => (v < 0n ? Number(v) + dims[at]! : Number(v)));
  const runs = evenRuns(values);
  const [only] = runs;
  if (only === undefined || runs.length > 1 || only.step === 0)
    return gatherRuns(p, node, at, constant.dims.length, runs);
  const view = sliceView(p.view(data), at, only.start, only.count, only.step);
  const shaped = {
    ...view,
    dims: [...view.dims.slice(0, at), ...constant.dims, ...view.dims.slice(at + 1)],
    strides: [
      ...view.strides.slice(0, at),
      ...rowMajor(constant.dims, view.strides[at]!),
      ...view.strides.slice(at + 1),
    ],
  };
  p.alias(node.outputs[0]!, shaped);
  return undefined;
};

interface Run {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Indices as runs of even spacing, taken greedily; the same index again is a run of step 0. */
function evenRuns(values: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < values.length; ) {
    const step = i + 1 < values.length ? values[i + 1]! - values[i]! : 1;
    let end = i + 1;
    while (end < values.length && values[end]! - values[end - 1]! === step) end++;
    runs.push({ start: values[i]!, step, count: end - i });
    i = end;
  }
  return runs;
}

function gatherRuns(p: Planner, node: GraphNode, at: number, rank: number, runs: readonly Run[]): ToHost | undefined {
  if (runs.length > MOST_COPIES) {
    return toHost(
      `its indices are evenly spaced only in ${runs.length} parts; up to ${MOST_COPIES} are copied`,
      `其索引需分成 ${runs.length} 段才等间距；最多复制 ${MOST_COPIES} 段`,
    );
  }
  const data = p.view(node.inputs[0]!);
  const output = p.output(node.outputs[0]!, 'row-major');
  const count = runs.reduce((n, run) => n + run.count, 0);
  const target = reshapeView(output, [...output.dims.slice(0, at), count, ...output.dims.slice(at + rank)]);
  if (target === undefined) return insideConcat;
  let done = 0;
  const copies = runs.map((run) => {
    const output = sliceView(target, at, done, run.count, 1);
    done += run.count;
    return { input: sliceView(data, at, run.start, run.count, run.step), output };
  });
  if (copies.some((c) => planCopy(c, p.machine) === undefined)) return cannotCopy;
  for (const c of copies) copyJob(p, node, c);
  return undefined;
}

/** Strides of dims that walk one dimension of the given stride in row-major order. */
function rowMajor(dims: readonly number[], stride: number): number[] {
  const out = new Array<number>(dims.length);
  let step = stride;
  for (let i = dims.length - 1; i >= 0; i--) {
    out[i] = step;
    step *= dims[i]!;
  }
  return out;
}

export const lowerExpand: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  if (isComputed(p, node.inputs[1])) return computed('its shape is', '其目标形状');
  p.alias(node.outputs[0]!, broadcastView(p.view(name), p.dims(node.outputs[0]!)));
  return undefined;
};

/** Operators whose outputs are views and cannot be told where to lie. */
const VIEW_OPERATORS = new Set([
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Dropout',
  'Transpose',
  'Slice',
  'Split',
  'Gather',
  'Expand',
  'Cast',
]);

/** Where what a Concat reads comes from, and the value that can be told where to lie: names between differ by axes of one element. */
function sourceOf(p: Planner, name: string): { readonly name: string; readonly from: GraphNode } | undefined {
  const from = p.producerOf(name);
  if (from === undefined || p.isOutput(name)) return undefined;
  if (!VIEW_OPERATORS.has(from.op)) return { name, from };
  const source = from.inputs[0]!;
  const isName = ['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten'].includes(from.op) && from.domain === '';
  const inner = staticShape(typeOf(p.graph, source));
  const without = (dims: readonly number[]): string => dims.filter((d) => d !== 1).join();
  if (!isName || inner === undefined || without(inner) !== without(p.dims(name))) return undefined;
  return sourceOf(p, source);
}

const IMAGES: ReadonlySet<string> = new Set(['Conv', 'QLinearConv', 'ConvInteger', 'MaxPool', 'AveragePool', 'LRN']);

/** Whether a Concat, or one inside it, has images that are made channel by channel. */
const hasImages = (p: Planner, concat: GraphNode): boolean =>
  concat.inputs.some((name) => {
    const from = sourceOf(p, name)?.from;
    return from !== undefined && (IMAGES.has(from.op) || (from.op === 'Concat' && hasImages(p, from)));
  });

/** Whether all that reshapes a value gets along with its channels last. */
function reshapesWithChannelsLast(p: Planner, name: string): boolean {
  const dims = p.dims(name);
  const buffer = { name, bytes: 0, address: 0, first: 0, last: 0, pinned: false };
  const view: View = { buffer, offset: 0, dtype: 'uint8', dims, strides: channelsLastStrides(dims, 1) };
  return p
    .consumers(name)
    .filter((n) => n.op === 'Reshape' || n.op === 'Flatten')
    .every((n) => {
      const to = staticShape(typeOf(p.graph, n.outputs[0]!));
      return to !== undefined && reshapeView(view, to) !== undefined;
    });
}

/** Decides, before anything is lowered, which operands of a Concat are produced right where the result lies. */
export function placeConcats(p: Planner): void {
  // Back to front, so that a Concat inside a Concat has its own place first.
  for (const node of [...p.graph.nodes].reverse()) {
    if (node.op !== 'Concat' || node.domain !== '' || !movable(p, node.outputs[0]!)) continue;
    const out = node.outputs[0]!;
    // What has no size before the run is the host's.
    if ([out, ...node.inputs].some((name) => staticShape(typeOf(p.graph, name)) === undefined)) continue;
    const rank = p.dims(out).length;
    const axis = intAttribute(node, 'axis', 0);
    const at = axis < 0 ? axis + rank : axis;
    let start = 0;
    for (const name of node.inputs) {
      const source = sourceOf(p, name);
      const once = node.inputs.filter((n) => n === name).length === 1;
      if (source !== undefined && once && !p.isOutput(source.name)) {
        const shown = source.name === name ? {} : { dims: p.dims(name) };
        p.placeInside(source.name, { parent: out, axis: at, start, ...shown });
      }
      start += p.dims(name)[at]!;
    }
    if (rank >= 3 && hasImages(p, node) && reshapesWithChannelsLast(p, out)) p.wantChannelsLast(out);
  }
}

/** Whether two views are of the same elements in the same places. */
const isSame = (a: View, b: View): boolean =>
  a.buffer === b.buffer &&
  a.offset === b.offset &&
  a.dims.every((d, i) => d === b.dims[i] && (d === 1 || a.strides[i] === b.strides[i]));

export const lowerConcat: Lowering = (node, p) => {
  const out = node.outputs[0]!;
  if (!movable(p, out)) return unmovable(p, out);
  const output = p.output(out, 'row-major');
  const rank = p.dims(out).length;
  const axis = intAttribute(node, 'axis', 0);
  const at = axis < 0 ? axis + rank : axis;
  let start = 0;
  const copies: { input: View; output: View }[] = [];
  for (const name of node.inputs) {
    const size = p.dims(name)[at]!;
    const target = sliceView(output, at, start, size, 1);
    start += size;
    if (size === 0 || isSame(p.view(name), target)) continue;
    copies.push({ input: p.view(name), output: target });
  }
  if (copies.some((c) => planCopy(c, p.machine) === undefined)) return cannotCopy;
  for (const c of copies) copyJob(p, node, c);
  return undefined;
};

/** Pad with a constant: the load fills what lies outside. */
export const lowerPad: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!movable(p, name)) return unmovable(p, name);
  const mode = stringAttribute(node, 'mode', 'constant');
  if (mode !== 'constant')
    return toHost(
      `its mode is '${mode}'; constant padding runs on the processor`,
      `其模式为“${mode}”；处理器支持常量填充`,
    );
  const dims = p.dims(name);
  const input = (i: number): string | undefined => (node.inputs[i] === '' ? undefined : node.inputs[i]);
  const padsName = input(1);
  const padsConstant = p.constant(padsName);
  if (padsName !== undefined && padsConstant === undefined) return computed('its pads are', '其填充量');
  const pads = padsConstant ? tensorIntegers(padsConstant).map(Number) : (intsAttribute(node, 'pads') ?? []);
  const axesConstant = p.constant(input(3));
  if (input(3) !== undefined && axesConstant === undefined) return computed('its axes are', '其轴');
  const axes = axesConstant
    ? tensorIntegers(axesConstant).map((a) => (a < 0n ? Number(a) + dims.length : Number(a)))
    : dims.map((_, i) => i);
  const before = dims.map(() => 0);
  axes.forEach((a, i) => {
    before[a] = pads[i]!;
  });
  let fill = 0;
  const valueConstant = p.constant(input(2));
  if (input(2) !== undefined && valueConstant === undefined) return computed('its padding value is', '其填充值');
  const value = valueConstant ? tensorNumbers(valueConstant)[0]! : floatAttribute(node, 'value', 0);
  const type = elementTypeOf(p.dtype(name));
  if (value !== 0 && type === undefined)
    return toHost(`it pads ${p.dtype(name)} with ${value}`, `它以 ${value} 填充 ${p.dtype(name)}`);
  if (value !== 0) fill = elementBits(type!, value);
  const source = p.view(name);
  const output = p.output(node.outputs[0]!, source);
  const kernel = { input: source, output, padsBefore: before, fill };
  if (planCopy(kernel, p.machine) === undefined) return cannotCopy;
  copyJob(p, node, kernel);
  return undefined;
};

/** A Cast to the same type is a name; a conversion is an element-wise function. */
export const lowerCast: Lowering = (node, p) => {
  const [from, to] = [p.dtype(node.inputs[0]!), p.dtype(node.outputs[0]!)];
  if (from !== to) return lowerElementwise(node, p);
  if (!movable(p, node.inputs[0]!)) return unmovable(p, node.inputs[0]!);
  p.alias(node.outputs[0]!, p.view(node.inputs[0]!));
  return undefined;
};
