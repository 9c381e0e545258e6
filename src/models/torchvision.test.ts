/**
 * Names and shapes of the variables are those of torchvision's `state_dict`, in its order, so that weights saved there load here. The
 * lists follow from the architecture of each network as torchvision writes it, by rules that stand here a second time.
 */
import { describe, expect, test } from 'vitest';
import { tensorOf } from '#ir';
import { nn } from '#tensor';
import { findModel } from './index.ts';

type Entry = readonly [name: string, shape: readonly number[]];

const conv = (name: string, outputs: number, inputs: number, kernel: number, bias = false): Entry[] => [
  [`${name}.weight`, [outputs, inputs, kernel, kernel]],
  ...(bias ? ([[`${name}.bias`, [outputs]]] as const) : []),
];
const bn = (name: string, channels: number): Entry[] =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [channels]]);
const linear = (name: string, outputs: number, inputs: number): Entry[] => [
  [`${name}.weight`, [outputs, inputs]],
  [`${name}.bias`, [outputs]],
];

function vgg(cfg: string): Entry[] {
  const widths: Record<string, number> = { a: 64, b: 128, c: 256, d: 512 };
  let [index, inputs] = [0, 3];
  const features = [...cfg].flatMap((step) => {
    if (step === 'M') {
      index++;
      return [];
    }
    const made = conv(`features.${index}`, widths[step]!, inputs, 3, true);
    index += 2;
    inputs = widths[step]!;
    return made;
  });
  return [
    ...features,
    ...linear('classifier.0', 4096, 25088),
    ...linear('classifier.3', 4096, 4096),
    ...linear('classifier.6', 1000, 4096),
  ];
}

function resnet(blocks: readonly number[], bottleneck: boolean): Entry[] {
  const entries: Entry[] = [...conv('conv1', 64, 3, 7), ...bn('bn1', 64)];
  let inputs = 64;
  blocks.forEach((count, stage) => {
    const width = [64, 128, 256, 512][stage]!;
    const outputs = bottleneck ? 4 * width : width;
    for (let block = 0; block < count; block++) {
      const at = `layer${stage + 1}.${block}`;
      const kernels = bottleneck ? [1, 3, 1] : [3, 3];
      let from = inputs;
      kernels.forEach((kernel, i) => {
        const to = i === kernels.length - 1 ? outputs : width;
        entries.push(...conv(`${at}.conv${i + 1}`, to, from, kernel), ...bn(`${at}.bn${i + 1}`, to));
        from = to;
      });
      if (block === 0 && inputs !== outputs) {
        entries.push(...conv(`${at}.downsample.0`, outputs, inputs, 1), ...bn(`${at}.downsample.1`, outputs));
      }
      inputs = outputs;
    }
  });
  return [...entries, ...linear('fc', 1000, inputs)];
}

function mobileNet(): Entry[] {
  const entries: Entry[] = [...conv('features.0.0', 32, 3, 3), ...bn('features.0.1', 32)];
  const widths = [16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320];
  let inputs = 32;
  widths.forEach((outputs, i) => {
    const at = `features.${i + 1}.conv`;
    const hidden = i === 0 ? inputs : 6 * inputs;
    let place = 0;
    if (i > 0) {
      entries.push(...conv(`${at}.0.0`, hidden, inputs, 1), ...bn(`${at}.0.1`, hidden));
      place = 1;
    }
    entries.push(...conv(`${at}.${place}.0`, hidden, 1, 3), ...bn(`${at}.${place}.1`, hidden));
    entries.push(...conv(`${at}.${place + 1}`, outputs, hidden, 1), ...bn(`${at}.${place + 2}`, outputs));
    inputs = outputs;
  });
  return [
    ...entries,
    ...conv('features.18.0', 1280, 320, 1),
    ...bn('features.18.1', 1280),
    ...linear('classifier.1', 1000, 1280),
  ];
}

function squeezenet(width: number, kernel: number, places: readonly number[]): Entry[] {
  const entries = conv('features.0', width, 3, kernel, true);
  let inputs = width;
  places.forEach((place, i) => {
    const squeeze = 16 * (Math.floor(i / 2) + 1);
    entries.push(...conv(`features.${place}.squeeze`, squeeze, inputs, 1, true));
    entries.push(...conv(`features.${place}.expand1x1`, 4 * squeeze, squeeze, 1, true));
    entries.push(...conv(`features.${place}.expand3x3`, 4 * squeeze, squeeze, 3, true));
    inputs = 8 * squeeze;
  });
  return [...entries, ...conv('classifier.1', 1000, 512, 1, true)];
}

