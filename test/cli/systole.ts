/** Runs the real command as a user would, for the tests of the command line. */
import { type ChildProcess, execFile } from 'node:child_process';
import { ROOT } from '../house/sources.ts';

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has said on either output so far. */
  said(): string;
  readonly ended: Promise<Answer>;
}

/**
 * @param folder the working directory
 * @param input what stands in standard input, which is open without it
 */
export function startSystole(args: readonly string[], folder: string, input?: string): Running {
  const command = ['--conditions=source', `${ROOT}bin/systole.mjs`, ...args];
  // The cache of whoever runs the tests stays as it is.
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', NO_COLOR: '1', XDG_CACHE_HOME: `${ROOT}.cache/xdg` };
  let said = '';
  let child!: ChildProcess;
  const ended = new Promise<Answer>((resolve) => {
    child = execFile(process.execPath, command, { cwd: folder, env, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (said += String(data)));
  });
  if (input !== undefined) child.stdin?.end(input);
  return { child, said: () => said, ended };
}

/** Runs a command to its end. */
export const systole = (args: readonly string[], folder: string, input?: string): Promise<Answer> =>
  startSystole(args, folder, input).ended;
