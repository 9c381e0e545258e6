/**
 * Window kernels: pooling and depthwise convolution. The tile lies as [y, x, c]; one instruction walks (y, x, ky, kx, c) and
 * accumulates into a result whose ky and kx strides are 0. Where windows step by one pixel and few channels leave lanes idle, (x, c) is one
 * run: what differs by channel is then repeated for each x of a tile once.
 */
import { ELEMENT_BYTES, type ElementType, type VectorFunction } from '#isa';
import { type Machine, vectorLanes } from '#machine';
import { coresFor, dealing } from '../cores.ts';
import { decided } from '../decisions.ts';
import { elementBits } from '../elementTypes.ts';
import type { Operand } from '../emitter.ts';
import { EMPTY_WORD, IN } from '../formula/words.ts';
import {
  bufferBytes,
  bufferStrides,
  elementBytes,
  extentOf,
  isKept,
  isRagged,
  type LoopDim,
  type Stream,
  type TileContext,
  tileStrides,
} from '../stream.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { Access, Step, Temporary } from '../vectorSteps.ts';
import { type BuildKernel, rankTiles, searchTiles, type VectorTiles } from '../vectorTiles.ts';
import { placeOf, typeOfView, type View } from '../views.ts';

export interface WindowDim {
  readonly total: number;
  readonly kernel: number;
  readonly scale: number;
  readonly dilation: number;
  readonly pad: number;
}

/** What follows on the result: alone, with a number, with one for each channel, or with a second value of the same sizes beside it. */
export interface WindowStep {
  readonly f: VectorFunction;
  /** Where its operands are, and where it leaves its value: the result itself where it is not said. Values beside it are f32, as it is then. */
  readonly a?: 'beside';
  readonly b?: 'out' | 'beside';
  readonly into?: 'beside';
  readonly scalar?: number;
  /** [c], of the type that the step finds. */
  readonly perChannel?: View;
  /** What it leaves; the same type where it is not said. */
  readonly type?: ElementType;
  readonly saturate?: boolean;
  readonly zero?: number;
}

export interface WindowKernel {
  /** [b, c, y, x] views. */
  readonly input: View;
  readonly output: View;
  readonly y: WindowDim;
  readonly x: WindowDim;
  readonly reduce: 'max' | 'add';
  /** What padding counts as. */
  readonly fill: number;
  /** Type of the sums, where it is not that of the result. */
  readonly sums?: ElementType;
  /** Depthwise weights [ky, kx, c] and bias [c]. The input is converted to their type where it has another. */
  readonly weights?: View;
  readonly bias?: View;
  /** Reciprocal counts [y, x] that the sum is multiplied by, or one factor. */
  readonly scale?: View | number;
  readonly after: readonly WindowStep[];
  /** Whether bytes, of which there are maxima, lie in words of f32 (`formula/words.ts`). */
  readonly isInWords?: boolean;
}

/** All that the time of a kernel depends on. */
export const windowKey = (k: WindowKernel): string => {
  const { input, output, weights, bias, scale, after, y, x, reduce, sums, isInWords } = k;
  return JSON.stringify([
    ...[input, output, weights, bias].map((v) => v && [v.dtype, v.dims, v.strides, v.buffer.home]),
    typeof scale === 'object' ? scale.strides : scale !== undefined,
    after.map((step) => [step.f, step.a, step.b, step.into, step.type, step.perChannel?.strides]),
    [y, x, reduce, sums, isInWords],
  ]);
};

/** What its time does not depend on. */
const UNSEEN = ['matrix', 'wram'] as const;

/** The kernel with the tiles that are predicted to be fastest; undefined where not even the smallest fit. */
export function planWindow(k: WindowKernel, machine: Machine): VectorKernel | undefined {
  if (k.isInWords === true && [k.input, k.output].some((v) => isKept(placeOf(v)))) return undefined;
  const { sizes, build } = windowTiles(k, machine);
  const found = decided(machine, `window ${windowKey(k)}`, () => searchTiles(sizes, machine, build), {
    unseen: UNSEEN,
  });
  if (found === undefined) return undefined;
  const kernelOf = ({ tiles, deals }: VectorTiles): VectorKernel => build(tiles, dealing(deals, coresFor(machine)));
  return { ...kernelOf(found), considered: (most) => rankTiles(sizes, machine, build, most).map(kernelOf) };
}

