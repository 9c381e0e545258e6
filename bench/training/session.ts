/**
 * Our compiled step against ONNX Runtime's own session on the same graph, called in a tight loop: what recording, variables and
 * tensors cost on top of it.
 */
import * as ort from 'onnxruntime-node';
import { createEngine } from '#engine';
import type { Model } from '#ir';
import { writeModel } from '#onnx';
import { useEngine } from '#tensor';
import { compare, judge } from './measure.ts';
import { ourTraining, RATE, SUBJECTS } from './subjects.ts';

const ROUNDS = 41;
const STEPS = 30;
const FIRST = 20;

export default async function session(): Promise<void> {
  const engine = await createEngine();
  if (engine.kind !== 'native') {
    console.log('skipped: onnxruntime-node did not load here, and it is the peer.');
    return;
  }
  useEngine(engine);
  for (const subject of SUBJECTS) {
    const ours = await ourTraining(subject);
    const model = await ours.step.model(ours.x, ours.y);
    const bare = await bareSession(
      model,
      ours.start.inputs,
      ours.y.shape,
      (await ours.y.data()) as BigInt64Array,
      ours.start.weights,
    );
    await ours.run(FIRST);
    await bare.run(FIRST);
    const [loss, other] = [ours.loss(), bare.loss()];
    const {
      ours: mine,
      theirs,
      speedup,
      range,
    } = await compare({ steps: STEPS, run: ours.run }, { steps: STEPS, run: bare.run }, ROUNDS);
    console.log(
      `       ${subject.name}: loss after ${FIRST} steps ${loss.toFixed(5)}, bare ${other.toFixed(5)}` +
        `${Math.abs(loss - other) < 1e-5 ? '' : ': DIFFERENT, so the ratio below means nothing'}`,
    );
    console.log(
      `       ${subject.name}: ours ${mine.wall.toFixed(3)} ms a step, bare ${theirs.wall.toFixed(3)}; rounds ` +
        `${(1 / range[1]).toFixed(2)} … ${(1 / range[0]).toFixed(2)}; processor time ÷ bare's ${(1 / speedup.cpu).toFixed(3)}`,
    );
    judge(`${subject.name}: our step ÷ the bare session's`, 1 / speedup.wall, { most: 1.15, unit: '×' });
  }
}

/** The graph as ONNX Runtime's users run it: new parameters are fed back as they came out. */
async function bareSession(
  model: Model,
  inputs: { readonly values: Float32Array; readonly dims: readonly number[] },
  labelDims: readonly number[],
  labels: BigInt64Array,
  weights: readonly { readonly values: Float32Array; readonly dims: readonly number[] }[],
): Promise<{ run(steps: number): Promise<void>; loss(): number }> {
  const { graph } = model;
  // As src/engine opens its sessions.
  const opened = await ort.InferenceSession.create(writeModel(model), {
    logSeverityLevel: 4,
    graphOptimizationLevel: 'all',
    extra: { 'session.intra_op.allow_spinning': '0' },
  });
  const feeds: Record<string, ort.Tensor> = {};
  const [x, y, rate] = graph.inputs.map((v) => v.name) as [string, string, string];
  feeds[x] = new ort.Tensor('float32', inputs.values, inputs.dims);
  feeds[y] = new ort.Tensor('int64', labels, labelDims);
  feeds[rate] = new ort.Tensor('float32', Float32Array.of(RATE), []);
  const names = graph.inputs.slice(3).map((v) => v.name);
  const [loss, ...updated] = graph.outputs.map((v) => v.name) as [string, ...string[]];
  // w − rate·g is computed from the parameter that it replaces.
  const made = new Map(graph.nodes.map((n) => [n.outputs[0]!, n]));
  const pairs = updated.map(
    (output) => [output, made.get(output)!.inputs.find((name) => names.includes(name))!] as const,
  );
  pairs.forEach(([, name], i) => {
    const { values, dims } = weights[i]!;
    feeds[name] = new ort.Tensor('float32', values, dims);
  });
  let last = Number.NaN;
  return {
    async run(steps) {
      let found: ort.InferenceSession.ReturnType | undefined;
      for (let i = 0; i < steps; i++) {
        found = await opened.run(feeds);
        for (const [output, name] of pairs) feeds[name] = found[output] as ort.Tensor;
      }
      last = Number((found![loss] as ort.Tensor).data[0]);
    },
    loss: () => last,
  };
}
