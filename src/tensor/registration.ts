/**
 * Gradients registered by user code, by operator name. The operators' own stand in their files; one that is there cannot be
 * registered a second time.
 */
import { diagnostic } from '#base';
import { type Gradient, type GradientRule, operators } from '#ops';

const twice = diagnostic<{ op: string }>('SYS-TEN-016', 'usage', {
  en: (p) =>
    `operator ${p.op} has a gradient already; a second registration is refused. Register an operator under a name of your own.`,
  zh: (p) => `算子 ${p.op} 已有梯度，拒绝重复注册。请以自己的名称注册新算子。`,
});

const noGradient = diagnostic<{ op: string }>('SYS-TEN-017', 'usage', {
  en: (p) => `no gradient is registered for operator ${p.op}.`,
  zh: (p) => `没有为算子 ${p.op} 注册梯度。`,
});

const registered = new Map<string, GradientRule>();

/**
 * Gives an operator without gradient one.
 * @throws SYS-TEN-016 it has one
 */
export function registerGradient(op: string, rule: GradientRule): void {
  const own = operators.get(op)?.gradient;
  if (registered.has(op) || (own !== undefined && (own === 'zero' || typeof own === 'function'))) throw twice({ op });
  registered.set(op, rule);
}

export const userGradient = (op: string): GradientRule | undefined => registered.get(op);

/**
 * The gradient of an operator, own or registered.
 * @throws SYS-TEN-017 it has none
 */
export function lookupGradient(op: string): Gradient {
  const found = registered.get(op) ?? operators.get(op)?.gradient;
  if (found === undefined || (typeof found === 'object' && 'none' in found)) throw noGradient({ op });
  return found;
}
