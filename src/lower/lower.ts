/**
 * Lowering: a typed model with static shapes becomes a Program. Reads top to bottom: place concatenations, plan each node (a
 * job for a unit, a view, or the host), allocate DRAM, emit layer by layer.
 */
import { diagnostic } from '#base';
import { elementCount, type GraphNode, type Model, namesRead, staticShape, typeOf, typeText } from '#ir';
import { type ConstantSegment, type HostNode, type KeptValue, type LayerPlan, type Program, SLOT_BYTES } from '#isa';
import { coresOf, type Machine } from '#machine';
import { operatorIn } from '#ops';
import { allocate, checkDram } from './allocate.ts';
import { compulsoryTraffic, reachedBytes } from './compulsory.ts';
import { coresFor } from './cores.ts';
import { type Effort, lookedForQuickly } from './decisions.ts';
import { Emitter } from './emitter.ts';
import { type ExpandedModel, expandModel } from './expand.ts';
import { fewerPools, type Pooled } from './fewerPools.ts';
import { firstCores } from './firstCores.ts';
import { holdWeights } from './heldWeights.ts';
import { type Boundary, hostJob, hostPart, type Waiting, whyNotExchanged } from './hostParts.ts';
import type { ConvolutionChoice } from './im2col/unfold.ts';
import { planCopy } from './kernels/copy.ts';
import { keepInNram, type MachineOf } from './nramResidency.ts';
import { cause, type OpenShape, openShape, repair } from './openShapes.ts';
import { copyJob } from './operators/jobs.ts';
import { placeConcats } from './operators/movement.ts';
import { isWrittenOut, lowerings } from './operators/table.ts';
import { type Emitted, type Job, Planner, type Schedule, type SparseOption } from './planner.ts';
import { planPrefetches, type Surroundings } from './prefetch.ts';
import { keepInShared } from './residency.ts';
import type { VectorKernel } from './vectorNest.ts';
import { denseStrides, slotOf, type View } from './views.ts';
import { lacksTile, lacksWinograd, type Reason, type WinogradChoice } from './winograd/applies.ts';

export interface LowerOptions {
  /** Writes the model of a host part (the `onnx` layer's `writeModel`; lowering itself does not know files). */
  readonly serialise: (model: Model) => Uint8Array;
  /** For each node that stands for several of the imported model: their names. */
  readonly provenance?: ReadonlyMap<string, readonly string[]>;
  /** Instead of the tile search. */
  readonly schedule?: Schedule;
  /** Whether chains of layers may be done tile by tile, what is between them staying in scratchpads; by default they may. */
  readonly depthFirst?: boolean;
  /** Whether the results of a convolution may be pooled before they are stored; by default they are where that is predicted to pay. */
  readonly fusePools?: boolean;
  /** Whether weights that are sparse may lie compressed; by default where that is predicted to pay. */
  readonly sparse?: SparseOption;
  /** What is done with the Winograd unit of a machine that has one; by default what is predicted to be fastest. */
  readonly winograd?: WinogradChoice;
  /** How convolutions have their windows; by default what is predicted to be fastest, or with a `schedule` of the caller as they stand. */
  readonly convolution?: ConvolutionChoice;
  /** Whether a layer may load the first weights of the layer behind it; by default it may. */
  readonly prefetch?: boolean;
  /** The most buffers of weights, from 2; by default 8, of which as many are taken as are predicted to be fastest. */
  readonly weightBuffers?: number;
  /** How long schedules are looked for; by default `full`. */
  readonly effort?: Effort;
  /** Whether values may stay in NRAM between layers, where one core runs the program, and weights in WRAM; by default they may. */
  readonly keep?: boolean;
  /** How many cores are to run it: some of one cluster, or whole clusters; absent: all. */
  readonly cores?: number;
  /** Told of each kernel of the vector unit, with the layer that was made of it and the machine that it was tiled for. */
  readonly onKernel?: (plan: LayerPlan, kernel: VectorKernel, machine: Machine) => void;
  /** Told after each node. */
  readonly onProgress?: (done: number, total: number) => void;
}

