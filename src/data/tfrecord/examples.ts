/**
 * tf.train.Example: named features, each a list of byte strings, of float32 or of int64, as a record of a TFRecord file
 * (TensorFlow, "TFRecord and tf.train.Example"). Convention: names are written in order, so that the same example is
 * the same bytes.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { diagnostic, type Place } from '#base';
import { entriesOf, type Named } from '../named.ts';
import { ExampleSchema, type Feature as WireFeature } from './example_pb.ts';

export type Feature =
  | { readonly kind: 'bytes'; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'float'; readonly values: Float32Array }
  | { readonly kind: 'int64'; readonly values: BigInt64Array };

export type Example = ReadonlyMap<string, Feature>;

/** What is easily written: texts become UTF-8, integers and bigints int64, typed floats float32. */
export type FeatureValue =
  | string
  | Uint8Array
  | bigint
  | Float32Array
  | BigInt64Array
  | readonly string[]
  | readonly Uint8Array[]
  | Feature;

const notExample = diagnostic<{ offset: number | undefined; reason: string }>('SYS-DAT-043', 'invalid', {
  en: (p) =>
    `the record${p.offset === undefined ? '' : ` at byte ${p.offset}`} is no tf.train.Example: ${p.reason}; it may hold another message, or bytes of its own`,
  zh: (p) =>
    `${p.offset === undefined ? '' : `位于字节 ${p.offset} 的`}记录不是 tf.train.Example：${p.reason}；其中可能是其他消息或自定义的字节`,
});

/**
 * The features of a record. A feature without a list counts as an empty list of bytes; of a name that comes twice the
 * last counts (protobuf's rule for maps). Byte strings are views of the record.
 * @param offset where the record began, for error messages
 * @throws SYS-DAT-043 not an Example
 */
export function decodeExample(record: Uint8Array, offset?: number, file?: string): Example {
  const place: Place = file === undefined ? {} : { file };
  try {
    const { features } = fromBinary(ExampleSchema, record);
    return new Map(features?.feature.map(({ key, value }) => [key, plain(value)]));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw notExample({ offset, reason }, place);
  }
}

function plain(feature: WireFeature | undefined): Feature {
  const kind = feature?.kind;
  if (kind?.case === 'floatList') return { kind: 'float', values: Float32Array.from(kind.value.value) };
  if (kind?.case === 'int64List') return { kind: 'int64', values: BigInt64Array.from(kind.value.value) };
  return { kind: 'bytes', values: kind?.case === 'bytesList' ? kind.value.value : [] };
}

/** The record of an example. */
export function encodeExample(features: Named<FeatureValue>): Uint8Array<ArrayBuffer> {
  const entries = entriesOf(features);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const feature = entries.map(([key, value]) => ({ key, value: { kind: wire(featureOf(value)) } }));
  return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } })) as Uint8Array<ArrayBuffer>;
}

const utf8 = new TextEncoder();

function featureOf(value: FeatureValue): Feature {
  if (typeof value === 'string') return { kind: 'bytes', values: [utf8.encode(value)] };
  if (typeof value === 'bigint') return { kind: 'int64', values: BigInt64Array.of(value) };
  if (value instanceof Uint8Array) return { kind: 'bytes', values: [value] };
  if (value instanceof Float32Array) return { kind: 'float', values: value };
  if (value instanceof BigInt64Array) return { kind: 'int64', values: value };
  if ('kind' in value) return value;
  return { kind: 'bytes', values: value.map((v) => (typeof v === 'string' ? utf8.encode(v) : v)) };
}

function wire(feature: Feature) {
  switch (feature.kind) {
    case 'bytes':
      return { case: 'bytesList' as const, value: { value: [...feature.values] as Uint8Array<ArrayBuffer>[] } };
    case 'float':
      return { case: 'floatList' as const, value: { value: [...feature.values] } };
    case 'int64':
      return { case: 'int64List' as const, value: { value: [...feature.values] } };
  }
}
