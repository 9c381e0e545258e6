/**
 * Post-training quantisation to 8 bits: passes, plan, calibration, QDQ graph, and what it costs in accuracy. The scheme is that of Jacob
 * et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (CVPR 2018), with weights by
 * filter (Krishnamoorthi, arXiv:1806.08342).
 */
import type { Engine } from '#engine';
import type { GraphNode, Model } from '#ir';
import { explicitEnds, explicitPads } from '#ops';
import { runPasses, type Step } from '#passes';
import { calibrate } from './calibrate.ts';
import { type Comparison, compareModels } from './compare.ts';
import { type LocalError, localErrors } from './localErrors.ts';
import type { Calibration } from './observer.ts';
import { checkNames, planQuantisation, type QuantisationPlan } from './plan.ts';
import { type CodeOptions, codesOf, quantiseGraph } from './quantiseGraph.ts';
import { raiseOpset } from './raiseOpset.ts';
import { randomSamples, type SampleSets } from './samples.ts';

/** DequantizeLinear by axis came with it. */
const LEAST_OPSET = 13;

export interface QuantiseOptions extends CodeOptions {
  readonly calibration: Calibration;
  /** In percent, of `percentile`. */
  readonly percentile: number;
  /** Names of nodes that stay in floats. */
  readonly exclude: readonly string[];
  readonly engine: Engine;
  readonly onStep?: (step: Step, model: Model, changed: boolean) => void;
  readonly onProgress?: (what: 'calibrating' | 'checking', done: number, total: number) => void;
}

export interface Quantisation {
  readonly model: Model;
  /** In floats, as it was quantised: after the passes. */
  readonly before: Model;
  readonly plan: QuantisationPlan;
  readonly comparison: Comparison;
  /** The weighted layers, the worst first. */
  readonly layers: readonly LocalError[];
}

/** What a network in 8 bits is made with. */
interface Made extends Pick<Quantisation, 'model' | 'before' | 'plan'> {
  readonly samples: SampleSets;
  readonly codes: ReturnType<typeof codesOf>;
}

/** Passes, plan, calibration, and the graph that they make. @throws SYS-FLOW-130 to 136 */
async function quantised(
  model: Model,
  samples: (model: Model) => Promise<SampleSets>,
  options: QuantiseOptions,
): Promise<Made> {
  const { engine, exclude } = options;
  const { model: passed, provenance } = await runPasses(explicitPads(await raiseOpset(model, LEAST_OPSET)), {
    engine,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  });
  const before = explicitEnds(passed);
  checkNames(exclude, before, provenance);
  const isExcluded = (node: GraphNode): boolean =>
    (provenance.get(node.name) ?? [node.name]).some((name) => exclude.includes(name));
  const plan = planQuantisation(before, isExcluded);
  const sets = await samples(before);
  const ranges = await calibrate(before, plan.values.keys(), sets.calibration, engine, {
    ...options,
    onProgress: (done, total) => options.onProgress?.('calibrating', done, total),
  });
  const codes = codesOf(plan, ranges, options.activations);
  return { model: quantiseGraph(before, plan, codes, options), before, plan, codes, samples: sets };
}

/** The network alone, by the defaults of `systole quantize`, calibrated on random samples: enough to count its time. */
export async function quantisedForTime(model: Model, samples: number, engine: Engine): Promise<Model> {
  const made = await quantised(model, async (m) => randomSamples(m, { samples, seed: 0 }), {
    ...{ engine, calibration: 'minmax', percentile: 100, activations: 'u8', exclude: [] },
    ...{ perTensor: false, reduceRange: false },
  });
  return made.model;
}

/**
 * @param model sizes of all dimensions but the first known
 * @param samples made for a model, once its inputs are known
 * @throws SYS-FLOW-130 to 136
 */
export async function quantiseModel(
  model: Model,
  samples: (model: Model) => Promise<SampleSets>,
  options: QuantiseOptions,
): Promise<Quantisation & { readonly samples: SampleSets }> {
  const { engine } = options;
  const { codes, ...made } = await quantised(model, samples, options);
  const { before, plan, samples: sets } = made;
  const layers = await localErrors(before, plan, codes, options, sets.calibration, engine);
  const comparison = await compareModels(before, made.model, sets.check, engine, (done, total) =>
    options.onProgress?.('checking', done, total),
  );
  return { ...made, comparison, layers };
}
