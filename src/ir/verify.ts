/**
 * The verifier: what every pass may rely on and must leave true. It runs after import, between passes and in tests.
 * Scoping: each name is one value of its graph; a subgraph also sees the names defined before its node outside, and may
 * hide them. Operators' own rules (arity, attribute kinds, shapes) are the business of `ops`.
 */
import { type Diagnostic, diagnostic, type Place } from '#base';
import type { Attribute, Graph, GraphFunction, GraphNode, Model, SparseTensor } from './graph.ts';
import { byteLength, type Tensor } from './tensor.ts';
import { BITS, elementCount } from './types.ts';

/** What gives a name its value; a node by its name. */
type Definer = { readonly kind: 'input' | 'initialiser' } | { readonly kind: 'node'; readonly name: string };

const definerEn = (d: Definer): string =>
  d.kind === 'node' ? `node '${d.name}'` : d.kind === 'input' ? 'an input' : 'an initialiser';
const definerZh = (d: Definer): string =>
  d.kind === 'node' ? `节点 '${d.name}'` : d.kind === 'input' ? '一个输入' : '一个初始值';

// `where` is the path of a graph or function: `main`, `main/if1.then_branch`, `my.domain::f`.
const definedTwice = diagnostic<{ name: string; where: string; first: Definer; second: Definer }>(
  'SYS-IR-001',
  'invalid',
  {
    en: (p) =>
      `value '${p.name}' of '${p.where}' is defined twice: by ${definerEn(p.first)} and by ${definerEn(p.second)}; every name must be one value, so rename one of them`,
    zh: (p) =>
      `'${p.where}' 中的值 '${p.name}' 被定义了两次：${definerZh(p.first)}和${definerZh(p.second)}；一个名字只能对应一个值，请改名`,
  },
);

const undefinedValue = diagnostic<{ name: string; where: string; node: string }>('SYS-IR-002', 'invalid', {
  en: (p) =>
    `node '${p.node}' of '${p.where}' reads '${p.name}', which no input, initialiser or node defines; check the name or add what is missing`,
  zh: (p) =>
    `'${p.where}' 中的节点 '${p.node}' 读取 '${p.name}'，但没有任何输入、初始值或节点定义它；请检查名字或补上缺失的定义`,
});

const usedBeforeDefinition = diagnostic<{ name: string; where: string; node: string; definer: string }>(
  'SYS-IR-003',
  'invalid',
  {
    en: (p) =>
      `node '${p.node}' of '${p.where}' reads '${p.name}' before node '${p.definer}' defines it; nodes must stand in topological order`,
    zh: (p) =>
      `'${p.where}' 中的节点 '${p.node}' 在节点 '${p.definer}' 定义 '${p.name}' 之前就读取了它；节点必须按拓扑顺序排列`,
  },
);

const nodeName = diagnostic<{ name: string; where: string; op: string }>('SYS-IR-004', 'invalid', {
  en: (p) =>
    p.name === ''
      ? `a ${p.op} node of '${p.where}' has no name; give every node a name that is unique in its graph`
      : `node name '${p.name}' stands twice in '${p.where}'; give every node a name that is unique in its graph`,
  zh: (p) =>
    p.name === ''
      ? `'${p.where}' 中有一个 ${p.op} 节点没有名字；每个节点都要有图内唯一的名字`
      : `节点名 '${p.name}' 在'${p.where}' 中出现了两次；每个节点都要有图内唯一的名字`,
});

const outputNotProduced = diagnostic<{ name: string; where: string; outer: boolean }>('SYS-IR-005', 'invalid', {
  en: (p) =>
    `output '${p.name}' of '${p.where}' is not produced there${
      p.outer
        ? ': it is a value of the graph around; hand it through an Identity node'
        : '; no input, initialiser or node has that name'
    }`,
  zh: (p) =>
    `'${p.where}' 的输出 '${p.name}' 并未在其中产生${
      p.outer ? '：它是外层图的值，请经 Identity 节点传出' : '；没有任何输入、初始值或节点叫这个名字'
    }`,
});

const wrongLength = diagnostic<{
  tensor: string;
  type: string;
  unit: 'bytes' | 'strings';
  found: number;
  expected: number;
}>('SYS-IR-006', 'invalid', {
  en: (p) =>
    `tensor '${p.tensor}' is ${p.type}, which takes ${p.expected} ${p.unit}, but holds ${p.found}; the data or the shape is wrong`,
  zh: (p) =>
    `张量 '${p.tensor}' 的类型是 ${p.type}，应有 ${p.expected} ${p.unit === 'bytes' ? '字节' : '个字符串'}，实际有 ${p.found}；数据或形状有误`,
});

