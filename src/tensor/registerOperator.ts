/**
 * New operators from user code: a shape rule, a kernel and a gradient under a name, and the operation that runs them is given back. It is
 * used as the built-in ones. The kernel is a function over typed arrays in this thread; where the same can be written with
 * the operations at hand, that is faster and can be exported.
 */
import { diagnostic } from '#base';
import { operators } from '#ops';
import { applyNode } from './apply.ts';
import { shown } from './arguments.ts';
import { wrap } from './autograd.ts';
import type { DType } from './dtypes.ts';
import { registerGradient } from './registration.ts';
import { Tensor } from './tensor.ts';
import {
  type AttributeValue,
  type AttributeValues,
  addOperator,
  attributesOf,
  lookupOperator,
  type OperatorKernel,
  registerKernel,
  type Signature,
  toAttribute,
  USER_DOMAIN,
} from './userOperators.ts';

const standardName = diagnostic<{ name: string }>('SYS-TEN-074', 'usage', {
  en: (p) => `${p.name} is a standard operator (docs/ops); register yours under a name of its own.`,
  zh: (p) => `${p.name} 是标准算子（见 docs/ops）；请以其他名称注册您的算子。`,
});

const noGradients = diagnostic<{ name: string; found: string; inputs: string }>('SYS-TEN-142', 'invalid', {
  en: (p) =>
    `the gradient of operator ${p.name} gives ${p.found}; it gives an array with a tensor for each input (${p.inputs}), none for zero.`,
  zh: (p) =>
    `算子 ${p.name} 的梯度给出 ${p.found}；它应给出一个数组，对每个输入（${p.inputs}）各有一个张量，零梯度可省略该张量。`,
});

/** What a gradient sees: tensors, whatever mode they are in. */
export interface OperatorGradientContext {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** dL/d(output), undefined where the loss does not depend on it. */
  readonly dy: readonly (Tensor | undefined)[];
  /** The call's, with defaults in the place of those that it left out. */
  readonly attributes: AttributeValues;
}

export interface OperatorRegistration {
  readonly name: string;
  /** Names of its inputs, in order. */
  readonly inputs: readonly string[];
  /** Its attributes with their defaults; undefined where one must be given. */
  readonly attributes?: Readonly<Record<string, AttributeValue | undefined>>;
  /** Types and shapes of the results; by default one result like the first input. It throws what it does not accept. */
  readonly shape?: (inputs: readonly Signature[], attributes: AttributeValues) => readonly Signature[];
  /** By element type of the first input. More can be added with `registerKernel`. */
  readonly kernels: Readonly<Partial<Record<DType, OperatorKernel>>>;
  /** dL/d(input) for each input from dL/d(output), by ordinary operations; undefined for zero. */
  readonly gradient?: (context: OperatorGradientContext) => readonly (Tensor | undefined)[];
}

/** The operation of a registered operator; its results are those of the shape rule. */
export type UserOperation = (inputs: readonly Tensor[], attributes?: AttributeValues) => readonly Tensor[];

/**
 * Registers an operator.
 * @throws SYS-TEN-070 the name is taken; -074 it is a standard operator's
 */
export function registerOperator(registration: OperatorRegistration): UserOperation {
  const { name, inputs, attributes = {}, kernels, gradient } = registration;
  if (operators.has(name)) throw standardName({ name });
  addOperator({ name, inputs, attributes, shape: registration.shape ?? ((of) => [of[0]!]) });
  for (const [dtype, kernel] of Object.entries(kernels)) registerKernel(name, dtype as DType, kernel);
  if (gradient !== undefined) {
    registerGradient(name, (c) => {
      const given = gradient({
        inputs: c.inputs.map((e) => e!.handle as Tensor),
        outputs: c.outputs.map((e) => e!.handle as Tensor),
        dy: c.dy.map((e) => e?.handle as Tensor | undefined),
        attributes: attributesOf(lookupOperator(name), c.node),
      });
      const isOne = (t: unknown): boolean => t === undefined || t instanceof Tensor;
      if (!Array.isArray(given) || given.length > inputs.length || !given.every(isOne)) {
        throw noGradients({ name, found: shown(given), inputs: inputs.join(', ') });
      }
      return given.map((t: Tensor | undefined) => (t === undefined ? undefined : wrap(t)));
    });
  }
  return (of, given = {}) => applyNode(nodeOf(name, of.length, given), 1, of);
}

const nodeOf = (name: string, inputs: number, given: AttributeValues) => ({
  name,
  op: name,
  domain: USER_DOMAIN,
  inputs: Array.from({ length: inputs }, (_, i) => `x${i}`),
  // The shape rule says how many there are.
  outputs: ['y0'],
  attributes: new Map(Object.entries(given).map(([key, value]) => [key, toAttribute(value)])),
});
