/**
 * Tensor: an n-dimensional array of numbers, and the name of one in a graph under construction. Immutable. Its operations stand in
 * `functions/` and are hung on the class in `methods.ts`. Shapes and types are known at once; data is read with `await`.
 */
import { diagnostic } from '#base';
import {
  type Tensor as Data,
  type DataType,
  type Dim,
  elementCount,
  type GraphNode,
  type TensorType,
  tensorBytes,
  tensorIntegers,
  tensorNumbers,
} from '#ir';
import type { GradientRule } from '#ops';
import type { Cell } from './cell.ts';
import { type DType, shortName } from './dtypes.ts';
import { hostEngine } from './host.ts';

const noData = diagnostic<{ shape: string; dtype: string }>('SYS-TEN-001', 'usage', {
  en: (p) =>
    `the data of a traced tensor ${p.dtype}[${p.shape}] is asked for: while compile() records, there are names and shapes but no ` +
    'numbers. Return the tensor from the function and read it outside.',
  zh: (p) =>
    `读取了正在记录的张量 ${p.dtype}[${p.shape}] 的数据：compile() 记录期间只有名称和形状，没有数值。请从函数返回该张量，在外部读取。`,
});

const symbolicShape = diagnostic<{ shape: string; dimension: string }>('SYS-TEN-002', 'usage', {
  en: (p) =>
    `the shape [${p.shape}] has a size that is open until the graph runs, or a mask's data is there (${p.dimension}). Use operations that ` +
    'do not need it as a number: flatten, reshape with one −1, reductions over axes. Of a mask: read it before (await mask.data()), or ' +
    'put where(mask, x, 0) in the place of x.at(mask).',
  zh: (p) =>
    `形状 [${p.shape}] 中有在图运行前或掩码数据就绪前未定的尺寸（${p.dimension}）。请使用不需要具体数值的操作：flatten、含一个 −1 的 ` +
    'reshape、按轴归约。对掩码：先读取它（await mask.data()），或用 where(mask, x, 0) 代替 x.at(mask)。',
});

const notScalar = diagnostic<{ shape: string }>('SYS-TEN-003', 'usage', {
  en: (p) => `item() reads a tensor of one element, but this one has shape [${p.shape}]. Use data() or toArray().`,
  zh: (p) => `item() 只用于单元素张量，而此张量的形状为 [${p.shape}]。请用 data() 或 toArray()。`,
});

/** A value of a graph that a trace records. */
export interface TracedValue {
  readonly trace: object;
  readonly name: string;
}

/** The node that made a tensor, for differentiation. */
export interface Origin {
  readonly node: GraphNode;
  readonly opset: number;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  /** The gradient where several nodes count as one function with a rule of its own. */
  readonly rule?: GradientRule;
}

export interface TensorParts {
  readonly type: TensorType;
  readonly source: Cell | TracedValue;
  /** Constant data that is known while graphs are built. */
  readonly known?: Data | undefined;
  readonly sizes?: Sizes | undefined;
  readonly tracked?: boolean;
}

/** The mark of what was computed from shapes alone, and its elements as far as they are known: numbers and symbols. */
export interface Sizes {
  readonly values: readonly Dim[] | undefined;
}

const whole = (data: Data): Data =>
  'splat' in data ? { dtype: data.dtype, dims: data.dims, bytes: tensorBytes(data) } : data;

/** Nested arrays of numbers, as `toArray` gives them. */
export type Nested = number | bigint | boolean | string | readonly Nested[];

export type TypedArray = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

export class Tensor {
  /** Changes in variables that are converted, and nowhere else. */
  type: TensorType;
  /** Where the value is: a cell, or a name in a trace. */
  source: Cell | TracedValue;
  readonly known: Data | undefined;
  readonly sizes: Sizes | undefined;
  /** Whether gradients flow through it. */
  readonly tracked: boolean;
  origin: Origin | undefined;
  /** The variable that this is a reading of. */
  leaf: Tensor | undefined;

