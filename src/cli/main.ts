/**
 * The `systole` command's entry: finds language and form of the answer, hands the arguments to commander, and turns
 * whatever is thrown into a message and an exit code. Not the place where anything is computed.
 */
import { CommanderError } from 'commander';
import { Console } from './console.ts';
import { showError } from './errors.ts';
import { discardPending } from './files.ts';
import { buildProgram } from './index.ts';
import { interrupted } from './interrupt.ts';
import { hasSwitch, languageOf } from './language.ts';
import { version } from './manifest.ts';

const argv = process.argv.slice(2);
const console = new Console({
  language: languageOf(argv, process.env),
  json: hasSwitch(argv, '--json'),
  debug: hasSwitch(argv, '--debug'),
});

/** Ends with an error: nothing half-written stays, and what is being computed elsewhere is not waited for. */
function fail(error: unknown): void {
  discardPending();
  process.exitCode = showError(error, console);
}

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    fail(error);
    process.exit();
  });
}

// Whoever reads our output may stop reading (`| head`): that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    discardPending();
    process.exit(process.exitCode ?? 0);
  });
}

process.on('exit', () => {
  console.progress.clear();
  discardPending();
});
// The simulator gives up the thread many times a second, so these are heard; 'exit' then clears up. 128 + signal number.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    if (!interrupted()) process.exit(code);
  });
}

try {
  const program = await buildProgram(console, version, argv);
  await program.parseAsync(argv, { from: 'user' });
} catch (error) {
  // Help and version end here too, already printed; complaints are errors of ours by now.
  if (error instanceof CommanderError) process.exitCode = 0;
  else fail(error);
}