const unknownShape = diagnostic<OpenShape & { value: string; what: 'input' | 'output' }>(
  'SYS-LOWER-001',
  'unsupported',
  {
    en: (p) =>
      `${p.what} '${p.value}' of the model has type ${p.type}: its shape must be known before the model can be compiled. ${cause.en(p)}${repair.en(p)}`,
    zh: (p) =>
      `模型的${p.what === 'input' ? '输入' : '输出'}“${p.value}”类型为 ${p.type}：编译前必须知道其形状。${cause.zh(p)}${repair.zh(p)}`,
  },
);
const tooLong = diagnostic<{ words: number; capacity: number; machine: string }>('SYS-LOWER-005', 'unsupported', {
  en: (p) =>
    `the program takes ${p.words} instruction words, and machine '${p.machine}' holds ${p.capacity} (control.instructionWords). ` +
    'Give the machine a larger instruction memory, or compile a smaller network.',
  zh: (p) =>
    `程序需要 ${p.words} 个指令字，而机器“${p.machine}”只能容纳 ${p.capacity} 个（control.instructionWords）。` +
    '请增大机器的指令存储，或编译更小的网络。',
});
const noSuchWinograd = diagnostic<{ asked: string; machine: string; reason: Reason }>('SYS-LOWER-070', 'unsupported', {
  en: (p) =>
    `--winograd ${p.asked} asks for convolutions by F(${p.asked === 'f2' ? '2×2' : '4×4'}, 3×3), which cannot be had: ${p.reason.en}. ` +
    "Take a machine that has it, such as textbook-extended, or leave --winograd at 'auto'.",
  zh: (p) =>
    `--winograd ${p.asked} 要求用 F(${p.asked === 'f2' ? '2×2' : '4×4'}, 3×3) 做卷积，但无法实现：${p.reason.zh}。` +
    '请改用具备它的机器（例如 textbook-extended），或让 --winograd 保持 auto。',
});
const notATensor = diagnostic<{ value: string; type: string; what: 'input' | 'output' }>(
  'SYS-LOWER-004',
  'unsupported',
  {
    en: (p) =>
      `${p.what} '${p.value}' of the model is of type ${p.type}; a program exchanges dense numeric tensors (${Object.keys(SLOT_BYTES).join(', ')}).`,
    zh: (p) =>
      `模型的${p.what === 'input' ? '输入' : '输出'}“${p.value}”类型为 ${p.type}；程序只交换稠密数值张量（${Object.keys(SLOT_BYTES).join('、')}）。`,
  },
);

/**
 * Compiles a model for a machine, for all its cores or for the first so many.
 * @throws SYS-LOWER-001, -002, -004 values that cannot be in the processor's memory; -003, -005 too little memory; -060 cores that
 * cannot be had; -070 a Winograd unit that was asked for and is not there
 */
