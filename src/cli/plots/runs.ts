/** Pictures of networks that ran: each is compiled for the machine and simulated for its timing. */
import { diagnostic } from '#base';
import { createEngine } from '#engine';
import { type Compiled, compileModel, executeProgram, layersNamed } from '#flow';
import { coresOf } from '#machine';
import {
  charts,
  MemoryRecorder,
  memoryMap,
  memoryMapText,
  type RooflinePoint,
  runReport,
  TimelineRecorder,
  timeline,
  timelineText,
} from '#report';
import { memoryBytes, type Observer, type SimulationResult } from '#sim';
import type { Console } from '../console.ts';
import { inModel, loadModel, sizesGiven } from '../model.ts';
import { ENERGY, MEMORY, ROOFLINE, TIMELINE } from './answers.ts';
import { type Plot, type PlotOptions, shows } from './plot.ts';

const noEnergy = diagnostic<{ machine: string }>('SYS-CLI-190', 'unsupported', {
  en: (p) =>
    `machine '${p.machine}' has no figures of energy; give it some (\`energy\` in docs/machine.md), or take another machine`,
  zh: (p) => `机器“${p.machine}”没有能耗数据；请补充（docs/machine.md 的 \`energy\`），或换一台机器`,
});
const noMemory = diagnostic<{ machine: string; memory: string }>('SYS-CLI-191', 'unsupported', {
  en: (p) => `machine '${p.machine}' has no ${p.memory}; take another with --memory`,
  zh: (p) => `机器“${p.machine}”没有 ${p.memory}；请用 --memory 指定其他存储`,
});

interface Ran {
  readonly name: string;
  readonly compiled: Compiled;
  readonly result: SimulationResult;
}

async function simulated(
  console: Console,
  name: string,
  { machine, ...sizes }: PlotOptions,
  observe?: (compiled: Compiled) => Observer,
): Promise<Ran> {
  const engine = await createEngine({ onNotice: console.notice });
  const compiled = await inModel(name, async () => {
    const { model } = await loadModel(name, console, 'none');
    return compileModel(model, { machine, engine, ...sizesGiven(name, sizes) });
  });
  const observer = observe?.(compiled);
  const { result } = await executeProgram(compiled.program, {
    ...{ data: false, engine: async () => engine },
    ...(observer === undefined ? {} : { observer }),
  });
  return { name, compiled, result };
}

const reportOf = ({ name, compiled, result }: Ran) =>
  runReport({ name, program: compiled.program, result, fidelity: 'timing' });

/** Networks under the roofline, and the layers of one. */
export async function roofline(console: Console, names: readonly string[], options: PlotOptions): Promise<Plot> {
  const { rooflinePicture, rooflineText, roofsOf } = await charts();
  const points: RooflinePoint[] = [];
  for (const name of names) {
    const report = reportOf(await simulated(console, name, options));
    const point = (
      kind: RooflinePoint['kind'],
      of: Pick<typeof report, 'macs' | 'cycles' | 'bytes'>,
      called: string,
    ) => {
      const bytes = of.bytes.read + of.bytes.write;
      if (of.macs === 0 || bytes === 0 || of.cycles === 0) return;
      const performance = (2 * of.macs * report.frequency) / of.cycles;
      points.push({ name: called, kind, intensity: (2 * of.macs) / bytes, performance });
    };
    if (names.length === 1)
      for (const layer of report.layers) if (layer.where !== 'host') point('layer', layer, layer.name);
    point('network', report, name);
  }
  const { language } = console;
  return {
    svg: () => rooflinePicture(options.machine, points, { language }),
    text: (columns) => rooflineText(options.machine, points, { language, columns }),
    ...shows(ROOFLINE, { machine: options.machine.name, roofs: roofsOf(options.machine), points }),
  };
}

export async function energy(console: Console, [name]: readonly string[], options: PlotOptions): Promise<Plot> {
  if (options.machine.energy === undefined) throw noEnergy({ machine: options.machine.name });
  const { energyPicture, energyText } = await charts();
  const { energy: spent } = reportOf(await simulated(console, name!, options));
  const about = { model: name!, machine: options.machine.name, language: console.language };
  return {
    svg: () => energyPicture(spent!, about),
    text: (columns) => energyText(spent!, { ...about, columns }),
    ...shows(ENERGY, { model: name!, machine: options.machine.name, energy: spent! }),
  };
}

/** The cycles that are asked for: those given, those of a layer, or all. */
function spanOf({ compiled, result }: Ran, { from, to, layer }: PlotOptions): { from: number; to: number } {
  const end = result.cycles;
  if (layer === undefined) return { from: from ?? 0, to: Math.min(to ?? end, end) };
  const layers = layersNamed(compiled.program, layer).map((plan) => result.layers[plan.index]!);
  return {
    from: from ?? Math.min(...layers.map((l) => l.first)),
    to: to ?? Math.max(...layers.map((l) => l.last)),
  };
}

export async function timelineOf(console: Console, [name]: readonly string[], options: PlotOptions): Promise<Plot> {
  const recorder = new TimelineRecorder(5_000_000);
  const ran = await simulated(console, name!, options, () => recorder.observer);
  const { from, to } = spanOf(ran, options);
  const spans = recorder.spans.filter((s) => s.to > from && s.from < to);
  const end = ran.result.cycles;
  const about = { title: `${name} · ${options.machine.name}`, from, to, end, language: console.language };
  return {
    svg: () => timeline(recorder.spans, { ...about, limit: 6000 }),
    text: (columns) => timelineText(recorder.spans, { ...about, columns }),
    ...shows(TIMELINE, {
      ...{ model: name!, machine: options.machine.name, from, to, spans },
      dropped: recorder.dropped,
    }),
  };
}

export async function memory(console: Console, [name]: readonly string[], options: PlotOptions): Promise<Plot> {
  const { machine } = options;
  const bytes = memoryBytes(machine, 0)[options.memory];
  const called = MEMORY_WORDS[options.memory];
  if (bytes === 0) throw noMemory({ machine: machine.name, memory: called });
  let recorder: MemoryRecorder | undefined;
  const ran = await simulated(console, name!, options, () => {
    recorder = new MemoryRecorder(machine, options.memory, { limit: 2_000_000 });
    return recorder.observer;
  });
  const { from, to } = spanOf(ran, options);
  const lifetimes = recorder!.lifetimes.filter((l) => l.to > from && l.from < to);
  const about = { model: name!, memory: called, bytes, from, to, language: console.language };
  return {
    svg: () => memoryMap(lifetimes, { ...about, limit: 6000 }),
    text: (columns) => memoryMapText(lifetimes, { ...about, columns }),
    ...shows(MEMORY, { ...about, machine: machine.name, cores: coresOf(machine), lifetimes }),
  };
}

const MEMORY_WORDS = { nram: 'NRAM', wram: 'WRAM', aram: 'ARAM', shared: 'SharedRAM' } as const;
