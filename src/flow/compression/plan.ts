/**
 * What of a network is quantised. Conv, Gemm and MatMul with constant weights lead; Add of two quantised values and operators that hand
 * elements on (pooling, movement) follow where their operands are quantised already, these with the scale of their operand. Relu and
 * Clip behind an operator are part of it: what they cut off lies outside the range of the codes.
 */
import { diagnostic, nearestName } from '#base';
import { floatAttribute, type GraphNode, intAttribute, intsAttribute, type Model, type Tensor, typeOf } from '#ir';
import { isOnnxDomain } from '#ops';

/** Why a node that has weights stays in floats. */
export type Reason = Readonly<Record<'en' | 'zh', string>>;

export interface Weighted {
  readonly node: GraphNode;
  readonly weights: Tensor;
  /** The axis of filters, columns or units; undefined where no operator of integers takes scales by them. */
  readonly axis: number | undefined;
  readonly bias: Tensor | undefined;
}

export interface QuantisationPlan {
  readonly weighted: readonly Weighted[];
  /** All quantised nodes, in order: those and what follows them. */
  readonly nodes: readonly GraphNode[];
  /** Values that become codes, each with the first of those that share its scale. */
  readonly values: ReadonlyMap<string, string>;
  /** For each quantised node, the value that holds its result: behind Relu or Clip, where they are part of it. */
  readonly results: ReadonlyMap<GraphNode, string>;
  readonly left: readonly { readonly node: GraphNode; readonly why: Reason }[];
}

const already = diagnostic<{ node: string; op: string }>('SYS-FLOW-130', 'invalid', {
  en: (p) => `the model is quantised already: node '${p.node}' is ${p.op}. Give the model in floats.`,
  zh: (p) => `模型已量化：节点“${p.node}”为 ${p.op}。请给出浮点模型。`,
});

const nothing = diagnostic<{ left: string }>('SYS-FLOW-131', 'unsupported', {
  en: (p) =>
    'nothing in the model can be quantised: that takes a Conv, Gemm or MatMul of float32 with constant weights' +
    `${p.left === '' ? '' : ` (${p.left})`}. Name fewer nodes in --exclude, or keep the model as it is.`,
  zh: (p) =>
    `模型中没有可量化的部分：需要权重为常量的 float32 Conv、Gemm 或 MatMul${p.left === '' ? '' : `（${p.left}）`}。` +
    '请减少 --exclude 中的节点，或保留原模型。',
});

const unknownNode = diagnostic<{ name: string; nearest: string | undefined }>('SYS-FLOW-132', 'usage', {
  en: (p) =>
    `--exclude names '${p.name}', and the model has no such node${p.nearest === undefined ? '' : `; did you mean '${p.nearest}'?`}. See systole summary for their names.`,
  zh: (p) =>
    `--exclude 指定的节点“${p.name}”不存在${p.nearest === undefined ? '' : `；是否指“${p.nearest}”？`}。节点名称见 systole summary。`,
});

