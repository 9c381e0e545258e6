/**
 * Steps of the vector unit over tiles: what kernels of that unit and what follows in one nest behind the matrix unit say they do with a
 * tile. The same statement is emitted as code, or its time added up.
 */
import { float32Bits } from '#base';
import {
  ACCUMULATIONS,
  type Accumulation,
  B_MODES,
  ELEMENT_TYPES,
  type ElementType,
  resultCode,
  SCALING_FUNCTIONS,
  scalarIsFloat,
  VECTOR_FUNCTIONS,
  type VectorFunction,
} from '#isa';
import type { Machine } from '#machine';
import { lanesFor, vecCycles } from '#timing';
import type { Emitter, Operand, RecordId, Register } from './emitter.ts';
import { sumOverTiles, type TileCost, type TileSum } from './prediction.ts';
import { isRagged, type LoopDim, type Stream, TileContext, tilesOf } from './stream.ts';

/** A tile that only the vector unit touches. */
export interface Temporary {
  readonly name: string;
  readonly bytes: number;
  /** Of its elements; f32 where it is not said. */
  readonly type?: ElementType;
}

/** Where a vector instruction finds an operand: tile, byte offset into it, and one stride for each dimension of the step. */
export interface Access {
  readonly tile: Stream | Temporary;
  readonly offset?: number;
  /** Of the elements, where it is not that of the tile. */
  readonly type?: ElementType;
  readonly strides: readonly number[];
}

/** by · the size of a loop's tile + plus, where that differs from tile to tile. */
export interface ScaledSize {
  readonly of: LoopDim;
  readonly by: number;
  readonly plus: number;
}

export type StepSize = Operand | ScaledSize;

/** by · the size of a loop's tile + plus. */
export function scaledSize(of: LoopDim, by: number, plus: number): StepSize {
  return isRagged(of) && tilesOf(of) > 1 ? { of, by, plus } : by * Math.min(of.tile, of.total) + plus;
}

const isScaled = (size: StepSize): size is ScaledSize => typeof size === 'object' && 'of' in size;

/** One vector instruction; dimensions and strides innermost first, at most five. Types follow from the tiles of A and C. */
export interface Step {
  readonly f: VectorFunction;
  readonly sizes: readonly StepSize[];
  readonly a: Access;
  readonly b?: Access | { readonly scalar: number };
  readonly c: Access;
  readonly accumulate?: Accumulation;
  readonly init?: boolean;
  /** Results of integers stop at the ends of their type. */
  readonly saturate?: boolean;
  /** Zero point of `quant` and `dequant`. */
  readonly zero?: number;
}

const typeOf = ({ type, tile }: Access): ElementType => type ?? tile.type ?? 'f32';

/** Element types of a step's operands and results. */
const typesOf = ({ a, c }: Pick<Step, 'a' | 'c'>): { readonly type: ElementType; readonly result: ElementType } => ({
  type: typeOf(a),
  result: typeOf(c),
});

/** What a body says its steps to: code is emitted from them, or their time is added up. */
export interface StepEmitter {
  step(s: Step): void;
  /** Steps that only the first tile of a loop takes, and steps that all others take. */
  first(l: LoopDim, first: () => void, others: () => void): void;
  /** Steps that only the last tile of a loop takes, and steps that all others take. */
  last(l: LoopDim, last: () => void, others?: () => void): void;
}

/** Says the steps of the current tile. */
export type StepBody = (at: TileContext, emit: StepEmitter) => void;

