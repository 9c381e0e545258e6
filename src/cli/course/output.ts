/** What an exercise shows, in the terminal; pictures go into a folder where one is given. */
import { join } from 'node:path';
import type { Output, Words } from '#course';
import { table } from '#report';
import type { Console } from '../console.ts';
import { makeFolder, writeFile } from '../files.ts';
import { palette } from '../style.ts';

export class ConsoleOutput implements Output {
  readonly language: 'en' | 'zh';
  readonly #console: Console;
  readonly #id: string;
  readonly #folder: string | undefined;
  readonly #left: string[] = [];

  constructor(console: Console, id: string, folder: string | undefined) {
    this.#console = console;
    this.language = console.language;
    this.#id = id;
    this.#folder = folder;
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
    const [en, zh] = [this.#left.join('; '), this.#left.join('；')];
    this.#console.say(
      palette.faint(
        this.#words({ en: `pictures (-o FOLDER writes them): ${en}`, zh: `图（-o FOLDER 可写出）：${zh}` }),
      ),
    );
  }

  #words(words: string | Words): string {
    return typeof words === 'string' ? words : words[this.language];
  }
}
