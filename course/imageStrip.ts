/** Pictures of levels beside one another as one SVG, each with a caption below: the pixels as they are, enlarged. */
import { encodePng, type RgbImage } from 'systole/data';

export interface Captioned {
  readonly image: RgbImage;
  readonly caption: string;
}

const [GAP, LINE] = [16, 20];

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** @param side height and width of each as it is shown, in pixels of the SVG */
export function imageStrip(
  title: string,
  images: readonly Captioned[],
  { side = 112, columns = 8 }: { readonly side?: number; readonly columns?: number } = {},
): string {
  const across = Math.min(columns, images.length);
  const [width, height] = [GAP + across * (side + GAP), GAP + Math.ceil(images.length / columns) * (side + LINE + GAP)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif" font-size="12" text-anchor="middle">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...images.flatMap(({ image, caption }, i) => {
      const [x, y] = [GAP + (i % columns) * (side + GAP), GAP + Math.floor(i / columns) * (side + LINE + GAP)];
      const png = Buffer.from(encodePng(image)).toString('base64');
      return [
        `<image x="${x}" y="${y}" width="${side}" height="${side}" image-rendering="pixelated" style="image-rendering:pixelated" href="data:image/png;base64,${png}"/>`,
        `<text x="${x + side / 2}" y="${y + side + 15}" fill="#1f2328">${escaped(caption)}</text>`,
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** Values 0 … 1 as grey levels, 0 paper. @param values [side, side] */
export const greyImage = (values: ArrayLike<number>, side: number): RgbImage => ({
  width: side,
  height: side,
  channels: 1,
  pixels: Uint8Array.from(values, (v) => Math.round(255 * (1 - Math.min(1, Math.max(0, v))))),
});
