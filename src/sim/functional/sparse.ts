/** `load.sparse` and `mma.sparse` in plain loops: streams bit by bit, weights by the list of what each filter keeps. */
import type { StreamFault } from '#isa';
import { filtersOf, lanesOf, type Machine, packingOf } from '#machine';
import { elementsOf, SIZE, STRIDE } from '#timing';
import type { LoadSparseEntry, MmaSparseEntry } from '../entries.ts';
import { activate, balancedTree, chain } from './arithmetic.ts';
import type { PlainMemory } from './memory.ts';
import type { Memories } from './units.ts';
import { address, indices, offset } from './walk.ts';

/** @returns what of the stream is not one, if anything is */
export function loadSparse(e: LoadSparseEntry, memories: Memories): StreamFault | undefined {
  const { dram } = memories;
  const { elementBytes } = e;
  const elements = elementsOf(e.padRecord);
  const values: bigint[] = [];
  let at = 0;
  while (values.length < elements) {
    const inBlock = Math.min(32, elements - values.length);
    if (at + 4 > e.bytes) return { kind: 'short', at: e.bytes };
    const word = dram.readBits(address(e.dram, at), 4);
    const index = at;
    at += 4;
    const isKept = new Array<boolean>(32).fill(false);
    for (let i = 0; i < 32; i++) {
      if (((word >> BigInt(i)) & 1n) === 0n) continue;
      if (i >= inBlock) return { kind: 'bits', at: index };
      if (e.format === 'bitmap') isKept[i] = true;
    }
    for (let group = 0; e.format === 'two4' && group < inBlock; group += 4) {
      const pair = Number((word >> BigInt(group)) & 15n);
      if (pair % 4 >= Math.floor(pair / 4)) return { kind: 'order', at: index };
      isKept[group + (pair % 4)] = true;
      isKept[group + Math.floor(pair / 4)] = true;
    }
    const kept = isKept.filter(Boolean).length;
    const padded = Math.ceil((kept * elementBytes) / 4) * 4;
    if (at + padded > e.bytes) return { kind: 'short', at: e.bytes };
    const byte = (of: number): bigint => dram.readBits(address(e.dram, of), 1);
    for (let i = 0; i < inBlock; i++) {
      let bits = 0n;
      if (isKept[i]) {
        for (let b = 0; b < elementBytes; b++) bits |= byte(at + b) << BigInt(8 * b);
        at += elementBytes;
      }
      values.push(bits);
    }
    for (const end = index + 4 + padded; at < end; at++) if (byte(at) !== 0n) return { kind: 'padding', at };
  }
  if (at < e.bytes) return { kind: 'long', at };
  const pad: PlainMemory = memories[e.space];
  let next = 0;
  for (const index of indices(e.padRecord)) {
    pad.writeBits(address(e.pad, offset(e.padRecord, index)), elementBytes, values[next++]!);
  }
  return undefined;
}

/** A kept weight: its element of the reduction and its value. */
interface Kept {
  readonly k: number;
  readonly weight: number;
}

/** Of one group of filters: what each keeps, in order, and the length of the group in words. */
function group(e: MmaSparseEntry, from: number, depth: number, inGroup: number, wram: PlainMemory) {
  const bits = (word: number, bit: number, width: number): number =>
    Number((wram.readBits(address(e.w, 4 * (from + word)), 4) >> BigInt(bit)) & ((1n << BigInt(width)) - 1n));
  const isPairs = e.format === 'two4';
  const perQuad = Math.ceil(inGroup / 8);
  const perFilter = Math.ceil(depth / 32);
  const indexWords = isPairs ? (depth / 4) * perQuad : perFilter * inGroup;
  const rows = isPairs ? depth / 2 : Math.max(0, e.pixels[16 + SIZE]!);
  const places = (n: number): number[] => {
    const list: number[] = [];
    for (let k = 0; k < depth; k++) {
      if (!isPairs) {
        if (bits(n * perFilter + Math.floor(k / 32), k % 32, 1) === 1) list.push(k);
      } else if (k % 4 < 2) {
        const quad = Math.floor(k / 4);
        list.push(4 * quad + bits(quad * perQuad + Math.floor(n / 8), 4 * (n % 8) + 2 * (k % 4), 2));
      }
    }
    return list;
  };
  const filters = Array.from({ length: inGroup }, (_, n) => places(n));
  const lists = (): Kept[][] =>
    filters.map((list, n) =>
      list.map((k, r) => ({ k, weight: wram.readF32(address(e.w, 4 * (from + indexWords + r * inGroup + n))) })),
    );
  return { filters, rows, lists, words: indexWords + rows * inGroup };
}

/** @returns the first filter that keeps more than there are rows, if any does */
export function mmaSparse(
  e: MmaSparseEntry,
  machine: Machine,
  { nram, wram, aram }: Memories,
): { readonly filter: number; readonly kept: number } | undefined {
  const tn = filtersOf(machine.matrix);
  const lanes = lanesOf(machine.matrix);
  const sum =
    machine.matrix.kind === 'dot'
      ? (products: readonly number[]) => balancedTree(products, (x, y) => Math.fround(x + y))
      : chain;
  const pixels = [...indices(e.pixels, 3)];
  const neurons = [...indices(e.reduction)].map((k) => offset(e.reduction, k));
  const depth = neurons.length;
  const filters = e.output[16 + SIZE]!;
  if (pixels.length === 0) return undefined;
  // Kept elements of one run, within which a chunk stays.
  const run = e.format === 'two4' && packingOf(machine.matrix) === 'run' ? e.reduction[SIZE]! / 2 : depth;

  const groups: { readonly inGroup: number; readonly lists: Kept[][] }[] = [];
  for (let g = 0, from = 0; g * tn < filters; g++) {
    const inGroup = Math.min(tn, filters - g * tn);
    const found = group(e, from, depth, inGroup, wram);
    const filter = found.filters.findIndex((list) => list.length > found.rows);
    if (filter >= 0) return { filter: g * tn + filter, kept: found.filters[filter]!.length };
    groups.push({ inGroup, lists: found.lists() });
    from += found.words;
  }
  const bits = new DataView(new ArrayBuffer(8));
  bits.setInt32(0, e.p0);
  bits.setInt32(4, e.p1);

  groups.forEach(({ inGroup, lists }, g) => {
    pixels.forEach((index, p) => {
      // All neurons come in; the indices choose from them.
      const row = neurons.map((at) => nram.readF32(address(e.a, offset(e.pixels, index, 3) + at)));
      for (let n = 0; n < inGroup; n++) {
        const place = 4 * ((e.acc + g * pixels.length + p) * tn + n);
        let acc = e.clear ? 0 : aram.readF32(place);
        const list = lists[n]!;
        for (let start = 0; start < list.length; start += run) {
          const end = Math.min(start + run, list.length);
          for (let first = start; first < end; first += lanes) {
            const products = new Array<number>(lanes).fill(0);
            for (let i = first; i < Math.min(first + lanes, end); i++) {
              products[i - first] = Math.fround(row[list[i]!.k]! * list[i]!.weight);
            }
            acc = Math.fround(acc + sum(products));
          }
        }
        if (!e.drain) {
          aram.writeF32(place, acc);
          continue;
        }
        const x = e.useBias ? Math.fround(acc + wram.readF32(address(e.bias, 4 * (g * tn + n)))) : acc;
        const c = address(e.c, offset(e.output, index, 3) + g * e.output[16 + STRIDE]! + 4 * n);
        nram.writeF32(c, activate(e.act, x, bits.getFloat32(0), bits.getFloat32(4)));
      }
    });
  });
  return undefined;
}
