/**
 * Element-wise functions that need what a contraction leaves more than once, written as one node or as several whose readers meet again:
 * done beside its tile, as one layer, by the host's numbers, on machines of every kind.
 */
import { describe, expect, test } from 'vitest';
import { type Attribute, int, ints } from '#ir';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';

const ROUNDING = 4e-6;

type Behind = (g: GraphBuilder, x: string) => string;

const BEHIND: Readonly<Record<string, Behind>> = {
  silu: (g, x) => g.node('Mul', [x, g.node('Sigmoid', [x])]),
  'hard swish of clipped sums': (g, x) => {
    const clipped = g.node('Clip', [g.node('Add', [x, g.scalar(3)]), g.scalar(0), g.scalar(6)]);
    return g.node('Div', [g.node('Mul', [x, clipped]), g.scalar(6)]);
  },
  'mish and a residual': (g, x) => {
    const mish = g.node('Mul', [x, g.node('Tanh', [g.node('Softplus', [x])])]);
    return g.node('Add', [mish, g.input(g.typed(x)!.dims).name]);
  },
  'a square, pooled': (g, x) => {
    const attributes: Record<string, Attribute> = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
    return g.node('MaxPool', [g.node('Mul', [x, x])], attributes);
  },
};

describe('functions that need a result twice', () => {
  for (const machine of MACHINES) {
    test(machine.name, async () => {
      let together = 0;
      for (const [i, [name, behind]] of Object.entries(BEHIND).entries()) {
        const g = new GraphBuilder(i, 18);
        const x = g.input([2, 9, 10, 6]).name;
        const y = g.node('Conv', [x, g.weights([13, 9, 3, 3]), g.constant([13])], { pads: ints([1, 1, 1, 1]) });
        const { faults, compiled } = await runCompiled(g.model([behind(g, y)]), machine, g.feeds(), {
          rounding: ROUNDING,
        });
        expect(faults, name).toEqual([]);
        if (compiled.program.layers.length === 1) together++;
      }
      expect(together).toBeGreaterThan(1);
    });
  }

  test('behind depthwise convolutions, too, and before the 1×1 convolution behind these', async () => {
    for (const machine of MACHINES.filter((m) => ['tiny-run', 'tiny-cluster', 'textbook-single'].includes(m.name))) {
      const layers = new Set<string>();
      for (const [i, [name, behind]] of Object.entries(BEHIND).entries()) {
        const g = new GraphBuilder(i, 18);
        const x = g.input([1, 12, 9, 7]).name;
        const attributes = { group: int(12), pads: ints([1, 1, 1, 1]) };
        const y = behind(g, g.node('Conv', [x, g.weights([12, 1, 3, 3]), g.constant([12])], attributes));
        const { faults, compiled } = await runCompiled(
          g.model(i % 2 === 0 ? [y] : [g.node('Conv', [y, g.weights([5, 12, 1, 1])])]),
          machine,
          g.feeds(),
          { rounding: ROUNDING },
        );
        expect(faults, `${machine.name}, ${name}`).toEqual([]);
        for (const { op } of compiled.program.layers) layers.add(op);
      }
      if (machine.name === 'textbook-single') expect(layers).toContain('Conv+Sigmoid+Mul');
    }
  });

  test('values that are read elsewhere, or meet nothing, are left as they are', async () => {
    const g = new GraphBuilder(3, 18);
    const y = g.node('Conv', [g.input([1, 8, 9, 7]).name, g.weights([16, 8, 3, 3])]);
    const gate = g.node('Sigmoid', [y]);
    const { faults, compiled } = await runCompiled(g.model([g.node('Mul', [y, gate]), gate]), MACHINES[0]!, g.feeds(), {
      rounding: ROUNDING,
    });
    expect(faults).toEqual([]);
    expect(compiled.program.layers[0]?.op).toBe('Conv');
  });
});
