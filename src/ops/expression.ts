/**
 * Expression: a value of a graph under construction, as gradient rules see it. What stands behind it (a traced value, a tensor
 * that is at hand) is the builder's business; a rule only combines expressions by standard operators, of the opset below.
 * A plain number as operand takes the element type of its partner.
 */
import { internalError } from '#base';
import {
  type Attribute,
  DATA_TYPES,
  type DataType,
  type Dim,
  elementCount,
  int,
  ints,
  type Tensor,
  type TensorType,
  tensorOf,
} from '#ir';

/** The operator set in which gradient rules and the tensor API write their nodes. */
export const BUILD_OPSET = 20;

export type Attributes = Readonly<Record<string, Attribute | undefined>>;

/** Who makes the nodes: records them in a trace, or runs them at once. */
export interface Builder {
  /** A node of operator `op` and its first `outputs` outputs. */
  emit(
    op: string,
    inputs: readonly (Expression | undefined)[],
    attributes: Attributes,
    outputs: number,
  ): readonly Expression[];
  constant(value: Tensor): Expression;
}

export type Operand = Expression | number;

export class Expression {
  readonly #builder: Builder;
  /** What the builder knows the value by. */
  readonly handle: unknown;
  readonly type: TensorType;
  /** The data, where it is a constant. */
  readonly known: Tensor | undefined;

  constructor(builder: Builder, handle: unknown, type: TensorType, known?: Tensor) {
    this.#builder = builder;
    this.handle = handle;
    this.type = type;
    this.known = known;
  }

  get dtype(): DataType {
    return this.type.dtype;
  }

  /** Dimensions; the rank is always known where a graph is built. */
  get shape(): readonly Dim[] {
    if (this.type.shape === undefined) throw internalError({ what: 'an expression of unknown rank' });
    return this.type.shape;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** A node with this value as first input. */
  apply(op: string, others: readonly (Operand | undefined)[] = [], attributes: Attributes = {}): Expression {
    return this.applyAll(op, others, attributes, 1)[0]!;
  }

  /** The same, of several outputs. */
  applyAll(
    op: string,
    others: readonly (Operand | undefined)[],
    attributes: Attributes,
    outputs: number,
  ): readonly Expression[] {
    const inputs = [this, ...others.map((o) => (typeof o === 'number' ? this.scalar(o) : o))];
    return this.#builder.emit(op, inputs, attributes, outputs);
  }

  /** A 0-D constant of this value's element type. */
  scalar(value: number): Expression {
    return this.constant(tensorOf(this.dtype, [], [value]));
  }

  constant(value: Tensor): Expression {
    return this.#builder.constant(value);
  }

  /** A 1-D int64 constant: axes, shapes, pads. */
  int64s(values: readonly number[]): Expression {
    return this.constant(tensorOf('int64', [values.length], values.map(BigInt)));
  }

  // Element by element, with broadcasting.
  add = (o: Operand): Expression => this.apply('Add', [o]);
  sub = (o: Operand): Expression => this.apply('Sub', [o]);
  mul = (o: Operand): Expression => this.apply('Mul', [o]);
  div = (o: Operand): Expression => this.apply('Div', [o]);
  pow = (o: Operand): Expression => this.apply('Pow', [o]);
  neg = (): Expression => this.apply('Neg');
  exp = (): Expression => this.apply('Exp');
  log = (): Expression => this.apply('Log');
  sqrt = (): Expression => this.apply('Sqrt');
  reciprocal = (): Expression => this.apply('Reciprocal');
  sigmoid = (): Expression => this.apply('Sigmoid');
  tanh = (): Expression => this.apply('Tanh');
  sign = (): Expression => this.apply('Sign');
  greater = (o: Operand): Expression => this.apply('Greater', [o]);
  less = (o: Operand): Expression => this.apply('Less', [o]);
  greaterOrEqual = (o: Operand): Expression => this.apply('GreaterOrEqual', [o]);
  lessOrEqual = (o: Operand): Expression => this.apply('LessOrEqual', [o]);
  equal = (o: Operand): Expression => this.apply('Equal', [o]);
  /** Where this (bool) is true, `yes`, else `no`; at least one of them is an expression. */
  where(yes: Operand, no: Operand): Expression {
    const partner = typeof yes === 'number' ? (no as Expression) : yes;
    const operand = (o: Operand): Expression => (typeof o === 'number' ? partner.scalar(o) : o);
    return this.apply('Where', [operand(yes), operand(no)]);
  }

  cast(dtype: DataType): Expression {
    return dtype === this.dtype ? this : this.apply('Cast', [], { to: int(DATA_TYPES.indexOf(dtype) + 1) });
  }

  // Reductions. Axes may be negative.
  sum(axes: readonly number[] | undefined, keep: boolean): Expression {
    return this.#reduce('ReduceSum', axes, keep);
  }

  mean(axes: readonly number[] | undefined, keep: boolean): Expression {
    return this.#reduce('ReduceMean', axes, keep);
  }

  #reduce(op: string, axes: readonly number[] | undefined, keep: boolean): Expression {
    if (axes?.length === 0) return this;
    return this.apply(op, [axes === undefined ? undefined : this.int64s(axes)], { keepdims: int(keep ? 1 : 0) });
  }