  constructor({ type, source, known, sizes, tracked = false }: TensorParts) {
    this.type = type;
    this.source = source;
    this.known = known;
    this.sizes = sizes;
    this.tracked = tracked;
  }

  get dtype(): DType {
    return shortName(this.type.dtype);
  }

  get dataType(): DataType {
    return this.type.dtype;
  }

  get rank(): number {
    return this.type.shape!.length;
  }

  /** Dimensions, which in an exported graph may be symbols. */
  get dims(): readonly Dim[] {
    return this.type.shape!;
  }

  /**
   * Sizes of the dimensions.
   * @throws SYS-TEN-002 a size is a symbol
   */
  get shape(): readonly number[] {
    const { dims } = this;
    const open = dims.find((d) => typeof d !== 'number');
    if (open !== undefined) throw symbolicShape({ shape: dims.join(', '), dimension: `${open}` });
    return dims as readonly number[];
  }

  /**
   * Size of one axis, the others may be open.
   * @throws SYS-TEN-002 it is a symbol
   */
  sizeOf(axis: number): number {
    const size = this.dims.at(axis);
    return typeof size === 'number' ? size : this.shape.at(axis)!;
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** The elements as bytes, shape and type: what the other layers exchange. */
  async value(): Promise<Data> {
    // One element that stands for all is a form of ours alone.
    if (this.known !== undefined) return whole(this.known);
    if ('trace' in this.source) throw noData({ shape: this.dims.join(', '), dtype: this.dtype });
    const cell = this.source;
    cell.share();
    return whole(await cell.read(await hostEngine()));
  }

  /**
   * The elements in row-major order, in the typed array of their type: f16 and bf16 as Float32Array, bool as Uint8Array. Not to be
   * written: the memory may be shared.
   */
  async data(): Promise<TypedArray> {
    return typedArray(await this.value());
  }

  /** The one element, as a number (i64 beyond 2⁵³ loses bits). */
  async item(): Promise<number> {
    const refuse = (dims: readonly Dim[]): void => {
      const isOpen = dims.some((d) => typeof d !== 'number');
      if (!isOpen && elementCount(dims as readonly number[]) !== 1) throw notScalar({ shape: dims.join(', ') });
    };
    refuse(this.dims);
    const value = await this.value();
    refuse(value.dims);
    return tensorNumbers(value)[0]!;
  }

  /** The one element of a string tensor. */
  async text(): Promise<string> {
    const value = await this.value();
    return 'strings' in value ? value.strings.join('\n') : `${tensorNumbers(value)}`;
  }

  /** Nested arrays; numbers, of i64 bigints, of bool booleans. */
  async toArray(): Promise<Nested> {
    const value = await this.value();
    const flat: readonly Nested[] =
      'strings' in value
        ? value.strings
        : value.dtype === 'int64'
          ? tensorIntegers(value)
          : value.dtype === 'bool'
            ? Array.from(tensorNumbers(value), (x) => x !== 0)
            : Array.from(tensorNumbers(value));
    return nest(flat, value.dims);
  }

  toString(): string {
    return `Tensor ${this.dtype}[${this.dims.map((d) => d ?? '?').join(', ')}]`;
  }
}

function nest(flat: readonly Nested[], dims: readonly number[]): Nested {
  if (dims.length === 0) return flat[0]!;
  const [first, ...rest] = dims as [number, ...number[]];
  const step = elementCount(rest);
  return Array.from({ length: first }, (_, i) => nest(flat.slice(i * step, (i + 1) * step), rest));
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const;

/** The elements in the typed array of their type; the memory may be shared. */
export function typedArray(value: Data): TypedArray {
  const { dtype } = value;
  if (!(dtype in ARRAYS)) return Float32Array.from(tensorNumbers(value));
  const make = ARRAYS[dtype as keyof typeof ARRAYS];
  const bytes = tensorBytes(value);
  const aligned = bytes.byteOffset % make.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new make(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / make.BYTES_PER_ELEMENT);
}
