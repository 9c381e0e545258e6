/**
 * Pixels of one line on an array of scalar MACs, which has a pixel of a plane in each element: rows of products and of 1-D convolutions of
 * single pixels are folded into several lines, by the host's numbers, and fill the array.
 */
import { expect, test } from 'vitest';
import { int } from '#ir';
import { presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';

const ROUNDING = 4e-6;

const CASES: Readonly<Record<string, (g: GraphBuilder) => string>> = {
  'product with weights, and a residual': (g) => {
    const y = g.node('MatMul', [g.input([1, 96, 20]).name, g.constant([20, 24])]);
    return g.node('Add', [y, g.input([1, 96, 24]).name]);
  },
  'batches of products of two activations': (g) =>
    g.node('MatMul', [g.input([3, 32, 20]).name, g.input([3, 20, 16]).name]),
  'fully connected, a batch of 40, a vector added': (g) => {
    const y = g.node('Gemm', [g.input([40, 30]).name, g.weights([18, 30]), g.constant([18])], { transB: int(1) });
    return g.node('Mul', [y, g.input([18]).name]);
  },
  '1-D convolution': (g) => g.node('Conv', [g.input([2, 12, 60]).name, g.weights([16, 12, 1]), g.constant([16])]),
  'a prime number of rows, which stay a line': (g) => g.node('MatMul', [g.input([37, 20]).name, g.constant([20, 24])]),
};

const machines = [MACHINES.find((m) => m.name === 'tiny-scalar')!, presets.get('shidiannao')!];

for (const machine of machines) {
  test(`lines of pixels are folded on ${machine.name}`, async () => {
    for (const [i, [name, make]] of Object.entries(CASES).entries()) {
      const g = new GraphBuilder(i, 18);
      const { faults, compiled } = await runCompiled(g.model([make(g)]), machine, g.feeds(), { rounding: ROUNDING });
      expect(faults, name).toEqual([]);
      const lines = (compiled.program.layers[0]?.loops ?? []).find((l) => l.dim === 'y');
      expect(lines!.tiles * lines!.size > 1, name).toBe(!name.includes('prime'));
    }
  });
}

test('a product takes a fraction of what its rows take in one line', async () => {
  const cyclesOf = async (rows: number): Promise<number> => {
    const g = new GraphBuilder(1, 18);
    const model = g.model([g.node('MatMul', [g.input([rows, 256]).name, g.constant([256, 24])])]);
    return (await runCompiled(model, presets.get('shidiannao')!, g.feeds(), { rounding: ROUNDING })).cycles;
  };
  // 127 is a prime: 16 blocks of the array, where 128 are two.
  expect(await cyclesOf(128)).toBeLessThan((await cyclesOf(127)) / 2);
});
