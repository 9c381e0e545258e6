/**
 * Integer arguments (axes, sizes, starts) that ONNX moved from attributes to inputs over its versions: one way to read
 * them in a shape rule and one in an evaluation, wherever they stand.
 */
import { intsAttribute, tensorNumbers } from '#ir';
import type { EvaluateContext, InferContext } from '../define.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf } from '../refTensor.ts';
import type { Shape } from '../shapes.ts';

export interface IntegerArgument {
  readonly attribute: string;
  readonly input: number;
  /** First opset in which it is an input. */
  readonly since: number;
}

/**
 * What a shape rule knows of it: its values, perhaps in part; 'absent'; or undefined where it is present but unknown.
 */
export function inferredIntegers(c: InferContext, argument: IntegerArgument): Shape | 'absent' | undefined {
  if (c.opset < argument.since) return intsAttribute(c.node, argument.attribute) ?? 'absent';
  const type = c.inputs[argument.input];
  if (type === undefined) return 'absent';
  const values = c.shapeValue(argument.input);
  if (values !== undefined) return values;
  const length = type.shape?.length === 1 ? type.shape[0] : undefined;
  return typeof length === 'number' ? new Array<null>(length).fill(null) : undefined;
}

/** As `inferredIntegers` where only complete knowledge helps: undefined also where a value is not a number. */
export function inferredNumbers(c: InferContext, argument: IntegerArgument): readonly number[] | 'absent' | undefined {
  const values = inferredIntegers(c, argument);
  if (values === 'absent' || values === undefined) return values;
  return values.every((v) => typeof v === 'number') ? (values as readonly number[]) : undefined;
}

/** Its values in an evaluation; undefined where absent. */
export function evaluatedIntegers(c: EvaluateContext, argument: IntegerArgument): readonly number[] | undefined {
  if (c.opset < argument.since) return intsAttribute(c.node, argument.attribute);
  const input = c.inputs[argument.input];
  return input === undefined ? undefined : Array.from(numbersOf(input));
}

/** Its values in a gradient rule; undefined where absent. Values that only running tells are refused. */
export function differentiatedIntegers(c: GradientContext, argument: IntegerArgument): readonly number[] | undefined {
  if (c.opset < argument.since) return intsAttribute(c.node, argument.attribute);
  if (c.inputs[argument.input] === undefined) return undefined;
  const value = c.constant(argument.input);
  if (value !== undefined) return Array.from(tensorNumbers(value));
  return c.fail(
    { en: `${argument.attribute} that are computed`, zh: `由计算得到的 ${argument.attribute}` },
    { en: 'constants', zh: '常量' },
  );
}
