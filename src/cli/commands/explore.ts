/** `systole explore SPACE.yaml`: thousands of machines and networks, and the front to choose from. */
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { Argument, Option } from 'commander';
import {
  type Executor,
  type Exploration,
  explore,
  localExecutor,
  type ModelBytes,
  openStore,
  type QueueAddress,
  type QueueState,
  queueExecutor,
  resultColumns,
  resultsCsv,
  resultsParquet,
  type SearchProgress,
  type Space,
  spaceIdentity,
} from '#explore';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { EXPLORE, exploreObject } from '../explore/answer.ts';
import { loadSpace } from '../explore/sources.ts';
import { explorationPicture, explorationText } from '../explore/text.ts';
import { checkWritable, makeFolder, writeFile } from '../files.ts';
import { onInterrupt } from '../interrupt.ts';
import { version } from '../manifest.ts';
import { png, withFont } from '../png.ts';
import { connectionNotes, queueOption } from '../queueOptions.ts';
import { quoted } from '../runCommand.ts';
import { textStyle } from '../style.ts';
import { whole } from '../values.ts';

interface ExploreOptions {
  readonly output?: string;
  readonly workers?: number;
  readonly queue?: QueueAddress;
  readonly resume?: true;
  readonly limit?: number;
}

/** Exit code of a search that was interrupted, as of any program that Ctrl-C ends. */
const INTERRUPTED = 130;

export function configureExplore(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole explore examples/11-four-square-millimetres.yaml',
      does: { en: 'which machine of 4 mm² for two networks', zh: '为两个网络选一台 4 mm² 的机器' },
    },
    {
      run: 'systole explore space.yaml -o results --workers 8 --limit 100',
      does: { en: 'the first hundred runs of it', zh: '只运行其中前一百次' },
    },
    {
      run: 'systole explore space.yaml --queue postgres://me@server/systole',
      does: {
        en: 'by workers on other machines (docs/queues.md)',
        zh: '由其他机器上的工作进程完成（见 docs/queues.md）',
      },
    },
    {
      run: 'systole explore space.yaml -o results --resume',
      does: { en: 'go on where it stopped', zh: '从停下的地方继续' },
    },
  ]);
  command
    .addArgument(
      new Argument('<SPACE>', t({ en: 'a space file (docs/explore.md)', zh: '空间文件（见 docs/explore.md）' })),
    )
    .option(
      '-o, --output <FOLDER>',
      t({
        en: "where results go: results.sqlite, CSV, Parquet, pictures; default the space file's name",
        zh: '结果所在文件夹：results.sqlite、CSV、Parquet 与图；默认取空间文件之名',
      }),
    )
    .addOption(
      new Option(
        '--workers <N>',
        t({ en: 'threads that evaluate designs; default one for each core', zh: '评估设计的线程数；默认每核一个' }),
      )
        .argParser(whole('--workers', 1, 256))
        .conflicts('queue'),
    )
    .addOption(
      queueOption(console, {
        en: 'submit to workers elsewhere (systole worker) through this PostgreSQL server',
        zh: '通过该 PostgreSQL 服务器交给别处的工作进程（systole worker）',
      }),
    )
    .option('--resume', t({ en: 'go on with the results that are there', zh: '在已有结果上继续' }))
    .option(
      '--limit <N>',
      t({ en: 'run at most so many networks on machines now', zh: '本次至多在机器上运行多少次网络' }),
      whole('--limit', 1, 2 ** 31),
    );
  withCommonOptions(console, command, EXPLORE);
  command.action((path: string, options: ExploreOptions) => exploreSpace(path, options, console));
}

