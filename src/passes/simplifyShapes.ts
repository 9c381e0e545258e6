/**
 * simplifyShapes: a Reshape whose target is computed gets a constant one, where the result is known but for one size (−1 in it), or keeps
 * open sizes of its operand in their places (0). The chain of Shape, Gather and Concat that computed it is then dead. Of two Reshapes in a
 * row only the last counts, where its target does not look at its operand.
 */
import {
  type Dim,
  type GraphNode,
  intAttribute,
  type Model,
  namesRead,
  type Tensor,
  tensorIntegers,
  tensorOf,
  typeOf,
} from '#ir';
import { onnxOpset } from '#ops';
import { absorb, pass } from './pass.ts';
import { freshNames, indexOf, isPrivate, withNodes } from './rewrite.ts';

const RESHAPES = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

export const simplifyShapes = pass({
  name: 'simplifyShapes',
  summary: 'gives Reshapes constant targets, and leaves out those before another',
  run(model, context) {
    if (onnxOpset(model) < 5) return model;
    const { graph } = model;
    const index = indexOf(graph);
    const fresh = freshNames(graph);
    const constants = new Map(graph.constants);
    const current = new Map(index.producer);
    let changed = false;
    const fixed = valuesOfShapes(model);
    const nodes = graph.nodes.map((original): GraphNode => {
      let node = original;
      if (node.op !== 'Reshape' || node.domain !== '' || intAttribute(node, 'allowzero', 0) !== 0) return node;
      if (!constants.has(node.inputs[1] ?? '')) {
        const target = fixed.has(node.inputs[1] ?? '') ? targetOf(model, node) : undefined;
        if (target === undefined) return node;
        const name = fresh(`${node.name}.shape`);
        constants.set(name, tensorOf('int64', [target.length], target));
        node = { ...node, inputs: [node.inputs[0]!, name] };
        changed = true;
      }
      const before = current.get(node.inputs[0]!);
      const joins = before !== undefined && RESHAPES.has(before.op) && before.domain === '';
      if (joins && isPrivate(index, node.inputs[0]!) && !copies(constants.get(node.inputs[1]!)!)) {
        absorb(context, node.name, before.name);
        node = { ...node, inputs: [before.inputs[0]!, node.inputs[1]!] };
        changed = true;
      }
      current.set(node.outputs[0]!, node);
      return node;
    });
    return changed ? withNodes(model, nodes, constants) : model;
  },
});

/**
 * Values that are the same whatever is fed: made of constants and sizes alone. Of others a result of another shape than the stated one
 * would be an error, which only who computes it can see.
 */
function valuesOfShapes({ graph }: Model): ReadonlySet<string> {
  const fixed = new Set(['', ...graph.constants.keys()]);
  for (const node of graph.nodes) {
    const isSize = node.domain === '' && (node.op === 'Shape' || node.op === 'Size');
    if (isSize || namesRead(node).every((name) => fixed.has(name))) for (const o of node.outputs) fixed.add(o);
  }
  return fixed;
}

/** Whether a target takes sizes from the operand. */
const copies = (target: Tensor): boolean => tensorIntegers(target).includes(0n);

/** What is known of the result, as a target: numbers, 0 for an open size that the operand has at the same place, one −1. */
function targetOf(model: Model, node: GraphNode): readonly number[] | undefined {
  const [from, to] = [node.inputs[0]!, node.outputs[0]!].map((name) => typeOf(model.graph, name));
  const [operand, result]: (readonly Dim[] | undefined)[] = [from, to].map((t) =>
    t?.kind === 'tensor' ? t.shape : undefined,
  );
  if (result === undefined || result.some((d) => d === 0)) return undefined;
  const isKept = (d: Dim, i: number): boolean => typeof d === 'string' && operand?.[i] === d;
  const open = result.flatMap((d, i) => (typeof d === 'number' || isKept(d, i) ? [] : [i]));
  if (open.length > 1) return undefined;
  return result.map((d, i) => (typeof d === 'number' ? d : open[0] === i ? -1 : 0));
}
