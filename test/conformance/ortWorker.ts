/**
 * Child process of `roundTrip.test.ts`: runs conformance cases on ONNX Runtime itself, one at a time, so that a crash
 * or a hang of native code costs one case. It takes a case's directory as a message and answers with a `CaseResult`;
 * before each half it says which one begins.
 */
import { existsSync, readFileSync } from 'node:fs';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import {
  byteLength,
  elementCount,
  type Model,
  parseModel,
  printModel,
  type Tensor,
  tensorBytes,
  tensorNumbers,
} from '#ir';
import { readModel, readValue, writeModel } from '#onnx';

export type Half = 'before' | 'after';

/** 'pass', or what kept the case from passing. */
export interface Outcome {
  readonly kind: 'pass' | 'load' | 'run' | 'differs' | 'unrunnable' | 'crash' | 'timeout';
  readonly reason: string;
}

export interface CaseResult {
  readonly before: Outcome;
  /** Only where `before` passed. */
  readonly after?: Outcome;
  /** Whether both halves gave the same bits. */
  readonly identical?: boolean;
}

/** ONNX's own bar for backend tests: relative 1e-3, absolute 1e-5; other types exactly. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-5;

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

const PASS: Outcome = { kind: 'pass', reason: '' };

/** What the JavaScript half refuses before ONNX Runtime sees it: element types and containers without arrays. */
const NOT_IN_JAVASCRIPT = /Unsupported data type|Tensor\.type is not supported|Non tensor type/;

class Stop extends Error {
  readonly outcome: Outcome;
  constructor(kind: Outcome['kind'], reason: unknown) {
    super(kind);
    const text = String(reason instanceof Error ? reason.message : reason);
    this.outcome = { kind: NOT_IN_JAVASCRIPT.test(text) ? 'unrunnable' : kind, reason: text.slice(0, 200) };
  }
}

async function runCase(directory: string, announce: (half: Half) => void): Promise<CaseResult> {
  announce('before');
  const original = bytesOf(`${directory}/model.onnx`);
  const model = readModel(original);
  const before = await half(original, directory, model);
  if (before.outcome.kind !== 'pass') return { before: before.outcome };
  announce('after');
  const exported = writeModel(parseModel(printModel(model)));
  const after = await half(exported, directory, model);
  const identical =
    before.outputs.length === after.outputs.length && before.outputs.every((t, i) => same(t, after.outputs[i]!));
  return { before: before.outcome, after: after.outcome, identical };
}

async function half(
  bytes: Uint8Array,
  directory: string,
  model: Model,
): Promise<{ outcome: Outcome; outputs: Tensor[] }> {
  const outputs: Tensor[] = [];
  try {
    await runOn(bytes, directory, model, outputs);
    return { outcome: PASS, outputs };
  } catch (error) {
    if (error instanceof Stop) return { outcome: error.outcome, outputs };
    throw error;
  }
}

async function runOn(bytes: Uint8Array, directory: string, model: Model, outputs: Tensor[]): Promise<void> {
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  }).catch((error) => {
    throw new Stop('load', error);
  });
  try {
    for (let set = 0; existsSync(`${directory}/test_data_set_${set}`); set++) {
      const data = `${directory}/test_data_set_${set}`;
      const feeds: Record<string, OrtTensor> = {};
      for (const [i, name] of session.inputNames.entries()) {
        const type = model.graph.inputs.find((v) => v.name === name)?.type;
        const tensor = tensorAt(`${data}/input_${i}.pb`, type);
        if (tensor !== undefined) feeds[name] = toOrt(tensor);
      }
      const found = await session.run(feeds).catch((error) => {
        throw new Stop('run', error);
      });
      for (const [i, value] of model.graph.outputs.entries()) {
        const expected = tensorAt(`${data}/output_${i}.pb`, value.type);
        if (expected === undefined) throw new Stop('unrunnable', `no expected value for output ${i}`);
        const output = fromOrt(found[value.name]);
        outputs.push(output);
        const difference = differenceOf(output, expected);
        if (difference !== undefined) throw new Stop('differs', `output ${i}: ${difference}`);
      }
    }
  } finally {
    await session.release();
  }
}

/** undefined where the suite has no such file (an optional input left out). */
function tensorAt(path: string, type: Parameters<typeof readValue>[1]): Tensor | undefined {
  if (!existsSync(path)) return undefined;
  const value = readValue(bytesOf(path), type);
  if (value.kind !== 'tensor') throw new Stop('unrunnable', `ONNX Runtime's JavaScript API takes no ${value.kind}`);
  return value.tensor;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  int4: Uint8Array,
  uint4: Uint8Array,
} as const;

const hasArray = (dtype: string): dtype is keyof typeof ARRAYS => dtype in ARRAYS;

function toOrt(t: Tensor): OrtTensor {
  if ('strings' in t) return new OrtTensor('string', [...t.strings], t.dims);
  if (!hasArray(t.dtype)) throw new Stop('unrunnable', `ONNX Runtime's JavaScript API takes no ${t.dtype} tensors`);
  const copy = tensorBytes(t).slice().buffer;
  try {
    return new OrtTensor(t.dtype, new ARRAYS[t.dtype](copy) as never, t.dims);
  } catch (error) {
    throw new Stop('unrunnable', error);
  }
}

function fromOrt(value: InferenceSession.OnnxValueMapType[string] | undefined): Tensor {
  if (!(value instanceof OrtTensor)) throw new Stop('unrunnable', 'an output is no tensor');
  const dims = [...value.dims];
  if (value.type === 'string') return { dtype: 'string', dims, strings: value.data as string[] };
  const { buffer, byteOffset, byteLength: length } = value.data as Uint8Array;
  const bytes = new Uint8Array(buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer);
  if (bytes.length !== byteLength(value.type, elementCount(dims))) {
    throw new Stop(
      'unrunnable',
      `ONNX Runtime's JavaScript API gives ${bytes.length} bytes for ${value.type}[${dims}]`,
    );
  }
  return { dtype: value.type, dims, bytes };
}

function same(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || `${a.dims}` !== `${b.dims}`) return false;
  if ('strings' in a || 'strings' in b) return JSON.stringify(a) === JSON.stringify(b);
  return Buffer.compare(tensorBytes(a), tensorBytes(b)) === 0;
}

function differenceOf(found: Tensor, expected: Tensor): string | undefined {
  if (found.dtype !== expected.dtype) return `type ${found.dtype}, expected ${expected.dtype}`;
  if (`${found.dims}` !== `${expected.dims}`) return `shape [${found.dims}], expected [${expected.dims}]`;
  if (!/^float(16|32|64)$/.test(expected.dtype)) return same(found, expected) ? undefined : 'values differ';
  const [a, b] = [tensorNumbers(found), tensorNumbers(expected)];
  const at = b.findIndex((v, i) => {
    if (Object.is(a[i], v) || a[i] === v) return false;
    return !(Math.abs(a[i]! - v) <= ABSOLUTE + RELATIVE * Math.abs(v));
  });
  return at < 0 ? undefined : `element ${at} is ${a[at]}, expected ${b[at]}`;
}

// The native half of onnxruntime-node 1.30 takes float16 as Uint16Array alone; its JavaScript half asks for Float16Array
// where there is one, at the first tensor made.
Reflect.deleteProperty(globalThis, 'Float16Array');

process.on('message', (directory: string) => {
  runCase(directory, (half) => process.send?.({ half })).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.send?.({ ready: true });
