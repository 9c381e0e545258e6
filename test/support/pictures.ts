/** Tiny sets of pictures in files, for tests: two classes of PNGs that differ in colour, and CIFAR-10's binary form. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '#base';
import { encodePng } from '#data';

/** Levels of red, green and blue, by class. */
const COLOURS = { cold: [40, 60, 200], warm: [220, 90, 30] } as const;

/** Writes `count` noisy PNGs of each class, of width 40 and height 30, into `folder/CLASS`. */
export function writePictures(folder: string, count: number, seed = 1): void {
  const random = new Random(seed);
  for (const [name, colour] of Object.entries(COLOURS)) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, (_, at) => colour[at % 3]! + random.integer(-30, 30));
      writeFileSync(join(folder, name, `picture${i}.png`), encodePng({ width: 40, height: 30, channels: 3, pixels }));
    }
  }
}

/** Writes CIFAR-10's six batch files of `count` records each: what class i shows is red by its number. */
export function writeCifar10(folder: string, count: number): void {
  const random = new Random(2);
  mkdirSync(folder, { recursive: true });
  for (const name of [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin')) {
    const bytes = new Uint8Array(count * 3073);
    for (let i = 0; i < count; i++) {
      const label = i % 10;
      bytes[i * 3073] = label;
      for (let at = 1; at <= 3072; at++) bytes[i * 3073 + at] = (at <= 1024 ? 25 * label : 60) + random.integer(0, 20);
    }
    writeFileSync(join(folder, name), bytes);
  }
}
