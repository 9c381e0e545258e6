/** The page of a large network is small: ResNet152 with every layer, its timeline, its memories and its program. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systole } from './cli/systole.ts';

test('the report of ResNet152 takes less than 2 MB', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-report-'));
  try {
    const { stdout } = await systole(['report', 'resnet152', '-o', join(folder, 'report.html'), '--json'], folder);
    const { bytes, runs } = JSON.parse(stdout);
    expect(runs[0].layers.length).toBeGreaterThan(150);
    expect(bytes).toBeLessThan(2_000_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
