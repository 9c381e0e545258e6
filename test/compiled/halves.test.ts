/**
 * Networks in half precision: random graphs in float16 and bfloat16 on test machines and random ones with those types, against the host,
 * which rounds every node's results.
 */
import { expect, test } from 'vitest';
import { SystoleError } from '#base';
import { elementCount, int, ints, printModel, tensorOf } from '#ir';
import { presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { inHalf } from '../support/halfGraphs.ts';
import { MACHINES, PRESETS } from '../support/machines.ts';
import { randomProcessorGraph } from '../support/processorGraphs.ts';
import { randomMachine } from '../support/randomMachine.ts';
import { withTypes } from '../support/typedMachines.ts';

/** Errors of values of the order of 1 whose sums cancel. */
const ROUNDING = { float16: 2 ** -8, bfloat16: 2 ** -5 } as const;
const GRAPHS = 120;

test.each(['float16', 'bfloat16'] as const)('random graphs in %s', async (half) => {
  let ran = 0;
  let onProcessor = 0;
  for (let seed = 0; seed < GRAPHS; seed++) {
    const graph = inHalf(randomProcessorGraph(seed), half);
    if (graph === undefined) continue;
    const machine =
      seed % 3 === 0
        ? PRESETS[seed % 2]!
        : seed % 3 === 1
          ? withTypes(MACHINES[seed % MACHINES.length]!, seed)
          : withTypes(randomMachine(seed), seed, false);
    const text = (): string =>
      `seed ${seed} on ${machine.name}\n${printModel(graph.model).replace(/"[^"]{80,}"/g, '…')}`;
    try {
      const { faults, compiled } = await runCompiled(graph.model, machine, graph.feeds, { rounding: ROUNDING[half] });
      expect(faults, text()).toEqual([]);
      ran++;
      if (compiled.program.layers.every((l) => l.where !== 'host')) onProcessor++;
    } catch (error) {
      throw error instanceof SystoleError ? new Error(`${error.code} ${error.text('en')}: ${text()}`) : error;
    }
  }
  console.log(`${ran} graphs in ${half}, ${onProcessor} without the host`);
  expect(onProcessor).toBeGreaterThan(GRAPHS / 4);
});

test.each(['float16', 'bfloat16'] as const)(
  'a network of all kinds of kernel in %s, without the host',
  async (half) => {
    const b = new GraphBuilder(20, 17);
    const constant = (dims: readonly number[]): string =>
      b.keep(
        tensorOf(
          half,
          dims,
          Array.from({ length: elementCount(dims) }, () => b.random.uniform() - 0.5),
        ),
      );
    const x = b.input([1, 3, 30, 26], half).name;
    const around = { pads: ints([1, 1, 1, 1]) };
    const first = b.node('Conv', [x, constant([33, 3, 3, 3]), constant([33])], around);
    const pooled = b.node('MaxPool', [b.node('Relu', [first])], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
    const depthwise = b.node('Conv', [pooled, constant([33, 1, 3, 3]), constant([33])], { ...around, group: int(33) });
    const normal = b.node('LRN', [b.node('Relu', [depthwise])], { size: int(5) });
    const second = b.node('Conv', [normal, constant([33, 33, 1, 1]), constant([33])]);
    const averaged = b.node('AveragePool', [b.node('Add', [second, pooled])], {
      ...around,
      kernel_shape: ints([3, 3]),
    });
    const mean = b.node('GlobalAveragePool', [averaged]);
    const scores = b.node('Gemm', [b.node('Flatten', [mean]), constant([33, 10]), constant([10])]);
    const model = b.model([b.node('Softmax', [scores], { axis: int(1) })]);
    for (const name of ['textbook-single', 'textbook-cluster']) {
      const { faults, compiled } = await runCompiled(model, presets.get(name)!, b.feeds());
      expect(faults).toEqual([]);
      expect(compiled.program.layers.flatMap((l) => l.onHost ?? [])).toEqual([]);
    }
  },
);

test('a machine without the type leaves nodes to the host, and says so', async () => {
  const b = new GraphBuilder(20, 17);
  const x = b.input([1, 8], 'float16').name;
  const w = b.keep(tensorOf('float16', [8, 4], new Array(32).fill(0.5)));
  const model = b.model([b.node('MatMul', [x, w]), b.node('Exp', [x])]);
  const { faults, compiled } = await runCompiled(model, presets.get('tpu-v3')!, b.feeds());
  expect(faults).toEqual([]);
  const reasons = compiled.program.layers.flatMap((l) => l.onHost ?? []).map((n) => n.reason.en);
  expect(reasons).toEqual([
    'it computes with f16; the matrix unit of tpu-v3 computes f32, bf16',
    expect.stringContaining('f16'),
  ]);
});
