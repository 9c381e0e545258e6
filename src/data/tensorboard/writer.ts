/**
 * The log of a training run for TensorBoard: events are gathered and appended to the run's file at `flush()`, so that
 * TensorBoard shows them while training goes on. Point it at the folder: `tensorboard --logdir DIR`.
 */
import { joinBytes } from '../byteSource.ts';
import type { DataFolder } from '../folder.ts';
import { encodePng, type RgbImage } from '../image.ts';
import { type EventContent, encodeEvent, VERSION } from './events.ts';
import type { GraphNode } from './graph.ts';
import { histogramOf } from './histogram.ts';

export interface EventWriterOptions {
  /** Stands in the file's name, where TensorFlow has the host's; `systole` by default. */
  readonly host?: string;
  /** Milliseconds since 1970; the platform's clock by default. */
  readonly now?: () => number;
}

/** Mutable: holds events until they are flushed. Calls may come in any order; flushes happen one after the other. */
export class EventWriter {
  /** The file's name within the folder. */
  readonly file: string;
  readonly #folder: DataFolder;
  readonly #now: () => number;
  #held: Uint8Array[] = [];
  #flushed: Promise<void> = Promise.resolve();

  /** See `openEventWriter`. */
  constructor(folder: DataFolder, file: string, now: () => number) {
    this.file = file;
    this.#folder = folder;
    this.#now = now;
    this.add(0, VERSION);
  }

  /** One number of a curve. NaN and infinities are kept: TensorBoard marks them. */
  scalar(tag: string, step: number, value: number): void {
    this.add(step, { kind: 'scalar', tag, value });
  }

  image(tag: string, step: number, image: RgbImage): void {
    const { width, height, channels } = image;
    this.add(step, { kind: 'image', tag, image: { width, height, channels, png: encodePng(image) } });
  }

  /** The distribution of numbers; throws SYS-DAT-086 where one is not finite. */
  histogram(tag: string, step: number, values: ArrayLike<number>): void {
    this.add(step, { kind: 'histogram', tag, histogram: histogramOf(values) });
  }

  /** Markdown. */
  text(tag: string, step: number, text: string): void {
    this.add(step, { kind: 'text', tag, text });
  }

  /** The network; throws SYS-DAT-083 … 085 where the nodes make no graph. */
  graph(nodes: readonly GraphNode[]): void {
    this.add(0, { kind: 'graph', nodes });
  }

  add(step: number, content: EventContent): void {
    this.#held.push(encodeEvent({ ...content, step, wallTime: this.#now() / 1000 }));
  }

  /** Appends what is held to the file; resolves when it is there. What could not be written is tried again next time. */
  flush(): Promise<void> {
    const work = this.#flushed.then(async () => {
      const held = this.#held;
      if (held.length === 0) return;
      this.#held = [];
      try {
        await this.#folder.append(this.file, joinBytes(held));
      } catch (error) {
        this.#held = [...held, ...this.#held];
        throw error;
      }
    });
    this.#flushed = work.catch(() => undefined);
    return work;
  }
}

/**
 * A writer of a new file `events.out.tfevents.<seconds>.<host>` in a folder, which is made with the first flush. Where the
 * name is taken already, `.1` and so on is put behind it: TensorBoard reads the files of a run in the order of their names.
 */
export async function openEventWriter(folder: DataFolder, options: EventWriterOptions = {}): Promise<EventWriter> {
  const { host = 'systole', now = () => Date.now() } = options;
  const base = `events.out.tfevents.${String(Math.floor(now() / 1000)).padStart(10, '0')}.${host}`;
  let names: ReadonlySet<string>;
  try {
    names = new Set((await folder.list()).map((entry) => entry.name));
  } catch (error) {
    if ((error as { code?: string }).code !== 'SYS-DAT-044') throw error;
    names = new Set();
  }
  let file = base;
  for (let i = 1; names.has(file); i++) file = `${base}.${i}`;
  return new EventWriter(folder, file, now);
}
