/** The transfer of a stream's current tile: address, sizes and bounds from loop indices, in scalar code. */
import { ELEMENT_TYPES, MULTICASTS, SPACES, STREAM_FORMATS } from '#isa';
import type { Emitter, Operand, RecordId, Register } from './emitter.ts';
import { emitRelayed } from './relay.ts';
import {
  bufferBytes,
  elementBytes,
  type LoopDim,
  recordOrder,
  type Stream,
  type StreamDim,
  type TileContext,
  tileStrides,
  tilesOf,
} from './stream.ts';

/** min(tile, total − index·tile), where the last tile is smaller. */
export function emitRaggedSize(
  e: Emitter,
  l: LoopDim,
  index: ReadonlyMap<LoopDim, Register>,
  size: ReadonlyMap<LoopDim, Register>,
): void {
  const ragged = size.get(l);
  if (ragged === undefined) return;
  e.op('muli', { rd: ragged, ra: index.get(l)!, imm: -l.tile });
  e.addTo(ragged, l.total);
  e.with(l.tile, (rb) => e.op('min', { rd: ragged, ra: ragged, rb }));
}

/** Where the current tile of a tensor lies that stays in NRAM; nothing to do where that is known. */
export function emitKeptAddress(e: Emitter, s: Stream, at: TileContext): void {
  const where = at.buffer(s);
  if (typeof where === 'number') return;
  e.op('li', { rd: where.register, imm: s.address >>> 0 });
  for (const o of s.outer ?? []) e.addScaled(where.register, at.index(o.loop), o.stride);
  for (const { loop, scale = 1, stride } of s.dims)
    if (loop !== undefined) e.addScaled(where.register, at.index(loop), loop.tile * scale * stride);
}

/** Fills the buffers of a stream that is loaded into parts of words: transfers of which nothing lies inside the tensor. */
export function emitEmptyWords(
  e: Emitter,
  s: Stream,
  { address, second }: { readonly address: number; readonly second: number },
  buffers: number,
  records: { readonly dram: RecordId; readonly pad: RecordId },
): void {
  e.reuse([records.dram, records.pad], () => {
    const words = bufferBytes(s) / 4;
    for (const record of [records.dram, records.pad]) e.dimension(record, 0, words, 4);
    e.bounds(records.dram, 0, 0, 0);
    e.with(s.emptyWord!, (ra) => e.op('cfg.fill', { record: records.dram, ra }));
    const [space, type] = [SPACES.indexOf(s.space), ELEMENT_TYPES.indexOf('f32')];
    for (let i = 0; i < buffers; i++)
      e.with(address + i * second, (rd) =>
        e.op('load', { space, rd, ra: 0, dst: records.pad, src: records.dram, type, multicast: 0 }),
      );
  });
}

/** Emits one DMA of a stream's current tile; a load may be one of several cores together. */
export function emitTransfer(
  e: Emitter,
  kind: 'load' | 'store',
  s: Stream,
  at: TileContext,
  records: { readonly dram: RecordId; readonly pad: RecordId },
  together: (typeof MULTICASTS)[number] = 'none',
): void {
  const multicast = MULTICASTS.indexOf(together);
  const space = SPACES.indexOf(s.space);
  const type = ELEMENT_TYPES.indexOf(s.type);
  const issue = (dram: Register, into = 0): void => {
    if (s.home === 'shared') {
      const link = kind === 'load' ? 'get' : 'put';
      emitRelayed(e, link, () =>
        withBuffer(e, at.buffer(s), into, (pad) =>
          link === 'get'
            ? e.op('get', {
                space,
                rd: pad,
                ra: dram,
                dst: records.pad,
                src: records.dram,
                type,
                multicast: multicast && 1,
              })
            : e.op('put', { space, rd: dram, ra: pad, dst: records.dram, src: records.pad, type }),
        ),
      );
      return;
    }
    withBuffer(e, at.buffer(s), into, (pad) =>
      kind === 'load'
        ? e.op('load', { space, rd: pad, ra: dram, dst: records.pad, src: records.dram, type, multicast })
        : e.op('store', { space, rd: dram, ra: pad, dst: records.dram, src: records.pad, type }),
    );
  };
  if (s.linear !== undefined) {
    const { address, elements, bytes } = s.linear.emit(e, at);
    e.dimension(records.pad, 0, elements, elementBytes(s));
    if (s.linear.stream === undefined || bytes === undefined) {
      e.dimension(records.dram, 0, elements, elementBytes(s));
      issue(address);
    } else {
      const format = STREAM_FORMATS.indexOf(s.linear.stream.format);
      e.with(at.buffer(s), (rd) =>
        e.with(bytes, (rb) => e.op('load.sparse', { space, rd, ra: address, rb, dst: records.pad, type, format })),
      );
    }
    e.release(address);
    for (const r of [elements, bytes]) if (typeof r === 'object') e.release(r.register);
    return;
  }

  const [part = s, ...others] = s.parts ?? [];
  const address = emitTile(e, part, at, records);
  if (kind === 'load' && s.fill !== undefined && s.fill !== 0) {
    e.with(s.fill, (ra) => e.op('cfg.fill', { record: records.dram, ra }));
  }
  issue(address, part.into);
  // Parts differ in where they begin, and in what of them lies outside the tensor.
  let before = part;
  for (const next of others) {
    e.addTo(address, originOf(next) - originOf(before));
    recordOrder(next).forEach((i, dim) => {
      const d = next.dims[i]!;
      if (d.isBounded !== true) return;
      const { n, temporary } = extentAt(e, d, at);
      emitBounds(e, d, at, n, records.dram, dim);
      if (temporary !== undefined) e.release(temporary);
    });
    issue(address, next.into);
    before = next;
  }
  e.release(address);
}

