/** The browser half: folders, and the image decoder, the browser's own, read back through a canvas. */
import type { RgbImage } from './image.ts';

export { openFolder } from './browserFolder.ts';

export async function decodePixels(bytes: Uint8Array): Promise<RgbImage> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (context === null) throw new Error('this browser gives no 2-D canvas');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const pixels = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    pixels[3 * i] = rgba[4 * i]!;
    pixels[3 * i + 1] = rgba[4 * i + 1]!;
    pixels[3 * i + 2] = rgba[4 * i + 2]!;
  }
  return { width, height, channels: 3, pixels };
}
