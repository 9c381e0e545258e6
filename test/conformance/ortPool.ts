/** Child processes that run conformance cases: one that dies or hangs is replaced, and the case it had says so. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CaseResult, Half, Outcome } from './ortWorker.ts';

const WORKER = fileURLToPath(new URL('./ortWorker.ts', import.meta.url));

/** Far above what any case of the suite takes. */
const TIME_LIMIT = 30_000;

type Message =
  | { readonly ready: true }
  | { readonly half: Half }
  | { readonly result: CaseResult }
  | { readonly error: string };

/**
 * Runs all cases.
 * @param directories one case each
 * @param processes how many run at a time
 * @returns results by directory; a string is an error of ours, not of ONNX Runtime
 */
export async function runCases(
  directories: readonly string[],
  processes: number,
): Promise<Map<string, CaseResult | string>> {
  const results = new Map<string, CaseResult | string>();
  const queue = directories.values();
  const lane = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    for (const directory of queue) {
      child ??= start();
      const { result, alive } = await runOne(child, directory);
      results.set(directory, result);
      if (!alive) child = undefined;
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: processes }, lane));
  return results;
}

/**
 * The suite holds opsets that are not released yet: ONNX Runtime tries them where this variable says so. The output of
 * the native library (warnings about kernels) is no part of the result.
 */
const start = (): ChildProcess =>
  fork(WORKER, {
    execArgv: ['--conditions=source'],
    env: { ...process.env, ALLOW_RELEASED_ONNX_OPSET_ONLY: '0' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });

function runOne(child: ChildProcess, directory: string): Promise<{ result: CaseResult | string; alive: boolean }> {
  return new Promise((resolve) => {
    let half: Half = 'before';
    const finish = (result: CaseResult | string, alive: boolean): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
      if (!alive) child.kill('SIGKILL');
      resolve({ result, alive });
    };
    const fail = (outcome: Outcome): void => {
      const passed: Outcome = { kind: 'pass', reason: '' };
      finish(half === 'before' ? { before: outcome } : { before: passed, after: outcome }, false);
    };
    const onMessage = (message: Message): void => {
      if ('half' in message) half = message.half;
      else if ('result' in message) finish(message.result, true);
      else if ('error' in message) finish(message.error, true);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      fail({ kind: 'crash', reason: `the process ended with ${signal ?? code}` });
    };
    const timer = setTimeout(
      () => fail({ kind: 'timeout', reason: `no answer in ${TIME_LIMIT / 1000} s` }),
      TIME_LIMIT,
    );
    child.on('message', onMessage).on('exit', onExit);
    child.send(directory);
  });
}