export function lower(given: Model, whole: Machine, options: LowerOptions): Program {
  const running = firstCores(whole, options.cores ?? coresOf(whole));
  const machine = options.effort === 'quick' ? lookedForQuickly(running) : running;
  const asked = options.winograd ?? 'auto';
  if (asked === 'f2' || asked === 'f4') {
    const reason = lacksWinograd(machine) ?? lacksTile(machine, asked);
    if (reason !== undefined) throw noSuchWinograd({ asked, machine: machine.name, reason });
  }
  for (const [what, values] of [
    ['input', given.graph.inputs],
    ['output', given.graph.outputs],
  ] as const) {
    for (const v of values) {
      const type = typeOf(given.graph, v.name) ?? v.type;
      if (type !== undefined && (type.kind !== 'tensor' || !(type.dtype in SLOT_BYTES)))
        throw notATensor({ value: v.name, type: typeText(type), what });
      if (staticShape(type) === undefined) {
        const open = openShape(given.graph, v.name, type);
        throw unknownShape(
          { value: v.name, what, ...open },
          open.origin === undefined ? {} : { node: open.origin.node },
        );
      }
    }
  }

  const expanded = expandModel(given, (model, node) => isWrittenOut(model, node, machine));
  const { model } = expanded;
  const provenance = provenanceOf(expanded, options.provenance ?? new Map());
  let { onProgress } = options;
  const plan = (mayFuse: (pool: GraphNode) => boolean): Plan => {
    const told = onProgress === undefined ? {} : { onProgress };
    onProgress = undefined;
    return planModel(new Planner(model, machine, { ...options, mayFuse }, expanded), options.keep !== false, told);
  };
  const { planner, inputs, outputs, hostNames, machineOf } =
    options.fusePools === false ? plan(() => false) : fewerPools(plan);

  // Buffers of the planner's first half have addresses from here on; packed weights follow behind them.
  let top = allocate(planner.buffers);
  const place = (bytes: number): number => {
    const at = top;
    top = Math.ceil((top + bytes) / 64) * 64;
    return at;
  };

  const prepared = planner.jobs.map((job) => job.prepare(place, machineOf(job)));
  checkDram(top, machine);
  const host = planner.jobs.flatMap((job) => {
    const part = hostNames.get(job);
    return part === undefined ? [] : [hostPart(planner, layerName(job), job.nodes, part, options.serialise)];
  });
  const names = layerNames(planner.jobs);
  const emitAll = (around: readonly Surroundings[]): Pick<Program, 'words' | 'layers'> => {
    const emitter = new Emitter(coresFor(machine));
    let parts = 0;
    const layers = planner.jobs.map((job, i) => {
      const from = emitter.beginLayer();
      const emitted = prepared[i]!.emit(emitter, around[i]!);
      if (hostNames.has(job)) emitter.op('host', { part: parts++ });
      const to = emitter.endLayer();
      const plan = layerOf(planner, job, names.get(job)!, i, emitted, from, to, provenance);
      if (emitted.kernel !== undefined) options.onKernel?.(plan, emitted.kernel.of, emitted.kernel.machine);
      return plan;
    });
    emitter.beginLayer();
    emitter.op('halt');
    emitter.endLayer();
    return { words: emitter.finish(), layers };
  };
  const capacity = machine.control.instructionWords;
  let { words, layers } = emitAll(planPrefetches(prepared, machine, options.prefetch ?? true));
  // Loading ahead takes instructions.
  if (words.length > capacity) ({ words, layers } = emitAll(planPrefetches(prepared, machine, false)));
  if (words.length > capacity) throw tooLong({ words: words.length, capacity, machine: machine.name });

  const constants: ConstantSegment[] = [];
  for (const [buffer, data] of planner.contents) {
    if (buffer.last < 0) continue;
    constants.push({ name: buffer.name, address: buffer.address, bytes: buffer.bytes, data });
  }
  return {
    name: model.graph.name,
    machine: whole,
    ...(running === whole ? {} : { cores: coresOf(running) }),
    words,
    dramBytes: top,
    constants,
    inputs: inputs.map((i) => slotOf(i.name, i.view)),
    outputs: outputs.map((o) => slotOf(o.name, o.view)),
    host,
    layers,
    compulsory: compulsoryTraffic(
      planner,
      outputs.map((o) => o.view),
    ),
  };
}

/** What is planned of a model: jobs, the homes of values, what the host does. */
interface Plan extends Pooled {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** Host parts by their jobs. */
  readonly hostNames: ReadonlyMap<Job, Boundary>;
}

interface Slot {
  readonly name: string;
  readonly view: View;
}

/** Plans all nodes, and where values stay. @param keeps whether some may stay in NRAM */
function planModel(planner: Planner, keeps: boolean, told: Pick<LowerOptions, 'onProgress'>): Plan {
  const { graph, machine } = planner;
  const inputs = graph.inputs.map((v) => {
    const view = makeInput(planner, v.name);
    planner.alias(v.name, view);
    planner.made([v.name]);
    return { name: v.name, view };
  });

  placeConcats(planner);
  const hostNames = planNodes(planner, told);

  const outputs = graph.outputs.map((v) => ({ name: v.name, view: outputView(planner, v.name) }));
  // Their memory holds to the end of the run, also where an output is a view of a value that layers read long before.
  for (const { view } of outputs) view.buffer.last = planner.jobs.length;

  const read = outputs.map((o) => o.view);
  keepInShared(planner, read);
  if (keeps) holdWeights(planner);
  let machineOf: MachineOf = () => machine;
  if (keeps) {
    machineOf = keepInNram(planner, read);
    keepInShared(planner, read);
  }
  return { planner, inputs, outputs, hostNames, machineOf };
}

/** For each node: the nodes of the imported model that it stands for. */
function provenanceOf(
  { origin }: ExpandedModel,
  passed: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const out = new Map(passed);
  for (const [made, of] of origin) out.set(made.name, passed.get(of.name) ?? [of.name]);
  return out;
}

/**
 * Where an output lies. What would be another view of an input or of a constant (a lone Transpose, an input handed
 * through) is written out: a program makes its outputs, and the time that takes is part of its time.
 */
