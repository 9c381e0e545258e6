/**
 * A line that says what goes on, on a terminal and for work over a second: written over itself, gone at the end. The
 * terminal is written synchronously, so that it also moves while the simulator computes.
 */
import stringWidth from 'string-width';

const DELAY = 1000;
const INTERVAL = 100;
/** Between lines where no terminal is: a log of hours stays short. */
const LINES = 30_000;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #enabled: boolean;
  #started = Date.now();
  #drawn = 0;
  #visible = false;
  #said = Date.now();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#enabled = stream.isTTY === true;
  }

  /** A new piece of work; drawn at once if the command has taken its second already. */
  begin(text: string): void {
    this.#drawn = 0;
    this.update(() => text);
  }

  update(text: () => string): void {
    if (!this.#enabled) return;
    const now = Date.now();
    if (now - this.#started < DELAY || now - this.#drawn < INTERVAL) return;
    this.#drawn = now;
    this.#visible = true;
    // Some terminals report no width; the last column stays free, or some would begin a new line.
    const width = Math.max(20, (this.#stream.columns || 80) - 1);
    this.#stream.write(`\r\x1b[2K${cutToColumns(text(), width)}`);
  }

  /** Of work that takes hours: where there is no terminal, a line now and then, so that a log shows that it goes on. */
  updateOrLog(text: () => string): void {
    if (this.#enabled) return this.update(text);
    const now = Date.now();
    if (now - this.#said < LINES) return;
    this.#said = now;
    this.#stream.write(`${text()}\n`);
  }

  clear(): void {
    if (this.#visible) this.#stream.write('\r\x1b[2K');
    this.#visible = false;
  }
}

const graphemes = new Intl.Segmenter();

/** As much of the text as so many columns of a terminal show: a Chinese character takes two. */
export function cutToColumns(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let [cut, width] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    cut += segment;
  }
  return cut;
}
