/**
 * Exercise 2.4: five activation functions over [−10, 10] and the ranges of their values. Sigmoid and tanh only approach their limits.
 * PReLU and ELU depend on their parameter a: each is monotone on either side of 0, so that its extremes lie at the ends or at 0, which an
 * even number of sample points misses. A negative a, as some texts have it, turns the left branch upward: no sensible setting.
 *   node --conditions=source course/chapter2/4.ts --svg activations.svg     draws them
 */
import { writeFileSync } from 'node:fs';
import type { Exercise } from 'systole/course';
import { elu, tensor } from 'systole/tensor';
import { linePlot } from '../plot.ts';

export type Activation = (x: number, a: number) => number;

export const ACTIVATIONS = {
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
  ReLU: (x) => Math.max(0, x),
  PReLU: (x, a) => (x > 0 ? x : a * x),
  ELU: (x, a) => (x > 0 ? x : a * Math.expm1(x)),
} as const satisfies Record<string, Activation>;

export interface Range {
  readonly min: number;
  readonly max: number;
  /** Where the least value stands. */
  readonly argmin: number;
}

/** The range over an interval that holds 0, of a function that is monotone on either side of it. */
export function range(f: Activation, [low, high]: readonly [number, number], a: number): Range {
  return rangeAt(f, [low, 0, high], a);
}

/** The range over sample points at equal distances, which is what a plot shows. */
export const sampledRange = (f: Activation, [low, high]: readonly [number, number], a: number, count: number): Range =>
  rangeAt(f, samples(low, high, count), a);

function rangeAt(f: Activation, points: readonly number[], a: number): Range {
  // −0 is 0 here: PReLU gives it at 0 for a negative a.
  const values = points.map((x) => f(x, a) + 0);
  const min = Math.min(...values);
  return { min, max: Math.max(...values), argmin: points[values.indexOf(min)]! };
}

const samples = (low: number, high: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

/** The five curves as a picture. */
export const picture = (a = 0.01): string =>
  linePlot(
    Object.entries(ACTIVATIONS).map(([name, f]) => ({
      name,
      points: samples(-10, 10, 401).map((x) => [x, (f as Activation)(x, a)] as const),
    })),
    { title: 'Five activation functions', x: 'x', y: 'f(x)' },
  );

const INTERVAL = [-10, 10] as const;

export const exercise: Exercise = {
  id: '2.4',
  title: {
    en: 'Five activation functions and their ranges',
    zh: '在同一个坐标系内画出五种不同的激活函数图像，并比较取值范围',
  },
  rows: 9,
  show({ print }) {
    for (const a of [0.01, -0.01, 1]) {
      print(`on [−10, 10], a = ${a}`);
      for (const [name, f] of Object.entries(ACTIVATIONS)) {
        const { min, max, argmin } = range(f as Activation, INTERVAL, a);
        print(`  ${name.padEnd(8)} ${min} … ${max}, the least at ${argmin}`);
      }
    }
    const at = process.argv.indexOf('--svg');
    if (at > 0) writeFileSync(process.argv[at + 1]!, picture());
  },
  async check({ equal, close }) {
    const ends = (name: keyof typeof ACTIVATIONS, a = 0): [number, number] => {
      const { min, max } = range(ACTIVATIONS[name], INTERVAL, a);
      return [min, max];
    };
    const grid = (name: keyof typeof ACTIVATIONS, a: number): number =>
      sampledRange(ACTIVATIONS[name], INTERVAL, a, 256).min;
    close('sigmoid', ends('sigmoid'), [4.5397868702434395e-5, 0.9999546021312976], 1e-12);
    close('tanh', ends('tanh'), [-0.9999999958776927, 0.9999999958776927], 1e-12);
    equal('ReLU', ends('ReLU'), [0, 10]);
    close('PReLU, a = −0.01', [...ends('PReLU', -0.01), grid('PReLU', -0.01)], [0, 10, 0.000392156862745], 1e-12);
    close('PReLU, a = 0.01', ends('PReLU', 0.01), [-0.1, 10], 1e-12);
    close('ELU, a = −0.01', [...ends('ELU', -0.01), grid('ELU', -0.01)], [0, 10, 0.000384567049121], 1e-12);
    close('ELU, a = 0.01', ends('ELU', 0.01), [-0.0099995460007024, 10], 1e-12);
    close('ELU, a = 1', ends('ELU', 1), [-0.9999546000702375, 10], 1e-12);
    equal('curves in the picture', picture().match(/<polyline/g)?.length, 5);
    const x = samples(-10, 10, 21);
    const framework = await elu(tensor(x), 1).toArray();
    close(
      'the framework’s ELU, in f32',
      framework as number[],
      x.map((v) => ACTIVATIONS.ELU(v, 1)),
      1e-6,
    );
  },
};
