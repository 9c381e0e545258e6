/**
 * Nodes of other operator sets in the meaning of the one in which the tensor API writes its graphs (BUILD_OPSET). Most operators only
 * gained element types or attributes with defaults, and keep their nodes; where a definition changed, a line of UPGRADES says how. Each
 * line cites nothing but ONNX's own pages of the two versions. `upgrade.test.ts` holds every sample of every operator against it.
 */
import {
  type Attribute,
  DATA_TYPES,
  type DataType,
  floatAttribute,
  floatsAttribute,
  type GraphNode,
  int,
  intAttribute,
  intsAttribute,
  string,
  stringAttribute,
  tensorNumbers,
  tensorOf,
} from '#ir';
import { BUILD_OPSET, type Operator, operatorOf } from '#ops';
import { apply, applyNode } from './apply.ts';
import { constantTensor } from './autograd.ts';
import { groupNorm, rmsNorm } from './functions/nn.ts';
import type { Tensor } from './tensor.ts';
import { mixedOpsets } from './trace.ts';

type Inputs = readonly (Tensor | undefined)[];

/** The node as it is written now: its inputs, attributes that change (undefined: goes away), another operator. */
interface Rewritten {
  readonly op?: string;
  readonly inputs: Inputs;
  readonly attributes?: Readonly<Record<string, Attribute | undefined>>;
}

interface Upgrade {
  /** The opset from which on the node keeps its form; or that from which on it no longer has it. */
  readonly before?: number;
  readonly since?: number;
  /** The node rewritten, or its outputs; undefined where it has no equal. */
  readonly rule: (node: GraphNode, inputs: Inputs, opset: number) => Rewritten | readonly Tensor[] | undefined;
}

const int64s = (values: readonly number[] | undefined): Tensor | undefined =>
  values && constantTensor(tensorOf('int64', [values.length], values.map(BigInt)));
const scalar = (value: number | undefined, dtype: DataType): Tensor | undefined =>
  value === undefined ? undefined : constantTensor(tensorOf(dtype, [], [value]));
const floats = (values: readonly number[] | undefined): Tensor | undefined =>
  values && constantTensor(tensorOf('float32', [values.length], values));

/** Axes, once an attribute, are an input. */
const axesToInput = (before: number): Upgrade => ({
  before,
  rule: (node, [x]) => ({ inputs: [x, int64s(intsAttribute(node, 'axes'))], attributes: { axes: undefined } }),
});

/** Softmax over all axes from `axis` on, taken together (until opset 13). */
const flattened: Upgrade = {
  before: 13,
  rule: (node, [x]) => {
    const axis = intAttribute(node, 'axis', 1);
    const place = axis < 0 ? axis + x!.rank : axis;
    if (place === x!.rank - 1) return { inputs: [x], attributes: { axis: int(place) } };
    const rows = apply(node.op, [apply('Flatten', [x], { axis: int(place) })], { axis: int(1) });
    return [apply('Reshape', [rows, apply('Shape', [x])])];
  },
};

/**
 * Resize by scales alone, every element where its index ÷ scale says (opset 10, and Upsample). The nearest element is then the one below,
 * but along an axis that shrinks the one above: ONNX Runtime's reading of the page, which leaves it open. Scales of
 * Upsample are 1 or more.
 */
function resized(node: GraphNode, x: Tensor | undefined, scales: Tensor | undefined): Rewritten | undefined {
  const mode = stringAttribute(node, 'mode', 'nearest');
  const known = scales?.known && tensorNumbers(scales.known);
  const shrinks = known?.some((scale) => scale < 1);
  const isOpen = known === undefined && node.op !== 'Upsample';
  if (mode === 'nearest' && (isOpen || (shrinks && known?.some((scale) => scale > 1)))) return undefined;
  return {
    op: 'Resize',
    inputs: [x, undefined, scales],
    attributes: {
      mode: string(mode),
      coordinate_transformation_mode: string('asymmetric'),
      nearest_mode: string(shrinks ? 'ceil' : 'floor'),
      scales: undefined,
    },
  };
}

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

/** Scale and bias of each channel, where they were of each group (since 21). */
const groupNormalization: Upgrade = {
  since: 21,
  rule: (node, [x, scale, bias]) => {
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    return [groupNorm(x!, intAttribute(node, 'num_groups', 1), scale, bias, epsilon)];
  },
};

