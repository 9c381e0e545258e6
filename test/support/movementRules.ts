/** Rules of random processor graphs: operators that move, name or convert data. */
import { type Attribute, float, int, ints } from '#ir';
import { activation, axisOf, isFloat, plain, product, type Rule, someAxes } from './graphRules.ts';

export const movementRules: Readonly<Record<string, Rule>> = {
  concat(b, x) {
    if (x.dims.length === 0) return undefined;
    const axis = axisOf(b, x);
    const at = axis < 0 ? axis + x.dims.length : axis;
    const fits = b.values.filter(
      (v) =>
        v.dtype === x.dtype && v.dims.length === x.dims.length && v.dims.every((d, i) => i === at || d === x.dims[i]),
    );
    const parts = Array.from({ length: b.random.integer(1, 3) }, () => b.random.pick(fits).name);
    if (isFloat(x) && b.oneIn(2)) parts.push(activation(b, x.name));
    if (isFloat(x) && b.oneIn(3)) parts.push(b.constant(x.dims.map((d, i) => (i === at ? b.random.integer(1, 3) : d))));
    parts.splice(b.random.integer(0, parts.length), 0, x.name);
    return plain(b.node('Concat', parts, { axis: int(axis) }));
  },
  split(b, x) {
    if (x.dims.length === 0) return undefined;
    const axis = axisOf(b, x);
    const size = x.dims.at(axis < 0 ? axis : axis)!;
    if (size < 2) return undefined;
    const first = b.random.integer(1, size - 1);
    const sizes = [first, size - first];
    const attributes: Record<string, Attribute> = { axis: int(axis) };
    if (b.opset < 13) attributes.split = ints(sizes);
    return b.nodeOf('Split', [x.name, ...(b.opset < 13 ? [] : [b.int64s(sizes)])], attributes, 2);
  },
  slice(b, x) {
    if (x.dims.length === 0) return undefined;
    const axes = someAxes(b, x);
    const steps = axes.map(() => (b.opset < 10 ? 1 : b.random.pick([1, 1, 2, 3, -1, -2])));
    const bound = (a: number): number => b.random.integer(-x.dims[a]! - 1, x.dims[a]! + 1);
    const starts = axes.map((a, i) => (b.oneIn(2) ? (steps[i]! < 0 ? x.dims[a]! : 0) : bound(a)));
    const ends = axes.map((a, i) => (b.oneIn(2) ? (steps[i]! < 0 ? -x.dims[a]! - 9 : 2 ** 31) : bound(a)));
    if (b.opset < 10)
      return plain(b.node('Slice', [x.name], { starts: ints(starts), ends: ints(ends), axes: ints(axes) }));
    return plain(b.node('Slice', [x.name, b.int64s(starts), b.int64s(ends), b.int64s(axes), b.int64s(steps)]));
  },
  transpose(b, x) {
    const perm = x.dims.map((_, i) => i);
    for (let i = perm.length - 1; i > 0; i--) {
      const j = b.random.integer(0, i);
      [perm[i], perm[j]] = [perm[j]!, perm[i]!];
    }
    return plain(b.node('Transpose', [x.name], b.oneIn(4) ? {} : { perm: ints(perm) }));
  },
  reshape(b, x) {
    const count = product(x.dims);
    const dims: number[] = [];
    let left = count;
    while (dims.length < 3 && left > 1) {
      const divisors = Array.from({ length: left }, (_, i) => i + 1).filter((d) => left % d === 0);
      const d = b.random.pick(divisors);
      dims.push(d);
      left /= d;
    }
    dims.push(b.oneIn(2) ? -1 : left);
    if (b.oneIn(4)) dims.splice(b.random.integer(0, dims.length), 0, 1);
    return plain(b.node('Reshape', [x.name, b.int64s(dims)]));
  },
  flatten: (b, x) =>
    x.dims.length === 0
      ? undefined
      : plain(b.node('Flatten', [x.name], { axis: int(b.random.integer(0, x.dims.length)) })),
  pad(b, x) {
    if (x.dims.length === 0 || x.dims.length > 5) return undefined;
    if (b.opset < 13 && !isFloat(x)) return undefined;
    const pads = [...x.dims, ...x.dims].map((d) => (b.oneIn(2) ? 0 : b.random.integer(d > 2 ? -1 : 0, 3)));
    const value = b.oneIn(2) && isFloat(x) ? b.random.pick([1.5, -2]) : undefined;
    if (b.opset < 11) {
      const fill: Record<string, Attribute> = value === undefined ? {} : { value: float(value) };
      return plain(b.node('Pad', [x.name], { pads: ints(pads), ...fill }));
    }
    return plain(b.node('Pad', [x.name, b.int64s(pads), ...(value === undefined ? [] : [b.scalar(value)])]));
  },
  gather(b, x) {
    if (x.dims.length === 0) return undefined;
    const axis = axisOf(b, x);
    const size = x.dims.at(axis)!;
    const start = b.random.integer(0, size - 1);
    const count = b.random.integer(1, size - start);
    const even = Array.from({ length: count }, (_, i) => start + i);
    const index = b.random.pick([even, [...even].reverse(), [start], [-1], [start, start, 0]]);
    if (b.opset < 11 && index.some((i) => i < 0)) return undefined;
    return plain(b.node('Gather', [x.name, b.int64s(index)], { axis: int(axis) }));
  },
  squeeze(b, x) {
    const axes = x.dims.flatMap((d, i) => (d === 1 && b.oneIn(2) ? [i] : []));
    if (axes.length === 0) return undefined;
    return plain(
      b.opset < 13 ? b.node('Squeeze', [x.name], { axes: ints(axes) }) : b.node('Squeeze', [x.name, b.int64s(axes)]),
    );
  },
  unsqueeze(b, x) {
    const axes = [b.random.integer(0, x.dims.length)];
    return plain(
      b.opset < 13
        ? b.node('Unsqueeze', [x.name], { axes: ints(axes) })
        : b.node('Unsqueeze', [x.name, b.int64s(axes)]),
    );
  },
  expand(b, x) {
    const dims = x.dims.map((d) => (d === 1 ? b.random.integer(1, 4) : d));
    return plain(b.node('Expand', [x.name, b.int64s(b.oneIn(2) ? dims : [b.random.integer(1, 3), ...dims])]));
  },
  name: (b, x) => plain(b.node(b.random.pick(['Identity', 'Dropout']), [x.name])),
  castAndBack(b, x) {
    const there = b.node('Cast', [x.name], { to: int(isFloat(x) ? 11 : 1) });
    return plain(b.oneIn(2) ? there : b.node('Cast', [there], { to: int(1) }));
  },
};
