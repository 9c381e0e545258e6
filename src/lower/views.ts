/**
 * Views: where the elements of a value lie. A buffer is a range of DRAM, SharedRAM or NRAM; a view is dims and byte strides over it. Transposition,
 * slicing, reshaping (where strides allow), squeezing, broadcasting and concatenation by address are views and cost nothing:
 * the DMA reads and writes any strides.
 */
import { internalError } from '#base';
import { type ElementType, SLOT_BYTES, type SlotType, type TensorSlot } from '#isa';
import { elementTypeOf } from './elementTypes.ts';

/** Memories on the chip in which values may stay between layers. */
export type Home = 'shared' | 'nram';

export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  /** 0 while layers are planned (whether something fits does not depend on where it lies); set by allocation before emission. */
  address: number;
  /** Set by allocation: the memory in which it lies between layers; absent, DRAM. */
  home?: Home;
  /** Range of layers in which its contents matter. */
  first: number;
  last: number;
  /** Inputs, outputs and constants keep their place for the whole run. */
  readonly pinned: boolean;
}

export interface View {
  readonly buffer: Buffer;
  /** Bytes from the buffer's start to element 0. */
  readonly offset: number;
  readonly dtype: SlotType;
  readonly dims: readonly number[];
  /** Bytes. */
  readonly strides: readonly number[];
}

export const addressOf = (v: View): number => v.buffer.address + v.offset;

/** Where a stream begins. */
export interface Place {
  readonly address: number;
  /** Absent: DRAM. */
  readonly home?: Home;
}

export const placeOf = (v: View): Place => ({
  address: addressOf(v),
  ...(v.buffer.home === undefined ? {} : { home: v.buffer.home }),
});

/** Row-major byte strides. */
export function denseStrides(dims: readonly number[], elementBytes: number): number[] {
  const out = new Array<number>(dims.length);
  let step = elementBytes;
  for (let i = dims.length - 1; i >= 0; i--) {
    out[i] = step;
    step *= dims[i]!;
  }
  return out;
}

/** Byte strides with dimension 1 (channels) innermost: N, spatial…, C. */
export function channelsLastStrides(dims: readonly number[], elementBytes: number): number[] {
  const order = [0, ...dims.map((_, i) => i).slice(2), 1];
  const dense = denseStrides(
    order.map((d) => dims[d]!),
    elementBytes,
  );
  const out = new Array<number>(dims.length);
  order.forEach((d, i) => {
    out[d] = dense[i]!;
  });
  return out;
}

export function slotOf(name: string, v: View): TensorSlot {
  return { name, dtype: v.dtype, dims: v.dims, strides: v.strides, address: addressOf(v) };
}

export const elementBytesOf = (v: View): number => SLOT_BYTES[v.dtype];

/** How units hold the elements of a view that they compute with. */
export function typeOfView(v: Pick<View, 'dtype'>): ElementType {
  const type = elementTypeOf(v.dtype);
  if (type === undefined) throw internalError({ what: `a unit is to compute with ${v.dtype}` });
  return type;
}

/** The same elements in row-major order under new dims; undefined where that needs a copy. */
export function reshapeView(v: View, dims: readonly number[]): View | undefined {
  if (dims.some((d) => d === 0) || v.dims.some((d) => d === 0)) return undefined;
  // Walk both shapes from the front, matching blocks of equal element count; within an old block strides must chain.
  const old = v.dims.map((d, i) => [d, v.strides[i]!] as const).filter(([d]) => d !== 1);
  const strides = new Array<number>(dims.length).fill(0);
  let i = 0;
  let j = 0;
  while (j < dims.length) {
    if (dims[j] === 1) {
      strides[j] = 0;
      j++;
      continue;
    }
    if (i >= old.length) return undefined;
    let have = old[i]![0];
    const from = i;
    let want = dims[j]!;
    const to = j;
    while (have !== want) {
      if (have < want) {
        i++;
        if (i >= old.length || old[i - 1]![1] !== old[i]![0] * old[i]![1]) return undefined;
        have *= old[i]![0];
      } else {
        j++;
        if (j >= dims.length) return undefined;
        want *= dims[j]!;
      }
    }
    if (from > i) return undefined;
    let step = old[i]![1];
    for (let k = j; k >= to; k--) {
      strides[k] = dims[k] === 1 ? 0 : step;
      if (dims[k] !== 1) step *= dims[k]!;
    }
    i++;
    j++;
  }
  return i === old.length ? { ...v, dims, strides } : undefined;
}

/** NumPy broadcasting to `dims`: stride 0 where a dimension is repeated. */
export function broadcastView(v: View, dims: readonly number[]): View {
  const lead = dims.length - v.dims.length;
  return {
    ...v,
    dims,
    strides: dims.map((d, i) => (i < lead || (v.dims[i - lead] === 1 && d !== 1) ? 0 : v.strides[i - lead]!)),
  };
}

export const permuteView = (v: View, perm: readonly number[]): View => ({
  ...v,
  dims: perm.map((p) => v.dims[p]!),
  strides: perm.map((p) => v.strides[p]!),
});

/** Elements start, start+step, … of one dimension. */
export function sliceView(v: View, axis: number, start: number, count: number, step: number): View {
  return {
    ...v,
    offset: v.offset + start * v.strides[axis]!,
    dims: v.dims.map((d, i) => (i === axis ? count : d)),
    strides: v.strides.map((s, i) => (i === axis ? s * step : s)),
  };
}

/** A list of dimensions with one stride for each of several operands. */
export interface JointDim {
  readonly size: number;
  readonly strides: readonly number[];
}

/**
 * Drops dimensions of size 1, orders the rest by descending stride of operand `leader`, and merges neighbours that every
 * operand walks as one. `separate` marks dimensions that must not merge with unmarked ones.
 */
export function mergeDims(
  dims: readonly number[],
  operands: readonly (readonly number[])[],
  leader: number,
  separate: readonly boolean[] = [],
): (JointDim & { readonly marked: boolean })[] {
  const all = dims
    .map((size, i) => ({ size, strides: operands.map((o) => o[i]!), marked: separate[i] ?? false }))
    .filter((d) => d.size !== 1)
    .sort((p, q) => Math.abs(q.strides[leader]!) - Math.abs(p.strides[leader]!));
  const out: (JointDim & { readonly marked: boolean })[] = [];
  for (const d of all) {
    const last = out.at(-1);
    if (last !== undefined && last.marked === d.marked && last.strides.every((s, i) => s === d.strides[i]! * d.size)) {
      out[out.length - 1] = { size: last.size * d.size, strides: d.strides, marked: d.marked };
    } else {
      out.push(d);
    }
  }
  return out;
}

/** A [b, c, x] or [b, c, y, x] view as [b, c, y, x]. */
export function asPlane(v: View): View {
  if (v.dims.length === 4) return v;
  return {
    ...v,
    dims: [v.dims[0]!, v.dims[1]!, 1, v.dims[2]!],
    strides: [v.strides[0]!, v.strides[1]!, 0, v.strides[2]!],
  };
}
