/** The conformance suite on the ideal machine, with parameters as constants as a network has them. */
import { afterAll, describe, expect, test } from 'vitest';
import { presets } from '#machine';
import {
  debianCases,
  debianPresent,
  EXCEPTIONS,
  ROUNDED,
  runSuiteCase,
  type SuiteRun,
  suiteCases,
  suitePresent,
} from './suite.ts';

/** Where the nodes of a test ran. */
type Place = 'wholly on the processor' | 'with sizes and indices on the host' | 'in part on the host' | 'on the host';

function placeOf({ host, control, ran }: SuiteRun): Place {
  if (host.length === 0) return control.length === 0 ? 'wholly on the processor' : 'with sizes and indices on the host';
  return ran ? 'in part on the host' : 'on the host';
}

const reasons = new Map<string, string[]>();
const passed = new Map<Place, number>();

describe.skipIf(!suitePresent)('processor (skipped where ../shared/data/onnx-conformance is absent)', () => {
  const cases = suiteCases();

  afterAll(() => {
    const counts = [...passed].map(([place, n]) => `${n} ${place}`);
    console.log(`${cases.length} tests: ${counts.join(', ')}`);
    for (const [reason, names] of reasons) console.log(`host: ${reason} (${names.join(', ')})`);
    for (const [name, reason] of Object.entries(EXCEPTIONS)) console.log(`not run: ${name}: ${reason}`);
    for (const [name, { reason }] of Object.entries(ROUNDED)) console.log(`larger tolerance: ${name}: ${reason}`);
  });

  test.each(cases)('$name', async (c) => {
    const run = await runSuiteCase(c, presets.get('textbook-single')!, true);
    expect(run.difference).toBeUndefined();
    passed.set(placeOf(run), (passed.get(placeOf(run)) ?? 0) + 1);
    for (const reason of [...run.host, ...run.control]) reasons.set(reason, [...(reasons.get(reason) ?? []), c.name]);
  });

  test('most run without the host', () => {
    // A ratchet: raise it when another reason for the host goes away.
    expect(passed.get('wholly on the processor')).toBeGreaterThanOrEqual(740);
  });
});

describe.skipIf(!debianPresent)('processor (skipped where Debian’s libonnx-testdata is not installed)', () => {
  const wholly: string[] = [];
  const cases = debianCases();

  afterAll(() => console.log(`${cases.length} tests of Debian’s: ${wholly.length} without the host`));

  test.each(cases)('$name', async (c) => {
    const run = await runSuiteCase(c, presets.get('textbook-single')!, true);
    expect(run.difference).toBeUndefined();
    if (run.host.length === 0) wholly.push(c.name);
  });
});
