/** Pictures side by side as one, to be looked at or written as PNG. */
import { diagnostic } from '#base';
import type { RgbImage } from '#data';
import type { Tensor } from '#tensor';
import type { Learner } from './task.ts';

const noPictures = diagnostic<{ task: string }>('SYS-FLOW-071', 'usage', {
  en: (p) => `'${p.task}' makes no pictures; gan does. Leave the samples out.`,
  zh: (p) => `“${p.task}”不生成图片；gan 可以。请不要要求样本。`,
});

/** @throws SYS-FLOW-071 the learner makes no pictures */
export function checkMakesPictures(
  learner: Learner,
  task: string,
): asserts learner is Learner & Required<Pick<Learner, 'samples'>> {
  if (learner.samples === undefined) throw noPictures({ task });
}

/** Pixels between pictures. */
const GAP = 2;

/**
 * A sheet of pictures, row after row.
 * @param pictures [count, channels (1 or 3), height, width], values 0 … 1; what is beyond is limited
 */
export async function sheetOf(pictures: Tensor, columns: number): Promise<RgbImage> {
  const [count, channels, height, width] = pictures.shape as [number, 1 | 3, number, number];
  const values = (await pictures.data()) as Float32Array;
  const rows = Math.ceil(count / columns);
  const sheet = { width: columns * (width + GAP) - GAP, height: rows * (height + GAP) - GAP };
  const pixels = new Uint8Array(sheet.width * sheet.height * channels);
  for (let i = 0; i < count; i++) {
    const [top, left] = [Math.floor(i / columns) * (height + GAP), (i % columns) * (width + GAP)];
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const value = values[((i * channels + c) * height + y) * width + x]!;
          const place = ((top + y) * sheet.width + left + x) * channels + c;
          pixels[place] = Math.round(255 * Math.min(1, Math.max(0, value)));
        }
      }
    }
  }
  return { ...sheet, channels, pixels };
}
