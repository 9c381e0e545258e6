/**
 * Reverse-mode differentiation: walks the recorded nodes from a result back to what the gradients are asked of, and lets each
 * operator's rule (`gradient` in its file) add the nodes of its vector–Jacobian product. The nodes are operations as any: run at once
 * in eager mode, part of the graph within `compile`; so forward, backward and update are one graph, and gradients have gradients.
 */
import { diagnostic, internalError } from '#base';
import type { Tensor as Data, Dim } from '#ir';
import { type Builder, Expression, type GradientContext, operatorOf, type Phrase } from '#ops';
import { apply, applyAll, withGradients } from './apply.ts';
import { withAutocast } from './autocast.ts';
import { Cell } from './cell.ts';
import { isFloat } from './dtypes.ts';
import { userGradient } from './registration.ts';
import { type Origin, Tensor } from './tensor.ts';
import { COMPILED_DOMAIN } from './userOperators.ts';
import { Variable } from './variable.ts';

const notScalar = diagnostic<{ found: string }>('SYS-TEN-012', 'usage', {
  en: (p) =>
    `gradients are taken of a loss of one element, but this is ${p.found}. Reduce it (sum, mean), or give the gradient of the ` +
    'result as `seed`.',
  zh: (p) => `梯度只能对单元素的损失求取，而此处为 ${p.found}。请先归约（sum、mean），或以 seed 给出结果的梯度。`,
});

const independent = diagnostic<{ found: string }>('SYS-TEN-013', 'usage', {
  en: (p) =>
    `the loss does not depend on ${p.found}, as far as gradients flow (noGrad, detach, integer results and comparisons end the ` +
    'flow; a tensor must be trainable or come out of one that is). Leave it out, or allow it: allowUnused gives zeros.',
  zh: (p) =>
    `在梯度可传播的范围内，损失不依赖于 ${p.found}（noGrad、detach、整数结果和比较会中断传播；张量须可训练或由可训练的张量得到）。` +
    '请去掉它，或以 allowUnused 得到零梯度。',
});

const noRule = diagnostic<{ op: string; node: string; why: Phrase }>('SYS-TEN-014', 'unsupported', {
  en: (p) => `operator ${p.op} has no gradient: ${phrase(p.why, 'en')}. registerGradient gives it one.`,
  zh: (p) => `算子 ${p.op} 没有梯度：${phrase(p.why, 'zh')}。可用 registerGradient 注册。`,
});

const refused = diagnostic<{ op: string; found: Phrase; expected: Phrase }>('SYS-TEN-015', 'unsupported', {
  en: (p) => `the gradient of ${p.op}: found ${phrase(p.found, 'en')}; supported: ${phrase(p.expected, 'en')}.`,
  zh: (p) => `${p.op} 的梯度：发现 ${phrase(p.found, 'zh')}；支持：${phrase(p.expected, 'zh')}。`,
});

const wrongGradient = diagnostic<{ op: string; place: number; found: string; expected: string }>(
  'SYS-TEN-131',
  'invalid',
  {
    en: (p) =>
      `the gradient registered for operator ${p.op} gives ${p.found} for input ${p.place}, which is ${p.expected}: a gradient has its input's ` +
      'type and shape. Repair the rule (where the input was broadcast, sum over those axes).',
    zh: (p) =>
      `为算子 ${p.op} 注册的梯度对输入 ${p.place} 给出 ${p.found}，而该输入为 ${p.expected}：梯度的类型和形状须与输入相同。` +
      '请修正该规则（若输入经过广播，应在相应的轴上求和）。',
  },
);

const throughCompiled = diagnostic<Record<string, never>>('SYS-TEN-029', 'unsupported', {
  en: () =>
    'gradients do not flow through the call of a compiled function: take them within it (compile a function that calls grad), or call the ' +
    'function uncompiled.',
  zh: () => '梯度不能穿过编译函数的调用：请在其内部求梯度（编译一个调用 grad 的函数），或不经编译直接调用该函数。',
});

const phrase = (p: Phrase, language: 'en' | 'zh'): string => (typeof p === 'string' ? p : p[language]);

export interface GradOptions {
  /** dL/d(result) where the result is not of one element. */
  readonly seed?: Tensor;
  /** Zeros for what the result does not depend on, instead of an error. */
  readonly allowUnused?: boolean;
  /** Whether gradients of the gradients may be taken; within `compile` they always may. */
  readonly createGraph?: boolean;
}

