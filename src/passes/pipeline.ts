/**
 * The passes in order, each with the reason why it stands there, and the loop that runs them: after every pass that
 * changed something the types are inferred anew and the verifier runs.
 */
import type { Engine } from '#engine';
import { type Model, verifyModel } from '#ir';
import { inferTypes, onnxOpset } from '#ops';
import { bindDims } from './bindDims.ts';
import { expandFunctions } from './expandFunctions.ts';
import { foldBatchNorm } from './foldBatchNorm.ts';
import { foldBias } from './foldBias.ts';
import { dequantiseConstants, foldConstants } from './foldConstants.ts';
import { foldPads } from './foldPads.ts';
import { fuseGemm } from './fuseGemm.ts';
import { mergeEqualNodes } from './mergeEqualNodes.ts';
import { moveTransposes } from './moveTransposes.ts';
import type { Pass, PassContext } from './pass.ts';
import { qdqToFloats } from './qdqToFloats.ts';
import { qdqToQLinear } from './qdqToQLinear.ts';
import type { Recogniser } from './recognise.ts';
import { recogniseAttention } from './recogniseAttention.ts';
import { recogniseGelu } from './recogniseGelu.ts';
import { recogniseLayerNorm } from './recogniseLayerNorm.ts';
import { removeDeadNodes } from './removeDeadNodes.ts';
import { removeIdentities } from './removeIdentities.ts';
import { simplifyShapes } from './simplifyShapes.ts';

export interface Step {
  readonly pass: Pass;
  /** Why it stands at this place. */
  readonly why: string;
}

export const pipeline: readonly Step[] = [
  { pass: bindDims, why: 'first, since every later pass can do more where sizes are numbers' },
  { pass: removeDeadNodes, why: 'before anything is evaluated that nobody reads' },
  { pass: expandFunctions, why: 'before constants are folded, since what it writes may be constant' },
  { pass: foldConstants, why: 'makes weights, biases and shapes that are computed visible to the passes below' },
  {
    pass: expandFunctions,
    why: 'again, for what needs constants to be written out',
  },
  { pass: simplifyShapes, why: 'when shapes that are known have become constants' },
  { pass: moveTransposes, why: 'so that those that meet are joined by the next pass' },
  { pass: removeIdentities, why: 'brings a Conv and what follows it next to each other' },
  { pass: foldPads, why: 'when nothing stands between a Pad and its reader any more' },
  { pass: fuseGemm, why: 'before foldBatchNorm and foldBias, which know Gemm and not MatMul' },
  { pass: foldBias, why: 'a bias that is added between Conv and BatchNormalization would keep them apart' },
  { pass: foldBatchNorm, why: 'when bias nodes no longer stand between' },
  { pass: foldBias, why: 'again, for scales and biases behind a BatchNormalization that has just gone' },
  { pass: mergeEqualNodes, why: 'late, when equal nodes have been brought to equal form' },
  { pass: removeDeadNodes, why: 'last, for the constants and nodes that the passes above no longer read' },
];

const recognisers: readonly Recogniser[] = [recogniseLayerNorm, recogniseGelu, recogniseAttention];

/** What recognises operators in the nodes that compute them, behind `pipeline`, for a file that a runtime with such operators will run. */
export const recognitionSteps: readonly Step[] = [
  ...recognisers.map(({ pass }) => ({
    pass,
    why: 'when equal nodes are one, and constants stand where they are read',
  })),
  { pass: removeDeadNodes, why: 'last, for constants that nobody reads any more' },
];

/**
 * Those of them that the processor does in fewer passes over the data than their nodes: one kernel has a row loaded once. What computes in half
 * precision keeps its nodes, each of which rounds. Attention it does as its nodes.
 */
export const kernelSteps: readonly Step[] = [
  ...[recogniseLayerNorm, recogniseGelu].map(({ pass }) => ({
    pass,
    why: 'when equal nodes are one, and constants stand where they are read',
  })),
  { pass: removeDeadNodes, why: 'for constants that nobody reads any more' },
];

/** The least opset with all operators that would be recognised in a model, if that is not later than `most`; else that of the model. */
export function opsetForRecognition(model: Model, most: number): number {
  const wanted = recognisers.filter(({ since, occursIn }) => since <= most && occursIn(model));
  return Math.max(onnxOpset(model), ...wanted.map(({ since }) => since));
}

/** What makes integers of quantised graphs, behind `pipeline`, for machines that multiply integers. */
export const integerSteps: readonly Step[] = [
  {
    pass: qdqToQLinear,
    why: 'when BatchNormalization and biases no longer stand between an operator and its quantiser',
  },
  {
    pass: dequantiseConstants,
    why: 'what no operator on integers has taken is floats to the processor: weights of a Conv must be known to be packed',
  },
  { pass: removeDeadNodes, why: 'last, for quantisers and dequantisers that nobody reads any more' },
];

/** What makes floats of quantised graphs, behind `pipeline`, for machines that do not multiply integers of 8 bits. */
export const floatSteps: readonly Step[] = [
  { pass: dequantiseConstants, why: 'so that weights are not dequantised in every run' },
  { pass: qdqToFloats, why: 'so that what quantises activations can be done behind the operator that makes them' },
  { pass: removeDeadNodes, why: 'last, for quantisers that nobody reads any more' },
];

/** Bytes of the largest constant that folding creates where it was not dense before: 16 MiB. */
const FOLD_LIMIT = 16 * 2 ** 20;

export interface PassOptions {
  /** Sizes for symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Declared types of inner values: checked (default), or a fallback, for models whose input shapes were changed. */
  readonly declared?: 'check' | 'fallback';
  /** The host engine, for constants that only it can evaluate. */
  readonly engine?: Engine;
  readonly foldLimit?: number;
  /** By default `pipeline`. */
  readonly steps?: readonly Step[];
  /** Told after each step what it left and whether that is anything new. */
  readonly onStep?: (step: Step, model: Model, changed: boolean) => void;
}

export interface Optimized {
  readonly model: Model;
  /** For each node that stands for several: the names of the nodes it was made of, itself first. */
  readonly provenance: ReadonlyMap<string, readonly string[]>;
}

/**
 * Runs the passes over a model. Outputs keep their names, types and, within rounding, values.
 * @throws what `inferTypes` throws where the model itself is wrong
 */
export async function runPasses(model: Model, options: PassOptions = {}): Promise<Optimized> {
  const context: PassContext = {
    dims: options.dims ?? {},
    declared: options.declared ?? 'check',
    engine: options.engine,
    foldLimit: options.foldLimit ?? FOLD_LIMIT,
    provenance: new Map(),
  };
  verifyModel(model);
  let current = inferTypes(model, { declared: context.declared });
  for (const step of options.steps ?? pipeline) {
    const next = await step.pass.run(current, context);
    const changed = next !== current;
    if (changed) {
      verifyModel(next);
      current = inferTypes(next, { declared: context.declared });
    }
    options.onStep?.(step, current, changed);
  }
  return { model: current, provenance: context.provenance };
}
