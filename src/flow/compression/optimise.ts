/**
 * A model optimised for a runtime, not for the processor: the passes of every compilation, and operators recognised in the nodes that
 * compute them (Gelu, LayerNormalization, Attention), in a newer operator set where that brings them and every node has its equal there.
 */
import { SystoleError } from '#base';
import type { Engine } from '#engine';
import type { Model } from '#ir';
import { onnxOpset } from '#ops';
import { opsetForRecognition, type PassOptions, pipeline, recognitionSteps, runPasses, type Step } from '#passes';
import { RAISED_OPSET, raiseOpset } from './raiseOpset.ts';

export interface OptimiseOptions extends Pick<PassOptions, 'declared'> {
  readonly engine: Engine;
  readonly onStep?: (step: Step, model: Model, changed: boolean) => void;
}

export interface Optimised {
  readonly model: Model;
  /** Why a newer opset, which an operator would have needed, was not taken. */
  readonly notRaised?: SystoleError;
}

export async function optimiseModel(model: Model, options: OptimiseOptions): Promise<Optimised> {
  const { model: lean } = await runPasses(model, options);
  const wanted = opsetForRecognition(lean, RAISED_OPSET);
  const steps = [...pipeline, ...recognitionSteps];
  const again = { ...options, declared: 'fallback' } as const;
  if (wanted === onnxOpset(lean))
    return { model: (await runPasses(lean, { ...again, steps: recognitionSteps })).model };
  try {
    return { model: (await runPasses(await raiseOpset(lean, wanted), { ...again, steps })).model };
  } catch (error) {
    // A node without an equal in the newer opset, or an input that is no tensor: the older one serves.
    if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
    return { model: (await runPasses(lean, { ...again, steps: recognitionSteps })).model, notRaised: error };
  }
}
