/**
 * Operations of windows in their cheapest known form: maximum and sum over a window can be taken axis after axis, which takes the
 * sizes of the window added where the operator's definition multiplies them. A property of the operator, whatever the compiler does.
 */
import { elementCount, type GraphNode, intsAttribute, type Model, staticShape, typeOf } from '#ir';
import { accepted, effectiveKernel, isOnnxDomain, type Window, windowOf } from '#ops';

/**
 * Vector operations of a MaxPool or AveragePool that one lane a cycle needs at least, over all orders of its axes and the window
 * as a whole; undefined of any other node.
 */
export function leastOperations(model: Model, node: GraphNode): number | undefined {
  if (!isOnnxDomain(node.domain) || (node.op !== 'MaxPool' && node.op !== 'AveragePool')) return undefined;
  const input = staticShape(typeOf(model.graph, node.inputs[0]!));
  const output = staticShape(typeOf(model.graph, node.outputs[0]!));
  if (input === undefined || output === undefined) return undefined;
  const window = windowOf(accepted, node, intsAttribute(node, 'kernel_shape') ?? []);
  const outputs = elementCount(output);
  const whole = outputs * (elementCount(window.kernel) - 1);
  const least = Math.min(whole, separately(window, input, output));
  // The mean's division overlaps its additions in a multiply-add, and is all there is where a window has one element.
  return node.op === 'AveragePool' ? Math.max(least, outputs) : least;
}

/** Operations axis after axis, in the cheapest order. */
function separately(window: Window, input: readonly number[], output: readonly number[]): number {
  const step = (sizes: readonly number[], left: readonly number[]): number =>
    left.length === 0
      ? 0
      : Math.min(
          ...left.map((axis) => {
            const done = sizes.map((size, i) => (i === axis + 2 ? output[i]! : size));
            const rest = left.filter((other) => other !== axis);
            return elementCount(done) * (window.kernel[axis]! - 1) + step(done, rest);
          }),
        );
  const axes = window.kernel.map((_, axis) => axis);
  const reached = input.map((size, i) => (i < 2 ? size : reachedAlong(window, i - 2, size, output[i]!)));
  return step(reached, axes);
}

/** At most so many positions along an axis are inside any window. */
const reachedAlong = (window: Window, axis: number, size: number, outputs: number): number =>
  Math.min(size, (outputs - 1) * window.strides[axis]! + effectiveKernel(window, axis), outputs * window.kernel[axis]!);
