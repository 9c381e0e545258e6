/**
 * prune: the part of a graph that computes what is fetched. Feeds cut the graph: what only leads to a fed value goes, too. This is what
 * frameworks do before they run a graph, and it says what it did and why, in levels: 0 nothing, 1 a summary, 2 each node that goes,
 * 3 each node that is visited as well. Convention: the walk goes from the fetched values backwards, and `node` here is a node or constant.
 */
import { diagnostic, nearestName } from '#base';
import { type GraphNode, type GraphValue, type Model, namesRead, typeOf } from '#ir';
import type { LogLevel, LogLine, LogWriter } from './log.ts';
import { freshNames, withNodes } from './rewrite.ts';

const unknownValue = diagnostic<{ what: 'fetch' | 'feed'; name: string; nearest: string | undefined }>(
  'SYS-PAS-040',
  'usage',
  {
    en: (p) =>
      `the graph has no value '${p.name}' to ${p.what}${p.nearest ? `; did you mean '${p.nearest}'?` : '; name the output of a node, an input or a constant'}`,
    zh: (p) =>
      `图中没有可${p.what === 'fetch' ? '获取' : '供给'}的值“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : '；请给出节点输出、输入或常量的名称'}`,
  },
);

const untyped = diagnostic<{ name: string }>('SYS-PAS-041', 'usage', {
  en: (p) =>
    `the type of the fed value '${p.name}' is not known, so it cannot become an input. Infer types before (inferTypes).`,
  zh: (p) => `被供给的值“${p.name}”类型未知，不能成为输入。请先推断类型（inferTypes）。`,
});

export interface PruneOptions {
  /** Values that are asked for; they become the outputs. */
  readonly fetches: readonly string[];
  /** Values that are given from outside; they become inputs. */
  readonly feeds?: readonly string[];
  readonly level?: LogLevel;
  readonly log?: LogWriter;
}

export interface Pruned {
  readonly model: Model;
  /** Names of nodes, constants and inputs that stay, in the order of the walk; a fed value counts as an input. */
  readonly kept: readonly string[];
  readonly dropped: readonly { readonly name: string; readonly why: LogLine }[];
}

/**
 * @param model types inferred where inner values are fed
 * @throws SYS-PAS-040 no such value; -041 a fed value of unknown type
 */
export function prune(model: Model, { level = 0, log = () => {}, ...options }: PruneOptions): Pruned {
  const [fetches, feeds] = [options.fetches, options.feeds ?? []].map((names) => [...new Set(names)]) as [
    string[],
    string[],
  ];
  const { graph } = model;
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const inputs = new Map(graph.inputs.map((v) => [v.name, v]));
  const known = [...producer.keys(), ...inputs.keys(), ...graph.constants.keys()];
  const check = (what: 'fetch' | 'feed', names: readonly string[]): void => {
    const values = new Set(known);
    for (const name of names)
      if (!values.has(name)) throw unknownValue({ what, name, nearest: nearestName(name, known) });
  };
  check('fetch', fetches);
  check('feed', feeds);

  const say = (at: LogLevel, line: LogLine): void => {
    if (level >= at) log(line);
  };
  const cut = new Set(feeds);
  const kept = walk(fetches, cut, producer, (name, reader) => say(3, visited(name, reader, cut, producer)));
  const uncut = cut.size === 0 ? kept : walk(fetches, new Set(), producer, () => {});
  const fresh = freshNames(graph);
  // A node that stays for another of its outputs hands the fed one on under a name that nobody reads.
  const aside = (name: string): string => (cut.has(name) ? fresh(`${name}.unfed`) : name);
  const nodes = graph.nodes.flatMap((node) => {
    if (!kept.nodes.has(node)) return [];
    return node.outputs.some((name) => cut.has(name)) ? [{ ...node, outputs: node.outputs.map(aside) }] : [node];
  });
  const constants = new Map([...graph.constants].filter(([name]) => kept.values.has(name) && !cut.has(name)));
  const dropped = [
    ...[...graph.inputs.map((v) => v.name), ...graph.constants.keys()].filter((name) => !kept.values.has(name)),
    ...graph.nodes
      .filter((node) => !kept.nodes.has(node))
      .flatMap((node) => (cut.has(node.outputs[0]!) ? [] : [node.name])),
  ].map((name) => {
    const behind = uncut.names.has(name);
    return { name, why: behind ? behindFeeds([...cut], fetches) : unneeded(fetches) };
  });
  for (const { name, why } of dropped) say(2, { en: `drops ${name}: ${why.en}`, zh: `删除 ${name}：${why.zh}` });
  const [before, after] = [graph.nodes.length, nodes.length];
  const asked = fetches.join(', ');
  say(1, {
    en: `prune for ${asked}: ${after} of ${before} nodes stay`,
    zh: `按 ${asked} 剪枝：${before} 个节点保留 ${after} 个`,
  });

  const value = (name: string): GraphValue => ({ name, type: typeOf(graph, name) });
  const fed = feeds.filter((name) => !inputs.has(name) && kept.values.has(name)).map(value);
  for (const { name, type } of fed) if (type === undefined) throw untyped({ name });
  const rest = withNodes(model, nodes, constants);
  const asInputs = [...graph.inputs.filter(({ name }) => kept.values.has(name)), ...fed];
  return {
    model: { ...rest, graph: { ...rest.graph, inputs: asInputs, outputs: fetches.map(value) } },
    kept: [...kept.names],
    dropped,
  };
}

