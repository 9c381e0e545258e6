/** Pictures as PNG: SVG drawn by resvg (WASM), with a font that comes with the package, so that every machine draws the same. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const FONT = new URL('./fonts/NotoSansSC-subset.ttf', import.meta.url);

let ready: Promise<void> | undefined;

/**
 * Draws a picture.
 * @param scale pixels for each unit of the SVG; 2 is sharp on screens and in print
 */
export async function png(svg: string, scale = 2): Promise<Uint8Array> {
  ready ??= initWasm(readFileSync(fileURLToPath(import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm'))));
  await ready;
  const drawing = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers: [readFileSync(FONT)], defaultFontFamily: 'Noto Sans SC', sansSerifFamily: 'Noto Sans SC' },
  });
  try {
    const image = drawing.render();
    const bytes = image.asPng();
    image.free();
    return bytes;
  } finally {
    drawing.free();
  }
}

/** A picture with that font in it, before those of the reader's machine, which may have no Chinese ones. */
export function withFont(svg: string): string {
  const name = 'Noto Sans SC subset';
  const data = readFileSync(FONT).toString('base64');
  const face = `<style>@font-face{font-family:'${name}';src:url(data:font/ttf;base64,${data})}</style>`;
  return svg.replace('<title>', `${face}<title>`).replaceAll('font-family="', `font-family="'${name}', `);
}
