/**
 * The map of a scratchpad: addresses × time, with what is written there and how long it is read. A buffer begins when an entry writes it and ends with
 * the last entry that reads it before it is written again.
 */
import type { Language } from '#base';
import type { Machine } from '#machine';
import { accessesOf, type Memory, type Observer, type QueueEntry, type SimulationEvent } from '#sim';
import { bytesText } from '../quantities.ts';
import { FAINT, LINE, picture, rect, text, thousands, tickStep } from './svg.ts';

export interface Lifetime {
  readonly memory: Memory;
  readonly core: number;
  readonly from: number;
  readonly to: number;
  /** Bytes: the first, and one behind the last. */
  readonly low: number;
  readonly high: number;
  readonly writer: 'transfer' | 'matrix' | 'vector';
  readonly layer: number;
}

type Open = { -readonly [K in keyof Lifetime]: Lifetime[K] };

/** Mutable: collects the lifetimes of buffers in a run; give its `observer` to the simulation. */
export class MemoryRecorder {
  readonly #machine: Machine;
  readonly #memory: Memory;
  readonly #core: number;
  readonly #limit: number;
  readonly lifetimes: Open[] = [];
  /** Of the buffers that were written last, those that may still be read. */
  #open: Open[] = [];
  /** Buffers beyond the limit, which were not kept. */
  dropped = 0;

  constructor(machine: Machine, memory: Memory, { core = 0, limit = 4000 } = {}) {
    this.#machine = machine;
    this.#memory = memory;
    this.#core = core;
    this.#limit = limit;
  }

