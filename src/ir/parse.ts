/**
 * The text form back to a model: recursive descent over the tokens of `lexer.ts`, one method for each construct that
 * `print.ts` writes. Whatever parses is verified too, so a text edited by hand is a model or an error with a place.
 */
import type { Attribute, Graph, GraphFunction, GraphNode, GraphValue, Model, SparseTensor } from './graph.ts';
import { Lexer } from './lexer.ts';
import { definedTwice, LiteralParser, tooDeep } from './parseLiterals.ts';
import type { Tensor } from './tensor.ts';
import { REFERENCE_TYPES } from './textForm.ts';
import { DATA_TYPES, type ValueType } from './types.ts';
import { verifyModel } from './verify.ts';

/**
 * Reads what `printModel` wrote.
 * @param file named in errors
 * @throws SYS-IR-100 … 109 with line and column, and what `verifyModel` throws
 */
export function parseModel(text: string, file?: string): Model {
  const model = new Parser(new Lexer(text, file)).model();
  verifyModel(model, file);
  return model;
}

/** Graphs inside graphs; deeper ones would exhaust the stack of some host. */
const DEPTH_LIMIT = 100;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

class Parser {
  readonly #lexer: Lexer;
  readonly #literals: LiteralParser;
  #depth = 0;

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
    this.#literals = new LiteralParser(lexer);
  }

  model(): Model {
    const lexer = this.#lexer;
    lexer.expect('model');
    lexer.expect('ir');
    lexer.expect('=');
    const irVersion = this.#literals.whole();
    lexer.expect('producer');
    lexer.expect('=');
    const producer = this.#literals.string();
    const opsets = this.#opsets();
    const metadata = lexer.accept('metadata') ? this.#map(() => this.#literals.string()) : new Map<string, string>();
    const functions: GraphFunction[] = [];
    while (lexer.accept('function')) functions.push(this.#function());
    const graph = this.#graph();
    if (lexer.token.kind !== 'end') throw lexer.unexpected('the end of the text', '文本结尾');
    return { irVersion, producer, opsets, graph, functions, metadata };
  }

  #opsets(): Map<string, number> {
    this.#lexer.expect('opset');
    return this.#map(() => this.#literals.whole());
  }

  #map<T>(value: () => T): Map<string, T> {
    const map = new Map<string, T>();
    this.#lexer.expect('{');
    this.#list('}', () => {
      const token = this.#lexer.token;
      const key = this.#literals.string();
      if (map.has(key)) throw this.#lexer.error(definedTwice, { name: key }, token);
      this.#lexer.expect(':');
      map.set(key, value());
    });
    return map;
  }

  /** Items separated by commas, up to and with the closing mark. */
  #list(close: string, item: () => void): void {
    if (this.#lexer.accept(close)) return;
    do item();
    while (this.#lexer.accept(','));
    if (!this.#lexer.accept(close)) throw this.#lexer.unexpected(`',' or '${close}'`, `',' 或 '${close}'`);
  }

  #names(): string[] {
    const names: string[] = [];
    this.#lexer.expect('(');
    this.#list(')', () => names.push(this.#literals.name()));
    return names;
  }

  #graph(): Graph {
    const lexer = this.#lexer;
    const start = lexer.expect('graph');
    if (++this.#depth > DEPTH_LIMIT) throw lexer.error(tooDeep, { limit: DEPTH_LIMIT }, start);
    const name = this.#literals.name();
    const inputs = this.#values();
    lexer.expect('->');
    const outputs = this.#values();
    const constants = new Map<string, Tensor>();
    const types = new Map<string, ValueType>();
    const nodes = this.#body(types, constants);
    this.#depth--;
    return { name, inputs, outputs, nodes, constants, types };
  }

  #values(): GraphValue[] {
    const values: GraphValue[] = [];
    this.#lexer.expect('(');
    this.#list(')', () => {
      const name = this.#literals.name();
      values.push({ name, type: this.#lexer.accept(':') ? this.#literals.type() : undefined });
    });
    return values;
  }

  #function(): GraphFunction {
    const lexer = this.#lexer;
    const { domain, name, overload } = this.#operator();
    const attributes: string[] = [];
    const defaults = new Map<string, Attribute>();
    if (lexer.accept('[')) {
      this.#list(']', () => {
        const token = lexer.token;
        const attribute = this.#literals.name();
        if (attributes.includes(attribute) || defaults.has(attribute)) {
          throw lexer.error(definedTwice, { name: attribute }, token);
        }
        if (lexer.accept('=')) defaults.set(attribute, this.#attribute());
        else attributes.push(attribute);
      });
    }
    const inputs = this.#names();
    lexer.expect('->');
    const outputs = this.#names();
    const opsets = this.#opsets();
    const types = new Map<string, ValueType>();
    const nodes = this.#body(types, undefined);
    return { domain, name, overload: overload ?? '', inputs, outputs, attributes, defaults, nodes, types, opsets };
  }

  /** `domain::Name<overload>` */
  #operator(): { domain: string; name: string; overload: string | undefined } {
    let domain = '';
    let name = this.#literals.name();
    if (this.#lexer.accept('::')) {
      domain = name;
      name = this.#literals.name();
    }
    let overload: string | undefined;
    if (this.#lexer.accept('<')) {
      overload = this.#literals.name();
      this.#lexer.expect('>');
    }
    return { domain, name, overload };
  }

  /** @param constants undefined in a function, which has none */
  #body(types: Map<string, ValueType>, constants: Map<string, Tensor> | undefined): GraphNode[] {
    const lexer = this.#lexer;
    const nodes: GraphNode[] = [];
    const addType = (name: string): void => {
      const token = lexer.token;
      lexer.expect(':');
      const type = this.#literals.type();
      if (types.has(name)) throw lexer.error(definedTwice, { name }, token);
      if (type !== undefined) types.set(name, type);
    };
    lexer.expect('{');
    while (!lexer.accept('}')) {
      if (lexer.accept('type')) addType(this.#literals.name());
      else if (constants !== undefined && lexer.accept('const')) {
        const token = lexer.token;
        const name = this.#literals.name();
        if (constants.has(name)) throw lexer.error(definedTwice, { name }, token);
        lexer.expect(':');
        const { dtype, dims } = this.#literals.tensorType();
        lexer.expect('=');
        constants.set(name, this.#literals.data(dtype, dims));
      } else nodes.push(this.#node(addType));
    }
    nameTheNameless(nodes);
    return nodes;
  }

  #node(addType: (name: string) => void): Writable<GraphNode> {
    const lexer = this.#lexer;
    const outputs: string[] = [];
    if (!lexer.accept('=')) {
      do {
        const { token } = lexer;
        if (token.kind !== 'name' && token.kind !== 'string') {
          throw lexer.unexpected(
            "a node (output = Op(inputs)), 'const', 'type' or '}'",
            "节点（输出 = 算子(输入)）、'const'、'type' 或 '}'",
          );
        }
        const name = this.#literals.name();
        outputs.push(name);
        if (lexer.at(':')) addType(name);
      } while (lexer.accept(','));
      lexer.expect('=');
    }
    const { domain, name: op, overload } = this.#operator();
    const attributes = new Map<string, Attribute>();
    if (lexer.accept('[')) {
      this.#list(']', () => {
        const token = lexer.token;
        const name = this.#literals.name();
        if (attributes.has(name)) throw lexer.error(definedTwice, { name }, token);
        lexer.expect('=');
        attributes.set(name, this.#attribute());
      });
    }
    const inputs = this.#names();
    const name = lexer.accept('@') ? this.#literals.name() : '';
    return { name, op, domain, ...(overload === undefined ? {} : { overload }), inputs, outputs, attributes };
  }

  #attribute(): Attribute {
    const lexer = this.#lexer;
    if (lexer.accept('[')) return this.#attributeList();
    const single = this.#single();
    if (single !== undefined) return single;
    const { token } = lexer;
    const empty = EMPTY_LISTS.get(token.text);
    if (token.kind === 'name' && empty !== undefined) {
      lexer.next();
      lexer.expect('[');
      lexer.expect(']');
      return empty;
    }
    if (lexer.accept('ref')) return this.#reference();
    throw lexer.unexpected(
      'an attribute: a number, a string, a list, a tensor (float32[2] {1, 2}), a graph, type(…), sparse[…](…) or ref(…)',
      '属性值：数字、字符串、列表、张量（float32[2] {1, 2}）、graph、type(…)、sparse[…](…) 或 ref(…)',
    );
  }

  #reference(): Attribute {
    const lexer = this.#lexer;
    lexer.expect('(');
    const name = this.#literals.name();
    lexer.expect(':');
    const { token } = lexer;
    const type = token.kind === 'number' ? this.#literals.whole() : REFERENCE_TYPES.indexOf(lexer.next().text as never);
    if (type < 0) throw lexer.unexpected(REFERENCE_TYPES.join(', '), REFERENCE_TYPES.join('、'), token);
    lexer.expect(')');
    return { kind: 'reference', name, type };
  }

  /** A value that stands alone or in a list; undefined where something else comes next. */
  #single(): Single | undefined {
    const { token } = this.#lexer;
    if (token.kind === 'string') return { kind: 'string', value: this.#literals.string() };
    if (token.kind === 'number' || this.#lexer.at('nan') || this.#lexer.at('inf')) return this.#literals.number();
    if (token.kind !== 'name') return undefined;
    if (token.text === 'graph') return { kind: 'graph', value: this.#graph() };
    if (token.text === 'sparse') return { kind: 'sparse', value: this.#sparse() };
    if (token.text === 'type') return { kind: 'type', value: this.#literals.wrappedType() };
    if ((DATA_TYPES as readonly string[]).includes(token.text)) return { kind: 'tensor', value: this.#tensor() };
    return undefined;
  }

  /** After `[`: at least one value, all of one kind. */
  #attributeList(): Attribute {
    if (this.#lexer.at(']')) {
      const tags = [...EMPTY_LISTS.keys()].map((k) => `${k}[]`).join(', ');
      throw this.#lexer.unexpected(`a list item; an empty list is written ${tags}`, `列表项；空列表写作 ${tags}`);
    }
    const values: Single[] = [];
    this.#list(']', () => {
      const { token } = this.#lexer;
      const value = this.#single();
      const first = values[0];
      if (value === undefined) throw this.#lexer.unexpected('a list item', '列表项');
      if (first !== undefined && value.kind !== first.kind) {
        const hint = first.kind === 'float' ? ' (such as 1.0)' : '';
        throw this.#lexer.unexpected(`another ${first.kind}${hint}`, `又一个 ${first.kind}${hint}`, token);
      }
      values.push(value);
    });
    return listOf(values);
  }

  #tensor(): Tensor {
    const { dtype, dims } = this.#literals.tensorType();
    return this.#literals.data(dtype, dims);
  }

  #sparse(): SparseTensor {
    const lexer = this.#lexer;
    lexer.expect('sparse');
    const dims = this.#literals.sizes();
    lexer.expect('(');
    lexer.expect('values');
    lexer.expect('=');
    const values = this.#tensor();
    lexer.expect(',');
    lexer.expect('indices');
    lexer.expect('=');
    const indices = this.#tensor();
    lexer.expect(')');
    return { dims, values, indices };
  }
}

