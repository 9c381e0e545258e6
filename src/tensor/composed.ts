/**
 * Functions of several nodes whose gradient is a rule of their own and not that of the nodes: where the chain rule would cancel digits, or
 * meet 0 ÷ 0 at a point where the function as a whole has a (sub)gradient. The nodes are recorded and exported as any.
 */
import { BUILD_OPSET, type GradientRule } from '#ops';
import { isRecording, noGrad } from './apply.ts';
import { Tensor } from './tensor.ts';
import { Variable } from './variable.ts';

/**
 * @param name by which messages call the function
 * @param compute the value, of operations on what it is given
 * @param rule dL/d(input) from dL/d(value), as an operator's; made of operations, so that it has gradients itself
 */
export function composed(
  name: string,
  operands: readonly Tensor[],
  compute: (...inputs: Tensor[]) => Tensor,
  rule: GradientRule,
): Tensor {
  const inputs = operands.map((t) => (t instanceof Variable ? t.read() : t));
  const value = noGrad(() => compute(...inputs));
  if (!isRecording() || !inputs.some((t) => t.tracked)) return value;
  const { type, source, known, sizes } = value;
  const result = new Tensor({ type, source, known, sizes, tracked: true });
  const node = { name, op: name, domain: '', inputs: inputs.map((_, i) => `x${i}`), outputs: ['y'] };
  result.origin = { node: { ...node, attributes: new Map() }, opset: BUILD_OPSET, inputs, outputs: [result], rule };
  return result;
}
