import { describe, expect, test } from 'vitest';
import { parseModel, verifyModel } from '#ir';
import { evaluateGraph, inferTypes } from '#ops';
import { passLog, pipeline, prune, runPasses } from '#passes';

const model = inferTypes(
  parseModel(`
    model ir=8 producer="test" opset {"": 17}
    graph g() -> (d: float32[], e: float32[]) {
      const a: float32[] = {2.0}
      const b: float32[] = {3.0}
      const one: float32[] = {1.0}
      c = Add(a, b) @c
      d = Mul(a, b) @d
      e = Add(c, one) @e
    }`),
);

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);

describe('prune', () => {
  test('keeps what is fetched', () => {
    const pruned = prune(model, { fetches: ['e'] });
    expect(pruned.kept.toSorted()).toEqual(['a', 'b', 'c', 'e', 'one']);
    expect(names(pruned.dropped)).toEqual(['d']);
    verifyModel(pruned.model);
    expect(evaluateGraph(pruned.model, new Map()).has('e')).toBe(true);
  });

  test('feeds cut the graph', () => {
    const pruned = prune(model, { fetches: ['e'], feeds: ['c'] });
    expect(pruned.kept.toSorted()).toEqual(['c', 'e', 'one']);
    expect(names(pruned.dropped)).toEqual(['a', 'b', 'd']);
    expect(pruned.dropped.map(({ why }) => /only through c/.test(why.en))).toEqual([true, true, false]);
    verifyModel(pruned.model);
    expect(names(pruned.model.graph.inputs)).toEqual(['c']);
  });

  test('a node of two outputs, one of them fed; values asked twice', () => {
    const halves = inferTypes(
      parseModel(`
        model ir=8 producer="test" opset {"": 17}
        graph g(x: float32[4]) -> (y: float32[2]) {
          a, b = Split[axis=0](x) @split
          y = Add(a, b) @add
        }`),
    );
    const pruned = prune(halves, { fetches: ['y', 'y'], feeds: ['a'] });
    verifyModel(pruned.model);
    expect(names(pruned.model.graph.outputs)).toEqual(['y']);
    expect(pruned.model.graph.nodes[0]!.outputs).toEqual(['a.unfed', 'b']);
    expect(pruned.dropped).toEqual([]);
  });

  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 7],
  ] as const)('level %d writes %d lines', (level, count) => {
    const lines: string[] = [];
    prune(model, { fetches: ['e'], level, log: ({ en }) => lines.push(en) });
    expect(lines).toHaveLength(count);
  });

  test('names that are not there', () => {
    expect(() => prune(model, { fetches: ['f'] })).toThrow(expect.objectContaining({ code: 'SYS-PAS-040' }));
    expect(() => prune(model, { fetches: ['e'], feeds: ['onee'] })).toThrow(/one/);
  });
});

test('the log of the passes says what went and why', async () => {
  const wide = parseModel(`
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[2]) -> (y: float32[2]) {
      const a: float32[] = {2.0}
      const b: float32[] = {3.0}
      c = Add(a, b) @sum
      unread = Relu(x) @unread
      i = Identity(x) @identity
      y = Mul(i, c) @product
    }`);
  const lines = async (level: 0 | 1 | 2 | 3): Promise<string> => {
    const all: string[] = [];
    await runPasses(wide, { onStep: passLog(level, wide, ({ en }) => all.push(en)) });
    return all.join('\n');
  };
  expect(await lines(0)).toBe('');
  expect(await lines(1)).toMatch(
    /^removeDeadNodes: 4 nodes → 3.*\nfoldConstants: 3 nodes → 2.*\nremoveIdentities: 2 nodes → 1/,
  );
  const [second, third] = [await lines(2), await lines(3)];
  expect(second).toContain('drops unread (Relu): nothing that stays reads it');
  expect(second).toContain('drops sum (Add): its result is a constant now');
  expect(second).toContain('drops identity (Identity): what reads it takes its inputs');
  expect(third).toContain('fuseGemm: nothing to do');
  expect(third.split('\n').length).toBeGreaterThan(second.split('\n').length + pipeline.length);
});
