/** Blocks of compressed weights in scalar code: their words follow from the sizes of tiles by a table, not by a formula. */
import type { Emitter, Operand, Register } from '../emitter.ts';
import { isRagged, type LoopDim, type RunAt, type SizeOf, type TileContext, tilesOf } from '../stream.ts';

/**
 * What depends on whether tiles of some loops are their last, smaller ones. A register in the answer belongs to the caller.
 * @param value for sizes of these loops' tiles
 */
export function bySize(
  e: Emitter,
  at: TileContext,
  loops: readonly LoopDim[],
  value: (size: SizeOf) => number,
): Operand {
  const open = loops.filter((l) => tilesOf(l) > 1 && isRagged(l) && typeof at.size(l) !== 'number');
  const choices = (i: number, sizes: ReadonlyMap<LoopDim, number>): number[] => {
    const l = open[i];
    if (l === undefined) return [value((loop) => sizes.get(loop) ?? Math.min(loop.tile, loop.total))];
    return [l.tile, l.total % l.tile].flatMap((size) => choices(i + 1, new Map(sizes).set(l, size)));
  };
  const all = choices(0, new Map());
  if (new Set(all).size === 1) return all[0]!;
  const register = e.register();
  const choose = (i: number, among: readonly number[]): void => {
    const l = open[i];
    if (l === undefined || new Set(among).size === 1) return e.op('li', { rd: register, imm: among[0]! >>> 0 });
    const size = at.size(l) as { readonly register: Register };
    const [last, end] = [e.newLabel(), e.newLabel()];
    e.with(l.tile, (rb) => e.jump('blt', last, { ra: size.register, rb }));
    choose(i + 1, among.slice(0, among.length / 2));
    e.jump('jmp', end);
    e.place(last);
    choose(i + 1, among.slice(among.length / 2));
    e.place(end);
  };
  choose(0, all);
  return { register };
}

/** Where the current block of compressed weights lies, the filters' blocks being passed already, and its length. */
export function sparseRun(
  e: Emitter,
  at: TileContext,
  { n, c, ky }: Readonly<Record<'n' | 'c' | 'ky', LoopDim>>,
  address: Register,
  block: {
    /** Words of a block in DRAM, and of all kernel rows of a block of channels. */
    readonly taken: (size: SizeOf) => number;
    readonly ofRows: (size: SizeOf) => number;
    readonly elements: (size: SizeOf) => number;
    readonly isStream: boolean;
  },
): RunAt {
  const pass = (index: Operand, words: () => Operand): void => {
    if (typeof index === 'number') return;
    const step = words();
    if (typeof step === 'number') return e.addScaled(address, index, 4 * step);
    e.op('muli', { rd: step.register, ra: step.register, imm: 4 });
    e.op('mad', { rd: address, ra: step.register, rb: index.register, rc: address });
    e.release(step.register);
  };
  // Blocks that have others behind them are no last ones.
  pass(at.index(c), () => bySize(e, at, [n], block.ofRows));
  pass(at.index(ky), () => bySize(e, at, [n, c], block.taken));
  const elements = bySize(e, at, [n, c, ky], block.elements);
  return block.isStream
    ? { address, elements, bytes: bySize(e, at, [n, c, ky], (size) => 4 * block.taken(size)) }
    : { address, elements };
}
