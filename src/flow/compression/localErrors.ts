/**
 * How much each layer loses by itself: beside every quantised layer stands a twin that takes the same floats, through codes and back, and
 * the graph itself sums signal and noise. What layers before it have lost does not count, so that the figures point at the layer to
 * exclude.
 */
import type { Engine } from '#engine';
import { type GraphNode, int, type Model, tensorNumbers } from '#ir';
import { inferTypes } from '#ops';
import { withNodes } from '#passes';
import { type Codes, clipsNothing } from './codes.ts';
import type { QuantisationPlan } from './plan.ts';
import { type CodeOptions, GraphWriter } from './quantiseGraph.ts';
import { batchAt, batchOf, type Samples } from './samples.ts';

export interface LocalError {
  readonly node: string;
  readonly op: string;
  /** Signal to noise of its result, given exact operands. */
  readonly decibels: number;
}

/** Samples that say enough. */
const ENOUGH = 64;

/** The weighted layers, the worst first. */
export async function localErrors(
  model: Model,
  plan: QuantisationPlan,
  codes: ReadonlyMap<string, Codes>,
  options: CodeOptions,
  samples: Samples,
  engine: Engine,
): Promise<readonly LocalError[]> {
  const writer = new GraphWriter(model);
  writer.nodes.push(...model.graph.nodes);
  const producers = new Map(model.graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const there = (value: string, wish: string): string => {
    const [own, group] = [codes.get(value)!, plan.values.get(value)!];
    return writer.dequantised(writer.quantised(value, own, group, wish), own, group, writer.fresh(`${wish}.twin`));
  };
  const twins = plan.weighted.map(({ node, ...layer }) => {
    const [x, result] = [node.inputs[0]!, plan.results.get(node)!];
    const operand = there(x, `${node.name}.operand`);
    const weighted = writer.withWeights(node, { node, ...layer }, codes.get(x)!, options);
    let value = writer.fresh(`${node.name}.twin`);
    writer.nodes.push({
      ...weighted,
      name: writer.fresh(`${node.name}.again`),
      inputs: [operand, ...weighted.inputs.slice(1)],
      outputs: [value],
    });
    const [own, group] = [codes.get(result)!, plan.values.get(result)!];
    for (const cut of chainTo(result, node, producers)) {
      if (cut.outputs[0] === result && clipsNothing(cut, model.graph.constants, own)) continue;
      const next = writer.fresh(`${cut.name}.twin`);
      writer.nodes.push({
        ...cut,
        name: writer.fresh(`${cut.name}.again`),
        inputs: [value, ...cut.inputs.slice(1)],
        outputs: [next],
      });
      value = next;
    }
    const rounded = writer.dequantised(
      writer.quantised(value, own, group),
      own,
      group,
      writer.fresh(`${node.name}.rounded`),
    );
    const all = new Map([['keepdims', int(0)]]);
    const noise = writer.node(
      `${node.name}.difference`,
      'Sub',
      [result, rounded],
      writer.fresh(`${node.name}.difference`),
    );
    const power = (name: string, of: string): string =>
      writer.node(`${node.name}.${name}`, 'ReduceSumSquare', [of], writer.fresh(`${node.name}.${name}`), all);
    return { node, signal: power('signal', result), noise: power('noise', noise) };
  });
  const outputs = twins.flatMap(({ signal, noise }) => [signal, noise]);
  const whole = withNodes(model, writer.nodes, writer.constants);
  const probe = { ...whole, graph: { ...whole.graph, outputs: outputs.map((name) => ({ name, type: undefined })) } };
  const typed = inferTypes(probe, { declared: 'fallback' });
  // Without shapes between nodes: ONNX Runtime infers a row more than there is where windows of `ceil_mode` begin behind an input, and
  // what was declared beside that would not be the same on both sides of a difference.
  const session = await engine.load({ ...typed, graph: { ...typed.graph, types: new Map() } }, { outputs });
  const sums = new Map(outputs.map((name) => [name, 0]));
  const size = batchOf(model, samples, plan.values.keys());
  try {
    for (let done = 0; done < Math.min(samples.count, ENOUGH); done += size) {
      for (const [name, value] of await session.run(await batchAt(samples, done, size))) {
        sums.set(name, sums.get(name)! + tensorNumbers(value)[0]!);
      }
    }
  } finally {
    await session.release();
  }
  return twins
    .map(({ node, signal, noise }) => ({
      node: node.name,
      op: node.op,
      decibels:
        sums.get(noise) === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(sums.get(signal)! / sums.get(noise)!),
    }))
    .sort((a, b) => a.decibels - b.decibels);
}

/** Relu and Clip between a node and its result, in order. */
function chainTo(result: string, node: GraphNode, producers: ReadonlyMap<string, GraphNode>): GraphNode[] {
  const chain: GraphNode[] = [];
  for (let at = producers.get(result)!; at !== node; at = producers.get(at.inputs[0]!)!) chain.unshift(at);
  return chain;
}
