/**
 * 500 random small graphs of the supported operators, each on one of the test machines, and some on random machines, against the
 * host engine: outputs, cycles with and without data, predictions, the physical bound, and no hazard or deadlock on the way. A
 * failure names its seed.
 */
import { describe, expect, test } from 'vitest';
import { processorOperators } from '#lower';
import { randomProcessorGraph } from '../support/processorGraphs.ts';
import { randomMachine } from '../support/randomMachine.ts';
import { RANDOM_QUANTISED } from '../support/randomQuantised.ts';
import { verdictOf } from './verdict.ts';

const GRAPHS = 500;
const GRAPHS_PER_TEST = 50;

describe('random graphs agree with the host', () => {
  const starts = Array.from({ length: GRAPHS / GRAPHS_PER_TEST }, (_, i) => i * GRAPHS_PER_TEST);
  test.each(starts)(`${GRAPHS_PER_TEST} graphs from seed %i`, async (start) => {
    for (let seed = start; seed < start + GRAPHS_PER_TEST; seed++) expect(await verdictOf(seed)).toBeUndefined();
  });

  test('on random machines, too', async () => {
    for (let seed = 0; seed < 100; seed++) expect(await verdictOf(seed, 1, randomMachine(seed))).toBeUndefined();
  });

  test('every operator with a lowering occurs', () => {
    const drawn = new Set<string>();
    for (let seed = 0; seed < GRAPHS; seed++) for (const op of randomProcessorGraph(seed).operators) drawn.add(op);
    // Those on quantised values are drawn in `quantised.test.ts`.
    for (const op of Object.keys(RANDOM_QUANTISED)) drawn.add(op);
    // Upsample ends with opset 9, which few graphs have.
    expect([...processorOperators].filter((op) => !drawn.has(op) && op !== 'Upsample')).toEqual([]);
  });
});

test('what reads a value waits for the host, though a lowering that gave up had made memory for it', async () => {
  for (const seed of [10291, 10698]) expect(await verdictOf(seed, 1, randomMachine(seed))).toBeUndefined();
});