/** Emits the steps of a tile. @param placeOf scratchpad address of a temporary */
export function emitSteps(
  e: Emitter,
  body: StepBody,
  at: TileContext,
  machine: Machine,
  placeOf: (t: Temporary) => number,
): void {
  const address = (a: Access, use: (r: number) => void): void => {
    const base: Operand = 'name' in a.tile && 'dims' in a.tile ? at.buffer(a.tile) : placeOf(a.tile as Temporary);
    const offset = a.offset ?? 0;
    if (typeof base === 'number') return e.with(base + offset, use);
    if (offset === 0) return use(base.register);
    const r = e.register();
    e.op('addi', { rd: r, ra: base.register, imm: offset });
    use(r);
    e.release(r);
  };
  const records = new Records(e);
  const scaled = new ScaledSizes(e, at);
  const record = (sizes: readonly Operand[], strides: readonly number[]): RecordId => records.of(sizes, strides);
  // What a branch configures other paths do not see.
  const forget = (): void => {
    records.forget();
    scaled.forget();
  };
  const branch = (steps: () => void): void => {
    forget();
    steps();
    forget();
  };
  body(at, {
    first: (l, first, others) => {
      const index = at.index(l);
      if (typeof index === 'number') return first();
      const isFirst = e.newLabel();
      const end = e.newLabel();
      e.jump('beq', isFirst, { ra: index.register, rb: 0 });
      branch(others);
      e.jump('jmp', end);
      e.place(isFirst);
      branch(first);
      e.place(end);
    },
    last: (l, last, others) => {
      const index = at.index(l);
      if (typeof index === 'number') return last();
      const isOther = e.newLabel();
      const end = e.newLabel();
      e.with(tilesOf(l) - 1, (rb) => e.jump('bne', isOther, { ra: index.register, rb }));
      branch(last);
      if (others !== undefined) e.jump('jmp', end);
      e.place(isOther);
      if (others !== undefined) branch(others);
      e.place(end);
    },
    step: (given) => {
      const s = bestInner(given, at, machine);
      const sizes = s.sizes.map((size) => (isScaled(size) ? scaled.of(size) : size));
      const a = record(sizes, s.a.strides);
      const c = record(sizes, s.c.strides);
      const bIsScalar = s.b !== undefined && 'scalar' in s.b;
      const b = s.b !== undefined && !('scalar' in s.b) ? record(sizes, s.b.strides) : 0;
      const { type, result } = typesOf(s);
      const issue = (rb: number): void =>
        address(s.a, (ra) =>
          address(s.c, (rd) =>
            e.op('vec', {
              function: VECTOR_FUNCTIONS.indexOf(s.f),
              rd,
              ra,
              rb,
              a,
              b,
              c,
              type: ELEMENT_TYPES.indexOf(type),
              bMode: B_MODES.indexOf(s.b === undefined ? 'none' : bIsScalar ? 'scalar' : 'record'),
              accumulate: ACCUMULATIONS.indexOf(s.accumulate ?? 'none'),
              init: s.init === true ? 1 : 0,
              result: resultCode(type, result),
              saturate: s.saturate === true ? 1 : 0,
            }),
          ),
        );
      if (SCALING_FUNCTIONS.has(s.f)) e.with(s.zero ?? 0, (ra) => e.op('cfg.zero', { ra }));
      if (s.b === undefined) issue(0);
      else if ('scalar' in s.b) e.with(scalarIsFloat(s.f, type) ? float32Bits(s.b.scalar) : s.b.scalar | 0, issue);
      else address(s.b, issue);
    },
  });
  scaled.release();
}

/** Busy cycles of the steps over all turns of `loops`. */
export function stepCycles(loops: readonly LoopDim[], body: StepBody, machine: Machine): TileSum {
  // Stand-ins for the registers that hold sizes and indices, to tell by which loop a step's size comes from.
  const stand = new Map<LoopDim, Register>(loops.map((l, i) => [l, i]));
  const ragged = new Map([...stand].filter(([l]) => isRagged(l)));
  const at = new TileContext(stand, ragged, new Map());
  const cycles = { all: 0, first: 0 };
  const costs: TileCost[] = [];
  type Applies = (isFirst: (l: LoopDim) => boolean, isLast: (l: LoopDim) => boolean) => boolean;
  let applies: Applies = () => true;
  let ends = new Set<LoopDim>();
  const only = (l: LoopDim, when: Applies, steps: () => void): void => {
    const before = { applies, ends };
    applies = (isFirst, isLast) => before.applies(isFirst, isLast) && when(isFirst, isLast);
    ends = new Set([...ends, l]);
    steps();
    ({ applies, ends } = before);
  };
  body(at, {
    first: (l, first, others) => {
      only(l, (isFirst) => isFirst(l), first);
      only(l, (isFirst) => !isFirst(l), others);
    },
    last: (l, last, others = () => {}) => {
      only(l, (_, isLast) => isLast(l), last);
      only(l, (_, isLast) => !isLast(l), others);
    },
    step: (given) => {
      const s = bestInner(given, at, machine);
      // The cost is asked for again, when other steps are not applied any more.
      const appliesHere = applies;
      const sum = sumOverTiles(loops, ends, (size, isFirst, isLast) => {
        if (!appliesHere(isFirst, isLast)) return 0;
        const sizes = s.sizes.map((v) => {
          if (typeof v === 'number') return v;
          return isScaled(v) ? v.by * size(v.of) + v.plus : size(loops[v.register]!);
        });
        const reducesInner = (s.accumulate ?? 'none') !== 'none' && s.c.strides[0] === 0 && sizes[0]! > 1;
        return vecCycles(machine, s.f, sizes, reducesInner, { strides: innerStrides(s), ...typesOf(s) });
      });
      cycles.all += sum.all;
      cycles.first += sum.first;
      costs.push(sum.at);
    },
  });
  return { ...cycles, at: (...tile) => costs.reduce((n, cost) => n + cost(...tile), 0) };
}

