/** What lies in a scratchpad when: addresses from below, cycles from the left, as the timeline shows them. */
import { bytesText, grouped } from '../../quantities.ts';
import { WRITERS } from '../lifetimes.ts';
import type { CycleView, Painter } from './cycles.ts';
import { t } from './dom.ts';
import type { Buffers } from './model.ts';
import { nameOf } from './words.ts';

const HEIGHT = 200;

export class MemoryPainter implements Painter {
  readonly #of: Buffers;
  readonly #layerName: (layer: number) => string;
  readonly #choose: (layer: number) => void;
  #chosen = -1;
  readonly height = HEIGHT;

  constructor(of: Buffers, layerName: (layer: number) => string, choose: (layer: number) => void) {
    this.#of = of;
    this.#layerName = layerName;
    this.#choose = choose;
  }

  rows() {
    const { bytes } = this.#of;
    return [
      { text: bytesText(bytes), y: 8 },
      { text: bytesText(bytes / 2), y: HEIGHT / 2 },
      { text: '0', y: HEIGHT - 8 },
    ];
  }

  paint(pixels: Uint32Array, width: number, height: number, view: CycleView, colour: (name: string) => number): void {
    const { from, to, low, high, writer, length, bytes } = this.#of;
    const colours = WRITERS.map((w) => colour(w === 'matrix' ? 'compute' : w === 'vector' ? 'vector' : 'transfer'));
    const perCycle = width / (view.to - view.from);
    const perByte = height / bytes;
    for (let i = 0; i < length && from[i]! < view.to; i++) {
      if (to[i]! <= view.from) continue;
      const x0 = Math.max(0, Math.floor((from[i]! - view.from) * perCycle));
      const x1 = Math.max(x0 + 1, Math.min(width, Math.round((to[i]! - view.from) * perCycle)));
      const y1 = height - Math.floor(low[i]! * perByte);
      const y0 = Math.min(y1 - 1, height - Math.round(high[i]! * perByte));
      // A line is left free between neighbours where there is room for it.
      const edge = y1 - y0 > 4 ? 1 : 0;
      for (let y = Math.max(0, y0 + edge); y < Math.min(height, y1); y++)
        pixels.fill(colours[writer[i]!]!, y * width + x0, y * width + Math.max(x0 + 1, x1 - (x1 - x0 > 4 ? 1 : 0)));
    }
  }

  texts() {
    return [];
  }

  #at(x: number, y: number, view: CycleView): number {
    const { from, to, low, high, length, bytes } = this.#of;
    const cycle = view.from + x * (view.to - view.from);
    const address = ((HEIGHT - y) / HEIGHT) * bytes;
    let found = -1;
    for (let i = 0; i < length && from[i]! <= cycle; i++)
      if (to[i]! > cycle && low[i]! <= address && address < high[i]!) found = i;
    return found;
  }

  describe(x: number, y: number, view: CycleView): string | undefined {
    const at = this.#at(x, y, view);
    return at < 0 ? t('not in use', '未使用') : this.#text(at);
  }

  choose(x: number, y: number, view: CycleView): void {
    this.#chosen = this.#at(x, y, view);
    const layer = this.#chosen < 0 ? -1 : this.#of.layer[this.#chosen]!;
    if (layer >= 0) this.#choose(layer);
  }

  key(key: string, view: CycleView): string | undefined {
    const { from, to, length, layer } = this.#of;
    if (length === 0) return undefined;
    if (key === 'Enter' && this.#chosen >= 0 && layer[this.#chosen]! >= 0) {
      this.#choose(layer[this.#chosen]!);
      return this.#text(this.#chosen);
    }
    if (key !== '.' && key !== ',') return undefined;
    const step = key === '.' ? 1 : -1;
    const first = this.#chosen < 0 ? from.findIndex((_, i) => to[i]! > view.from) : this.#chosen + step;
    this.#chosen = Math.max(0, Math.min(length - 1, first));
    const [a, b] = [from[this.#chosen]!, to[this.#chosen]!];
    const half = (view.to - view.from) / 2;
    if (b < view.from || a > view.to) view.show((a + b) / 2 - half, (a + b) / 2 + half);
    return this.#text(this.#chosen);
  }

  outline(width: number, view: CycleView) {
    const { from, to, low, high, bytes, length } = this.#of;
    const i = this.#chosen;
    if (i < 0 || i >= length) return undefined;
    const scale = width / (view.to - view.from);
    const a = Math.max(0, (from[i]! - view.from) * scale);
    const b = Math.min(width, (to[i]! - view.from) * scale);
    if (b < 0 || a > width) return undefined;
    const y = HEIGHT - (high[i]! / bytes) * HEIGHT;
    return { x: a, y, width: b - a, height: Math.max(4, ((high[i]! - low[i]!) / bytes) * HEIGHT) };
  }

  #text(i: number): string {
    const { name, from, to, low, high, writer, layer } = this.#of;
    const place = layer[i]! < 0 ? t('outside layers', '各层之外') : this.#layerName(layer[i]!);
    const by = nameOf(WRITERS[writer[i]!]!);
    const [addresses, cycles] = [`${grouped(low[i]!)}–${grouped(high[i]!)}`, `${grouped(from[i]!)}–${grouped(to[i]!)}`];
    return t(
      `${name} ${addresses} (${bytesText(high[i]! - low[i]!)}), written by: ${by}, cycles ${cycles}, ${place}`,
      `${name} ${addresses}（${bytesText(high[i]! - low[i]!)}），写入者：${by}，周期 ${cycles}，${place}`,
    );
  }
}
