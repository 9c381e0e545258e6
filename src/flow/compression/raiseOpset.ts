/** A model in a newer operator set, where a transformation needs one: every node in its meaning of the tensor API's opset (`#tensor`). */
import type { Model } from '#ir';
import { BUILD_OPSET, inferTypes, onnxOpset } from '#ops';
import { exportModel, fromModel, type InputSpec, shortName } from '#tensor';
import { inputType } from '../feeds.ts';

/** What a model is raised to. */
export const RAISED_OPSET = BUILD_OPSET;

/**
 * The model as it is where its opset is `least` or later; else written anew. Names of inputs, outputs and nodes stay.
 * @throws SYS-TEN-009 a node has no equal in the newer opset; SYS-FLOW-015 an input that is no tensor
 */
export async function raiseOpset(model: Model, least: number): Promise<Model> {
  if (onnxOpset(model) >= least) return model;
  const typed = inferTypes(model, { declared: 'fallback' });
  const inputs = typed.graph.inputs.map(({ name }): [string, InputSpec] => {
    const { dtype, shape = [] } = inputType(typed, name);
    return [name, { shape, dtype: shortName(dtype) }];
  });
  const outputs = typed.graph.outputs.map((v) => v.name);
  const raised = await exportModel(fromModel(typed).eval(), Object.fromEntries(inputs), {
    name: model.graph.name,
    outputs,
  });
  return { ...raised, metadata: model.metadata };
}
