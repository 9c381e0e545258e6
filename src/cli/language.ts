/**
 * The language a user reads. `--lang` decides; else the locale of the environment, in POSIX's order. It is found before
 * the arguments are parsed, because help texts and parsing errors speak it too.
 */
import type { Language } from '#base';

/** A text in both languages. */
export type Both = Readonly<Record<Language, string>>;

export const LANGUAGES: readonly Language[] = ['en', 'zh'];

/** @param argv the arguments, as given */
export function languageOf(argv: readonly string[], env: NodeJS.ProcessEnv): Language {
  const asked = optionValue(argv, '--lang');
  if (asked !== undefined) return isLanguage(asked) ? asked : 'en';
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return /^zh/i.test(locale) ? 'zh' : 'en';
}

export const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text);

/** The last value of an option in arguments that nobody has parsed yet. */
function optionValue(argv: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [i, argument] of argv.entries()) {
    if (argument === '--') break;
    if (argument === name) value = argv[i + 1] ?? '';
    else if (argument.startsWith(`${name}=`)) value = argument.slice(name.length + 1);
  }
  return value;
}

/** Whether a switch stands in arguments that nobody has parsed yet. */
export function hasSwitch(argv: readonly string[], name: string): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(name);
}
