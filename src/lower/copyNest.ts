/** The tile nest in which only the DMA works: each tile is loaded to and stored from the same buffer, two buffers in turn. */
import { beginDealing, emitTiles, endDealing, workersOf } from './cores.ts';
import type { Emitter, Operand, Register } from './emitter.ts';
import { type NestShape, turnsOfAll } from './prediction.ts';
import { bufferBytes, isRagged, type LoopDim, roundsOf, type Stream, TileContext, tilesOf } from './stream.ts';
import { emitRaggedSize, emitTransfer } from './transfer.ts';

/** Semaphores of copies: load → store and back. */
const COPY = { full: 11, empty: 12 } as const;

interface CopyNest {
  readonly loops: readonly LoopDim[];
  readonly input: Stream;
  readonly output: Stream;
}

/** What `emitCopyNest` will make of a nest: both sides are moved in every turn, and wait for each other's signal. */
export function shapeOfCopyNest({ loops, input, output }: CopyNest): NestShape {
  const level = loops.length;
  const entries = 2 * turnsOfAll(loops, level) + workersOf(loops) * creditsOf(loops);
  return {
    loops,
    inputs: [{ stream: input, level, sharedBy: 1 }],
    output: { stream: output, level, sharedBy: 1 },
    stages: [],
    semaphores: { load: entries, store: entries },
  };
}

/** Buffers: two where there are several tiles. */
const creditsOf = (loops: readonly LoopDim[]): 1 | 2 => (loops.some((l) => roundsOf(l) > 1) ? 2 : 1);

export function emitCopyNest(e: Emitter, nest: CopyNest): void {
  const { loops, input, output } = nest;
  const dealing = beginDealing(e, loops);
  const index = new Map<LoopDim, Register>();
  const size = new Map<LoopDim, Register>();
  for (const l of loops) {
    if (tilesOf(l) === 1) continue;
    index.set(l, roundsOf(l) === 1 ? dealing.first.get(l)! : e.register());
    if (isRagged(l)) size.set(l, e.register());
    if (roundsOf(l) === 1) emitRaggedSize(e, l, index, size);
  }
  const second = bufferBytes(output);
  const credits = creditsOf(loops);
  const buffer = credits === 1 ? 0 : e.register();
  if (credits > 1) e.op('li', { rd: buffer, imm: 0 });
  const where: Operand = credits === 1 ? 0 : { register: buffer };
  const context = new TileContext(
    index,
    size,
    new Map([
      [input, where],
      [output, where],
    ]),
  );
  const records = { in: { dram: e.record(), pad: e.record() }, out: { dram: e.record(), pad: e.record() } };
  for (let i = 0; i < credits; i++) e.signal('store', COPY.empty);
  let depth = 0;
  const enter = (level: number): void => {
    const l = loops[level];
    if (l === undefined) {
      e.wait('load', COPY.empty);
      emitTransfer(e, 'load', input, context, records.in);
      e.signal('load', COPY.full);
      e.wait('store', COPY.full);
      emitTransfer(e, 'store', output, context, records.out);
      e.signal('store', COPY.empty);
      if (credits > 1) e.with(second, (rb) => e.op('xor', { rd: buffer, ra: buffer, rb }));
      return;
    }
    if (roundsOf(l) === 1) return enter(level + 1);
    depth++;
    emitTiles(e, l, dealing, index.get(l)!, depth - 1, () => {
      emitRaggedSize(e, l, index, size);
      enter(level + 1);
    });
    depth--;
  };
  enter(0);
  for (let i = 0; i < credits; i++) e.wait('load', COPY.empty);
  endDealing(e, dealing);
}
