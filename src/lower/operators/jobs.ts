/** The jobs that lowerings make: contractions, vector kernels, copies. */
import { internalError } from '#base';
import { elementCount, type GraphNode } from '#ir';
import { type KeptValue, SLOT_BYTES } from '#isa';
import { coresOf, type Machine, vectorLanes } from '#machine';
import { VECTOR_CLASSES } from '#timing';
import { buildContraction, type Contraction, fitsContraction, type Tiling } from '../contraction.ts';
import { packedBytes, sparsePlan } from '../contractionWeights.ts';
import { coresFor } from '../cores.ts';
import { withWram } from '../decisions.ts';
import { elementTypeOf } from '../elementTypes.ts';
import { amongNeighbours, emitContraction } from '../emitContraction.ts';
import type { FirstBlock } from '../firstBlock.ts';
import { foldPixels } from '../foldedPixels.ts';
import { emitCopy, planCopy, predictCopy } from '../kernels/copy.ts';
import { movedAhead } from '../nest.ts';
import { packedWeights } from '../packedWeights.ts';
import type { Emitted, Job, Planner, Prepared, ToHost, WramUse } from '../planner.ts';
import { trafficAhead } from '../prediction.ts';
import type { Surroundings } from '../prefetch.ts';
import { doesNotFit } from '../reasons.ts';
import { weightBuffers, withRing } from '../ring.ts';
import { sparseOf } from '../sparse/forms.ts';
import { bufferBytes, type LoopDim, planLoops, tilesOf } from '../stream.ts';
import { cyclesOf, predictionOf } from '../tileSearch.ts';
import { emitVectorKernel, predictVectorKernel, type VectorKernel } from '../vectorNest.ts';
import type { View } from '../views.ts';
import { doubtOf, inWay, isWorthPredicting, waysOf } from '../ways.ts';
import type { Chain } from './epilogue.ts';
import { readByChain } from './poolBehind.ts';

/** A contraction that does what is planned, and cycles that it cannot do without. It is asked for again when addresses are known. */
export interface Variant {
  readonly least: number;
  readonly contraction: () => Contraction;
}

/** Memory of a chain's result, and the contractions that make it, the most promising first. */
export interface Planned {
  readonly writes: View;
  /** What is read, where less is than without the chain. */
  readonly reads?: readonly View[];
  readonly variants: readonly Variant[];
}

/** Of what is planned there is one contraction. */
export const only = (contraction: () => Contraction): Pick<Planned, 'variants'> => ({
  variants: [{ least: 0, contraction }],
});

/** A contraction that was chosen: with what behind it, how it is tiled, and what it is predicted to take. */
export interface Chosen {
  readonly chain: Chain;
  readonly planned: Planned;
  readonly contraction: () => Contraction;
  readonly tiling: Tiling;
  readonly cycles: number;
}

/**
 * Of the chains behind a contraction, and the ways to do it, those that are predicted to pay.
 * @param plan undefined where a chain cannot be had
 * @param limit cycles that it must take less than
 * @returns undefined where not even the shortest fits
 */
export function chooseContraction(
  p: Planner,
  chains: readonly Chain[],
  plan: (chain: Chain) => Planned | undefined,
  limit = Number.POSITIVE_INFINITY,
): Chosen | undefined {
  let best: Chosen | undefined;
  let least = limit;
  for (const chain of chains) {
    const planned = plan(chain);
    if (planned === undefined) continue;
    const apart = cyclesApart(p, chains, chain, planned);
    const fastest = fastestOf(p, planned, p.machine, { limit: least - apart, isSettled: false });
    if (fastest === undefined) continue;
    least = fastest.weighed + apart;
    best = { chain, planned, ...fastest, cycles: fastest.cycles + apart };
  }
  return best;
}

interface Fastest extends Pick<Chosen, 'contraction' | 'tiling' | 'cycles'> {
  readonly k: Contraction;
  /** Cycles, and what of them is doubted. */
  readonly weighed: number;
}

