/**
 * The tile nest of a formula. Axes that all operands walk alike are merged, reduced ones apart from the others; an axis along which a
 * value does not vary does not exist in its tile. Reduced axes lie whole in a tile, unless the formula is one reduction with what
 * follows on its result: that goes on tile by tile.
 */
import { type ElementType, RECORD_DIMENSIONS, RECORDS } from '#isa';
import { type Machine, vectorTypes } from '#machine';
import {
  bufferBytes,
  bufferStrides,
  elementBytes,
  isKept,
  type LoopDim,
  type Stream,
  type TileContext,
  tileStrides,
} from '../stream.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { Access, Step, StepEmitter, Temporary } from '../vectorSteps.ts';
import { cutTiles } from '../vectorTiles.ts';
import { mergeDims, placeOf, typeOfView, type View } from '../views.ts';
import { type Expression, inOrder, replace } from './expression.ts';
import { type Extent, type Instruction, type Place, type Schedule, scheduleOf, tileBytes } from './schedule.ts';
import { EMPTY_WORD } from './words.ts';

export interface Formula {
  readonly dims: readonly number[];
  /** Which of them reductions take away. */
  readonly reduced: readonly boolean[];
  readonly root: Expression;
  /** Of the rank of `dims`; 1 long where the result does not vary along a reduced axis. */
  readonly output: View;
  /** Of the result's tile. */
  readonly type: ElementType;
  /** Whether the result has f32 words of which the last bytes are stored. */
  readonly isInWords: boolean;
}

type Input = Extract<Expression, { kind: 'input' }>;

const inputsOf = (f: Formula): readonly Input[] => inOrder(f.root).filter((e): e is Input => e.kind === 'input');

/** Strides of an operand along all axes, 0 where it is repeated. */
const stridesAlong = (view: View, dims: readonly number[]): number[] =>
  dims.map((size, i) => (view.dims[i] === 1 && size !== 1 ? 0 : view.strides[i]!));

/** A formula without reductions has no reduced axes; those along which its result does not vary are no axes at all. */
function settled(f: Formula): Formula {
  if (inOrder(f.root).some((e) => e.kind === 'reduce')) return f;
  const dims = f.dims.map((d, i) => (f.reduced[i] && f.output.dims[i] === 1 ? 1 : d));
  return { ...f, dims, reduced: dims.map(() => false) };
}

/** Axes that operands and result walk as one, outermost in memory first; strides of the result, then of each input. */
export function axesOf(given: Formula): ReturnType<typeof mergeDims> {
  const f = settled(given);
  const inputs = inputsOf(f).map((e) => stridesAlong(e.view, f.dims));
  const output = stridesAlong(f.output, f.dims);
  const isReduction = f.dims.some((d, i) => f.reduced[i] && d !== 1);
  // A reduction is ordered as what it reads most of, everything else as its result.
  const reach = (strides: readonly number[]): number => strides.reduce((n, s, i) => (s === 0 ? n : n * f.dims[i]!), 1);
  const all = [output, ...inputs];
  const leader = isReduction
    ? all.reduce((best, strides, i) => (i > 0 && (best === 0 || reach(strides) > reach(all[best]!)) ? i : best), 0)
    : 0;
  const axes = mergeDims(f.dims, all, leader, f.reduced);
  return axes.length === 0 ? [{ size: 1, strides: all.map(() => 4), marked: false }] : axes;
}

/** The element types that a formula needs of the vector unit and the machine does not compute. */
export function missingTypes(f: Formula, machine: Machine): readonly string[] {
  const types = new Set<string>([f.type, ...inOrder(f.root).map((e) => e.type)]);
  const known = vectorTypes(machine.vector);
  return [...types].filter((t) => !known.includes(t));
}

interface Shape {
  readonly axes: ReturnType<typeof mergeDims>;
  readonly schedule: Schedule;
  readonly carries: boolean;
  readonly resultExtent: Extent;
}

