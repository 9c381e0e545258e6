/**
 * What the command says and where. Standard output takes the answer alone: text for people, or with `--json` one object.
 * Warnings, progress and errors go to standard error; with `--json` errors are the object.
 */

import type * as z from 'zod';
import type { Language, Notice } from '#base';
import type { Printable } from '#report';
import { type Answer, schemaName } from './answers.ts';
import { jsonText, lineText } from './json.ts';
import type { Both } from './language.ts';
import { Progress } from './progress.ts';

export class Console {
  readonly language: Language;
  readonly json: boolean;
  /** Stacks of our own bugs are shown. */
  readonly debug: boolean;
  readonly progress = new Progress(process.stderr);

  constructor(options: { readonly language: Language; readonly json: boolean; readonly debug: boolean }) {
    this.language = options.language;
    this.json = options.json;
    this.debug = options.debug;
  }

  text(both: Both): string {
    return both[this.language];
  }

  /** The answer, for people. With `--json` it goes to standard error, which is people's then. */
  say(text: string): void {
    this.progress.clear();
    (this.json ? process.stderr : process.stdout).write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** The answer as an object, by its schema; of an answer in lines, one of them. */
  object<S extends z.ZodObject>(answer: Answer<S>, value: Printable<z.input<S>>): void {
    this.progress.clear();
    const { form } = answer as Answer;
    const named = form === 'document' ? value : { schema: schemaName(answer as Answer), ...(value as object) };
    process.stdout.write(`${form === 'lines' ? lineText(named) : jsonText(named)}\n`);
  }

  /** Something beside the answer: a warning, a remark. */
  note(text: string): void {
    this.progress.clear();
    process.stderr.write(`${text}\n`);
  }

  notice = (notice: Notice): void => {
    this.note(`${notice.code}${this.text({ en: ': ', zh: '：' })}${notice[this.language]}`);
  };
}
