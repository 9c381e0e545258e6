/**
 * Exercise 6.11: a convolution as loops, and three ways to do it in tiles. Output-stationary finishes an output tile before the next begins,
 * so that weights are read again for each part of the map; weight-stationary keeps a tile of weights while it sweeps the map, so that partial
 * sums go out and come back; input-stationary keeps an input tile while it sweeps the filters. The nests are executed and their words counted.
 *   systole estimate tiling --layer conv3 --tile 64,32,7,7        words and loops
 *   systole plot tiling --layer conv3 --tile 64,32,7,7 -o walk.svg   the picture
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import {
  executeNest,
  executePlain,
  leastWords,
  nestOf,
  ORDER_NAMES,
  PAPER_ALEXNET,
  type Tile,
  tileBufferWords,
  tiledLayer,
  tileWalkPicture,
  tilingReport,
  tilingText,
} from 'systole/report';

/** conv3, which sees both towers: 256 → 384, 13 × 13, k 3, padding 1. */
const LAYER = tiledLayer(PAPER_ALEXNET[2]!);
const PLANE: Tile = { o: 64, c: 32, h: 13, w: 13 };
const QUARTER: Tile = { o: 64, c: 32, h: 7, w: 7 };

/** Whole numbers from −8 to 7, the padding's 0. */
function data(seed: number) {
  const random = new Random(seed);
  const { channels, filters, output, kernel, stride } = LAYER.convolution;
  const [rows, columns] = [0, 1].map((axis) => (output[axis]! - 1) * stride[axis]! + kernel[axis]!) as [number, number];
  const draw = (): number => Math.floor(random.uniform() * 16) - 8;
  const isPadding = (at: number): boolean => {
    const [row, column] = [Math.floor(at / columns) % rows, at % columns];
    return row === 0 || row === rows - 1 || column === 0 || column === columns - 1;
  };
  return {
    input: Int32Array.from({ length: channels * rows * columns }, (_, i) => (isPadding(i) ? 0 : draw())),
    weights: Int32Array.from({ length: filters * channels * kernel[0] * kernel[1] }, draw),
  };
}

const wordsOf = (tile: Tile): readonly (readonly number[])[] =>
  tilingReport(LAYER, tile).orders.map(({ words }) => [words.input, words.weights, words.output]);

export const exercise: Exercise = {
  id: '6.11',
  title: { en: 'Loops of a convolution, and three tilings', zh: '卷积层的循环表示及至少三种分块方法' },
  rows: 6,
  show({ print }) {
    print(tilingText(tilingReport(LAYER, QUARTER)));
  },
  check({ equal, holds }) {
    const numbers = data(11);
    const plain = executePlain(LAYER.convolution, numbers);
    for (const tile of [PLANE, QUARTER]) {
      const size = [tile.o, tile.c, tile.h, tile.w].join(',');
      const executed = ORDER_NAMES.map((order) => executeNest(nestOf(LAYER.convolution, tile, order), numbers));
      holds(
        `all tilings equal the naive conv (integer data), tile (${size})`,
        executed.every(({ output }) => output.every((v, i) => v === plain[i])),
      );
      equal(
        `  words that their loops counted, tile (${size})`,
        executed.map(({ words }) => [words.input, words.weights, words.output]),
        wordsOf(tile),
      );
      equal(
        `  multiplications that they made, tile (${size})`,
        executed.map((e) => e.macs),
        [149520384, 149520384, 149520384],
      );
    }
    equal(
      'AlexNet conv3 (ungrouped 256->384,13x13,k3,p1), tile (64,32,13,13): OS/WS/IS words (in,w,out)',
      wordsOf(PLANE),
      [
        [345600, 884736, 64896],
        [345600, 884736, 64896],
        [57600, 884736, 973440],
      ],
    );
    equal('tile (64,32,7,7): OS/WS/IS', wordsOf(QUARTER), [
      [443904, 3538944, 64896],
      [443904, 884736, 973440],
      [73984, 3538944, 973440],
    ]);
    equal(
      'tile (64,32,7,7) totals',
      tilingReport(LAYER, QUARTER).orders.map(({ words }) => words.total),
      [4047744, 2302080, 4586368],
    );
    equal('minimum (each word once, padded input)', leastWords(LAYER.convolution), 1007232);
    equal('tile buffer words (64,32,7,7)', tileBufferWords(LAYER.convolution, QUARTER), 24160);
    const svg = tileWalkPicture(tilingReport(LAYER, QUARTER));
    holds(
      'the picture shows each order and its words',
      ORDER_NAMES.every((o) => svg.includes(o)) && svg.includes('4,047,744'),
    );
  },
};
