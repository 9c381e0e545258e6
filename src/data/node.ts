/** The Node half: folders, and the image decoder, libvips through `sharp`. Loaded at the first picture. */
import type { RgbImage } from './image.ts';

export { openFolder } from './nodeFolder.ts';

export async function decodePixels(bytes: Uint8Array): Promise<RgbImage> {
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(bytes, { failOn: 'truncated' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const { width, height, channels } = info;
  if (channels === 3) return { width, height, channels: 3, pixels };
  // A grey picture comes back with its one channel (and no alpha after flattening).
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) rgb.fill(pixels[i * channels]!, 3 * i, 3 * i + 3);
  return { width, height, channels: 3, pixels: rgb };
}
