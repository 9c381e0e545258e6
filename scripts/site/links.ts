/** Links of the site that lead nowhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Each as `page: link`; links to other sites are not followed. */
export function deadLinks(folder: string): readonly string[] {
  const dead: string[] = [];
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((p) => p.endsWith('.html'));
  const texts = new Map(pages.map((page) => [resolve(folder, page), readFileSync(join(folder, page), 'utf8')]));
  for (const [page, text] of texts) {
    for (const [, link = ''] of text.matchAll(/\b(?:href|src)="([^"]*)"/g)) {
      if (/^(?:https?|data|mailto):/.test(link)) continue;
      const [path = '', anchor] = link.replaceAll('&amp;', '&').split('#');
      const target = path === '' ? page : resolve(dirname(page), decodeURI(path));
      const found = texts.get(target);
      const isThere =
        found === undefined ? existsSync(target) : anchor === undefined || found.includes(`id="${anchor}"`);
      if (!isThere) dead.push(`${page.slice(folder.length + 1)}: ${link}`);
    }
  }
  return dead;
}
