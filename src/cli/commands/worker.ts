/** `systole worker`: evaluates points of searches that are submitted elsewhere, until it is told to end. */
import { availableParallelism } from 'node:os';
import pc from 'picocolors';
import * as z from 'zod';
import { type QueueAddress, serveQueue } from '#explore';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { onInterrupt } from '../interrupt.ts';
import { buildVersion } from '../manifest.ts';
import { connectionNotes, queueOption } from '../queueOptions.ts';
import { whole } from '../values.ts';

export const WORKER = answer(
  'worker',
  'what a worker did until it was told to end',
  z.strictObject({
    version: z.string(),
    server: z.string().describe('host, port and database'),
    evaluated: z.number().describe('points with metrics'),
    failures: z.number().describe('points with an error of their own'),
    crashes: z.number().describe('attempts that ended their process'),
    returned: z.number().describe('jobs that went back to the queue unbegun'),
  }),
);

const MOST = 256;

interface WorkerOptions {
  readonly queue: QueueAddress;
  readonly concurrency?: number;
}

export function configureWorker(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole worker --queue postgres://me@server/systole',
      does: { en: 'with the password in PGPASSWORD or ~/.pgpass', zh: '密码在 PGPASSWORD 或 ~/.pgpass 中' },
    },
    {
      run: 'systole worker --queue postgres://me@server/systole --concurrency 4',
      does: { en: 'four points at once', zh: '同时评估四个点' },
    },
  ]);
  const does = { en: 'the PostgreSQL server with the jobs', zh: '保存作业的 PostgreSQL 服务器' };
  command.addOption(queueOption(console, does).makeOptionMandatory());
  command.option(
    '--concurrency <N>',
    t({
      en: 'points at once, each in a process of its own; default: one for each core',
      zh: '同时评估的点数，每点一个进程；默认每核一个',
    }),
    whole('--concurrency', 1, MOST),
  );
  withCommonOptions(console, command, WORKER);
  command.action(({ queue, concurrency = availableParallelism() }: WorkerOptions) => work(queue, concurrency, console));
}

async function work(address: QueueAddress, concurrency: number, console: Console): Promise<void> {
  const t = console.text.bind(console);
  const stop = new AbortController();
  const release = onInterrupt(() => {
    stop.abort();
    console.note(
      t({
        en: 'finishing what was begun, the rest goes back; once more ends at once',
        zh: '完成已开始的点，其余退回队列；再按一次立即结束',
      }),
    );
  });
  const version = buildVersion();
  const began = performance.now();
  let [done, failed] = [0, 0];
  const show = (): void =>
    console.progress.updateOrLog(() => {
      const rate = ((1000 * done) / (performance.now() - began)).toFixed(1);
      return t({
        en: `${done} points, ${failed} of them failed, ${rate} a second`,
        zh: `${done} 个点，其中 ${failed} 个失败，每秒 ${rate} 个`,
      });
    });
  const ticking = setInterval(show, 1000);
  const served = await serveQueue({
    address,
    version,
    concurrency,
    signal: stop.signal,
    onReady: () =>
      console.note(
        t({
          en: `Systole ${version} takes jobs from ${address.shown}, ${concurrency} at once; Ctrl-C ends`,
          zh: `Systole ${version} 从 ${address.shown} 领取作业，同时 ${concurrency} 个；Ctrl-C 结束`,
        }),
      ),
    onOutcome: (outcome) => {
      done++;
      if (!outcome.ok) failed++;
      show();
    },
    onCrash: (key, reason) =>
      console.note(
        pc.yellow(
          t({
            en: `point ${key.slice(0, 12)}: ${reason}; the job goes back to the queue`,
            zh: `点 ${key.slice(0, 12)}：${reason}；作业退回队列`,
          }),
        ),
      ),
    onNotice: console.notice,
    ...connectionNotes(console, address),
  }).finally(() => clearInterval(ticking));
  release();
  if (console.json) return console.object(WORKER, { version, server: address.shown, ...served });
  const { evaluated, failures, crashes, returned } = served;
  console.say(
    t({
      en: `${evaluated} points evaluated, ${failures} failed, ${crashes} processes lost, ${returned} jobs given back`,
      zh: `已评估 ${evaluated} 个点，${failures} 个失败，损失 ${crashes} 个进程，退回 ${returned} 个作业`,
    }),
  );
}
