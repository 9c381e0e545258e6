/** Slots that are processes. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveMachine } from '#machine';
import { jobOf, type Point } from '../job.ts';
import { processSlot } from './nodeSlots.ts';

const machine = resolveMachine('textbook-single');
const point: Point = { model: { network: 'lenet5' }, type: 'f32', effort: 'quick', machine };

test("a process that is ended while it starts is no job's fault: another one is started", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-starts-'));
  const module = join(folder, 'late.mjs');
  // The first two are ended before they are ready.
  writeFileSync(
    module,
    `import { readdirSync, writeFileSync } from 'node:fs';
const before = readdirSync(${JSON.stringify(folder)}).length;
writeFileSync(${JSON.stringify(`${folder}/`)} + process.pid, '');
if (before < 3) process.kill(process.pid, 'SIGKILL');
process.on('disconnect', () => process.exit());
process.on('message', ({ job: { key } }) => process.send({ type: 'outcome', outcome: { key, ok: true, metrics: {} } }));
process.send({ type: 'ready' });
`,
  );
  const slot = processSlot(() => Promise.reject(new Error('no bytes')), module);
  try {
    const job = await jobOf(point, 'starts');
    expect(await slot.evaluate(job, 60_000)).toMatchObject({ key: job.key, ok: true });
    // The process that came is kept.
    expect(await slot.evaluate(job, 60_000)).toMatchObject({ key: job.key, ok: true });
    expect(readdirSync(folder)).toHaveLength(4);
  } finally {
    slot.close();
    rmSync(folder, { recursive: true });
  }
});
