/**
 * Eager mode: wall time of one operation in a chain, each working on the last one's result: 20,000 launched and the last awaited, and
 * each awaited by itself; beside it ONNX Runtime's own session of that one operator, each call awaited. The bar is on small operands,
 * where dispatch is all there is.
 */
import * as ort from 'onnxruntime-node';
import { createEngine } from '#engine';
import { tensorType } from '#ir';
import { modelOf, writeModel } from '#onnx';
import { add, matMul, type Tensor, tensor, useEngine } from '#tensor';
import { type Contender, compare, judge } from './measure.ts';

const OPERATIONS = 20_000;
const ROUNDS = 9;
const BAR = 15;
const SIZES = [8, 128] as const;

const OPERATORS = [
  { name: 'add', op: 'Add', apply: add },
  { name: 'matMul', op: 'MatMul', apply: matMul },
] as const;

export default async function eager(): Promise<void> {
  const engine = await createEngine();
  if (engine.kind !== 'native') {
    console.log('skipped: onnxruntime-node did not load here, and it is the peer.');
    return;
  }
  useEngine(engine);
  for (const size of SIZES) {
    // Large operands are not held to the bar: their time is the kernel's.
    const steps = size === 8 ? OPERATIONS : OPERATIONS / 10;
    for (const { name, op, apply } of OPERATORS) {
      const identity = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
      const [x, y] = [tensor(identity, { shape: [size, size] }), tensor(identity, { shape: [size, size] })];
      const bare = await bareOperator(op, identity, size, steps);
      for (const each of [false, true]) {
        const ours: Contender = { steps, run: (count) => chain(apply, x, y, count, each) };
        const { ours: mine, theirs, speedup } = await compare(ours, bare, ROUNDS);
        const what = `${name} ${size}×${size}, ${each ? 'each awaited' : 'the last awaited'}`;
        console.log(
          `       ${what}: bare session ${(1e3 * theirs.wall).toFixed(2)} µs; ours ÷ bare ${(1 / speedup.wall).toFixed(2)}; ` +
            `processor time ${(1e3 * mine.cpu).toFixed(2)} µs`,
        );
        judge(what, 1e3 * mine.wall, size === 8 ? { most: BAR, unit: 'µs' } : { unit: 'µs' });
      }
    }
  }
}

async function chain(
  apply: (a: Tensor, b: Tensor) => Tensor,
  start: Tensor,
  y: Tensor,
  count: number,
  each: boolean,
): Promise<void> {
  let x = start;
  for (let i = 0; i < count; i++) {
    x = apply(x, y);
    if (each) await x.value();
  }
  await x.value();
}

async function bareOperator(op: string, values: Float32Array, size: number, steps: number): Promise<Contender> {
  const type = tensorType('float32', [size, size]);
  const model = modelOf({
    name: op,
    inputs: ['x', 'y'].map((name) => ({ name, type })),
    outputs: [{ name: 'z', type }],
    nodes: [{ name: op, op, domain: '', inputs: ['x', 'y'], outputs: ['z'], attributes: new Map() }],
    constants: new Map(),
    types: new Map(),
  });
  const session = await ort.InferenceSession.create(writeModel(model), {
    logSeverityLevel: 4,
    ...(op === 'Add' ? { intraOpNumThreads: 1 } : {}),
    extra: { 'session.intra_op.allow_spinning': '0' },
  });
  const y = new ort.Tensor('float32', values, [size, size]);
  return {
    steps,
    async run(count) {
      let x: ort.Tensor = y;
      for (let i = 0; i < count; i++) x = (await session.run({ x, y })).z as ort.Tensor;
    },
  };
}
