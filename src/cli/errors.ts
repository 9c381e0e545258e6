/**
 * From whatever was thrown to what the user sees and the exit code. Expected failures are SystoleErrors; anything else is
 * a bug of ours and says so, without its stack unless `--debug` asks for it. User and password of an address that somebody mistyped or put
 * in the wrong place are not repeated.
 */
import pc from 'picocolors';
import type * as z from 'zod';
import { allErrors, codeFrame, diagnostic, EXIT_CODES, placeText, SystoleError, withoutCredentials } from '#base';
import type { Printable } from '#report';
import { failure } from './answers.ts';
import type { Console } from './console.ts';

const bug = diagnostic<{ what: string }>('SYS-CLI-001', 'internal', {
  en: (p) =>
    `something in Systole broke: ${p.what}. This is a bug of ours. Please report it at the project's issue tracker, with ` +
    'the command that led here and what --debug adds to this message.',
  zh: (p) =>
    `Systole 内部出错：${p.what}。这是我们的缺陷。请在项目的问题跟踪处报告，附上所用命令以及加 --debug 后的输出。`,
});

const outOfMemory = diagnostic<object>('SYS-CLI-002', 'unsupported', {
  en: () => 'there is not enough memory for the data. Use a smaller --batch; --timing-only holds none of it.',
  zh: () => '内存容不下这些数据。请减小 --batch；--timing-only 不保存数据。',
});

export function asSystoleError(thrown: unknown): SystoleError {
  if (thrown instanceof SystoleError) return thrown;
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const isMemory = thrown instanceof RangeError && /allocation|Invalid (typed )?array length|memory/i.test(what);
  return isMemory ? outOfMemory({}) : bug({ what: firstLine(what) });
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!;

/** Shows an error and returns the exit code. */
export function showError(thrown: unknown, console: Console): number {
  const error = asSystoleError(thrown);
  if (console.json) {
    const object = JSON.stringify(errorObject(error, console));
    console.object(failure, { error: JSON.parse(withoutCredentials(object)) });
  } else {
    const texts = allErrors(error).map((e) => errorText(e, console));
    console.note(withoutCredentials(texts.join('\n\n')));
  }
  if (console.debug && thrown instanceof Error) console.note(withoutCredentials(thrown.stack ?? ''));
  return EXIT_CODES[error.kind];
}

/** An error as people read it, with the lines that it points at. */
export function errorText(error: SystoleError, console: Console): string {
  const text = error.text(console.language);
  const { node, ...place } = error.place;
  // Most messages name the node themselves, with its operator.
  const where = placeText(node === undefined || text.includes(node) ? place : error.place, console.language);
  const head = `${pc.bold(pc.red(error.code))}${console.text({ en: ': ', zh: '：' })}${where === '' ? '' : `${where}${console.text({ en: ': ', zh: '：' })}`}${text}`;
  const frame = codeFrame(error.place);
  return frame === '' ? head : `${head}\n\n${frame}`;
}

/** An error as `--json` has it. */
export function errorObject(error: SystoleError, console: Console): Printable<z.input<typeof failure.schema>>['error'] {
  const { source, length, ...place } = error.place;
  return {
    code: error.code,
    kind: error.kind,
    message: error.text(console.language),
    ...place,
    params: error.params as Readonly<Record<string, unknown>>,
    ...(error.others.length === 0 ? {} : { others: error.others.map((e) => errorObject(e, console)) }),
  };
}
