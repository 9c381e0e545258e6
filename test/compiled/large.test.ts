/**
 * Layers that no simple tile holds: large kernels, large windows, long axes, small scratchpads. All of them run on the
 * processor and agree with the host.
 */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { randomInput } from '#flow';
import { type Attribute, int, ints, type Model, tensorOf, tensorType } from '#ir';
import { type Machine, presets } from '#machine';
import { modelOf } from '#onnx';
import { runCompiled } from '../support/compiledRun.ts';

const textbook = presets.get('textbook-single')!;
const small: Machine = { ...textbook, name: 'small', nram: { bytes: 8192 }, wram: { bytes: 8192 } };

function oneNode(
  op: string,
  x: readonly number[],
  attributes: Record<string, Attribute>,
  constants: number[][],
): Model {
  const random = new Random(3);
  const values = constants.map((dims, i) => {
    const data = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.uniform() - 0.5);
    return [`c${i}`, tensorOf('float32', dims, data)] as const;
  });
  return modelOf(
    {
      name: op,
      inputs: [{ name: 'x', type: tensorType('float32', x) }],
      outputs: [{ name: 'y', type: undefined }],
      nodes: [
        {
          name: 'node',
          op,
          domain: '',
          inputs: ['x', ...values.map(([name]) => name)],
          outputs: ['y'],
          attributes: new Map(Object.entries(attributes)),
        },
      ],
      constants: new Map(values),
      types: new Map(),
    },
    17,
  );
}

const pads = (n: number): Attribute => ints([n, n, n, n]);

test.each([
  [
    'patches of 32×32',
    oneNode('Conv', [1, 3, 224, 224], { strides: ints([32, 32]) }, [[64, 3, 32, 32], [64]]),
    textbook,
  ],
  [
    'patches of 64×64',
    oneNode('Conv', [1, 3, 128, 128], { strides: ints([64, 64]) }, [[40, 3, 64, 64], [40]]),
    textbook,
  ],
  ['a kernel of 21×21', oneNode('Conv', [1, 64, 24, 24], { pads: pads(10) }, [[32, 64, 21, 21]]), textbook],
  ['1-D, 200 taps', oneNode('Conv', [1, 32, 600], {}, [[32, 32, 200]]), textbook],
  ['3×3 in scratchpads of 8 KB', oneNode('Conv', [1, 64, 14, 14], { pads: pads(1) }, [[64, 64, 3, 3], [64]]), small],
  ['a maximum over 400×400', oneNode('MaxPool', [1, 2, 400, 400], { kernel_shape: ints([400, 400]) }, []), textbook],
  [
    'a padded maximum over 200×200',
    oneNode('MaxPool', [1, 3, 300, 300], { kernel_shape: ints([200, 200]), pads: pads(50), strides: ints([7, 9]) }, []),
    textbook,
  ],
  [
    'an average over 129×129',
    oneNode(
      'AveragePool',
      [1, 4, 200, 200],
      { kernel_shape: ints([129, 129]), pads: pads(20), strides: ints([3, 3]) },
      [],
    ),
    textbook,
  ],
  ['softmax over 50,257', oneNode('Softmax', [2, 50257], { axis: int(-1) }, []), textbook],
  ['log-softmax over 50,021', oneNode('LogSoftmax', [3, 50021], { axis: int(1) }, []), textbook],
  ['a lone transposition', oneNode('Transpose', [300, 200], {}, []), textbook],
  ['a maximum along an axis', oneNode('ReduceMax', [4, 50, 60], { axes: ints([1]), keepdims: int(0) }, []), textbook],
  ['a minimum over a large tensor', oneNode('ReduceMin', [200, 300, 6], { axes: ints([0, 1]) }, []), textbook],
  ['a global maximum', oneNode('GlobalMaxPool', [2, 5, 100, 100], {}, []), textbook],
] as const)('%s', async (_name, model, machine) => {
  const type = model.graph.inputs[0]!.type;
  if (type?.kind !== 'tensor') throw new Error('the input is a tensor');
  const slot = { name: 'x', dtype: 'float32', dims: type.shape as number[], strides: [], address: 0 } as const;
  const run = await runCompiled(model, machine, new Map([['x', randomInput(slot, 1, 0)]]));
  expect(run.faults).toEqual([]);
  expect(run.compiled?.program.layers.map((l) => l.where)).not.toContain('host');
  // Outputs are made, even where no arithmetic is.
  expect(run.cycles).toBeGreaterThan(0);
});