interface Reached {
  readonly values: ReadonlySet<string>;
  readonly nodes: ReadonlySet<GraphNode>;
  /** Of nodes, and of values that no node computes. */
  readonly names: ReadonlySet<string>;
}

/** What the fetched values depend on. */
function walk(
  fetches: readonly string[],
  cut: ReadonlySet<string>,
  producer: ReadonlyMap<string, GraphNode>,
  visit: (value: string, reader: string | undefined) => void,
): Reached {
  const values = new Set<string>();
  const nodes = new Set<GraphNode>();
  const names = new Set<string>();
  const stack: { value: string; reader: string | undefined }[] = fetches.map((value) => ({ value, reader: undefined }));
  while (stack.length > 0) {
    const { value, reader } = stack.shift()!;
    if (values.has(value)) continue;
    values.add(value);
    const node = cut.has(value) ? undefined : producer.get(value);
    if (node !== undefined && nodes.has(node)) continue;
    visit(value, reader);
    names.add(node?.name ?? value);
    if (node === undefined) continue;
    nodes.add(node);
    for (const name of namesRead(node)) stack.push({ value: name, reader: node.name });
  }
  return { values, nodes, names };
}

function visited(
  value: string,
  reader: string | undefined,
  cut: ReadonlySet<string>,
  producer: ReadonlyMap<string, GraphNode>,
): LogLine {
  const node = cut.has(value) ? undefined : producer.get(value);
  const what = node === undefined ? value : `${node.name} (${node.op})`;
  const [en, zh] = cut.has(value) ? [' is fed and', '由外部供给，'] : ['', ''];
  return reader === undefined
    ? { en: `keeps ${what}:${en} is fetched`, zh: `保留 ${what}：${zh}被获取` }
    : { en: `keeps ${what}:${en} ${reader} reads it`, zh: `保留 ${what}：${zh}${reader} 读取它` };
}

const unneeded = (fetches: readonly string[]): LogLine => ({
  en: `${fetches.join(', ')} does not depend on it`,
  zh: `${fetches.join('、')} 不依赖于它`,
});

const behindFeeds = (feeds: readonly string[], fetches: readonly string[]): LogLine => ({
  en: `it leads to ${fetches.join(', ')} only through ${feeds.join(', ')}, which is fed`,
  zh: `它仅经由被供给的 ${feeds.join('、')} 通向 ${fetches.join('、')}`,
});