function outputView(p: Planner, name: string): View {
  const view = p.view(name);
  if (!p.contents.has(view.buffer) && !p.isInput(view.buffer)) return view;
  const bytes = SLOT_BYTES[view.dtype];
  const buffer = p.buffer(name, elementCount(view.dims) * bytes, true);
  const output: View = { ...view, buffer, offset: 0, strides: denseStrides(view.dims, bytes) };
  const producer = p.graph.nodes.find((n) => n.outputs.includes(name));
  // A view with no elements, or along more dimensions than a record has, stays where it is.
  if (elementCount(view.dims) === 0 || planCopy({ input: view, output }, p.machine) === undefined) return view;
  copyJob(p, producer, { input: view, output });
  return output;
}

function makeInput(p: Planner, name: string): View {
  const dims = p.dims(name);
  const dtype = p.slotType(name);
  const bytes = SLOT_BYTES[dtype];
  const buffer = p.buffer(name, elementCount(dims) * bytes, true);
  p.inputs.add(buffer);
  // Fed whether a job reads it or not.
  buffer.first = buffer.last = 0;
  return { buffer, offset: 0, dtype, dims, strides: denseStrides(dims, bytes) };
}

/**
 * Plans every node in order. What goes to the host waits, and becomes one part when a lowering asks for the memory of a
 * value that waits, or at the end. A node that waits reads jobs made before and others that wait, so a part is always legal.
 */
function planNodes(p: Planner, options: Pick<LowerOptions, 'onProgress'>): Map<Job, Boundary> {
  const parts = new Map<Job, Boundary>();
  let waiting: Waiting[] = [];
  const place = (run: readonly Waiting[]): void => {
    if (run.length === 0) return;
    const { job, ends } = hostJob(p, run);
    p.job(job);
    for (const w of run) p.made(w.node.outputs);
    parts.set(job, ends);
  };
  p.onDemand = (name) => {
    if (waiting.length === 0) return;
    const run = readyRun(p, waiting, name);
    if (run.length === 0) return;
    waiting = waiting.filter((w) => !run.includes(w));
    place(run);
  };

  const total = p.graph.nodes.length;
  const planned = new Set<GraphNode>();
  const isReady = (name: string): boolean =>
    name === '' ||
    p.constant(name) !== undefined ||
    p.hasView(name) ||
    waiting.some((w) => w.node.outputs.includes(name));
  const plan = (node: GraphNode): void => {
    if (p.isDone(node) || planned.has(node)) return;
    planned.add(node);
    p.reached(node);
    const reason = toHost(node, p);
    if (reason === undefined) return p.made(node.outputs);
    waiting.push({ node, reason });
    // Readers of what cannot cross are the host's too: they wait with it as soon as they can.
    for (const reader of node.outputs.flatMap((o) => (cannotCross(p, o) ? p.consumers(o) : [])))
      if (namesRead(reader).every(isReady)) plan(reader);
  };
  p.graph.nodes.forEach((node, i) => {
    options.onProgress?.(i, total);
    plan(node);
  });
  place(waiting);
  p.onDemand = () => {};
  return parts;
}

/**
 * Of the nodes that wait for the host, those to run when a value is demanded: all, so that there are few parts, but for
 * what would then hand on a value that cannot cross to the processor's memory. Empty where none makes the value.
 */
function readyRun(p: Planner, waiting: readonly Waiting[], demanded: string): readonly Waiting[] {
  const needed = new Set([demanded]);
  const ancestors = new Set<Waiting>();
  for (const w of [...waiting].reverse()) {
    if (!w.node.outputs.some((o) => o !== '' && needed.has(o))) continue;
    ancestors.add(w);
    for (const name of namesRead(w.node)) needed.add(name);
  }
  if (ancestors.size === 0) return [];
  let run = new Set(waiting);
  for (;;) {
    const members = new Set([...run].map((w) => w.node));
    const left = new Set(waiting.flatMap((w) => (run.has(w) ? [] : w.node.outputs)));
    const stays = (w: Waiting): boolean =>
      namesRead(w.node).some((name) => left.has(name)) ||
      w.node.outputs.some((o) => cannotCross(p, o) && p.consumers(o).some((c) => !members.has(c)));
    const kept = [...run].filter((w) => ancestors.has(w) || !stays(w));
    if (kept.length === run.size) return kept;
    run = new Set(kept);
  }
}

const cannotCross = (p: Planner, name: string): boolean =>
  name !== '' && whyNotExchanged(typeOf(p.graph, name)) !== undefined;

