/**
 * TensorBoard's event files: TFRecord files of Event messages, named `events.out.tfevents.<time>.<host>`. Convention: the
 * step is the training step, the wall time in seconds since 1970; tags with `/` are grouped by what stands before it.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { diagnostic } from '#base';
import type { ByteSource } from '../byteSource.ts';
import { frameRecord, streamRecords } from '../tfrecord/records.ts';
import { decodeGraph, encodeGraph, type GraphNode } from './graph.ts';
import type { Histogram } from './histogram.ts';
import { EventSchema, type Summary_Value, type TensorProto } from './tensorboard_pb.ts';

/** What one event says. */
export type EventContent =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'scalar'; readonly tag: string; readonly value: number }
  | { readonly kind: 'image'; readonly tag: string; readonly image: EncodedImage }
  | { readonly kind: 'histogram'; readonly tag: string; readonly histogram: Histogram }
  /** Markdown. */
  | { readonly kind: 'text'; readonly tag: string; readonly text: string }
  | { readonly kind: 'graph'; readonly nodes: readonly GraphNode[] };

export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** A PNG file. */
  readonly png: Uint8Array;
}

export type LoggedEvent = EventContent & { readonly wallTime: number; readonly step: number };

const notEvent = diagnostic<{ offset: number; reason: string }>('SYS-DAT-087', 'invalid', {
  en: (p) => `the record at byte ${p.offset} is no event of TensorBoard: ${p.reason}`,
  zh: (p) => `位于字节 ${p.offset} 的记录不是 TensorBoard 事件：${p.reason}`,
});

/** DataType of float32 and of byte strings (tensorboard/compat/proto/types.proto). */
const [FLOAT, STRING] = [1, 7];

/** The first event of every file. */
export const VERSION: EventContent = { kind: 'version', version: 'brain.Event:2' };

/** An event in its TFRecord frame, as it is appended to a file. */
export function encodeEvent(event: LoggedEvent): Uint8Array<ArrayBuffer> {
  const { wallTime, step } = event;
  const message = create(EventSchema, {
    wallTime,
    step: BigInt(step),
    what: whatOf(event),
    ...(event.kind === 'version' ? { sourceMetadata: { writer: 'systole' } } : {}),
  });
  return frameRecord(toBinary(EventSchema, message));
}

function whatOf(content: EventContent) {
  switch (content.kind) {
    case 'version':
      return { case: 'fileVersion' as const, value: content.version };
    case 'graph':
      return { case: 'graphDef' as const, value: encodeGraph(content.nodes) };
    case 'scalar':
      return summary({ tag: content.tag, value: { case: 'simpleValue' as const, value: content.value } });
    case 'image': {
      const { width, height, channels, png } = content.image;
      const image = { width, height, colorspace: channels, encodedImageString: png as Uint8Array<ArrayBuffer> };
      return summary({ tag: content.tag, value: { case: 'image' as const, value: image } });
    }
    case 'histogram': {
      const { min, max, count, sum, sumOfSquares, limits, counts } = content.histogram;
      const histo = {
        min,
        max,
        num: count,
        sum,
        sumSquares: sumOfSquares,
        bucketLimit: [...limits],
        bucket: [...counts],
      };
      return summary({ tag: content.tag, value: { case: 'histo' as const, value: histo } });
    }
    case 'text': {
      const tensor = {
        dtype: STRING,
        tensorShape: { dim: [{ size: 1n }] },
        stringVal: [new TextEncoder().encode(content.text)],
      };
      const metadata = { pluginData: { pluginName: 'text' } };
      return summary({ tag: content.tag, metadata, value: { case: 'tensor' as const, value: tensor } });
    }
  }
}

const summary = <T>(value: T) => ({ case: 'summary' as const, value: { value: [value] } });

/**
 * The events of a file, one by one as it comes; what is not listed in `EventContent` is passed over. Scalars are read in
 * both of TensorBoard's forms.
 * @throws SYS-DAT-040 … 042 damaged records, SYS-DAT-087 a record that is no event
 */
export async function* readEvents(source: ByteSource, file?: string): AsyncGenerator<LoggedEvent> {
  for await (const { data, offset } of streamRecords(source, file === undefined ? {} : { file })) {
    let contents: EventContent[];
    let at: { wallTime: number; step: number };
    try {
      const event = fromBinary(EventSchema, data);
      at = { wallTime: event.wallTime, step: Number(event.step) };
      contents = contentsOf(event.what);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw notEvent({ offset, reason }, file === undefined ? {} : { file });
    }
    for (const content of contents) yield { ...at, ...content };
  }
}

function contentsOf(what: ReturnType<typeof fromBinary<typeof EventSchema>>['what']): EventContent[] {
  switch (what.case) {
    case 'fileVersion':
      return [{ kind: 'version', version: what.value }];
    case 'graphDef':
      return [{ kind: 'graph', nodes: decodeGraph(what.value) }];
    case 'summary':
      return what.value.value.flatMap(contentOf);
    case undefined:
      return [];
  }
}

function contentOf({ tag, metadata, value }: Summary_Value): EventContent[] {
  switch (value.case) {
    case 'simpleValue':
      return [{ kind: 'scalar', tag, value: value.value }];
    case 'image': {
      const { width, height, colorspace, encodedImageString: png } = value.value;
      return [{ kind: 'image', tag, image: { width, height, channels: colorspace === 1 ? 1 : 3, png } }];
    }
    case 'histo': {
      const { min, max, num: count, sum, sumSquares: sumOfSquares, bucketLimit: limits, bucket: counts } = value.value;
      return [{ kind: 'histogram', tag, histogram: { min, max, count, sum, sumOfSquares, limits, counts } }];
    }
    case 'tensor':
      return tensorOf(tag, metadata?.pluginData?.pluginName ?? '', value.value);
    case undefined:
      return [];
  }
}

function tensorOf(tag: string, plugin: string, tensor: TensorProto): EventContent[] {
  if (plugin === 'text' && tensor.dtype === STRING) {
    return tensor.stringVal.map((text) => ({ kind: 'text', tag, text: new TextDecoder().decode(text) }));
  }
  if (plugin !== 'scalars' || tensor.dtype !== FLOAT) return [];
  const { tensorContent: bytes, floatVal } = tensor;
  const value = bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true) : floatVal[0];
  return [{ kind: 'scalar', tag, value: value ?? 0 }];
}
