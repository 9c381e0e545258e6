/**
 * Digits for the exercises that train. MNIST's are the standard training files and the official test images; where these are not there, the
 * last 10,000 training images are held out and judged on in their place, and lines say so. They are looked for beside the project, in ../shared/data/mnist; `systole course …
 * --data FOLDER` says where else. Where they are absent the digits that `systole/data` draws take their place, fewer of them: their figures
 * have bounds of their own, stand for no row that names MNIST, and every line says which digits it is about.
 */
import { existsSync } from 'node:fs';
import type { Words } from 'systole/course';
import { drawDigits, holdOut, type ImageSet, imageSamples, loadMnist, openFolder, type SampleSet } from 'systole/data';
import { configure, given } from './settings.ts';

export const mnistIsThere = (): boolean => existsSync(given().mnist);

/** Where MNIST is looked for. */
export const mnistFolder = (): string => given().mnist;

/** What is said instead of figures. */
export const absent = (): string => `not run: ${given().mnist} is absent`;

/** What is said of MNIST where it is not there. */
export const mnistAbsent = (): Words => ({
  en: `MNIST: not run (${given().mnist} is absent; --data FOLDER names another folder)`,
  zh: `MNIST：未运行（${given().mnist} 不存在；可用 --data FOLDER 指定其他文件夹）`,
});

export interface Digits {
  /** Images [784] of 0 … 1; MNIST's are 60,000, or 50,000 where the last 10,000 are held out. */
  readonly train: SampleSet;
  /** What is judged on; MNIST's are 10,000. */
  readonly test: SampleSet;
}

interface Mnist extends Digits {
  /** Whether the images that are judged on are the official test images. */
  readonly official: boolean;
}

const loaded = new Map<string, Promise<Mnist>>();

/** Loads MNIST once. */
export function digits(): Promise<Mnist> {
  const folder = given().mnist;
  let set = loaded.get(folder);
  if (set === undefined) {
    set = load(folder);
    loaded.set(folder, set);
  }
  return set;
}

async function load(folder: string): Promise<Mnist> {
  const { train, test } = await loadMnist(openFolder(folder));
  const samples = (images: ImageSet): SampleSet => flat(imageSamples(images));
  if (test !== undefined) return { train: samples(train), test: samples(test), official: true };
  const { train: learned, heldOut } = holdOut(train, 10000);
  return { train: samples(learned), test: samples(heldOut), official: false };
}

/** How many drawn digits there are to train on; 2000 more are held out. */
const [DRAWN, HELD_OUT] = [6000, 2000];

let drawn: Digits | undefined;

/** Digits drawn by rule, drawn once. */
export function drawnDigits(): Digits {
  if (drawn === undefined) {
    const { train, heldOut } = holdOut(drawDigits({ count: DRAWN + HELD_OUT, seed: 1 }), HELD_OUT);
    drawn = { train: flat(imageSamples(train)), test: flat(imageSamples(heldOut)) };
  }
  return drawn;
}

export interface DigitsAtHand extends Digits {
  readonly mnist: boolean;
  /** What readers are told they are. */
  readonly name: Words;
  /** The same with what is judged on, for the lines of checks. */
  readonly line: string;
}

const NAMES = {
  mnist: { en: 'MNIST', zh: 'MNIST' },
  drawn: { en: 'drawn digits (not MNIST)', zh: '绘制的数字（非 MNIST）' },
} as const;

/** MNIST where it is there, drawn digits else. */
export async function digitsAtHand(): Promise<DigitsAtHand> {
  if (!mnistIsThere()) return { ...drawnDigits(), mnist: false, name: NAMES.drawn, line: NAMES.drawn.en };
  const { official, ...set } = await digits();
  const line = official ? 'MNIST, official test images' : 'MNIST, last 10,000 training images as test set';
  return { ...set, mnist: true, name: NAMES.mnist, line };
}

/** What a reader is told of the digits that the exercises train on and judge on: which, and where they lie. */
export async function digitsInUse(): Promise<Words> {
  if (!mnistIsThere()) return NAMES.drawn;
  const folder = given().mnist;
  let official: boolean;
  try {
    ({ official } = await digits());
  } catch {
    // The exercises that train have said why.
    return { en: `none: MNIST in ${folder} cannot be read`, zh: `无：无法读取 ${folder} 中的 MNIST` };
  }
  return official
    ? { en: `MNIST, official test images (${folder})`, zh: `MNIST，官方测试图像（${folder}）` }
    : {
        en: `MNIST, last 10,000 training images as test set (${folder})`,
        zh: `MNIST，以最后 10,000 张训练图像为测试集（${folder}）`,
      };
}

/** Each input one row. */
export const flat = (set: SampleSet): SampleSet => ({ ...set, inputDims: [set.inputDims.reduce((a, b) => a * b, 1)] });

/** Samples `from` to `to` (not included). */
export function part(set: SampleSet, from: number, to: number): SampleSet {
  const [input, target] = [set.inputDims, set.targetDims].map((dims) => dims.reduce((a, b) => a * b, 1)) as [
    number,
    number,
  ];
  return {
    ...set,
    count: to - from,
    inputs: set.inputs.subarray(from * input, to * input) as SampleSet['inputs'],
    targets: set.targets.subarray(from * target, to * target) as SampleSet['targets'],
  };
}

/** Runs this as if MNIST were absent. */
export async function withoutMnist<T>(run: () => Promise<T>): Promise<T> {
  const { mnist } = given();
  configure({ mnist: 'no-mnist' });
  try {
    return await run();
  } finally {
    configure({ mnist });
  }
}
