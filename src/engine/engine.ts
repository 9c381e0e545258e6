/**
 * The host engine: an opened ONNX Runtime that makes sessions of models. Its outputs are the golden ones that the
 * processor's are held against.
 */

import { diagnostic, nearestName, SystoleError } from '#base';
import { openRuntime } from '#engine/platform';
import { type Model, typeOf } from '#ir';
import { readModel, type SplitModel, splitModel, writeModel } from '#onnx';
import { inferTypes } from '#ops';
import { carry, KERNEL_CARRIERS, NOTHING_CARRIED } from './carry.ts';
import { appendOutputs } from './extraOutputs.ts';
import { roundHalves } from './halfFloats.ts';
import { type DeviceTensor, download, free, type Kernel, upload, wrapKernel } from './kernel.ts';
import { ortMessage, type Refusal, refusalOf, subject } from './ortErrors.ts';
import type { EngineKind, EngineOptions, Ort, OrtModule, Runtime } from './runtime.ts';
import { type Session, wrapSession } from './session.ts';
import { exchangeable, type HostValue } from './values.ts';

export type { DeviceTensor, Kernel } from './kernel.ts';
export type { EngineKind, EngineOptions } from './runtime.ts';
export type { Session, SessionValue } from './session.ts';
export type { HostValue } from './values.ts';

export interface LoadOptions {
  /** The values to return, inner ones too, in this order; by default the model's outputs. */
  readonly outputs?: readonly string[];
  /** false: run the nodes as they stand, without the runtime's own graph rewriting. True by default. */
  readonly optimize?: boolean;
  /** Threads within one operator; by default as many as there are cores (the WASM build has one). */
  readonly threads?: number;
}

export interface Engine {
  readonly kind: EngineKind;
  /**
   * Makes a model ready to run.
   * @param model a graph, or the bytes of an ONNX file
   */
  load(model: Model | Uint8Array, options?: LoadOptions): Promise<Session>;
  /**
   * Makes a model ready to run over tensors that stay in the engine. Results of f16 and bf16 nodes are rounded to their type, node by
   * node.
   */
  kernel(model: Model, options?: Omit<LoadOptions, 'outputs'>): Promise<Kernel>;
  /** The value as the engine holds it; memory is shared where alignment and type allow. */
  upload(value: HostValue): DeviceTensor;
  download(tensor: DeviceTensor): HostValue;
  /** Gives the memory of a kernel's result back at once; neither it nor what was downloaded of it can be used afterwards. */
  free(tensor: DeviceTensor): void;
}

const cannotLoad = diagnostic<Refusal>('SYS-ENG-003', 'invalid', {
  en: (p) =>
    `ONNX Runtime, the host engine, refuses ${subject(p).en}: ${p.reason.en}. Repair the model with the tool that wrote it. ` +
    'Its time can be had all the same: --timing-only counts the cycles, compile makes the program.',
  zh: (p) =>
    `主机引擎 ONNX Runtime 拒绝${subject(p).zh}：${p.reason.zh}。请用生成该模型的工具修正它。` +
    '仍可得到其时间：--timing-only 只计周期，compile 只生成程序。',
});

const noKernel = diagnostic<Refusal>('SYS-ENG-004', 'unsupported', {
  en: (p) =>
    `ONNX Runtime, the host engine, cannot run ${subject(p).en}: ${p.reason.en}. ` +
    'Put operators of standard ONNX in its place, in types that ONNX Runtime computes. ' +
    'Its time can be had all the same: --timing-only counts the cycles, compile makes the program.',
  zh: (p) =>
    `主机引擎 ONNX Runtime 无法运行${subject(p).zh}：${p.reason.zh}。` +
    '请改用标准 ONNX 算子以及 ONNX Runtime 能计算的类型。' +
    '仍可得到其时间：--timing-only 只计周期，compile 只生成程序。',
});

const unknownOutput = diagnostic<{ name: string; nearest: string | undefined }>('SYS-ENG-012', 'usage', {
  en: (p) =>
    `the model computes no value '${p.name}'${p.nearest ? `; did you mean '${p.nearest}'?` : '; ask for the output of one of its nodes'}`,
  zh: (p) => `模型不产生值“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : '；请改取其某个节点的输出'}`,
});

/** Opens the host engine: the native one in Node where it is installed, the WASM one otherwise. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return engineOf(await openRuntime(options));
}

let shared: Promise<Engine> | undefined;

/** One engine for callers that hand none in; opened at the first use. `options` count on that first call alone. */
export function sharedEngine(options: EngineOptions = {}): Promise<Engine> {
  shared ??= createEngine(options).catch((error) => {
    shared = undefined;
    throw error;
  });
  return shared;
}

