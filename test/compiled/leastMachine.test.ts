/** What passes `machine check` runs: on a machine with the least of every memory, layers of every unit fit and are right. */
import { expect, test } from 'vitest';
import { int, ints } from '#ir';
import { capacityErrors, type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { PRESETS } from '../support/machines.ts';

const single = presets.get('textbook-single')!;

/** The least memory that the capacity check lets pass, found by asking it. */
function least(machine: Machine, change: (bytes: number) => Machine): number {
  let [low, high] = [0, 2 ** 20];
  while (high - low > 4) {
    const middle = 4 * Math.floor((low + high) / 8);
    if (capacityErrors(change(middle), () => ({})).length === 0) high = middle;
    else low = middle;
  }
  expect(capacityErrors(machine, () => ({}))).toEqual([]);
  return high;
}

function smallest(machine: Machine): Machine {
  const nram = least(machine, (bytes) => ({ ...machine, nram: { bytes } }));
  const wram = least(machine, (bytes) => ({ ...machine, wram: { bytes } }));
  const words = least(machine, (n) => ({ ...machine, control: { ...machine.control, instructionWords: n } }));
  const accumulatorBytes = least(machine, (n) => ({ ...machine, matrix: { ...machine.matrix, accumulatorBytes: n } }));
  return {
    ...machine,
    nram: { bytes: nram },
    wram: { bytes: wram },
    control: { ...machine.control, instructionWords: words },
    matrix: { ...machine.matrix, accumulatorBytes },
  };
}

const one = {
  ...single,
  vector: { ...single.vector, lanes: 1 },
  matrix: { ...single.matrix, tn: 1, ti: 1 },
} as Machine;

const LAYERS: readonly (readonly [string, (b: GraphBuilder) => string])[] = [
  ['MatMul', (b) => b.node('MatMul', [b.input([9, 40]).name, b.weights([40, 20])])],
  ['Conv', (b) => b.node('Conv', [b.input([1, 5, 9, 7]).name, b.weights([20, 5, 1, 1]), b.constant([20])])],
  ['Relu', (b) => b.node('Relu', [b.input([4, 70]).name])],
  ['Add', (b) => b.node('Add', [b.input([4, 70]).name, b.input([70]).name])],
  ['MaxPool', (b) => b.node('MaxPool', [b.input([1, 5, 6, 6]).name], { kernel_shape: ints([2, 2]) })],
  ['ReduceSum', (b) => b.node('ReduceSum', [b.input([6, 50]).name, b.int64s([1])], { keepdims: int(0) })],
  ['Transpose', (b) => b.node('Transpose', [b.input([6, 50]).name])],
];

for (const machine of [one, ...PRESETS]) {
  test.each(LAYERS)(`%s on the smallest ${machine === one ? 'of all' : machine.name}`, async (_, make) => {
    const b = new GraphBuilder(1, 18);
    const y = make(b);
    const { faults, compiled } = await runCompiled(b.model([y]), smallest(machine), b.feeds(), { rounding: 1e-5 });
    expect(faults).toEqual([]);
    expect(compiled.program.layers.flatMap((l) => l.onHost ?? [])).toEqual([]);
  });
}

test('the smallest DRAM holds the smallest network', async () => {
  const bytes = least(single, (n) => ({ ...single, dram: { ...single.dram, bytes: n } }));
  const b = new GraphBuilder(1, 18);
  const y = b.node('MatMul', [b.input([4, 4]).name, b.weights([4, 4])]);
  const { faults } = await runCompiled(b.model([y]), { ...single, dram: { ...single.dram, bytes } }, b.feeds());
  expect(faults).toEqual([]);
});
