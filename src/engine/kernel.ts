/**
 * Kernel: a session called by position, over tensors that stay in the runtime's own form between calls. What the tensor layer
 * runs its operations and compiled functions on; `Session` is the same by name, with every feed checked.
 */
import type { DataType } from '#ir';
import { type Carrier, KERNEL_CARRIERS, narrow, widen } from './carry.ts';
import { refusalOf } from './ortErrors.ts';
import type { Ort, OrtModule } from './runtime.ts';
import { runFailed, type SessionParts } from './session.ts';
import { fromOrt, type HostValue, toOrt } from './values.ts';

/** A tensor in the host engine's memory. Its data must not be written. */
export interface DeviceTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** The runtime's own tensor: of a wider type where it does not exchange `dtype`. */
  readonly held: Ort.Tensor;
}

export interface Kernel {
  /** One call. Inputs and outputs in the order of the model's. */
  run(inputs: readonly DeviceTensor[]): Promise<DeviceTensor[]>;
  release(): Promise<void>;
}

const RUN_OPTIONS = { logSeverityLevel: 4 } as const;

export const upload = (ort: OrtModule, value: HostValue): DeviceTensor => ({
  dtype: value.dtype,
  dims: value.dims,
  held: toOrt(ort, 'a tensor', widen(value, KERNEL_CARRIERS)),
});

export function download({ dtype, held }: DeviceTensor): HostValue {
  const value = fromOrt('a tensor', held);
  return value.dtype === dtype ? value : narrow(value, dtype);
}

/**
 * The runtime's bindings make a buffer for each result of each run (where one is handed in they fill it, and copy). Until the garbage
 * collector finds those, a training step's parameters pile up by the hundred: a buffer that is transferred is given back now.
 */
export function free({ held }: DeviceTensor): void {
  const data: unknown = held.data;
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return;
  // A part of a larger buffer is not its own.
  if (data.byteLength === data.buffer.byteLength && data.byteLength > 0) data.buffer.transfer(0);
}

export function wrapKernel({ session, inputs, outputs, carried }: SessionParts): Kernel {
  const inner = (name: string, by: ReadonlyMap<string, Carrier>): string => by.get(name)?.inner ?? name;
  const feedNames = inputs.map((name) => inner(name, carried.inputs));
  const fetches = outputs.map((name) => inner(name, carried.outputs));
  const dtypes = outputs.map((name) => carried.outputs.get(name)?.dtype);
  const collect = (results: Ort.InferenceSession.OnnxValueMapType): DeviceTensor[] => {
    const out: DeviceTensor[] = [];
    for (let i = 0; i < fetches.length; i++) {
      const held = results[fetches[i]!] as Ort.Tensor;
      out.push({ dtype: dtypes[i] ?? (held.type as DataType), dims: held.dims, held });
    }
    return out;
  };
  const refuse = (error: unknown): never => {
    const refusal = refusalOf(error);
    throw runFailed(refusal, refusal.node === undefined ? {} : { node: refusal.node });
  };
  return {
    // One promise beside the runtime's own: eager operations are as many as their caller writes.
    run(given) {
      const feeds: Record<string, Ort.Tensor> = {};
      for (let i = 0; i < feedNames.length; i++) feeds[feedNames[i]!] = given[i]!.held;
      return session.run(feeds, fetches, RUN_OPTIONS).then(collect, refuse);
    },
    release: () => session.release(),
  };
}
