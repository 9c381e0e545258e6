/**
 * The cycles that timeline and memory maps show: zoomed and moved by wheel, drag, keys and buttons, all of them through here. Also the canvas
 * that both draw on: pixels in a buffer, so that a frame costs as much as it has pixels and slices, and no more.
 */

import { grouped } from '../../quantities.ts';
import { h, t } from './dom.ts';

const LEAST = 8;

/** Mutable: which cycles are shown. */
export class CycleView {
  from = 0;
  to: number;
  readonly end: number;
  readonly #listeners: (() => void)[] = [];

  constructor(end: number) {
    this.end = Math.max(LEAST, end);
    this.to = this.end;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  show(from: number, to: number): void {
    const length = Math.min(this.end, Math.max(LEAST, to - from));
    this.from = Math.max(0, Math.min(from, this.end - length));
    this.to = this.from + length;
    for (const listener of this.#listeners) listener();
  }

  /** Around a place of the view, 0 to 1. */
  zoom(factor: number, at = 0.5): void {
    const length = Math.min(this.end, Math.max(LEAST, (this.to - this.from) * factor));
    const still = this.from + at * (this.to - this.from);
    this.show(still - at * length, still - at * length + length);
  }

  /** By a part of what is shown. */
  move(part: number): void {
    const by = part * (this.to - this.from);
    this.show(this.from + by, this.to + by);
  }
}

/** What draws itself into a canvas of cycles. */
export interface Painter {
  /** Height in CSS pixels, without the axis. */
  readonly height: number;
  /** Pixels of a row-major buffer. */
  paint(pixels: Uint32Array, width: number, height: number, view: CycleView, colour: (name: string) => number): void;
  /** What is at a place, for a reader; undefined where nothing is. */
  describe(x: number, y: number, view: CycleView): string | undefined;
  /** A click there. */
  choose(x: number, y: number, view: CycleView): void;
  /** Names beside the rows, from above: text and the middle of its row in CSS pixels. */
  rows(): readonly { readonly text: string; readonly y: number }[];
  /** Words inside what is wide enough for them, in CSS pixels: the middle, and the room. */
  texts(
    width: number,
    view: CycleView,
  ): readonly { readonly text: string; readonly x: number; readonly y: number; readonly room: number }[];
  /** A key that the view does not take; the answer is what is to be said. */
  key(key: string, view: CycleView): string | undefined;
  /** In CSS pixels: a rectangle to outline. */
  outline(width: number, view: CycleView): { x: number; y: number; width: number; height: number } | undefined;
}

const AXIS = 22;
const NAMES = 118;

/** 0xAABBGGRR of a colour of the style, as ImageData lies in memory. */
function pixelOf(text: string): number {
  const digits = text.trim().slice(1);
  // `#abc` is short for `#aabbcc`.
  const n = Number.parseInt(digits.length === 3 ? digits.replace(/./g, '$&$&') : digits, 16);
  return (0xff000000 | ((n & 0xff) << 16) | (n & 0xff00) | (n >> 16)) >>> 0;
}

export interface CycleCanvas {
  readonly element: HTMLElement;
  redraw(): void;
}

/** A canvas with its names, axis, buttons and words, which keyboards and screen readers can use. */
export function cycleCanvas(view: CycleView, painter: Painter, label: string, withHelp = true): CycleCanvas {
  const canvas = h('canvas', { height: painter.height + AXIS, 'aria-hidden': 'true' });
  const hover = h(
    'p',
    { class: 'hover', 'aria-hidden': 'true' },
    t('Point at a slice, or move with the keys.', '将指针移到图块上，或用按键移动。'),
  );
  const status = h('p', { class: 'status', role: 'status' });
  const help = t(
    'Keys: + and − zoom, ← and → move, 0 shows all, ↑ and ↓ choose a row, . and , the next and previous slice, Enter its layer. With the mouse: drag; the wheel zooms once this has the focus, or with Ctrl.',
    '按键：+ 与 − 缩放，← 与 → 移动，0 显示全部，↑ 与 ↓ 选择行，. 与 , 选择下一个与上一个，Enter 打开其所在层。鼠标：拖动；获得焦点后（或按住 Ctrl）滚轮缩放。',
  );
  const frame = h(
    'div',
    { class: 'cycles', tabindex: 0, role: 'application', 'aria-label': `${label}. ${help}` },
    canvas,
  );
  const context = canvas.getContext('2d', { alpha: false })!;
  let waiting = false;
  let isSeen = false;
  let image: ImageData | undefined;

  const draw = (): void => {
    waiting = false;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = frame.clientWidth;
    if (width <= NAMES) return;
    const style = getComputedStyle(frame);
    const css = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const [w, all] = [Math.round(width * ratio), Math.round((painter.height + AXIS) * ratio)];
    if (canvas.width !== w || canvas.height !== all) [canvas.width, canvas.height] = [w, all];
    const plot = Math.max(1, Math.round((width - NAMES) * ratio));
    const tall = Math.round(painter.height * ratio);
    if (image === undefined || image.width !== plot || image.height !== tall) image = new ImageData(plot, tall);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = new Map<string, number>();
    const colour = (name: string): number => {
      const known = colours.get(name);
      if (known !== undefined) return known;
      const found = pixelOf(css(name));
      colours.set(name, found);
      return found;
    };
    pixels.fill(colour('lane'));
    painter.paint(pixels, plot, tall, view, colour);
    context.fillStyle = css('panel');
    context.fillRect(0, 0, w, all);
    context.putImageData(image, Math.round(NAMES * ratio), 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = '12px system-ui, sans-serif';
    context.fillStyle = css('ink');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (const { text, y } of painter.rows()) context.fillText(text, NAMES - 8, y, NAMES - 12);
    context.fillStyle = css('faint');
    context.textAlign = 'center';
    const step = tickStep((view.to - view.from) / Math.max(2, (width - NAMES) / 120));
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
      const x = NAMES + ((tick - view.from) / (view.to - view.from)) * (width - NAMES);
      context.fillRect(x, painter.height, 1, 5);
      if (x > NAMES + 30 && x < width - 30) context.fillText(grouped(tick), x, painter.height + 14);
    }
    context.fillStyle = css('onfill');
    for (const { text, x, y, room } of painter.texts(width - NAMES, view))
      if (context.measureText(text).width < room) context.fillText(text, NAMES + x, y);
    const outline = painter.outline(width - NAMES, view);
    if (outline !== undefined) {
      context.strokeStyle = css('ink');
      context.lineWidth = 2;
      context.strokeRect(NAMES + outline.x, outline.y + 1, Math.max(2, outline.width), outline.height - 2);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  };
  const redraw = (): void => {
    // What nobody sees is drawn when it comes into view.
    if (waiting || !isSeen) return;
    waiting = true;
    requestAnimationFrame(draw);
  };
  view.onChange(redraw);
  // On paper there is nothing that comes into view later.
  addEventListener('beforeprint', draw);
  new ResizeObserver(redraw).observe(frame);
  new IntersectionObserver((entries) => {
    isSeen = entries.at(-1)!.isIntersecting;
    redraw();
  }).observe(frame);

  /** 0 to 1 in the plot, and CSS pixels from above. */
  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left - NAMES) / Math.max(1, box.width - NAMES), y: event.clientY - box.top };
  };
  frame.addEventListener(
    'wheel',
    (event) => {
      if (document.activeElement !== frame && !event.ctrlKey) return;
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        view.move((event.deltaX || event.deltaY) / 800);
      else view.zoom(2 ** (event.deltaY / 300), Math.max(0, Math.min(1, place(event).x)));
    },
    { passive: false },
  );
  let dragged: { readonly x: number; moved: number } | undefined;
  frame.addEventListener('pointerdown', (event) => {
    dragged = { x: event.clientX, moved: 0 };
    frame.setPointerCapture(event.pointerId);
    frame.focus({ preventScroll: true });
  });
  frame.addEventListener('pointermove', (event) => {
    if (dragged !== undefined) {
      const by = event.movementX / Math.max(1, frame.clientWidth - NAMES);
      dragged.moved += Math.abs(event.movementX);
      if (dragged.moved > 3) view.move(-by);
      return;
    }
    const { x, y } = place(event);
    hover.textContent = (x >= 0 && painter.describe(x, y, view)) || ' ';
  });
  frame.addEventListener('pointerup', (event) => {
    const isClick = dragged !== undefined && dragged.moved <= 3;
    dragged = undefined;
    const { x, y } = place(event);
    if (isClick && x >= 0) painter.choose(x, y, view);
    redraw();
  });
  frame.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const taken = KEYS[event.key];
    if (taken !== undefined) taken(view);
    else {
      const said = painter.key(event.key, view);
      if (said === undefined) return;
      status.textContent = said;
      redraw();
    }
    event.preventDefault();
  });
  const button = (text: string, name: string, does: (view: CycleView) => void): HTMLElement =>
    h('button', { type: 'button', 'aria-label': name, title: name, onclick: () => does(view) }, text);
  const buttons = h(
    'div',
    { class: 'tools', role: 'group', 'aria-label': t('Zoom', '缩放') },
    button('+', t('zoom in', '放大'), KEYS['+']!),
    button('−', t('zoom out', '缩小'), KEYS['-']!),
    button('←', t('earlier', '更早'), KEYS.ArrowLeft!),
    button('→', t('later', '更晚'), KEYS.ArrowRight!),
    button(t('all', '全部'), t('show all cycles', '显示全部周期'), KEYS['0']!),
  );
  return { element: h('div', {}, buttons, frame, hover, status, withHelp && h('p', { class: 'note' }, help)), redraw };
}

const KEYS: Readonly<Record<string, (view: CycleView) => void>> = {
  '+': (view) => view.zoom(0.5),
  '=': (view) => view.zoom(0.5),
  '-': (view) => view.zoom(2),
  ArrowLeft: (view) => view.move(-0.2),
  ArrowRight: (view) => view.move(0.2),
  '0': (view) => view.show(0, view.end),
  Home: (view) => view.show(0, view.to - view.from),
  End: (view) => view.show(view.end - (view.to - view.from), view.end),
};

/** 1, 2 or 5 times a power of ten, not below `least`. */
function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((m) => m * power >= least) ?? 10);
}
