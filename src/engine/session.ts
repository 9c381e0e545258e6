/**
 * One model made ready to run. Feeds are checked here against the model's inputs, so that a caller's mistake is told in
 * the model's own terms; what ONNX Runtime itself refuses is passed on with its message and node.
 */
import { diagnostic, nearestName } from '#base';
import { type DataType, type Dim, tensorType, typeText } from '#ir';
import { type Carried, NOTHING_CARRIED, narrow, widen } from './carry.ts';
import { type Refusal, refusalOf, subject } from './ortErrors.ts';
import type { Ort, OrtModule } from './runtime.ts';
import { cannotExchange, exchangeable, fromOrt, type HostValue, toOrt } from './values.ts';

/** An input or output of a session. Without `dtype` it is no tensor (a sequence, a map) and cannot be exchanged. */
export interface SessionValue {
  readonly name: string;
  readonly dtype: DataType | undefined;
  /** undefined: unknown rank. */
  readonly shape: readonly Dim[] | undefined;
}

/** Values by the names of inputs. */
export type Feeds = ReadonlyMap<string, HostValue> | Readonly<Record<string, HostValue>>;

export interface Session {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  /**
   * Runs the model once. Every input must be fed; every output comes back.
   * @throws SYS-ENG-005 an input is not fed; -006 there is no such input; -007 a value of another type or shape, or that is none
   */
  run(feeds: Feeds): Promise<Map<string, HostValue>>;
  /** Frees the memory; the session cannot run afterwards. */
  release(): Promise<void>;
}

const missingFeed = diagnostic<{ name: string; type: string; given: string }>('SYS-ENG-005', 'usage', {
  en: (p) => `input '${p.name}' (${p.type}) is not given; given are: ${p.given || 'none'}. Every input needs a value`,
  zh: (p) => `未提供输入“${p.name}”（${p.type}）；已提供：${p.given || '无'}。每个输入都需要一个值`,
});

const unknownFeed = diagnostic<{ name: string; known: string; nearest: string | undefined }>('SYS-ENG-006', 'usage', {
  en: (p) =>
    `the model has no input '${p.name}'${p.nearest ? `; did you mean '${p.nearest}'?` : '.'} Its inputs: ${p.known || 'none'}`,
  zh: (p) => `模型没有输入“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : '。'}它的输入：${p.known || '无'}`,
});

const wrongFeed = diagnostic<{ name: string; found: string; expected: string }>('SYS-ENG-007', 'invalid', {
  en: (p) => `input '${p.name}' is given as ${p.found}, but the model takes ${p.expected}`,
  zh: (p) => `输入“${p.name}”给出的是 ${p.found}，而模型需要 ${p.expected}`,
});

export const runFailed = diagnostic<Refusal>('SYS-ENG-008', 'invalid', {
  en: (p) =>
    `ONNX Runtime, the host engine, could not compute ${subject(p).en}: ${p.reason.en}. ` +
    'Give values that the model takes (indices within their axes, sizes that fit), or repair the model. Counting its cycles needs no values ' +
    '(systole run --timing-only).',
  zh: (p) =>
    `主机引擎 ONNX Runtime 无法计算${subject(p).zh}：${p.reason.zh}。` +
    '请给出模型能接受的值（下标在轴内、尺寸相符），或修正模型。统计周期不需要数值（systole run --timing-only）。',
});

const released = diagnostic<Record<string, never>>('SYS-ENG-011', 'internal', {
  en: () => 'a host session was used after its release. This is a bug of the caller',
  zh: () => '主机会话在释放后仍被使用。这是调用方的缺陷',
});

/** An opened session of ONNX Runtime, and the names by which its model calls inputs and outputs. */
export interface SessionParts {
  readonly session: Ort.InferenceSession;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly carried: Carried;
}

/**
 * A session of ONNX Runtime as ours.
 * @param wanted names of the outputs to return, as the caller calls them
 */
