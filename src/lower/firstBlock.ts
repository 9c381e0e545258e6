/**
 * The first block of a nest's constant weights, loaded by the nest before it (`prefetch.ts`): each core loads that of its own first turn,
 * those that want the same one together.
 */
import { coreNumbers, leaveIdle, togetherOf } from './cores.ts';
import type { Emitter, RecordId, Register } from './emitter.ts';
import { isRagged, type LoopDim, loopsOf, type Stream, TileContext } from './stream.ts';
import { emitRaggedSize, emitTransfer } from './transfer.ts';

export interface FirstBlock {
  /** Of the nest that it is for. */
  readonly loops: readonly LoopDim[];
  readonly stream: Stream;
  /** Where it goes in the scratchpad. */
  readonly address: number;
}

/** Emits the load. @param records that serve for it from here on */
export function emitFirstBlock(
  e: Emitter,
  { loops, stream, address }: FirstBlock,
  records: { readonly dram: RecordId; readonly pad: RecordId },
): void {
  const end = e.newLabel();
  const number = coreNumbers(e);
  leaveIdle(e, loops, end, number);
  // Only of loops that are dealt a first tile is another than the first.
  const index = new Map<LoopDim, Register>();
  const size = new Map<LoopDim, Register>();
  for (const l of loopsOf(stream)) {
    if (l.deal === undefined) continue;
    index.set(l, number(l.deal.over));
    if (isRagged(l)) size.set(l, e.register());
    emitRaggedSize(e, l, index, size);
  }
  const at = new TileContext(index, size, new Map([[stream, address]]));
  const { scope } = togetherOf(loops, stream, 0, e.cores);
  e.reuse([records.dram, records.pad], () => emitTransfer(e, 'load', stream, at, records, scope));
  e.place(end);
}
