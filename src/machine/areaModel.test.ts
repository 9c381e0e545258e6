/** The area model against the published areas that it was fitted to, and how it grows. */
import { expect, test } from 'vitest';
import { AREA_NANOMETRES, AREA_PARTS, type AreaPart, estimateArea } from './areaModel.ts';
import { changedMachine } from './change.ts';
import { machineNames, presets } from './presets.ts';

/** Estimate ÷ what the machine states, at the node of that. */
function ratio(name: string, part: 'matrix' | 'nram' | 'wram' | 'control'): number {
  const machine = presets.get(name)!;
  const { technologyNanometres, ...stated } = machine.area!;
  const { by } = estimateArea(machine);
  return (by[part] * (technologyNanometres / AREA_NANOMETRES) ** 2) / stated[part]!;
}

test.each([
  // The multipliers of DianNao's functional unit are where the factor for registers and wires comes from; f32 is not in that chip.
  ['diannao', 'nram', 0.5, 1.1],
  ['diannao', 'wram', 0.6, 1],
  ['diannao', 'control', 0.95, 1.05],
  ['shidiannao', 'nram', 0.7, 1.3],
  ['shidiannao', 'wram', 0.8, 1.4],
] as const)('%s, %s', (name, part, least, most) => {
  const found = ratio(name, part);
  expect(found).toBeGreaterThan(least);
  expect(found).toBeLessThan(most);
});

test('every preset has an area, of parts that add up, each as many times as there are cores', () => {
  for (const name of machineNames()) {
    const { total, by } = estimateArea(presets.get(name)!);
    expect(total).toBeGreaterThan(0);
    expect(AREA_PARTS.reduce((sum, part) => sum + by[part], 0)).toBeCloseTo(total, 9);
  }
  const cluster = presets.get('textbook-cluster')!;
  const one = changedMachine(cluster, [{ path: 'cluster.cores', value: 1 }]);
  for (const part of AREA_PARTS.filter((p) => p !== 'sharedRam'))
    expect(estimateArea(cluster).by[part]).toBeCloseTo(cluster.cluster!.cores * estimateArea(one).by[part], 9);
});

test.each([
  ['nram.bytes', 262144, 'nram'],
  ['wram.bytes', 524288, 'wram'],
  ['matrix.accumulatorBytes', 131072, 'accumulators'],
  ['matrix.tn', 32, 'matrix'],
  ['vector.lanes', 512, 'vector'],
  ['dma.scratchpadBytesPerCycle', 2048, 'dma'],
] as const)('%s is paid for by %s alone', (path, value, part: AreaPart) => {
  const machine = presets.get('textbook-single')!;
  const [before, after] = [estimateArea(machine), estimateArea(changedMachine(machine, [{ path, value }]))];
  for (const p of AREA_PARTS)
    if (p === part) expect(after.by[p]).toBeGreaterThan(before.by[p]);
    else expect(after.by[p]).toBe(before.by[p]);
});
