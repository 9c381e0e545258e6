import { createEngine } from '#engine';
import { lowerPrepared, prepareModel } from '#flow';
import { changedMachine, resolveMachine } from '#machine';
import { buildModel } from '#models';

const engine = await createEngine({});
const base = resolveMachine('textbook-single');
const prepared = await prepareModel(await buildModel('alexnet', { weights: false }), {
  engine,
  batch: 1,
  integers: false,
});
const counts = new Map<string, [number, number]>();
(globalThis as any).__decided = (key: string, ms: number) => {
  const k = key.replace(/\{.*|\[.*/s, '').slice(0, 60);
  const c = counts.get(k) ?? [0, 0];
  c[0]++;
  c[1] += ms;
  counts.set(k, c);
};
for (let i = 0; i < 14; i++) {
  if (i === 10) counts.clear();
  const machine = changedMachine(base, [
    { path: 'nram.bytes', value: 65536 * 2 ** (i % 4) },
    { path: 'wram.bytes', value: 65536 * 2 ** (i % 3) },
    { path: 'dram.bandwidth', value: 16 * 2 ** (i % 5) },
  ]);
  lowerPrepared(prepared, { machine, effort: 'quick', sparse: 'off' });
}
for (const [k, [n, ms]] of [...counts].sort((a, b) => b[1][1] - a[1][1]).slice(0, 25))
  console.log(k, n / 4, (ms / 4).toFixed(1));