function shapeOf(f: Formula): Shape {
  const axes = axesOf(f);
  const reduced = axes.map((a) => a.marked);
  // Over axes of one element a reduction is the function itself.
  const root = reduced.includes(true) ? f.root : withoutReductions(f.root);
  const order = inputsOf(f);
  const index = new Map(order.map((e, i) => [e, i + 1]));
  const extentOf = (e: Input): Extent => axes.map((a) => a.strides[index.get(e)!] !== 0);
  const reductions = inOrder(root).filter((e) => e.kind === 'reduce');
  // Also where only the result repeats itself along a reduced axis.
  const varies = axes.some((a) => a.marked && a.strides[0] !== 0);
  const resultExtent = axes.map((a) => !a.marked || varies);
  const carries = reductions.length === 1 && !varies;
  const result = { type: f.type, extent: resultExtent };
  return { axes, carries, resultExtent, schedule: scheduleOf(root, { reduced, extentOf, result }, carries) };
}

function withoutReductions(root: Expression): Expression {
  const by = new Map<Expression, Expression>();
  for (const e of inOrder(root)) {
    if (e.kind !== 'reduce') continue;
    const { a, b, f, type } = replace(e, by) as typeof e;
    by.set(e, { kind: 'apply', f, type, a, ...(b === undefined ? {} : { b }) });
  }
  return replace(root, by);
}

/** The kernel of a formula, or undefined where it walks too many axes or its tiles do not fit. */
export function planFormula(given: Formula, machine: Machine): VectorKernel | undefined {
  const f = settled(given);
  // Words are a way to lie in a buffer.
  const inPlace = [
    ...inputsOf(f)
      .filter((e) => e.bytes !== undefined)
      .map((e) => e.view),
    ...(f.isInWords ? [f.output] : []),
  ];
  if (inPlace.some((v) => isKept(placeOf(v)))) return undefined;
  const { axes, schedule, carries, resultExtent } = shapeOf(f);
  if (axes.length > RECORD_DIMENSIONS || recordsOf(schedule, axes.filter((a) => a.marked).length) > RECORDS)
    return undefined;
  // Loops over kept axes outside, over reduced ones inside.
  const order = [...axes.filter((a) => !a.marked), ...axes.filter((a) => a.marked)];
  const whole = order.map((a) => a.marked && !carries);
  return cutTiles(
    order.map((a) => a.size),
    whole,
    machine,
    (tiles, loop) => {
      const loops = order.map((a, i) => loop(`${a.marked ? 'r' : 'd'}${i}`, a.size, tiles[i]!));
      const loopOf = new Map(order.map((a, i): [typeof a, LoopDim] => [a, loops[i]!]));
      const lengths = axes.map((a) => Math.min(loopOf.get(a)!.tile, a.size));
      const stream = (
        name: string,
        view: View,
        type: ElementType,
        operand: number,
        extent: Extent,
        bytes?: ElementType,
      ): Stream => {
        const dims = axes.flatMap((a, i) =>
          extent[i] ? [{ loop: loopOf.get(a)!, limit: a.size, stride: a.strides[operand]! }] : [],
        );
        // A single element is a tile, too.
        const s: Stream = { name, space: 'nram', type, ...placeOf(view), dims: dims.length > 0 ? dims : ONE };
        if (bytes === undefined) return s;
        return { ...s, type: bytes, padStrides: bufferStrides(s), bufferBytes: bufferBytes(s) };
      };
      const stored = f.isInWords ? typeOfView(f.output) : undefined;
      const output = stream('result', f.output, f.type, 0, resultExtent, stored);
      const inputExtent = (i: number): Extent => axes.map((a) => a.strides[i + 1] !== 0);
      const order0 = inputsOf(f);
      const inputs = schedule.inputs.map((e, i) => {
        const at = order0.indexOf(e);
        const s = stream(`input ${i}`, e.view, e.type, at + 1, inputExtent(at), e.bytes);
        return e.bytes === undefined ? s : { ...s, emptyWord: EMPTY_WORD };
      });
      const extents = schedule.inputs.map((e) => inputExtent(order0.indexOf(e)));
      const temporaries = schedule.between.map(
        (tile, i): Temporary => ({ name: `between ${i}`, bytes: tileBytes(tile, lengths), type: tile.type }),
      );
      const access = (place: Place, over: readonly number[]): Access => {
        if (place.kind !== 'between') {
          const s = place.kind === 'input' ? inputs[place.index]! : output;
          const extent = place.kind === 'input' ? extents[place.index]! : resultExtent;
          const isInWords = place.kind === 'input' ? s.emptyWord !== undefined : f.isInWords;
          if (isInWords) return { tile: s, type: 'f32', strides: along(extent, tileStrides(s), over, 4) };
          return { tile: s, strides: along(extent, tileStrides(s), over, elementBytes(s)) };
        }
        const { extent } = schedule.between[place.index]!;
        const t = temporaries[place.index]!;
        const width = tileBytes({ ...schedule.between[place.index]!, extent: extent.map(() => false) }, lengths);
        return { tile: t, strides: along(extent, denseOver(extent, lengths, width), over, width) };
      };
      const body = (at: TileContext, emit: StepEmitter): void => {
        const stepOf = (i: Instruction): Step => {
          const over = axes.flatMap((_, n) => (i.over[n] ? [n] : [])).reverse();
          const sizes = over.length === 0 ? [1] : over.map((n) => at.size(loopOf.get(axes[n]!)!));
          return {
            f: i.f,
            sizes,
            a: access(i.a, over),
            ...(i.b === undefined ? {} : { b: 'scalar' in i.b ? i.b : access(i.b, over) }),
            c: access(i.c, over),
            ...(i.accumulate === undefined ? {} : { accumulate: i.accumulate, init: true }),
            ...(i.saturate === true ? { saturate: true } : {}),
            ...(i.zero === undefined ? {} : { zero: i.zero }),
          };
        };
        const { carried = schedule.instructions.length } = schedule;
        schedule.instructions.slice(0, carried).forEach((i) => {
          emit.step(stepOf(i));
        });
        const reduction = schedule.instructions[carried];
        if (reduction === undefined) return;
        // Begun in the first tile of all reduced axes, ended behind the last.
        const cut = loops.filter((_, i) => order[i]!.marked);
        const { init, ...goesOn } = stepOf(reduction);
        const begin = (rest: readonly LoopDim[]): void => {
          const [l, ...inner] = rest;
          if (l === undefined) emit.step({ ...goesOn, init: true });
          else
            emit.first(
              l,
              () => begin(inner),
              () => emit.step(goesOn),
            );
        };
        begin(cut);
        const behind = schedule.instructions.slice(carried + 1);
        const end = (rest: readonly LoopDim[]): void => {
          const [l, ...inner] = rest;
          if (l !== undefined) return emit.last(l, () => end(inner));
          for (const i of behind) emit.step(stepOf(i));
        };
        if (behind.length > 0) end(cut);
      };
      return { loops, inputs, output, temporaries, body };
    },
  );
}