async function exploreSpace(path: string, options: ExploreOptions, console: Console): Promise<void> {
  const t = console.text.bind(console);
  const { space, bytes } = await loadSpace(path, console);
  const folder = options.output ?? basename(path).replace(/\.ya?ml$/i, '');
  checkWritable(folder, 'folder');
  makeFolder(folder);
  const identity = await spaceIdentity(space);
  const openedStore = () =>
    openStore(join(folder, 'results.sqlite'), { version, identity, resume: options.resume === true });
  let elsewhere: QueueState | undefined;
  const executor = await executorOf(options, space, bytes, console, (state) => {
    elsewhere = state;
  });
  const store = await openedStore().catch(async (error) => {
    await executor.close();
    throw error;
  });
  const abort = new AbortController();
  const release = onInterrupt(() => abort.abort());
  console.progress.begin(t({ en: 'starting workers', zh: '启动工作线程' }));
  const began = performance.now();
  let exploration: Exploration;
  try {
    exploration = await explore(space, {
      ...{ executor, store, version, signal: abort.signal },
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      onProgress: (p) =>
        console.progress.update(() => progressText(console, p, (performance.now() - began) / 1000, elsewhere)),
    });
  } finally {
    release();
    await executor.close();
    store.close();
  }
  console.progress.clear();
  const files = await writeResults(folder, space, exploration, console);
  if (console.json) console.object(EXPLORE, exploreObject(path, space, exploration, files) as never);
  else {
    console.say(explorationText(space, exploration, textStyle(console)));
    console.say(`${t({ en: 'Written: ', zh: '已写出：' })}${files.join(' ')}`);
  }
  if (exploration.end === 'complete') return;
  const words = [
    'systole',
    'explore',
    path,
    ...(options.output === undefined ? [] : ['-o', options.output]),
    '--resume',
    // Its address may hold a password.
    ...(options.queue === undefined ? [] : ['--queue', 'URL']),
  ];
  const why =
    exploration.end === 'limit'
      ? t({ en: `--limit ${options.limit} is reached`, zh: `已达到 --limit ${options.limit}` })
      : t({ en: 'interrupted', zh: '已中断' });
  console.note(
    `${why}${t({ en: '; all results so far are kept. Go on with: ', zh: '；已有结果均已保存。继续：' })}${words.map(quoted).join(' ')}`,
  );
  if (exploration.end === 'interrupted') process.exitCode = INTERRUPTED;
}

/** Threads of this process, or workers that meet it at a server: then that is connected to before anything is written. */
async function executorOf(
  options: ExploreOptions,
  { timeout }: Space,
  models: ModelBytes,
  console: Console,
  onState: (state: QueueState) => void,
): Promise<Executor> {
  const { queue: address, workers = availableParallelism() } = options;
  if (address === undefined) return localExecutor({ workers, timeout, models });
  const told = { onState, onNotice: console.notice, ...connectionNotes(console, address) };
  return queueExecutor({ address, version, timeout, models, ...told });
}

function progressText(
  console: Console,
  { done, total, failed, ran }: SearchProgress,
  seconds: number,
  elsewhere: QueueState | undefined,
): string {
  const rate = ran / seconds;
  const left = done === 0 ? undefined : (seconds / done) * (total - done);
  const parts = [
    console.text({ en: `${done}/${total} designs`, zh: `设计 ${done}/${total}` }),
    ...(ran === 0 ? [] : [console.text({ en: `${rate.toFixed(1)} runs/s`, zh: `每秒 ${rate.toFixed(1)} 次运行` })]),
    ...(left === undefined
      ? []
      : [console.text({ en: `${durationText(left)} left`, zh: `剩余 ${durationText(left)}` })]),
    ...(elsewhere === undefined
      ? []
      : [console.text({ en: `${elsewhere.workers} workers`, zh: `${elsewhere.workers} 个工作进程` })]),
    ...(failed === 0 ? [] : [console.text({ en: `${failed} failed`, zh: `${failed} 个失败` })]),
  ];
  return parts.join(console.text({ en: ', ', zh: '，' }));
}

/** `45 s`, `3:20 min`, `2:05 h`. */
function durationText(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const [big, small] = s < 3600 ? [Math.floor(s / 60), s % 60] : [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  return `${big}:${String(small).padStart(2, '0')} ${s < 3600 ? 'min' : 'h'}`;
}

async function writeResults(
  folder: string,
  space: Space,
  exploration: Exploration,
  console: Console,
): Promise<readonly string[]> {
  const columns = resultColumns(space, exploration);
  const written: string[] = [];
  const write = (name: string, content: Uint8Array | string): void => {
    const path = join(folder, name);
    writeFile(path, [content]);
    written.push(path);
  };
  write('results.csv', resultsCsv(columns));
  write('results.parquet', resultsParquet(columns));
  write('front.csv', resultsCsv(columns, exploration.front));
  const picture = await explorationPicture(space, exploration, console.language);
  if (picture !== undefined) {
    write('front.svg', withFont(picture));
    write('front.png', await png(picture));
  }
  return written;
}
