/**
 * Why a layer takes the time it takes: its affine form, the schedules that were considered, the chosen nest, and where the cycles went
 * that its bound does not need. From a compilation, and a run that counts time and is watched.
 */
import { diagnostic, nearestName } from '#base';
import type { Model } from '#ir';
import type { LayerPlan, Program } from '#isa';
import {
  algorithmsOf,
  type ContractionText,
  cyclesOf,
  describeContraction,
  describeKernel,
  describeWinograd,
  firstCores,
  isOperandSemaphore,
  type KernelText,
  loopsOfTiling,
  mergesOfTried,
  type Schedule,
  searchTiling,
} from '#lower';
import { coresOf, type Machine } from '#machine';
import { matrixPeakCycles } from '#report';
import type { LayerResult, Observer, SimulationEvent, SimulationResult } from '#sim';
import { type CompileOptions, compileModel } from './compile.ts';
import { executeProgram } from './execute.ts';

/** Where cycles of a layer go, in the order in which they are told. */
export const LOSSES = ['needed', 'ahead', 'ragged', 'fill', 'operands', 'results', 'other', 'drain'] as const;
export type Loss = (typeof LOSSES)[number];

export interface LayerExplanation {
  readonly plan: LayerPlan;
  readonly run: LayerResult;
  /** The least that what this layer had to do takes, and of what; bytes that never came to DRAM do not count. */
  readonly bound: { readonly cycles: number; readonly by: 'matrix' | 'vector' | 'memory' };
  /**
   * Cycles of the layer by what they went to; they add up to its cycles. Seen from the resource of the bound, in the first core:
   * - needed: its work at its peak
   * - ahead: of the DRAM channel, weights that it loads for the layer behind it
   * - ragged: lanes without work and operations beyond the least, or bytes moved again (halos, tiles loaded more than once, whole bursts)
   * - fill, drain: before its first and behind its last entry
   * - operands, results: idle for operands, or for room for results
   * - other: idle for anything else (control, or of the channel: nobody had anything to move)
   */
  readonly losses: Readonly<Record<Loss, number>>;
  /** Of convolutions and products on the matrix unit. */
  readonly contraction?: ContractionText;
  /** Of kernels of the vector unit. */
  readonly kernel?: KernelText;
}

/** A layer that the host runs, with the reason of each node in `plan.onHost`. */
export interface HostExplanation {
  readonly plan: LayerPlan;
  readonly run: LayerResult;
}

export interface Explained {
  readonly program: Program;
  /** What was lowered. */
  readonly optimized: Model;
  readonly result: SimulationResult;
  readonly layers: readonly LayerExplanation[];
  readonly host: readonly HostExplanation[];
}

interface Tried {
  readonly k: Parameters<Schedule>[0];
  readonly tiling: ReturnType<Schedule>;
  /** With what of NRAM there was for it. */
  readonly machine: Machine;
}

const unknownLayer = diagnostic<{ layer: string; nearest: string | undefined; count: number }>(
  'SYS-FLOW-150',
  'usage',
  {
    en: (p) =>
      `there is no layer '${p.layer}'${p.nearest === undefined ? '.' : `; did you mean '${p.nearest}'?`} Give the name of a layer or node, or a number from 1 to ${p.count}.`,
    zh: (p) =>
      `没有层“${p.layer}”${p.nearest === undefined ? '。' : `；是否指“${p.nearest}”？`}请给出层或节点的名称，或 1 到 ${p.count} 的编号。`,
  },
);

/**
 * The layers that a text means: all of a node, one by its own name or number.
 * @throws SYS-FLOW-150 it means none
 */
export function layersNamed({ layers }: Program, text: string): readonly LayerPlan[] {
  const number = /^\d+$/.test(text) ? layers[Number(text) - 1] : undefined;
  const found = layers.filter((l) => l.name === text || l.nodes.includes(text));
  if (found.length > 0) return found;
  if (number !== undefined) return [number];
  const names = [...new Set(layers.flatMap((l) => [l.name, ...l.nodes]))];
  throw unknownLayer({ layer: text, nearest: nearestName(text, names), count: layers.length });
}

/**
 * Explains layers of a model on a machine.
 * @param choose the layers to explain, by default all
 * @param schedules how many of the considered schedules to tell; with 0 no contraction is described, only where cycles went
 * @param observer sees the run, too
 */