  readonly observer: Observer = (event: SimulationEvent): void => {
    if (!('entry' in event) || !('plan' in event) || event.plan === undefined || event.core !== this.#core) return;
    const { entry } = event;
    if (entry.kind === 'wait' || entry.kind === 'signal' || entry.kind === 'move' || entry.kind === 'compute') return;
    for (const access of accessesOf(entry, this.#machine)) {
      if (access.memory !== this.#memory) continue;
      for (const { offset, extent } of access.regions) {
        const low = access.address(entry) + offset;
        if (access.mode === 'read') this.#read(low, low + extent, event.cycle);
        else this.#write(low, low + extent, event.start, event.cycle, writerOf(entry), event.layer);
      }
    }
  };

  #read(low: number, high: number, cycle: number): void {
    for (const o of this.#open) if (o.low < high && low < o.high) o.to = Math.max(o.to, cycle);
  }

  #write(low: number, high: number, from: number, to: number, writer: Lifetime['writer'], layer: number): void {
    // What is written piece by piece in one go is one buffer: accumulating results, neighbouring tiles.
    const same = this.#open.find(
      (o) => o.layer === layer && o.writer === writer && o.low <= low && high <= o.high && o.to >= from,
    );
    if (same !== undefined) {
      same.to = Math.max(same.to, to);
      return;
    }
    this.#open = this.#open.filter((o) => o.high <= low || high <= o.low);
    const opened: Open = { memory: this.#memory, core: this.#core, from, to, low, high, writer, layer };
    this.#open.push(opened);
    if (this.lifetimes.length < this.#limit) this.lifetimes.push(opened);
    else this.dropped++;
  }
}

const writerOf = (entry: QueueEntry): Lifetime['writer'] =>
  entry.kind === 'mma' || entry.kind === 'mmaSparse'
    ? 'matrix'
    : entry.kind === 'vec' || entry.kind === 'winograd'
      ? 'vector'
      : 'transfer';

const FILLS = { transfer: '#9fd0a4', matrix: '#8fc1ee', vector: '#d9b3d1' } as const;

const WORDS = {
  en: {
    title: (memory: string, model: string) => `${memory} while ${model} runs`,
    writers: { transfer: 'loaded', matrix: 'written by the matrix unit', vector: 'written by the vector unit' },
    cycles: 'cycles',
    dropped: (n: number) => `${thousands(n)} buffers of less area are not shown: choose fewer cycles`,
  },
  zh: {
    title: (memory: string, model: string) => `${model} 运行时的 ${memory}`,
    writers: { transfer: '载入', matrix: '矩阵单元写入', vector: '向量单元写入' },
    cycles: '周期',
    dropped: (n: number) => `另有 ${thousands(n)} 个面积较小的缓冲区未显示：请选择较短的周期范围`,
  },
} as const;

export interface MemoryMapOptions {
  readonly model: string;
  readonly memory: string;
  /** Bytes of the memory. */
  readonly bytes: number;
  readonly from?: number;
  readonly to: number;
  /** Buffers that are drawn at most; the picture says how many more there are. */
  readonly limit?: number;
  readonly language?: Language;
  readonly width?: number;
}

export function memoryMap(lifetimes: readonly Lifetime[], options: MemoryMapOptions): string {
  const { from = 0, to, bytes, language = 'en', width = 980, limit = 6000 } = options;
  const area = (l: Lifetime): number => (Math.min(to, l.to) - Math.max(from, l.from)) * (l.high - l.low);
  const shown =
    lifetimes.length <= limit ? lifetimes : [...lifetimes].sort((a, b) => area(b) - area(a)).slice(0, limit);
  const dropped = lifetimes.length - shown.length;
  const words = WORDS[language];
  const [left, top, height] = [90, 64, 360];
  const plot = width - left - 30;
  const x = (cycle: number): number => left + ((cycle - from) / Math.max(1, to - from)) * plot;
  const y = (address: number): number => top + height - (address / bytes) * height;
  const title = words.title(options.memory, options.model);
  const body = [text(16, 22, title, { bold: true, size: 15 })];
  let at = left;
  for (const writer of ['transfer', 'matrix', 'vector'] as const) {
    body.push(
      rect(at, 36, 12, 12, `fill="${FILLS[writer]}"`),
      text(at + 18, 47, words.writers[writer], { size: 12, fill: FAINT }),
    );
    at += 200;
  }
  for (let i = 0; i <= 4; i++) {
    const address = (bytes * i) / 4;
    body.push(rect(left, y(address), plot, 1, `fill="${LINE}"`));
    body.push(
      text(left - 8, y(address) + 4, i === 0 ? '0' : bytesText(address), { anchor: 'end', size: 11, fill: FAINT }),
    );
  }
  const step = tickStep((to - from) / 8);
  for (let cycle = Math.ceil(from / step) * step; cycle <= to; cycle += step) {
    body.push(rect(x(cycle), top + height, 1, 4, `fill="${FAINT}"`));
    body.push(text(x(cycle), top + height + 18, thousands(cycle), { anchor: 'middle', size: 11, fill: FAINT }));
  }
  body.push(text(width - 30, top + height + 36, words.cycles, { anchor: 'end', size: 11, fill: FAINT }));
  for (const l of shown) {
    if (l.to <= from || l.from >= to) continue;
    const [a, b] = [x(Math.max(from, l.from)), x(Math.min(to, l.to))];
    const tall = Math.max(1, y(l.low) - y(l.high));
    body.push(
      rect(a, y(l.high), Math.max(0.7, b - a), tall, `fill="${FILLS[l.writer]}" stroke="#ffffff" stroke-width="0.4"`),
    );
  }
  if (dropped > 0) body.push(text(left, top + height + 36, words.dropped(dropped), { size: 11, fill: FAINT }));
  return picture(width, top + height + 48, title, body);
}

const BANDS = 16;

/** For a terminal: how much of each sixteenth of the memory holds something that is still used, over time. */
export function memoryMapText(
  lifetimes: readonly Lifetime[],
  options: MemoryMapOptions & { readonly columns?: number },
): readonly string[] {
  const { from = 0, to, bytes, language = 'en', columns = 100 } = options;
  const width = Math.max(20, Math.min(columns - 14, 110));
  const band = bytes / BANDS;
  const step = (to - from) / width;
  const lines = Array.from({ length: BANDS }, (_, i) => {
    const b = BANDS - 1 - i;
    const [low, high] = [b * band, (b + 1) * band];
    const within = lifetimes.filter((l) => l.low < high && l.high > low);
    const cells = Array.from({ length: width }, (_, column) => {
      const at = from + (column + 0.5) * step;
      const held = within.reduce(
        (n, l) => (l.from <= at && at < l.to ? n + Math.min(high, l.high) - Math.max(low, l.low) : n),
        0,
      );
      const share = Math.min(1, held / band);
      return share === 0 ? '·' : '░▒▓█'[Math.min(3, Math.floor(share * 4))]!;
    });
    return `${(b === BANDS - 1 ? bytesText(bytes) : b === 0 ? '0' : '').padStart(9)} │${cells.join('')}`;
  });
  return [
    WORDS[language].title(options.memory, options.model),
    ...lines,
    `${' '.repeat(9)} └${'─'.repeat(width)}`,
    `${' '.repeat(11)}${from}${String(to).padStart(Math.max(1, width - String(from).length))} ${WORDS[language].cycles}`,
  ];
}
