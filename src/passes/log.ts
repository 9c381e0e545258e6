/**
 * What the passes did, for a reader: levels 0 nothing, 1 a line for each pass that changed the graph, 2 each node that went or came as
 * well, and why, 3 each node that a pass left alone, too.
 */
import { type GraphNode, type Model, namesRead } from '#ir';
import type { Step } from './pipeline.ts';

export type LogLevel = 0 | 1 | 2 | 3;

/** A line in both languages. */
export interface LogLine {
  readonly en: string;
  readonly zh: string;
}

export type LogWriter = (line: LogLine) => void;

/** For `runPasses`' `onStep`: compares what each pass leaves with what it was given, which at first is `model`. */
export function passLog(
  level: LogLevel,
  model: Model,
  write: LogWriter,
): (step: Step, model: Model, changed: boolean) => void {
  let before = model;
  return (step, after, changed) => {
    const given = before;
    before = after;
    if (level === 0 || (!changed && level < 3)) return;
    const { name } = step.pass;
    const [count, left] = [given, after].map((m) => m.graph.nodes.length);
    write(
      changed
        ? {
            en: `${name}: ${count} ${count === 1 ? 'node' : 'nodes'} → ${left}; it ${step.pass.summary}`,
            zh: `${name}：${count} 个节点 → ${left} 个`,
          }
        : { en: `${name}: nothing to do`, zh: `${name}：无改动` },
    );
    if (level < 2) return;
    for (const line of differences(given, after, level)) write({ en: `  ${line.en}`, zh: `  ${line.zh}` });
  };
}

const byName = (model: Model): ReadonlyMap<string, GraphNode> =>
  new Map(model.graph.nodes.map((node) => [node.name, node]));

function* differences(before: Model, after: Model, level: LogLevel): Generator<LogLine> {
  const [old, now] = [byName(before), byName(after)];
  for (const node of old.values()) {
    const { name, op } = node;
    const kept = now.get(name);
    if (kept === undefined) {
      const why = whyGone(node, before, after, now);
      yield { en: `drops ${name} (${op}): ${why.en}`, zh: `删除 ${name}（${op}）：${why.zh}` };
    } else if (kept !== node) yield { en: `rewrites ${name} (${op})`, zh: `改写 ${name}（${op}）` };
    else if (level === 3) yield { en: `keeps ${name} (${op})`, zh: `保留 ${name}（${op}）` };
  }
  const constants = [...before.graph.constants.keys()].filter((name) => !after.graph.constants.has(name));
  if (constants.length > 0) {
    yield {
      en: `drops constants ${constants.join(', ')}: nothing reads them`,
      zh: `删除常量 ${constants.join('、')}：没有节点读取`,
    };
  }
  for (const { name, op } of now.values()) {
    if (!old.has(name)) yield { en: `adds ${name} (${op})`, zh: `新增 ${name}（${op}）` };
  }
}

function whyGone(node: GraphNode, before: Model, after: Model, now: ReadonlyMap<string, GraphNode>): LogLine {
  const gives = (name: string): boolean => node.outputs.includes(name);
  if (node.outputs.some((name) => after.graph.constants.has(name))) {
    return { en: 'its result is a constant now', zh: '其结果已成为常量' };
  }
  if (after.graph.nodes.some((other) => other.outputs.some(gives))) {
    return { en: 'another node gives its result', zh: '其结果由其他节点给出' };
  }
  const readers = before.graph.nodes.filter((other) => namesRead(other).some(gives));
  return readers.some((reader) => now.has(reader.name))
    ? { en: 'what reads it takes its inputs, or does its work', zh: '其读取者直接使用其输入或代其计算' }
    : { en: 'nothing that stays reads it', zh: '保留的节点均不读取它' };
}
