/** docs/json.md and docs/schemas/: what commands print with `--json`, made of the answers that they declare. */
import { toJSONSchema, type ZodObject, type ZodType } from 'zod';
import { type Answer, declaredAnswers, printedSchema, schemaName } from '../src/cli/answers.ts';
import { type CliCommand, everyCommand } from '../src/cli/command.ts';
import { Console } from '../src/cli/console.ts';
import { buildProgram, commandNames } from '../src/cli/index.ts';

/** Every command by its words (`machine list`), those that only have parts left out. */
export async function commandsByName(): Promise<ReadonlyMap<string, CliCommand>> {
  const console = new Console({ language: 'en', json: true, debug: false });
  const program = await buildProgram(console, '0.0.0', commandNames());
  return everyCommand(program);
}

export async function jsonPages(): Promise<readonly (readonly [path: string, text: string])[]> {
  const commands = await commandsByName();
  const answers = [...declaredAnswers().values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const printedBy = (a: Answer): string[] =>
    [...commands].flatMap(([name, command]) => (command.answers.includes(a) ? [`\`systole ${name}\``] : []));
  return [
    ['docs/json.md', page(answers, printedBy)],
    ...answers
      .filter((a) => a.form !== 'document')
      .map((a) => [`docs/schemas/${a.name}.json`, `${JSON.stringify(schemaOf(a), null, 2)}\n`] as const),
  ];
}

function schemaOf(a: Answer): object {
  const { $schema, ...schema } = toJSONSchema(printedSchema(a), { io: 'input' });
  return { $schema, $id: schemaName(a), title: a.name, description: a.does, ...schema };
}

const FORMS: Readonly<Record<Answer['form'], string>> = {
  object: 'one object',
  lines: 'an object a line',
  document: 'a document',
};

function page(answers: readonly Answer[], printedBy: (a: Answer) => readonly string[]): string {
  const link = (a: Answer): string => `[${a.name}](#${a.name})`;
  return `# What \`--json\` prints

Every command takes \`--json\` and then prints its answer, and nothing else, on standard output. The answer begins with the field \`schema\`, which names its
form and the version of that: \`"schema": "systole/summary/1"\`. The version rises when a field goes or changes its meaning; fields may be added under the same, so
readers should pass over what they do not know. The schemas in [schemas/](schemas/) (JSON Schema, draft 2020-12) are strict: they list all that is printed
today, and the tests hold every command against them. Numbers that JSON lacks are the strings \`NaN\`, \`Infinity\` and \`-Infinity\`; integers of 64 bits are
strings, too. A command that fails prints [error](#error) instead. Made by \`npm run docs\`.

| answer | printed by | form |
|---|---|---|
${answers.map((a) => `| ${link(a)} | ${printedBy(a).join(', ') || 'any command'} | ${FORMS[a.form]} |`).join('\n')}

Other formats that programs read: \`summary --format csv\` (a line for each layer, [counting.md](counting.md)), the reports of \`scalesim\`
([scalesim.md](scalesim.md)), traces (\`--trace FILE.json\`, \`.pftrace\`), \`.dlp\` and ONNX files.

${answers.map((a) => section(a, printedBy(a))).join('\n')}`;
}

function section(a: Answer, by: readonly string[]): string {
  const rows = Object.entries(a.schema.shape).map(([name, schema]) => {
    const field = schema as ZodType;
    return `| \`${name}\` | ${typeText(field)} | ${(field.description ?? '').replaceAll('|', '\\|')} |`;
  });
  const form =
    a.form === 'document'
      ? 'Printed as it is, without the field `schema`.'
      : `\`${schemaName(a)}\`, [schemas/${a.name}.json](schemas/${a.name}.json).`;
  const who = by.length === 0 ? '' : ` By ${by.join(', ')}.`;
  const table = a.form === 'document' ? [] : ['', '| field | type | holds |', '|---|---|---|', ...rows];
  return [`## ${a.name}`, '', `${a.does[0]!.toUpperCase()}${a.does.slice(1)}.${who} ${form}`, ...table, ''].join('\n');
}

interface JsonType {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: JsonType;
  readonly anyOf?: readonly JsonType[];
  readonly oneOf?: readonly JsonType[];
}

/** A type in a few words: `integer`, `list of objects`, `string or null`. */
function typeText(schema: ZodType): string {
  const optional = (schema as ZodObject).safeParse(undefined).success;
  return `${wordsOf(toJSONSchema(schema, { io: 'input' }) as JsonType)}${optional ? ', may be absent' : ''}`;
}

function wordsOf({ type, const: only, enum: some, items, anyOf, oneOf }: JsonType): string {
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (some !== undefined) {
    const known = some.slice(0, 6).map((v) => `\`${String(v)}\``);
    return `${known.join(', ')}${some.length > 6 ? ', …' : ''}`;
  }
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) {
    if (choices.some((c) => c.enum?.includes('NaN'))) return 'number';
    return [...new Set(choices.map(wordsOf))].join(' or ');
  }
  if (type === 'array') return items === undefined ? 'list' : `list of ${plural(wordsOf(items))}`;
  return type ?? 'any value';
}

const plural = (word: string): string =>
  /^(list of|string or|number or|integer or)/.test(word) || word.includes('`') || word === 'any value'
    ? `(${word})`
    : `${word}s`;