/** Of the ways to do what is planned the fastest, with operands and results where they are now; undefined where none takes less than the limit. */
function fastestOf(
  p: Planner,
  { variants }: Planned,
  machine: Machine,
  { limit, isSettled }: { readonly limit: number; readonly isSettled: boolean },
): Fastest | undefined {
  let best: Fastest | undefined;
  let least = limit;
  for (const variant of variants) {
    if (variant.least >= least) break;
    // Tilings of a caller are of pixels as they lie.
    const made = (): Contraction => (p.searches ? foldPixels(variant.contraction(), machine) : variant.contraction());
    const given = made();
    for (const ways of waysOf(p, given, isSettled)) {
      let fits = false;
      for (const [i, way] of ways.entries()) {
        const k = inWay(given, way, p.machine);
        if (k === undefined || (p.convolution === 'auto' && !isWorthPredicting(k, least, machine))) continue;
        const tiling = p.tiling(k, machine);
        // Tilings may be given, and those of networks that count alike are shared.
        if (tiling === undefined || (i > 0 && !fitsContraction(k, tiling, machine))) continue;
        fits = true;
        const cycles = cyclesOf(k, tiling, machine);
        const weighed = cycles * doubtOf(k, machine);
        if (weighed >= least) continue;
        least = weighed;
        const contraction = (): Contraction => {
          const now = made();
          return inWay(now, way, p.machine) ?? now;
        };
        best = { k, contraction, tiling, cycles, weighed };
      }
      if (fits) break;
    }
  }
  return best;
}

/**
 * What a shorter chain leaves over takes a kernel of its own, which moves the result and operands at least; a pooling that is left over takes
 * what is predicted of it.
 */
export function cyclesApart(
  p: Planner,
  chains: readonly Chain[],
  chain: Chain,
  { writes }: Pick<Planned, 'writes'>,
): number {
  if (chain.pool !== undefined) return 0;
  const pool = chains[0]?.pool;
  const longest = chains.find((c) => c.pool === undefined)!;
  if (chain === longest) return pool?.cycles ?? 0;
  const left = longest.operands.length - chain.operands.length;
  const moved = leastCycles(p, writes, 2 + left);
  const computed = stepsLeast(p, longest.steps.slice(chain.steps.length), writes);
  return (pool?.cycles ?? 0) + Math.max(moved, computed);
}

/** Cycles that the vector units need at least for steps on a value. */
function stepsLeast({ machine }: Planner, steps: Chain['steps'], { dims, dtype }: View): number {
  const { vector } = machine;
  const lanes = vectorLanes(vector, elementTypeOf(dtype) ?? '') ?? vector.lanes;
  const cycles = steps.reduce((n, s) => n + vector.cycles[VECTOR_CLASSES[s.f]], 0);
  return (cycles * elementCount(dims)) / (lanes * coresOf(machine));
}

/**
 * Makes the job of a contraction on the matrix unit with the chain behind it that is predicted to pay.
 * @param reads views that the contraction reads, apart from operands of the chain
 * @param plan undefined where a chain cannot be had
 * @returns the reason for the host where not even the shortest fits
 */
export function contractionJob(
  p: Planner,
  node: GraphNode,
  chains: readonly Chain[],
  reads: readonly View[],
  plan: (chain: Chain) => Planned | undefined,
): ToHost | undefined {
  const chosen = chooseContraction(p, chains, plan);
  if (chosen === undefined) return doesNotFit(p.machine);
  chosenJob(p, [node], [], chosen, reads);
  return undefined;
}

/**
 * The job of a chosen contraction. Way and tiling are looked for once more when it is known where operands and result lie.
 * @param before nodes that it does before its chain, the one that is being planned first
 * @param onVector those of them that the vector unit does
 * @param macs what it counts for, where it is a part of its nodes
 */
