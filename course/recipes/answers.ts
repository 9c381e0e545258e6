/**
 * What the recipes of CONTRIBUTING.md have in common: a file of a checkout is loaded as a module, which runs it, as a test would; what it exports is held
 * point by point against what the recipe asks for.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Finding, type Judged, type Output, refusedKind, type Submission, type Words } from 'systole/course';

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

/** Judges what a file exports that is of the kind asked for. */
export async function judgeModule<T>(
  submission: Submission,
  kind: Words,
  isOne: (value: unknown) => value is T,
  pointsOf: (value: T) => Promise<readonly Point[]>,
): Promise<Judged> {
  if (submission.kind !== 'program') return refusedKind('program');
  const refused = (en: string, zh: string): Judged => ({
    verdict: 'refused',
    findings: [{ kind: 'no-module', words: { en, zh } }],
    figures: {},
  });
  const path = resolve(submission.file);
  if (!/\.m?[jt]s$/.test(path) || !existsSync(path)) {
    return refused(
      `This recipe asks for a file of a checkout, .ts or .js, that exports ${kind.en}; '${submission.file}' is none.`,
      `本步骤要求提交检出目录中的一个文件（.ts 或 .js），其中导出${kind.zh}；'${submission.file}' 不是。`,
    );
  }
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
