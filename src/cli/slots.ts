/** Inputs and outputs of a program as the command line names them. */
import { diagnostic, nearestName } from '#base';
import type { TensorType } from '#ir';
import type { TensorSlot } from '#isa';

export const slotText = (slot: TensorSlot): string => `${slot.name} ${slot.dtype}[${slot.dims.join(',')}]`;

const unknownInput = diagnostic<{ name: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-CLI-025',
  'usage',
  {
    en: (p) =>
      `the program has no input '${p.name}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} ` +
      `Its inputs are: ${p.known.join(', ') || 'none'}.`,
    zh: (p) =>
      `程序没有输入“${p.name}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}可用的输入：${p.known.join('、') || '无'}。`,
  },
);

/** The type of a program's input. @throws SYS-CLI-025 */
export function slotType(slots: readonly TensorSlot[], name: string): TensorType {
  const slot = slots.find((s) => s.name === name);
  const known = slots.map((s) => s.name);
  if (slot === undefined) throw unknownInput({ name, nearest: nearestName(name, known), known });
  return { kind: 'tensor', dtype: slot.dtype, shape: slot.dims };
}
