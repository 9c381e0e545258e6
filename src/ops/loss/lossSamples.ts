/** Samples of the classification losses: every reduction with and without weights and ignored targets, any spatial axes. */
import { elementCount, int, string, tensorOf } from '#ir';
import type { Sample } from '../define.ts';
import { data, sample } from '../sampling.ts';

export function lossSamples(op: string, opset: number, outputs: number): readonly Sample[] {
  const loss = (
    name: string,
    attributes: Parameters<typeof sample>[3],
    x: readonly number[],
    options: { weighted?: boolean; targets?: readonly number[]; dtype?: 'int32' | 'int64' } = {},
  ): Sample => {
    const [n, classes, ...spatial] = x as readonly [number, number, ...number[]];
    const dims = [n, ...spatial];
    const { targets = Array.from({ length: elementCount(dims) }, (_, i) => (i * 7 + 1) % classes) } = options;
    const inputs = [data(x, { low: -3, high: 3 }), tensorOf(options.dtype ?? 'int64', dims, targets)];
    if (options.weighted) inputs.push(data([classes], { seed: 2, low: 0.5, high: 2 }));
    return sample(name, op, opset, attributes, inputs, { outputs });
  };
  const reductions = (['none', 'sum', 'mean'] as const).flatMap((reduction) => [
    loss(reduction, { reduction: string(reduction) }, [3, 5]),
    loss(`${reduction}, weights`, { reduction: string(reduction) }, [3, 5], { weighted: true }),
    loss(`${reduction}, ignored`, { reduction: string(reduction), ignore_index: int(2) }, [4, 5], {
      targets: [1, 2, 4, 2],
    }),
    loss(
      `${reduction}, weights, ignored out of range`,
      { reduction: string(reduction), ignore_index: int(-1) },
      [3, 5],
      {
        weighted: true,
        targets: [1, -1, 4],
      },
    ),
  ]);
  return [
    loss('default', {}, [3, 5]),
    ...reductions,
    loss('one spatial axis', { reduction: string('none') }, [2, 3, 4], { weighted: true }),
    loss('two spatial axes', {}, [2, 3, 2, 2], { weighted: true, dtype: 'int32' }),
    loss('four spatial axes', { ignore_index: int(0) }, [1, 3, 2, 2, 1, 2], { weighted: true }),
  ];
}
