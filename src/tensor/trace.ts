/**
 * Trace: the graph that `compile` records. While one is open, operations add nodes instead of running. A node that stands there
 * already (same operator, attributes and inputs) is not added again; what no result needs is dropped at the end.
 */
import { diagnostic } from '#base';
import {
  type Tensor as Data,
  type Graph,
  type GraphNode,
  type GraphValue,
  type Model,
  type TensorType,
  tensorBytes,
} from '#ir';
import { BUILD_OPSET, operatorOf } from '#ops';
import { attributeText } from './attributeText.ts';
import type { Cell } from './cell.ts';
import { hostEngine } from './host.ts';
import { Tensor, type TracedValue } from './tensor.ts';
import type { Variable } from './variable.ts';

export const foreign = diagnostic<{ shape: string }>('SYS-TEN-008', 'usage', {
  en: (p) =>
    `a tensor ${p.shape} of another trace is used: it was recorded by a compiled function that has ended. Return it from that ` +
    'function, or compute it within this one.',
  zh: (p) => `使用了另一次记录中的张量 ${p.shape}：记录它的编译函数已结束。请由该函数返回它，或在当前函数内计算。`,
});

export const mixedOpsets = diagnostic<{ node: string; op: string; opset: number }>('SYS-TEN-009', 'unsupported', {
  en: (p) =>
    `node '${p.node}' (${p.op}) has its meaning from opset ${p.opset}; a graph holds one operator set, here ${BUILD_OPSET}. ` +
    'Export the model again in a newer opset.',
  zh: (p) =>
    `节点“${p.node}”（${p.op}）按 opset ${p.opset} 定义；一个图只含一个算子集，此处为 ${BUILD_OPSET}。请用较新的 opset 重新导出模型。`,
});

/** A value that the host gives anew at every run: random numbers, a learning rate. */
export interface HostInput {
  readonly name: string;
  readonly give: () => Data;
}

interface ReadVariable {
  readonly name: string;
  readonly reading: Tensor;
}

/** Constants of at most so many bytes are shared by content. */
const SMALL = 256;

let open: Trace | undefined;

/** The trace that records now; undefined in eager mode. */
export const currentTrace = (): Trace | undefined => open;

let scope = '';

/** Names of nodes that `f` records begin with `name/`. */
export function inScope<T>(name: string, f: () => T): T {
  const before = scope;
  scope = name === '' ? scope : `${scope}${name}/`;
  try {
    return f();
  } finally {
    scope = before;
  }
}

export class Trace {
  /** Whether it becomes a model of standard operators alone. */
  readonly isExport: boolean;
  readonly inputs: GraphValue[] = [];
  readonly nodes: GraphNode[] = [];
  readonly hostInputs: HostInput[] = [];
  /** What must hold for the trace to serve a later call: modes that were read while it was recorded. */
  readonly guards: (() => boolean)[] = [];
  /** What happens beside the graph after each run. */
  readonly afterRun: (() => void)[] = [];
  /** Types of the values that nodes make. */
  readonly types = new Map<string, TensorType>();
  readonly #variables = new Map<Variable, ReadVariable>();
  readonly #assigned = new Map<Variable, Tensor>();
  readonly #constants = new Map<string, Cell | Data>();
  readonly #constantNames = new Map<Cell | string, string>();
  readonly #seen = new Map<string, readonly TracedValue[]>();
  readonly #taken = new Set<string>();
  /** The last number behind a name, so that a thousand nodes of one operator do not try each other's. */
  readonly #numbers = new Map<string, number>();

  constructor({ isExport = false }: { readonly isExport?: boolean } = {}) {
    this.isExport = isExport;
  }

  /** Records what `f` does. */
  during<T>(f: () => T): T {
    const before = [open, scope] as const;
    open = this;
    scope = '';
    try {
      return f();
    } finally {
      [open, scope] = before;
    }
  }

