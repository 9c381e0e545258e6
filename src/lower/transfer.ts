/** The transfer of a stream's current tile: address, sizes and bounds from loop indices, in scalar code. */
import { ELEMENT_TYPES, MULTICASTS, SPACES, STREAM_FORMATS } from '#isa';
import type { Emitter, Operand, RecordId, Register } from './emitter.ts';
import { emitRelayed } from './relay.ts';
import {
  elementBytes,
  type LoopDim,
  recordOrder,
  type Stream,
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
  const issue = (dram: Register): void => {
    if (s.home === 'shared') {
      const link = kind === 'load' ? 'get' : 'put';
      emitRelayed(e, link, () =>
        e.with(at.buffer(s), (pad) =>
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
    e.with(at.buffer(s), (pad) =>
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

  const address = e.register();
  e.op('li', { rd: address, imm: s.address >>> 0 });
  for (const o of s.outer ?? []) e.addScaled(address, at.index(o.loop), o.stride);
  const strides = tileStrides(s);
  recordOrder(s).forEach((i, dim) => {
    const d = s.dims[i]!;
    const scale = d.scale ?? 1;
    const window = d.window ?? 1;
    const pad = d.pad ?? 0;
    // Sizes come from the record on the source side; both sides are kept the same so that either reads well.
    if (d.loop === undefined) {
      e.dimension(records.dram, dim, d.limit, d.stride);
      e.dimension(records.pad, dim, d.limit, strides[i]!);
      return;
    }
    const tiles = tilesOf(d.loop);
    const t = d.whole === true ? d.loop.tile : at.size(d.loop);
    let n: Operand;
    let temporary: Register | undefined;
    if (typeof t === 'number') n = (t - 1) * scale + window;
    else if (scale === 1 && window === 1) n = t;
    else {
      temporary = e.register();
      e.op('muli', { rd: temporary, ra: t.register, imm: scale });
      e.addTo(temporary, window - scale);
      n = { register: temporary };
    }
    e.addScaled(address, at.index(d.loop), d.loop.tile * scale * d.stride);
    e.addTo(address, -pad * d.stride);
    e.dimension(records.dram, dim, n, d.stride);
    e.dimension(records.pad, dim, n, strides[i]!);
    // Bounds: start = index·tile·scale − pad; inside are max(0, −start) … min(extent, limit − start).
    const covered = d.whole === true ? tiles * d.loop.tile : d.loop.total;
    const lastEnd = (covered - 1) * scale + window - pad;
    if (pad > 0 || lastEnd > d.limit) {
      if (tiles === 1 && typeof n === 'number') {
        e.bounds(records.dram, dim, Math.min(pad, n), Math.max(0, Math.min(n, d.limit + pad)));
      } else {
        const start = e.register();
        const lo = e.register();
        const hi = e.register();
        e.op('li', { rd: start, imm: -pad >>> 0 });
        e.addScaled(start, at.index(d.loop), d.loop.tile * scale);
        e.op('sub', { rd: lo, ra: 0, rb: start });
        e.op('max', { rd: lo, ra: lo, rb: 0 });
        e.with(d.limit, (ra) => e.op('sub', { rd: hi, ra, rb: start }));
        e.with(n, (rb) => e.op('min', { rd: hi, ra: hi, rb }));
        e.bounds(records.dram, dim, { register: lo }, { register: hi });
        for (const r of [start, lo, hi]) e.release(r);
      }
    }
    if (temporary !== undefined) e.release(temporary);
  });
  if (kind === 'load' && s.fill !== undefined && s.fill !== 0) {
    e.with(s.fill, (ra) => e.op('cfg.fill', { record: records.dram, ra }));
  }
  issue(address);
  e.release(address);
}