/**
 * Gradients of a loss.
 * @param loss one element, or any shape with `seed`
 * @param wrt variables, or tensors that `tracked` made or the loss came out of
 * @returns a tensor for each of `wrt`, of its shape and type
 * @throws SYS-TEN-012 more than one element; SYS-TEN-013 no dependence; SYS-TEN-014, -015 an operator without gradient
 */
export function grad(loss: Tensor, wrt: readonly Tensor[], options: GradOptions = {}): Tensor[] {
  return reachedGradients(loss, wrt, options).map((found, i) => {
    const target = wrt[i]!;
    if (found !== undefined) return found;
    if (options.allowUnused) return filled(target, 0);
    throw independent({ found: `${target}` });
  });
}

/** The same, undefined for what the loss does not depend on. */
export function reachedGradients(
  loss: Tensor,
  wrt: readonly Tensor[],
  options: Omit<GradOptions, 'allowUnused'> = {},
): (Tensor | undefined)[] {
  if (options.seed === undefined && !loss.dims.every((d) => d === 1)) throw notScalar({ found: `${loss}` });
  // The rules run in the types that the forward pass had: no autocast among them.
  return withAutocast(undefined, () =>
    withGradients(options.createGraph ?? currentlyTraced(loss), () => {
      const result = loss instanceof Variable ? loss.read() : loss;
      const cotangents = new Cotangents();
      cotangents.add(result, options.seed ?? filled(result, 1));
      const targets = new Set<Tensor>(wrt);
      const order = topological(result, targets);
      for (const origin of order.reverse()) pullBack(origin, cotangents, order.wanted);
      return wrt.map((target) => cotangents.of(target) ?? (target === loss ? cotangents.of(result) : undefined));
    }),
  );
}

const currentlyTraced = (t: Tensor): boolean => 'trace' in t.source;

function filled(like: Tensor, value: number): Tensor {
  const expression = wrap(like);
  return (value === 0 ? expression.zeros() : expression.ones()).handle as Tensor;
}

/** dL/d(tensor), by tensor; readings of a variable count for the variable. */
class Cotangents {
  readonly #of = new Map<Tensor, Tensor>();

  add(tensor: Tensor, value: Tensor): void {
    this.#put(tensor, value);
    if (tensor.leaf !== undefined) this.#put(tensor.leaf, value);
  }

  #put(tensor: Tensor, value: Tensor): void {
    const before = this.#of.get(tensor);
    this.#of.set(tensor, before === undefined ? value : apply('Add', [before, value]));
  }

  of(tensor: Tensor): Tensor | undefined {
    return this.#of.get(tensor);
  }
}

/**
 * The nodes between result and targets, each after those that it reads.
 * Iterative, since graphs are deeper than the call stack.
 */
function topological(
  result: Tensor,
  targets: ReadonlySet<Tensor>,
): { reverse(): readonly Origin[]; wanted: (tensor: Tensor) => boolean } {
  const order: Origin[] = [];
  const leads = new Map<Tensor | Origin, boolean>();
  const isTarget = (t: Tensor): boolean => targets.has(t) || (t.leaf !== undefined && targets.has(t.leaf));
  const stack: { origin: Origin; next: number }[] = [];
  const visit = (t: Tensor): void => {
    if (t.origin !== undefined && !leads.has(t.origin)) {
      leads.set(t.origin, false);
      stack.push({ origin: t.origin, next: 0 });
    }
  };
  const wanted = (t: Tensor): boolean => isTarget(t) || (t.origin !== undefined && leads.get(t.origin) === true);
  visit(result);
  while (stack.length > 0) {
    const frame = stack.at(-1)!;
    const input = frame.origin.inputs[frame.next++];
    if (frame.next <= frame.origin.inputs.length) {
      if (input?.tracked) visit(input);
      continue;
    }
    stack.pop();
    if (frame.origin.inputs.some((t) => t?.tracked && wanted(t))) {
      leads.set(frame.origin, true);
      order.push(frame.origin);
    }
  }
  return { reverse: () => order.toReversed(), wanted };
}

