/**
 * `at`: parts of a tensor by numbers, ranges, new axes, integer tensors and boolean masks, as NumPy indexes. Numbers, ranges and new axes
 * come first (as in PyTorch), so that what is left is a tensor with index tensors at some of its axes. One gathers along its axis;
 * several, and masks, gather tuples: they broadcast against each other, and their axes stand where the first of them stood if they are
 * neighbours, else in front.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, type Dim, int, ints, tensorNumbers, tensorOf } from '#ir';
import { apply } from '../apply.ts';
import { type Shape, shown, wholes } from '../arguments.ts';
import { constantTensor } from '../autograd.ts';
import { isFloat } from '../dtypes.ts';
import { Tensor } from '../tensor.ts';
import { currentTrace } from '../trace.ts';
import { axisOf, int64s } from './axes.ts';
import { add, mul } from './elementwise.ts';
import { concat, expand, split, squeeze, transpose, unsqueeze } from './movement.ts';
import { castTo } from './operands.ts';

const tooManyIndices = diagnostic<{ count: number; shape: string }>('SYS-TEN-024', 'invalid', {
  en: (p) =>
    `${p.count} indices for shape [${p.shape}]: at most one for each axis (a mask counts its axes; one '...' may stand beside them).`,
  zh: (p) => `对形状 [${p.shape}] 给出了 ${p.count} 个下标：每个轴至多一个（掩码按其轴数计；另可有一个 '...'）。`,
});

const outOfRange = diagnostic<{ index: number; axis: number; shape: string }>('SYS-TEN-025', 'invalid', {
  en: (p) => `index ${p.index} is outside axis ${p.axis} of shape [${p.shape}].`,
  zh: (p) => `下标 ${p.index} 超出形状 [${p.shape}] 的轴 ${p.axis}。`,
});

const noIndex = diagnostic<{ found: string; place: number }>('SYS-TEN-135', 'usage', {
  en: (p) =>
    `at: index ${p.place} is ${p.found}. An index is a whole number, a range [start, end, step?] of whole numbers with step ≠ 0, null (a ` +
    "new axis), '...', a tensor of integers, or a mask (a tensor of bools); a list of places is a tensor: at(tensor([0, 2, 4])).",
  zh: (p) =>
    `at：第 ${p.place} 个下标为 ${p.found}。下标可以是整数、由整数组成且步长不为 0 的范围 [start, end, step?]、null（新轴）、'...'、` +
    '整数张量或掩码（布尔张量）；若要列出多个位置，请用张量：at(tensor([0, 2, 4]))。',
});

const maskMisfit = diagnostic<{ mask: string; axis: number; shape: string }>('SYS-TEN-136', 'invalid', {
  en: (p) =>
    `at: the mask ${p.mask} stands at axis ${p.axis} of shape [${p.shape}]; it needs at least one axis, and there as many sizes as it has, ` +
    'equal to its own.',
  zh: (p) =>
    `at：掩码 ${p.mask} 位于形状 [${p.shape}] 的轴 ${p.axis}；掩码至少要有一个轴，且该处的各尺寸必须与掩码的尺寸逐一相等。`,
});

const noCommonShape = diagnostic<{ shapes: string }>('SYS-TEN-137', 'invalid', {
  en: (p) =>
    `at: index tensors of shapes ${p.shapes} do not broadcast against each other: together they name tuples, one index for each axis. To ` +
    'take every combination give them shapes such as [n, 1] and [m].',
  zh: (p) =>
    `at：形状为 ${p.shapes} 的下标张量不能相互广播：它们共同给出各轴下标的元组。若要取所有组合，请使用如 [n, 1] 与 [m] 的形状。`,
});

const floatIndices = diagnostic<{ found: string }>('SYS-TEN-138', 'invalid', {
  en: (p) =>
    `at: ${p.found} cannot index. Indices are integers: cast('i64'), or make them with { dtype: 'i64' }; a mask is of bools, as comparisons ` +
    'give it.',
  zh: (p) =>
    `at：${p.found} 不能作为下标。下标须为整数：请用 cast('i64')，或以 { dtype: 'i64' } 创建；掩码须为布尔张量，例如比较的结果。`,
});

/**
 * One place of `at`: a number takes the axis away, `[start, end, step?]` a range (undefined: from the beginning, to the end), null
 * inserts an axis, '...' stands for all axes in between, a tensor of integers gathers, a tensor of bools takes where it is true.
 */
export type Index = number | null | '...' | readonly [(number | undefined)?, (number | undefined)?, number?] | Tensor;

const isMask = (index: Index): index is Tensor => index instanceof Tensor && index.dataType === 'bool';