/** Operators that hand elements on, or mean them: result and operand have one scale. */
const PASSING = new Set([
  ...['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'Relu', 'Concat'],
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Slice', 'DepthToSpace', 'SpaceToDepth', 'Expand'],
]);

const QUANTISERS = /^(QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|QLinear.*|ConvInteger|MatMulInteger)$/;

/** @throws SYS-FLOW-132 a name that no node has, or none of those that it was made of */
export function checkNames(
  names: readonly string[],
  model: Model,
  provenance: ReadonlyMap<string, readonly string[]>,
): void {
  const known = model.graph.nodes.flatMap((node) => provenance.get(node.name) ?? [node.name]);
  const missing = names.find((name) => !known.includes(name));
  if (missing !== undefined) throw unknownNode({ name: missing, nearest: nearestName(missing, known) });
}

/**
 * @param model typed, with BatchNormalization and biases folded
 * @param isExcluded nodes that stay in floats
 * @throws SYS-FLOW-130 the model is quantised; -131 nothing can be
 */
export function planQuantisation(model: Model, isExcluded: (node: GraphNode) => boolean): QuantisationPlan {
  const { graph } = model;
  const quantiser = graph.nodes.find((node) => isOnnxDomain(node.domain) && QUANTISERS.test(node.op));
  if (quantiser !== undefined) throw already({ node: quantiser.name, op: quantiser.op }, { node: quantiser.name });
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const outputs = new Set(graph.outputs.map((v) => v.name));
  const values = new Map<string, string>();
  const [weighted, nodes, left]: [Weighted[], GraphNode[], QuantisationPlan['left'][number][]] = [[], [], []];
  const results = new Map<GraphNode, string>();
  const isFloat = (name: string): boolean => {
    const type = typeOf(graph, name);
    return type?.kind === 'tensor' && type.dtype === 'float32';
  };
  const isQuantised = (name: string): boolean => values.has(name) && !graph.constants.has(name);
  /** The value behind Relu and Clip that belong to the node. */
  const resultOf = (node: GraphNode): string => {
    let value = node.outputs[0]!;
    for (;;) {
      const [reader, ...others] = readers.get(value) ?? [];
      const isPart =
        reader !== undefined && others.length === 0 && !outputs.has(value) && isCut(reader, graph.constants);
      if (!isPart || isExcluded(reader)) return value;
      value = reader.outputs[0]!;
    }
  };
  const add = (node: GraphNode, group: string | undefined): void => {
    const result = group === undefined ? resultOf(node) : node.outputs[0]!;
    nodes.push(node);
    results.set(node, result);
    values.set(result, group ?? result);
  };
  const cut = new Set<string>();
  for (const node of graph.nodes) {
    if (!isOnnxDomain(node.domain) || cut.has(node.outputs[0] ?? '')) continue;
    const [first = '', second = ''] = node.inputs;
    if (WITH_WEIGHTS.has(node.op)) {
      const found = isExcluded(node) ? EXCLUDED : weightedOf(node, graph.constants, isFloat);
      if ('en' in found) {
        left.push({ node, why: found });
        continue;
      }
      if (!values.has(first)) values.set(first, first);
      weighted.push(found);
      add(node, undefined);
    } else if (isExcluded(node)) continue;
    else if (node.op === 'Add' && isQuantised(first) && isQuantised(second)) add(node, undefined);
    else if (PASSING.has(node.op) && node.outputs.length === 1 && !isDilatedMean(node)) {
      const operands = node.op === 'Concat' ? node.inputs : [first];
      if (!operands.every(isQuantised)) continue;
      const group = values.get(first)!;
      for (const other of operands) regroup(values, values.get(other)!, group);
      add(node, group);
    }
    // Relu and Clip that are part of a node have no codes of their own between.
    const result = results.get(node);
    for (let value = node.outputs[0] ?? ''; result !== undefined && value !== result; ) {
      const [reader] = readers.get(value) ?? [];
      value = reader!.outputs[0]!;
      cut.add(value);
    }
  }
  if (weighted.length === 0) {
    throw nothing({
      left: [...new Set(left.map(({ node, why }) => `${node.name}: ${why.en}`))].slice(0, 3).join('; '),
    });
  }
  return { weighted, nodes, values, results, left };
}

/** ONNX Runtime's mean of integers knows no dilations. */
const isDilatedMean = (node: GraphNode): boolean =>
  node.op === 'AveragePool' && (intsAttribute(node, 'dilations') ?? []).some((d) => d !== 1);

function regroup(values: Map<string, string>, from: string, to: string): void {
  if (from !== to) for (const [name, group] of values) if (group === from) values.set(name, to);
}

function isCut(node: GraphNode, constants: ReadonlyMap<string, Tensor>): boolean {
  if (!isOnnxDomain(node.domain)) return false;
  if (node.op === 'Relu') return true;
  return node.op === 'Clip' && node.inputs.slice(1).every((name) => name === '' || constants.has(name));
}

/** Operators that multiply by weights. */
export const WITH_WEIGHTS = new Set(['Conv', 'Gemm', 'MatMul']);

const EXCLUDED: Reason = { en: 'excluded', zh: '已排除' };
const COMPUTED: Reason = { en: 'its weights are computed', zh: '其权重由计算得出' };
const NOT_FLOAT: Reason = { en: 'it does not compute in float32', zh: '其计算类型不是 float32' };
const OTHER_BIAS: Reason = {
  en: 'its bias is computed, or not one number for each unit',
  zh: '其偏置由计算得出，或不是每单元一个数',
};
const FACTORS: Reason = { en: 'it scales or transposes its operands', zh: '它缩放或转置了操作数' };

function weightedOf(
  node: GraphNode,
  constants: ReadonlyMap<string, Tensor>,
  isFloat: (name: string) => boolean,
): Weighted | Reason {
  const [x = '', w = '', b = ''] = node.inputs;
  if (!isFloat(x) || !isFloat(w)) return NOT_FLOAT;
  const weights = constants.get(w);
  if (weights === undefined || constants.has(x)) return COMPUTED;
  const bias = b === '' ? undefined : constants.get(b);
  if (b !== '' && bias === undefined) return OTHER_BIAS;
  if (node.op === 'MatMul') {
    return { node, weights, axis: weights.dims.length === 2 ? 1 : undefined, bias: undefined };
  }
  const axis = node.op === 'Conv' || intAttribute(node, 'transB', 0) !== 0 ? 0 : 1;
  const units = weights.dims[axis]!;
  if (node.op === 'Gemm') {
    const isPlain = floatAttribute(node, 'alpha', 1) === 1 && intAttribute(node, 'transA', 0) === 0;
    if (!isPlain || (bias !== undefined && floatAttribute(node, 'beta', 1) !== 1)) return FACTORS;
  }
  const isRow = bias?.dims.at(-1) === units && bias.dims.slice(0, -1).every((d) => d === 1);
  return bias !== undefined && !isRow ? OTHER_BIAS : { node, weights, axis, bias };
}