const badDimension = diagnostic<{ what: string; dim: number; dims: string }>('SYS-IR-007', 'invalid', {
  en: (p) => `tensor '${p.what}' has dimension ${p.dim} in [${p.dims}]; dimensions are whole numbers from 0 to 2^53`,
  zh: (p) => `张量 '${p.what}' 的形状 [${p.dims}] 含有维度 ${p.dim}；维度必须是 0 到 2^53 的整数`,
});

const noOpset = diagnostic<{ node: string; where: string; domain: string; op: string; known: string }>(
  'SYS-IR-008',
  'invalid',
  {
    en: (p) =>
      `node '${p.node}' (${p.op}) of '${p.where}' belongs to the operator set '${p.domain}', whose version the model does not state (stated: ${p.known}); add it to the model's opset imports`,
    zh: (p) =>
      `'${p.where}' 中的节点 '${p.node}'（${p.op}）属于算子集 '${p.domain}'，但模型没有声明其版本（已声明：${p.known}）；请在模型的 opset 导入中补上`,
  },
);

const functionTwice = diagnostic<{ name: string }>('SYS-IR-009', 'invalid', {
  en: (p) => `function ${p.name} is defined twice; a function is known by domain, name and overload together`,
  zh: (p) => `函数 ${p.name} 被定义了两次；函数由域、名字和重载三者共同标识`,
});

const strayReference = diagnostic<{ node: string; attribute: string; name: string }>('SYS-IR-010', 'invalid', {
  en: (p) =>
    `attribute '${p.attribute}' of node '${p.node}' refers to the caller's attribute '${p.name}', but only a function's body has a caller; give the attribute a value`,
  zh: (p) =>
    `节点 '${p.node}' 的属性 '${p.attribute}' 引用调用者的属性 '${p.name}'，但只有函数体才有调用者；请给该属性一个值`,
});

const badOpset = diagnostic<{ domain: string; version: number }>('SYS-IR-011', 'invalid', {
  en: (p) => `operator set '${p.domain}' has version ${p.version}; versions are whole numbers from 1`,
  zh: (p) => `算子集 '${p.domain}' 的版本是 ${p.version}；版本应为不小于 1 的整数`,
});

const noOperator = diagnostic<{ node: string; where: string }>('SYS-IR-012', 'invalid', {
  en: (p) => `node '${p.node}' of '${p.where}' names no operator; give it an op type`,
  zh: (p) => `'${p.where}' 中的节点 '${p.node}' 没有写明算子；请给出算子类型`,
});

/** Names visible while a graph is walked: those defined so far, and those of the graphs around. */
interface Scope {
  readonly defined: Map<string, Definer>;
  /** Node that will define a name, whether or not it has been reached. */
  readonly definers: ReadonlyMap<string, string>;
  readonly outer: Scope | undefined;
}

/**
 * Checks a whole model.
 * @param file named in the errors
 * @throws SYS-IR-001 … SYS-IR-012, at the first violation
 */
export function verifyModel(model: Model, file?: string): void {
  const walk = new Walk(file);
  walk.opsets(model.opsets);
  const seen = new Set<string>();
  for (const f of model.functions) {
    const key = functionText(f);
    if (seen.has(key)) throw walk.error(functionTwice, { name: key });
    seen.add(key);
    walk.opsets(f.opsets);
    walk.function(f);
  }
  walk.graph(model.graph, model.graph.name, undefined, { opsets: model.opsets, inFunction: false });
}

const functionText = (f: GraphFunction): string =>
  `${f.domain === '' ? '' : `${f.domain}::`}${f.name}${f.overload === '' ? '' : `<${f.overload}>`}`;

interface Context {
  readonly opsets: ReadonlyMap<string, number>;
  readonly inFunction: boolean;
}

class Walk {
  readonly #file: string | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  error<P extends object>(make: Diagnostic<P>, params: P, node?: string): Error {
    const place: Place = {
      ...(this.#file === undefined ? {} : { file: this.#file }),
      ...(node === undefined ? {} : { node }),
    };
    return make(params, place);
  }

  opsets(opsets: ReadonlyMap<string, number>): void {
    for (const [domain, version] of opsets) {
      if (!Number.isSafeInteger(version) || version < 1) throw this.error(badOpset, { domain, version });
    }
  }

