/**
 * A `.onnx` file to a Model. What comes out is verified; what cannot be read is refused with a code that names the place
 * and the repair. Policy on versions: every IR and operator-set version is imported, because nothing is interpreted here
 * and the versions travel with the model; which operators of which version are understood is for `ops` to say. Doc
 * strings, quantisation annotations, training information and metadata below the model are not carried.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { diagnostic, type Place } from '#base';
import { type Model, verifyModel } from '#ir';
import { type Both, damageOf } from './damage.ts';
import { ExternalFiles, type ExternalReader } from './external.ts';
import { canonicalDomain, plainBytes } from './numbering.ts';
import { type ModelProto, ModelProtoSchema } from './onnx_pb.ts';
import { functionFromProto, graphFromProto } from './readGraph.ts';
import { readTensor } from './values.ts';

const empty = diagnostic<object>('SYS-ONNX-001', 'invalid', {
  en: () => 'the file is empty (0 bytes), not an ONNX model; copy or download it again',
  zh: () => '文件为空（0 字节），不是 ONNX 模型；请重新复制或下载',
});

const notOnnx = diagnostic<{ begins: string; text: boolean; reason: Both; size: number }>('SYS-ONNX-002', 'invalid', {
  en: (p) =>
    p.text
      ? `this is a text file (it begins '${p.begins}'), not an ONNX model; ${
          p.begins.startsWith('version https://git-lfs')
            ? 'it is a Git LFS pointer: fetch the file itself with `git lfs pull`'
            : 'give the binary .onnx file'
        }`
      : `the ${p.size} bytes are not an ONNX model, or only part of one: ${p.reason.en}; copy or download the file again and compare its size`,
  zh: (p) =>
    p.text
      ? `这是文本文件（开头为 '${p.begins}'），不是 ONNX 模型；${
          p.begins.startsWith('version https://git-lfs')
            ? '这是 Git LFS 指针，请用 `git lfs pull` 取得文件本身'
            : '请给出二进制的 .onnx 文件'
        }`
      : `这 ${p.size} 字节不是 ONNX 模型，或只是其中一部分：${p.reason.zh}；请重新复制或下载并核对大小`,
});

const noGraph = diagnostic<{ ir: string }>('SYS-ONNX-003', 'invalid', {
  en: (p) =>
    `the file reads as protobuf but holds no ONNX model: ${
      p.ir === '' ? 'it states no IR version' : `it states IR version ${p.ir} but has no graph`
    }; is it a checkpoint, or a model of another framework? Export the model to .onnx first`,
  zh: (p) =>
    `文件是 protobuf，但不是 ONNX 模型：${
      p.ir === '' ? '没有写明 IR 版本' : `IR 版本为 ${p.ir}，却没有计算图`
    }；它是检查点，还是其他框架的模型？请先导出为 .onnx`,
});

const isTensor = diagnostic<{ type: string }>('SYS-ONNX-004', 'invalid', {
  en: (p) => `the file holds a tensor, ${p.type}, not a model; give it as an input, and the .onnx file as the model`,
  zh: (p) => `文件里是一个张量 ${p.type}，不是模型；请把它作为输入，并把 .onnx 文件作为模型`,
});

export interface ReadOptions {
  /** Named in errors. */
  readonly file?: string;
  /** Opens files beside the model, for external data. */
  readonly external?: ExternalReader;
}

/**
 * Reads a model.
 * @param bytes the whole file; tensors refer into it, so it must not change afterwards
 * @throws SYS-ONNX-001 … 034 and what `verifyModel` throws
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  const place: Place = options.file === undefined ? {} : { file: options.file };
  if (bytes.length === 0) throw empty({}, place);
  const proto = decode(plainBytes(bytes), place);
  if (!proto.irVersion || proto.irVersion < 0n || proto.graph === undefined) {
    const tensor = tensorIn(bytes);
    if (tensor !== undefined) throw isTensor({ type: tensor }, place);
    throw noGraph({ ir: proto.irVersion ? String(proto.irVersion) : '' }, place);
  }
  const context = { place, external: new ExternalFiles(options.external) };
  const model: Model = {
    irVersion: Number(proto.irVersion),
    producer: proto.producerName ?? '',
    opsets: opsetsOf(proto),
    graph: graphFromProto(proto.graph, proto.graph.name ?? '', context),
    functions: proto.functions.map((f) => functionFromProto(f, context)),
    metadata: new Map(proto.metadataProps.map((e) => [e.key ?? '', e.value ?? ''])),
  };
  verifyModel(model, options.file);
  return model;
}

function decode(bytes: Uint8Array, place: Place): ModelProto {
  const begins = textStart(bytes);
  const text = begins !== undefined;
  const fail = (): Error => {
    const reason = damageOf(ModelProtoSchema, bytes);
    return notOnnx({ begins: begins ?? '', text, reason, size: bytes.length }, place);
  };
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch {
    // The decoder speaks of its own insides; where the bytes go wrong is found out anew.
    const tensor = tensorIn(bytes);
    throw tensor === undefined ? fail() : isTensor({ type: tensor }, place);
  }
  // Some texts happen to decode as unknown fields.
  if (text && proto.graph === undefined) throw fail();
  return proto;
}

/** The first words of a text; undefined where the bytes are none: control characters stand in every model's start. */
function textStart(bytes: Uint8Array): string | undefined {
  const start = bytes.subarray(0, 512);
  if (start.some((b) => b < 0x20 && b !== 0x09 && b !== 0x0a && b !== 0x0d)) return undefined;
  const line =
    new TextDecoder()
      .decode(start)
      .trim()
      .split(/[\r\n]/)[0] ?? '';
  return line.slice(0, 40);
}

/** The type of the tensor that the bytes are instead of a model, if they are one: a mix-up worth its own message. */
function tensorIn(bytes: Uint8Array): string | undefined {
  try {
    const { dtype, dims } = readTensor(bytes);
    return `${dtype}[${dims.join(',')}]`;
  } catch {
    // No tensor either; the caller has an error of its own.
    return undefined;
  }
}

/** Files before IR version 3 state no operator set: they mean version 1. */
function opsetsOf(proto: ModelProto): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of proto.opsetImport) opsets.set(canonicalDomain(domain), Number(version ?? 0n));
  if (opsets.size === 0 && proto.irVersion! < 3n) opsets.set('', 1);
  return opsets;
}
