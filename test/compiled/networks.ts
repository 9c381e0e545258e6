/** Published networks and the inputs they are tested on, from `../shared/data` beside the project. */
import { existsSync, readFileSync } from 'node:fs';
import { Random } from '#base';
import { decodeImage, imageFloats, readMnist } from '#data';
import { elementCount, type Model, type Tensor, tensorOf } from '#ir';
import type { Program } from '#isa';
import { readModel } from '#onnx';

const DATA = new URL('../../../shared/data/', import.meta.url);
export const dataPresent = existsSync(DATA);
export const ABSENT = '(skipped where ../shared/data is absent)';

export const LIGHT = ['bvlc_alexnet', 'squeezenet', 'resnet50', 'vgg19'] as const;

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, DATA)));
export const network = (path: string): Model => readModel(bytesOf(path), { file: path });
export const lightNetwork = (name: (typeof LIGHT)[number]): Model =>
  network(`onnx-conformance/light/light_${name}.onnx`);

/** The first `count` digits of MNIST's training set as float32[count,1,28,28], 0 paper to 1 ink. */
export async function digits(count: number): Promise<{ images: Tensor; labels: readonly number[] }> {
  const [images, labels] = ['images-idx3', 'labels-idx1'].map((n) => bytesOf(`mnist/train-${n}-ubyte.gz`));
  const set = await readMnist(images!, labels!);
  const pixels = Float32Array.from(set.pixels.subarray(0, count * set.height * set.width), (grey) => grey / 255);
  return {
    images: tensorOf('float32', [count, 1, set.height, set.width], pixels),
    labels: [...set.labels.subarray(0, count)],
  };
}

/** A photograph as UltraFace takes it: float32[1,3,240,320], (rgb − 127) ÷ 128. */
export async function photograph(file: string): Promise<Tensor> {
  const [width, height] = [320, 240];
  const image = await decodeImage(bytesOf(`images/${file}`), { width, height });
  return tensorOf('float32', [1, 3, height, width], imageFloats(image, { mean: 127, std: 128 }));
}

/**
 * The light networks have weights that are all alike, so that whatever reaches the end is, too. This gives them random
 * ones, scaled by fan-in so that values keep their order of magnitude (He et al., ICCV 2015).
 */
export function withRandomWeights(model: Model, seed: number): Model {
  const random = new Random(seed);
  const constants = new Map<string, Tensor>();
  for (const [name, tensor] of model.graph.constants) {
    const { dims } = tensor;
    if (tensor.dtype !== 'float32' || elementCount(dims) === 1) {
      constants.set(name, tensor);
      continue;
    }
    const most = dims.length < 2 ? 0.1 : Math.sqrt(6 / elementCount(dims.slice(1)));
    const values = new Float32Array(elementCount(dims));
    for (let i = 0; i < values.length; i++) values[i] = most * (2 * random.uniform() - 1);
    constants.set(name, { dtype: 'float32', dims, bytes: new Uint8Array(values.buffer) });
  }
  return { ...model, graph: { ...model.graph, constants } };
}

/** Operators on the host with their reasons; every one must have them in both languages. */
export function hostNodes(program: Program): string[] {
  return program.layers.flatMap((layer) => {
    if ((layer.where === 'host') !== (layer.onHost !== undefined && layer.onHost.length > 0)) {
      throw new Error(`layer ${layer.name} runs on ${layer.where} and names ${layer.onHost?.length ?? 0} host nodes`);
    }
    return (layer.onHost ?? []).map(({ name, op, reason }) => {
      if (reason.en === '' || reason.zh === '') throw new Error(`node ${name} has no reason`);
      return `${op}: ${reason.en}`;
    });
  });
}
