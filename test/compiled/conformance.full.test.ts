/** The conformance suite on every test machine, with parameters as constants and as inputs. */
import { describe, expect, test } from 'vitest';
import { MACHINES } from '../support/machines.ts';
import { runSuiteCase, suiteCases, suitePresent } from './suite.ts';

describe.skipIf(!suitePresent)('processor (skipped where ../shared/data/onnx-conformance is absent)', () => {
  const cases = suiteCases();
  const ways = MACHINES.flatMap((machine) => [true, false].map((constants) => ({ machine, constants })));
  test.each(ways.map((w) => [`${w.machine.name}, parameters as ${w.constants ? 'constants' : 'inputs'}`, w] as const))(
    '%s',
    async (_, { machine, constants }) => {
      const wrong: string[] = [];
      let onProcessor = 0;
      for (const c of cases) {
        const { difference, host } = await runSuiteCase(c, machine, constants);
        if (difference !== undefined) wrong.push(`${c.name}: ${difference}`);
        else if (host.length === 0) onProcessor++;
      }
      console.log(`${cases.length - wrong.length} of ${cases.length} tests agree, ${onProcessor} without the host`);
      expect(wrong).toEqual([]);
    },
  );
});
