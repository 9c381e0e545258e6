/**
 * What layers take: looked at before their operations run, so that a misshapen input is told by the layer's own options and not by the
 * operands of a node within it.
 */
import { diagnostic } from '#base';
import { shown } from '../arguments.ts';
import { Tensor } from '../tensor.ts';

const wrongInput = diagnostic<{ layer: string; expected: string; found: string }>('SYS-TEN-132', 'invalid', {
  en: (p) => `${p.layer} takes ${p.expected}; found ${p.found}.`,
  zh: (p) => `${p.layer} 的输入应为 ${p.expected}；发现 ${p.found}。`,
});

/**
 * @param layer the layer with its options, as a program writes it
 * @param ranks how many axes the input has, at least and at most
 * @param sizes of single axes, which may count from the end; open ones fit
 * @param form the shape that is taken, as documentation writes it
 * @throws SYS-TEN-132 it has another shape, or is no tensor
 */
export function expectInput(
  layer: string,
  x: Tensor,
  ranks: readonly [least: number, most: number],
  sizes: readonly (readonly [axis: number, size: number])[],
  form: string,
): void {
  if (x instanceof Tensor) {
    const { dims } = x;
    const fits =
      dims.length >= ranks[0] &&
      dims.length <= ranks[1] &&
      sizes.every(([axis, size]) => dims.at(axis) === size || typeof dims.at(axis) !== 'number');
    if (fits) return;
  }
  throw wrongInput({
    layer,
    expected: form,
    found: x instanceof Tensor ? `${x.dtype}[${x.dims.join(', ')}]` : shown(x),
  });
}
