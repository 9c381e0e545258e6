/**
 * The text form of a model: readable, complete, and read back by `parse.ts` to the same value.
 *
 *     model ir=8 producer="pytorch" opset {"": 17}
 *     graph main(x: float32[1,3,N]) -> (y: float32[1,8,N]) {
 *       const w: float32[8,3,1] = base64 "…"
 *       h: float32[1,8,N] = Conv[group=1, pads=[0, 0]](x, w, _) @conv1
 *       y = my.domain::Scale[alpha=0.5](h) @scale
 *     }
 *
 * Convention: names that are no plain words stand in quotes, `_` is an absent input or output, `#` starts a comment, a
 * number with neither point nor exponent is an int. Types of inner values stand where the value is defined.
 */
import { diagnostic } from '#base';
import type { Attribute, Graph, GraphFunction, GraphNode, GraphValue, Model, SparseTensor } from './graph.ts';
import { byteLength, type Tensor, tensorIntegers, tensorNumbers, tensorOf } from './tensor.ts';
import { equalBytes, floatText, integerRange, nameText, REFERENCE_TYPES, rounding, toBase64 } from './textForm.ts';
import { type DataType, elementCount, type ValueType } from './types.ts';

const tooLong = diagnostic<{ characters: number; limit: number }>('SYS-IR-110', 'unsupported', {
  en: (p) =>
    `the model's text would have about ${p.characters} characters, more than the ${p.limit} one string can hold; print it with elided tensors, or keep it as .onnx`,
  zh: (p) => `模型的文本约有 ${p.characters} 个字符，超过单个字符串的上限 ${p.limit}；请省略张量后打印，或保留为 .onnx`,
});

/** A safe margin below the longest string of V8 (2^29 − 24). */
const TEXT_LIMIT = 500_000_000;

/** Tensors of up to this many elements are written as numbers, larger ones as base64. */
const LIST_LIMIT = 32;

export interface PrintOptions {
  /** Leave out the data of tensors with more elements than this: for people; such a text does not parse back. */
  readonly elideTensors?: number;
}

/** @throws SYS-IR-110 where the text would not fit a string */
export function printModel(model: Model, options: PrintOptions = {}): string {
  const printer = new Printer(options);
  printer.model(model);
  return printer.text();
}

class Printer {
  readonly #lines: string[] = [];
  readonly #elideAbove: number;
  #base64 = 0;

  constructor(options: PrintOptions) {
    this.#elideAbove = options.elideTensors ?? Number.POSITIVE_INFINITY;
    if (options.elideTensors !== undefined) {
      this.#lines.push(
        `# Tensors above ${options.elideTensors} elements are elided: for reading, this text does not parse back.`,
      );
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  model(model: Model): void {
    const producer = JSON.stringify(model.producer);
    this.#lines.push(`model ir=${model.irVersion} producer=${producer} opset ${mapText(model.opsets)}`);
    if (model.metadata.size > 0) this.#lines.push(`metadata ${mapText(model.metadata)}`);
    for (const f of model.functions) this.#function(f);
    this.#lines.push('', this.#graph(model.graph, ''));
  }

  #function(f: GraphFunction): void {
    const name = `${domainText(f.domain)}${nameText(f.name)}${f.overload === '' ? '' : `<${nameText(f.overload)}>`}`;
    const attributes = [
      ...f.attributes.map(nameText),
      ...[...f.defaults].map(([key, value]) => `${nameText(key)}=${this.#attribute(value, '')}`),
    ];
    const list = attributes.length === 0 ? '' : `[${attributes.join(', ')}]`;
    const outputs = f.outputs.map(nameText).join(', ');
    const head = `function ${name}${list}(${f.inputs.map(nameText).join(', ')}) -> (${outputs})`;
    const body = this.#body(f.nodes, f.types, '  ');
    this.#lines.push('', [`${head} opset ${mapText(f.opsets)} {`, ...body, '}'].join('\n'));
  }

