/** The summary of a network as `systole summary` counts it, its batch bound to one sample. */
import type { Model } from '#ir';
import { pipeline, runPasses } from '#passes';
import { SUMMARY_PASSES, type Summary, summarize } from '#report';

export async function networkSummary(
  model: Model,
  dims: Readonly<Record<string, number>> = { N: 1 },
): Promise<Summary> {
  const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
  return summarize((await runPasses(model, { dims, steps })).model, model.graph.name);
}
