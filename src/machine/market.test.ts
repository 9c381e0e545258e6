/** The table of devices against the figures of exercise 7.1. */
import { expect, test } from 'vitest';
import { marketDevices } from './market.ts';

const device = (model: string, precision: string) =>
  marketDevices.find((d) => d.model.startsWith(model) && d.precision.includes(precision))!;

test('ridge and efficiency of exercise 7.1', () => {
  const rows = [device('A100', 'FP16'), device('MLU100', 'FP16'), device('TPU v4', 'BF16')];
  expect(rows.map((d) => d.ridge)).toEqual([153.01618440411966, 625, 229.16666666666666]);
  [0.78, 0.8, 1.4322916666666667].forEach((value, i) => {
    expect(rows[i]!.efficiency).toBeCloseTo(value, 12);
  });
});

test('at least three brands; every row has a source and a date; what is not confirmed has no ridge', () => {
  expect(new Set(marketDevices.map((d) => d.brand)).size).toBeGreaterThanOrEqual(3);
  for (const d of marketDevices) {
    expect(d.source).not.toBe('');
    expect(d.date).toMatch(/^20\d\d-\d\d$/);
    expect(d.ridge === null).toBe(d.bandwidth === null);
  }
  // No two rows say the same of one device.
  expect(new Set(marketDevices.map((d) => `${d.model} ${d.precision}`)).size).toBe(marketDevices.length);
});
