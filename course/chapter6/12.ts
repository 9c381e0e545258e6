/**
 * Exercise 6.12: what loops do not say, and a form that does. A loop nest fixes an order; which dimensions may be done side by side, what a tile
 * reads, and what the hardware's own tile is have to be found out from it again. Here a layer is one affine expression: an iteration domain with
 * parallel and reduction indices, and for each tensor the map from a point of the domain to its subscripts. It is what Systole's compiler starts
 * from (`systole explain --layer` prints it). A schedule, apart from it, says tiles, order and who does which; tiles are lowered to the matrix unit's
 * `mma`. That a cut is legal follows from the kinds of the indices, what its buffers take from the maps.
 *
 * Fully connected, 1 × 1, grouped and depthwise layers come from one constructor and differ in sizes. Data are small whole numbers, so that
 * every order of summation gives the same sums.
 */

import type { Exercise } from 'systole/course';
import { type Engine, sharedEngine } from 'systole/engine';
import { compileModel, executeProgram } from 'systole/flow';
import { type Tensor, tensorNumbers, tensorOf } from 'systole/ir';
import type { Program } from 'systole/isa';
import {
  type AccessMap,
  type AffineExpression,
  type AffineSizes,
  accessText,
  affineExpression,
  type Contraction,
  describeContraction,
  footprint,
  type Schedule,
  type Tiling,
} from 'systole/lower';
import { presets } from 'systole/machine';
import { exportModel, nn } from 'systole/tensor';

const machine = presets.get('textbook-single')!;
const WORD = 4;
const LINE = 64;

interface Layer {
  readonly name: string;
  readonly sizes: AffineSizes;
}

const same = (total: number, kernel: number) => ({ total, kernel, pad: (kernel - 1) / 2 });

const LAYERS: readonly Layer[] = [
  { name: 'fully connected', sizes: { b: 4, n: 48, c: 64 } },
  { name: '1 × 1', sizes: { y: same(8, 1), x: same(8, 1), n: 48, c: 32 } },
  { name: 'grouped', sizes: { outer: [2], y: same(9, 3), x: same(9, 3), n: 24, c: 8 } },
  { name: 'depthwise', sizes: { outer: [16], y: same(9, 3), x: same(9, 3), n: 1, c: 1 } },
];

/** AlexNet's third convolution, without groups. */
const CONV3: AffineSizes = { y: same(13, 3), x: same(13, 3), n: 384, c: 256 };

type Coordinates = Readonly<Record<string, number>>;

/** A whole number from −3 to 3 for each element of a tensor, by its coordinates. */
function element(salt: number, { g0 = 0, b = 0, n = 0, y = 0, x = 0, c = 0 }: Coordinates): number {
  const mixed = [g0, b, n, y, x, c].reduce((h, v) => Math.imul(h ^ v, 0x9e3779b1) ^ (h >>> 15), salt);
  return ((mixed >>> 8) % 7) - 3;
}

/** Coordinates of a point of the domain in a tensor; a subscript has the name of its index, k left out. */
function coordinates(map: AccessMap, point: Coordinates): Coordinates {
  return Object.fromEntries(
    map.map(({ terms, offset }) => [
      terms[0]!.index.replace(/^k/, ''),
      terms.reduce((sum, { index, by }) => sum + by * point[index]!, offset),
    ]),
  );
}

function* pointsOf(domain: AffineExpression['domain']): Generator<Coordinates> {
  const [first, ...rest] = domain;
  if (first === undefined) return yield {};
  for (const others of pointsOf(rest)) for (let i = 0; i < first.size; i++) yield { ...others, [first.index]: i };
}

const axisOf = ({ total = 1, kernel = 1, pad = 0 }: NonNullable<AffineSizes['y']> = {}) => ({
  total,
  kernel,
  pad,
  input: total + kernel - 1 - 2 * pad,
});

/** What the expression means, point after point of the domain; in ONNX's order [batch, group and filter, y, x]. */
function evaluated(sizes: AffineSizes): number[] {
  const { domain, maps } = affineExpression(sizes);
  const [y, x] = [axisOf(sizes.y), axisOf(sizes.x)];
  const out = new Array<number>((sizes.b ?? 1) * (sizes.outer?.[0] ?? 1) * sizes.n * y.total * x.total).fill(0);
  for (const point of pointsOf(domain)) {
    const a = coordinates(maps.a, point);
    if ((a.y ?? 0) < 0 || (a.y ?? 0) >= y.input || (a.x ?? 0) < 0 || (a.x ?? 0) >= x.input) continue;
    const o = { b: 0, g0: 0, n: 0, y: 0, x: 0, ...coordinates(maps.out, point) };
    const filter = o.g0 * sizes.n + o.n;
    const at = ((o.b * (sizes.outer?.[0] ?? 1) * sizes.n + filter) * y.total + o.y) * x.total + o.x;
    out[at]! += element(1, a) * element(2, coordinates(maps.w, point));
  }
  return out;
}

