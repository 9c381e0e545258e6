/**
 * What is said to students: programs of `answers/`, whose names begin with the exercise, and numbers, each judged as `systole course check ID --answer`
 * does, in both languages. `npx vitest -u` writes the verdicts anew.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { defaults, type Exercise, type Submission } from 'systole/course';
import { expect, test } from 'vitest';
import { exercises } from '../index.ts';

const FOLDER = `${import.meta.dirname}/answers`;

const NUMBERS: readonly (readonly [id: string, values: Readonly<Record<string, number>>])[] = [
  // A bias for each result; Y not counted; the two bounds added.
  ['7.8', { macs: 1048576 + 4096, bytes: 163840, compute: 4096, bandwidth: 2560, bound: 6912, serial: 6912 }],
  ['7.8', { macs: 1048576, bytes: 180224, compute: 4096, bandwidth: 2816, bound: 4096, serial: 6912 }],
  ['7.11', { macs: 2 * 1048576, bytes: 4 * 180224, compute: 4096, bound: 1408, serail: 2432 }],
];

async function verdictOf(id: string, submission: Submission): Promise<string> {
  const { exercise } = await exercises.find((e) => e.id === id)!.load();
  const { judge, parameters } = exercise as Exercise;
  const { verdict, findings, figures } = await judge!(submission, defaults(parameters));
  const numbers = Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toPrecision(6))}`);
  const lines = findings.map(({ kind, line, column, code, words }) => {
    const at = line === undefined ? '' : ` ${line}${column === undefined ? '' : `:${column}`}`;
    return `  ${kind}${at}${code === undefined ? '' : ` ${code}`}\n    ${words.en}\n    ${words.zh}\n`;
  });
  // What the compiler takes may get better.
  return `${verdict}\n  ${numbers.join(', ')}\n${lines.join('')}`.replace(
    /(compiled|compile' needs|compile' 为) \d+/g,
    '$1 …',
  );
}

test('verdicts', async () => {
  const texts: string[] = ['# npx vitest run --project quick course/chapter7/answers.test.ts -u\n'];
  for (const name of readdirSync(FOLDER)
    .filter((n) => n.endsWith('.s'))
    .sort()) {
    const text = readFileSync(`${FOLDER}/${name}`, 'utf8');
    texts.push(`${name}: ${await verdictOf(name.split('-')[0]!, { kind: 'program', file: name, text })}`);
  }
  for (const [id, values] of NUMBERS) {
    const said = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    texts.push(`${id} ${said.join(' ')}: ${await verdictOf(id, { kind: 'numbers', values })}`);
  }
  await expect(texts.join('\n')).toMatchFileSnapshot(`${FOLDER}/verdicts.txt`);
});
