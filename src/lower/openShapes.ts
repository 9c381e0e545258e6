/** Shapes that are not known when a model is compiled: where they come from, and what to do about it. */
import { type Graph, type GraphNode, namesRead, staticShape, typeOf, typeText, type ValueType } from '#ir';

/** What is said of a value whose shape is open. */
export interface OpenShape {
  readonly type: string;
  /** Its dimensions with names: a size can be given to those. */
  readonly symbols: readonly string[];
  /** The first node on the way to it that makes an open shape of static ones; absent for inputs. */
  readonly origin:
    | { readonly node: string; readonly op: string; readonly value: string; readonly type: string }
    | undefined;
}

export function openShape(graph: Graph, value: string, type: ValueType | undefined): OpenShape {
  const origin = originOf(graph, value);
  const made = origin && typeOf(graph, origin.value);
  return {
    type: typeText(type),
    symbols: symbolsIn(origin === undefined ? type : made),
    origin: origin && { node: origin.node.name, op: origin.node.op, value: origin.value, type: typeText(made) },
  };
}

const symbolsIn = (type: ValueType | undefined): string[] =>
  type?.kind === 'tensor' ? (type.shape ?? []).filter((d) => typeof d === 'string') : [];

function originOf(graph: Graph, value: string): { node: GraphNode; value: string } | undefined {
  const needed = new Set([value]);
  const way = [...graph.nodes].reverse().filter((node) => {
    if (!node.outputs.some((o) => needed.has(o))) return false;
    for (const name of namesRead(node)) needed.add(name);
    return true;
  });
  const isOpen = (name: string): boolean => name !== '' && staticShape(typeOf(graph, name)) === undefined;
  for (const node of way.reverse()) {
    const made = node.outputs.find((o) => needed.has(o) && isOpen(o));
    if (made !== undefined) return { node, value: made };
  }
  return undefined;
}

export const cause = {
  en: ({ origin }: OpenShape): string =>
    origin === undefined
      ? ''
      : `Node '${origin.node}' (${origin.op}) makes '${origin.value}' of type ${origin.type}: that shape depends on data or is not stated. `,
  zh: ({ origin }: OpenShape): string =>
    origin === undefined
      ? ''
      : `节点“${origin.node}”（${origin.op}）产生类型为 ${origin.type} 的“${origin.value}”：该形状取决于数据或未被声明。`,
} as const;

export const repair = {
  en: ({ origin, symbols }: OpenShape): string =>
    symbols.length > 0
      ? `Give sizes of symbolic dimensions with --dim ${symbols[0]}=SIZE${origin === undefined ? ' (or --batch SIZE)' : ''}.`
      : origin === undefined
        ? 'Give the first dimension a size with --batch N; state others in the model.'
        : `If it is always the same, state it in the model (value_info of '${origin.value}'); otherwise end the model before that node.`,
  zh: ({ origin, symbols }: OpenShape): string =>
    symbols.length > 0
      ? `请用 --dim ${symbols[0]}=大小${origin === undefined ? '（或 --batch 大小）' : ''}给出符号维度的大小。`
      : origin === undefined
        ? '请用 --batch N 给出第一维的大小；其余维度请在模型中写明。'
        : `若其形状固定，请在模型中写明（“${origin.value}”的 value_info）；否则请让模型在该节点之前结束。`,
} as const;