/** The layer as a network of one convolution, and its input. */
async function networkOf(sizes: AffineSizes) {
  const [groups, batch] = [sizes.outer?.[0] ?? 1, sizes.b ?? 1];
  const [y, x] = [axisOf(sizes.y), axisOf(sizes.x)];
  const conv = new nn.Conv(groups * sizes.c, groups * sizes.n, [y.kernel, x.kernel], {
    padding: [y.pad, x.pad],
    groups,
    bias: false,
  });
  const filled = (dims: readonly number[], value: (...at: number[]) => number): Tensor => {
    const [, p, q, r] = dims as [number, number, number, number];
    const count = dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, i) =>
      value(Math.floor(i / (p * q * r)), Math.floor(i / (q * r)) % p, Math.floor(i / r) % q, i % r),
    );
    return tensorOf('float32', dims, values);
  };
  // The maps leave out what has size 1 and no window: there the coordinate is 0.
  conv.weight.set(
    filled([groups * sizes.n, sizes.c, y.kernel, x.kernel], (f, c, ky, kx) =>
      element(2, { g0: Math.floor(f / sizes.n), n: f % sizes.n, c, y: ky, x: kx }),
    ),
  );
  const input = filled([batch, groups * sizes.c, y.input, x.input], (b, channel, iy, ix) =>
    element(1, { g0: Math.floor(channel / sizes.c), b, c: channel % sizes.c, y: iy, x: ix }),
  );
  const model = await exportModel(conv, { x: input.dims }, { name: 'layer', outputs: ['out'] });
  return { model, feeds: new Map([['x', input]]) };
}

/**
 * Whole; cut by rows or samples; filters outside; the reduction cut, whose sums stay in the accumulators; windows unfolded on the way in, where
 * there are any.
 */
const SCHEDULES: readonly (readonly [name: string, schedule: (k: Contraction) => Tiling, convolution?: 'im2col'])[] = [
  ['whole', (k) => whole(k)],
  ['rows', (k) => ({ ...whole(k), ...(k.y.total > 1 ? { b: 1, y: Math.ceil(k.y.total / 3) } : { b: 1 }) })],
  ['filters', (k) => ({ ...whole(k), n: Math.min(16, k.n.total), filtersOuter: true })],
  ['reduction', (k) => ({ ...whole(k), n: Math.min(16, k.n.total), c: Math.ceil(k.c.total / 2) })],
  ['im2col', (k) => whole(k), 'im2col'],
];

const whole = (k: Contraction): Tiling => ({
  ...{ b: k.b.total, y: k.y.total, x: k.x.total, n: k.n.total, c: k.c.total, ky: k.y.kernel },
  ...{ filtersOuter: false, wholeDepth: false },
});

interface Lowered {
  readonly program: Program;
  readonly out: readonly number[];
  /** What the compiler tiled, and how; undefined where the vector unit does the layer. */
  readonly tiled: { readonly k: Contraction; readonly t: Tiling } | undefined;
}

async function lowered(
  sizes: AffineSizes,
  schedule: (k: Contraction) => Tiling,
  engine: Engine,
  convolution: 'direct' | 'im2col' = 'direct',
): Promise<Lowered> {
  const { model, feeds } = await networkOf(sizes);
  let tiled: Lowered['tiled'];
  const noted: Schedule = (k) => {
    const t = schedule(k);
    tiled = { k, t };
    return t;
  };
  const { program } = await compileModel(model, { machine, engine, schedule: noted, convolution });
  const { outputs } = await executeProgram(program, { data: true, feeds, engine: async () => engine });
  return { program, out: [...tensorNumbers(outputs.get('out')!)], tiled };
}

const loopsOf = ({ layers: [layer] }: Program): string =>
  layer!.loops
    .filter((l) => l.tiles > 1)
    .map((l) => `${l.dim} ${l.tiles} × ${l.size}`)
    .join(', ') || 'one tile';

const expressionText = ({ domain, maps }: AffineExpression): readonly string[] => [
  `out${accessText(maps.out)} = Σ a${accessText(maps.a)} · w${accessText(maps.w)}`,
  `for ${domain.map((d) => `${d.index} < ${d.size}${d.kind === 'reduction' ? ' (Σ)' : ''}`).join(', ')}`,
];

/** Bytes of so many words, up to whole lines. */
const lines = (words: number): number => Math.ceil((WORD * words) / LINE) * LINE;

const hasWindows = ({ y = {}, x = {} }: AffineSizes): boolean => [y, x].some(({ kernel = 1 }) => kernel > 1);

