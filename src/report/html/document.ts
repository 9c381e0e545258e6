/**
 * The page: one HTML file with its style, its script and its data, which opens from disk without a network. A policy in it forbids
 * everything but this very script and style; the data is one deflated block (`bytes.ts`) in base64.
 */
import { zlibSync } from 'fflate';
import { escapeXml } from '../pictures/svg.ts';
import { packBlock } from './bytes.ts';
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from './client.gen.ts';
import type { PageData, PageMemory, PageRun, PageTimeline } from './data.ts';
import type { PageParts } from './pageRun.ts';

export function reportDocument(
  entries: readonly PageParts[],
  about: Omit<PageData, 'runs'> & { readonly title: string },
): string {
  const { title, ...rest } = about;
  const parts: Uint8Array[] = [];
  const runs = entries.map(({ run, parts: own }) => {
    const first = parts.length;
    parts.push(...own);
    return renumbered(run, first);
  });
  const data: PageData = { ...rest, runs };
  const block = base64(zlibSync(packBlock(data, parts), { level: 9 }));
  const policy = `default-src 'none'; script-src '${SCRIPT_HASH}'; style-src '${STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    `<html lang="${about.language}">`,
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<main id="page"><h1>${escapeXml(title)}</h1><noscript><p>This report is drawn by its own script, which is switched off. 本报告由其自带脚本绘制，而脚本已被禁用。</p></noscript></main>`,
    `<script type="application/octet-stream" id="data">${block}</script>`,
    `<script>${SCRIPT}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** Parts of a run, counted on from those before it. */
function renumbered(run: PageRun, first: number): PageRun {
  const moved = <T extends { readonly part: number }>(of: T): T => ({ ...of, part: of.part + first });
  return {
    ...run,
    ...(run.timeline && {
      timeline: { ...run.timeline, tracks: run.timeline.tracks.map(moved) } satisfies PageTimeline,
    }),
    ...(run.memories && { memories: run.memories.map(moved<PageMemory>) }),
  };
}

/** In pieces, because a call takes so many arguments only. */
function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}
