/**
 * Gradients by the rules against central differences, (f(x + h) − f(x − h)) ÷ 2h, for each value of each variable. Everything is
 * evaluated by the operators' reference in f64, so that variables must be f64 for the comparison to mean something.
 */
import { diagnostic } from '#base';
import { tensorNumbers, tensorOf } from '#ir';
import { grad } from './autograd.ts';
import type { Cell } from './cell.ts';
import { withReference } from './eager.ts';
import type { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

const notDouble = diagnostic<{ name: string; dtype: string }>('SYS-TEN-076', 'usage', {
  en: (p) =>
    `variable '${p.name}' is ${p.dtype}: differences need f64 (of ${p.dtype} they would only show its rounding). Make the variable of f64 data.`,
  zh: (p) =>
    `变量“${p.name}”为 ${p.dtype}：数值差分需要 f64（${p.dtype} 的差分只反映舍入误差）。请用 f64 数据创建该变量。`,
});

export interface CheckGradientsOptions {
  /** h; 1e-5 by default. */
  readonly step?: number;
}

export interface CheckedGradient {
  readonly name: string;
  /**
   * The largest |rule − difference| ÷ max(|rule|, |difference|, s), where s is a thousandth of the variable's largest gradient: below it
   * a difference has no digits left.
   */
  readonly error: number;
}

const read = (t: Tensor): Float64Array => tensorNumbers((t.source as Cell).data!);

/**
 * @param loss computes a loss of one element from the variables; synchronous, called again for every value of them
 * @throws SYS-TEN-076 a variable is not f64; what `grad` throws
 */
export function checkGradients(
  loss: () => Tensor,
  variables: readonly Variable[],
  { step = 1e-5 }: CheckGradientsOptions = {},
): readonly CheckedGradient[] {
  for (const { name, dtype } of variables) if (dtype !== 'f64') throw notDouble({ name, dtype });
  return withReference(() => {
    const gradients = grad(loss(), variables, { allowUnused: true }).map(read);
    return variables.map((variable, i) => {
      const values = read(variable).slice();
      const at = (k: number, value: number): number => {
        const moved = values.slice();
        moved[k] = value;
        variable.set(tensorOf('float64', variable.shape, moved));
        return read(loss())[0]!;
      };
      const byRule = gradients[i]!;
      const byDifference = values.map((x, k) => (at(k, x + step) - at(k, x - step)) / (2 * step));
      variable.set(tensorOf('float64', variable.shape, values));
      const floor = 1e-3 * byRule.reduce((most, g) => Math.max(most, Math.abs(g)), 1e-12);
      const error = byRule.reduce((most, g, k) => {
        const d = byDifference[k]!;
        return Math.max(most, Math.abs(g - d) / Math.max(Math.abs(g), Math.abs(d), floor));
      }, 0);
      return { name: variable.name, error };
    });
  });
}
