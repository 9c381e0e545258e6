/** Runs the real command as a user would, for the tests of the command line. */
import { execFile } from 'node:child_process';
import { ROOT } from '../house/sources.ts';

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @param folder the working directory
 * @param input what stands in standard input, which is open without it
 */
export function systole(args: readonly string[], folder: string, input?: string): Promise<Answer> {
  const command = ['--conditions=source', `${ROOT}bin/systole.mjs`, ...args];
  // The cache of whoever runs the tests stays as it is.
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', NO_COLOR: '1', XDG_CACHE_HOME: `${ROOT}.cache/xdg` };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      command,
      { cwd: folder, env, maxBuffer: 2 ** 26 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    if (input !== undefined) child.stdin?.end(input);
  });
}
