/**
 * An ONNX model as a module: its weights become variables under their names, its nodes are applied one after the other whenever `forward`
 * is called, so that an imported network can be trained on, changed, compiled and exported like one written here.
 *
 * What becomes a variable: initialisers of floats with at least one axis. Scalars, and operands that set something (limits of Clip, scales
 * of Resize, …), stay constants; so do integers. Running statistics of BatchNormalization are variables that training does not change by
 * gradients. In training mode BatchNormalization and Dropout do what the layers of `nn` do.
 */
import { diagnostic } from '#base';
import { floatAttribute, type GraphNode, type Model, tensorNumbers } from '#ir';
import { onnxOpset, operatorIn } from '#ops';
import { constantTensor } from './autograd.ts';
import { isFloat } from './dtypes.ts';
import { dropout } from './functions/nn.ts';
import { normalizeBatch } from './nn/layers.ts';
import { Module } from './nn/module.ts';
import type { Tensor } from './tensor.ts';
import { applyUpgraded } from './upgrade.ts';
import { Variable } from './variable.ts';

const cannotReplay = diagnostic<{ node: string; op: string; opset: number }>('SYS-TEN-053', 'unsupported', {
  en: (p) =>
    `node '${p.node}' (${p.op}, opset ${p.opset}) cannot be part of a module: the operator is not known to the tensor API, or is a ` +
    'function of the model, or holds subgraphs. docs/ops lists the operators. Run the model as it is with #engine instead.',
  zh: (p) =>
    `节点“${p.node}”（${p.op}，opset ${p.opset}）无法成为模块的一部分：张量接口不认识该算子，或它是模型内的函数，或含有子图。` +
    'docs/ops 列出全部算子。可改用 #engine 直接运行该模型。',
});

const wrongInputs = diagnostic<{ model: string; names: readonly string[]; found: number }>('SYS-TEN-054', 'usage', {
  en: (p) =>
    `the imported network '${p.model}' takes ${p.names.length} inputs (${p.names.join(', ')}), but is called with ${p.found}.`,
  zh: (p) => `导入的网络“${p.model}”有 ${p.names.length} 个输入（${p.names.join('、')}），但调用时给出 ${p.found} 个。`,
});

/** Inputs that set something rather than weigh something, by operator. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Dropout: [1, 2],
  Pad: [1, 2],
  Resize: [1, 2],
  Upsample: [1],
};
const STATISTICS: readonly number[] = [3, 4];

/** A network read from an ONNX file. */
export class ImportedModule extends Module {
  readonly #model: Model;
  readonly #opset: number;
  readonly #values: ReadonlyMap<string, Tensor>;

  constructor(model: Model) {
    super();
    this.#model = model;
    this.#opset = onnxOpset(model);
    for (const node of model.graph.nodes) {
      if (operatorIn(model, node) === undefined)
        throw cannotReplay({ node: node.name, op: node.op, opset: this.#opset });
    }
    const { settings, statistics } = roles(model);
    const values = new Map<string, Tensor>();
    for (const [name, data] of model.graph.constants) {
      if (!isFloat(data.dtype) || data.dims.length === 0 || settings.has(name)) {
        values.set(name, constantTensor(data));
        continue;
      }
      // Members of the class keep their names.
      const key = name in this ? `${name}_` : name;
      const value = new Variable(data, { name: key, trainable: !statistics.has(name) });
      Object.defineProperty(this, key, { value, enumerable: true });
      values.set(name, value);
    }
    this.#values = values;
  }

  /** @returns the model's one output, or its outputs in their order */
  override forward(...inputs: Tensor[]): Tensor | Tensor[] {
    const { graph } = this.#model;
    if (inputs.length !== graph.inputs.length) {
      throw wrongInputs({ model: graph.name, names: graph.inputs.map((v) => v.name), found: inputs.length });
    }
    const values = new Map(this.#values);
    graph.inputs.forEach(({ name }, i) => {
      values.set(name, inputs[i]!);
    });
    for (const node of graph.nodes) {
      const given = node.inputs.map((name) => values.get(name));
      const results =
        (this.training ? trained(node, this.#opset, given) : undefined) ?? applyUpgraded(node, this.#opset, given);
      node.outputs.forEach((name, i) => {
        if (name !== '') values.set(name, results[i]!);
      });
    }
    const outputs = graph.outputs.map(({ name }) => values.get(name)!);
    return outputs.length === 1 ? outputs[0]! : outputs;
  }
}

/**
 * The network of an ONNX model (`readModel` of `#onnx` reads a file).
 * @throws SYS-TEN-053 a node that cannot be replayed; when it runs, SYS-TEN-009 a node without equal in the tensor API's opset
 */
export const fromModel = (model: Model): ImportedModule => new ImportedModule(model);

/** What training does differently from what the node says. */
function trained(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
): readonly Tensor[] | undefined {
  const x = inputs[0];
  if (node.outputs.length > 1 || x === undefined) return undefined;
  if (node.op === 'Dropout') {
    const input = inputs[1]?.known;
    const ratio =
      opset < 12 ? floatAttribute(node, 'ratio', 0.5) : input === undefined ? 0.5 : tensorNumbers(input)[0]!;
    return [dropout(x, ratio)];
  }
  if (node.op === 'BatchNormalization') {
    const [weight, bias, mean, variance] = inputs.slice(1);
    if (!(mean instanceof Variable && variance instanceof Variable)) return undefined;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    // ONNX's momentum is what is kept.
    const momentum = 1 - floatAttribute(node, 'momentum', 0.9);
    return [normalizeBatch(x, weight!, bias!, { mean, variance }, { epsilon, momentum })];
  }
  return undefined;
}

/** Initialisers that some node reads as a setting, and those that BatchNormalization reads as running statistics. */
function roles({ graph }: Model): { settings: ReadonlySet<string>; statistics: ReadonlySet<string> } {
  const [settings, statistics] = [new Set<string>(), new Set<string>()];
  for (const node of graph.nodes) {
    node.inputs.forEach((name, i) => {
      if (SETTINGS[node.op]?.includes(i)) settings.add(name);
      if (node.op === 'BatchNormalization' && STATISTICS.includes(i)) statistics.add(name);
    });
  }
  return { settings, statistics };
}
