/** Takes down what an exercise shows, in one language: for tests, pages and graders. */
import type { Output, Words } from './exercise.ts';

export type Shown =
  | { readonly kind: 'line'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | number)[])[];
    }
  | { readonly kind: 'listing'; readonly name: string; readonly text: string }
  | { readonly kind: 'picture'; readonly name: string; readonly svg: string; readonly alt: string };

export class Transcript implements Output {
  readonly items: Shown[] = [];
  readonly language: 'en' | 'zh';

  constructor(language: 'en' | 'zh' = 'en') {
    this.language = language;
  }

  // Exercises take these apart from the object (`show({ print })`), so they are bound.
  readonly print = (line: string | Words): void => {
    this.items.push({ kind: 'line', text: this.#words(line) });
  };

  readonly table = (columns: readonly (string | Words)[], rows: readonly (readonly (string | number)[])[]): void => {
    this.items.push({ kind: 'table', columns: columns.map((c) => this.#words(c)), rows });
  };

  readonly listing = (name: string | Words, text: string): void => {
    this.items.push({ kind: 'listing', name: this.#words(name), text });
  };

  readonly picture = (name: string, svg: string, alt: Words): void => {
    this.items.push({ kind: 'picture', name, svg, alt: alt[this.language] });
  };

  #words(words: string | Words): string {
    return typeof words === 'string' ? words : words[this.language];
  }
}