/** The dims of a tile of one element. */
const ONE: Stream['dims'] = [{ limit: 1, stride: 4 }];

/** Strides of a dense tile, one for each axis along which it varies, outermost first. */
function denseOver(extent: Extent, lengths: readonly number[], width: number): number[] {
  const out: number[] = [];
  let step = width;
  for (let i = extent.length - 1; i >= 0; i--) {
    if (!extent[i]) continue;
    out.unshift(step);
    step *= lengths[i]!;
  }
  return out;
}

/** A tile's strides along the axes of an instruction, innermost first. @param strides one for each axis of `extent`, outermost first */
function along(extent: Extent, strides: readonly number[], over: readonly number[], width: number): number[] {
  if (over.length === 0) return [width];
  let next = 0;
  const all = extent.map((varies) => (varies ? strides[next++]! : 0));
  return over.map((n) => all[n]!);
}

/** Records that the kernel needs at most: two for each stream, and one for each way to walk a tile. */
function recordsOf(s: Schedule, reducedAxes: number): number {
  const key = (i: Instruction, p: Place): string =>
    `${i.over.join()} ${p.kind === 'between' ? `${s.between[p.index]!.extent.join()} ${s.between[p.index]!.type}` : p.kind === 'input' ? `i${p.index}` : 'r'}`;
  const walks = (list: readonly Instruction[]): number =>
    new Set(list.flatMap((i) => [i.a, i.c, ...(i.b !== undefined && 'kind' in i.b ? [i.b] : [])].map((p) => key(i, p))))
      .size;
  // What fills words before they are loaded has a pair of its own.
  const streams = 2 * (s.inputs.length + (s.inputs.some((e) => e.bytes !== undefined) ? 2 : 1));
  if (s.carried === undefined) return streams + walks(s.instructions);
  const [before, at, behind] = [
    s.instructions.slice(0, s.carried),
    s.instructions.slice(s.carried, s.carried + 1),
    s.instructions.slice(s.carried + 1),
  ];
  // The reduction stands in a branch for each axis that is cut, and in one where it begins.
  return streams + walks(before) + (1 + reducedAxes) * walks(at) + walks(behind);
}
