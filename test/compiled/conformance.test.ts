/** The conformance suite on the ideal machine, with parameters as constants as a network has them. */
import { afterAll, describe, expect, test } from 'vitest';
import { presets } from '#machine';
import { EXCEPTIONS, ROUNDED, runSuiteCase, suiteCases, suitePresent } from './suite.ts';

const reasons = new Map<string, string[]>();
let passed = 0;
let onProcessor = 0;

describe.skipIf(!suitePresent)('processor (skipped where ../shared/data/onnx-conformance is absent)', () => {
  const cases = suiteCases();

  afterAll(() => {
    console.log(`${passed} of ${cases.length} tests agree, ${onProcessor} of them without a node on the host`);
    for (const [reason, names] of reasons) console.log(`host: ${reason} (${names.join(', ')})`);
    for (const [name, reason] of Object.entries(EXCEPTIONS)) console.log(`not run: ${name}: ${reason}`);
    for (const [name, { reason }] of Object.entries(ROUNDED)) console.log(`larger tolerance: ${name}: ${reason}`);
  });

  test.each(cases)('$name', async (c) => {
    const { difference, host } = await runSuiteCase(c, presets.get('textbook-single')!, true);
    expect(difference).toBeUndefined();
    passed++;
    if (host.length === 0) onProcessor++;
    for (const reason of host) reasons.set(reason, [...(reasons.get(reason) ?? []), c.name]);
  });

  test('most run without the host', () => {
    // A ratchet: raise it when another reason for the host goes away.
    expect(onProcessor).toBeGreaterThanOrEqual(300);
  });
});
