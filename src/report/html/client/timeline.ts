/**
 * What each unit did when. Slices that are wide enough are drawn one by one; the others share their pixel column, whose parts are as high as the
 * time that its slices took. A row is searched for the first slice in view, so that a frame looks only at what it shows.
 */
import { grouped } from '../../quantities.ts';
import type { CycleView, Painter } from './cycles.ts';
import { t } from './dom.ts';
import type { Timeline, Track } from './model.ts';
import { nameOf } from './words.ts';

const ROW = 24;
const GAP = 4;
/** Device pixels from which a slice is drawn by itself. */
const WIDE = 3;
const KINDS = ['compute', 'transfer', 'host', 'wait'] as const;

/** First slice that ends behind a cycle. */
function firstBehind({ to, length }: Track, cycle: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (to[middle]! > cycle) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class TimelinePainter implements Painter {
  readonly #timeline: Timeline;
  readonly #layerName: (layer: number) => string;
  readonly #choose: (layer: number) => void;
  readonly #kinds: readonly number[];
  #row = 0;
  #slice = -1;
  readonly height: number;

  constructor(timeline: Timeline, layerName: (layer: number) => string, choose: (layer: number) => void) {
    this.#timeline = timeline;
    this.#layerName = layerName;
    this.#choose = choose;
    this.#kinds = timeline.labels.map((l) => KINDS.indexOf(l.kind));
    this.height = Math.max(1, timeline.tracks.length) * ROW;
  }

  rows() {
    return this.#timeline.tracks.map(({ unit }, i) => ({ text: nameOf(unit), y: i * ROW + (ROW - GAP) / 2 }));
  }

  paint(pixels: Uint32Array, width: number, height: number, view: CycleView, colour: (name: string) => number): void {
    const scale = height / this.height;
    const colours = KINDS.map(colour);
    const parts = KINDS.map(() => new Float32Array(width + 1));
    const gap = colour('panel');
    this.#timeline.tracks.forEach((track, row) => {
      const top = Math.round(row * ROW * scale);
      const bottom = Math.round((row * ROW + ROW - GAP) * scale);
      for (let y = bottom; y < Math.round((row + 1) * ROW * scale) && y < height; y++)
        pixels.fill(gap, y * width, (y + 1) * width);
      this.#paintTrack(track, pixels, width, top, bottom, view, colours, parts);
    });
  }

  #paintTrack(
    track: Track,
    pixels: Uint32Array,
    width: number,
    top: number,
    bottom: number,
    view: CycleView,
    colours: readonly number[],
    parts: readonly Float32Array[],
  ): void {
    const { from, to, label, work, wait, length } = track;
    const perCycle = width / (view.to - view.from);
    const tall = bottom - top;
    let [low, high] = [width, -1];
    const share = (kind: number, a: number, b: number, cycles: number): void => {
      const column = parts[kind]!;
      const first = Math.max(0, Math.floor(a));
      const last = Math.min(width - 1, Math.floor(b));
      if (last < first) return;
      if (first < low) low = first;
      if (last > high) high = last;
      const amount = cycles * perCycle;
      if (first === last) column[first]! += amount;
      else {
        // Over the columns that it lies in, by how much of it does.
        for (let x = first; x <= last; x++) {
          column[x]! += (amount * (Math.min(b, x + 1) - Math.max(a, x))) / Math.max(b - a, 1e-9);
        }
      }
    };
    for (let i = firstBehind(track, view.from); i < length && from[i]! < view.to; i++) {
      const a = (from[i]! - view.from) * perCycle;
      const b = (to[i]! - view.from) * perCycle;
      const kind = this.#kinds[label[i]!]!;
      const worked = work[i]!;
      const waited = wait[i]!;
      if (b - a < WIDE) {
        if (worked > 0) share(kind === 3 ? 0 : kind, a, b, worked);
        if (waited > 0) share(3, a, b, waited);
        continue;
      }
      const [x0, x1] = [Math.max(0, Math.round(a)), Math.min(width, Math.round(b) - 1)];
      if (x1 <= x0) continue;
      const cycles = to[i]! - from[i]!;
      const workTall = Math.round((tall * worked) / cycles);
      const waitTall = Math.round((tall * Math.min(cycles, worked + waited)) / cycles);
      for (let y = 0; y < waitTall; y++) {
        const line = (bottom - 1 - y) * width;
        pixels.fill(y < workTall ? colours[kind === 3 ? 0 : kind]! : colours[3]!, line + x0, line + x1);
      }
    }
    for (let x = low; x <= high; x++) {
      let done = 0;
      let y = bottom - 1;
      for (let kind = 0; kind < parts.length; kind++) {
        const amount = parts[kind]![x]!;
        parts[kind]![x] = 0;
        if (amount === 0) continue;
        done = Math.min(1, done + amount);
        // Whatever happened is seen, however short.
        const end = Math.max(top, Math.min(y - 1, bottom - 1 - Math.round(done * tall)));
        for (; y > end; y--) pixels[y * width + x] = colours[kind]!;
      }
    }
  }

  texts(width: number, view: CycleView) {
    const scale = width / (view.to - view.from);
    return this.#timeline.tracks.flatMap((track, row) => {
      const { from, to, label, layer, length } = track;
      const found: { text: string; x: number; y: number; room: number }[] = [];
      const y = row * ROW + (ROW - GAP) / 2;
      for (let i = firstBehind(track, view.from); i < length && from[i]! < view.to; i++) {
        const a = Math.max(0, (from[i]! - view.from) * scale);
        const b = Math.min(width, (to[i]! - view.from) * scale);
        if (b - a < 40) continue;
        const { kind, text } = this.#timeline.labels[label[i]!]!;
        const does = kind === 'wait' ? (text === '' ? t('wait', '等待') : `… ${nameOf(text)}`) : text;
        const place = layer[i]! < 0 ? does : `${does} · ${this.#layerName(layer[i]!)}`;
        found.push({ text: b - a > 7 * place.length + 8 ? place : does, x: (a + b) / 2, y, room: b - a - 4 });
      }
      return found;
    });
  }

  #at(
    x: number,
    y: number,
    view: CycleView,
  ): { readonly track: Track; readonly slice: number; readonly row: number } | undefined {
    const row = Math.floor(y / ROW);
    const track = this.#timeline.tracks[row];
    if (track === undefined) return undefined;
    const slice = firstBehind(track, view.from + x * (view.to - view.from));
    if (slice >= track.length || track.from[slice]! > view.from + x * (view.to - view.from)) return undefined;
    return { track, slice, row };
  }

  describe(x: number, y: number, view: CycleView): string | undefined {
    const found = this.#at(x, y, view);
    if (found !== undefined) return this.#text(found.track, found.slice);
    const track = this.#timeline.tracks[Math.floor(y / ROW)];
    return track && t(`${nameOf(track.unit)}: idle`, `${nameOf(track.unit)}：空闲`);
  }

  choose(x: number, y: number, view: CycleView): void {
    const found = this.#at(x, y, view);
    if (found === undefined) return;
    [this.#row, this.#slice] = [found.row, found.slice];
    const layer = found.track.layer[found.slice]!;
    if (layer >= 0) this.#choose(layer);
  }

  key(key: string, view: CycleView): string | undefined {
    const { tracks } = this.#timeline;
    if (tracks.length === 0) return undefined;
    const track = (): Track => tracks[this.#row]!;
    switch (key) {
      case 'ArrowUp':
      case 'ArrowDown':
        this.#row = Math.max(0, Math.min(tracks.length - 1, this.#row + (key === 'ArrowUp' ? -1 : 1)));
        this.#slice = Math.min(track().length - 1, firstBehind(track(), view.from));
        break;
      case '.':
        this.#slice = this.#slice < 0 ? firstBehind(track(), view.from) : this.#slice + 1;
        break;
      case ',':
        this.#slice = this.#slice < 0 ? firstBehind(track(), view.from) : this.#slice - 1;
        break;
      case 'Enter': {
        const layer = this.#slice < 0 ? -1 : track().layer[this.#slice]!;
        if (layer < 0) return undefined;
        this.#choose(layer);
        return this.#text(track(), this.#slice);
      }
      default:
        return undefined;
    }
    this.#slice = Math.max(0, Math.min(track().length - 1, this.#slice));
    const [from, to] = [track().from[this.#slice]!, track().to[this.#slice]!];
    const length = view.to - view.from;
    if (from < view.from || to > view.to) view.show((from + to) / 2 - length / 2, (from + to) / 2 + length / 2);
    return this.#text(track(), this.#slice);
  }

  outline(width: number, view: CycleView) {
    const track = this.#timeline.tracks[this.#row];
    if (this.#slice < 0 || track === undefined || this.#slice >= track.length) return undefined;
    const scale = width / (view.to - view.from);
    const a = Math.max(0, (track.from[this.#slice]! - view.from) * scale);
    const b = Math.min(width, (track.to[this.#slice]! - view.from) * scale);
    return b < 0 || a > width ? undefined : { x: a, y: this.#row * ROW, width: b - a, height: ROW - GAP };
  }

  #text({ unit, from, to, label, layer, count, work, wait }: Track, i: number): string {
    const { kind, text } = this.#timeline.labels[label[i]!]!;
    const cycles = to[i]! - from[i]!;
    const does =
      kind === 'wait'
        ? text === ''
          ? t('waits', '等待')
          : t(`waits for: ${nameOf(text)}`, `等待：${nameOf(text)}`)
        : text;
    const place = layer[i]! < 0 ? t('outside layers', '各层之外') : this.#layerName(layer[i]!);
    const range = `${grouped(from[i]!)}–${grouped(to[i]!)}`;
    const several =
      count[i] === 1
        ? ''
        : t(
            `; ${grouped(count[i]!)} slices, mostly this: ${grouped(work[i]!)} cycles at work, ${grouped(wait[i]!)} waiting`,
            `；共 ${grouped(count[i]!)} 段，以此为主：工作 ${grouped(work[i]!)} 周期，等待 ${grouped(wait[i]!)} 周期`,
          );
    return t(
      `${nameOf(unit)}: ${does}, cycles ${range} (${grouped(cycles)}), ${place}${several}`,
      `${nameOf(unit)}：${does}，周期 ${range}（${grouped(cycles)}），${place}${several}`,
    );
  }
}
