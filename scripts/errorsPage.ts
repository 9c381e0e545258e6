/**
 * The reference page of the errors: every declared diagnostic with its texts in both languages. A text is a function of its
 * parameters; here each parameter is a placeholder that writes itself as ‹name›, whatever the text does with it.
 */
import { type Diagnostic, type ErrorKind, EXIT_CODES } from '#base';

const INTRODUCTION = `# Errors

What \`systole\` says when it cannot go on. A code is stable: never reused, never renumbered. ‹…› stands for what was found
in your files; where a text has variants, one of them is shown. With \`--json\` an error is \`{ "error": { "code", "message", … } }\`.

| kind | meaning | exit code |
| --- | --- | --- |
`;

const MEANINGS: Readonly<Record<ErrorKind, string>> = {
  check: 'the numbers differ from the host by more than the tolerance',
  usage: 'wrong options or arguments',
  invalid: 'an input file or value is not valid',
  unsupported: 'valid, but not supported, or does not fit the machine',
  internal: 'a bug of Systole: please report it',
};

export function errorsPage(diagnostics: readonly Diagnostic<never>[]): string {
  const kinds = (Object.keys(MEANINGS) as ErrorKind[]).map((k) => `| ${k} | ${MEANINGS[k]} | ${EXIT_CODES[k]} |\n`);
  const sorted = [...diagnostics].sort((a, b) => (a.code < b.code ? -1 : 1));
  return INTRODUCTION + kinds.join('') + sorted.map(section).join('');
}

function section(make: Diagnostic<never>): string {
  const error = make(parameters() as never);
  // A text that is looked up in a table by a parameter is none here.
  const en = written(error.text('en')) ?? 'one of several texts';
  const zh = written(error.text('zh')) ?? '数种文本之一';
  return `\n## ${make.code}\n\n*${make.kind}*\n\n- ${en}\n- ${zh}\n`;
}

/** What a placeholder is where a text calculates with it, so that the result can be told: near it stays near it. */
const NUMBER = 8_500_000_000_000_000;

/** The text in one line; what was calculated or looked up (and not found) in it becomes a placeholder too. */
const written = (text: string | undefined): string | undefined =>
  text
    ?.replace(/\s*\n\s*/g, ' ')
    .replace(/\b8[45]\d{14}\b/g, '‹number›')
    .replace(/\bundefined\b/g, '‹…›')
    .trim();

/** An object that has every parameter. */
const parameters = (): object =>
  new Proxy({}, { get: (_, key) => (typeof key === 'string' ? placeholder(key) : undefined) });

/** Stands for a parameter: a string, a number, a list of one, an object with any field, a function of anything. */
function placeholder(name: string): object {
  const text = `‹${name}›`;
  const self: object = new Proxy(() => self, {
    get(_, key) {
      if (key === Symbol.toPrimitive) return (hint: string) => (hint === 'number' ? NUMBER : text);
      if (key === 'toString') return () => text;
      if (key === Symbol.iterator) return () => [self][Symbol.iterator]();
      if (key === 'map' || key === 'flatMap') return (f: (item: object) => unknown) => [f(self)];
      if (key === 'length') return 2;
      // A pair of texts in both languages, a field, a method: all go by the parameter's name.
      return self;
    },
  });
  return self;
}
