/**
 * Dilated convolutions tap by tap: the host's numbers on several machines, taps that meet nothing but padding left out, and as many
 * multiply-accumulates counted as the node has.
 */
import { describe, expect, test } from 'vitest';
import { type Attribute, int, ints } from '#ir';
import { type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';

const ROUNDING = 4e-6;

const dilated = (
  dilation: readonly number[],
  pads: readonly number[],
  strides = [1, 1],
): Record<string, Attribute> => ({
  dilations: ints(dilation),
  pads: ints(pads),
  strides: ints(strides),
});

const CASES: Readonly<Record<string, (g: GraphBuilder) => string>> = {
  'an activation and a residual behind it': (g) => {
    const x = g.input([1, 40, 13, 11]).name;
    const y = g.node('Conv', [x, g.weights([24, 40, 3, 3]), g.constant([24])], dilated([7, 6], [7, 6, 7, 6]));
    return g.node('Add', [g.node('Relu', [y]), g.input(g.typed(y)!.dims).name]);
  },
  'side by side in a Concat': (g) => {
    const x = g.input([2, 24, 12, 12]).name;
    const branch = (d: number): string =>
      g.node('LeakyRelu', [g.node('Conv', [x, g.weights([8, 24, 3, 3])], dilated([d, d], [d, d, d, d]))]);
    return g.node('Concat', [branch(5), branch(9), branch(20)], { axis: int(1) });
  },
  'strides, uneven padding, a window of 2 × 3': (g) => {
    const x = g.input([1, 33, 14, 17]).name;
    const weights = [g.weights([10, 33, 2, 3]), g.constant([10])];
    return g.node('Conv', [x, ...weights], dilated([6, 5], [3, 9, 5, 2], [2, 1]));
  },
  'one axis': (g) => {
    const x = g.input([1, 30, 40]).name;
    return g.node('Conv', [x, g.weights([16, 30, 3]), g.constant([16])], {
      dilations: ints([16]),
      pads: ints([32, 0]),
    });
  },
};

const KINDS = ['tiny-run', 'tiny-scalar', 'tiny-cluster'];
const small: Machine = { ...presets.get('textbook-single')!, name: 'small', nram: { bytes: 12288 } };

describe('dilated convolutions tap by tap', () => {
  for (const machine of [...MACHINES.filter((m) => KINDS.includes(m.name)), small]) {
    test(machine.name, async () => {
      for (const [i, [name, make]] of Object.entries(CASES).entries()) {
        const g = new GraphBuilder(i, 18);
        const { faults } = await runCompiled(g.model([make(g)]), machine, g.feeds(), { rounding: ROUNDING });
        expect(faults, name).toEqual([]);
      }
    });
  }

  test('a layer for each tap that reads anything, where a tile of windows leaves lanes idle', async () => {
    const layersOf = async (dilation: number): Promise<readonly number[]> => {
      const g = new GraphBuilder(1, 18);
      const x = g.input([1, 64, 14, 14]).name;
      const attributes = dilated([dilation, dilation], Array<number>(4).fill(dilation));
      const y = g.node('Relu', [g.node('Conv', [x, g.weights([32, 64, 3, 3]), g.constant([32])], attributes)]);
      const { faults, compiled } = await runCompiled(g.model([y]), small, g.feeds(), { rounding: ROUNDING });
      expect(faults).toEqual([]);
      return compiled.program.layers.map((l) => l.macs);
    };
    const macs = 32 * 64 * 9 * 14 * 14;
    const apart = await layersOf(10);
    expect(apart).toHaveLength(9);
    expect(apart.reduce((a, b) => a + b, 0)).toBe(macs);
    // Eight taps are in padding alone.
    expect(await layersOf(14)).toEqual([macs]);
    expect(await layersOf(1)).toEqual([macs]);
  });
});