  // Movement.
  transpose(perm: readonly number[]): Expression {
    return perm.every((p, i) => p === i) ? this : this.apply('Transpose', [], { perm: ints(perm) });
  }

  /** The last two axes exchanged. */
  matrixTranspose(): Expression {
    const axes = Array.from({ length: this.rank }, (_, i) => i);
    return this.transpose([...axes.slice(0, -2), this.rank - 1, this.rank - 2]);
  }

  matMul = (o: Expression): Expression => this.apply('MatMul', [o]);

  reshape(shape: readonly number[]): Expression {
    const same = shape.length === this.rank && shape.every((d, i) => d === this.shape[i]);
    return same ? this : this.apply('Reshape', [this.int64s(shape)], { allowzero: int(1) });
  }

  /** In the shape of `like`, which has as many elements. */
  reshapeLike(like: Expression): Expression {
    const { shape } = like;
    if (sameShape(this.shape, shape)) return this;
    if (shape.every((d) => typeof d === 'number')) return this.reshape(shape as readonly number[]);
    return this.apply('Reshape', [like.apply('Shape')], { allowzero: int(1) });
  }

  /** Broadcast to the shape of `like`. */
  expandLike(like: Expression): Expression {
    if (sameShape(this.shape, like.shape)) return this;
    return this.apply('Expand', [like.shapeTensor()]);
  }

  /** The shape as a 1-D int64 value: a constant where every dimension is a number. */
  shapeTensor(): Expression {
    const { shape } = this;
    return shape.every((d) => typeof d === 'number') ? this.int64s(shape as readonly number[]) : this.apply('Shape');
  }

  /** Number of elements along axes (all by default), as a number where it is known, else as a 0-D value of this type. */
  count(axes?: readonly number[]): Operand {
    const of = axes ?? this.shape.map((_, i) => i);
    const dims = of.map((a) => this.shape.at(a)!);
    if (dims.every((d) => typeof d === 'number')) return elementCount(dims as readonly number[]);
    const sizes = this.apply('Shape').apply('Gather', [this.int64s(of.map((a) => (a < 0 ? a + this.rank : a)))]);
    return sizes.apply('ReduceProd', [], { keepdims: int(0) }).cast(this.dtype);
  }

  unsqueeze(axes: readonly number[]): Expression {
    return axes.length === 0 ? this : this.apply('Unsqueeze', [this.int64s(axes)]);
  }

  squeeze(axes: readonly number[]): Expression {
    return axes.length === 0 ? this : this.apply('Squeeze', [this.int64s(axes)]);
  }

  /** Elements start … end − 1 of each of the axes. */
  slice(axes: readonly number[], starts: readonly number[], ends: readonly number[]): Expression {
    return this.apply('Slice', [this.int64s(starts), this.int64s(ends), this.int64s(axes)]);
  }

  /** Zeros of this shape and type. */
  zeros(): Expression {
    return this.#filled(0);
  }

  ones(): Expression {
    return this.#filled(1);
  }

  #filled(value: number): Expression {
    const { shape, dtype } = this;
    const element = tensorOf(dtype, [1], [value]);
    if (shape.every((d) => typeof d === 'number') && 'bytes' in element) {
      return this.constant({ dtype: element.dtype, dims: shape as readonly number[], splat: element.bytes });
    }
    return this.shapeTensor().apply('ConstantOfShape', [], { value: { kind: 'tensor', value: element } });
  }

  /**
   * Undoes broadcasting: this value, summed over the axes along which a value of the shape of `like` was repeated to get here.
   */
  sumTo(like: Expression): Expression {
    const extra = this.rank - like.rank;
    const leading = Array.from({ length: extra }, (_, i) => i);
    const repeated = like.shape.flatMap((d, i) => (d === 1 && this.shape[i + extra] !== 1 ? [i + extra] : []));
    const kept = this.sum(repeated, true);
    return extra === 0 ? kept : kept.sum(leading, false);
  }
}

const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((d, i) => d !== null && d === b[i]);