/** How many axes an index stands for. */
const axesOf = (index: Index): number => (index === null || index === '...' ? 0 : isMask(index) ? index.rank : 1);

/**
 * Part of a tensor by NumPy's indexing; a list `[a, b, c]` is a range, places are listed by a tensor. How many elements a mask takes is
 * known once its data is (a constant, or read before with `await mask.data()`); until then that size is open, as within `compile`.
 * @throws SYS-TEN-024 too many; -025 a number outside; -135 to -138 an index that is none, or does not fit
 */
export function at(x: Tensor, ...indices: Index[]): Tensor {
  indices.forEach(checkIndex);
  const consuming = indices.reduce((sum: number, i) => sum + axesOf(i), 0);
  if (consuming > x.rank || indices.filter((i) => i === '...').length > 1) {
    throw tooManyIndices({ count: consuming, shape: x.dims.join(', ') });
  }
  const rest = x.rank - consuming;
  const full: Index[] = indices.includes('...') ? [...indices] : [...indices, '...'];
  const places = full.flatMap((i): Index[] => (i === '...' ? new Array<Index>(rest).fill([]) : [i]));
  const { y, tensors } = basic(x, places);
  const [first] = tensors;
  if (first === undefined) return y;
  if (tensors.length === 1 && !isMask(first.index)) {
    return apply('Gather', [y, asIntegers(first.index)], { axis: int(first.axis) });
  }
  return gatherTuples(y, tensors);
}

function checkIndex(index: Index, place: number): void {
  const isWhole = (v: unknown): boolean => Number.isSafeInteger(v);
  const fits =
    index === null ||
    index === '...' ||
    index instanceof Tensor ||
    isWhole(index) ||
    (Array.isArray(index) && index.length <= 3 && index.every((v) => v === undefined || isWhole(v)) && index[2] !== 0);
  if (!fits) throw noIndex({ found: shown(index), place });
}

interface Placed {
  readonly axis: number;
  readonly index: Tensor;
}

/** Numbers, ranges and new axes; what is left to gather, by axes of the result. */
function basic(x: Tensor, places: readonly Index[]): { readonly y: Tensor; readonly tensors: readonly Placed[] } {
  const ranges: { axis: number; start: number; end: number; step: number }[] = [];
  const [drop, insert]: [number[], number[]] = [[], []];
  const tensors: Placed[] = [];
  let axis = 0;
  let out = 0;
  for (const place of places) {
    if (place === null) {
      insert.push(out++);
      continue;
    }
    if (typeof place === 'number') {
      ranges.push({ axis, start: place, end: place === -1 ? Number.MAX_SAFE_INTEGER : place + 1, step: 1 });
      checkNumber(x, axis, place);
      drop.push(axis++);
      continue;
    }
    if (place instanceof Tensor) {
      if (isMask(place)) checkMask(x, axis, place);
      tensors.push({ axis: out, index: place });
    } else {
      const [start, end, step = 1] = place as [number?, number?, number?];
      const far = Number.MAX_SAFE_INTEGER;
      if (start !== undefined || end !== undefined || step !== 1) {
        ranges.push({ axis, start: start ?? (step > 0 ? 0 : far), end: end ?? (step > 0 ? far : -far), step });
      }
    }
    const taken = axesOf(place);
    axis += taken;
    out += taken;
  }
  let y = x;
  if (ranges.length > 0) {
    const list = (f: (r: (typeof ranges)[0]) => number): Tensor => int64s(ranges.map(f));
    y = apply('Slice', [y, list((r) => r.start), list((r) => r.end), list((r) => r.axis), list((r) => r.step)]);
  }
  if (drop.length > 0) y = squeeze(y, drop);
  if (insert.length > 0) y = unsqueeze(y, insert);
  return { y, tensors };
}

function checkNumber(x: Tensor, axis: number, place: number): void {
  const size = x.dims[axis];
  if (typeof size === 'number' && (place < -size || place >= size)) {
    throw outOfRange({ index: place, axis, shape: x.dims.join(', ') });
  }
}

function checkMask(x: Tensor, axis: number, mask: Tensor): void {
  const fits = mask.dims.every((d, i) => {
    const size = x.dims[axis + i];
    return d === size || typeof d !== 'number' || typeof size !== 'number';
  });
  if (mask.rank === 0 || !fits) throw maskMisfit({ mask: `${mask}`, axis, shape: x.dims.join(', ') });
}

/** Indices as Gather takes them. Whole numbers that are written down are indices though plain numbers make f32. */
function asIntegers(index: Tensor): Tensor {
  if (index.dataType === 'int64' || index.dataType === 'int32') return index;
  if (!isFloat(index.dataType)) return castTo(index, 'int64');
  const numbers = index.known === undefined ? undefined : tensorNumbers(index.known);
  if (!numbers?.every(Number.isSafeInteger)) throw floatIndices({ found: `${index}` });
  return constantTensor(tensorOf('int64', index.known!.dims, numbers));
}