/** Buffers of the compiler, and what the maps say that they hold: words up to whole lines of 64 bytes. */
function buffers({ k, t }: NonNullable<Lowered['tiled']>) {
  const { form, streams } = describeContraction(k, t, machine, 1);
  const tile = { b: t.b, y: t.y, x: t.x, n: t.n, c: t.c, ky: t.ky, kx: k.x.kernel };
  const bytes = (map: AccessMap): number => lines(footprint(map, tile));
  const { a, w, out } = form.maps;
  return { counted: streams.map((s) => s.bytes), computed: [bytes(a), bytes(w), bytes(out)], form };
}

const wordsOf = (map: AccessMap, domain: AffineExpression['domain']): number => {
  const read = new Set(map.flatMap((s) => s.terms.map((term) => term.index)));
  return domain.filter((d) => read.has(d.index)).reduce((n, d) => n * d.size, 1);
};

export const exercise: Exercise = {
  id: '6.12',
  title: {
    en: 'a layer as one affine expression, and its schedules apart from it',
    zh: '循环表示对 DLP 设计的不足与改进，提出新的卷积表示',
  },
  rows: 5,
  async show({ print }) {
    const engine = await sharedEngine();
    for (const { name, sizes } of LAYERS) {
      print(`${name}:`);
      for (const line of expressionText(affineExpression(sizes))) print(`  ${line}`);
      for (const [which, schedule, convolution] of SCHEDULES) {
        if (convolution === 'im2col' && !hasWindows(sizes)) continue;
        const { program, tiled } = await lowered(sizes, schedule, engine, convolution);
        if (tiled === undefined) {
          print(`  on the vector unit, whose multiply-add has the window in its records: ${loopsOf(program)}`);
          break;
        }
        print(`  ${which}: ${loopsOf(program)}; buffers ${buffers(tiled).counted.join(' + ')} bytes`);
      }
    }
  },
  async check(check) {
    const engine = await sharedEngine();
    const forms = LAYERS.map(({ sizes }) => affineExpression(sizes));
    check.equal('expressions of one constructor', new Set(forms.map((f) => JSON.stringify(f))).size, 4);
    for (const { name, sizes } of LAYERS) {
      const expected = evaluated(sizes);
      const nests = new Set<string>();
      for (const [which, schedule, convolution] of SCHEDULES) {
        if (convolution === 'im2col' && !hasWindows(sizes)) continue;
        const { program, out, tiled } = await lowered(sizes, schedule, engine, convolution);
        check.holds(`${name}, ${which}: every sum`, out.join() === expected.join());
        if (tiled === undefined) break;
        const { counted, computed, form } = buffers(tiled);
        if (convolution === 'im2col') {
          // 9 rows of outputs, 11 columns with their halo, 3 rows of the kernel side by side, 8 channels.
          check.equal(`${name}, ${which}: bytes of a tile, rows unfolded`, counted[0], lines(9 * 11 * 3 * 8));
          check.equal(`${name}, ${which}: a window is one run`, tiled.k.c.total * tiled.k.y.kernel, 3 * 3 * 8);
        } else {
          nests.add(loopsOf(program));
          check.equal(`${name}, ${which}: bytes of buffers by the maps`, computed, counted);
        }
        const { domain, maps } = form;
        const isSame = JSON.stringify({ domain, maps }) === JSON.stringify(affineExpression(sizes));
        check.holds(`${name}, ${which}: this is what the compiler tiles`, isSame);
      }
      if (name !== 'depthwise') check.atLeast(`${name}: loop nests of one expression`, nests.size, 3);
    }
    const conv3 = affineExpression(CONV3);
    const words = wordsOf(conv3.maps.a, conv3.domain);
    check.equal('im2col words of conv3, and the expansion', [words, words / (13 * 13 * 256)], [389376, 9]);
    const tile = { n: 64, c: 32, y: 7, x: 7, ky: 3, kx: 3 };
    const { a, w, out } = conv3.maps;
    const total = [a, w, out].reduce((sum, map) => sum + footprint(map, tile), 0);
    check.equal('words of a tile (64, 32, 7, 7) of conv3', total, 24160);
    const illegal = (more: Partial<Tiling>) => () =>
      lowered(LAYERS[1]!.sizes, (k) => ({ ...whole(k), ...more }), engine);
    await check.throws(
      'a reduction dealt to cores',
      illegal({ deals: [{ loop: 'c', over: 'core' }] }),
      /SYS-LOWER-108/,
    );
    await check.throws('a tile larger than its loop', illegal({ n: 64 }), /SYS-LOWER-106/);
    await check.throws('tiles that do not fit', () => lowered(CONV3, whole, engine), /SYS-LOWER-105/);
  },
};