/** Calls `use` with a register that holds an address in a buffer. */
function withBuffer(e: Emitter, buffer: Operand, into: number, use: (r: Register) => void): void {
  if (into === 0 || typeof buffer === 'number') return e.with(typeof buffer === 'number' ? buffer + into : buffer, use);
  const r = e.register();
  e.set(r, buffer);
  e.addTo(r, into);
  use(r);
  e.release(r);
}

/** Where the first tile begins, padding included. */
const originOf = ({ address, dims }: Stream): number => dims.reduce((n, d) => n - (d.pad ?? 0) * d.stride, address);

/** Sizes, strides and bounds of the current tile into the records. @returns where it begins; the register belongs to the caller */
function emitTile(
  e: Emitter,
  s: Stream,
  at: TileContext,
  records: { readonly dram: RecordId; readonly pad: RecordId },
): Register {
  const address = e.register();
  e.op('li', { rd: address, imm: s.address >>> 0 });
  for (const o of s.outer ?? []) e.addScaled(address, at.index(o.loop), o.stride);
  const strides = tileStrides(s);
  recordOrder(s).forEach((i, dim) => {
    const d = s.dims[i]!;
    const scale = d.scale ?? 1;
    // Sizes come from the record on the source side; both sides are kept the same so that either reads well.
    if (d.loop === undefined) {
      e.dimension(records.dram, dim, d.limit, d.stride);
      e.dimension(records.pad, dim, d.limit, strides[i]!);
      return;
    }
    const { n, temporary } = extentAt(e, d, at);
    e.addScaled(address, at.index(d.loop), d.loop.tile * scale * d.stride);
    e.addTo(address, -(d.pad ?? 0) * d.stride);
    e.dimension(records.dram, dim, n, d.stride);
    e.dimension(records.pad, dim, n, strides[i]!);
    if (isBounded(d)) emitBounds(e, d, at, n, records.dram, dim);
    if (temporary !== undefined) e.release(temporary);
  });
  return address;
}

/** Elements of a dimension with a loop in the current tile. The register belongs to the caller. */
function extentAt(e: Emitter, d: StreamDim, at: TileContext): { readonly n: Operand; readonly temporary?: Register } {
  const loop = d.loop!;
  const scale = d.scale ?? 1;
  const window = d.window ?? 1;
  const t = d.whole === true ? loop.tile : at.size(loop);
  if (typeof t === 'number') return { n: (t - 1) * scale + window };
  if (scale === 1 && window === 1) return { n: t };
  const temporary = e.register();
  e.op('muli', { rd: temporary, ra: t.register, imm: scale });
  e.addTo(temporary, window - scale);
  return { n: { register: temporary }, temporary };
}

/** Whether a dimension with a loop has elements outside the tensor. */
function isBounded({ loop, scale = 1, window = 1, pad = 0, limit, whole, isBounded = false }: StreamDim): boolean {
  const covered = whole === true ? tilesOf(loop!) * loop!.tile : loop!.total;
  return isBounded || pad > 0 || (covered - 1) * scale + window - pad > limit;
}

/** What of n elements lies inside the tensor: start = index·tile·scale − pad, inside are max(0, −start) … min(n, limit − start). */
function emitBounds(e: Emitter, d: StreamDim, at: TileContext, n: Operand, record: RecordId, dim: number): void {
  const loop = d.loop!;
  const pad = d.pad ?? 0;
  if (tilesOf(loop) === 1 && typeof n === 'number') {
    e.bounds(record, dim, Math.min(pad, n), Math.max(0, Math.min(n, d.limit + pad)));
    return;
  }
  const start = e.register();
  const lo = e.register();
  const hi = e.register();
  e.op('li', { rd: start, imm: -pad >>> 0 });
  e.addScaled(start, at.index(loop), loop.tile * (d.scale ?? 1));
  e.op('sub', { rd: lo, ra: 0, rb: start });
  e.op('max', { rd: lo, ra: lo, rb: 0 });
  e.with(d.limit, (ra) => e.op('sub', { rd: hi, ra, rb: start }));
  e.with(n, (rb) => e.op('min', { rd: hi, ra: hi, rb }));
  e.bounds(record, dim, { register: lo }, { register: hi });
  for (const r of [start, lo, hi]) e.release(r);
}