  /** Without the indent of its first line, which stands behind something else where the graph is an attribute. */
  #graph(graph: Graph, indent: string): string {
    const values = (list: readonly GraphValue[]): string => list.map((v) => valueText(v.name, v.type)).join(', ');
    const inner = `${indent}  `;
    const constants = [...graph.constants].map(([name, tensor]) => {
      return `${inner}const ${nameText(name)}: ${tensorType(tensor)} = ${this.#data(tensor)}`;
    });
    return [
      `graph ${nameText(graph.name)}(${values(graph.inputs)}) -> (${values(graph.outputs)}) {`,
      ...constants,
      ...this.#body(graph.nodes, graph.types, inner),
      `${indent}}`,
    ].join('\n');
  }

  #body(nodes: readonly GraphNode[], types: ReadonlyMap<string, ValueType>, indent: string): string[] {
    const inline = new Set<string>();
    const lines = nodes.map((node) => `${indent}${this.#node(node, types, inline, indent)}`);
    const rest = [...types].filter(([name]) => !inline.has(name));
    return [...rest.map(([name, type]) => `${indent}type ${valueText(name, type)}`), ...lines];
  }

  #node(node: GraphNode, types: ReadonlyMap<string, ValueType>, inline: Set<string>, indent: string): string {
    const outputs = node.outputs.map((name) => {
      const type = name === '' || inline.has(name) ? undefined : types.get(name);
      if (type !== undefined) inline.add(name);
      return valueText(name, type);
    });
    const overload = node.overload === undefined ? '' : `<${nameText(node.overload)}>`;
    const attributes = [...node.attributes].map(([name, a]) => `${nameText(name)}=${this.#attribute(a, indent)}`);
    const list = attributes.length === 0 ? '' : `[${attributes.join(', ')}]`;
    const op = `${domainText(node.domain)}${nameText(node.op)}${overload}${list}`;
    const left = outputs.length === 0 ? '' : `${outputs.join(', ')} `;
    return `${left}= ${op}(${node.inputs.map(nameText).join(', ')}) @${nameText(node.name)}`;
  }

  #attribute(attribute: Attribute, indent: string): string {
    const list = <T>(items: readonly T[], text: (item: T) => string): string =>
      items.length === 0 ? `${attribute.kind}[]` : `[${items.map(text).join(', ')}]`;
    const graph = (g: Graph): string => this.#graph(g, indent);
    const type = (t: ValueType): string => `type(${typeForm(t)})`;
    switch (attribute.kind) {
      case 'int':
        return String(attribute.value);
      case 'float':
        return attributeFloat(attribute.value);
      case 'string':
        return JSON.stringify(attribute.value);
      case 'tensor':
        return this.#tensor(attribute.value);
      case 'sparse':
        return this.#sparse(attribute.value);
      case 'graph':
        return graph(attribute.value);
      case 'type':
        return type(attribute.value);
      case 'ints':
        return list(attribute.value, String);
      case 'floats':
        return list(attribute.value, attributeFloat);
      case 'strings':
        return list(attribute.value, (s) => JSON.stringify(s));
      case 'tensors':
        return list(attribute.value, (t) => this.#tensor(t));
      case 'sparses':
        return list(attribute.value, (t) => this.#sparse(t));
      case 'graphs':
        return list(attribute.value, graph);
      case 'types':
        return list(attribute.value, type);
      case 'reference':
        return `ref(${nameText(attribute.name)}: ${REFERENCE_TYPES[attribute.type] ?? attribute.type})`;
    }
  }

  #tensor(t: Tensor): string {
    return `${tensorType(t)} ${this.#data(t)}`;
  }

  #sparse(t: SparseTensor): string {
    return `sparse[${t.dims.join(',')}](values=${this.#tensor(t.values)}, indices=${this.#tensor(t.indices)})`;
  }

  #data(t: Tensor): string {
    const count = elementCount(t.dims);
    if (count > this.#elideAbove && !('splat' in t)) return `… ${count} elements`;
    if ('strings' in t) return `{${t.strings.map((s) => JSON.stringify(s)).join(', ')}}`;
    if ('splat' in t) {
      const [number] = numberTexts(t.dtype, 1, t.splat) ?? [];
      return `splat ${number ?? `base64 "${toBase64(t.splat)}"`}`;
    }
    const numbers = count <= LIST_LIMIT ? numberTexts(t.dtype, count, t.bytes) : undefined;
    if (numbers !== undefined) return `{${numbers.join(', ')}}`;
    this.#base64 += (t.bytes.length / 3) * 4;
    if (this.#base64 > TEXT_LIMIT) throw tooLong({ characters: Math.round(this.#base64), limit: TEXT_LIMIT });
    return `base64 "${toBase64(t.bytes)}"`;
  }
}

/** The elements as numbers; undefined where numbers do not say every bit (NaN payloads, types without arithmetic). */
function numberTexts(dtype: Exclude<DataType, 'string'>, count: number, bytes: Uint8Array): string[] | undefined {
  if (bytes.length !== byteLength(dtype, count)) return undefined;
  const tensor: Tensor = { dtype, dims: [count], bytes };
  const round = rounding(dtype);
  if (round === undefined && integerRange(dtype) === undefined) return undefined;
  // `nan` reads back as the one NaN of the language; a NaN read from bytes may still carry its sign and payload, and
  // writing that one would give the same bytes again and hide the difference.
  const values =
    round === undefined
      ? tensorIntegers(tensor)
      : Array.from(tensorNumbers(tensor), (v) => (Number.isNaN(v) ? Number.NaN : v));
  const back = tensorOf(dtype, [count], values);
  if (!('bytes' in back) || !equalBytes(back.bytes, bytes)) return undefined;
  return values.map((v) => (typeof v === 'bigint' || round === undefined ? String(v) : floatText(v, round)));
}

/** Attributes are float32 in a file, so `0.1` means the nearest float32; what float32 cannot hold ends in `d`. */
function attributeFloat(value: number): string {
  const single = Number.isNaN(value) || Math.fround(value) === value;
  const text = single ? floatText(value, Math.fround) : String(value);
  return `${/[.en]/.test(text) ? text : `${text}.0`}${single ? '' : 'd'}`;
}

const domainText = (domain: string): string => (domain === '' ? '' : `${nameText(domain)}::`);

const mapText = (map: ReadonlyMap<string, string | number>): string =>
  `{${[...map].map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')}}`;

const tensorType = (t: Tensor): string => `${t.dtype}[${t.dims.join(',')}]`;

const valueText = (name: string, type: ValueType | undefined): string =>
  type === undefined ? nameText(name) : `${nameText(name)}: ${typeForm(type)}`;

/** As `typeText` for people, with quotes where a name needs them. */
function typeForm(type: ValueType | undefined): string {
  if (type === undefined) return '?';
  switch (type.kind) {
    case 'tensor':
    case 'sparse': {
      const dims = type.shape?.map((d) => (d === null ? '?' : typeof d === 'number' ? String(d) : nameText(d)));
      const text = `${type.dtype}[${dims === undefined ? '*' : dims.join(',')}]`;
      return type.kind === 'sparse' ? `sparse(${text})` : text;
    }
    case 'sequence':
      return `seq(${typeForm(type.element)})`;
    case 'optional':
      return `optional(${typeForm(type.element)})`;
    case 'map':
      return `map(${type.key},${typeForm(type.value)})`;
    case 'opaque':
      return `opaque(${nameText(type.name)})`;
  }
}
