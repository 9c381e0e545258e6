/** Values of an exercise's parameters: their defaults, and a reader's texts read as what they stand for. */
import { diagnostic } from '#base';
import { changedMachine, type Machine, resolveMachine, splitChanges } from '#machine';
import type { Arguments, Exercise, Parameter, Parameters } from './exercise.ts';

const unknownParameter = diagnostic<{ id: string; name: string; known: readonly string[] }>('SYS-COURSE-001', 'usage', {
  en: (p) =>
    `exercise ${p.id} has no parameter '${p.name}'. ${p.known.length === 0 ? 'It has none.' : `It has: ${p.known.join(', ')}.`}`,
  zh: (p) =>
    `习题 ${p.id} 没有参数“${p.name}”。${p.known.length === 0 ? '它没有参数。' : `它的参数：${p.known.join('、')}。`}`,
});

const wrongValue = diagnostic<{ id: string; name: string; found: string; supported: string }>(
  'SYS-COURSE-002',
  'usage',
  {
    en: (p) => `exercise ${p.id}, --${p.name}: found '${p.found}', expected ${p.supported}`,
    zh: (p) => `习题 ${p.id}，--${p.name}：得到“${p.found}”，应为 ${p.supported}`,
  },
);

type Value = Arguments<Parameters>[string];

/** A preset with changes (`textbook-single,dram.bandwidth=32`). */
export function machineOfName(word: string): Machine {
  const { name, changes } = splitChanges(word);
  return changedMachine(resolveMachine(name), changes);
}

/** What the parameters are where a reader gives none. */
export const defaults = (parameters: Parameters = {}): Arguments<Parameters> =>
  Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, defaultOf(p)]));

const defaultOf = (p: Parameter): Value => (p.kind === 'machine' ? machineOfName(p.default) : p.default);

/**
 * Defaults with a reader's values in their place; `machineOf` also finds machines in files.
 * @throws SYS-COURSE-001 for a name, SYS-COURSE-002 for a value
 */
export function readArguments(
  { id, parameters = {} }: Exercise,
  given: Readonly<Record<string, string>>,
  machineOf: (word: string) => Machine = machineOfName,
): Arguments<Parameters> {
  const values: Record<string, Value> = {};
  for (const [name, text] of Object.entries(given)) {
    const parameter = parameters[name];
    if (parameter === undefined) throw unknownParameter({ id, name, known: Object.keys(parameters) });
    values[name] = parameter.kind === 'machine' ? machineOf(text) : read(parameter, { id, name, found: text });
  }
  return { ...defaults(parameters), ...values };
}

function read(
  parameter: Exclude<Parameter, { kind: 'machine' }>,
  at: { readonly id: string; readonly name: string; readonly found: string },
): number | string {
  if (parameter.kind === 'choice') {
    if (parameter.among.includes(at.found)) return at.found;
    throw wrongValue({ ...at, supported: parameter.among.join(' | ') });
  }
  const value = at.found.trim() === '' ? Number.NaN : Number(at.found);
  const { least, most, kind } = parameter;
  if (value >= least && value <= most && (kind === 'real' || Number.isInteger(value))) return value;
  throw wrongValue({ ...at, supported: `${kind === 'whole' ? 'integer' : 'number'} ${least} … ${most}` });
}