export function chosenJob(
  p: Planner,
  before: readonly GraphNode[],
  onVector: readonly GraphNode[],
  { chain, planned, contraction: first, tiling }: Chosen,
  reads: readonly View[],
  macs?: number,
): void {
  for (const n of [...before.slice(1), ...chain.nodes]) p.fuse(n);
  const nodes = [...before, ...chain.nodes];
  const shape = first();
  const packed = shape.weights.kind === 'constant' ? packedBytes(shape, tiling) : 0;
  // Tilings found before serve where a schedule of a caller has no other one.
  const found: Pick<Chosen, 'contraction' | 'tiling'>[] = [{ contraction: first, tiling }];
  const wram: WramUse = {
    weights: sharedAs(shape),
    room: p.machine.wram.bytes,
    wholeBytes: () => {
      const k = holding(first());
      const held = p.tiling(k, p.machine);
      return held && bufferBytes(buildContraction(k, held, p.machine, 0).w);
    },
  };
  const within = (machine: Machine): Machine => withWram(machine, wram.held?.bytes ?? wram.room);
  /** Way and tiling on a machine as it finds it. What is held is as all have it that read it, what is sparse stays so. */
  const settle = (machine: Machine): Pick<Fastest, 'k' | 'tiling'> | undefined => {
    const isHeld = wram.held !== undefined;
    const made = (contraction: () => Contraction): Contraction => (isHeld ? holding(contraction()) : contraction());
    if (!isHeld && sparseOf(shape) === undefined) {
      const way = fastestOf(p, planned, machine, { limit: Number.POSITIVE_INFINITY, isSettled: true });
      if (way !== undefined) {
        found.push(way);
        return way;
      }
    } else {
      const k = made(first);
      const now = p.tiling(k, machine);
      if (now !== undefined) {
        found.push({ contraction: first, tiling: now });
        return { k, tiling: now };
      }
    }
    for (const { contraction, tiling } of found.toReversed()) {
      const k = made(contraction);
      if ((!isHeld || contraction === first) && fitsContraction(k, tiling, machine)) return { k, tiling };
    }
    return undefined;
  };
  const pool = chain.pool === undefined ? [] : [chain.pool.node];
  p.fusedPools.push(...pool);
  const vectorNodes = [...onVector, ...(chain.steps.length === 0 ? pool : chain.nodes)];
  const job: Job = {
    nodes,
    op: nodes.map((n) => n.op).join('+'),
    where: 'matrix',
    reads: [...(planned.reads ?? reads), ...readByChain(chain)],
    writes: [planned.writes],
    macs: macs ?? p.macs(nodes),
    vectorOps: vectorNodes.length === 0 ? 0 : p.vectorOps(vectorNodes),
    packedBytes: packed,
    wram,
    predict: (whole) => {
      const machine = within(whole);
      const way = settle(machine);
      return way && cyclesOf(way.k, way.tiling, machine);
    },
    prepare: (place, whole): Prepared => {
      const machine = within(whole);
      const way = settle(machine);
      if (way === undefined) throw internalError({ what: `no tiling of ${shape.name} fits that fitted when planned` });
      const { k, tiling: chosen } = way;
      // Of all that were asked for the last, for those who watch the schedule.
      p.tiling(k, machine);
      let address = 0;
      let segment = { name: '', bytes: 0 };
      if (k.weights.kind === 'constant') {
        job.packedBytes = packedBytes(k, chosen);
        const packed = packedAs(k, chosen);
        const there = packed === undefined ? undefined : p.packed.get(packed);
        if (there !== undefined) {
          job.sharesPacked = true;
          there.last = p.jobs.length;
          segment = there;
        }
        address = there?.address ?? place(job.packedBytes);
        if (there === undefined) {
          const made = packedWeights(k, chosen, machine, address);
          const buffer = p.buffer(made.name, job.packedBytes, true);
          segment = buffer;
          buffer.address = address;
          buffer.first = buffer.last = p.jobs.length;
          p.contents.set(buffer, made.data);
          if (packed !== undefined) p.packed.set(packed, buffer);
        }
      }
      const alone = withRing(buildContraction(k, chosen, machine, address), k, chosen, machine, p.weightBuffers);
      const { loops } = alone.nest;
      return {
        mayLoadAhead: true,
        weights: {
          ...{ loops, stream: alone.w, buffers: weightBuffers(alone) },
          areConstant: k.weights.kind === 'constant',
          ...(wram.held === undefined
            ? {}
            : { held: { address: wram.held.address, what: partsHeld(address, chosen, loops) } }),
        },
        room: wram.room,
        emit: (e, around): Emitted => {
          const built = amongNeighbours(alone, around);
          emitContraction(e, built, k, chosen, machine);
          const sparse = sparsePlan(k, chosen);
          return {
            loops: planLoops(loops),
            predicted: predictionOf(k, chosen, built, machine),
            ...bytesAhead(around.next, machine),
            ...(sparse === undefined ? {} : { sparse }),
            ...(wram.held === undefined ? {} : { held: heldBy(segment, around) }),
          };
        },
      };
    },
  };
  p.job(job);
}

/** All that the packed weights of a contraction depend on, but tiling and machine; undefined where nobody else can have the same. */
function sharedAs(k: Contraction): string | undefined {
  const { weights, quantisation } = k;
  if (weights.kind !== 'constant' || weights.of === undefined || quantisation !== undefined) return undefined;
  const form = sparseOf(k)?.form;
  const sizes = [k.outer.map((o) => o.total), k.y.kernel, k.x.kernel, k.c.total, k.n.total];
  return JSON.stringify([weights.of, weights.stride, weights.bias !== undefined, form, k.types, sizes]);
}

/** The same under a tiling. */
function packedAs(k: Contraction, t: Tiling): string | undefined {
  const shared = sharedAs(k);
  return shared && JSON.stringify([shared, t.n, t.c, t.ky]);
}