export function wrapSession(
  ort: OrtModule,
  session: Ort.InferenceSession,
  wanted: readonly string[],
  carried: Carried = NOTHING_CARRIED,
): Session {
  const inputs = outside(session.inputMetadata.map(sessionValue), carried.inputs);
  const all = outside(session.outputMetadata.map(sessionValue), carried.outputs);
  const outputs = wanted.map((name) => all.find((v) => v.name === name)!);
  const fetches = wanted.map((name) => carried.outputs.get(name)?.inner ?? name);
  let open = true;
  return {
    inputs,
    outputs,
    async run(feeds) {
      if (!open) throw released({});
      const byName = feeds instanceof Map ? feeds : new Map(Object.entries(feeds ?? {}));
      const given = feedsFor(ort, inputs, byName, carried.inputs);
      for (const { name, dtype } of outputs) {
        if (!carried.outputs.has(name) && !exchangeable(dtype)) {
          throw cannotExchange({ value: name, type: dtype ?? 'no tensor' });
        }
      }
      let results: Ort.InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(given, fetches, { logSeverityLevel: 4 });
      } catch (error) {
        const refusal = refusalOf(error);
        throw runFailed(refusal, refusal.node === undefined ? {} : { node: refusal.node });
      }
      const out = new Map<string, HostValue>();
      wanted.forEach((name, i) => {
        const result = results[fetches[i]!];
        // An empty optional comes back as nothing.
        if (result == null) throw cannotExchange({ value: name, type: 'an empty optional' });
        const value = fromOrt(name, result as Ort.Tensor);
        const carrier = carried.outputs.get(name);
        out.set(name, carrier === undefined ? value : narrow(value, carrier.dtype));
      });
      return out;
    },
    async release() {
      if (!open) return;
      open = false;
      await session.release();
    },
  };
}

function feedsFor(
  ort: OrtModule,
  inputs: readonly SessionValue[],
  feeds: ReadonlyMap<string, HostValue>,
  carried: Carried['inputs'],
): Record<string, Ort.Tensor> {
  const names = inputs.map((v) => v.name);
  for (const name of feeds.keys()) {
    if (!names.includes(name)) throw unknownFeed({ name, known: names.join(', '), nearest: nearestName(name, names) });
  }
  const sizes = new Map<string, number>();
  const out: Record<string, Ort.Tensor> = {};
  for (const input of inputs) {
    const value = feeds.get(input.name);
    const expected = input.dtype === undefined ? 'no tensor' : typeText(tensorType(input.dtype, input.shape));
    if (value === undefined)
      throw missingFeed({ name: input.name, type: expected, given: [...feeds.keys()].join(', ') });
    if (!isHostValue(value)) throw wrongFeed({ name: input.name, found: kindOf(value), expected });
    if (input.dtype === undefined) throw cannotExchange({ value: input.name, type: 'no tensor' });
    if (value.dtype !== input.dtype || !fits(value.dims, input.shape, sizes)) {
      const bound = [...sizes].map(([symbol, size]) => `${symbol}=${size}`).join(', ');
      throw wrongFeed({
        name: input.name,
        found: typeText(tensorType(value.dtype, value.dims)),
        expected: bound === '' ? expected : `${expected} with ${bound}`,
      });
    }
    const inner = carried.get(input.name)?.inner;
    out[inner ?? input.name] = toOrt(ort, input.name, inner === undefined ? value : widen(value));
  }
  return out;
}

/** Whether it is data as graphs hold it: a program may hand over a plain array, or a tensor of the tensor API. */
const isHostValue = (value: unknown): value is HostValue =>
  typeof value === 'object' &&
  value !== null &&
  Array.isArray((value as HostValue).dims) &&
  ['bytes', 'splat', 'strings'].some((part) => part in value);

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  // The tensor API's own form has its data behind a promise.
  if ('value' in value) return 'a tensor of the tensor API (feed what its value() gives)';
  return `an object of class ${value.constructor?.name ?? 'Object'} without dtype, dims and data`;
}

/** Whether dimensions fit a shape; a symbol takes the first size it meets, in all inputs the same. */
function fits(dims: readonly number[], shape: SessionValue['shape'], sizes: Map<string, number>): boolean {
  if (shape === undefined) return true;
  if (shape.length !== dims.length) return false;
  return shape.every((want, i) => {
    const size = dims[i]!;
    if (want === null) return true;
    if (typeof want === 'number') return want === size;
    const known = sizes.get(want);
    if (known === undefined) sizes.set(want, size);
    return known === undefined || known === size;
  });
}

/** Inputs or outputs by the caller's names and types. */
function outside(values: readonly SessionValue[], carried: Carried['inputs']): SessionValue[] {
  const outer = new Map([...carried].map(([name, { inner, dtype }]) => [inner, { name, dtype }]));
  return values.map((v) => ({ ...v, ...outer.get(v.name) }));
}

function sessionValue(meta: Ort.InferenceSession.ValueMetadata): SessionValue {
  if (!meta.isTensor) return { name: meta.name, dtype: undefined, shape: undefined };
  // An unnamed unknown dimension arrives as the empty string. So does an unknown rank as no dimensions at all: a scalar
  // and an unknown rank cannot be told apart here, and the runtime checks them itself.
  const shape = meta.shape.length === 0 ? undefined : meta.shape.map((d) => (d === '' ? null : d));
  return { name: meta.name, dtype: meta.type, shape };
}
