/**
 * Data movement and broadcasting with random arguments, the reference evaluation and the inferred types against the host
 * engine. Seeded; a failing case is written out in its message.
 */
import { beforeAll, test } from 'vitest';
import { Random } from '#base';
import { createEngine, type Engine } from '#engine';
import { type DataType, elementCount, int, ints, string, type Tensor, tensorOf } from '#ir';
import type { Sample } from '#ops';
import { caseOf, counting, dimsOf, expectAgreement, int64s, many, shuffled, signed } from '../support/randomCases.ts';

const CASES = 60;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});

/** A shape that broadcasts with `dims`: some axes 1, some leading ones missing. */
const stretching = (random: Random, dims: readonly number[]): number[] =>
  dims.map((d) => (random.integer(0, 2) === 0 ? 1 : d)).slice(random.integer(0, dims.length));

function broadcasting(op: string, dtype: DataType) {
  return (random: Random): Sample => {
    const dims = dimsOf(random);
    const operand = (low: number, high: number): Tensor => {
      const shape = stretching(random, dims);
      return tensorOf(
        dtype,
        shape,
        many(elementCount(shape), () => random.integer(low, high)),
      );
    };
    return caseOf(op, {}, [operand(-100, 100), operand(1, 9)], { fed: [0, 1] });
  };
}

const DRAW: Readonly<Record<string, (random: Random) => Sample>> = {
  Slice(random) {
    const dims = dimsOf(random, 0);
    const axes = shuffled(
      random,
      dims.map((_, axis) => axis),
    ).slice(0, random.integer(1, dims.length));
    const place = () => random.pick([random.integer(-8, 8), random.integer(-8, 8), 2 ** 31, -(2 ** 31)]);
    return caseOf('Slice', {}, [
      counting(dims),
      int64s(axes.map(place)),
      int64s(axes.map(place)),
      int64s(axes.map((axis) => signed(random, axis, dims.length))),
      int64s(axes.map(() => random.pick([1, 1, 2, 3, -1, -2, -3]))),
    ]);
  },
  Pad(random) {
    const mode = random.pick(['constant', 'edge', 'reflect', 'wrap']);
    const dims = dimsOf(random, 2);
    // ONNX Runtime reflects once only, and mixes cropping into its modes; both are held by unit tests.
    const low = mode === 'constant' ? -1 : 0;
    const pads = [...dims, ...dims].map((d) => random.integer(low, mode === 'constant' ? 3 : d - 1));
    return caseOf('Pad', { mode: string(mode) }, [
      counting(dims),
      int64s(pads),
      mode === 'constant' ? tensorOf('float32', [], [-7]) : undefined,
    ]);
  },
  Gather(random) {
    const dims = dimsOf(random);
    const axis = random.integer(0, dims.length - 1);
    const shape = dimsOf(random, 1, random.integer(0, 2));
    const indices = many(elementCount(shape), () => random.integer(-dims[axis]!, dims[axis]! - 1));
    return caseOf('Gather', { axis: int(signed(random, axis, dims.length)) }, [
      counting(dims),
      tensorOf(random.pick(['int32', 'int64']), shape, indices),
    ]);
  },
  Transpose(random) {
    const dims = dimsOf(random, 0);
    const perm = shuffled(
      random,
      dims.map((_, axis) => axis),
    );
    return caseOf('Transpose', { perm: ints(perm) }, [counting(dims)]);
  },
  Concat(random) {
    const dims = dimsOf(random);
    const axis = random.integer(0, dims.length - 1);
    const parts = many(random.integer(1, 4), () =>
      counting(dims.map((d, k) => (k === axis ? random.integer(0, 4) : d))),
    );
    return caseOf('Concat', { axis: int(signed(random, axis, dims.length)) }, parts, { fed: parts.map((_, i) => i) });
  },
  Split(random) {
    const sizes = many(random.integer(1, 4), () => random.integer(0, 3));
    const dims = dimsOf(random);
    const axis = random.integer(0, dims.length - 1);
    dims[axis] = sizes.reduce((a, b) => a + b, 0);
    return caseOf('Split', { axis: int(signed(random, axis, dims.length)) }, [counting(dims), int64s(sizes)], {
      outputs: sizes.length,
    });
  },
  Reshape(random) {
    const dims = dimsOf(random);
    const asked = shuffled(random, dims);
    const rest = random.integer(0, asked.length - 1);
    return caseOf('Reshape', {}, [
      counting(dims),
      int64s(asked.map((d, k) => (k === rest ? -1 : d === dims[k] && random.integer(0, 1) === 0 ? 0 : d))),
    ]);
  },
  Unsqueeze(random) {
    const dims = dimsOf(random);
    const rank = dims.length + random.integer(1, 2);
    const axes = shuffled(
      random,
      many(rank, (k) => k),
    ).slice(0, rank - dims.length);
    return caseOf('Unsqueeze', {}, [counting(dims), int64s(axes.map((axis) => signed(random, axis, rank)))]);
  },
  Expand(random) {
    const dims = dimsOf(random);
    const asked = stretching(random, dims);
    return caseOf('Expand', {}, [counting(stretching(random, dims)), int64s(asked)]);
  },
  Tile(random) {
    const dims = dimsOf(random);
    return caseOf('Tile', {}, [counting(dims), int64s(dims.map(() => random.integer(0, 3)))]);
  },
  'Sub, float32': broadcasting('Sub', 'float32'),
  'Mul, int32': broadcasting('Mul', 'int32'),
  'Div, int64': broadcasting('Div', 'int64'),
  'Less, int32': broadcasting('Less', 'int32'),
};

test.each(Object.entries(DRAW))(`%s: ${CASES} cases`, async (_, draw) => {
  for (let seed = 0; seed < CASES; seed++) await expectAgreement(engine, draw(new Random(7000 + seed)), seed);
});
