/**
 * Exercise 4.3: a matrix product on devices: the host's CPU, the processor of this project in its simulator, and a GPU where the host engine
 * reaches one. The product of
 * matrices is `matMul`; `mul` is element by element, 16 million products for 4000 × 4000 where the matrix product has 64 · 10⁹. Timed fairly:
 * the same matrices, a first run that is not counted, several that are, nothing but the product between the readings of the clock, and
 * the results compared. What cannot be run is said to be absent, never given a time.
 */

import type { Exercise } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, runAndCheck } from 'systole/flow';
import { tensorNumbers } from 'systole/ir';
import { resolveMachine } from 'systole/machine';
import { writeModel } from 'systole/onnx';
import { compile, matMul, mul, random, type Tensor, tensor } from 'systole/tensor';

export const macs = (rows: number, inner: number, columns: number): number => rows * inner * columns;

const product = compile((a: Tensor, b: Tensor) => matMul(a, b));

export interface Run {
  readonly device: string;
  readonly values: Float64Array;
  /** Milliseconds on the host; cycles of the processor otherwise. */
  readonly time: number;
  readonly unit: 'ms' | 'cycles';
}

/** On the CPU: the median of several runs after one that is not counted. */
export async function onCpu(a: Tensor, b: Tensor, runs = 5): Promise<Run> {
  let result = product(a, b);
  await result.data();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    result = product(a, b);
    await result.data();
    times.push(performance.now() - start);
  }
  const values = tensorNumbers(await result.value());
  return { device: 'cpu', values, time: times.sort((x, y) => x - y)[runs >> 1]!, unit: 'ms' };
}

/** On a processor: simulated with the numbers, its time in its own cycles. */
export async function onProcessor(a: Tensor, b: Tensor, name = 'systolic-16x16'): Promise<Run> {
  const engine = await sharedEngine();
  const model = await product.model(a, b);
  const compiled = await compileModel(model, { machine: resolveMachine(name), engine });
  const names = model.graph.inputs.map((v) => v.name) as [string, string];
  const feeds = new Map([
    [names[0], await a.value()],
    [names[1], await b.value()],
  ]);
  const { outputs, result } = await runAndCheck(compiled, { engine, feeds });
  const [values] = outputs.values();
  return { device: name, values: tensorNumbers(values!), time: result.cycles, unit: 'cycles' };
}

/**
 * On a GPU: by the first execution provider of the host engine that opens a session here; why none does otherwise. The build lists the
 * providers that it knows; whether a device and its libraries are there shows when one is opened.
 */
export async function onGpu(a: Tensor, b: Tensor, runs = 5): Promise<Run | { readonly absent: string }> {
  const { InferenceSession, listSupportedBackends, Tensor: Held } = await import('onnxruntime-node');
  const model = await product.model(a, b);
  const names = model.graph.inputs.map((v) => v.name) as [string, string];
  const reasons: string[] = [];
  for (const { name } of listSupportedBackends().filter((backend) => backend.name !== 'cpu')) {
    try {
      const session = await InferenceSession.create(writeModel(model), {
        executionProviders: [name],
        logSeverityLevel: 4,
      });
      const held = async (t: Tensor) => new Held('float32', (await t.data()) as Float32Array, t.shape);
      const feeds = { [names[0]]: await held(a), [names[1]]: await held(b) };
      const times: number[] = [];
      let values = new Float64Array();
      for (let i = 0; i <= runs; i++) {
        const start = performance.now();
        const [result] = Object.values(await session.run(feeds));
        values = Float64Array.from((await result!.getData()) as Float32Array);
        if (i > 0) times.push(performance.now() - start);
      }
      await session.release();
      return { device: `gpu (${name})`, values, time: times.sort((x, y) => x - y)[runs >> 1]!, unit: 'ms' };
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message.replace(/^\/.*?: | ?\n.*/gs, '').slice(0, 90)}`);
    }
  }
  return { absent: `no GPU execution provider opens (${reasons.join('; ') || 'the host engine lists none'})` };
}

/** max |x − y| ÷ max |y|. */
export function relativeError(x: Float64Array, y: Float64Array): number {
  const most = (values: Float64Array): number => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return most(x.map((v, i) => v - y[i]!)) / most(y);
}

function operands(size: number): readonly [Tensor, Tensor] {
  const generator = new random.Generator(1);
  return [random.normal([size, size], { generator }), random.normal([size, size], { generator })];
}

async function both(size: number): Promise<readonly [Run, Run]> {
  const given = operands(size);
  return [await onCpu(...given), await onProcessor(...given)];
}

const A = [
  [1, 2],
  [3, 4],
];
const B = [
  [5, 6],
  [7, 8],
];

export const exercise: Exercise = {
  id: '4.3',
  title: { en: 'A matrix product on several devices', zh: '实现一个矩阵乘法，分别用 CPU 和 GPU 执行' },
  rows: 5,
  async show({ print }) {
    for (const { device, time, unit } of await both(64)) print(`64 × 64 × 64 on ${device}: ${time.toFixed(3)} ${unit}`);
    const run = await onGpu(...operands(64));
    print('absent' in run ? `not run here: ${run.absent}` : `64 × 64 × 64 on ${run.device}: ${run.time.toFixed(3)} ms`);
  },
  async check({ equal, atMost }) {
    equal('the matrix product', await matMul(tensor(A), tensor(B)).toArray(), [
      [19, 22],
      [43, 50],
    ]);
    equal('element by element', await mul(tensor(A), tensor(B)).toArray(), [
      [5, 12],
      [21, 32],
    ]);
    equal('MACs of 4000³', macs(4000, 4000, 4000), 64000000000);
    const [cpu, processor] = await both(256);
    atMost(
      '256 × 256: difference of the devices, relative to the largest',
      relativeError(processor.values, cpu.values),
      1e-5,
    );
    // A row only where a GPU computes.
    const gpu = await onGpu(...operands(256));
    if (!('absent' in gpu)) atMost(`256 × 256 on ${gpu.device}`, relativeError(gpu.values, cpu.values), 1e-3);
  },
};
