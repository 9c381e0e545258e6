/** The TypeScript of a page of documentation as one program, run as a reader would: under Node, importing `systole/…`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../house/sources.ts';

export interface PageRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Where it ran; what it wrote is there until `look` returns. */
  readonly folder: string;
}

/**
 * @param look what is looked at of the run; its folder is gone afterwards
 * @param belongs which pieces make up the program; by default all
 */
export function runPage(page: string, look: (run: PageRun) => void, belongs = (_piece: string) => true): void {
  const pieces = [...readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/```ts\n(.*?)```/gs)].map((m) => m[1]!);
  const code = pieces.filter(belongs).join('\n');
  // Within the project, so that its own name can be imported.
  const place = join(ROOT, '.cache', `${page.replaceAll(/[^a-z]/gi, '')}.${process.pid}.ts`);
  const folder = mkdtempSync(join(tmpdir(), 'systole-'));
  try {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    writeFileSync(place, code);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--conditions=source', place], {
      cwd: folder,
      encoding: 'utf8',
    });
    look({ status, stdout, stderr, folder });
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(place, { force: true });
  }
}
