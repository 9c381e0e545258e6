/**
 * From a plan and the ranges of its values to a QDQ graph: QuantizeLinear and DequantizeLinear behind every quantised value,
 * DequantizeLinear before every weight and bias. Where a quantised node made the value, what the codes say keeps its name.
 */
import { type GraphNode, int, type Model, type Tensor } from '#ir';
import { freshNames, renameInputs, withNodes } from '#passes';
import { type ActivationType, activationCodes, type Codes, clipsNothing, weightCodes } from './codes.ts';
import type { Range } from './observer.ts';
import type { QuantisationPlan, Weighted } from './plan.ts';

export interface CodeOptions {
  readonly activations: ActivationType;
  readonly perTensor: boolean;
  readonly reduceRange: boolean;
}

/** The codes of every value of the plan; those that share a scale span what they all take. */
export function codesOf(
  plan: QuantisationPlan,
  ranges: ReadonlyMap<string, Range>,
  activations: ActivationType,
): ReadonlyMap<string, Codes> {
  const spans = new Map<string, Range>();
  for (const [value, group] of plan.values) {
    const [low, high] = ranges.get(value)!;
    const [a, b] = spans.get(group) ?? [0, 0];
    spans.set(group, [Math.min(a, low), Math.max(b, high)]);
  }
  const byGroup = new Map([...spans].map(([group, span]) => [group, activationCodes(span, activations)]));
  return new Map([...plan.values].map(([value, group]) => [value, byGroup.get(group)!]));
}

export function quantiseGraph(
  model: Model,
  plan: QuantisationPlan,
  codes: ReadonlyMap<string, Codes>,
  options: CodeOptions,
): Model {
  const writer = new GraphWriter(model);
  const weighted = new Map(plan.weighted.map((w) => [w.node, w]));
  const quantised = new Set(plan.nodes);
  const owned = new Set(plan.results.values());
  const inputs = new Map<string, string>();
  // What comes in as a float, others may read as it is: only quantised nodes read what the codes say.
  const beside = (name: string): void => {
    const [own, group] = [codes.get(name)!, plan.values.get(name)!];
    const wish = writer.fresh(`${name}.dequantised`);
    inputs.set(name, writer.dequantised(writer.quantised(name, own, group), own, group, wish));
  };
  for (const { name } of model.graph.inputs) if (codes.has(name)) beside(name);
  for (const original of model.graph.nodes) {
    let node = quantised.has(original) ? renameInputs(plainMean(original), inputs) : original;
    const layer = weighted.get(original);
    if (layer !== undefined) node = writer.withWeights(node, layer, codes.get(original.inputs[0]!)!, options);
    const result = node.outputs.find((name) => codes.has(name));
    if (result === undefined || !owned.has(result)) {
      writer.nodes.push(node);
      for (const name of node.outputs) if (codes.has(name)) beside(name);
      continue;
    }
    const [own, group] = [codes.get(result)!, plan.values.get(result)!];
    const isIdle = clipsNothing(node, model.graph.constants, own);
    const float = isIdle ? node.inputs[0]! : writer.fresh(`${result}.float`);
    if (!isIdle) writer.nodes.push({ ...node, outputs: [float, ...node.outputs.slice(1)] });
    writer.dequantised(writer.quantised(float, own, group, result), own, group, result);
  }
  const used = new Set(writer.nodes.flatMap((node) => node.inputs));
  const kept = [...writer.constants].filter(([name]) => used.has(name) || !model.graph.constants.has(name));
  return withNodes(model, writer.nodes, new Map(kept));
}

/** An AveragePool without dilations of 1: ONNX Runtime copies attributes to its QLinearAveragePool, which refuses to know this one. */
function plainMean(node: GraphNode): GraphNode {
  if (node.op !== 'AveragePool' || !node.attributes.has('dilations')) return node;
  return { ...node, attributes: new Map([...node.attributes].filter(([name]) => name !== 'dilations')) };
}

/** Writes nodes and constants under fresh names. */
export class GraphWriter {
  readonly nodes: GraphNode[] = [];
  readonly constants: Map<string, Tensor>;
  readonly fresh: (wish: string) => string;
  readonly #parameters = new Map<string, readonly [scale: string, zero: string]>();

  constructor(model: Model) {
    this.constants = new Map(model.graph.constants);
    this.fresh = freshNames(model.graph);
  }

  constant(wish: string, value: Tensor): string {
    const name = this.fresh(wish);
    this.constants.set(name, value);
    return name;
  }

  /** Adds a node and names its output. */
  node(
    name: string,
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: GraphNode['attributes'] = new Map(),
  ): string {
    this.nodes.push({ name: this.fresh(name), op, domain: '', inputs, outputs: [output], attributes });
    return output;
  }

  #scaleAndZero(group: string, { scale, zero }: Codes): readonly [string, string] {
    const known = this.#parameters.get(group);
    if (known !== undefined) return known;
    const made = [this.constant(`${group}.scale`, scale), this.constant(`${group}.zero`, zero)] as const;
    this.#parameters.set(group, made);
    return made;
  }

  /** The codes of a float value. */
  quantised(value: string, codes: Codes, group: string, wish = value): string {
    const inputs = [value, ...this.#scaleAndZero(group, codes)];
    return this.node(`${wish}.quantize`, 'QuantizeLinear', inputs, this.fresh(`${wish}.codes`));
  }

  dequantised(value: string, codes: Codes, group: string, output: string): string {
    const inputs = [value, ...this.#scaleAndZero(group, codes)];
    return this.node(`${output}.dequantize`, 'DequantizeLinear', inputs, output);
  }

  /** A node whose weights and bias come of codes. */
  withWeights(node: GraphNode, { weights, axis, bias }: Weighted, input: Codes, options: CodeOptions): GraphNode {
    const own = options.perTensor ? undefined : axis;
    const made = weightCodes(weights, own, bias, { activation: input.scale, reduced: options.reduceRange });
    const wish = node.inputs[1]!;
    const axisOf = (value: number | undefined): GraphNode['attributes'] =>
      value === undefined ? new Map() : new Map([['axis', int(value)]]);
    const w = this.node(
      `${wish}.dequantize`,
      'DequantizeLinear',
      [
        this.constant(`${wish}.codes`, made.codes),
        this.constant(`${wish}.scale`, made.scale),
        this.constant(`${wish}.zero`, made.zero),
      ],
      this.fresh(`${wish}.dequantised`),
      axisOf(own),
    );
    if (made.bias === undefined) return { ...node, inputs: [node.inputs[0]!, w] };
    const third = node.inputs[2]!;
    const b = this.node(
      `${third}.dequantize`,
      'DequantizeLinear',
      [this.constant(`${third}.codes`, made.bias.codes), this.constant(`${third}.scale`, made.bias.scale)],
      this.fresh(`${third}.dequantised`),
      axisOf(own === undefined ? undefined : 0),
    );
    return { ...node, inputs: [node.inputs[0]!, w, b] };
  }
}
