/** Runs the random graph of a seed on a test machine or a random one, and on the host. */
import { SystoleError } from '#base';
import { type Model, printModel } from '#ir';
import type { Machine } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { MACHINES } from '../support/machines.ts';
import { ROUNDING, randomProcessorGraph } from '../support/processorGraphs.ts';

/**
 * Whether ONNX Runtime refuses the graph by its own inference of shapes, so that there is nothing to compare with: where windows of `ceil_mode`
 * begin behind the input, it infers a row more than its kernel makes and ONNX defines, and stumbles where another operand has the right number.
 */
const inferredOtherwise = (error: unknown, { graph }: Model): boolean =>
  error instanceof SystoleError &&
  error.code === 'SYS-ENG-003' &&
  error.text('en').includes('ShapeInferenceError') &&
  graph.nodes.some(({ op, attributes }) => op === 'MaxPool' && attributes.has('ceil_mode'));

/** What is wrong with the graph of a seed, with all that is needed to see it again; undefined if nothing is. */
export async function verdictOf(
  seed: number,
  scale = 1,
  machine: Machine = MACHINES[seed % MACHINES.length]!,
): Promise<string | undefined> {
  const { model, feeds } = randomProcessorGraph(seed, scale);
  let faults: readonly string[];
  try {
    ({ faults } = await runCompiled(model, machine, feeds, { rounding: ROUNDING }));
  } catch (error) {
    if (inferredOtherwise(error, model)) return undefined;
    faults = [error instanceof SystoleError ? `${error.code} ${error.text('en')}` : String(error)];
  }
  return faults.length === 0
    ? undefined
    : `seed ${seed}, scale ${scale}, on ${machine.name}: ${faults.join('; ')}\n${printModel(model)}`;
}