/** Lowers a node; the reason if it goes to the host. */
function toHost(node: GraphNode, p: Planner): HostNode['reason'] | undefined {
  const notExpanded = p.notExpanded(node);
  if (notExpanded !== undefined) return notExpanded.host;
  const lowering = node.domain === '' || node.domain === 'ai.onnx' ? lowerings.get(node.op) : undefined;
  if (lowering === undefined) {
    const op = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
    return { en: `the processor has no ${op}`, zh: `处理器没有 ${op}` };
  }
  if (operatorIn(p.model, node) === undefined) {
    return { en: `${node.op} of operator set ${p.opset} is not known`, zh: `算子集 ${p.opset} 的 ${node.op} 未知` };
  }
  for (const name of [...node.inputs, ...node.outputs]) {
    if (name === '') continue;
    const type = typeOf(p.graph, name);
    const dims = staticShape(type);
    if (type?.kind !== 'tensor' || dims === undefined) {
      return { en: `the shape of '${name}' is not known before the run`, zh: `“${name}”的形状在运行前未知` };
    }
    // An empty list of axes, or an empty shape, says something; empty data does not.
    const parameter = type.dtype === 'int64' && p.constant(name) !== undefined;
    if (elementCount(dims) === 0 && !parameter) return { en: `'${name}' is empty`, zh: `“${name}”为空` };
  }
  return lowering(node, p)?.host;
}

const layerName = (job: Job): string => job.nodes[0]?.name ?? job.op;

/** Layers by name: that of the main node, with `2/4` behind it where several jobs share one. */
function layerNames(jobs: readonly Job[]): ReadonlyMap<Job, string> {
  const alike = new Map<string, Job[]>();
  for (const job of jobs) alike.set(layerName(job), [...(alike.get(layerName(job)) ?? []), job]);
  const named = (name: string, job: Job, i: number, of: number): readonly [Job, string] =>
    [job, of === 1 ? name : `${name} ${i + 1}/${of}`] as const;
  return new Map([...alike].flatMap(([name, all]) => all.map((job, i) => named(name, job, i, all.length))));
}

/** The values of a job that stay on the chip. */
function keptBy({ reads, writes }: Job, held: KeptValue | undefined): Pick<LayerPlan, 'kept'> {
  const of = (views: readonly View[], access: KeptValue['access']): KeptValue[] =>
    [...new Set(views.map((v) => v.buffer))].flatMap(({ name, bytes, home }) =>
      home === undefined ? [] : { value: name, bytes, memory: home, access },
    );
  const kept = [...of(reads, 'read'), ...of(writes, 'write'), ...(held === undefined ? [] : [held])];
  return kept.length === 0 ? {} : { kept };
}

function layerOf(
  p: Planner,
  job: Job,
  name: string,
  index: number,
  { loops, predicted, sparse, winograd, ahead, held }: Emitted,
  from: number,
  to: number,
  provenance: ReadonlyMap<string, readonly string[]>,
): LayerPlan {
  const bytes = (views: readonly View[]): number => views.reduce((n, v) => n + reachedBytes(v), 0);
  const constants = job.reads.filter((v) => p.contents.has(v.buffer));
  const activations = job.reads.filter((v) => !p.contents.has(v.buffer));
  return {
    index,
    name,
    nodes: [...new Set(job.nodes.flatMap((n) => provenance.get(n.name) ?? [n.name]))],
    op: job.op,
    where: job.where,
    ...(job.onHost === undefined
      ? {}
      : {
          onHost: job.onHost.map((n, i) => {
            // What was written out is known by the node that it is a part of.
            const known = p.originOf(job.nodes[i]!).name;
            return { ...n, name: known, merged: (provenance.get(n.name) ?? []).filter((m) => m !== known) };
          }),
        }),
    macs: job.macs,
    vectorOps: job.vectorOps,
    inputBytes: bytes(activations),
    weightBytes: job.packedBytes + bytes(constants),
    outputBytes: bytes(job.writes),
    outputShape: job.writes[0]?.dims ?? [],
    loops,
    ...(sparse === undefined ? {} : { sparse }),
    ...(ahead === undefined ? {} : { ahead }),
    ...keptBy(job, held),
    ...(predicted === undefined ? {} : { predicted }),
    ...(winograd === undefined ? {} : { winograd }),
    from,
    to,
  };
}
