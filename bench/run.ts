/**
 * `npm run bench NAME [ARGUMENTS]` runs bench/NAME.ts; without a name it lists what there is.
 * A benchmark is a module with a default export that takes the remaining arguments and prints what it measured; the
 * first line of its opening comment is what the list shows.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { nearestName } from '#base';

const folder = new URL('./', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

/** First line of text in the file's opening comment. */
const summary = (name: string): string =>
  /^\/\*\*\s*(?:\n \* )?([^\n]*?)(?:\s*\*\/)?\n/.exec(readFileSync(new URL(`${name}.ts`, folder), 'utf8'))?.[1] ?? '';

const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  console.log(names.length === 0 ? 'no benchmarks yet: add bench/NAME.ts' : 'npm run bench NAME, with NAME one of:');
  const width = Math.max(0, ...names.map((n) => n.length));
  for (const n of names) console.log(`  ${n.padEnd(width)}  ${summary(n)}`);
} else if (names.includes(name)) {
  const benchmark = (await import(new URL(`${name}.ts`, folder).href)) as {
    readonly default: (args: readonly string[]) => void | Promise<void>;
  };
  await benchmark.default(rest);
} else {
  const near = nearestName(name, names);
  console.error(
    `no benchmark '${name}'${near === undefined ? '' : `; did you mean '${near}'?`} There are: ${names.join(', ')}`,
  );
  process.exitCode = 2;
}
