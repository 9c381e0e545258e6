/** What the package says of itself. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

// Two levels up from both src/cli and dist/cli.
export const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Layers that what comes of a point follows from. */
const DECIDING = 'base engine explore flow ir isa lower machine models onnx ops passes report sim tensor timing'.split(
  ' ',
);

/**
 * The version that results are kept by and that a search and its workers have in common: of a checkout with a hash of its sources, which change
 * without a version.
 */
export function buildVersion(): string {
  if (!import.meta.url.endsWith('.ts')) return version;
  const hash = createHash('sha256');
  for (const layer of DECIDING) {
    const folder = new URL(`../${layer}/`, import.meta.url);
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.(ts|json)$/.test(name) || /\.test\.ts$/.test(name)) continue;
      hash.update(`${layer}/${name}\n`);
      hash.update(readFileSync(new URL(name.replaceAll('\\', '/'), folder)));
    }
  }
  return `${version}-${hash.digest('hex').slice(0, 8)}`;
}
