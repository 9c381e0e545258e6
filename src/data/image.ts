/**
 * Pictures as network inputs: decode (platform half), resize (here, so that every platform resizes alike), and turn
 * into [C,H,W] floats. Pixels are 8-bit sRGB, interleaved row by row.
 */

import { encode } from 'fast-png';
import { diagnostic, type Place } from '#base';
import { decodePixels } from '#data/platform';
import { hex } from './idx.ts';
import { resize } from './resize.ts';

export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** [height, width, channels]. */
  readonly pixels: Uint8Array;
}

export interface DecodeOptions {
  /** Size to stretch to; the picture's own by default. */
  readonly width?: number;
  readonly height?: number;
  /** 3: red, green, blue (default); 1: luma. */
  readonly channels?: 1 | 3;
  /** For error messages. */
  readonly file?: string;
}

const notImage = diagnostic<{ found: string }>('SYS-DAT-009', 'invalid', {
  en: (p) => `not a picture: it begins with ${p.found}; expected a PNG or JPEG file`,
  zh: (p) => `不是图片：开头为 ${p.found}；应为 PNG 或 JPEG 文件`,
});

const damagedImage = diagnostic<{ reason: string }>('SYS-DAT-010', 'invalid', {
  en: (p) => `the picture is damaged or cut short: ${p.reason}`,
  zh: (p) => `图片已损坏或被截断：${p.reason}`,
});

/** The same words in both languages. */
interface Both {
  readonly en: string;
  readonly zh: string;
}

const wrongShape = diagnostic<{ what: string; found: Both; expected: Both }>('SYS-DAT-011', 'usage', {
  en: (p) => `${p.what} is ${p.found.en}; expected ${p.expected.en}`,
  zh: (p) => `${p.what} 为 ${p.found.zh}；应为${p.expected.zh}`,
});

/** Whether the bytes begin as a PNG or JPEG file does. */
export const isImage = (bytes: Uint8Array): boolean =>
  [0x89, 0x50, 0x4e, 0x47].every((b, i) => bytes[i] === b) || [0xff, 0xd8, 0xff].every((b, i) => bytes[i] === b);

/**
 * Decodes a PNG or JPEG file, upright as its EXIF orientation says; transparent parts show white.
 * Decoders of different platforms differ by some grey levels on JPEG (its inverse transform is not exact).
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbImage> {
  const place: Place = options.file === undefined ? {} : { file: options.file };
  for (const side of ['width', 'height'] as const) {
    const size = options[side];
    if (size !== undefined && !(Number.isInteger(size) && size > 0)) {
      const found = { en: String(size), zh: String(size) };
      throw wrongShape({ what: side, found, expected: { en: 'a positive integer', zh: '正整数' } }, place);
    }
  }
  if (!isImage(bytes)) throw notImage({ found: hex(bytes.subarray(0, 8)) }, place);
  let image: RgbImage;
  try {
    image = await decodePixels(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error);
    // The decoder repeats itself on further lines.
    throw damagedImage({ reason: reason.split('\n', 1)[0]! }, place);
  }
  const resized = resize(image, options.width ?? image.width, options.height ?? image.height);
  return options.channels === 1 ? luma(resized) : resized;
}

/** Luma by ITU-R BT.601, as JPEG defines it. */
function luma(image: RgbImage): RgbImage {
  if (image.channels === 1) return image;
  const { width, height, pixels } = image;
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = Math.round(0.299 * pixels[3 * i]! + 0.587 * pixels[3 * i + 1]! + 0.114 * pixels[3 * i + 2]!);
  }
  return { width, height, channels: 1, pixels: grey };
}

/** The picture as a PNG file, the same bytes on every platform. */
export function encodePng(image: RgbImage): Uint8Array {
  const { width, height, channels, pixels: data } = image;
  return encode({ width, height, channels, data, depth: 8 });
}

export interface Normalisation {
  /** Factor on the grey levels 0–255; 1 by default. */
  readonly scale?: number;
  /** Subtracted after scaling: one number, or one a channel; 0 by default. */
  readonly mean?: number | readonly number[];
  /** Divisor after that: one number, or one a channel; 1 by default. */
  readonly std?: number | readonly number[];
}

/** The picture as [channels, height, width] floats: (pixel · scale − mean) / std. */
export function imageFloats(image: RgbImage, normalisation: Normalisation = {}): Float32Array {
  const { width, height, channels, pixels } = image;
  const { scale = 1 } = normalisation;
  const mean = perChannel('mean', normalisation.mean ?? 0, channels);
  const std = perChannel('std', normalisation.std ?? 1, channels);
  if (std.includes(0))
    throw wrongShape({
      what: 'std',
      found: { en: '0', zh: '0' },
      expected: { en: 'a number other than 0', zh: '非零的数' },
    });
  const out = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height * width; i++) {
      out[c * height * width + i] = (pixels[i * channels + c]! * scale - mean[c]!) / std[c]!;
    }
  }
  return out;
}

function perChannel(what: string, value: number | readonly number[], channels: number): readonly number[] {
  if (typeof value === 'number') return new Array<number>(channels).fill(value);
  if (value.length === channels) return value;
  if (value.length === 1) return new Array<number>(channels).fill(value[0]!);
  throw wrongShape({
    what,
    found: { en: `${value.length} numbers`, zh: `${value.length} 个数` },
    expected: {
      en: `one number or one for each of ${channels} channels`,
      zh: `一个数，或 ${channels} 个通道各一个`,
    },
  });
}
