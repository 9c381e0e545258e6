import { createEngine } from '#engine';
import { executeProgram, lowerPrepared, prepareModel, takesIntegers } from '#flow';
import { changedMachine, estimateArea, resolveMachine } from '#machine';
import { buildModel } from '#models';

const engine = await createEngine({});
const name = process.argv[2]!,
  base = resolveMachine(process.argv[3]!);
const model = await buildModel(name, { weights: false });
const prepared = await prepareModel(model, { engine, batch: 1, integers: takesIntegers(base) });
console.log(estimateArea(base));
let c = 0,
  l = 0,
  r = 0;
for (let i = 0; i < 20; i++) {
  const machine = () =>
    changedMachine(base, [
      { path: 'nram.bytes', value: 65536 * 2 ** (i % 4) },
      { path: 'wram.bytes', value: 65536 * 2 ** (i % 3) },
      { path: 'dram.bandwidth', value: 16 * 2 ** (i % 5) },
    ]);
  let t0 = process.cpuUsage().user / 1000;
  const lap = () => {
    const t = process.cpuUsage().user / 1000;
    const d = t - t0;
    t0 = t;
    return d;
  };
  const m = machine();
  const a = lap();
  const program = lowerPrepared(prepared, { machine: m, effort: 'quick', sparse: 'off' });
  const b = lap();
  const { result } = await executeProgram(program, { data: false });
  const d = lap();
  if (i >= 10) {
    c += a;
    l += b;
    r += d;
  }
  let ratio = '';
  if (process.argv[4]) {
    const full = (await executeProgram(lowerPrepared(prepared, { machine: machine(), sparse: 'off' }), { data: false }))
      .result.cycles;
    ratio = (result.cycles / full).toFixed(4);
  }
  console.log(result.cycles, ratio, b.toFixed(0), d.toFixed(0));
}
console.log('machine', c / 10, 'lower', l / 10, 'run', r / 10);