  input(name: string, type: TensorType, tracked = false): Tensor {
    const value = { trace: this, name: this.#fresh(name) };
    this.inputs.push({ name: value.name, type });
    return new Tensor({ type, source: value, tracked });
  }

  hostInput(name: string, type: TensorType, give: () => Data): Tensor {
    const tensor = this.input(name, type);
    this.hostInputs.push({ name: (tensor.source as TracedValue).name, give });
    return tensor;
  }

  readVariable(variable: Variable): Tensor {
    const assigned = this.#assigned.get(variable);
    if (assigned !== undefined) return assigned;
    let read = this.#variables.get(variable);
    if (read === undefined) {
      const value = { trace: this, name: this.#fresh(variable.name) };
      const { trainable, type } = variable;
      this.guards.push(() => variable.trainable === trainable && variable.type === type);
      const reading = new Tensor({ type: variable.type, source: value, tracked: trainable });
      reading.leaf = variable;
      read = { name: value.name, reading };
      this.#variables.set(variable, read);
    }
    return read.reading;
  }

  assign(variable: Variable, value: Tensor): void {
    // What is read from here on is the new value, a leaf of its own for later gradients.
    const { type, source, known } = value;
    const reading = new Tensor({ type, source, known, tracked: variable.trainable });
    reading.leaf = variable;
    this.#assigned.set(variable, reading);
  }

  record(
    node: GraphNode,
    opset: number,
    inputs: readonly (Tensor | undefined)[],
    types: readonly TensorType[],
  ): readonly TracedValue[] {
    const op = operatorOf(node, opset);
    const version = (at: number): number | undefined => op?.versions.findLast((v) => v <= at);
    if (version(opset) !== version(BUILD_OPSET)) throw mixedOpsets({ node: node.name, op: node.op, opset });
    const names = inputs.map((t) => (t === undefined ? '' : this.nameOf(t)));
    const attributes = [...node.attributes].map(([name, a]) => `${name}=${attributeText(a)}`).join(' ');
    const key = `${node.domain} ${node.op} ${types.length} ${names.join(',')} ${attributes}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const name = this.#fresh(`${scope}${node.name}`);
    const outputs = types.map((_, i) => (i === 0 ? name : this.#fresh(`${name}.${i}`)));
    this.nodes.push({ ...node, name, inputs: names, outputs });
    for (const [i, output] of outputs.entries()) this.types.set(output, types[i]!);
    const values = outputs.map((output) => ({ trace: this, name: output }));
    this.#seen.set(key, values);
    return values;
  }

  nameOf(tensor: Tensor): string {
    const { source } = tensor;
    if ('trace' in source) {
      if (source.trace !== this) throw foreign({ shape: `${tensor}` });
      return source.name;
    }
    const { known } = tensor;
    const key = known === undefined ? source : (contentKey(known) ?? source);
    let name = this.#constantNames.get(key);
    if (name === undefined) {
      name = this.#fresh('constant');
      this.#constantNames.set(key, name);
      this.#constants.set(name, known ?? source);
    }
    return name;
  }

  /** A name that no value has, as near to the wish as can be; no value gets it later. */
  unique(wish: string): string {
    return this.#fresh(wish);
  }

  /** Variables that are read, in the order of their inputs, with their names in the graph. */
  get variables(): readonly (readonly [Variable, string])[] {
    return [...this.#variables].map(([variable, { name }]) => [variable, name]);
  }

  /** Variables that change, with their new values. */
  get assignments(): readonly (readonly [Variable, Tensor])[] {
    return [...this.#assigned];
  }

  /**
   * The model that computes `results` and the assigned values. Inputs are the trace's, then the variables' that are read.
   */
  async finish(results: readonly Tensor[], name: string): Promise<Model> {
    const outputs = [...results, ...this.#assigned.values()].map((t) => ({ name: this.nameOf(t), type: t.type }));
    const { nodes, outputs: unique } = named(
      this.nodes,
      outputs,
      [...this.inputs.map((v) => v.name), ...this.variables.map(([, n]) => n), ...this.#constants.keys()],
      (wish) => this.#fresh(wish),
    );
    const live = reachable(
      nodes,
      unique.map((v) => v.name),
    );
    const read = new Set(live.flatMap((n) => n.inputs));
    const constants = new Map<string, Data>();
    for (const [constant, value] of this.#constants) {
      if (read.has(constant)) constants.set(constant, 'read' in value ? await value.read(await hostEngine()) : value);
    }
    const variables = this.variables.map(([variable, input]) => ({ name: input, type: variable.type }));
    const graph: Graph = {
      name,
      inputs: [...this.inputs, ...variables],
      outputs: unique,
      nodes: live,
      constants,
      types: new Map(),
    };
    return {
      irVersion: 9,
      producer: 'systole',
      opsets: new Map([['', BUILD_OPSET]]),
      graph,
      functions: [],
      metadata: new Map(),
    };
  }

  #fresh(wish: string): string {
    let name = wish;
    let n = this.#numbers.get(wish) ?? 0;
    while (this.#taken.has(name)) name = `${wish}_${++n}`;
    this.#numbers.set(wish, n);
    this.#taken.add(name);
    return name;
  }
}

function contentKey(data: Data): string | undefined {
  if ('strings' in data) return undefined;
  if ('splat' in data) return `${data.dtype}[${data.dims}] all ${data.splat}`;
  return data.bytes.length > SMALL ? undefined : `${data.dtype}[${data.dims}] ${tensorBytes(data)}`;
}

/** Outputs that are inputs or constants themselves, or stand there twice, get an Identity: each output is a node's own. */
function named(
  nodes: readonly GraphNode[],
  outputs: readonly GraphValue[],
  given: readonly string[],
  fresh: (wish: string) => string,
): { nodes: readonly GraphNode[]; outputs: readonly GraphValue[] } {
  const used = new Set(given);
  const copies: GraphNode[] = [];
  const unique = outputs.map((output) => {
    if (!used.has(output.name)) {
      used.add(output.name);
      return output;
    }
    const name = fresh('output');
    copies.push({ name, op: 'Identity', domain: '', inputs: [output.name], outputs: [name], attributes: new Map() });
    return { ...output, name };
  });
  return { nodes: [...nodes, ...copies], outputs: unique };
}

/** The nodes that outputs depend on, without trailing optional outputs that nobody reads. */
function reachable(nodes: readonly GraphNode[], outputs: readonly string[]): readonly GraphNode[] {
  const needed = new Set(outputs);
  const kept: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    const specs = operatorOf(node, BUILD_OPSET)?.outputs ?? [];
    let count = node.outputs.length;
    while (count > 1 && !needed.has(node.outputs[count - 1]!) && specs[count - 1]?.arity === 'optional') count--;
    kept.push(count === node.outputs.length ? node : { ...node, outputs: node.outputs.slice(0, count) });
  }
  return kept.reverse();
}
