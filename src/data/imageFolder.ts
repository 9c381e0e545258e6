/**
 * Pictures in folders by class, as ImageNet's are: `train/n01440764/n01440764_10026.JPEG`. Classes are numbered in the
 * order of their folders' names (code units), pictures in the order of theirs; each is decoded when it is asked for.
 */
import { diagnostic } from '#base';
import { type DataFolder, joinPath } from './folder.ts';
import { decodeImage, type RgbImage } from './image.ts';
import type { ImageSet } from './imageSet.ts';

const PICTURE = /\.(jpe?g|png)$/i;

export interface ImageFile {
  /** Within the folder. */
  readonly path: string;
  /** Index into `classes`. */
  readonly label: number;
}

export interface ImageFolder {
  /** Names of the folders, in order: for ImageNet the 1,000 synsets. */
  readonly classes: readonly string[];
  readonly files: readonly ImageFile[];
  /** Decodes picture `index`: RGB, in its own size. */
  read(index: number): Promise<RgbImage>;
}

const noClasses = diagnostic<{ folder: string }>('SYS-DAT-070', 'invalid', {
  en: (p) => `${p.folder} holds no folders of pictures; expected one for each class, as train/n01440764/*.JPEG`,
  zh: (p) => `${p.folder} 中没有图片文件夹；每个类别应有一个文件夹，例如 train/n01440764/*.JPEG`,
});

const emptyClass = diagnostic<{ folder: string; name: string; count: number }>('SYS-DAT-071', 'invalid', {
  en: (p) =>
    `${p.count} class folders of ${p.folder} hold no pictures, '${p.name}' first; expected .JPEG, .jpg or .png files. ` +
    'Remove an empty one, or classes would be numbered otherwise than you think',
  zh: (p) =>
    `${p.folder} 的 ${p.count} 个类别文件夹中没有图片，首个为 '${p.name}'；应含 .JPEG、.jpg 或 .png 文件。` +
    '请删除空文件夹，否则类别编号会与预期不同',
});

/**
 * Lists a folder of classes; no picture is read yet.
 * @param path the folder within `folder` that holds the classes: `train`, `val`, or '' for the folder itself
 * @throws SYS-DAT-044 no such folder, SYS-DAT-070 no classes, SYS-DAT-071 a class without pictures; `read` throws
 *   SYS-DAT-009 or 010 with the picture's path
 */
export async function openImageFolder(folder: DataFolder, path = ''): Promise<ImageFolder> {
  const classes = (await folder.list(path)).filter((entry) => entry.kind === 'folder').map((entry) => entry.name);
  const where = joinPath(folder.name, path);
  if (classes.length === 0) throw noClasses({ folder: where });
  const files: ImageFile[] = [];
  const empty: string[] = [];
  for (const [label, name] of classes.entries()) {
    const inside = joinPath(path, name);
    const pictures = (await folder.list(inside)).filter((entry) => entry.kind === 'file' && PICTURE.test(entry.name));
    if (pictures.length === 0) empty.push(name);
    for (const picture of pictures) files.push({ path: joinPath(inside, picture.name), label });
  }
  if (empty.length > 0) throw emptyClass({ folder: where, name: empty[0]!, count: empty.length });
  return {
    classes,
    files,
    async read(index) {
      const file = files[index];
      if (file === undefined) throw new RangeError(`picture ${index} of ${files.length}`);
      return decodeImage(await folder.read(file.path), { file: joinPath(folder.name, file.path) });
    },
  };
}

/** Some of the pictures, by number. */
export function selectPictures(pictures: ImageFolder, numbers: readonly number[]): ImageFolder {
  return {
    ...pictures,
    files: numbers.map((n) => pictures.files[n]!),
    read: async (index) => pictures.read(numbers[index] ?? Number.NaN),
  };
}

/** Pictures in memory as if they lay in a folder: each by its number, in the place of a path. */
export function picturesOf(set: ImageSet): ImageFolder {
  const { channels, height, width, pixels } = set;
  const plane = height * width;
  if (channels !== 1 && channels !== 3) throw new RangeError(`pictures of ${channels} channels`);
  return {
    classes: set.classes,
    files: Array.from(set.labels, (label, i) => ({ path: `${i}`, label })),
    async read(index) {
      const levels = new Uint8Array(channels * plane);
      const from = index * channels * plane;
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < plane; i++) levels[i * channels + c] = pixels[from + c * plane + i]!;
      }
      return { width, height, channels, pixels: levels };
    },
  };
}
