/** Ends written out in the place of `ceil_mode`: the same results, element for element. */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { int, intAttribute, ints, type Model, typeOf } from '#ir';
import { GraphBuilder } from '../../test/support/graphBuilder.ts';
import { evaluateGraph } from './evaluate.ts';
import { inferTypes } from './infer.ts';
import { explicitEnds } from './windowEnds.ts';

function pooling(seed: number): { readonly model: Model; readonly feeds: ReturnType<GraphBuilder['feeds']> } {
  const r = new Random(seed);
  const g = new GraphBuilder(seed, 19);
  const kernel = [r.integer(1, 4), r.integer(1, 4)];
  const dilations = kernel.map(() => r.pick([1, 1, 2]));
  const size = kernel.map((k, i) => (k - 1) * dilations[i]! + r.integer(1, 7));
  const x = g.input([1, 2, ...size]).name;
  const [op, counts] = r.pick([['MaxPool'], ['AveragePool', 0], ['AveragePool', 1]] as const);
  const y = g.node(op, [x], {
    kernel_shape: ints(kernel),
    dilations: ints(dilations),
    strides: ints(kernel.map(() => r.integer(1, 5))),
    pads: ints([...kernel, ...kernel].map((k) => r.integer(0, k - 1))),
    ceil_mode: int(1),
    ...(counts === undefined ? {} : { count_include_pad: int(counts) }),
  });
  return { model: inferTypes(g.model([y])), feeds: g.feeds() };
}

test('the same results, and nothing to round wherever that can be said by padding', () => {
  let [written, left] = [0, 0];
  for (let seed = 0; seed < 200; seed++) {
    const { model, feeds } = pooling(seed);
    const ended = explicitEnds(model);
    const [output] = model.graph.outputs;
    const inferred = inferTypes({ ...ended, graph: { ...ended.graph, types: new Map() } });
    expect(typeOf(inferred.graph, output!.name), `seed ${seed}`).toEqual(typeOf(model.graph, output!.name));
    expect(evaluateGraph(ended, feeds), `seed ${seed}`).toEqual(evaluateGraph(model, feeds));
    const [node] = ended.graph.nodes;
    if (intAttribute(node!, 'ceil_mode', 0) === 0) written++;
    else left++;
  }
  expect(written).toBeGreaterThan(100);
  // Means that count their padding, but none behind it.
  expect(left).toBeGreaterThan(0);
});
