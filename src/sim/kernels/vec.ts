/** `vec` on the WebAssembly kernels: the index space with as few and as long dimensions as say the same. */
import { ACCUMULATIONS, B_MODES, ELEMENT_TYPES, SCALING_FUNCTIONS, SELECTING_FUNCTIONS, VECTOR_FUNCTIONS } from '#isa';
import type { Machine } from '#machine';
import { DIMENSIONS, lanesFor, SIZE, STRIDE } from '#timing';
import type { VecEntry } from '../entries.ts';
import type { Layout } from './layout.ts';
import type { KernelFunctions } from './module.ts';

/** Size, and strides of A, B and C. */
interface Axis {
  size: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const ONE: Axis = Object.freeze({ size: 1, a: 4, b: 4, c: 4 });

/** Whether `outer` goes on where `inner` ends, for all operands. */
const continues = (inner: Axis, outer: Axis): boolean =>
  outer.a === inner.size * inner.a && outer.b === inner.size * inner.b && outer.c === inner.size * inner.c;

export function createVec(
  machine: Machine,
  memory: WebAssembly.Memory,
  layout: Layout,
  kernels: KernelFunctions,
): (entry: VecEntry) => void {
  const words = new Int32Array(memory.buffer);
  const job = layout.job >>> 2;

  return (entry) => {
    const { aRecord, bRecord, cRecord, accumulate } = entry;
    const withRecord = entry.bMode === 'record';
    const axes: Axis[] = [];
    for (let d = 0; d < DIMENSIONS; d++) {
      const size = aRecord[4 * d + SIZE]!;
      if (size < 1) return;
      const b = withRecord ? bRecord[4 * d + STRIDE]! : 0;
      axes.push({ size, a: aRecord[4 * d + STRIDE]!, b, c: cRecord[4 * d + STRIDE]! });
    }
    const plain = accumulate === 'none';
    const reduced = !plain && axes[0]!.c === 0 && axes[0]!.size > 1;
    words[job] = VECTOR_FUNCTIONS.indexOf(entry.function);
    words[job + 1] = ACCUMULATIONS.indexOf(accumulate);
    words[job + 2] = entry.init ? 1 : 0;
    words[job + 3] = reduced ? lanesFor(machine, entry) : 0;
    words[job + 4] = layout.nram + entry.a;
    words[job + 5] = withRecord ? layout.nram + entry.b : layout.scalar;
    words[job + 6] = layout.nram + entry.c;
    words[job + 7] = layout.strip;
    words[job + 28] = ELEMENT_TYPES.indexOf(entry.type);
    words[job + 29] = ELEMENT_TYPES.indexOf(entry.result);
    words[job + 30] = entry.saturate ? 1 : 0;
    words[job + 31] = entry.zero;
    words[job + 32] = B_MODES.indexOf(entry.bMode);
    words[job + 33] = needsTypes(entry) ? 1 : 0;
    words[layout.scalar >>> 2] = entry.bMode === 'scalar' ? entry.b : 0;
    // An operand is apart from C or is C, element by element: no element reads what an earlier one wrote.
    const [row, outer] = shorten(axes, plain, reduced);
    for (let d = 0; d < DIMENSIONS; d++) {
      const axis = d === 0 ? row : (outer[d - 1] ?? ONE);
      const at = job + 8 + 4 * d;
      words[at] = axis.size;
      words[at + 1] = axis.a;
      words[at + 2] = axis.b;
      words[at + 3] = axis.c;
    }
    kernels.vec(layout.job, layout.room);
  };
}

/** All that is not plain f32: other rows compute it. */
const needsTypes = ({ type, result, function: name }: VecEntry): boolean =>
  type !== 'f32' || result !== 'f32' || SELECTING_FUNCTIONS.has(name) || SCALING_FUNCTIONS.has(name);

/** The same index space as a row and what is outside it, with as few and as long dimensions as possible. */
function shorten(axes: readonly Axis[], plain: boolean, reduced: boolean): [Axis, Axis[]] {
  const [d0, ...rest] = axes as [Axis, ...Axis[]];
  const outer = rest.filter((axis) => axis.size > 1);
  // A first dimension of one element makes room for the next one, unless that would look like a reduction of d0.
  const next = outer[0];
  const row = d0.size === 1 && next !== undefined && (plain || next.c !== 0) ? outer.shift()! : d0;
  // A row is met element by element only where its elements of C differ.
  if (plain || (!reduced && row.c !== 0)) {
    while (outer[0] !== undefined && continues(row, outer[0])) row.size *= outer.shift()!.size;
  }
  for (let i = 0; i + 1 < outer.length; ) {
    if (continues(outer[i]!, outer[i + 1]!)) outer[i]!.size *= outer.splice(i + 1, 1)[0]!.size;
    else i++;
  }
  return [row, outer];
}
