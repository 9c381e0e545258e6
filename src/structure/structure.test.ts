import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { elementCount, type Model, verifyModel } from '#ir';
import { inferTypes } from '#ops';
import { readCaffe, readDarknet } from '#structure';

const DATA = new URL('../../../shared/data/net-structures/', import.meta.url);
const present = existsSync(DATA);
const text = (path: string): string => readFileSync(new URL(path, DATA), 'utf8');

/** Elements of weights, running statistics of BatchNormalization apart. */
function parametersOf(model: Model): number {
  const { graph } = model;
  const statistics = new Set(graph.nodes.flatMap((n) => (n.op === 'BatchNormalization' ? n.inputs.slice(3) : [])));
  let sum = 0;
  for (const [name, t] of graph.constants)
    if ('splat' in t && t.dtype === 'float32' && !statistics.has(name)) sum += elementCount(t.dims);
  return sum;
}

const outputs = (model: Model): string =>
  model.graph.outputs.map((v) => `${v.name} [${v.type?.kind === 'tensor' ? v.type.shape : '?'}]`).join(', ');

function checked(model: Model): Model {
  verifyModel(model);
  inferTypes(model);
  return model;
}

describe.skipIf(!present)('published descriptions (skipped where ../shared/data is absent)', () => {
  // AlexNet with groups: exercise 3.1. LeNet of 431,080 parameters: LeCun's network as Caffe's examples have it.
  test.each([
    ['models_bvlc_alexnet_deploy', 60_965_224, 'prob [N,1000]'],
    ['models_bvlc_googlenet_deploy', 6_998_552, 'prob [N,1000]'],
    ['examples_mnist_lenet', 431_080, 'prob [N,10]'],
  ])('caffe %s', (file, parameters, output) => {
    const model = checked(readCaffe(text(`caffe/${file}.prototxt`), { file }));
    expect([parametersOf(model), outputs(model)]).toEqual([parameters, output]);
  });

  test('a network that is trained is read as it is used', () => {
    const model = checked(
      readCaffe(text('caffe/examples_mnist_lenet_train_test.prototxt'), { inputSize: [1, 1, 28, 28] }),
    );
    expect([parametersOf(model), outputs(model)]).toEqual([431_080, 'loss [N,10]']);
  });

  test.each([
    ['alexnet', 62_378_344, '13_softmax [N,1000]'],
    ['darknet19', 20_842_376, '25_softmax [N,1000,1,1]'],
    ['densenet201', undefined, '304_softmax [N,1000,1,1]'],
    // ResNet without the convolutions and BatchNormalization of its projections: darknet's shortcuts take every second row and column.
    ['resnet18', 11_689_512 - 172_032 - 1_792, '28_softmax [N,1000,1,1]'],
    ['resnet152', 60_192_808 - 2_768_896 - 7_680, '204_softmax [N,1000,1,1]'],
    ['vgg-16', 138_357_544, '24_softmax [N,1000]'],
    ['vgg-conv', 14_714_688, '17_maxpool [N,512,7,7]'],
    ['yolov3-tiny', 8_852_366, '15_convolutional [N,255,13,13], 22_convolutional [N,255,26,26]'],
  ])('darknet %s', (file, parameters, output) => {
    const model = checked(readDarknet(text(`darknet/${file}.cfg`), { file }));
    if (parameters !== undefined) expect(parametersOf(model)).toBe(parameters);
    expect(outputs(model)).toContain(output);
  });

  test('every description of the folder is read or refused with a code', () => {
    const verdicts = ['caffe', 'darknet'].flatMap((folder) =>
      readdirSync(new URL(`${folder}/`, DATA)).map((file) => {
        const read = folder === 'caffe' ? readCaffe : readDarknet;
        try {
          checked(read(text(`${folder}/${file}`), { file, inputSize: [1, 3, 224, 224] }));
          return '';
        } catch (error) {
          if (!(error instanceof SystoleError)) throw error;
          return `${file}: ${error.code}`;
        }
      }),
    );
    // Solvers are no networks, and a layer in Python has no meaning here.
    expect(verdicts.filter((v) => v !== '')).toEqual([
      'aics311_fcnet_solver.prototxt: SYS-STR-011',
      'examples_mnist_lenet_solver.prototxt: SYS-STR-011',
      'examples_pycaffe_linreg.prototxt: SYS-STR-012',
    ]);
  });
});