  graph(graph: Graph, where: string, outer: Scope | undefined, context: Context): void {
    const scope: Scope = { defined: new Map(), definers: definersOf(graph.nodes), outer };
    for (const input of graph.inputs) this.#define(scope, input.name, where, { kind: 'input' });
    for (const [name, tensor] of graph.constants) {
      this.#define(scope, name, where, { kind: 'initialiser' });
      this.#tensor(tensor, `${where}/${name}`);
    }
    this.#nodes(graph.nodes, where, scope, context);
    this.#outputs(
      graph.outputs.map((v) => v.name),
      where,
      scope,
    );
  }

  function(f: GraphFunction): void {
    const where = functionText(f);
    const scope: Scope = { defined: new Map(), definers: definersOf(f.nodes), outer: undefined };
    for (const input of f.inputs) this.#define(scope, input, where, { kind: 'input' });
    for (const [name, value] of f.defaults) this.#attribute(value, `${where}.${name}`);
    this.#nodes(f.nodes, where, scope, { opsets: f.opsets, inFunction: true });
    this.#outputs(f.outputs, where, scope);
  }

  #define(scope: Scope, name: string, where: string, by: Definer, node?: string): void {
    const first = scope.defined.get(name);
    if (first !== undefined) throw this.error(definedTwice, { name, where, first, second: by }, node);
    scope.defined.set(name, by);
  }

  #nodes(nodes: readonly GraphNode[], where: string, scope: Scope, context: Context): void {
    const names = new Set<string>();
    for (const node of nodes) {
      if (node.name === '' || names.has(node.name)) {
        throw this.error(nodeName, { name: node.name, where, op: node.op }, node.name);
      }
      names.add(node.name);
      if (node.op === '') throw this.error(noOperator, { node: node.name, where }, node.name);
      if (!context.opsets.has(node.domain)) {
        const known = [...context.opsets.keys()].map((d) => `'${d}'`).join(', ') || '-';
        const params = { node: node.name, where, domain: node.domain, op: node.op, known };
        throw this.error(noOpset, params, node.name);
      }
      for (const input of node.inputs) if (input !== '') this.#use(scope, input, where, node.name);
      this.#attributes(node, where, scope, context);
      for (const output of node.outputs) {
        if (output !== '') this.#define(scope, output, where, { kind: 'node', name: node.name }, node.name);
      }
    }
  }

  #use(scope: Scope, name: string, where: string, node: string): void {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) if (s.defined.has(name)) return;
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const definer = s.definers.get(name);
      if (definer !== undefined) throw this.error(usedBeforeDefinition, { name, where, node, definer }, node);
    }
    throw this.error(undefinedValue, { name, where, node }, node);
  }

  #outputs(names: readonly string[], where: string, scope: Scope): void {
    for (const name of names) {
      if (scope.defined.has(name)) continue;
      let outer = false;
      for (let s = scope.outer; s !== undefined; s = s.outer) outer ||= s.defined.has(name);
      throw this.error(outputNotProduced, { name, where, outer });
    }
  }

  #attributes(node: GraphNode, where: string, scope: Scope, context: Context): void {
    for (const [name, attribute] of node.attributes) {
      if (attribute.kind === 'reference') {
        if (context.inFunction) continue;
        throw this.error(strayReference, { node: node.name, attribute: name, name: attribute.name }, node.name);
      }
      const graphs =
        attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [];
      for (const g of graphs) {
        this.graph(g, `${where}/${node.name}.${name}`, scope, context);
      }
      this.#attribute(attribute, `${node.name}.${name}`, node.name);
    }
  }

  #attribute(attribute: Attribute, what: string, node?: string): void {
    if (attribute.kind === 'tensor') this.#tensor(attribute.value, what, node);
    else if (attribute.kind === 'tensors') for (const t of attribute.value) this.#tensor(t, what, node);
    else if (attribute.kind === 'sparse') this.#sparse(attribute.value, what, node);
    else if (attribute.kind === 'sparses') for (const t of attribute.value) this.#sparse(t, what, node);
  }

  #sparse(t: SparseTensor, what: string, node?: string): void {
    this.#dims(t.dims, what, node);
    this.#tensor(t.values, `${what}.values`, node);
    this.#tensor(t.indices, `${what}.indices`, node);
  }

  #dims(dims: readonly number[], what: string, node?: string): void {
    for (const dim of dims) {
      if (!Number.isSafeInteger(dim) || dim < 0) {
        throw this.error(badDimension, { what, dim, dims: dims.join(',') }, node);
      }
    }
  }

  #tensor(t: Tensor, what: string, node?: string): void {
    this.#dims(t.dims, what, node);
    const count = elementCount(t.dims);
    const type = `${t.dtype}[${t.dims.join(',')}]`;
    const fail = (found: number, expected: number, unit: 'bytes' | 'strings' = 'bytes'): Error =>
      this.error(wrongLength, { tensor: what, type, unit, found, expected }, node);
    if ('strings' in t) {
      if (t.strings.length !== count) throw fail(t.strings.length, count, 'strings');
    } else if ('splat' in t) {
      if (BITS[t.dtype] < 8 || t.splat.length * 8 !== BITS[t.dtype]) {
        throw fail(t.splat.length, BITS[t.dtype] / 8);
      }
    } else if (t.bytes.length !== byteLength(t.dtype, count)) {
      throw fail(t.bytes.length, byteLength(t.dtype, count));
    }
  }
}

function definersOf(nodes: readonly GraphNode[]): Map<string, string> {
  const definers = new Map<string, string>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '') definers.set(output, node.name);
  return definers;
}