/** In f32 (23). */
const rmsNormalization: Upgrade = {
  since: 23,
  rule: (node, [x, scale]) => {
    if (intAttribute(node, 'stash_type', 1) !== 1) return undefined;
    const axis = intAttribute(node, 'axis', -1);
    const axes = axis < 0 ? -axis : x!.rank - axis;
    return [rmsNorm(x!, scale, floatAttribute(node, 'epsilon', 1e-5), axes)];
  },
};

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  ...Object.fromEntries(REDUCTIONS.map((name) => [`Reduce${name}`, axesToInput(18)])),
  ReduceSum: axesToInput(13),
  Squeeze: axesToInput(13),
  Unsqueeze: axesToInput(13),
  Softmax: flattened,
  Hardmax: flattened,
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
  LogSoftmax: flattened,
  // Training by counting outputs, and statistics of single activations, are gone.
  BatchNormalization: {
    before: 14,
    rule: (node, inputs, opset) =>
      node.outputs.length > 1 || (opset < 9 && intAttribute(node, 'spatial', 1) === 0)
        ? undefined
        : { inputs, attributes: { spatial: undefined } },
  },
  Clip: {
    before: 11,
    rule: (node, [x]) => ({
      inputs: [x, scalar(floatAttribute(node, 'min'), x!.dataType), scalar(floatAttribute(node, 'max'), x!.dataType)],
      attributes: { min: undefined, max: undefined },
    }),
  },
  // The mask's type was that of the data; what it holds in inference nobody reads.
  Dropout: {
    before: 12,
    rule: (node, [x]) => ({
      inputs: [x, scalar(floatAttribute(node, 'ratio', 0.5), 'float32')],
      attributes: { ratio: undefined },
    }),
  },
  Pad: {
    before: 11,
    rule: (node, [x]) => ({
      inputs: [x, int64s(intsAttribute(node, 'pads')), scalar(floatAttribute(node, 'value', 0), x!.dataType)],
      attributes: { pads: undefined, value: undefined },
    }),
  },
  Resize: {
    before: 13,
    rule: (node, inputs, opset) => {
      if (opset < 11) return resized(node, inputs[0], inputs[1]);
      // An empty tensor stood for an operand that is not there.
      const given = inputs.map((t, i) => (i > 0 && t?.dims.length === 1 && t.dims[0] === 0 ? undefined : t));
      return { inputs: given };
    },
  },
  Slice: {
    before: 10,
    rule: (node, [x]) => ({
      inputs: [x, ...['starts', 'ends', 'axes'].map((name) => int64s(intsAttribute(node, name)))],
      attributes: { starts: undefined, ends: undefined, axes: undefined },
    }),
  },
  // As many parts as outputs, said by `num_outputs` since 18.
  Split: {
    before: 18,
    rule: (node, [x, sizes], opset) => {
      const parts = opset < 13 ? int64s(intsAttribute(node, 'split')) : sizes;
      const count = parts === undefined ? int(node.outputs.length) : undefined;
      return { inputs: [x, parts], attributes: { split: undefined, num_outputs: count } };
    },
  },
  TopK: {
    before: 10,
    rule: (node, [x]) => ({ inputs: [x, int64s([intAttribute(node, 'k', 1)])], attributes: { k: undefined } }),
  },
  Upsample: {
    before: 10,
    rule: (node, [x, scales]) => resized(node, x, scales ?? floats(floatsAttribute(node, 'scales'))),
  },
};

/** Element types that BUILD_OPSET does not have. */
const LATER_TYPES = /^(u?int[24]|float4|float8e8m0)/;

/**
 * A node of any opset, applied as one of BUILD_OPSET.
 * @throws SYS-TEN-009 it has no equal there; otherwise what `applyNode` throws
 */
export function applyUpgraded(node: GraphNode, opset: number, inputs: Inputs): readonly Tensor[] {
  const op = operatorOf(node, opset);
  const upgrade = op && UPGRADES[node.op];
  const { before = 0, since = Number.POSITIVE_INFINITY } = upgrade ?? {};
  if (upgrade !== undefined && (opset < before || opset >= since)) {
    const made = upgrade.rule(node, inputs, opset);
    if (made === undefined) throw mixedOpsets({ node: node.name, op: node.op, opset });
    if (!('inputs' in made)) return made;
    const written = rewritten(node, made);
    return applyNode(written, BUILD_OPSET, made.inputs.slice(0, written.inputs.length));
  }
  // Such types are for the host alone; within a graph applyNode refuses them.
  if (isOfLaterType(node, inputs)) return applyNode(node, opset, inputs);
  if (op !== undefined && !keepsItsForm(op, node)) throw mixedOpsets({ node: node.name, op: node.op, opset });
  return applyNode(node, op === undefined ? opset : BUILD_OPSET, inputs);
}

function rewritten(node: GraphNode, { op = node.op, attributes = {}, inputs }: Rewritten): GraphNode {
  const merged = { ...Object.fromEntries(node.attributes), ...attributes };
  const kept = Object.entries(merged).filter((e): e is [string, Attribute] => e[1] !== undefined);
  // Absent operands at the end are left out: some rules count those that are named.
  const given = inputs.slice(0, inputs.findLastIndex((t) => t !== undefined) + 1);
  return {
    ...node,
    op,
    inputs: given.map((t, i) => (t === undefined ? '' : `x${i}`)),
    attributes: new Map(kept),
  };
}

/** Quantised values of 16 bits came with opset 21. */
const LATER_CODES = /^u?int16$/;

function isOfLaterType(node: GraphNode, inputs: Inputs): boolean {
  const isQuantiser = node.op === 'QuantizeLinear' || node.op === 'DequantizeLinear';
  if (isQuantiser && inputs.some((t) => t !== undefined && LATER_CODES.test(t.dataType))) return true;
  const to = node.op === 'Cast' ? DATA_TYPES[intAttribute(node, 'to', 1) - 1] : undefined;
  return [to, ...inputs.map((t) => t?.dataType)].some((dtype) => dtype !== undefined && LATER_TYPES.test(dtype));
}

/** Whether the node's attributes are there in BUILD_OPSET, and mean the same. */
function keepsItsForm(op: Operator, node: GraphNode): boolean {
  if (operatorOf(node, BUILD_OPSET) === undefined) return false;
  return [...node.attributes.keys()].every((name) => {
    const { since = 0, until = Number.POSITIVE_INFINITY } = op.attributes[name] ?? {};
    return since <= BUILD_OPSET && until > BUILD_OPSET;
  });
}