type Single = Extract<Attribute, { kind: 'int' | 'float' | 'string' | 'tensor' | 'sparse' | 'graph' | 'type' }>;

const EMPTY_LISTS: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['ints', { kind: 'ints', value: [] }],
  ['floats', { kind: 'floats', value: [] }],
  ['strings', { kind: 'strings', value: [] }],
  ['tensors', { kind: 'tensors', value: [] }],
  ['sparses', { kind: 'sparses', value: [] }],
  ['graphs', { kind: 'graphs', value: [] }],
  ['types', { kind: 'types', value: [] }],
]);

/** @param values all of the first one's kind */
function listOf(values: readonly Single[]): Attribute {
  const of = <K extends Single['kind']>(kind: K) =>
    values.filter((v): v is Extract<Single, { kind: K }> => v.kind === kind).map((v) => v.value as never);
  const { kind } = values[0]!;
  switch (kind) {
    case 'int':
      return { kind: 'ints', value: of(kind) };
    case 'float':
      return { kind: 'floats', value: of(kind) };
    case 'string':
      return { kind: 'strings', value: of(kind) };
    case 'tensor':
      return { kind: 'tensors', value: of(kind) };
    case 'sparse':
      return { kind: 'sparses', value: of(kind) };
    case 'graph':
      return { kind: 'graphs', value: of(kind) };
    case 'type':
      return { kind: 'types', value: of(kind) };
  }
}

/** Nodes written without `@name` are named by operator and position. */
function nameTheNameless(nodes: readonly Writable<GraphNode>[]): void {
  const taken = new Set(nodes.map((node) => node.name));
  for (const [i, node] of nodes.entries()) {
    if (node.name !== '') continue;
    let n = i;
    while (taken.has(`${node.op}_${n}`)) n++;
    node.name = `${node.op}_${n}`;
    taken.add(node.name);
  }
}
