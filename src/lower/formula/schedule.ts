/**
 * The instructions of a formula for one tile, and the tiles that hold what lies between them. Every expression becomes one
 * instruction over the axes along which it varies; a tile is used again as soon as its value has been read for the last time, the
 * result's own among them.
 */
import { type Accumulation, ELEMENT_BYTES, type ElementType, type VectorFunction } from '#isa';
import { type Expression, inOrder, operandsOf, type Scalar } from './expression.ts';

/** Where a value lies: an operand's tile, the result's, or a tile between. */
export type Place =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'result' }
  | { readonly kind: 'between'; readonly index: number };

/** Along which axes of the index space a value varies. */
export type Extent = readonly boolean[];

export interface Instruction {
  readonly f: VectorFunction;
  readonly a: Place;
  readonly b?: Place | Scalar;
  readonly c: Place;
  /** Axes that it walks. */
  readonly over: Extent;
  readonly accumulate?: Accumulation;
  readonly saturate?: boolean;
  readonly zero?: number;
}

export interface Tile {
  readonly type: ElementType;
  readonly extent: Extent;
}

export interface Schedule {
  /** The operands in the order of their tiles. */
  readonly inputs: readonly Extract<Expression, { kind: 'input' }>[];
  readonly between: readonly Tile[];
  readonly instructions: readonly Instruction[];
  /** Position of the reduction that goes on from tile to tile; what follows is done behind the last one. */
  readonly carried?: number;
}

const union = (a: Extent, b: Extent): boolean[] => a.map((v, i) => v || b[i]!);
const equal = (a: Extent, b: Extent): boolean => a.every((v, i) => v === b[i]);

export interface Space {
  /** Reduced axes. */
  readonly reduced: Extent;
  /** Axes of an operand. */
  readonly extentOf: (e: Extract<Expression, { kind: 'input' }>) => Extent;
  /** Axes of the result. */
  readonly result: Tile;
}

/** Axes along which each expression varies. */
function extentsOf(root: Expression, space: Pick<Space, 'reduced' | 'extentOf'>): Map<Expression, Extent> {
  const extents = new Map<Expression, Extent>();
  const none = space.reduced.map(() => false);
  for (const e of inOrder(root)) {
    if (e.kind === 'input') {
      extents.set(e, space.extentOf(e));
      continue;
    }
    const of = operandsOf(e).reduce<Extent>((all, o) => union(all, extents.get(o)!), none);
    extents.set(e, e.kind === 'reduce' ? of.map((v, i) => v && !space.reduced[i]!) : of);
  }
  return extents;
}

/**
 * @param carries whether the formula is one reduction, with what follows on its result, that may go on over several tiles
 */