/** Strides of the step's streams in its innermost dimension. */
const innerStrides = ({ a, b, c }: Step): readonly number[] =>
  [a, c, ...(b === undefined || 'scalar' in b ? [] : [b])].map(({ strides }) => strides[0]!);

/**
 * Puts the dimension innermost that keeps the lanes busiest. Any order computes the same: element-wise steps have none, and the
 * order of a reduction follows from the dimensions deterministically.
 */
function bestInner(s: Step, at: TileContext, machine: Machine): Step {
  const sizes = s.sizes.map((v) => (isScaled(v) ? v.by * v.of.tile + v.plus : at.largest(v)));
  const all = sizes.reduce((n, v) => n * v, 1);
  const lanes = lanesFor(machine, typesOf(s));
  const cost = (d: number): number => {
    const size = sizes[d]!;
    const tree = (s.accumulate ?? 'none') !== 'none' && s.c.strides[d] === 0 && size > 1 ? Math.log2(lanes) : 0;
    return (all / size) * (Math.ceil(size / lanes) + tree);
  };
  let best = 0;
  for (let d = 1; d < sizes.length; d++) if (cost(d) < cost(best)) best = d;
  if (best === 0) return s;
  const order = [best, ...sizes.map((_, d) => d).filter((d) => d !== best)];
  const sort = <T>(list: readonly T[]): T[] => order.map((d) => list[d]!);
  const access = (a: Access): Access => ({ ...a, strides: sort(a.strides) });
  return {
    ...s,
    sizes: sort(s.sizes),
    a: access(s.a),
    c: access(s.c),
    ...(s.b === undefined ? {} : { b: 'scalar' in s.b ? s.b : access(s.b) }),
  };
}

/**
 * Records of steps, shared by those of the same sizes and strides. Those with ragged sizes are set anew in each tile, and on each path
 * through it.
 */
class Records {
  readonly #e: Emitter;
  readonly #known = new Map<string, RecordId>();
  /** Set on the path at hand. */
  readonly #set = new Set<RecordId>();

  constructor(e: Emitter) {
    this.#e = e;
  }

  of(sizes: readonly Operand[], strides: readonly number[]): RecordId {
    const key = sizes.map((s, i) => `${typeof s === 'number' ? s : `r${s.register}`}:${strides[i]}`).join(',');
    const known = this.#known.get(key);
    if (known !== undefined && this.#set.has(known)) return known;
    const record = known ?? this.#e.record();
    sizes.forEach((size, d) => {
      // What is known is set once for all.
      if (known === undefined || typeof size !== 'number') this.#e.dimension(record, d, size, strides[d]!);
    });
    this.#known.set(key, record);
    this.#set.add(record);
    return record;
  }

  forget(): void {
    this.#set.clear();
  }
}

/** Registers that hold scaled sizes. */
class ScaledSizes {
  readonly #e: Emitter;
  readonly #at: TileContext;
  readonly #registers = new Map<string, Register>();
  readonly #set = new Set<string>();

  constructor(e: Emitter, at: TileContext) {
    this.#e = e;
    this.#at = at;
  }

  of({ of, by, plus }: ScaledSize): Operand {
    const size = this.#at.size(of);
    if (typeof size === 'number') return by * size + plus;
    const key = `${of.name} ${by} ${plus}`;
    const register = this.#registers.get(key) ?? this.#e.register();
    if (!this.#set.has(key)) {
      this.#e.op('muli', { rd: register, ra: size.register, imm: by });
      this.#e.addTo(register, plus);
    }
    this.#registers.set(key, register);
    this.#set.add(key);
    return { register };
  }

  forget(): void {
    this.#set.clear();
  }

  release(): void {
    for (const r of this.#registers.values()) this.#e.release(r);
  }
}
