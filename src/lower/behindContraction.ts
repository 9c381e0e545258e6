/**
 * What the vector unit does with a contraction's results before they are stored, tile by tile: the element-wise chain, and the pooling
 * (`pooled.ts`). It works in the result's tile, or in a tile of results of which it makes the one that is stored.
 */
import { ELEMENT_BYTES, type ElementType } from '#isa';
import type { Machine } from '#machine';
import {
  type Contraction,
  type ContractionEpilogue,
  type Spatial,
  type Tiling,
  typesOfContraction,
  widthsOf,
} from './contraction.ts';
import { needsBeside, type StepOperand } from './kernels/elementwise.ts';
import type { Nest } from './nest.ts';
import { madeAlong, onMadeRows, type PooledTile, poolingBody } from './pooled.ts';
import { bufferStrides, type LoopDim, type Stream, type StreamDim, tileStrides, tilesOf } from './stream.ts';
import {
  type Access,
  emitSteps,
  type StepBody,
  type StepEmitter,
  type StepSize,
  stepCycles,
  type Temporary,
} from './vectorSteps.ts';

export interface Behind {
  /** What it reads beside the results. */
  readonly inputs: readonly Stream[];
  readonly temporaries: readonly Temporary[];
  readonly pooled?: PooledTile | undefined;
  /** Absent: there is nothing to do. */
  readonly body?: StepBody | undefined;
}

/** @param outer loops over groups or batches */
export function behindContraction(
  k: Contraction,
  t: Tiling,
  { b, y, x, n }: Readonly<Record<'b' | 'y' | 'x' | 'n', LoopDim>>,
  outer: readonly LoopDim[],
  out: Stream,
): Behind {
  const types = typesOfContraction(k);
  const width = widthsOf(k);
  const [my, mx] = [madeAlong(k.y, t.y), madeAlong(k.x, t.x)];
  /** Two tiles by turns: that of this turn, and that of the next. */
  const [made, next] = ['pooled results', 'results to pool next'].map((name): Stream => {
    const sizes = [my * mx * t.n, mx * t.n, t.n, 1];
    const padStrides = sizes.map((elements) => width.result * elements);
    const dims = padStrides.map((stride) => ({ limit: 1, stride }));
    const bytes = width.result * my * mx * t.n;
    return { name, space: 'nram', type: types.result, address: 0, dims, padStrides, bufferBytes: bytes };
  }) as [Stream, Stream];

  const operands = (k.epilogue?.operands ?? []).map((o, i): Stream => {
    const along = (s: Spatial): Partial<StreamDim> & { readonly limit: number } =>
      s.pool === undefined
        ? { limit: s.total }
        : { scale: s.pool.scale, window: madeAlong(s, 1), pad: s.pool.pad, limit: s.pool.limit };
    const dims = (
      [
        [b, o.b, { limit: b.total }],
        [y, o.y, along(k.y)],
        [x, o.x, along(k.x)],
        [n, o.n, { limit: n.total }],
      ] as const
    ).flatMap(([loop, stride, of]) => (stride === 0 ? [] : [{ loop, stride, ...of }]));
    return {
      ...{ name: `operand ${i}`, space: 'nram', type: o.type ?? types.result, ...o.place },
      outer: o.outer.flatMap((stride, at) => (stride === 0 ? [] : [{ loop: outer[at]!, stride }])),
      dims: dims.length === 0 ? [{ limit: 1, stride: ELEMENT_BYTES[o.type ?? types.result] }] : dims,
    };
  });
  const wide: Temporary = { name: 'wide', bytes: wideBytes(k, t.b * my * mx * t.n) };
  const beside: Temporary = { name: 'beside', bytes: besideBytes(k, t.b * my * mx * t.n) };
  const factors = factorsOf(k, { y, x });
  const apart: Temporary | undefined =
    k.pool?.sums === undefined || k.pool.sums === types.result
      ? undefined
      : { name: 'sums', type: k.pool.sums, bytes: 4 * t.y * t.x * t.n };
  const pooled: PooledTile | undefined = k.pool && {
    ...{
      pooling: k.pool,
      axes: k,
      loops: { y, x, n },
      made,
      next,
      out,
      carries: t.carriesRows === true && tilesOf(y) > 1,
    },
    ...(factors === undefined ? {} : { factors }),
    ...(apart === undefined ? {} : { sums: apart }),
  };
  return {
    inputs: [...operands, ...(factors === undefined ? [] : [factors])],
    temporaries: [wide, beside, ...(apart === undefined ? [] : [apart])],
    pooled,
    body: bodyBehind(k, { b, y, x, n }, out, operands, { wide, beside }, pooled),
  };
}

