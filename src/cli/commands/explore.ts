/** `systole explore SPACE.yaml`: thousands of machines and networks, and the front to choose from. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { Argument, Option } from 'commander';
import { diagnostic, EXIT_CODES } from '#base';
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
  whyEmpty,
} from '#explore';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { EXPLORE, exploreObject } from '../explore/answer.ts';
import { loadSpace } from '../explore/sources.ts';
import { explorationPicture, explorationText } from '../explore/text.ts';
import { checkWritable, makeFolder, writeFile } from '../files.ts';
import { onInterrupt } from '../interrupt.ts';
import { buildVersion } from '../manifest.ts';
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

const STORE = 'results.sqlite';
/** What a search writes beside its store. */
const TABLES_AND_PICTURES = ['results.csv', 'results.parquet', 'front.csv', 'front.svg', 'front.png'];

const foreign = diagnostic<{ names: string; folder: string }>('SYS-CLI-015', 'usage', {
  en: (p) =>
    `${p.names} would be overwritten, and no ${STORE} beside it says that a search of Systole wrote it. Name another folder by -o, or move what is in '${p.folder}' away.`,
  zh: (p) =>
    `${p.names} 会被覆盖，而其旁没有 ${STORE} 表明它由 Systole 的搜索写出。请用 -o 指定其他文件夹，或移走“${p.folder}”中的内容。`,
});

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
  const isNew = !existsSync(join(folder, STORE));
  const strange = isNew ? TABLES_AND_PICTURES.filter((name) => existsSync(join(folder, name))) : [];
  if (strange.length > 0) throw foreign({ names: strange.join(', '), folder });
  const identity = await spaceIdentity(space);
  const version = buildVersion();
  const openedStore = () => openStore(join(folder, STORE), { version, identity, resume: options.resume === true });
  let elsewhere: QueueState | undefined;
  const executor = await executorOf(options, space, bytes, console, (state) => {
    elsewhere = state;
  });
  const store = await openedStore().catch(async (error) => {
    await executor.close();
    throw error;
  });
  if (options.resume === true && store.size === 0)
    console.note(
      t({
        en: `--resume: no results are in '${folder}' yet; the search begins`,
        zh: `--resume：“${folder}”中尚无结果；搜索从头开始`,
      }),
    );
  const abort = new AbortController();
  const release = onInterrupt(() => abort.abort());
  console.progress.begin(t({ en: 'starting workers', zh: '启动工作线程' }));
  // Time goes by jobs: what is read from the store before the first of them says nothing of the rest.
  let began = performance.now();
  let latest: SearchProgress | undefined;
  const show = (): void => {
    const p = latest;
    if (p === undefined) return;
    const seconds = (performance.now() - began) / 1000;
    console.progress.updateOrLog(() => progressText(console, p, { seconds, elsewhere, limit: options.limit }));
  };
  const ticking = setInterval(show, 1000);
  let exploration: Exploration;
  try {
    exploration = await explore(space, {
      ...{ executor, store, version, signal: abort.signal },
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      onProgress: (p) => {
        latest = p;
        if (p.given === 0) began = performance.now();
        show();
      },
    });
  } finally {
    clearInterval(ticking);
    release();
    await executor.close();
    store.close();
  }
  console.progress.clear();
  // Before anything is written: a search of hours is not to end in an error alone.
  if (!console.json) console.say(explorationText(space, exploration, textStyle(console)));
  const files = await writeResults(folder, space, exploration, console);
  if (console.json) console.object(EXPLORE, exploreObject(path, space, exploration, files) as never);
  else console.say(`${t({ en: 'Written: ', zh: '已写出：' })}${files.join(' ')}`);
  if (exploration.end === 'complete') {
    const empty = whyEmpty(space, exploration);
    if (empty === undefined) return;
    // With --json the answer is there; a second object would be none's.
    if (!console.json) throw empty;
    console.notice({ code: empty.code, en: empty.text('en'), zh: empty.text('zh') });
    process.exitCode = EXIT_CODES[empty.kind];
    return;
  }
  const words = [
    'systole',
    'explore',
    path,
    ...(options.output === undefined ? [] : ['-o', options.output]),
    '--resume',
    ...(options.workers === undefined ? [] : ['--workers', String(options.workers)]),
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
  return queueExecutor({ address, version: buildVersion(), timeout, models, ...told });
}

interface ProgressAround {
  /** Since the first job was given. */
  readonly seconds: number;
  readonly elsewhere: QueueState | undefined;
  readonly limit: number | undefined;
}

function progressText(
  console: Console,
  { done, total, failed, excluded, ran, left: toRun }: SearchProgress,
  { seconds, elsewhere, limit }: ProgressAround,
): string {
  const rate = ran / seconds;
  const left = ran === 0 ? undefined : toRun / rate;
  const parts = [
    console.text({ en: `${done}/${total} designs`, zh: `设计 ${done}/${total}` }),
    ...(excluded === 0 ? [] : [console.text({ en: `${excluded} excluded`, zh: `${excluded} 个被排除` })]),
    ...(limit === undefined
      ? []
      : [console.text({ en: `${ran}/${limit} runs of --limit`, zh: `--limit 运行 ${ran}/${limit}` })]),
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
    try {
      writeFile(path, [content]);
    } catch (error) {
      const rest = {
        en: `outcomes are kept in ${join(folder, STORE)}; --resume writes the rest without running anything again`,
        zh: `各次结果保存在 ${join(folder, STORE)} 中；--resume 不重新运行即可写出其余文件`,
      };
      const before =
        written.length === 0 ? { en: 'no file', zh: '无' } : { en: written.join(' '), zh: written.join(' ') };
      console.note(
        console.text({
          en: `Written before ${path}: ${before.en}; ${rest.en}`,
          zh: `在 ${path} 之前已写出：${before.zh}；${rest.zh}`,
        }),
      );
      throw error;
    }
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
