/** What training says: the line of progress in 80 columns. */
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { Console } from '../console.ts';
import { cutToColumns } from '../progress.ts';
import { stepText } from './texts.ts';

const gan = { loss: 1.3862, discriminator: 0.7, generator: 0.7, real: 0.5, made: 0.5 };
const event = { kind: 'step', epoch: 3, batch: 416, batches: 938, means: gan, samplesPerSecond: 4321.4 } as const;

test.each([
  ['en', '3 █████░░░░░░░ 416/938 · loss 1.3862 · 4321/s · 5:02 left · discriminator 0.7000'],
  ['zh', '3 █████░░░░░░░ 416/938 · 损失 1.3862 · 4321/s · 还需 5:02 · 判别器 0.7000 · 生成器'],
] as const)('speed and time left stand before the losses of the parts: %s', (language, expected) => {
  const text = stepText({ ...event, secondsLeft: 301.2 }, new Console({ language, json: false, debug: false }));
  const shown = cutToColumns(text, 79);
  expect(shown.startsWith(expected.slice(0, 70))).toBe(true);
  expect(stringWidth(shown)).toBeLessThanOrEqual(79);
  expect(text).toContain(language === 'en' ? 'made taken for real 50.00 %' : '假判为真 50.00 %');
});

test.each([
  [12.2, '13 s left'],
  [61, '1:01 left'],
  [3725, '1:02:05 left'],
])('%d seconds are %s', (secondsLeft, expected) => {
  const console = new Console({ language: 'en', json: false, debug: false });
  expect(stepText({ ...event, secondsLeft }, console)).toContain(expected);
});
