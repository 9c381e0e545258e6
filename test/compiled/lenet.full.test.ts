/**
 * LeNet-5 as it was trained here, in 8 bits, on the simulated processor: calibrated on training digits of MNIST, it reads the 10,000 that
 * training did not see. What it says is bit for bit what ONNX Runtime computes of the same integers, and at most 0.2 points less often
 * right than the network in floats.
 */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openFolder } from '#data';
import { createEngine } from '#engine';
import { compileModel, executeProgram, folderSamples, lenet5Model, quantiseModel, runOnHost } from '#flow';
import { byteLength, elementCount, type Tensor, tensorNumbers } from '#ir';
import { presets } from '#machine';
import { HAS_VNNI } from '../support/randomQuantised.ts';

const MNIST = '../shared/data/mnist';
const HELD_OUT = 10_000;
const BATCH = 500;
const [INPUT, OUTPUT] = ['input', 'output'];

const bytesOf = (t: Tensor): Uint8Array => (t as { readonly bytes: Uint8Array }).bytes;

/** Samples one behind the other. */
function joined(tensors: readonly Tensor[]): Tensor {
  const [{ dtype, dims }] = tensors as readonly [Tensor & { readonly dtype: 'float32' }];
  const bytes = new Uint8Array(tensors.length * byteLength(dtype, elementCount(dims)));
  for (const [i, t] of tensors.entries()) bytes.set(bytesOf(t), (i * bytes.length) / tensors.length);
  return { dtype, dims: [tensors.length * dims[0]!, ...dims.slice(1)], bytes };
}

/** How many rows have their largest element where the label says. */
function rightOnes(logits: Tensor, labels: ArrayLike<number>, from: number): number {
  const [rows, classes] = logits.dims as [number, number];
  const values = tensorNumbers(logits);
  let right = 0;
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === labels[from + i]) right++;
  }
  return right;
}

test.skipIf(!existsSync(MNIST))(
  'LeNet-5 in 8 bits reads 10,000 held-out digits as ONNX Runtime does, and as well as in floats (skipped where ../shared/data/mnist is absent)',
  async () => {
    const engine = await createEngine();
    const floats = lenet5Model();
    const sets = { samples: 512, limit: HELD_OUT, seed: 0, normalisation: {} };
    const { model, samples } = await quantiseModel(floats, (m) => folderSamples(m, openFolder(MNIST), sets), {
      ...{ engine, calibration: 'minmax', percentile: 99.99, activations: 'u8', perTensor: false, exclude: [] },
      // Without VNNI ONNX Runtime saturates sums of two products of bytes.
      reduceRange: !HAS_VNNI,
    });
    const { check } = samples;
    expect(check.count).toBe(HELD_OUT);
    const machine = presets.get('textbook-single-i8x4')!;
    const compiled = await compileModel(model, { machine, engine, batch: BATCH });
    expect(compiled.program.host).toEqual([]);

    const right = { floats: 0, integers: 0 };
    let cycles = 0;
    for (let from = 0; from < HELD_OUT; from += BATCH) {
      const read = Array.from({ length: BATCH }, async (_, i) => (await check.read(from + i)).get(INPUT)!);
      const feeds = new Map([[INPUT, joined(await Promise.all(read))]]);
      const { outputs, result } = await executeProgram(compiled.program, { data: true, feeds });
      const integers = outputs.get(OUTPUT)!;
      const host = await runOnHost(compiled.reference, feeds, engine);
      expect(Buffer.compare(bytesOf(integers), bytesOf(host.get(OUTPUT)!))).toBe(0);
      cycles += result.cycles;
      right.integers += rightOnes(integers, check.labels!, from);
      right.floats += rightOnes((await runOnHost(floats, feeds, engine)).get(OUTPUT)!, check.labels!, from);
    }
    const [before, after] = [right.floats / HELD_OUT, right.integers / HELD_OUT];
    console.log(`floats ${before}, 8 bits on ${machine.name} ${after}, ${cycles / HELD_OUT} cycles a digit`);
    expect(before).toBeGreaterThanOrEqual(0.99);
    expect(after).toBeGreaterThanOrEqual(before - 0.002);
  },
);