/** An engine over a runtime that is already open. */
export function engineOf(runtime: Runtime): Engine {
  const { kind, ort } = runtime;
  return {
    kind,
    async load(model, options = {}) {
      if (model instanceof Uint8Array) return loadBytes(runtime, model, options);
      return loadModel(runtime, model, options);
    },
    async kernel(model, options = {}) {
      // What cannot be exchanged is known by its type: the native binding ends the process over an int4 output.
      const isTyped = model.graph.outputs.every((v) => v.type !== undefined);
      const typed = isTyped ? model : inferTypes(model, { declared: 'fallback' });
      const { model: prepared, carried } = carry(roundHalves(typed), KERNEL_CARRIERS);
      const session = await createOf(runtime, prepared, options);
      const names = (values: readonly { readonly name: string }[]): string[] => values.map((v) => v.name);
      return wrapKernel({ session, inputs: names(model.graph.inputs), outputs: names(model.graph.outputs), carried });
    },
    free,
    upload: (value) => upload(ort, value),
    download,
  };
}

async function loadModel(runtime: Runtime, model: Model, options: LoadOptions): Promise<Session> {
  const { graph } = model;
  const declared = new Set(graph.outputs.map((v) => v.name));
  const wanted = options.outputs ?? [...declared];
  const computed = new Set(graph.nodes.flatMap((n) => n.outputs.filter((name) => name !== '')));
  const extra = [...new Set(wanted)].filter((name) => !declared.has(name));
  for (const name of extra) {
    if (!computed.has(name)) throw unknownOutput({ name, nearest: nearestName(name, computed) });
  }
  const outputs = [...graph.outputs, ...extra.map((name) => ({ name, type: typeOf(graph, name) }))];
  const whole = extra.length === 0 ? model : { ...model, graph: { ...graph, outputs } };
  const { model: prepared, carried } = carry(whole);
  return wrapSession(runtime.ort, await createOf(runtime, prepared, options), wanted, carried);
}

async function loadBytes(runtime: Runtime, bytes: Uint8Array, options: LoadOptions): Promise<Session> {
  const { ort } = runtime;
  const wanted = options.outputs;
  let session: Ort.InferenceSession;
  try {
    session = await create(ort, bytes, options);
  } catch (error) {
    // An input or output type that has no JavaScript tensor: as a graph the model can be given casts.
    if (!(error instanceof SystoleError) || !/inputs or outputs of type/.test(error.message)) throw error;
    const model = readModel(bytes);
    if (carry(model).carried === NOTHING_CARRIED) throw error;
    return loadModel(runtime, model, options);
  }
  const border = [...session.inputMetadata, ...session.outputMetadata];
  if (border.some((v) => v.isTensor && !exchangeable(v.type))) {
    await session.release();
    return loadModel(runtime, readModel(bytes), options);
  }
  if (wanted === undefined) return wrapSession(ort, session, session.outputNames);
  const extra = [...new Set(wanted)].filter((name) => !session.outputNames.includes(name));
  if (extra.length === 0) return wrapSession(ort, session, wanted);
  await session.release();
  try {
    return wrapSession(ort, await create(ort, appendOutputs(bytes, extra), options), wanted);
  } catch (error) {
    const missing = error instanceof SystoleError ? /Graph output \((.*)\) does not exist/.exec(error.message) : null;
    throw missing === null ? error : unknownOutput({ name: missing[1]!, nearest: undefined });
  }
}

/** What ONNX Runtime says of valid models that it cannot run. */
const UNSUPPORTED =
  /not implemented|NOT_IMPLEMENTED|Could not find an implementation|Failed to find kernel|is not a registered|No Op registered|unsupported|not supported|guarantees. support/i;

/** Of a model that is not written yet: the native runtime takes large constants from where they are. */
async function createOf({ kind, ort }: Runtime, model: Model, options: LoadOptions): Promise<Ort.InferenceSession> {
  if (kind !== 'native') return create(ort, writeModel(model), options);
  const { bytes, files } = splitModel(model);
  return create(ort, bytes, options, files);
}

async function create(
  ort: OrtModule,
  bytes: Uint8Array,
  options: LoadOptions,
  files: SplitModel['files'] = [],
): Promise<Ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      // 4: nothing but crashes. Errors arrive as exceptions; the log would print them a second time.
      logSeverityLevel: 4,
      graphOptimizationLevel: options.optimize === false ? 'disabled' : 'all',
      ...(files.length === 0 ? {} : { externalData: files }),
      ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      // Threads that spin while they wait steal the cores of whatever else runs (the simulator, other workers).
      extra: { 'session.intra_op.allow_spinning': '0' },
    });
  } catch (error) {
    const message = ortMessage(error);
    const refusal = refusalOf(error);
    const place = refusal.node === undefined ? {} : { node: refusal.node };
    throw (UNSUPPORTED.test(message) ? noKernel : cannotLoad)(refusal, place);
  }
}
