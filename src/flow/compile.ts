/** From an imported model to a program: bind sizes, run the passes, learn the last shapes from the host, lower. */
import { diagnostic } from '#base';
import type { Engine } from '#engine';
import { type GraphNode, type Model, tensorIntegers, tensorOf, typeOf, type ValueType } from '#ir';
import type { Program } from '#isa';
import {
  type ConvolutionChoice,
  type Effort,
  firstCores,
  type LowerOptions,
  lower,
  type Schedule,
  type SparseOption,
  type WinogradChoice,
} from '#lower';
import { coresOf, type Machine, typesOf } from '#machine';
import { writeModel } from '#onnx';
import { explicitPads, inferTypes, symbolsOf } from '#ops';
import { floatSteps, integerSteps, kernelSteps, pipeline, runPasses, type Step } from '#passes';
import { layerwiseBound, nodesOnHost } from '#report';
import { type CompilationCache, recallDecisions } from './compilationCache.ts';
import { learnTypes } from './learnTypes.ts';

export interface CompileOptions {
  readonly machine: Machine;
  /** The host engine: folds what has no reference evaluation, and knows shapes of operators that Systole does not. */
  readonly engine: Engine;
  /** Sizes of symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Size of the first dimension of every input. */
  readonly batch?: number;
  /** How many cores of the machine are to run it: some of one cluster, or whole clusters; absent: all. */
  readonly cores?: number;
  /** Instead of the tile search: the tiling of each contraction. */
  readonly schedule?: Schedule;
  /** Whether chains of layers may be done tile by tile, what is between them staying in scratchpads; by default they may. */
  readonly depthFirst?: boolean;
  /** Whether the results of a convolution may be pooled before they are stored; by default they are where that is predicted to pay. */
  readonly fusePools?: boolean;
  /** Where decisions of earlier compilations are found, and those of this one are kept; the program is the same without it. */
  readonly cache?: CompilationCache;
  /** Whether weights that are sparse may lie compressed (`auto`: where that is predicted to pay), if the machine can use that; by default they may. */
  readonly sparse?: SparseOption;
  /** What is done with the Winograd unit of a machine that has one; by default what is predicted to be fastest. */
  readonly winograd?: WinogradChoice;
  /** How convolutions have their windows: read where they lie, or by im2col; by default what is predicted to be fastest, but with a `schedule` where they lie. */
  readonly convolution?: ConvolutionChoice;
  /** Whether a layer may load the first weights of the layer behind it; by default it may. */
  readonly prefetch?: boolean;
  /** The most buffers of weights, from 2; by default 8, of which as many are taken as are predicted to be fastest. */
  readonly weightBuffers?: number;
  /** How long schedules are looked for; by default `full`. */
  readonly effort?: Effort;
  /** Whether values may stay in NRAM between layers; by default they may, where one core runs the program. */
  readonly keep?: boolean;
  /** Told of each kernel of the vector unit with its layer. */
  readonly onKernel?: LowerOptions['onKernel'];
  readonly onStep?: (step: Step, model: Model, changed: boolean) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Compiled {
  /** The imported model with its sizes bound and its pads written out. */
  readonly model: Model;
  /**
   * What the host runs to say what is right: `model`, but of a quantised graph of which passes have made integers `optimized`. For what
   * a graph of QuantizeLinear and DequantizeLinear means is those integers, and computed in floats a result may lie a step beside them.
   */
  readonly reference: Model;
  /** After the passes: what was lowered. */
  readonly optimized: Model;
  readonly provenance: ReadonlyMap<string, readonly string[]>;
  readonly program: Program;
}

const noBatch = diagnostic<{ input: string }>('SYS-FLOW-001', 'usage', {
  en: (p) =>
    `--batch sets the first dimension of every input, but input '${p.input}' has none. Leave --batch out, or set sizes with --dim NAME=N.`,
  zh: (p) => `--batch 设置每个输入的第一维，但输入“${p.input}”没有维度。请去掉 --batch，或用 --dim 名称=N 指定大小。`,
});

const twoBatches = diagnostic<{ input: string; symbol: string; size: number; batch: number }>('SYS-FLOW-016', 'usage', {
  en: (p) =>
    `--batch ${p.batch} and --dim ${p.symbol}=${p.size} contradict each other: '${p.symbol}' is the first dimension of input '${p.input}'. Leave one out.`,
  zh: (p) =>
    `--batch ${p.batch} 与 --dim ${p.symbol}=${p.size} 矛盾：“${p.symbol}”是输入“${p.input}”的第一维。请去掉其一。`,
});

/** A model before it meets a machine: sizes bound, passes run. What is lowered for many machines is prepared once. */
export interface Prepared extends Pick<Compiled, 'model' | 'reference' | 'optimized' | 'provenance'> {
  /** Whether quantised operators were made integers: what a matrix unit without them does not take. */
  readonly integers: boolean;
}

/** Whether a machine takes models with quantised operators made integers. To a processor without integers floats are worth more. */
export const takesIntegers = ({ matrix }: Machine): boolean => typesOf(matrix).includes('i8');

/** @param options `machine` of `compileModel`, or what counts of it here (`takesIntegers`) */
export async function prepareModel(
  model: Model,
  options: Pick<CompileOptions, 'engine' | 'dims' | 'batch' | 'onStep'> & { readonly integers: boolean },
): Promise<Prepared> {
  const bound = bindSizes(model, options);
  const imported = explicitPads(bound.model);
  const { integers } = options;
  let madeIntegers = false;
  const passed = await runPasses(imported, {
    engine: options.engine,
    declared: bound.declared,
    steps: [...pipeline, ...(holdsHalves(imported) ? [] : kernelSteps), ...(integers ? integerSteps : floatSteps)],
    onStep: (step, after, changed) => {
      madeIntegers ||= changed && step === integerSteps[0];
      options.onStep?.(step, after, changed);
    },
  });
  const optimized = await learnTypes(passed.model, options.engine);
  const reference = madeIntegers ? optimized : imported;
  return { model: imported, reference, optimized, provenance: passed.provenance, integers };
}

export async function compileModel(model: Model, options: CompileOptions): Promise<Compiled> {
  const prepared = await prepareModel(model, { ...options, integers: takesIntegers(options.machine) });
  const { machine, cache } = options;
  const keep = cache && (await recallDecisions(cache, firstCores(machine, options.cores ?? coresOf(machine))));
  const program = lowerPrepared(prepared, options);
  await keep?.();
  const { model: imported, reference, optimized, provenance } = prepared;
  return { model: imported, reference, optimized, provenance, program };
}

/** The program of a prepared model on a machine that takes integers as it was prepared. */
export function lowerPrepared(
  { optimized, provenance }: Prepared,
  options: Omit<CompileOptions, 'engine' | 'dims' | 'batch' | 'onStep' | 'cache'>,
): Program {
  const program = lower(optimized, options.machine, {
    serialise: writeModel,
    provenance,
    ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
    ...(options.depthFirst === undefined ? {} : { depthFirst: options.depthFirst }),
    ...(options.fusePools === undefined ? {} : { fusePools: options.fusePools }),
    ...(options.sparse === undefined ? {} : { sparse: options.sparse }),
    ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
    ...(options.convolution === undefined ? {} : { convolution: options.convolution }),
    ...(options.prefetch === undefined ? {} : { prefetch: options.prefetch }),
    ...(options.weightBuffers === undefined ? {} : { weightBuffers: options.weightBuffers }),
    ...(options.effort === undefined ? {} : { effort: options.effort }),
    ...(options.keep === undefined ? {} : { keep: options.keep }),
    ...(options.cores === undefined ? {} : { cores: options.cores }),
    ...(options.onKernel == null ? {} : { onKernel: options.onKernel }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  return { ...program, layerwise: layerwiseBound(optimized, program.machine, nodesOnHost(program)) };
}

/** Whether a value is of half precision. */
function holdsHalves({ graph }: Model): boolean {
  const types = [...graph.types.values(), ...[...graph.inputs, ...graph.outputs].map((v) => v.type)];
  return types.some((type) => type?.kind === 'tensor' && (type.dtype === 'float16' || type.dtype === 'bfloat16'));
}

/** The model with symbolic dimensions and the batch size bound. @throws SYS-FLOW-001, SYS-FLOW-016 */
export function bindSizes(
  model: Model,
  options: { readonly dims?: Readonly<Record<string, number>>; readonly batch?: number },
): { model: Model; declared: 'check' | 'fallback' } {
  const { batch, dims: sizes = {} } = options;
  for (const { name, type } of batch === undefined ? [] : model.graph.inputs) {
    const symbol = type?.kind === 'tensor' ? type.shape?.[0] : undefined;
    if (typeof symbol !== 'string' || !Object.hasOwn(sizes, symbol) || sizes[symbol] === batch) continue;
    throw twoBatches({ input: name, symbol, size: sizes[symbol]!, batch: batch! });
  }
  const named = inferTypes(model, { dims: sizes });
  if (batch === undefined) return { model: named, declared: 'check' };
  const symbols = new Set<string>();
  const withBatch = (v: { name: string; type: ValueType | undefined }): typeof v => {
    if (v.type?.kind !== 'tensor' || v.type.shape === undefined) return v;
    const [first, ...rest] = v.type.shape;
    if (first === undefined) throw noBatch({ input: v.name });
    if (typeof first === 'string') symbols.add(first);
    return { ...v, type: { ...v.type, shape: [batch, ...rest] } };
  };
  const inputs = named.graph.inputs.map(withBatch);
  // Declared outputs and inner shapes speak of the old batch: they count only where nothing can be inferred.
  const outputs = named.graph.outputs.map((v) => ({ ...v, type: looseType(v.type) }));
  const resized = rebatchReshapes(named, batch);
  const changed: Model = { ...resized, graph: { ...resized.graph, inputs, outputs, types: new Map() } };
  // A symbol that now stands nowhere is bound already.
  const left = symbolsOf(changed.graph).filter((name) => symbols.has(name));
  const dims = Object.fromEntries(left.map((name) => [name, batch]));
  return { model: inferTypes(changed, { dims, declared: 'fallback' }), declared: 'fallback' };
}

/**
 * Exporters write the batch size into the constant target of a Reshape. Where a tensor that depends on the inputs keeps its
 * first dimension through a Reshape, and that dimension is the old batch, the target gets the new one.
 */
function rebatchReshapes(model: Model, batch: number): Model {
  const { graph } = model;
  const old = new Set(
    graph.inputs.flatMap((v) =>
      v.type?.kind === 'tensor' && typeof v.type.shape?.[0] === 'number' ? [v.type.shape[0]] : [],
    ),
  );
  const fromInputs = new Set(graph.inputs.map((v) => v.name));
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.map((node): GraphNode => {
    if (!node.inputs.some((name) => fromInputs.has(name))) return node;
    for (const o of node.outputs) fromInputs.add(o);
    const target = node.op === 'Reshape' && node.domain === '' ? graph.constants.get(node.inputs[1] ?? '') : undefined;
    const type = typeOf(graph, node.inputs[0]!);
    const first = type?.kind === 'tensor' ? type.shape?.[0] : undefined;
    if (target === undefined || typeof first !== 'number' || !old.has(first)) return node;
    const values = tensorIntegers(target);
    if (values[0] !== BigInt(first)) return node;
    const name = `${node.name}.target`;
    constants.set(name, tensorOf('int64', target.dims, [BigInt(batch), ...values.slice(1)]));
    return { ...node, inputs: [node.inputs[0]!, name] };
  });
  return { ...model, graph: { ...graph, nodes, constants } };
}

export const looseType = (type: ValueType | undefined): ValueType | undefined =>
  type?.kind === 'tensor' ? { kind: 'tensor', dtype: type.dtype } : type;
