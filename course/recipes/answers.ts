/**
 * What the recipes of CONTRIBUTING.md have in common: a file of a checkout is loaded as a module, which runs it, as a test would; what it exports is held
 * point by point against what the recipe asks for.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Finding, type Judged, type Output, refusedKind, type Submission, type Words } from 'systole/course';

const CONDITION = '--conditions=source';

/** One point of a recipe: what it asks for, and what is wrong; undefined where it holds. */
export interface Point {
  readonly asked: Words;
  readonly wrong: Words | undefined;
  /** What cannot be held against yet is open, not wrong. */
  readonly open?: true;
}

export const point = (en: string, zh: string, wrong: Words | string | undefined): Point => ({
  asked: { en, zh },
  wrong: typeof wrong === 'string' ? { en: wrong, zh: wrong } : wrong,
});

/** The same for something that may throw, which is then what is wrong. */
export async function tried(
  en: string,
  zh: string,
  run: () => Promise<Words | string | undefined> | Words | string | undefined,
): Promise<Point> {
  try {
    return point(en, zh, await run());
  } catch (error) {
    return point(en, zh, error instanceof Error ? error.message : String(error));
  }
}

export const holds = (points: readonly Point[]): boolean => points.every((p) => p.wrong === undefined);

/** The points in a table. */
export function showPoints(out: Output, points: readonly Point[]): void {
  const [yes, no, open] = out.language === 'en' ? ['holds', 'wrong', 'open'] : ['符合', '错误', '待定'];
  out.table(
    [
      { en: 'the recipe asks for', zh: '步骤的要求' },
      { en: 'found', zh: '结果' },
      { en: 'what is wrong', zh: '错误之处' },
    ],
    points.map((p) => [
      p.asked[out.language],
      p.wrong === undefined ? yes! : p.open ? open! : no!,
      p.wrong?.[out.language] ?? '',
    ]),
  );
}

/** What a recipe judges: what a module is to export, and the points that hold for it. */
export interface Recipe<T> {
  readonly kind: Words;
  readonly isOne: (value: unknown) => value is T;
  readonly pointsOf: (value: T) => Promise<readonly Point[]>;
}

const refused = (en: string, zh: string): Judged => ({
  verdict: 'refused',
  findings: [{ kind: 'no-module', words: { en, zh } }],
  figures: {},
});

/** Seconds that a module may take with all its points; they take a few. */
const MOST_SECONDS = 60;

/**
 * Judges what a file exports that is of the kind asked for. The file runs in a thread of its own: it may loop, wait for what never comes or
 * end its process, and that is an answer, too.
 * @param recipe URL of the module that exports the recipe as `judgedBy`
 */
export async function judgeModule(
  submission: Submission,
  recipe: string,
  { kind }: Pick<Recipe<unknown>, 'kind'>,
  seconds = MOST_SECONDS,
): Promise<Judged> {
  if (submission.kind !== 'program') return refusedKind('module');
  const path = resolve(submission.file);
  if (!/\.m?[jt]s$/.test(path) || !existsSync(path)) {
    return refused(
      `This recipe asks for a file of a checkout, .ts or .js, that exports ${kind.en}; '${submission.file}' is none.`,
      `本步骤要求提交检出目录中的一个文件（.ts 或 .js），其中导出${kind.zh}；'${submission.file}' 不是。`,
    );
  }
  const isSource = import.meta.url.endsWith('.ts');
  const script = new URL(isSource ? './judgeWorker.ts' : './judgeWorker.js', import.meta.url);
  const conditions = isSource && !process.execArgv.includes(CONDITION) ? [CONDITION] : [];
  const worker = new Worker(script, {
    execArgv: [...process.execArgv, ...conditions],
    ...{ workerData: { recipe, path }, stdin: false, stdout: true },
  });
  // What it prints is no part of what is said of it.
  worker.stdout.pipe(process.stderr, { end: false });
  const judged = await new Promise<Judged>((answer) => {
    const timer = setTimeout(() => {
      answer(
        refused(
          `The file took longer than ${seconds} s and was ended: does it loop without an end?`,
          `该文件用时超过 ${seconds} 秒而被终止：是否有死循环？`,
        ),
      );
    }, 1000 * seconds);
    worker.once('message', answer);
    worker.once('error', (error) => {
      const why = error instanceof Error ? error.message : String(error);
      answer(refused(`The file cannot be judged: ${why}`, `无法评判该文件：${why}`));
    });
    worker.once('exit', (code) => {
      answer(
        refused(
          `The file ended before it was judged (exit code ${code}): it ends its process, or waits for what never comes.`,
          `该文件在评判完成之前就结束了（退出码 ${code}）：它结束了自己的进程，或在等待永远不会发生的事。`,
        ),
      );
    });
    worker.once('exit', () => clearTimeout(timer));
  });
  await worker.terminate();
  worker.stdout.unpipe();
  return judged;
}

/** The same in the thread. */
export async function judgeLoaded<T>(path: string, { kind, isOne, pointsOf }: Recipe<T>): Promise<Judged> {
  let exported: readonly unknown[];
  try {
    exported = Object.values((await import(pathToFileURL(path).href)) as Record<string, unknown>);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refused(`The file cannot be loaded: ${why}`, `无法加载该文件：${why}`);
  }
  const found = exported.flat().filter(isOne);
  if (found.length === 0) return refused(`The file exports nothing that is ${kind.en}.`, `该文件没有导出${kind.zh}。`);
  const points = (await Promise.all(found.map(pointsOf))).flat();
  const finding = (p: Point): Finding[] =>
    p.wrong === undefined
      ? []
      : [
          {
            kind: p.open ? 'open' : 'not-as-asked',
            words: { en: `${p.asked.en}: ${p.wrong.en}`, zh: `${p.asked.zh}：${p.wrong.zh}` },
          },
        ];
  const findings = points.flatMap(finding);
  const wrong = points.some((p) => p.wrong !== undefined && p.open !== true);
  const verdict = wrong ? 'wrong' : findings.length > 0 ? 'incomplete' : 'right';
  const held = points.filter((p) => p.wrong === undefined).length;
  const correct: Finding = {
    kind: 'correct',
    words: { en: `All ${held} points of the recipe hold.`, zh: `步骤的 ${held} 项要求全部符合。` },
  };
  return { verdict, findings: findings.length > 0 ? findings : [correct], figures: { points: points.length, held } };
}

/** A declaration of a module, from its name to the bracket that ends it, as it stands in the file. */
export function declarationOf(module: string, name: string): string {
  const text = readFileSync(fileURLToPath(module), 'utf8');
  return `export ${new RegExp(`^const ${name}\\b.*?^}\\)?;`, 'ms').exec(text)![0]}\n`;
}
