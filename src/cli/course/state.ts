/** How the exercises stood when they were last checked, kept beside the compilation cache; a file that cannot be read says nothing. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Checked, passes } from '#course';
import { cachePath } from '../cacheFolder.ts';
import { version } from '../manifest.ts';

export interface LastCheck {
  readonly passed: boolean;
  /** Acceptance rows asserted. */
  readonly asserted: number;
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
    return of === version ? checks : {};
  } catch {
    return {};
  }
}

export function keepChecks(checked: readonly Checked[]): void {
  const checks: Record<string, LastCheck> = { ...lastChecks() };
  for (const c of checked) {
    const asserted = c.rows.filter((r) => r === 'asserted').length;
    checks[c.id] = { passed: passes(c), asserted, at: new Date().toISOString() };
  }
  try {
    mkdirSync(dirname(path()), { recursive: true });
    const partial = `${path()}.${process.pid}.part`;
    writeFileSync(partial, JSON.stringify({ version, checks }));
    renameSync(partial, path());
  } catch {
    // Where nothing can be kept, the list says "not checked".
  }
}