const failure = (read: () => unknown): SystoleError => {
  try {
    read();
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('caffe', () => {
  const net = (layers: string): Model =>
    checked(readCaffe(`input: "x" input_dim: 1 input_dim: 4 input_dim: 8 input_dim: 8\n${layers}`));

  test('layers in place, shared weights, old types, uneven windows, lists', () => {
    const model = net(`
      layers { name: "a" type: CONVOLUTION bottom: "x" top: "a"
        convolution_param { num_output: 4 kernel_h: 3 kernel_w: 1 pad_h: 1 } }
      layer { name: 'r' type: 'ReLU' bottom: 'a' top: 'a' relu_param < negative_slope: 0.5 > }
      layer { name: "p" type: "InnerProduct" bottom: "x" top: "p" param { name: "w" } param { name: "b" } inner_product_param { num_output: 3 } }
      layer { name: "q" type: "InnerProduct" bottom: "a" top: "q" param [{ name: "w" }, { name: "b" }] inner_product_param { num_output: 3 } }
      layer { name: "n" type: "BatchNorm" bottom: "a" top: "n" }
      layer { name: "s" type: "Scale" bottom: "n" top: "n" scale_param { bias_term: true } }
      layer { name: "t" type: "Pooling" bottom: "n" top: "t" pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
      layer { name: "c" type: "Slice" bottom: "t" top: "c1" top: "c2" slice_param { slice_point: 1 } }
      layer { name: "e" type: "Eltwise" bottom: "p" bottom: "q" top: "e" eltwise_param { coeff: 1 coeff: -1 } }`);
    expect(model.graph.nodes.map((n) => n.op)).toEqual([
      ...[
        'Conv',
        'LeakyRelu',
        'Flatten',
        'Gemm',
        'Flatten',
        'Gemm',
        'BatchNormalization',
        'AveragePool',
        'Split',
        'Mul',
        'Add',
      ],
    ]);
    expect(outputs(model)).toBe('c [N,1,4,4], c.1 [N,3,4,4], e [N,3]');
    const [, , , p, , q] = model.graph.nodes;
    expect(p!.inputs.slice(1)).toEqual(q!.inputs.slice(1));
  });

  test.each([
    ['layer { name: "a" type: "Convolution" bottom: "x" top: "a" }', 'SYS-STR-016', 2],
    ['layer { name: "a" type: "Convolutoin" bottom: "x" top: "a" }', 'SYS-STR-012', 2],
    ['layer { name: "a" type: "ReLU" bottom: "y" top: "a" }', 'SYS-STR-013', 2],
    ['layer { name: "a" type: "ReLU" bottom "x" }', 'SYS-STR-001', 2],
    ['layer { name: "a" type: "ReLU"\n bottom: "x"', 'SYS-STR-001', 3],
    ['layer { name: "a" type: "Data" top: "a" }', 'SYS-STR-014', 2],
    ['layer { name: "a" type: "Pooling" bottom: "x" top: "a" pooling_param { kernel_size: three } }', 'SYS-STR-001', 2],
    ['layer { name: "a" type: "Pooling" bottom: "x" top: "a" pooling_param { pool: STOCHASTIC } }', 'SYS-STR-015', 2],
    [`layer ${'{ a '.repeat(100)}`, 'SYS-STR-002', 2],
  ])('refused: %s', (layers, code, line) => {
    const error = failure(() => net(layers));
    expect([error.code, error.place.line]).toEqual([code, line]);
  });
});

describe('darknet', () => {
  const net = (layers: string): Model => checked(readDarknet(`[net]\nwidth=8\nheight=8\nchannels=4\n${layers}`));

  test('routes, shortcuts of other sizes, windows', () => {
    const model = net(`
[convolutional]
filters=6
size=3
stride=2
pad=1
batch_normalize=1
activation=mish
[shortcut]
from=-1
activation=relu
[maxpool]
size=2
stride=1
[route]
layers=-1, 0
[upsample]
[shortcut]
from=4`);
    expect(outputs(model)).toBe('5_shortcut [N,12,8,8]');
  });

  test.each([
    ['[convolutional]\nfilters=x', 'SYS-STR-033', 6],
    ['[convolutoinal]', 'SYS-STR-032', 5],
    ['[route]\nlayers=3', 'SYS-STR-034', 5],
    ['[convolutional]\nactivation=none', 'SYS-STR-035', 5],
    ['[maxpool]\nstride=2\n[upsample]\nstride=4\n[shortcut]\nfrom=0', 'SYS-STR-036', 9],
    ['what', 'SYS-STR-030', 5],
  ])('refused: %s', (layers, code, line) => {
    const error = failure(() => net(layers));
    expect([error.code, error.place.line]).toEqual([code, line]);
  });

  test('without [net]', () => expect(failure(() => readDarknet('[maxpool]')).code).toBe('SYS-STR-031'));
});
