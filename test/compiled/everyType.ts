/**
 * Every network in every type on every kind of machine: what a run of one is made of. Networks of `models/` have drawn weights; published ones
 * their own, or drawn ones where those are all alike.
 */
import { sharedEngine } from '#engine';
import {
  bindSizes,
  compileModel,
  convertModel,
  quantiseModel,
  raiseOpset,
  randomInput,
  randomSamples,
  runAndCheck,
} from '#flow';
import { type Model, staticShape, type Tensor, typeOf } from '#ir';
import { type Machine, machineSchema, presets } from '#machine';
import { buildModel } from '#models';
import { Generator } from '#tensor';
import { inHalf } from '../support/halfGraphs.ts';
import { machineWith } from '../support/processor.ts';
import { HAS_VNNI } from '../support/randomQuantised.ts';
import { lightNetwork, network, withRandomWeights } from './networks.ts';

export const TYPES = ['f32', 'f16', 'bf16', 'i8', 'u8'] as const;
export type Type = (typeof TYPES)[number];

/** All types of one geometry, on the matrix unit and on the vector unit. */
function ofAllTypes(machine: Machine, geometry: object): Machine {
  const lanes = { lanes: machine.vector.lanes };
  const { energy: _, ...rest } = machine;
  return machineSchema.parse({
    ...rest,
    name: `${machine.name}, all types`,
    matrix: { ...machine.matrix, types: { f16: geometry, bf16: geometry, i8: geometry } },
    vector: { ...machine.vector, types: { f16: lanes, bf16: lanes, i8: lanes, u8: lanes, i16: lanes, i32: lanes } },
  });
}

/** The ideal machine, wider integers, several cores, each other kind of matrix unit, and little memory. */
export const EVERY_MACHINE: readonly Machine[] = [
  presets.get('textbook-single')!,
  presets.get('textbook-single-i8x4')!,
  presets.get('textbook-cluster')!,
  ofAllTypes(presets.get('systolic-16x16')!, { rows: 16, columns: 16 }),
  ofAllTypes(presets.get('shidiannao')!, { rows: 8, columns: 8 }),
  machineWith('textbook-single', { name: 'scratchpads of 16 KB', nram: { bytes: 16384 }, wram: { bytes: 16384 } }),
];

const PUBLISHED: Readonly<Record<string, () => Model>> = {
  'mnist-8': () => network('onnx-models/mnist-8.onnx'),
  ultraface: () => network('onnx-models/ultraface-rfb-320.onnx'),
  'light alexnet': () => withRandomWeights(lightNetwork('bvlc_alexnet'), 7),
  'light squeezenet': () => withRandomWeights(lightNetwork('squeezenet'), 7),
  'light resnet50': () => withRandomWeights(lightNetwork('resnet50'), 7),
  'light vgg19': () => withRandomWeights(lightNetwork('vgg19'), 7),
};

/** Those that lie beside the project. */
export const ofFiles: ReadonlySet<string> = new Set(Object.keys(PUBLISHED));

/** A network in float32 with its batch bound. */
export async function floatNetwork(name: string, batch: number): Promise<Model> {
  // The same weights whatever was made before.
  const made = PUBLISHED[name]?.() ?? (await buildModel(name, { generator: new Generator(7) }));
  return bindSizes(made, { batch }).model;
}

/** Random images; tokens of text where the network reads integers. */
function feedsOf({ graph }: Model): Map<string, Tensor> {
  return new Map(
    graph.inputs.map((input, i) => {
      const type = typeOf(graph, input.name)!;
      const dtype = type.kind === 'tensor' && type.dtype === 'int64' ? 'int64' : 'float32';
      return [input.name, randomInput({ dtype, dims: [...staticShape(type)!] }, 7, i)];
    }),
  );
}

export interface Typed {
  readonly model: Model;
  readonly feeds: ReadonlyMap<string, Tensor>;
}

/** The network in a type, and what it is fed. */
export async function inType(model: Model, type: Type): Promise<Typed> {
  const feeds = feedsOf(model);
  if (type === 'f32') return { model, feeds };
  if (type === 'f16' || type === 'bf16') {
    // Casts know bfloat16 since opset 13.
    const raised = await raiseOpset(model, 13);
    const half = type === 'f16' ? 'float16' : 'bfloat16';
    const made = inHalf({ model: raised, feeds }, half);
    if (made !== undefined) return made;
    // Some operator has no such type (LRN of bfloat16 before 20, …): it stays float32 between casts.
    const { model: converted, converted: nodes } = await convertModel(model, half);
    if (nodes === 0) throw new Error(`nothing of the network can be ${type}`);
    return { model: converted, feeds };
  }
  const options = { calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false } as const;
  const made = await quantiseModel(model, async (m) => randomSamples(m, { samples: 4, seed: 1 }), {
    ...options,
    ...{ reduceRange: !HAS_VNNI, activations: type, engine: await sharedEngine() },
  });
  return { model: made.model, feeds };
}

export interface Verdict {
  readonly ok: boolean;
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly tolerance: number;
  readonly cycles: number;
  /** Operators on the host with their reasons. */
  readonly host: readonly string[];
}

export async function runOn({ model, feeds }: Typed, machine: Machine): Promise<Verdict> {
  const engine = await sharedEngine();
  const compiled = await compileModel(model, { machine, engine });
  const { check, result } = await runAndCheck(compiled, { engine, feeds });
  const host = compiled.program.layers.flatMap((l) => (l.onHost ?? []).map((n) => `${n.op}: ${n.reason.en}`));
  const { ok, maxAbs, maxRel, tolerance } = check;
  return { ok, maxAbs, maxRel, tolerance, cycles: result.cycles, host: [...new Set(host)] };
}
