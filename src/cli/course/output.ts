/** What an exercise shows, in the terminal; pictures go into a folder where one is given. */
import { join } from 'node:path';
import type { Output, Words } from '#course';
import { table } from '#report';
import type { Console } from '../console.ts';
import { makeFolder, writeFile } from '../files.ts';
import { palette } from '../style.ts';
import { wrapped } from './markdown.ts';

export class ConsoleOutput implements Output {
  readonly language: 'en' | 'zh';
  readonly #console: Console;
  readonly #id: string;
  readonly #folder: string | undefined;
  readonly #width: number;
  readonly #left: string[] = [];

  /** @param width columns of running text */
  constructor(console: Console, id: string, { folder, width }: { readonly folder?: string; readonly width: number }) {
    this.#console = console;
    this.language = console.language;
    this.#id = id;
    this.#folder = folder;
    this.#width = width;
    if (folder !== undefined) makeFolder(folder);
  }

  readonly print = (line: string | Words): void => this.#console.say(this.#words(line));

  readonly table = (columns: readonly (string | Words)[], rows: readonly (readonly (string | number)[])[]): void => {
    const heads = columns.map((head, i) => ({
      head: this.#words(head),
      align: rows.every((row) => typeof row[i] === 'number') ? ('right' as const) : ('left' as const),
    }));
    const cells = rows.map((row) => row.map(String));
    const width = process.stdout.columns || Number.POSITIVE_INFINITY;
    this.#console.say(table(heads, cells, { width, head: palette.strong }).join('\n'));
  };

  readonly listing = (name: string | Words, text: string): void => {
    const lines = text.trimEnd().split('\n');
    const digits = String(lines.length).length;
    this.#console.say(palette.strong(this.#words(name)));
    for (const [i, line] of lines.entries()) {
      this.#console.say(`${palette.faint(String(i + 1).padStart(digits + 2))}  ${line}`);
    }
  };

  readonly picture = (name: string, svg: string, alt: Words): void => {
    if (this.#folder === undefined) {
      this.#left.push(this.#words(alt));
      return;
    }
    const path = join(this.#folder, `${this.#id}-${name}.svg`);
    writeFile(path, [svg]);
    this.print({ en: `${path}: ${alt.en}`, zh: `${path}：${alt.zh}` });
  };

  /** Says which pictures were not written. */
  end(): void {
    if (this.#left.length === 0) return;
    const head = this.#words({ en: 'pictures (-o FOLDER writes them):', zh: '图（-o FOLDER 可写出）：' });
    const lines = [head, ...this.#left.map((alt) => wrapped(`- ${alt}`, this.#width))];
    this.#console.say(palette.faint(lines.join('\n')));
  }

  #words(words: string | Words): string {
    return typeof words === 'string' ? words : words[this.language];
  }
}
