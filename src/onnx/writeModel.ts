/** A Model to the bytes of a `.onnx` file. IR version and operator sets stay what they were. */
import { create, toBinary } from '@bufbuild/protobuf';
import { diagnostic } from '#base';
import { byteLength, elementCount, type Graph, type Model, type Tensor } from '#ir';
import { ModelProtoSchema, StringStringEntryProtoSchema, type TensorProto } from './onnx_pb.ts';
import { functionToProto, graphToProto, opsetsToProto, tensorToProto } from './writeGraph.ts';

const tooLarge = diagnostic<{ bytes: number }>('SYS-ONNX-041', 'unsupported', {
  en: (p) =>
    `the model's initialisers take ${p.bytes} bytes; a .onnx file is one protobuf message, which ends at 2 GiB. Split the model`,
  zh: (p) => `模型的初始值共 ${p.bytes} 字节；.onnx 文件是单个 protobuf 消息，上限为 2 GiB。请拆分模型`,
});

/** Largest protobuf message, by its specification. */
const MESSAGE_LIMIT = 2 ** 31 - 1;

/** @throws SYS-ONNX-040, SYS-ONNX-041 where the file format cannot hold the model */
export function writeModel(model: Model): Uint8Array {
  const bytes = constantBytes(model.graph);
  if (bytes > MESSAGE_LIMIT) throw tooLarge({ bytes });
  return encode(model);
}

/** Bytes from which an initialiser is worth standing apart. */
const LARGE = 4096;

/** A model whose large initialisers stand in files beside it: their data, where they are, by the paths that the model has for them. */
export interface SplitModel {
  readonly bytes: Uint8Array;
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** For readers in this process: nothing large is copied. @throws SYS-ONNX-040 */
export function splitModel(model: Model): SplitModel {
  const files: { readonly path: string; readonly data: Uint8Array }[] = [];
  const initialiser = (t: Tensor, name?: string): TensorProto => {
    if (!('bytes' in t) || t.bytes.length < LARGE) return tensorToProto(t, name);
    const proto = tensorToProto({ ...t, bytes: NOTHING }, name);
    const path = `${files.length}`;
    files.push({ path, data: t.bytes });
    delete proto.rawData;
    // EXTERNAL
    proto.dataLocation = 1;
    proto.externalData = Object.entries({ location: path, length: `${t.bytes.length}` }).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    return proto;
  };
  return { bytes: encode(model, initialiser), files };
}

const NOTHING = new Uint8Array(0);

function encode(model: Model, initialiser?: typeof tensorToProto): Uint8Array {
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer,
    opsetImport: opsetsToProto(model.opsets),
    graph: graphToProto(model.graph, model.irVersion < 4, initialiser),
    functions: model.functions.map(functionToProto),
    metadataProps: [...model.metadata].map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
  return toBinary(ModelProtoSchema, proto);
}

function constantBytes(graph: Graph): number {
  let sum = 0;
  for (const t of graph.constants.values()) sum += byteLength(t.dtype, elementCount(t.dims));
  return sum;
}

/** The IR and operator-set versions that code which builds graphs writes by default: ONNX 1.16, ONNX Runtime ≥ 1.18. */
export const DEFAULT_IR_VERSION = 10;
export const DEFAULT_OPSET = 21;

/** A model around one graph of ONNX's own operators. */
export function modelOf(graph: Graph, opset: number = DEFAULT_OPSET, irVersion: number = DEFAULT_IR_VERSION): Model {
  return {
    irVersion,
    producer: 'systole',
    opsets: new Map([['', opset]]),
    graph,
    functions: [],
    metadata: new Map(),
  };
}
