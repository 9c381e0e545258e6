/** The tour in Node. What its stops must show is asserted here, once; `browser.test.ts` asserts that a browser agrees. */
import { expect, test } from 'vitest';
import { DEVICES, PRESETS } from '../support/machines.ts';
import { BATCH } from './network.ts';
import { runTour } from './tour.ts';

test('the tour passes in Node', async () => {
  const result = await runTour();
  expect(result.textRoundTrip).toBe(true);
  // The passes bind the batch and fold the Add into the Conv.
  expect(result.text).toMatch(/\bAdd\b/);
  expect(result.optimized).not.toMatch(/\bAdd\b/);
  expect(result.host).toHaveLength(BATCH * 10);
  expect(new Set(result.host).size).toBeGreaterThan(5);
  expect(result.hostOptimized).toEqual(result.host);
  expect(result.machines.map((m) => m.machine).sort()).toEqual([...PRESETS, ...DEVICES].map((m) => m.name).sort());
  for (const m of result.machines) {
    expect(m.ok).toBe(true);
    // Small integers: the processor's sums are exact as well, whatever its order.
    expect(m.scores).toEqual(result.host);
    expect(m.timingOnlyCycles).toBe(m.cycles);
    expect(m.layers.map((l) => l.where)).toContain('matrix');
    expect(m.layers.reduce((n, l) => n + l.cycles, 0)).toBeLessThanOrEqual(m.cycles);
    expect(m.listing).toContain('mma');
  }
});
