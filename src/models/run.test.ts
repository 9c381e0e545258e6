/** The networks, exported with an open batch, in ONNX Runtime: the same outputs as operation by operation. Large ones: `run.full.test.ts`. */
import { describe, expect, test } from 'vitest';
import { tensorNumbers } from '#ir';
import { compile, exportModel, Generator, grad, type InputSpec, mean, nn, square, type Tensor, tensor } from '#tensor';
import { runBothWays } from '../../test/support/networkRun.ts';
import { alexnet, alexnetPaper, densenet121, findModel, models, resnet50, vgg11 } from './index.ts';

const generator = (): Generator => new Generator(11);

/** Networks that take pictures of other sizes run on small ones here. */
const SMALLER: Readonly<Record<string, number>> = {
  resnet18: 64,
  resnet34: 64,
  'mobilenet-v2': 64,
  'squeezenet-1.0': 64,
  squeezenet: 64,
  densenet121: 64,
};
/** Tens of millions of weights. */
const LARGE = /^(alexnet|vgg|vit-b|resnet(50|101|152))/;

describe('in ONNX Runtime', () => {
  test.each([...models.keys()].filter((name) => !LARGE.test(name)))('%s', async (name) => {
    const { build, inputs } = findModel(name);
    const size = SMALLER[name];
    const given: Readonly<Record<string, InputSpec>> = size === undefined ? inputs : { input: ['N', 3, size, size] };
    expect(await runBothWays(build({ generator: generator() }), given, 2)).toBeLessThan(1e-4);
  });

  test('bottlenecks', async () => {
    const network = resnet50({ classes: 10, generator: generator() });
    expect(await runBothWays(network, { input: ['N', 3, 64, 64] }, 1)).toBeLessThan(1e-4);
  });

  test('adaptive pooling shares out what does not divide', async () => {
    const uneven = new nn.Sequential(nn.adaptiveAvgPool([3, 4]));
    expect(await runBothWays(uneven, { input: ['N', 2, 7, 6] }, 2)).toBeLessThan(1e-5);
    const y = uneven.forward(
      tensor(
        Float32Array.from({ length: 42 }, (_, i) => i),
        { shape: [1, 1, 7, 6] },
      ),
    );
    // Rows 0…2, 2…4, 4…6; columns 0…1, 1…2, 3…4, 4…5.
    const expected = [1, 3, 5].flatMap((r) => [0.5, 1.5, 3.5, 4.5].map((c) => r * 6 + c));
    (await y.data()).forEach((v, i) => {
      expect(Number(v)).toBeCloseTo(expected[i]!, 5);
    });
    expect(nn.adaptiveAvgPool(2).forward(tensor(new Float32Array(16), { shape: [1, 1, 4, 4] })).shape).toEqual([
      1, 1, 2, 2,
    ]);
  });

  test('pictures of other sizes, where the architecture allows them', async () => {
    const shape = async (build: () => nn.Module, size: number): Promise<unknown> => {
      const model = await exportModel(nn.init.skipInit(build), { input: ['N', 3, size, size] });
      return (model.graph.outputs[0]!.type as { shape: unknown }).shape;
    };
    expect(await shape(() => vgg11({ classes: 5 }), 64)).toEqual(['N', 5]);
    expect(await shape(() => alexnet(), 64)).toEqual(['N', 1000]);
    expect(await shape(() => densenet121({ classes: 3 }), 96)).toEqual(['N', 3]);
    await expect(shape(() => alexnetPaper(), 224)).rejects.toThrow(/fc6 \(Linear\): Linear\(9216, 4096\)/);
  });
});

describe('gradients reach every parameter', () => {
  const SMALL = [
    'mlp',
    'adder-mlp',
    'lenet5',
    'lenet5-tanh',
    'lenet5-1998',
    'vit-small',
    'transformer',
    'lstm',
    'dcgan-discriminator',
    'dcgan-generator',
  ];
  test.each(SMALL)('%s', async (name) => {
    const { build, inputs } = findModel(name);
    const network = build({ generator: generator() }) as nn.Module & { forward(x: Tensor): Tensor };
    const spec = Object.values(inputs)[0]!;
    const shape = ('shape' in spec ? spec.shape : spec).map((d) => (typeof d === 'number' ? d : 2));
    const count = shape.reduce((a, b) => a * b, 1);
    const integer = 'shape' in spec;
    const values = Float32Array.from({ length: count }, (_, i) => (integer ? (i * 37) % 256 : Math.sin(i * i)));
    const x = tensor(values, { shape, dtype: integer ? 'i64' : 'f32' });
    const step = compile((t: Tensor) => grad(mean(square(network.forward(t).sub(0.3))), network.parameters()));
    const gradients = step(x);
    for (const [i, v] of network.parameters().entries()) {
      const norm = tensorNumbers(await gradients[i]!.value()).reduce((n, g) => n + Math.abs(g), 0);
      expect(Number.isFinite(norm), v.name).toBe(true);
      expect(norm, v.name).toBeGreaterThan(0);
    }
  });
});
