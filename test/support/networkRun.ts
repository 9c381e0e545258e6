/** A network with random weights: exported and run by the host engine, and run operation by operation. */
import { expect } from 'vitest';
import { Random } from '#base';
import { createEngine } from '#engine';
import { type Tensor as Data, type DataType, type Dim, elementCount, tensorNumbers, tensorOf } from '#ir';
import { writeModel } from '#onnx';
import { exportModel, fromData, type InputSpec, type nn, noGrad, type Tensor } from '#tensor';

/** Random data of an input, its open sizes given. */
function drawn(spec: InputSpec, batch: number, seed: number): Data {
  const random = new Random(seed);
  const shape = 'shape' in spec ? spec.shape : spec;
  const integer = 'shape' in spec && spec.dtype === 'i64';
  const dims = shape.map((d: Dim) => (typeof d === 'number' ? d : batch));
  const values = Float64Array.from({ length: elementCount(dims) }, () =>
    integer ? random.integer(0, 255) : random.normal(),
  );
  return tensorOf((integer ? 'int64' : 'float32') as DataType, dims, integer ? Array.from(values, BigInt) : values);
}

/** Statistics of normalisation as training would leave them, so that they count. */
function disturb(network: nn.Module): void {
  const random = new Random(17);
  for (const [name, v] of network.variables()) {
    const [low, high] = name.endsWith('running_var') ? [0.5, 1.5] : name.endsWith('running_mean') ? [-0.2, 0.2] : [];
    if (low === undefined) continue;
    v.set(
      tensorOf(
        'float32',
        v.shape,
        Array.from({ length: v.size }, () => low + (high! - low) * random.uniform()),
      ),
    );
  }
}

/**
 * Holds the exported model's output in ONNX Runtime against the eager one, for a batch.
 * @returns the largest difference, as a share of the largest value
 */
export async function runBothWays(
  network: nn.Module,
  inputs: Readonly<Record<string, InputSpec>>,
  batch: number,
): Promise<number> {
  disturb(network);
  const model = await exportModel(network, inputs, { outputs: ['y'] });
  const [name, spec] = Object.entries(inputs)[0]!;
  const x = drawn(spec, batch, 3);
  const session = await (await createEngine()).load(writeModel(model));
  const found = (await session.run(new Map([[name, x]]))).get('y') as Data;
  const forward = (network.eval() as nn.Module & { forward(x: Tensor): Tensor }).forward;
  const eager = await noGrad(() => forward.call(network, fromData(x))).value();
  expect(found.dims).toEqual(eager.dims);
  expect(found.dims[0]).toBe(batch);
  const [a, b] = [tensorNumbers(found), tensorNumbers(eager)];
  const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  expect(Number.isFinite(largest)).toBe(true);
  expect(largest).toBeGreaterThan(0);
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0) / largest;
}
