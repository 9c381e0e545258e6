/**
 * Sliding windows are where off-by-one errors live: random convolutions (transposed ones, too) and poolings, the reference evaluation against
 * the host engine. Seeded; the attributes of a failing case are in its message.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine, type Engine } from '#engine';
import { type Attribute, elementCount, int, ints, string, type Tensor, tensorOf } from '#ir';
import { evaluateNode, inferTypes, type Sample, sampleModel } from '#ops';
import { difference } from '../support/compareTensors.ts';

const CASES = 150;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});

const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function tensor(random: Random, dims: readonly number[]): Tensor {
  return tensorOf(
    'float32',
    dims,
    many(elementCount(dims), () => random.normal()),
  );
}

interface Drawn {
  readonly kernel: readonly number[];
  readonly input: readonly number[];
  readonly attributes: Map<string, Attribute>;
}

/** A window with random attributes over an input that is large enough for it. */
function window(random: Random, pooling: boolean): Drawn {
  const rank = random.integer(1, 3);
  const kernel = many(rank, () => random.integer(1, 4));
  const autoPad = random.pick([undefined, undefined, 'SAME_UPPER', 'SAME_LOWER', 'VALID']);
  // Where auto_pad is SAME, ONNX Runtime refuses (Conv) or ignores (pooling) dilations, and its kernels disagree among
  // themselves about strides beyond the kernel: there is nothing to compare with.
  const same = autoPad?.startsWith('SAME') ?? false;
  const dilations = many(rank, () => (same ? 1 : random.integer(1, 3)));
  const strides = kernel.map((k) => random.integer(1, same ? k : 4));
  const input = kernel.map((k, axis) => (k - 1) * dilations[axis]! + random.integer(1, 7));
  const attributes = new Map<string, Attribute>([
    ['strides', ints(strides)],
    ['dilations', ints(dilations)],
  ]);
  if (autoPad !== undefined) {
    attributes.set('auto_pad', string(autoPad));
    return { kernel, input, attributes };
  }
  // A pooling's padding is smaller than its kernel.
  attributes.set('pads', ints([...kernel, ...kernel].map((k) => random.integer(0, k - 1))));
  if (pooling) attributes.set('ceil_mode', int(random.integer(0, 1)));
  return { kernel, input, attributes };
}

function caseOf(op: string, attributes: Map<string, Attribute>, inputs: Tensor[], outputs = 1): Sample {
  const node = {
    name: op,
    op,
    domain: '',
    inputs: inputs.map((_, i) => `x${i}`),
    outputs: many(outputs, () => '').map((_, i) => `y${i}`),
    attributes,
  };
  return { name: op, node, opset: 22, inputs };
}

const DRAW: Readonly<Record<string, (random: Random) => Sample>> = {
  Conv(random) {
    const { kernel, input, attributes } = window(random, false);
    const group = random.integer(1, 3);
    const [perGroup, maps] = [random.integer(1, 3), group * random.integer(1, 3)];
    attributes.set('group', int(group));
    const operands = [[random.integer(1, 2), group * perGroup, ...input], [maps, perGroup, ...kernel], [maps]];
    return caseOf(
      'Conv',
      attributes,
      operands.slice(0, random.integer(2, 3)).map((dims) => tensor(random, dims)),
    );
  },
  ConvTranspose(random) {
    const { kernel, input, attributes } = window(random, false);
    const group = random.integer(1, 3);
    const [channels, perGroup] = [group * random.integer(1, 3), random.integer(1, 3)];
    attributes.set('group', int(group));
    const strides = attributes.get('strides');
    if (strides?.kind === 'ints' && random.integer(0, 1) === 1) {
      attributes.set('output_padding', ints(strides.value.map((s) => random.integer(0, Number(s) - 1))));
    }
    const operands = [[random.integer(1, 2), channels, ...input], [channels, perGroup, ...kernel], [group * perGroup]];
    return caseOf(
      'ConvTranspose',
      attributes,
      operands.slice(0, random.integer(2, 3)).map((dims) => tensor(random, dims)),
    );
  },
  MaxPool(random) {
    const { kernel, input, attributes } = window(random, true);
    attributes.set('kernel_shape', ints(kernel));
    attributes.set('storage_order', int(random.integer(0, 1)));
    return caseOf('MaxPool', attributes, [tensor(random, [2, 2, ...input])], 2);
  },
  AveragePool(random) {
    const { kernel, input, attributes } = window(random, true);
    attributes.set('kernel_shape', ints(kernel));
    attributes.set('count_include_pad', int(random.integer(0, 1)));
    return caseOf('AveragePool', attributes, [tensor(random, [2, 2, ...input])]);
  },
};

describe.each(Object.entries(DRAW))('%s', (_, draw) => {
  test.each(many(CASES, () => 0).map((_, seed) => seed))('seed %i', async (seed) => {
    const s = draw(new Random(1000 + seed));
    const text = `${s.inputs.map((t) => `[${t?.dims}]`).join(' ')} ${[...s.node.attributes]
      .map(([name, a]) => `${name}=${'value' in a ? a.value : ''}`)
      .join(' ')}`;
    const feeds = new Map(s.inputs.map((t, i) => [`x${i}`, t!]));
    const session = await engine.load(inferTypes(sampleModel(s)), { optimize: false, threads: 1 });
    const host = await session.run(feeds);
    await session.release();
    const reference = evaluateNode(s.node, s.opset, s.inputs);
    s.node.outputs.forEach((name, i) => {
      expect(difference(reference[i], host.get(name)!), `${name}: ${text}`).toBeUndefined();
    });
  });
});