/** Elements (or slices behind them) at tuples of indices. */
function gatherTuples(x: Tensor, tensors: readonly Placed[]): Tensor {
  const columns = tensors.flatMap(({ axis, index }): Placed[] =>
    isMask(index)
      ? placesOf(index).map((column, i) => ({ axis: axis + i, index: column }))
      : [{ axis, index: castTo(asIntegers(index), 'int64') }],
  );
  const axes = columns.map((c) => c.axis);
  const together = broadcast(columns.map((c) => c.index));
  const others = x.dims.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...axes, ...others];
  const front = order.every((p, i) => p === i) ? x : transpose(x, order);
  const tuples = concat(
    together.map((t) => unsqueeze(t, -1)),
    -1,
  );
  const gathered = apply('GatherND', [front, tuples]);
  const [first] = axes as [number];
  const areNeighbours = axes.every((a, i) => a === first + i);
  if (!areNeighbours || first === 0) return gathered;
  // The axes of the indices go behind those that stand before them.
  const rank = together[0]!.rank;
  const before = Array.from({ length: first }, (_, i) => rank + i);
  const own = Array.from({ length: rank }, (_, i) => i);
  const after = Array.from({ length: gathered.rank - rank - first }, (_, i) => rank + first + i);
  return apply('Transpose', [gathered], { perm: ints([...before, ...own, ...after]) });
}

/** Names of the open sizes that masks give, so that what two tensors have of one mask is known to be of one size. */
const openSizes = new WeakMap<Tensor, string>();
let masks = 0;

/** Where a mask is true: for each of its axes the indices [count]. */
function placesOf(mask: Tensor): readonly Tensor[] {
  const data = mask.known ?? ('trace' in mask.source || currentTrace() !== undefined ? undefined : mask.source.data);
  if (data !== undefined) return placesAtHand(data);
  const found = apply('NonZero', [mask]);
  const count = openSizes.get(mask) ?? `selected_${++masks}`;
  openSizes.set(mask, count);
  const shape: readonly Dim[] = [mask.rank, count];
  const named = new Tensor({ type: { kind: 'tensor', dtype: 'int64', shape }, source: found.source });
  return mask.rank === 1
    ? [squeeze(named, 0)]
    : split(
        named,
        mask.dims.map(() => 1),
      ).map((row) => squeeze(row, 0));
}

function placesAtHand(mask: Data): readonly Tensor[] {
  const columns = mask.dims.map((): number[] => []);
  tensorNumbers(mask).forEach((value, flat) => {
    if (value === 0) return;
    let rest = flat;
    for (let axis = mask.dims.length - 1; axis >= 0; axis--) {
      columns[axis]!.push(rest % mask.dims[axis]!);
      rest = Math.floor(rest / mask.dims[axis]!);
    }
  });
  return columns.map(int64s);
}

/** Index tensors in their common shape. */
function broadcast(indices: readonly Tensor[]): readonly Tensor[] {
  const rank = Math.max(...indices.map((t) => t.rank));
  const aligned = (t: Tensor, axis: number): Dim => t.dims[axis - (rank - t.rank)] ?? 1;
  const common = Array.from({ length: rank }, (_, axis): Dim => {
    const sizes = new Set(indices.map((t) => (axis < rank - t.rank ? 1 : aligned(t, axis))).filter((d) => d !== 1));
    const numbers = [...sizes].filter((d) => typeof d === 'number');
    if (numbers.length > 1) {
      throw noCommonShape({ shapes: indices.map((t) => `[${t.dims.join(', ')}]`).join(', ') });
    }
    return sizes.size === 0 ? 1 : (numbers[0] ?? [...sizes][0]!);
  });
  const isCommon = (t: Tensor): boolean => t.rank === rank && t.dims.every((d, i) => d === common[i]);
  if (indices.every(isCommon)) return indices;
  if (common.every((d) => typeof d === 'number')) {
    return indices.map((t) => (isCommon(t) ? t : expand(t, common as readonly number[])));
  }
  // Open sizes: a sum of zeros has the common shape.
  const zeros = indices.map((t) => mul(t, 0)).reduce((a, b) => add(a, b));
  return indices.map((t) => add(t, zeros));
}

/** The elements along axes, a number or an array, in reverse order. */
export function flip(x: Tensor, axes: Shape): Tensor {
  const list = wholes('flip', axes).map((a) => axisOf('flip', x, a));
  return at(x, ...x.dims.map((_, i): Index => (list.includes(i) ? [undefined, undefined, -1] : [])));
}
