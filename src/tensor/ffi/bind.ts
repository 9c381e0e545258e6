/**
 * Functions of a WebAssembly module (or plain functions with C's signature) as functions of this language: arguments are held against the
 * prototype, arrays and strings are copied into the module's memory and, where the function may write them, back. A wrong argument is
 * a TypeError, as of any function. Convention: memory for arguments is taken above what the module had, and used again by the next call.
 */
import { diagnostic, nearestName } from '#base';
import type { CType, Prototype, Scalar } from './prototypes.ts';

const noExport = diagnostic<{ name: string; nearest: string | undefined }>('SYS-TEN-081', 'invalid', {
  en: (p) => `the module exports no function '${p.name}'${p.nearest ? `; did you mean '${p.nearest}'?` : ''}`,
  zh: (p) => `模块没有导出函数“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : ''}`,
});

const noMemory = diagnostic<{ name: string }>('SYS-TEN-082', 'invalid', {
  en: (p) => `function ${p.name} takes arrays or strings, but the module exports no 'memory' to put them in`,
  zh: (p) => `函数 ${p.name} 需要数组或字符串参数，但模块没有导出可存放它们的“memory”`,
});

const noResult = diagnostic<{ name: string; type: string }>('SYS-TEN-083', 'unsupported', {
  en: (p) =>
    `function ${p.name} returns ${p.type}: who owns that memory, and how much it is, a prototype does not say. Return a number, and fill an array that is passed`,
  zh: (p) => `函数 ${p.name} 返回 ${p.type}：原型没有说明该内存的归属与大小。请返回数值，并填充传入的数组`,
});

export type Argument = number | bigint | boolean | string | ArrayBufferView;
export type BoundFunction = (...args: readonly Argument[]) => number | bigint | boolean | undefined;

/** What is bound: an instance's exports, or functions by name. */
export type Exports = Readonly<Record<string, unknown>>;

type ElementArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

const ARRAYS = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
  bool: Uint8Array,
} as const satisfies Record<Scalar, unknown>;

const RANGES: Readonly<Partial<Record<Scalar, readonly [number, number] | readonly [bigint, bigint]>>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};

/** The type of this language that a C type takes: what an error names and a proxy declares. */
export function hostType({ kind, scalar }: CType): string {
  if (kind === 'void') return 'void';
  if (kind === 'string') return 'string';
  if (kind === 'array') return ARRAYS[scalar].name;
  return scalar === 'bool' ? 'boolean' : scalar === 'i64' || scalar === 'u64' ? 'bigint' : 'number';
}

/** Why a value cannot be passed; undefined where it can. */
function wrong(value: unknown, type: CType): string | undefined {
  const expected = hostType(type);
  if (type.kind === 'array') return value instanceof ARRAYS[type.scalar] ? undefined : expected;
  if (typeof value !== expected) return expected;
  const range = RANGES[type.scalar];
  if (type.kind !== 'scalar' || range === undefined) return undefined;
  const [low, high] = range;
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  return isWhole && (value as number) >= low && (value as number) <= high
    ? undefined
    : `a whole number from ${low} to ${high}`;
}

const shown = (value: unknown): string =>
  ArrayBuffer.isView(value)
    ? value.constructor.name
    : typeof value === 'string'
      ? JSON.stringify(value)
      : `${typeof value} ${String(value)}`;

/** Room in a module's memory for the arguments of one call. */
class Arena {
  readonly #memory: WebAssembly.Memory;
  #start: number | undefined;
  #used = 0;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  begin(): void {
    this.#used = 0;
  }

  put(bytes: Uint8Array): number {
    const at = Math.ceil(this.#used / 16) * 16;
    this.#used = at + bytes.length;
    this.#start ??= this.#memory.buffer.byteLength;
    const missing = this.#start + this.#used - this.#memory.buffer.byteLength;
    // What the module itself takes by growing lies above what is taken here, so both go on to be whole.
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65536));
    new Uint8Array(this.#memory.buffer).set(bytes, this.#start + at);
    return this.#start + at;
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length);
  }
}

/**
 * Binds each prototype to the export of its name.
 * @throws SYS-TEN-081 it is not there; -082 there is no memory for arrays; -083 a pointer is returned
 */
export function bindFunctions(
  prototypes: readonly Prototype[],
  exports: Exports,
): Readonly<Record<string, BoundFunction>> {
  const memory = exports.memory instanceof WebAssembly.Memory ? exports.memory : undefined;
  const arena = memory === undefined ? undefined : new Arena(memory);
  return Object.fromEntries(
    prototypes.map((prototype) => {
      const { name, result, parameters } = prototype;
      const found = exports[name];
      if (typeof found !== 'function') {
        const functions = Object.keys(exports).filter((key) => typeof exports[key] === 'function');
        throw noExport({ name, nearest: nearestName(name, functions) });
      }
      if (result.kind === 'array' || result.kind === 'string') throw noResult({ name, type: result.text });
      if (arena === undefined && parameters.some(({ type }) => type.kind === 'array' || type.kind === 'string')) {
        throw noMemory({ name });
      }
      return [name, bound(prototype, found as (...args: readonly (number | bigint)[]) => unknown, arena)];
    }),
  );
}

function bound(
  { name, result, parameters }: Prototype,
  f: (...args: readonly (number | bigint)[]) => unknown,
  arena: Arena | undefined,
): BoundFunction {
  return (...args) => {
    if (args.length !== parameters.length) {
      throw new TypeError(`${name} takes ${parameters.length} arguments, ${args.length} are given`);
    }
    args.forEach((value, i) => {
      const { name: parameter, type } = parameters[i]!;
      const expected = wrong(value, type);
      if (expected !== undefined) {
        throw new TypeError(
          `${name}: argument ${i + 1} '${parameter}' (${type.text}) is ${shown(value)}, expected ${expected}`,
        );
      }
    });
    arena?.begin();
    const back: { readonly array: ElementArray; readonly at: number }[] = [];
    const passed = args.map((value, i) => {
      const { type } = parameters[i]!;
      if (type.kind === 'string') return arena!.put(new TextEncoder().encode(`${value as string}\0`));
      if (type.kind === 'array') {
        const array = value as ElementArray;
        const at = arena!.put(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
        if (!type.readonly) back.push({ array, at });
        return at;
      }
      return typeof value === 'boolean' ? Number(value) : (value as number | bigint);
    });
    const returned = f(...passed);
    for (const { array, at } of back) {
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(arena!.bytes(at, array.byteLength));
    }
    return fromC(returned as number | bigint, result);
  };
}

/** WebAssembly has no unsigned and no short integers: what comes back is read as the prototype says. */
function fromC(value: number | bigint, { kind, scalar }: CType): number | bigint | boolean | undefined {
  if (kind === 'void') return undefined;
  if (scalar === 'bool') return value !== 0;
  if (scalar === 'i64') return BigInt.asIntN(64, BigInt(value));
  if (scalar === 'u64') return BigInt.asUintN(64, BigInt(value));
  return scalar === 'f64' ? Number(value) : new ARRAYS[scalar]([Number(value)] as never)[0]!;
}