export function scheduleOf(root: Expression, space: Space, carries: boolean): Schedule {
  const order = inOrder(root);
  const extents = extentsOf(root, space);
  const lastUse = new Map<Expression, number>();
  order.forEach((e, at) => {
    for (const o of operandsOf(e)) lastUse.set(o, at);
  });

  const inputs: Extract<Expression, { kind: 'input' }>[] = [];
  const between: Tile[] = [];
  const instructions: Instruction[] = [];
  const places = new Map<Expression, Place>();
  /** Tiles whose value nobody reads any more. */
  const free = new Set<number>();
  /** Values that a `where` at the root reads when the other one has been brought into the result's tile. */
  const apart = new Set<Expression | Scalar>(root.kind === 'where' ? [root.condition, root.chosen] : []);
  /** The expression whose value lies in the result's tile. */
  let inResult: Expression | undefined;
  let carried: number | undefined;
  let isBehind = !carries;

  const fits = (tile: Tile, e: Expression): boolean => tile.type === e.type && equal(tile.extent, extents.get(e)!);
  const tileOf = (place: Place): Tile | undefined =>
    place.kind === 'between' ? between[place.index]! : place.kind === 'result' ? space.result : undefined;
  const release = (e: Expression): void => {
    const place = places.get(e)!;
    if (place.kind === 'between') free.add(place.index);
    else if (place.kind === 'result' && inResult === e) inResult = undefined;
  };
  /** A tile for the value of `e`, other than those of values that are still read. */
  const take = (e: Expression): Place => {
    if (e === root) return { kind: 'result' };
    // What is carried from tile to tile shares its place with nothing.
    const own = carries && e.kind === 'reduce';
    if ((isBehind || own) && inResult === undefined && !apart.has(e) && fits(space.result, e)) {
      inResult = e;
      return { kind: 'result' };
    }
    const again = own ? undefined : [...free].find((i) => fits(between[i]!, e));
    if (again !== undefined) {
      free.delete(again);
      return { kind: 'between', index: again };
    }
    between.push({ type: e.type, extent: extents.get(e)! });
    return { kind: 'between', index: between.length - 1 };
  };

  order.forEach((e, at) => {
    if (e.kind === 'input') {
      places.set(e, { kind: 'input', index: inputs.length });
      inputs.push(e);
      return;
    }
    const placed = (x: Expression | Scalar): Place | Scalar => ('kind' in x ? places.get(x)! : x);
    const ending = [...new Set(operandsOf(e))].filter((o) => lastUse.get(o) === at);
    const over = e === root ? union(extents.get(e)!, space.result.extent) : extents.get(e)!;
    if (e.kind === 'reduce') {
      const read = operandsOf(e).reduce<Extent>((all, o) => union(all, extents.get(o)!), space.reduced);
      const c = take(e);
      places.set(e, c);
      for (const o of ending) release(o);
      if (carries) {
        carried = instructions.length;
        isBehind = true;
      }
      instructions.push({
        f: e.f,
        a: places.get(e.a)!,
        ...(e.b === undefined ? {} : { b: placed(e.b) }),
        c,
        over: e === root ? union(read, space.result.extent) : read,
        accumulate: e.by,
      });
      return;
    }
    if (e.kind === 'where') {
      // `select` chooses between its B and what stands in C: the other value is brought there first.
      const condition = places.get(e.condition)!;
      const chosen = placed(e.chosen);
      const own = places.get(e.otherwise)!;
      const tile = tileOf(own);
      const inPlace = ending.includes(e.otherwise) && tile !== undefined && fits(tile, e) && e !== root;
      const c = inPlace ? own : take(e);
      if (!inPlace) instructions.push({ f: 'mov', a: own, c, over });
      else if (own.kind === 'result') inResult = e;
      instructions.push({ f: 'select', a: condition, b: chosen, c, over });
      places.set(e, c);
      for (const o of ending) if (!(inPlace && o === e.otherwise)) release(o);
      return;
    }
    // In place where an operand ends here and its tile is one of the result's kind.
    const reused = ending.find((o) => {
      const place = places.get(o)!;
      const tile = tileOf(place);
      return tile !== undefined && fits(tile, e) && !(place.kind === 'result' && apart.has(e));
    });
    let c: Place;
    if (e === root || reused === undefined) c = take(e);
    else {
      c = places.get(reused)!;
      if (c.kind === 'result') inResult = e;
    }
    places.set(e, c);
    for (const o of ending) if (e === root || o !== reused) release(o);
    instructions.push({
      f: e.f,
      a: places.get(e.a)!,
      ...(e.b === undefined ? {} : { b: placed(e.b) }),
      c,
      over,
      ...(e.saturate === true ? { saturate: true } : {}),
      ...(e.zero === undefined ? {} : { zero: e.zero }),
    });
  });
  if (instructions.length === 0) {
    instructions.push({ f: 'mov', a: places.get(root)!, c: { kind: 'result' }, over: space.result.extent });
  }
  return { inputs, between, instructions, ...(carried === undefined ? {} : { carried }) };
}

/** Bytes of a tile whose axes have these lengths. */
export const tileBytes = ({ type, extent }: Tile, lengths: readonly number[]): number =>
  extent.reduce((n, varies, i) => (varies ? n * lengths[i]! : n), ELEMENT_BYTES[type]);
