/** The derivative of a function of one number, as exercises 2.6, 2.7 and 2.10 ask for it: by autograd in f64, and by differences. */

import { charts } from 'systole/report';
import { gradientOf, type Tensor, tensor, withReference } from 'systole/tensor';

export type Scalar = (x: Tensor) => Tensor;

/** f′(x) by the operators' rules, evaluated in f64. */
export const derivative = (f: Scalar, x: number): Promise<number> =>
  withReference(() => gradientOf(f)(tensor(x, { dtype: 'f64' }))[0]!.item());

/** (f(x + h) − f(x − h)) ÷ 2h. */
export async function difference(f: Scalar, x: number, h = 1e-5): Promise<number> {
  const [above, below] = withReference(() => [x + h, x - h].map((at) => f(tensor(at, { dtype: 'f64' })).item()));
  return ((await above!) - (await below!)) / (2 * h);
}

/** A function and its derivative from −6 to 6. */
export async function slopePicture(
  name: string,
  f: (x: number) => number,
  slope: (x: number) => number,
  language: 'en' | 'zh',
): Promise<string> {
  const xs = Array.from({ length: 241 }, (_, i) => -6 + i / 20);
  const { linesPicture } = await charts();
  return linesPicture(
    [
      { name, points: xs.map((x) => [x, f(x)] as const) },
      { name: `${name}′`, points: xs.map((x) => [x, slope(x)] as const) },
    ],
    { title: language === 'en' ? `${name} and its derivative` : `${name} 及其导数`, x: 'x', y: 'f(x)' },
  );
}
