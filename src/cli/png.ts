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