function densenet(): Entry[] {
  const entries: Entry[] = [...conv('features.conv0', 64, 3, 7), ...bn('features.norm0', 64)];
  let maps = 64;
  [6, 12, 24, 16].forEach((count, block) => {
    for (let layer = 1; layer <= count; layer++) {
      const at = `features.denseblock${block + 1}.denselayer${layer}`;
      entries.push(...bn(`${at}.norm1`, maps), ...conv(`${at}.conv1`, 128, maps, 1));
      entries.push(...bn(`${at}.norm2`, 128), ...conv(`${at}.conv2`, 32, 128, 3));
      maps += 32;
    }
    if (block === 3) return;
    const at = `features.transition${block + 1}`;
    entries.push(...bn(`${at}.norm`, maps), ...conv(`${at}.conv`, maps / 2, maps, 1));
    maps /= 2;
  });
  return [...entries, ...bn('features.norm5', maps), ...linear('classifier', 1000, maps)];
}

function vit(): Entry[] {
  const norm = (name: string): Entry[] => [
    [`${name}.weight`, [768]],
    [`${name}.bias`, [768]],
  ];
  const layers = Array.from({ length: 12 }, (_, i) => `encoder.layers.encoder_layer_${i}`).flatMap((at) => [
    ...norm(`${at}.ln_1`),
    [`${at}.self_attention.in_proj_weight`, [2304, 768]] as const,
    [`${at}.self_attention.in_proj_bias`, [2304]] as const,
    ...linear(`${at}.self_attention.out_proj`, 768, 768),
    ...norm(`${at}.ln_2`),
    ...linear(`${at}.mlp.0`, 3072, 768),
    ...linear(`${at}.mlp.3`, 768, 3072),
  ]);
  return [
    ['class_token', [1, 1, 768]],
    ...conv('conv_proj', 768, 3, 16, true),
    ['encoder.pos_embedding', [1, 197, 768]],
    ...layers,
    ...norm('encoder.ln'),
    ...linear('heads.head', 1000, 768),
  ];
}

const STATES: Readonly<Record<string, readonly Entry[]>> = {
  alexnet: [
    ...conv('features.0', 64, 3, 11, true),
    ...conv('features.3', 192, 64, 5, true),
    ...conv('features.6', 384, 192, 3, true),
    ...conv('features.8', 256, 384, 3, true),
    ...conv('features.10', 256, 256, 3, true),
    ...linear('classifier.1', 4096, 9216),
    ...linear('classifier.4', 4096, 4096),
    ...linear('classifier.6', 1000, 4096),
  ],
  vgg16: vgg('aaMbbMcccMdddMdddM'),
  vgg19: vgg('aaMbbMccccMddddMddddM'),
  resnet18: resnet([2, 2, 2, 2], false),
  resnet34: resnet([3, 4, 6, 3], false),
  resnet50: resnet([3, 4, 6, 3], true),
  resnet101: resnet([3, 4, 23, 3], true),
  resnet152: resnet([3, 8, 36, 3], true),
  'mobilenet-v2': mobileNet(),
  'squeezenet-1.0': squeezenet(96, 7, [3, 4, 5, 7, 8, 9, 10, 12]),
  squeezenet: squeezenet(64, 3, [3, 4, 6, 7, 9, 10, 11, 12]),
  densenet121: densenet(),
  'vit-b-16': vit(),
};

describe.each(Object.entries(STATES))('%s', (name, expected) => {
  const network = nn.init.skipInit(() => findModel(name).build());

  test('names and shapes', () => {
    expect(network.variables().map(([variable, v]) => [variable, v.shape])).toEqual(expected);
  });

  test('a state of torchvision loads, with its counters of batches', async () => {
    const zero = new Uint8Array(4);
    const state = new Map(expected.map(([key, dims]) => [key, { dtype: 'float32', dims, splat: zero } as const]));
    const counters = expected.flatMap(([key]) =>
      key.endsWith('running_var')
        ? [[key.replace('running_var', 'num_batches_tracked'), tensorOf('int64', [], [5n])] as const]
        : [],
    );
    network.load(new Map([...state, ...counters]));
    await expect(async () =>
      network.load(new Map([...state, ['features.99.weight', tensorOf('int64', [], [5n])]])),
    ).rejects.toThrow(/does not have/);
  });
});

test('an unknown name is refused with the nearest one', () => {
  expect(() => findModel('resnet51')).toThrow(/did you mean 'resnet50'/);
});
