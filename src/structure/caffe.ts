/**
 * Caffe's network description (`.prototxt`, BVLC Caffe's caffe.proto) as a graph without weights: layers of the phase TEST, losses as
 * what they apply to their scores, data layers as inputs.
 */
import { diagnostic, nearestName } from '#base';
import type { Dim, Model } from '#ir';
import { CAFFE_LAYERS, type CaffeLayer, DATA_LAYERS, DROPPED, V1_TYPES } from './caffeLayers.ts';
import { Network } from './network.ts';
import { Message, parseTextProto } from './textproto.ts';

export interface StructureOptions {
  /** For messages. */
  readonly file?: string;
  /** Dimensions of the input without those of the file, or where the file names none: [N, C, H, W], the batch 0 or what it is. */
  readonly inputSize?: readonly number[];
}

const noLayers = diagnostic<object>('SYS-STR-010', 'invalid', {
  en: () => 'this file has no layers. Give a network description: a .prototxt with `layer { … }`.',
  zh: () => '该文件没有层。请提供网络描述：含有 `layer { … }` 的 .prototxt。',
});
const isSolver = diagnostic<{ net: string }>('SYS-STR-011', 'invalid', {
  en: (p) => `this file sets a solver and describes no network. Give the network that it names: ${p.net}`,
  zh: (p) => `该文件是求解器设置，不含网络描述。请改用其中引用的网络：${p.net}`,
});
const unknownLayer = diagnostic<{ layer: string; type: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-STR-012',
  'unsupported',
  {
    en: (p) =>
      `layer '${p.layer}' is of type ${p.type}, which is not read.${p.nearest === undefined ? '' : ` Did you mean ${p.nearest}?`} Supported: ${p.known.join(', ')}. ` +
      'Remove the layer, or export the network to ONNX.',
    zh: (p) =>
      `层“${p.layer}”的类型 ${p.type} 不支持。${p.nearest === undefined ? '' : `是否指 ${p.nearest}？`}支持：${p.known.join('、')}。` +
      '请删除该层，或将网络导出为 ONNX。',
  },
);
const unknownBlob = diagnostic<{ layer: string; blob: string; nearest: string | undefined }>('SYS-STR-013', 'invalid', {
  en: (p) =>
    `layer '${p.layer}' reads '${p.blob}', which no layer before it makes.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`}`,
  zh: (p) =>
    `层“${p.layer}”读取“${p.blob}”，而之前没有层产生它。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}`,
});
const noSize = diagnostic<{ layer: string; type: string }>('SYS-STR-014', 'invalid', {
  en: (p) =>
    `layer '${p.layer}' (${p.type}) reads data whose size the file does not say. Give it: --input-size N,C,H,W`,
  zh: (p) => `层“${p.layer}”（${p.type}）读取的数据大小在文件中没有说明。请用 --input-size N,C,H,W 给出`,
});

const BATCH = 'N';

/**
 * Reads a network description.
 * @throws SYS-STR-001, -002 text that is none; -010, -011, -013 no network; -012 layers that are not known; -014 inputs without size
 */
export function readCaffe(source: string, options: StructureOptions = {}): Model {
  const root = parseTextProto(source, options.file);
  const layers = root.fields
    .flatMap(({ name, value }) => ((name === 'layer' || name === 'layers') && value instanceof Message ? [value] : []))
    .filter(inTest);
  if (layers.length === 0) {
    const net = root.text('net') ?? root.text('train_net');
    throw net === undefined ? noLayers({}, root.place) : isSolver({ net }, root.place);
  }
  const net = new Network(root.text('name') ?? 'network');
  /** What stands under a blob's name now: layers may work in place. */
  const blobs = new Map<string, string>();
  /** Labels, and what follows from them alone: nothing is computed of them. */
  const labels = new Set<string>();

  const input = (name: string, stated: readonly Dim[] | undefined, layer: string, type: string, at: Message): void => {
    const given = options.inputSize;
    // Of another rank it is no size of this input: whoever asked for it says so.
    const dims = given !== undefined && (stated ?? given).length === given.length ? given : stated;
    if (dims === undefined) throw noSize({ layer, type }, at.place);
    blobs.set(name, net.input(name, [BATCH, ...dims.slice(1)]));
  };

  // Inputs of the old form stand before all layers.
  const shapes = root.messages('input_shape').map((s) => s.numbers('dim'));
  const flat = root.numbers('input_dim');
  root.texts('input').forEach((name, i) => {
    const four = flat.slice(4 * i, 4 * i + 4);
    input(name, shapes[i] ?? (four.length === 4 ? four : undefined), name, 'Input', root);
  });

  layers.forEach((message, i) => {
    const name = message.text('name') ?? `layer${i}`;
    const stated = message.text('type') ?? '';
    const type = V1_TYPES[stated] ?? stated;
    const tops = message.texts('top');
    const bottoms = message.texts('bottom');
    const sizesOf = DATA_LAYERS[type];
    if (sizesOf !== undefined) {
      const sizes = sizesOf(message);
      tops.forEach((top, t) => {
        // Of layers that read labelled samples the second value is the label.
        if (t > 0 && type !== 'Input' && type !== 'DummyData') labels.add(top);
        else input(top, sizes[t] ?? sizes[0], name, type, message);
      });
      return;
    }
    if (bottoms.length > 0 && bottoms.every((b) => labels.has(b))) {
      for (const top of tops) labels.add(top);
      return;
    }
    if (DROPPED.has(type)) return;
    const build = CAFFE_LAYERS[type];
    if (build === undefined) {
      const known = [...Object.keys(CAFFE_LAYERS), ...Object.keys(DATA_LAYERS)];
      throw unknownLayer({ layer: name, type: stated, nearest: nearestName(type, known), known }, message.place);
    }
    const inputs = bottoms
      .filter((b) => !labels.has(b))
      .map((blob) => {
        const value = blobs.get(blob);
        if (value === undefined)
          throw unknownBlob({ layer: name, blob, nearest: nearestName(blob, [...blobs.keys()]) }, message.place);
        return value;
      });
    const layer: CaffeLayer = {
      net,
      name,
      message,
      inputs,
      tops: Math.max(1, tops.length),
      next: nextReader(layers, i),
    };
    const made = build(layer);
    (tops.length === 0 ? [name] : tops).forEach((top, t) => {
      const value = made[t];
      if (value !== undefined) blobs.set(top, value);
    });
  });
  return net.model();
}

/** The layer behind this one, where it works on this one's result and nothing else does before it. */
function nextReader(layers: readonly Message[], at: number): Message | undefined {
  const top = layers[at]!.text('top');
  const next = layers[at + 1];
  const reads = next?.texts('bottom') ?? [];
  return reads.length === 1 && reads[0] === top ? next : undefined;
}

/** Whether a layer is there when the network is used: TEST unless it says otherwise. */
function inTest(layer: Message): boolean {
  const isTest = (rule: Message): boolean => {
    const phase = rule.text('phase');
    return phase === undefined || phase === 'TEST' || phase === '1';
  };
  const includes = layer.messages('include');
  if (includes.length > 0) return includes.some(isTest);
  const excludes = layer.messages('exclude');
  if (excludes.length > 0) return !excludes.some(isTest);
  const phase = layer.text('phase');
  return phase === undefined || phase === 'TEST';
}
