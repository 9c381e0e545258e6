/** How the exercises stood when they were last checked, kept beside the compilation cache; a file that cannot be read says nothing. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Checked, passes, type RowState } from '#course';
import { cachePath } from '../cacheFolder.ts';
import { version } from '../manifest.ts';

export interface LastCheck {
  readonly passed: boolean;
  /** What became of each acceptance row, in order. */
  readonly rows: readonly RowState[];
  /** ISO 8601. */
  readonly at: string;
}

/** Of this installation: another clone may have other exercises. */
const path = (): string => {
  const here = createHash('sha256')
    .update(import.meta.url)
    .digest('hex')
    .slice(0, 16);
  return join(cachePath(), `course-${here}.json`);
};

/** By id; of this version of Systole, installed here. */
export function lastChecks(): Readonly<Record<string, LastCheck>> {
  try {
    const { version: of, checks } = JSON.parse(readFileSync(path(), 'utf8'));
    return of === version && Object.values(checks as object).every((c) => Array.isArray(c.rows)) ? checks : {};
  } catch {
    return {};
  }
}

export function keepChecks(checked: readonly Checked[]): void {
  const checks: Record<string, LastCheck> = { ...lastChecks() };
  for (const c of checked) checks[c.id] = { passed: passes(c), rows: c.rows, at: new Date().toISOString() };
  try {
    mkdirSync(dirname(path()), { recursive: true });
    const partial = `${path()}.${process.pid}.part`;
    writeFileSync(partial, JSON.stringify({ version, checks }));
    renameSync(partial, path());
  } catch {
    // Where nothing can be kept, the list says "not checked".
  }
}