/** A contraction whose weights are in WRAM. */
const holding = (k: Contraction): Contraction =>
  k.weights.kind === 'constant' ? { ...k, weights: { ...k.weights, isHeld: true } } : k;

/** What each core holds of packed weights: the same where this is the same. */
const partsHeld = (address: number, t: Tiling, loops: readonly LoopDim[]): string =>
  JSON.stringify([
    [address, t.n, t.c, t.ky],
    loops.flatMap((l) => (l.deal === undefined ? [] : [[l.name, tilesOf(l), l.deal]])),
  ]);

/** Weights that a layer finds in WRAM, or leaves there. */
const heldBy = (
  { name, bytes }: { readonly name: string; readonly bytes: number },
  { isHeld }: Surroundings,
): KeptValue => ({
  ...{ value: name, bytes, memory: 'wram' },
  access: isHeld === true ? 'read' : 'write',
});

/** What a job loads for the one behind it. */
const bytesAhead = (next: FirstBlock | undefined, machine: Machine): Pick<Emitted, 'ahead'> =>
  next === undefined ? {} : { ahead: trafficAhead(movedAhead(next, coresFor(machine)), machine).payload };

/** Cycles that the DRAM channel needs to move a value so many times. */
function leastCycles(p: Planner, { dims, dtype }: View, times: number): number {
  const { bytes, cycles } = p.machine.dram.bandwidth;
  return (times * elementCount(dims) * SLOT_BYTES[dtype] * cycles) / bytes;
}

/** Emits a vector kernel as a job. `plan` is called twice: to see whether it fits, and when addresses are known. */
export function vectorJob(
  p: Planner,
  nodes: readonly GraphNode[],
  plan: (machine: Machine) => VectorKernel | undefined,
  views: {
    readonly reads: readonly View[];
    readonly writes: readonly View[];
    /** Of a job that does a part of the nodes, whose work another job counts. */
    readonly op?: string;
  },
): void {
  p.job({
    nodes,
    op: views.op ?? nodes.map((n) => n.op).join('+'),
    where: 'vector',
    reads: views.reads,
    writes: views.writes,
    macs: views.op === undefined ? p.macs(nodes) : 0,
    vectorOps: views.op === undefined ? p.vectorOps(nodes) : 0,
    packedBytes: 0,
    predict: (machine) => {
      const kernel = plan(machine);
      return kernel && predictVectorKernel(kernel, machine).cycles;
    },
    prepare: (_, machine): Prepared => {
      const kernel = plan(machine);
      if (kernel === undefined) throw new TypeError('a vector kernel fitted when planned and does not now');
      return {
        mayLoadAhead: true,
        emit: (e, { next }): Emitted => {
          emitVectorKernel(e, kernel, machine, next);
          const predicted = predictVectorKernel(kernel, machine, next);
          return {
            ...{ loops: planLoops(kernel.loops), predicted, kernel: { of: kernel, machine } },
            ...bytesAhead(next, machine),
          };
        },
      };
    },
  });
}

/** A copy job. Whether it fits must have been seen before (`fits`). */
export function copyJob(
  p: Planner,
  node: GraphNode | undefined,
  kernel: { input: View; output: View; padsBefore?: readonly number[]; fill?: number },
): void {
  p.job({
    nodes: node === undefined ? [] : [node],
    op: node?.op ?? 'Identity',
    where: 'dma',
    reads: [keptOf(kernel)],
    writes: [kernel.output],
    macs: 0,
    vectorOps: 0,
    packedBytes: 0,
    predict: (machine) => {
      const plan = planCopy(kernel, machine);
      return plan && predictCopy(plan, machine).cycles;
    },
    prepare: (_, machine): Prepared => {
      const plan = planCopy(kernel, machine);
      if (plan === undefined) throw new TypeError('a copy fitted when planned and does not now');
      return {
        mayLoadAhead: false,
        emit: (e): Emitted => {
          emitCopy(e, plan);
          return { loops: planLoops(plan.loops), predicted: predictCopy(plan, machine) };
        },
      };
    },
  });
}

/** What a copy reads: less than its input where padding is negative, and so cuts. */
function keptOf({ input, output, padsBefore }: { input: View; output: View; padsBefore?: readonly number[] }): View {
  if (padsBefore === undefined) return input;
  const kept = (size: number, i: number): number =>
    Math.min(size + padsBefore[i]!, output.dims[i]!) - Math.max(padsBefore[i]!, 0);
  return { ...input, dims: input.dims.map((size, i) => Math.max(0, kept(size, i))) };
}