export async function explainModel(
  model: Model,
  options: CompileOptions & {
    readonly schedules?: number;
    readonly choose?: (p: Program) => readonly LayerPlan[];
    readonly observer?: Observer;
  },
): Promise<Explained> {
  const { schedules = 5, observer, schedule = searchTiling } = options;
  const { convolution = options.schedule === undefined ? 'auto' : 'direct' } = options;
  const chosen = new Map<string, Tried[]>();
  const noted: Schedule = (k, machine, weightBuffers) => {
    const tiling = schedule(k, machine, weightBuffers);
    chosen.set(k.name, [...(chosen.get(k.name) ?? []), { k, tiling, machine }]);
    return tiling;
  };
  const kernels = new Map<number, Parameters<NonNullable<CompileOptions['onKernel']>>>();
  const { program, optimized } = await compileModel(model, {
    ...options,
    convolution,
    schedule: noted,
    onKernel: (...told) => {
      kernels.set(told[0].index, told);
      options.onKernel?.(...told);
    },
  });
  const told = new Set(options.choose?.(program) ?? program.layers);
  const machine = machineOf(program);
  const watch = new Watch(program);
  const { result } = await executeProgram(program, {
    data: false,
    observer: (event) => {
      watch.see(event);
      observer?.(event);
    },
  });
  const layers = program.layers.flatMap((plan, i): LayerExplanation[] => {
    if (!told.has(plan) || plan.where === 'host') return [];
    const run = result.layers[i]!;
    const bound = boundOf(plan, run, machine);
    const ahead = ((plan.ahead ?? 0) * machine.dram.bandwidth.cycles) / machine.dram.bandwidth.bytes;
    const losses = watch.losses(i, bound, run.cycles, endOf(result, i), ahead);
    const contraction =
      plan.where === 'matrix' ? contractionText(plan, chosen, machine, schedules, options) : undefined;
    const [, kernel, of] = kernels.get(plan.index) ?? [];
    return [
      {
        ...{ plan, run, bound, losses },
        ...(contraction === undefined ? {} : { contraction }),
        ...(kernel === undefined || of === undefined || schedules === 0
          ? {}
          : { kernel: describeKernel(kernel, of, schedules, plan.predicted) }),
      },
    ];
  });
  const host = program.layers.flatMap((plan, i) =>
    plan.where === 'host' && told.has(plan) ? [{ plan, run: result.layers[i]! }] : [],
  );
  return { program, optimized, result, layers, host };
}

/** The machine as the program's cores see it. */
const machineOf = ({ machine, cores }: Program): Machine => firstCores(machine, cores ?? coresOf(machine));

/** A contraction in words, a convolution with all ways to do it. */
function contractionText(
  plan: LayerPlan,
  chosen: ReadonlyMap<string, readonly Tried[]>,
  machine: Machine,
  schedules: number,
  { sparse, weightBuffers }: Pick<CompileOptions, 'sparse' | 'weightBuffers'>,
): ContractionText | undefined {
  const isConvolution = plan.op.split('+').some((op) => op === 'Conv' || op === 'QLinearConv');
  const withAlgorithms = ({ k, tiling, machine: left }: Tried, text: ContractionText): ContractionText =>
    isConvolution ? { ...text, algorithms: algorithmsOf(k, tiling, plan.winograd?.tile, left) } : text;
  if (plan.winograd !== undefined) {
    for (const tried of plan.nodes.flatMap((name) => chosen.get(name) ?? [])) {
      const text = describeWinograd(tried.k, plan, machine, schedules);
      if (text !== undefined) return withAlgorithms(tried, text);
    }
    return undefined;
  }
  const found = contractionOf(plan, chosen);
  if (found?.tiling === undefined) return undefined;
  const merges = mergesOfTried(
    found.k,
    plan.nodes.flatMap((name) => chosen.get(name) ?? []),
  );
  const text = describeContraction(found.k, found.tiling, found.machine, schedules, plan, weightBuffers);
  return withAlgorithms(found, {
    ...text,
    ...(text.apart === undefined ? {} : { apart: { ...text.apart, ...convolutionApart(plan, chosen) } }),
    ...(merges.length === 0 ? {} : { merges }),
    // Nothing else was asked for.
    ...(sparse === 'off' ? { forms: [] } : {}),
  });
}

/** What was predicted of a layer's convolution without the pooling behind it, where that was tried. */
function convolutionApart(plan: LayerPlan, chosen: ReadonlyMap<string, readonly Tried[]>): { convolution?: number } {
  const cycles = plan.nodes
    .flatMap((name) => chosen.get(name) ?? [])
    .flatMap(({ k, tiling, machine }) =>
      tiling === undefined || k.pool !== undefined ? [] : [cyclesOf(k, tiling, machine)],
    );
  return cycles.length === 0 ? {} : { convolution: Math.min(...cycles) };
}

/** Of the forms and tilings that were tried for a layer's nodes the one whose loops the layer has; of alike ones the last, which was emitted. */
function contractionOf(plan: LayerPlan, chosen: ReadonlyMap<string, readonly Tried[]>): Tried | undefined {
  const loops = JSON.stringify(plan.loops);
  const ops = plan.op.split('+');
  const isTwo = ops.filter((op) => op === 'Conv').length > 1;
  const isPooled = ops.some((op) => op.endsWith('Pool'));
  return plan.nodes
    .flatMap((name) => chosen.get(name) ?? [])
    .findLast(
      ({ k, tiling, machine }) =>
        tiling !== undefined &&
        (k.prologue !== undefined) === isTwo &&
        (k.pool !== undefined) === isPooled &&
        JSON.stringify(loopsOfTiling(k, tiling, machine)) === loops,
    );
}

