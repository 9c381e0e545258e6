/** What the reader gives the exercises beside their parameters: where data lies. The command line fills it in before an exercise is loaded. */
import { fileURLToPath } from 'node:url';
import type { CourseSettings } from 'systole/course';

let settings: CourseSettings = { mnist: fileURLToPath(new URL('../../shared/data/mnist', import.meta.url)) };

export const given = (): CourseSettings => settings;

export function configure(changes: Partial<CourseSettings>): void {
  settings = { ...settings, ...changes };
}
