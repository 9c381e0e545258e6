/** Symbolic dimensions of a model: which there are, and giving them sizes. */
import { diagnostic, nearestName } from '#base';
import type { Dim, Graph, GraphValue, Model, ValueType } from '#ir';

const unknownSymbol = diagnostic<{ name: string; symbols: readonly string[] }>('SYS-OPS-002', 'usage', {
  en: (p) =>
    `the model has no symbolic dimension '${p.name}'; ` +
    (p.symbols.length === 0
      ? 'all its dimensions are fixed.'
      : `it has ${p.symbols.join(', ')}.${hint(p, 'Did you mean ', '?')}`),
  zh: (p) =>
    `模型没有符号维 '${p.name}'；` +
    (p.symbols.length === 0 ? '它的各维都是固定的。' : `现有 ${p.symbols.join('、')}。${hint(p, '是否想写 ', '？')}`),
});

const badSize = diagnostic<{ name: string; size: number }>('SYS-OPS-003', 'usage', {
  en: (p) => `dimension '${p.name}' is given the size ${p.size}; give a whole number from 1.`,
  zh: (p) => `维 '${p.name}' 的大小为 ${p.size}；请给出不小于 1 的整数。`,
});

function hint(p: { name: string; symbols: readonly string[] }, before: string, after: string): string {
  const near = nearestName(p.name, p.symbols);
  return near === undefined ? '' : ` ${before}'${near}'${after}`;
}

/** The symbols in a graph's types, in order of appearance: inputs first. */
export function symbolsOf(graph: Graph): string[] {
  const found = new Set<string>();
  const visit = (type: ValueType | undefined): void => {
    mapDims(type, (d) => {
      if (typeof d === 'string') found.add(d);
      return d;
    });
  };
  for (const value of [...graph.inputs, ...graph.outputs]) visit(value.type);
  for (const type of graph.types.values()) visit(type);
  return [...found];
}

/** The model with sizes in place of symbols. @throws SYS-OPS-002, SYS-OPS-003 */
export function bindDims(model: Model, sizes: Readonly<Record<string, number>>): Model {
  const { graph } = model;
  const symbols = symbolsOf(graph);
  for (const [name, size] of Object.entries(sizes)) {
    if (!symbols.includes(name)) throw unknownSymbol({ name, symbols });
    if (!Number.isSafeInteger(size) || size < 1) throw badSize({ name, size });
  }
  const bind = (d: Dim): Dim => (typeof d === 'string' && Object.hasOwn(sizes, d) ? sizes[d]! : d);
  const value = (v: GraphValue): GraphValue => ({ name: v.name, type: mapDims(v.type, bind) });
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(value),
      outputs: graph.outputs.map(value),
      types: new Map([...graph.types].map(([name, type]) => [name, mapDims(type, bind)!])),
    },
  };
}

function mapDims(type: ValueType | undefined, f: (d: Dim) => Dim): ValueType | undefined {
  switch (type?.kind) {
    case 'tensor':
    case 'sparse':
      return type.shape === undefined ? type : { ...type, shape: type.shape.map(f) };
    case 'sequence':
    case 'optional':
      return { kind: type.kind, element: mapDims(type.element, f) };
    case 'map':
      return { ...type, value: mapDims(type.value, f) };
    default:
      return type;
  }
}
