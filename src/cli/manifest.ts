/** What the package says of itself. */
import { readFileSync } from 'node:fs';

// Two levels up from both src/cli and dist/cli.
export const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
