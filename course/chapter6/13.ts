/**
 * Exercise 6.13: the simulator runs three networks, and they stand under the roofline of 6.10. Analytic models bound what it says from below:
 * MACs are the same, cycles no fewer than the array's, and no point lies above the roof at its own operations a byte.
 *   systole plot roofline alexnet-paper vgg19 resnet152 --machine textbook-ch6 -o simulated.svg
 */

import type { Check, Exercise } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, executeProgram, randomInput, runAndCheck } from 'systole/flow';
import { presets } from 'systole/machine';
import { buildModel } from 'systole/models';
import {
  type AnalyticLayer,
  arrayOfSize,
  attainable,
  charts,
  PAPER_ALEXNET,
  type RooflinePoint,
  roofOf,
  runReport,
  utilisation,
} from 'systole/report';
import { RESNET152, VGG19 } from './networks.ts';

const machine = presets.get('textbook-ch6')!;

interface Network {
  readonly layers: readonly AnalyticLayer[];
  readonly macs: number;
  /** Of 256 multipliers that never wait. */
  readonly leastCycles: number;
  readonly analyticGflops: number;
}

const NETWORKS: Readonly<Record<string, Network>> = {
  'alexnet-paper': { layers: PAPER_ALEXNET, macs: 724406816, leastCycles: 2835514, analyticGflops: 69.208 },
  vgg19: { layers: VGG19, macs: 19632062464, leastCycles: 76750592, analyticGflops: 339.755 },
  resnet152: { layers: RESNET152, macs: 11513626624, leastCycles: 45015936, analyticGflops: 474.242 },
};

/** One sample, timing alone. */
async function simulated(name: string) {
  const model = await buildModel(name, { weights: false });
  const { program } = await compileModel(model, { machine, engine: await sharedEngine(), batch: 1 });
  const { result } = await executeProgram(program, { data: false });
  return runReport({ name, program, result, fidelity: 'timing' });
}

type Run = Awaited<ReturnType<typeof simulated>>;

function pointOf({ model, macs, cycles, bytes, frequency }: Run): RooflinePoint {
  const traffic = bytes.read + bytes.write;
  return {
    name: model,
    kind: 'network',
    intensity: (2 * macs) / traffic,
    performance: (2 * macs * frequency) / cycles,
  };
}

async function checkNetworks({ equal, atLeast, atMost, close, holds }: Check, names: readonly string[]): Promise<void> {
  const points: RooflinePoint[] = [];
  for (const name of names) {
    const { layers, macs, leastCycles, analyticGflops } = NETWORKS[name]!;
    const run = await simulated(name);
    equal(`MACs executed == analytic MACs: ${name}`, run.macs, macs);
    atLeast(`compute cycles lower bound N=256: ${name}`, run.cycles, leastCycles);
    const array = arrayOfSize(256, { kind: 'vector-mac', mapping: 'im2col', traffic: 'ideal' });
    const { total } = utilisation(layers, array, { bits: 32, bytesPerCycle: machine.dram.bandwidth });
    equal(`  which the analytic model has, too: ${name}`, total.computeCycles, leastCycles);
    close(`GFLOP/s of the analytic model fp32: ${name}`, (2 * total.macs) / total.cycles, analyticGflops, 1e-3);
    const point = pointOf(run);
    atMost(
      `every simulated point lies on or below the roofline: ${name}`,
      point.performance,
      attainable(roofOf(machine), point.intensity),
    );
    equal(`two runs give identical cycle counts: ${name}`, (await simulated(name)).cycles, run.cycles);
    points.push(point);
  }
  const svg = (await charts()).rooflinePicture(machine, points);
  holds(
    'the roofline marks them',
    points.every((p) => svg.includes(p.name)),
  );
}

/** The largest difference between a small network's outputs and the host's, relative as every run is checked. */
async function smallDifference(name: string): Promise<number> {
  const engine = await sharedEngine();
  const model = await buildModel(name);
  const compiled = await compileModel(model, { machine, engine, batch: 1 });
  const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  const { check } = await runAndCheck(compiled, { engine, feeds });
  return check.maxRel;
}

export const exercise: Exercise = {
  id: '6.13',
  title: {
    en: 'Three networks on the simulator, under the roofline',
    zh: '实现周期精准的 DLP 模拟器，支持三个网络并标注到 Roofline',
  },
  rows: 6,
  async show({ print }) {
    const run = await simulated('alexnet-paper');
    const { intensity, performance } = pointOf(run);
    print(
      `alexnet-paper on ${machine.name}: ${run.cycles} cycles, ${run.bytes.read + run.bytes.write} bytes, ${(performance / 1e9).toFixed(2)} GFLOP/s ` +
        `at ${intensity.toFixed(3)} FLOP/byte, ${(attainable(roofOf(machine), intensity) / 1e9).toFixed(2)} attainable`,
    );
  },
  async check(check) {
    await checkNetworks(check, ['alexnet-paper']);
    for (const name of ['lenet5', 'mlp', 'lstm']) {
      check.atMost(`small nets: simulator result == reference tensor: ${name}`, await smallDifference(name), 1e-5);
    }
  },
  checkLong: (check) => checkNetworks(check, Object.keys(NETWORKS)),
};