/** When a layer has ended: cycles of layers add up from the front. */
const endOf = ({ layers }: SimulationResult, i: number): number =>
  layers.slice(0, i + 1).reduce((n, l) => n + l.cycles, 0);

/** Work that was needed and done, at its peak: what was executed beyond that, and what never left the chip, is no part of it. */
function boundOf(plan: LayerPlan, run: LayerResult, machine: Machine): LayerExplanation['bound'] {
  const share = (needed: number, executed: number): number => (executed === 0 ? 0 : Math.min(1, needed / executed));
  const { bandwidth } = machine.dram;
  const bytes =
    Math.min(plan.inputBytes + plan.weightBytes, run.readBytes - (plan.ahead ?? 0)) +
    Math.min(plan.outputBytes, run.writeBytes);
  const lanes =
    (share(plan.vectorOps || run.vectorOps, run.vectorOps) * vectorPeakCycles(machine, run)) / coresOf(machine);
  const times = [
    { by: 'matrix', cycles: share(plan.macs, run.macs) * matrixPeakCycles(machine, run) },
    { by: 'vector', cycles: lanes },
    { by: 'memory', cycles: (bytes * bandwidth.cycles) / bandwidth.bytes },
  ] as const;
  return times.reduce((most, t) => (t.cycles > most.cycles ? t : most));
}

/** Executed operations with all lanes at work, each as many cycles as its class takes. */
function vectorPeakCycles({ vector }: Machine, run: LayerResult): number {
  const { simple, divide, transcendental } = vector.cycles;
  // Of types that have lanes of their own the most: they are not told apart here.
  const most = Math.max(vector.lanes, ...Object.values(vector.types ?? {}).map((type) => type?.lanes ?? 0));
  const longer = run.divideOps * (divide - simple) + run.transcendentalOps * (transcendental - simple);
  return run.vectorLaneCycles * simple + longer / most;
}

/** What a resource did in a layer: its work, and the time between, by what it waited for. */
interface Use {
  readonly first: number;
  /** End of its last work. */
  last: number;
  busy: number;
  readonly idle: Record<Cause, number>;
  /** Since its last work: it counts once more work comes. */
  since: Record<Cause, number>;
  /** End of the last entry of any kind. */
  free: number;
}

type Cause = 'operands' | 'results' | 'other';
const noIdle = (): Record<Cause, number> => ({ operands: 0, results: 0, other: 0 });

type Resource = LayerExplanation['bound']['by'];

/** Listens to a run, and keeps for each layer what matrix unit, vector unit (of the first core) and DRAM channel did. */
class Watch {
  readonly #uses: Map<Resource, Use>[];

  constructor({ layers }: Program) {
    this.#uses = layers.map(() => new Map());
  }

  see(event: SimulationEvent): void {
    if (event.type === 'channel:grant' && event.channel === 'dram') {
      this.#add(event.layer, 'memory', event.cycle, event.cycle + event.taken, 'other', true);
      return;
    }
    if (!('entry' in event) || !event.type.endsWith(':end') || event.core !== 0) return;
    const { unit, entry } = event;
    if (unit !== 'matrix' && unit !== 'vector') return;
    const { start, cycle } = event as { readonly start: number; readonly cycle: number };
    const isWork = entry.kind !== 'wait' && entry.kind !== 'signal';
    const waitsFor = entry.kind !== 'wait' ? 'other' : isOperandSemaphore(entry.semaphore) ? 'operands' : 'results';
    this.#add(event.layer, unit, start, cycle, waitsFor, isWork);
  }

  #add(layer: number, resource: Resource, start: number, end: number, cause: Cause, isWork: boolean): void {
    const uses = this.#uses[layer];
    const use = uses?.get(resource);
    if (use === undefined) {
      if (isWork) {
        const fresh = { first: start, last: end, busy: end - start, idle: noIdle(), since: noIdle(), free: end };
        uses?.set(resource, fresh);
      }
      return;
    }
    use.since[cause] += Math.max(0, start - use.free);
    use.free = Math.max(use.free, end);
    if (!isWork) {
      use.since.other += end - start;
      return;
    }
    use.busy += end - start;
    use.last = end;
    for (const c of Object.keys(use.idle) as Cause[]) use.idle[c] += use.since[c];
    use.since = noIdle();
  }

  losses(
    layer: number,
    { by, cycles: needed }: LayerExplanation['bound'],
    cycles: number,
    end: number,
    /** Cycles of the channel for the layer behind. */
    forNext: number,
  ): Readonly<Record<Loss, number>> {
    const use = this.#uses[layer]?.get(by);
    const none = { needed: 0, ahead: 0, ragged: 0, fill: 0, operands: 0, results: 0, other: 0, drain: 0 };
    if (use === undefined) return { ...none, other: cycles };
    const { first, last, busy, idle } = use;
    const least = Math.min(needed, busy);
    const ahead = by === 'memory' ? Math.min(forNext, busy - least) : 0;
    return {
      needed: least,
      ahead,
      ragged: busy - least - ahead,
      fill: first - (end - cycles),
      ...idle,
      drain: end - last,
    };
  }
}
