/** The conformance suite on every test machine, with parameters as constants and as inputs. */
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { MACHINES } from '../support/machines.ts';
import { runSuiteCase, suiteCases, suitePresent } from './suite.ts';

describe.skipIf(!suitePresent)('processor (skipped where ../shared/data/onnx-conformance is absent)', () => {
  const cases = suiteCases();
  const ways = MACHINES.flatMap((machine) => [true, false].map((constants) => ({ machine, constants })));
  test.each(ways.map((w) => [`${w.machine.name}, parameters as ${w.constants ? 'constants' : 'inputs'}`, w] as const))(
    '%s',
    async (_, { machine, constants }) => {
      const wrong: string[] = [];
      const refused: string[] = [];
      let onProcessor = 0;
      for (const c of cases) {
        try {
          const { difference, host } = await runSuiteCase(c, machine, constants);
          if (difference !== undefined) wrong.push(`${c.name}: ${difference}`);
          else if (host.length === 0) onProcessor++;
        } catch (error) {
          // Shapes that follow from values that are fed cannot be compiled; and what a machine leaves to the host, types that it has not got,
          // ONNX Runtime may have no kernel for either.
          if (!(error instanceof SystoleError) || error.kind !== 'unsupported') throw error;
          if (constants && error.code !== 'SYS-ENG-004') throw error;
          refused.push(`${c.name} (${error.code})`);
        }
      }
      const agreed = cases.length - wrong.length - refused.length;
      console.log(
        [
          `${agreed} of ${cases.length} tests agree, ${onProcessor} without the host`,
          ...(refused.length === 0
            ? []
            : [
                `refused, since shapes depend on what is fed, or neither machine nor host computes the type: ${refused.join(', ')}`,
              ]),
        ].join('; '),
      );
      expect(wrong).toEqual([]);
      expect(agreed).toBeGreaterThan(700);
    },
  );
});