/** The same as part of a nest. @param loops those in whose turns a result is made */
export const epilogueOfNest = (
  { inputs, pooled, body }: Behind,
  loops: readonly LoopDim[],
  machine: Machine,
  temporaries: ReadonlyMap<Temporary, number>,
): Pick<Nest, 'epilogue'> =>
  body === undefined
    ? {}
    : {
        epilogue: {
          inputs,
          ...(pooled === undefined ? {} : { tiles: [pooled.made, pooled.next] }),
          cycles: stepCycles(loops, body, machine),
          body: (e, at) => emitSteps(e, body, at, machine, (made) => temporaries.get(made)!),
        },
      };

/** Bytes beside a result's tile for what lies between its steps, where that is of another type. */
export const wideBytes = (k: Contraction, elements: number): number =>
  k.epilogue?.steps.some((s) => s.type !== undefined && s.type !== typesOfContraction(k).result) === true
    ? 4 * elements
    : 0;

/** Bytes beside a result's tile for a value that steps leave there: floats of 32 bits. */
export const besideBytes = (k: Contraction, elements: number): number =>
  needsBeside(k.epilogue?.steps ?? []) ? ELEMENT_BYTES.f32 * elements : 0;

/** Factors of a pooling that differ from place to place. */
function factorsOf({ pool, y: ofY, x: ofX }: Contraction, { y, x }: Readonly<Record<'y' | 'x', LoopDim>>) {
  if (typeof pool?.scale !== 'object') return undefined;
  const dims = [
    { loop: y, limit: ofY.total, stride: pool.scale.y },
    { loop: x, limit: ofX.total, stride: pool.scale.x },
  ];
  return { name: 'factors', space: 'nram', type: 'f32', ...pool.scale.place, dims } satisfies Stream;
}

/** Tiles for values between steps. */
interface Temporaries {
  /** Of the value so far, where it is of another type than the result. */
  readonly wide: Temporary;
  /** Of a second value. */
  readonly beside: Temporary;
}

/** What the vector unit does with a tile of results: the chain, then the pooling; undefined where there is neither. */
function bodyBehind(
  k: Contraction,
  loops: Readonly<Record<'b' | 'y' | 'x' | 'n', LoopDim>>,
  out: Stream,
  operands: readonly Stream[],
  temporaries: Temporaries,
  pooled: PooledTile | undefined,
): StepBody | undefined {
  const { epilogue } = k;
  const { b, y, x, n } = loops;
  if (pooled === undefined) {
    if (epilogue === undefined) return undefined;
    return (at, emit) =>
      epilogueSteps(
        epilogue,
        out,
        operands,
        temporaries,
        emit,
        [n, x, y, b].map((l) => at.size(l)),
      );
  }
  const pool = poolingBody(pooled);
  return (at, emit) => {
    if (epilogue !== undefined)
      onMadeRows(pooled, emit, (columns, rows, from) =>
        epilogueSteps(epilogue, pooled.made, operands, temporaries, emit, [at.size(n), columns, rows, 1], from),
      );
    pool(at, emit);
  };
}

/** The steps of an epilogue over results of a tile [b, y, x, n]. @param sizes innermost first @param from row with which they begin */
function epilogueSteps(
  { steps, operands }: ContractionEpilogue,
  out: Stream,
  streams: readonly Stream[],
  temporaries: Temporaries,
  emit: StepEmitter,
  sizes: readonly StepSize[],
  from = 0,
): void {
  const inTile = (tile: Access['tile'], strides: readonly number[]): Access =>
    from === 0 ? { tile, strides } : { tile, strides, offset: from * strides[2]! };
  const result = inTile(out, tileStrides(out).reverse());
  const accesses = operands.map((o, i): Access => {
    const tile = tileStrides(streams[i]!);
    let at = 0;
    return inTile(streams[i]!, [o.b, o.y, o.x, o.n].map((s) => (s === 0 ? 0 : tile[at++]!)).reverse());
  });
  /** As the result lies, elements of a type. */
  const like = (tile: Temporary, type: ElementType): Access => {
    const scale = ELEMENT_BYTES[type] / ELEMENT_BYTES[out.type];
    const strides = bufferStrides(out).reverse();
    return {
      ...inTile(
        tile,
        strides.map((s) => s * scale),
      ),
      type,
    };
  };
  /** The value so far, of a type: in the result's tile, or apart from it. */
  const soFar = (type: ElementType): Access => (type === out.type ? result : like(temporaries.wide, type));
  let type = out.type;
  for (const s of steps) {
    const value = soFar(type);
    const beside = like(temporaries.beside, type);
    const access = (at: StepOperand): Access => (at === 'out' ? value : at === 'beside' ? beside : accesses[at]!);
    type = s.type ?? type;
    emit.step({
      ...{ f: s.f, sizes, a: access(s.a), c: s.into === undefined ? soFar(type) : beside },
      ...(s.b === undefined ? {} : { b: typeof s.b === 'object' ? s.b : access(s.b) }),
      ...(s.accumulate === undefined ? {} : { accumulate: s.accumulate }),
      ...(s.zero === undefined ? {} : { zero: s.zero }),
    });
  }
}
