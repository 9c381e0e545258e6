/** Published networks on the processor against the host engine, and code size against layer size. */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compareOutputs, compileModel, executeProgram, runOnHost } from '#flow';
import { ints, type Tensor, tensorNumbers, tensorType } from '#ir';
import { presets } from '#machine';
import { modelOf } from '#onnx';
import { assertAbovePhysicalBound } from '#report';
import { runCompiled } from '../support/compiledRun.ts';
import { PRESETS } from '../support/machines.ts';
import { ABSENT, dataPresent, digits, hostNodes, LIGHT, lightNetwork, network, photograph } from './networks.ts';

const textbook = presets.get('textbook-single')!;
const machines = PRESETS.map((machine) => [machine.name, machine] as const);

/** Index of the largest of each row of ten. */
function classes(scores: Tensor): number[] {
  const values = tensorNumbers(scores);
  return Array.from({ length: values.length / 10 }, (_, i) => {
    const row = [...values.subarray(10 * i, 10 * i + 10)];
    return row.indexOf(Math.max(...row));
  });
}

/** Largest absolute difference of any output. */
function farthest(found: ReadonlyMap<string, Tensor>, expected: ReadonlyMap<string, Tensor>): number {
  let most = 0;
  for (const [name, tensor] of expected) {
    const [a, b] = [tensorNumbers(found.get(name)!), tensorNumbers(tensor)];
    b.forEach((v, i) => {
      most = Math.max(most, Math.abs(v - a[i]!));
    });
  }
  return most;
}

describe.skipIf(!dataPresent)(`mnist-8 ${ABSENT}`, () => {
  test.each(machines)('ten digits one by one on %s', async (_, machine) => {
    const model = network('onnx-models/mnist-8.onnx');
    const input = model.graph.inputs[0]!.name;
    const engine = await sharedEngine();
    const { images, labels } = await digits(10);
    const { program, model: bound } = await compileModel(model, { machine, engine });
    expect(hostNodes(program)).toEqual([]);
    const pixels = tensorNumbers(images);
    const found: number[] = [];
    for (let i = 0; i < 10; i++) {
      const bytes = new Uint8Array(Float32Array.from(pixels.subarray(784 * i, 784 * (i + 1))).buffer);
      const feeds = new Map([[input, { dtype: 'float32', dims: [1, 1, 28, 28], bytes } as const]]);
      const host = await runOnHost(bound, feeds, engine);
      const { outputs } = await executeProgram(program, { data: true, hazards: true, feeds });
      expect(compareOutputs(outputs, host, engine.kind, bound.graph).ok).toBe(true);
      expect(farthest(outputs, host)).toBeLessThan(1e-4);
      found.push(...classes([...outputs.values()][0]!));
    }
    expect(found).toEqual(labels);
  });

  test.each(machines)('1000 digits in one batch on %s', async (_, machine) => {
    const model = network('onnx-models/mnist-8.onnx');
    const input = model.graph.inputs[0]!.name;
    const engine = await sharedEngine();
    const { images, labels } = await digits(1000);
    const feeds = new Map([[input, images]]);
    const { faults, outputs, compiled } = await runCompiled(model, machine, feeds, { batch: 1000 });
    expect(faults).toEqual([]);
    expect(hostNodes(compiled.program)).toEqual([]);
    const host = await runOnHost(compiled.model, feeds, engine);
    const [name] = [...host.keys()];
    const found = classes(outputs.get(name!)!);
    expect(found).toEqual(classes(host.get(name!)!));
    const right = found.filter((c, i) => c === labels[i]).length;
    console.log(`mnist-8 on ${machine.name}: ${right} of 1000 digits right, largest error ${farthest(outputs, host)}`);
    expect(farthest(outputs, host)).toBeLessThan(1e-4);
    expect(right).toBeGreaterThan(970);
  });
});

describe.skipIf(!dataPresent)(`UltraFace ${ABSENT}`, () => {
  test.each(['person.jpg', 'dog-ort.jpg', 'horses.jpg'])('%s', async (file) => {
    const model = network('onnx-models/ultraface-rfb-320.onnx');
    const feeds = new Map([[model.graph.inputs[0]!.name, await photograph(file)]]);
    const { faults, outputs, compiled } = await runCompiled(model, textbook, feeds);
    expect(faults).toEqual([]);
    expect(hostNodes(compiled.program)).toEqual([]);
    const host = await runOnHost(compiled.model, feeds, await sharedEngine());
    const error = farthest(outputs, host);
    console.log(`UltraFace on ${file}: largest error of scores and boxes ${error}`);
    expect(error).toBeLessThan(1e-4);
  });
});

describe.skipIf(!dataPresent)(`light networks, time alone ${ABSENT}`, () => {
  test.each(LIGHT.flatMap((name) => machines.map(([machine]) => [name, machine] as const)))(
    '%s on %s',
    async (name, machine) => {
      const options = { machine: presets.get(machine)!, engine: await sharedEngine() };
      const { program } = await compileModel(lightNetwork(name), options);
      expect(hostNodes(program)).toEqual([]);
      const { result } = await executeProgram(program, { data: false });
      assertAbovePhysicalBound(program, result);
    },
  );
});

describe('code size', () => {
  /** A 3×3 convolution of `channels` to `channels` over a square image. */
  const convolution = (channels: number, side: number) => {
    const shape = tensorType('float32', [1, channels, side, side]);
    const weight = {
      dtype: 'float32',
      dims: [channels, channels, 3, 3],
      splat: new Uint8Array([0, 0, 0, 60]),
    } as const;
    return modelOf({
      name: 'convolution',
      inputs: [{ name: 'x', type: shape }],
      outputs: [{ name: 'y', type: shape }],
      nodes: [
        {
          name: 'conv',
          op: 'Conv',
          domain: '',
          inputs: ['x', 'w'],
          outputs: ['y'],
          attributes: new Map([['pads', ints([1, 1, 1, 1])]]),
        },
      ],
      constants: new Map([['w', weight]]),
      types: new Map(),
    });
  };

  test.each(machines)('grows with layers, not with tiles, on %s', async (_, machine) => {
    const engine = await sharedEngine();
    const words = async (side: number): Promise<number> =>
      (await compileModel(convolution(512, side), { machine, engine })).program.words.length;
    const [small, large] = [await words(64), await words(512)];
    console.log(`512 → 512 channels on ${machine.name}: ${small} words over 64×64, ${large} over 512×512`);
    expect(Math.abs(large - small)).toBeLessThan(32);
  });

  test('a convolution of 512 to 512 channels over 512×512 runs with 128 KB of NRAM', async () => {
    expect(textbook.nram.bytes).toBe(128 * 1024);
    const { program } = await compileModel(convolution(512, 512), { machine: textbook, engine: await sharedEngine() });
    expect(hostNodes(program)).toEqual([]);
    // The order of its 2 million entries is that of smaller layers, which other tests run with data.
    const { result } = await executeProgram(program, { data: false, hazards: false });
    assertAbovePhysicalBound(program, result);
    // 512² pixels · 512² · 9 MACs at 256 a cycle.
    expect(result.cycles).toBeLessThan((1.1 * 512 ** 4 * 9) / 256);
  });
});
