/**
 * Exercise 5.10: what a framework does to a graph before it runs, by its log. For what is fetched, the graph is walked backwards; what is not
 * met is dropped, and feeds cut the walk. Levels: 0 is silent, 1 sums up, 2 tells what went and why, 3 each node that was visited.
 *   node --conditions=source course/chapter5/10.ts
 *   npx systole summary net.onnx --fetch VALUE --log=passes:3      the same, and the passes, for a network of one's own
 */

import type { Exercise } from 'systole/course';
import { parseModel } from 'systole/ir';
import { inferTypes } from 'systole/ops';
import { type LogLevel, type Pruned, prune } from 'systole/passes';

/** c = a + b, d = a · b, e = c + 1. */
export const GRAPH = inferTypes(
  parseModel(`
    model ir=9 producer="course" opset {"": 20}
    graph sums() -> (d: float32[], e: float32[]) {
      const a: float32[] = {2.0}
      const b: float32[] = {3.0}
      const one: float32[] = {1.0}
      c = Add(a, b) @c
      d = Mul(a, b) @d
      e = Add(c, one) @e
    }`),
);

/** The graph for e, and the log at a level. */
export function pruned(level: LogLevel, feeds: readonly string[] = []): Pruned & { readonly log: readonly string[] } {
  const log: string[] = [];
  const result = prune(GRAPH, { fetches: ['e'], feeds, level, log: ({ en }) => log.push(en) });
  return { ...result, log };
}

const names = (result: Pruned): [kept: string[], dropped: string[]] => [
  result.kept.toSorted(),
  result.dropped.map(({ name }) => name).toSorted(),
];

export const exercise: Exercise = {
  id: '5.10',
  title: {
    en: 'Pruning to what is fetched, and its log',
    zh: 'TF_CPP_MIN_VLOG_LEVEL=3 运行数据流图剪枝程序，分析日志',
  },
  rows: 4,
  show({ print }) {
    print('fetch e:');
    for (const line of pruned(3).log) print(`  ${line}`);
    print('feed c, fetch e:');
    for (const line of pruned(3, ['c']).log) print(`  ${line}`);
  },
  check({ equal, holds }) {
    equal('fetch e: kept (with the constant 1), dropped', names(pruned(0)), [['a', 'b', 'c', 'e', 'one'], ['d']]);
    equal('feed c, fetch e: kept, dropped', names(pruned(0, ['c'])), [
      ['c', 'e', 'one'],
      ['a', 'b', 'd'],
    ]);
    equal(
      'lines at levels 0 to 3',
      ([0, 1, 2, 3] as const).map((level) => pruned(level).log.length),
      [0, 1, 2, 7],
    );
    const { log, kept, dropped } = pruned(3);
    for (const name of [...kept, ...dropped.map((d) => d.name)]) {
      equal(
        `lines of level 3 for ${name}`,
        log.filter((line) => line.startsWith(`keeps ${name}`) || line.startsWith(`drops ${name}`)).length,
        1,
      );
    }
    holds(
      'the summary says how many stay',
      log.some((line) => line.includes('2 of 3 nodes stay')),
    );
  },
};
