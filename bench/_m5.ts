import { Random } from '#base';
import { createEngine } from '#engine';
import { executeProgram, lowerPrepared, prepareModel } from '#flow';
import { changedMachine, resolveMachine } from '#machine';
import { buildModel } from '#models';

const engine = await createEngine({});
const base = resolveMachine('textbook-single');
const prepared = await prepareModel(await buildModel(process.argv[2]!, { weights: false }), {
  engine,
  batch: 1,
  integers: false,
});
const r = new Random(4);
const n = Number(process.argv[3]);
const cpu = () => process.cpuUsage().user / 1000;
let [lower, run, tiles] = [0, 0, 0];
const ratios: number[] = [];
for (let i = 0; i < n; i++) {
  const machine = () => m;
  const m = changedMachine(base, [
    { path: 'matrix.tn', value: 8 << r.integer(0, 3) },
    { path: 'vector.lanes', value: 32 << r.integer(0, 3) },
    { path: 'nram.bytes', value: 32768 << r.integer(0, 4) },
    { path: 'wram.bytes', value: 65536 << r.integer(0, 4) },
    { path: 'dram.bandwidth', value: 8 << r.integer(0, 4) },
  ]);
  const a = cpu();
  const program = lowerPrepared(prepared, { machine: machine(), effort: 'quick', sparse: 'off' });
  const b = cpu();
  const { result } = await executeProgram(program, { data: false });
  const c = cpu();
  if (i >= n / 2) {
    lower += b - a;
    run += c - b;
    tiles += result.total.instructions;
  }
  if (process.argv[4])
    ratios.push(
      result.cycles /
        (await executeProgram(lowerPrepared(prepared, { machine: machine(), sparse: 'off' }), { data: false })).result
          .cycles,
    );
}
console.log('lower', lower / (n / 2), 'run', run / (n / 2), 'instr', tiles / (n / 2));
ratios.sort((a, b) => a - b);
if (ratios.length)
  console.log('ratio', ratios[0], ratios[Math.floor(n / 2)], ratios[Math.floor(n * 0.9)], ratios.at(-1));
