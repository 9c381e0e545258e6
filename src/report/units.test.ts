/** The table of units on four cores, at every width: nothing that a row says is lost. */
import { readFileSync } from 'node:fs';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { presets } from '#machine';
import { createSimulation, type UnitResult } from '#sim';
import { assembled } from '../../test/support/processor.ts';
import { PLAIN } from './table.ts';
import { unitTable } from './units.ts';
import { sayIn } from './words.ts';

const example = new URL('../../examples/07-many-cores.s', import.meta.url);
const program = assembled(readFileSync(example, 'utf8'), presets.get('textbook-cluster')!);
const state = createSimulation(program, { data: false }).run();
if (state.state !== 'done') throw new Error(state.state);
const { result } = state;

const shown = (width: number, language: 'en' | 'zh' = 'en', units: readonly UnitResult[] = result.units): string[] =>
  unitTable({ cycles: result.cycles, units }, { say: sayIn(language), palette: PLAIN, width });

/** From here on a cause and the rest have room. */
const LEAST = 60;

describe('example 07', () => {
  test.each(['en', 'zh'] as const)('the causes of a row add up to its idle cycles at every width (%s)', (language) => {
    const heads = new Set<string>();
    for (let width = LEAST; width <= 160; width++) {
      const [head, ...rows] = shown(width, language).filter((line) => !line.startsWith('  '));
      heads.add(head!);
      expect(rows).toHaveLength(16);
      for (const row of [head!, ...rows]) expect(stringWidth(row)).toBeLessThanOrEqual(width);
      for (const row of rows) {
        const [, idle, ...causes] = [...row.matchAll(/([\d.]+) %/g)].map(([, share]) => Number(share));
        // Each is rounded to a tenth.
        const sum = causes.reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - idle!), `${width}: ${row}`).toBeLessThan(0.05 * (causes.length + 1) + 1e-9);
      }
    }
    const other = language === 'en' ? 'other' : '其他';
    const withOther = [...heads].filter((head) => head.trimEnd().endsWith(other));
    expect(withOther.length).toBeGreaterThan(0);
    expect(withOther.length).toBeLessThan(heads.size);
  });

  test('what does not fit stands under other', () => {
    expect(shown(80).slice(0, 5)).toMatchInlineSnapshot(`
      [
        "unit           busy           idle for load DRAM channel after last  other",
        "core 0 dma      544 38.2 %  61.8 %        –       57.3 %          –  4.5 %",
        "core 0 link      33  2.3 %  97.7 %        –            –     79.7 % 18.0 %",
        "core 0 matrix 1,024 71.9 %  28.1 %   27.0 %            –      1.1 %      –",
        "core 0 vector     0  0.0 % 100.0 %        –            –    100.0 %      –",
      ]
    `);
  });

  test('cores of which the same is to be said share a line', () => {
    expect(shown(100).filter((line) => line.startsWith('  '))).toEqual(['  cores 0…3 matrix: lanes used 100.0 %']);
    expect(shown(100, 'zh').filter((line) => line.startsWith('  '))).toEqual(['  核 0…3 矩阵：通道利用 100.0 %']);
  });

  test('cores that differ have lines of their own', () => {
    const lanes = { available: 200, used: 100, pipeline: 0, fill: 0, drain: 0, ragged: 100 };
    const units = result.units.map((u) => (u.core === 2 && u.name === 'matrix' ? { ...u, lanes } : u));
    expect(shown(100, 'en', units).filter((line) => line.startsWith('  '))).toEqual([
      '  cores 0…1, 3 matrix: lanes used 100.0 %',
      '  core 2 matrix: lanes used 50.0 %, ragged 50.0 %',
    ]);
  });
});
