/**
 * Stall-free systolic timing of a topology, beside SCALE-Sim itself where it is given.
 *
 *   npm run bench scalesim -- [TOPOLOGY.csv [SCALE-SIM [PYTHON]]]
 *
 * Method: AlexNet's five convolutions (Krizhevsky et al., 2012) unless a topology is named, on 32 × 32, weight-stationary, as in SCALE-Sim's
 * own example configuration. Ours: assemble, simulate and read the array's cycles of every layer, for 100 rounds after one; CPU time
 * (user + system) of this process, a round on average. Theirs: `python3 scalesim/scale.py` in the folder of a checkout, one run of the
 * whole topology, CPU time of the child as the operating system has it; interpreter start and its own traces and reports are part of
 * what its user waits for and are counted. Both must arrive at the same cycles (theirs numbers the last one from 0).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readTopology } from '#data';
import { arrayMachine, matrixCycles } from '../test/support/arrayLayer.ts';

const ALEXNET = `Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 227, 227, 11, 11, 3, 96, 4,
Conv2, 31, 31, 5, 5, 96, 256, 1,
Conv3, 15, 15, 3, 3, 256, 384, 1,
Conv4, 15, 15, 3, 3, 384, 384, 1,
Conv5, 15, 15, 3, 3, 384, 256, 1,
`;
const SIZE = 32;
const ROUNDS = 100;

export default function scalesim([file, folder, python = 'python3']: readonly string[]): void {
  const text = file === undefined ? ALEXNET : readFileSync(file, 'utf8');
  const layers = readTopology(text, file ?? 'alexnet');
  const machine = arrayMachine('weight-stationary', SIZE, SIZE, 'exposed');
  const round = (): number[] => layers.map((layer) => matrixCycles(layer, machine));
  const ours = round();
  const start = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) round();
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6 / ROUNDS;
  console.log(
    `systole   ${layers.length} layers, ${ours.reduce((a, b) => a + b, 0)} cycles, ${(1e3 * seconds).toFixed(3)} ms of CPU a round`,
  );
  if (folder === undefined) {
    console.log('SCALE-Sim not run: name the folder of a checkout as the second argument.');
    return;
  }
  const theirs = runScaleSim(text, resolve(folder), python);
  const wrong = theirs.cycles.flatMap((cycles, i) =>
    cycles + 1 === ours[i] ? [] : [`${layers[i]!.name}: ${cycles} against ${ours[i]}`],
  );
  console.log(`SCALE-Sim ${theirs.cycles.length} layers, ${theirs.seconds.toFixed(2)} s of CPU`);
  console.log(wrong.length === 0 ? 'the same cycles' : `DIFFERENT CYCLES: ${wrong.join('; ')}`);
  console.log(`ratio     ${Math.round(theirs.seconds / seconds)}`);
}

/** Stall-free compute cycles of each layer, and CPU seconds of the run. */
function runScaleSim(topology: string, folder: string, python: string) {
  const place = mkdtempSync(join(tmpdir(), 'scalesim-'));
  try {
    const csv = join(place, 'topology.csv');
    writeFileSync(csv, topology);
    const configuration = readFileSync(join(folder, 'configs/scale.cfg'), 'utf8')
      .replace(/^run_name *=.*$/m, 'run_name = run')
      .replace(/^Array(Height|Width):.*$/gm, `Array$1: ${SIZE}`)
      .replace(/^Dataflow *:.*$/m, 'Dataflow : ws')
      .replace(/^InterfaceBandwidth *:.*$/m, 'InterfaceBandwidth: CALC');
    writeFileSync(join(place, 'scale.cfg'), configuration);
    // Layouts are read though they are not used; one line for each layer, as its own files have them.
    const layouts = join(place, 'layout.csv');
    const given = join(folder, 'layouts/conv_nets/alexnet.csv');
    if (existsSync(given)) cpSync(given, layouts);
    const args = [
      '-m',
      'scalesim.scale',
      '-c',
      join(place, 'scale.cfg'),
      '-t',
      csv,
      '-l',
      layouts,
      '-p',
      place,
      '-s',
      'N',
    ];
    const before = childCpu();
    const { status, stderr } = spawnSync(python, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(`SCALE-Sim ended with ${status}: ${stderr.slice(-2000)}`);
    const seconds = childCpu() - before;
    const report = readFileSync(join(place, 'run/COMPUTE_REPORT.csv'), 'utf8').trim().split('\n');
    const head = report[0]!.split(',').map((h) => h.trim());
    const total = head.indexOf('Total Cycles');
    const stalls = head.indexOf('Stall Cycles');
    const cycles = report.slice(1).map((line) => {
      const row = line.split(',').map(Number);
      return row[total]! - row[stalls]!;
    });
    return { cycles, seconds };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** CPU seconds of all children that have ended (Linux: fields 16 and 17 of /proc/self/stat, in ticks of 1/100 s). */
function childCpu(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