function pullBack(origin: Origin, cotangents: Cotangents, wanted: (t: Tensor) => boolean): void {
  const { node, opset, inputs, outputs } = origin;
  const given = outputs.map((t) => cotangents.of(t));
  if (given.every((t) => t === undefined)) return;
  if (node.domain === COMPILED_DOMAIN) throw throughCompiled({});
  const rule = origin.rule ?? userGradient(node.op) ?? operatorOf(node, opset)?.gradient;
  if (rule === undefined) {
    const why = { en: 'no rule is registered', zh: '没有注册规则' };
    throw noRule({ op: node.op, node: node.name, why });
  }
  if (rule === 'zero') return;
  if (typeof rule !== 'function') throw noRule({ op: node.op, node: node.name, why: rule.none });
  const needs = inputs.map((t) => t?.tracked === true && wanted(t));
  const context: GradientContext = {
    node,
    opset,
    inputs: inputs.map((t) => (t === undefined ? undefined : wrap(t))),
    outputs: outputs.map(wrap),
    dy: given.map((t) => (t === undefined ? undefined : wrap(t))),
    wanted: (i) => needs[i] === true,
    constant: (i) => inputs[i]?.known,
    emit: (op, of, attributes = {}) => builder.emit(op, of, attributes, 1)[0]!,
    fail: (found, expected) => {
      throw refused({ op: node.op, found, expected });
    },
  };
  rule(context).forEach((gradient, i) => {
    const input = inputs[i];
    if (gradient === undefined || input === undefined || !needs[i]) return;
    const value = gradient.handle as Tensor;
    // Open sizes may have different names: whether they are equal is for the run.
    const isSize = (d: Dim, k: number): boolean =>
      d === input.dims[k] || (typeof d !== 'number' && typeof input.dims[k] !== 'number');
    const fits = value.dataType === input.dataType && value.rank === input.rank && value.dims.every(isSize);
    if (!fits && userGradient(node.op) !== undefined) {
      throw wrongGradient({ op: node.op, place: i, found: `${value}`, expected: `${input}` });
    }
    if (!fits) throw internalError({ what: `the gradient rule of ${node.op} gave ${value} for input ${i}, ${input}` });
    cotangents.add(input, value);
  });
}

/** Expressions over tensors: each node is an operation. */
const builder: Builder = {
  emit: (op, inputs, attributes, outputs) =>
    applyAll(
      op,
      inputs.map((e) => e?.handle as Tensor | undefined),
      attributes,
      outputs,
    ).map(wrap),
  constant: (value) => wrap(constantTensor(value)),
};

export const wrap = (t: Tensor): Expression => new Expression(builder, t, t.type, t.known);

/** A tensor of data at hand, which gradients do not flow through. */
export const constantTensor = (value: Data): Tensor =>
  new Tensor({
    type: { kind: 'tensor', dtype: value.dtype, shape: value.dims },
    source: Cell.of(value),
    known: value,
  });

/** The tensor, with gradients flowing through it from here: a leaf that `grad` can be asked of. */
export function tracked(t: Tensor): Tensor {
  const { type, source, known } = t instanceof Variable ? t.read() : t;
  return new Tensor({ type, source, known, tracked: true });
}

/** The tensor without its history: gradients end here. */
export function detach(t: Tensor): Tensor {
  const { type, source, known } = t instanceof Variable ? t.read() : t;
  return new Tensor({ type, source, known });
}

/**
 * The function's gradient with respect to its first argument, or to those of `argnums`.
 * @param f gives a loss of one element
 */
export function gradientOf(
  f: (...args: Tensor[]) => Tensor,
  argnums: readonly number[] = [0],
): (...args: Tensor[]) => Tensor[] {
  const both = valueAndGradient(f, argnums);
  return (...args) => both(...args)[1];
}

/** The same with the value: [f(…), gradients]. */
export function valueAndGradient(
  f: (...args: Tensor[]) => Tensor,
  argnums: readonly number[] = [0],
): (...args: Tensor[]) => [Tensor, Tensor[]] {
  return (...args) => {
    const leaves = args.map((t, i) => (argnums.includes(i) ? withHistory(t) : t));
    const value = f(...leaves);
    const wrt = argnums.map((i) => leaves[i]!);
    return [value, grad(value, wrt, { allowUnused: true, createGraph: wrt.some((t) => t.origin !== undefined) })];
  };
}

/** A tensor that is part of an outer differentiation keeps its place in it. */
const withHistory = (t: Tensor): Tensor => (t.tracked && isFloat(t.dataType) ? t : tracked(t));
