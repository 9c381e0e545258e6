/**
 * Post-training quantisation to 8 bits: passes, plan, calibration, QDQ graph, and what it costs in accuracy. The scheme is that of Jacob
 * et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (CVPR 2018), with weights by
 * filter (Krishnamoorthi, arXiv:1806.08342).
 */
import type { Engine } from '#engine';
import type { GraphNode, Model } from '#ir';
import { runPasses, type Step } from '#passes';
import { calibrate } from './calibrate.ts';
import { type Comparison, compareModels } from './compare.ts';
import { type LocalError, localErrors } from './localErrors.ts';
import type { Calibration } from './observer.ts';
import { checkNames, planQuantisation, type QuantisationPlan } from './plan.ts';
import { type CodeOptions, codesOf, quantiseGraph } from './quantiseGraph.ts';
import { raiseOpset } from './raiseOpset.ts';
import type { SampleSets } from './samples.ts';

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
  const { engine, exclude } = options;
  const { model: before, provenance } = await runPasses(await raiseOpset(model, LEAST_OPSET), {
    engine,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  });
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
  const quantised = quantiseGraph(before, plan, codes, options);
  const layers = await localErrors(before, plan, codes, options, sets.calibration, engine);
  const comparison = await compareModels(before, quantised, sets.check, engine, (done, total) =>
    options.onProgress?.('checking', done, total),
  );
  return { model: quantised, before, plan, comparison, layers, samples: sets };
}