/** A window kernel over loops of another nest: they go by the names `b`, `y`, `x` and `c`. @param tiles of y, x and c */
export const windowOver = (
  k: WindowKernel,
  tiles: readonly number[],
  loop: (name: string) => LoopDim,
  machine: Machine,
): VectorKernel => windowTiles(k, machine).build(tiles, loop);

function windowTiles(
  k: WindowKernel,
  machine: Machine,
): {
  readonly sizes: readonly number[];
  readonly build: BuildKernel;
} {
  const [batch, channels] = [k.input.dims[0]!, k.input.dims[1]!];
  const limit = { y: k.input.dims[2]!, x: k.input.dims[3]! };
  const s = k.input.strides;
  const o = k.output.strides;
  const build: BuildKernel = ([ty, tx, tc], loop) => {
    const b = loop('b', batch, 1);
    const c = loop('c', channels, tc!);
    const y = loop('y', k.y.total, ty!);
    const x = loop('x', k.x.total, tx!);
    // Channels outermost: their weights stay while the image passes.
    const loops = [c, b, y, x];
    const nram = (v: View) => ({ space: 'nram', type: typeOfView(v), ...placeOf(v) }) as const;
    const words = k.isInWords === true;
    const elements = words ? 'f32' : typeOfView(k.weights ?? k.input);
    // Words are in the order of unsigned bytes; of others they are made so.
    const converts = words ? typeOfView(k.input) === 'i8' : elements !== typeOfView(k.input);
    const bytesIn = (s: Stream): Stream => {
      const dense: Stream = { ...s, type: 'f32' };
      return words ? { ...s, padStrides: bufferStrides(dense), bufferBytes: bufferBytes(dense) } : s;
    };
    const extent = (w: WindowDim): number => (w.kernel - 1) * w.dilation + 1;
    const input: Stream = {
      ...(words ? { emptyWord: EMPTY_WORD } : {}),
      ...bytesIn({
        ...nram(k.input),
        name: 'input',
        fill: elementBits(typeOfView(k.input), k.fill),
        outer: [{ loop: b, stride: s[0]! }],
        dims: [
          { loop: y, scale: k.y.scale, window: extent(k.y), pad: k.y.pad, limit: limit.y, stride: s[2]! },
          { loop: x, scale: k.x.scale, window: extent(k.x), pad: k.x.pad, limit: limit.x, stride: s[3]! },
          { loop: c, limit: channels, stride: s[1]! },
          // Whole, so that it is converted whole, whatever the size of the tile.
        ].map((d) => (converts ? { ...d, whole: true } : d)),
      }),
    };
    const output: Stream = bytesIn({
      ...nram(k.output),
      name: 'result',
      outer: [{ loop: b, stride: o[0]! }],
      dims: [
        { loop: y, limit: k.y.total, stride: o[2]! },
        { loop: x, limit: k.x.total, stride: o[3]! },
        { loop: c, limit: channels, stride: o[1]! },
      ],
    });
    const inputs = [input];
    let weights: Stream | undefined;
    if (k.weights !== undefined) {
      const w = k.weights;
      weights = {
        ...nram(w),
        name: 'weights',
        dims: [
          { limit: k.y.kernel, stride: w.strides[0]! },
          { limit: k.x.kernel, stride: w.strides[1]! },
          { loop: c, limit: channels, stride: w.strides[2]! },
        ],
      };
      inputs.push(weights);
    }
    const perChannel = (v: View | undefined, name: string): Stream | undefined => {
      if (v === undefined) return undefined;
      const stream: Stream = { ...nram(v), name, dims: [{ loop: c, limit: channels, stride: v.strides[0]! }] };
      inputs.push(stream);
      return stream;
    };
    const bias = perChannel(k.bias, 'bias');
    const behind = k.after.map((step, i) => perChannel(step.perChannel, `parameter ${i}`));
    let factors: Stream | undefined;
    if (k.scale !== undefined && typeof k.scale !== 'number') {
      factors = {
        ...nram(k.scale),
        name: 'factors',
        dims: [
          { loop: y, limit: k.y.total, stride: k.scale.strides[0]! },
          { loop: x, limit: k.x.total, stride: k.scale.strides[1]! },
        ],
      };
      inputs.push(factors);
    }
    const inputStrides = tileStrides(input) as [number, number, number];
    const wide = ELEMENT_BYTES[elements];
    // Of what a window is computed from: the tile, or what it is converted to.
    const given = words ? 'f32' : input.type;
    const [iy, ix] = (converts ? bufferStrides(input) : inputStrides).map((v) => (v * wide) / ELEMENT_BYTES[given]) as [
      number,
      number,
    ];
    const temporaries: Temporary[] = [];
    const temporary = (name: string, type: ElementType, count: number): Temporary => {
      const made = { name, type, bytes: ELEMENT_BYTES[type] * count };
      temporaries.push(made);
      return made;
    };
    const extents = input.dims.map(extentOf);
    const product = (list: readonly number[]): number => list.reduce((n, v) => n * v, 1);
    const converted = converts ? temporary('converted', elements, product(extents)) : undefined;
    const made = words ? 'f32' : output.type;
    const sums = k.sums ?? made;
    const apart = sums === made ? undefined : temporary('sums', sums, product(output.dims.map((d) => extentOf(d))));
    const beside = k.after.some((step) => step.into === 'beside')
      ? temporary('beside', 'f32', product(output.dims.map((d) => extentOf(d))))
      : undefined;
    const outStrides = tileStrides(output) as [number, number, number];
    const sumStrides = bufferStrides(output);
    /** The result so far, as elements of a type: in the output's tile, or as words beside it. */
    const result = (type: ElementType, strides: (y: number, x: number, c: number) => number[]): Access => {
      const width = ELEMENT_BYTES[apart === undefined ? made : type];
      if (apart === undefined) return { tile: output, type, strides: strides(...outStrides) };
      const [sy, sx] = sumStrides.map((v) => (v * width) / ELEMENT_BYTES[output.type]) as [number, number];
      return { tile: apart, type, strides: strides(sy, sx, width) };
    };
    const lanes = vectorLanes(machine.vector, elements) ?? 1;
    /** Whether the pixels of a row follow each other without a gap, as they do in a buffer. */
    const isRow = (s: Stream | undefined): boolean =>
      s === undefined || !isKept(s) || s.dims[1]!.stride === channels * elementBytes(s);
    /** Elements of a row of the tile as one run, where that takes less time. */
    const row = tx! * channels;
    const asRows =
      weights !== undefined &&
      factors === undefined &&
      tc === channels &&
      isRow(converted === undefined ? input : undefined) &&
      isRow(output) &&
      k.x.scale === 1 &&
      !isRagged(x) &&
      Math.ceil(row / lanes) * (ty! + 1) < ty! * tx! * Math.ceil(channels / lanes);
    /** What differs by channel, repeated for each x; by its tile of channels. */
    const repeated = new Map<Stream, Temporary>();
    for (const tile of asRows ? inputs.slice(1) : []) {
      repeated.set(tile, temporary(`${tile.name} of a row`, tile.type, product(tile.dims.map(extentOf)) * tx!));
    }
    return {
      loops,
      inputs,
      output,
      temporaries,
      needsRuns: inputs,
      body: (at: TileContext, emit) => {
        if (converted !== undefined) {
          const strides = bufferStrides(input).map((v) => (v * wide) / ELEMENT_BYTES[given]);
          const sizes = [...extents].reverse();
          const a: Access = { tile: input, type: given, strides: [...inputStrides].reverse() };
          const c: Access = { tile: converted, strides: strides.reverse() };
          if (words) {
            // Of two's complement bytes from 128 on are 256 less.
            emit.step({ f: 'ge', sizes, a, b: { scalar: IN + 128 }, c });
            emit.step({ f: 'mul', sizes, a: c, b: { scalar: -256 }, c });
            emit.step({ f: 'add', sizes, a: c, b: a, c });
          } else emit.step({ f: 'mov', sizes, a, c });
        }
        const repeat = (): void => {
          for (const [tile, to] of repeated) {
            const width = ELEMENT_BYTES[tile.type];
            const taps = product(tile.dims.map(extentOf)) / channels;
            emit.step({
              f: 'mov',
              sizes: [channels, tx!, taps],
              a: { tile, strides: [width, 0, width * channels] },
              c: { tile: to, strides: [width, width * channels, width * row] },
            });
          }
        };
        // Once, unless some core begins elsewhere than with the first tile.
        const turns = [b, y, x];
        if (turns.some((l) => l.deal !== undefined)) repeat();
        else turns.reduce((inner, l) => () => emit.first(l, inner, () => {}), repeat)();
        /** Sizes and strides of the tile's places: y, x, c, or y and a row. */
        const places = (c1: number, x1: number, y1: number): number[] => (asRows ? [c1, y1] : [c1, x1, y1]);
        const placeSizes = asRows ? [row, at.size(y)] : [at.size(c), at.size(x), at.size(y)];
        const [inner, ...outer] = placeSizes as [Operand, ...Operand[]];
        const withTaps = ([c1, ...rest]: number[], kx: number, ky: number): number[] => [c1!, kx, ky, ...rest];
        const a = {
          tile: converted ?? input,
          type: elements,
          strides: withTaps(places(wide, k.x.scale * ix, k.y.scale * iy), k.x.dilation * ix, k.y.dilation * iy),
        };
        const main: Step = {
          ...{ f: 'mov', sizes: [inner, k.x.kernel, k.y.kernel, ...outer], a },
          ...{ c: result(sums, (oy, ox, width) => withTaps(places(width, ox, oy), 0, 0)) },
          ...{ accumulate: k.reduce, init: true },
        };
        if (weights === undefined) emit.step(main);
        else {
          const [wy, wx] = tileStrides(weights).map((v) => (asRows ? v * tx! : v)) as [number, number, number];
          const b = { tile: repeated.get(weights) ?? weights, strides: withTaps(places(wide, 0, 0), wx, wy) };
          emit.step({ ...main, f: 'mul', b });
        }
        const ofChannel = (tile: Stream): Access => ({
          tile: repeated.get(tile) ?? tile,
          strides: places(ELEMENT_BYTES[tile.type], 0, 0),
        });
        const over = (oy: number, ox: number, width: number): number[] => places(width, ox, oy);
        const [besideY, besideX, besideC] = sumStrides.map((v) => (v * ELEMENT_BYTES.f32) / ELEMENT_BYTES[output.type]);
        const besideAt = (): Access => ({ tile: beside!, strides: over(besideY!, besideX!, besideC!) });
        const steps: (Omit<WindowStep, 'scalar' | 'perChannel' | 'b'> & {
          readonly b?: Step['b'] | 'out' | 'beside';
        })[] = [];
        if (typeof k.scale === 'number') steps.push({ f: 'mul', b: { scalar: k.scale } });
        else if (factors !== undefined) {
          const [fy, fx] = tileStrides(factors) as [number, number];
          steps.push({ f: 'mul', b: { tile: factors, strides: [0, fx, fy] } });
        }
        if (bias !== undefined) steps.push({ f: 'add', b: ofChannel(bias) });
        k.after.forEach(({ scalar, perChannel: _, ...step }, i) => {
          const operand = behind[i] === undefined ? scalar !== undefined && { scalar } : ofChannel(behind[i]);
          steps.push({ ...step, ...(operand === false ? {} : { b: operand }) });
        });
        if (steps.length === 0 && apart !== undefined) steps.push({ f: 'mov' });
        let type = sums;
        steps.forEach(({ f, a: first, b, into, type: to, saturate, zero }, i) => {
          const last = i === steps.length - 1;
          const before = result(type, over);
          const from = first === undefined ? before : besideAt();
          const second = b === 'out' ? before : b === 'beside' ? besideAt() : b;
          type = last ? made : (to ?? type);
          const [oy, ox, oc] = outStrides;
          const c = last ? { tile: output, type, strides: places(oc, ox, oy) } : result(type, over);
          emit.step({
            f,
            sizes: placeSizes,
            a: from,
            ...(second === undefined ? {} : { b: second }),
            c: into === undefined ? c : besideAt(),
            ...(saturate === true ? { saturate } : {}),
            ...(zero === undefined ? {} : { zero }),
          });
        });
      },
    };
  };
  return { sizes: [k.y.total, k.x.total, channels], build };
}
