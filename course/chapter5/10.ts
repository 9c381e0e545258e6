/**
 * Exercise 5.10: what a framework does to a graph before it runs, by its log. Levels: 0 is silent, 1 sums up, 2 tells what went and why, 3 each node that
 * was visited.
 *   npx systole summary net.onnx --fetch VALUE --log=passes:3      the same, and the passes, for a network of one's own
 */

import { defineExercise } from 'systole/course';
import { parseModel, printModel } from 'systole/ir';
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
export function pruned(
  level: LogLevel,
  feeds: readonly string[] = [],
  language: 'en' | 'zh' = 'en',
): Pruned & { readonly log: readonly string[] } {
  const log: string[] = [];
  const result = prune(GRAPH, { fetches: ['e'], feeds, level, log: (line) => log.push(line[language]) });
  return { ...result, log };
}

const names = (result: Pruned): [kept: string[], dropped: string[]] => [
  result.kept.toSorted(),
  result.dropped.map(({ name }) => name).toSorted(),
];

const LEVELS = [0, 1, 2, 3] as const;

export const exercise = defineExercise({
  id: '5.10',
  title: {
    en: 'Pruning to what is fetched, and its log',
    zh: 'TF_CPP_MIN_VLOG_LEVEL=3 运行数据流图剪枝程序，分析日志',
  },
  asked: {
    en: 'Run a program that prunes a dataflow graph with verbose logging (TF_CPP_MIN_VLOG_LEVEL=3 in TensorFlow), and analyse the log.',
    zh: '打开详细日志（TensorFlow 中为 TF_CPP_MIN_VLOG_LEVEL=3）运行一个数据流图剪枝程序，并分析日志。',
  },
  explanation: {
    en: `The graph is $c = a + b$, $d = a \\cdot b$, $e = c + 1$. What has to run follows from what is *fetched*: from there the graph is walked backwards, and what is not met is dropped. What is *fed* is known already, so that the walk stops there:
$$\\text{keep} = \\text{ancestors}(\\text{fetches}) \\text{ without what lies only behind feeds}.$$

- Fetch $e$: kept are $e$, $c$, $a$, $b$ and the constant 1; $d$ is dropped, since $e$ does not depend on it.
- Feed $c$, fetch $e$: kept are $e$, the fed $c$, and 1; $a$ and $b$ are dropped, though $c$ was computed from them, and $d$ as before.

The log at level 3 has a line for each node that was visited and for each that was dropped, with the reason; at level 2 those that were dropped, at level 1 a sum, at 0 nothing. TensorFlow's log of the same run shows, besides, the graph before and after (\`PruneForReverseReachability\`), the placement of nodes on devices, and
the order in which the executor starts them; for this system the passes behind pruning say what they did with \`--log=passes:3\`.

Pruning is why a training graph with a dozen summaries costs nothing at inference. Order of visits: breadth first, from the fetches.

Source: TensorFlow (Apache-2.0), \`core/graph/algorithm.cc\` and \`subgraph.cc\`.`,
    zh: `图为 $c = a + b$、$d = a \\cdot b$、$e = c + 1$。需要运行什么，取决于*取回*什么：从取回的节点反向遍历，遇不到的就删去。*输入*（feed）的值已知，遍历到此为止：
$$\\text{保留} = \\text{取回节点的祖先，去掉只位于输入之后的部分}$$

- 取回 $e$：保留 $e$、$c$、$a$、$b$ 和常数 1；$d$ 被删去，因为 $e$ 不依赖它。
- 输入 $c$、取回 $e$：保留 $e$、被输入的 $c$ 和 1；$a$、$b$ 虽是计算 $c$ 所需，也被删去；$d$ 同前。

3 级日志对每个访问到的节点和每个删去的节点各有一行，并说明原因；2 级只列删去的，1 级只有总结，0 级什么都没有。TensorFlow 对同一过程的日志还会显示剪枝前后的图（\`PruneForReverseReachability\`）、节点在设备上的放置，以及执行器启动节点的次序；
本系统中，剪枝之后的各个优化遍用 \`--log=passes:3\` 说明各自做了什么。

正因为有剪枝，训练图中即使挂着许多统计节点，推理时也不必付出代价。访问次序：从取回节点开始，广度优先。

出处：TensorFlow（Apache-2.0），\`core/graph/algorithm.cc\` 与 \`subgraph.cc\`。`,
  },
  rows: 4,
  answeredBy: 'program',
  code: [
    { path: 'src/passes/prune.ts', words: { en: 'Pruning', zh: '剪枝' } },
    { path: 'src/passes/pipeline.ts', words: { en: 'The passes behind it', zh: '其后的优化遍' } },
  ],
  parameters: {
    level: {
      kind: 'choice',
      words: { en: 'level of the log', zh: '日志级别' },
      default: '3',
      among: LEVELS.map(String),
    },
  },
  show({ listing, table, language }, { level }) {
    listing({ en: 'the graph', zh: '图' }, printModel(GRAPH));
    const chosen = Number(level) as LogLevel;
    for (const [name, feeds] of [
      [{ en: 'fetch e', zh: '取回 e' }, []],
      [{ en: 'feed c, fetch e', zh: '输入 c，取回 e' }, ['c']],
    ] as const)
      listing(name, pruned(chosen, feeds, language).log.join('\n'));
    table(
      [
        { en: 'level', zh: '级别' },
        { en: 'lines, fetch e', zh: '行数，取回 e' },
        { en: 'lines, feed c, fetch e', zh: '行数，输入 c 取回 e' },
      ],
      LEVELS.map((l) => [l, pruned(l).log.length, pruned(l, ['c']).log.length]),
    );
  },
  check(check) {
    const [kept, dropped] = names(pruned(0));
    check.row(1).equal('fetch e: kept, with the constant 1', kept, ['a', 'b', 'c', 'e', 'one']);
    check.row(2).equal('fetch e: dropped', dropped, ['d']);
    check.row(3).equal('feed c, fetch e: kept, dropped', names(pruned(0, ['c'])), [
      ['c', 'e', 'one'],
      ['a', 'b', 'd'],
    ]);
    check.row(4).equal(
      'lines at levels 0 to 3',
      LEVELS.map((level) => pruned(level).log.length),
      [0, 1, 2, 7],
    );
    const { log } = pruned(3);
    for (const name of [...kept, ...dropped]) {
      const own = log.filter((line) => line.startsWith(`keeps ${name}`) || line.startsWith(`drops ${name}`));
      check.row(4).equal(`lines of level 3 for ${name}`, own.length, 1);
    }
    check.holds(
      'the summary says how many stay',
      log.some((line) => line.includes('2 of 3 nodes stay')),
    );
  },
});
