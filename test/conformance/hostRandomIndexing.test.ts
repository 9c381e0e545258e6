/**
 * Gathering, scattering, ranking and running sums with random indices and axes: the reference evaluation and the inferred types
 * against the host engine. Data counts upwards or repeats itself, so that a wrong place or a wrong choice among equals shows.
 */
import { beforeAll, test } from 'vitest';
import { Random } from '#base';
import { createEngine, type Engine } from '#engine';
import { type DataType, elementCount, int, string, type Tensor, tensorOf } from '#ir';
import type { Sample } from '#ops';
import { caseOf, counting, dimsOf, expectAgreement, int64s, many, shuffled, signed } from '../support/randomCases.ts';

const CASES = 60;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});

/** Data with many equal elements. */
const repeating = (random: Random, dims: readonly number[], dtype: DataType = 'float32'): Tensor =>
  tensorOf(
    dtype,
    dims,
    many(elementCount(dims), () => random.integer(-3, 3)),
  );

const indicesInto = (random: Random, dims: readonly number[], size: number): Tensor =>
  tensorOf(
    'int64',
    dims,
    many(elementCount(dims), () => random.integer(-size, size - 1)),
  );

/** Tuples [count, k] of places on the first k axes; distinct where updates of one place have no order. */
function tuples(random: Random, sizes: readonly number[], distinct: boolean): Tensor {
  const all = elementCount(sizes);
  const count = random.integer(1, distinct ? all : 6);
  const places = distinct
    ? shuffled(
        random,
        many(all, (i) => i),
      ).slice(0, count)
    : many(count, () => random.integer(0, all - 1));
  const values = [...places].flatMap((place) => {
    let rest = place;
    return sizes
      .map((_, k) => sizes.length - 1 - k)
      .map((axis) => {
        const at = rest % sizes[axis]!;
        rest = Math.floor(rest / sizes[axis]!);
        return random.integer(0, 1) === 0 ? at : at - sizes[axis]!;
      })
      .reverse();
  });
  return tensorOf('int64', [count, sizes.length], values);
}

const REDUCTIONS = ['none', 'add', 'mul', 'max', 'min'] as const;

const DRAW: Readonly<Record<string, (random: Random) => Sample>> = {
  GatherElements(random) {
    const dims = dimsOf(random);
    const axis = random.integer(0, dims.length - 1);
    const shape = dims.map((d, k) => (k === axis ? random.integer(1, 6) : random.integer(1, d)));
    return caseOf('GatherElements', { axis: int(signed(random, axis, dims.length)) }, [
      counting(dims),
      indicesInto(random, shape, dims[axis]!),
    ]);
  },
  ScatterElements(random) {
    const dims = dimsOf(random);
    const axis = random.integer(0, dims.length - 1);
    const reduction = random.pick(REDUCTIONS);
    // Without a reduction, updates of one place have no order: one index along the axis then.
    const shape = dims.map((d, k) =>
      k !== axis ? random.integer(1, d) : reduction === 'none' ? 1 : random.integer(1, 5),
    );
    return caseOf(
      'ScatterElements',
      { axis: int(signed(random, axis, dims.length)), reduction: string(reduction) },
      [counting(dims), indicesInto(random, shape, dims[axis]!), repeating(random, shape)],
      { fed: [0, 2] },
    );
  },
  GatherND(random) {
    const dims = dimsOf(random);
    const batch = random.integer(0, dims.length - 1);
    const k = random.integer(1, dims.length - batch);
    const per = random.integer(1, 4);
    const shape = [...dims.slice(0, batch), per, k];
    const indices = many(elementCount(shape), (i) => {
      const size = dims[batch + (i % k)]!;
      return random.integer(-size, size - 1);
    });
    return caseOf('GatherND', { batch_dims: int(batch) }, [counting(dims), tensorOf('int64', shape, indices)]);
  },
  ScatterND(random) {
    const dims = dimsOf(random);
    const k = random.integer(1, dims.length);
    const reduction = random.pick(REDUCTIONS);
    const indices = tuples(random, dims.slice(0, k), reduction === 'none');
    const updates = repeating(random, [indices.dims[0]!, ...dims.slice(k)]);
    return caseOf('ScatterND', { reduction: string(reduction) }, [counting(dims), indices, updates], { fed: [0, 2] });
  },
  TopK(random) {
    const dims = dimsOf(random);
    const axis = random.integer(0, dims.length - 1);
    const attributes = { axis: int(signed(random, axis, dims.length)), largest: int(random.integer(0, 1)) };
    const k = random.integer(0, dims[axis]!);
    return caseOf('TopK', attributes, [repeating(random, dims), int64s([k])], { outputs: 2 });
  },
  CumSum(random) {
    const dims = dimsOf(random);
    const axis = signed(random, random.integer(0, dims.length - 1), dims.length);
    const attributes = { exclusive: int(random.integer(0, 1)), reverse: int(random.integer(0, 1)) };
    return caseOf('CumSum', attributes, [repeating(random, dims), tensorOf('int64', [], [axis])]);
  },
  OneHot(random) {
    const dims = dimsOf(random);
    const depth = random.integer(1, 5);
    const axis = signed(random, random.integer(0, dims.length), dims.length + 1);
    return caseOf('OneHot', { axis: int(axis) }, [
      indicesInto(random, dims, depth + 2),
      tensorOf('int64', [], [depth]),
      tensorOf('float32', [2], [-1, 2]),
    ]);
  },
  Trilu(random) {
    const dims = [...dimsOf(random, 1, random.integer(0, 2)), random.integer(1, 5), random.integer(1, 5)];
    return caseOf('Trilu', { upper: int(random.integer(0, 1)) }, [
      counting(dims),
      tensorOf('int64', [], [random.integer(-6, 6)]),
    ]);
  },
  ArgMax: extremum('ArgMax'),
  ArgMin: extremum('ArgMin'),
};

function extremum(op: string) {
  return (random: Random): Sample => {
    const dims = dimsOf(random);
    const axis = signed(random, random.integer(0, dims.length - 1), dims.length);
    return caseOf(
      op,
      {
        axis: int(axis),
        keepdims: int(random.integer(0, 1)),
        select_last_index: int(random.integer(0, 1)),
      },
      [repeating(random, dims, random.pick(['float32', 'int32', 'int64']))],
    );
  };
}

test.each(Object.entries(DRAW))(`%s: ${CASES} cases`, async (_, draw) => {
  for (let seed = 0; seed < CASES; seed++) await expectAgreement(engine, draw(new Random(9000 + seed)), seed);
});
