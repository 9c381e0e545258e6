/** The embedded LeNet-5: its size, the digit that it is shown, and held-out images of MNIST. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadMnist, openFolder } from '#data';
import { createEngine } from '#engine';
import { elementCount, tensorNumbers } from '#ir';
import { digitInput, digitOf, digitText, lenet5Model } from '../index.ts';
import { LENET5 } from './lenet5.gen.ts';

const MNIST = '../shared/data/mnist';

test('61,706 parameters in less than 300 KB', () => {
  const sizes = [...lenet5Model().graph.constants.values()]
    .filter((t) => t.dims.length > 0)
    .map((t) => elementCount(t.dims));
  // Shapes of Reshape and the like are constants too, of a few elements.
  expect(sizes.filter((n) => n > 4).reduce((a, b) => a + b, 0)).toBe(61_706);
  expect(LENET5.length).toBeLessThan(300 * 1024);
});

test('it reads the drawn digit', async () => {
  const session = await (await createEngine()).load(lenet5Model());
  const { feed, label, pixels } = digitInput(2);
  const found = digitOf((await session.run(new Map([['input', feed]]))).get('output')!);
  expect(found.digit).toBe(label);
  expect(found.probability).toBeGreaterThan(0.9);
  expect(digitText(pixels).split('\n').length).toBeLessThanOrEqual(14);
});

test.skipIf(!existsSync(MNIST))(
  'at least 99.0 % of the 10,000 held-out images (skipped where ../shared/data/mnist is absent)',
  async () => {
    const { validation } = await loadMnist(openFolder(MNIST), { holdOut: 10_000 });
    const session = await (await createEngine()).load(lenet5Model());
    const { count, pixels, labels } = validation!;
    const bytes = new Uint8Array(Float32Array.from(pixels).buffer);
    const feeds = new Map([['input', { dtype: 'float32' as const, dims: [count, 1, 28, 28], bytes }]]);
    const logits = tensorNumbers((await session.run(feeds)).get('output')!);
    let right = 0;
    for (let i = 0; i < count; i++) {
      const row = [...logits.subarray(10 * i, 10 * i + 10)];
      if (row.indexOf(Math.max(...row)) === labels[i]) right++;
    }
    console.log(`${right} of ${count}`);
    expect(right / count).toBeGreaterThanOrEqual(0.99);
  },
);
