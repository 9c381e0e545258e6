/**
 * Operators whose kernels in ONNX Runtime leave ONNX's definition, written out by it, so that what they say can be a reference.
 *
 * MeanVarianceNormalization is (x − mean) ÷ (deviation + 1e-9); the kernel leaves the constant out, so that a row of equal elements is NaN, or ±1
 * where its mean was rounded. In float64 the mean of what came of float32 is near enough for 0.
 */
import { DATA_TYPES, type DataType, type GraphNode, int, ints, intsAttribute, type Model, tensorOf, typeOf } from '#ir';
import { inferTypes, isOnnxDomain, onnxOpset } from '#ops';

const OP = 'MeanVarianceNormalization';

/** ReduceMean takes its axes as an input since then. */
const AXES_AS_INPUT = 18;

/** The model with such nodes of its main graph written out; one without them as it is. */
export function byDefinition(model: Model): Model {
  if (!model.graph.nodes.some(isLeft)) return model;
  const { graph } = inferTypes(model, { declared: 'fallback' });
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.flatMap((node) => {
    if (!isLeft(node)) return [node];
    const type = typeOf(graph, node.inputs[0]!);
    return writtenOut(node, type?.kind === 'tensor' ? type.dtype : 'float32', onnxOpset(model), constants);
  });
  return { ...model, graph: { ...model.graph, nodes, constants } };
}

const isLeft = (node: GraphNode): boolean => node.op === OP && isOnnxDomain(node.domain);

function writtenOut(
  node: GraphNode,
  dtype: DataType,
  opset: number,
  constants: Map<string, ReturnType<typeof tensorOf>>,
): readonly GraphNode[] {
  const axes = intsAttribute(node, 'axes') ?? [0, 2, 3];
  const output = node.outputs[0]!;
  const nodes: GraphNode[] = [];
  const step = (op: string, inputs: readonly string[], attributes = {}, name = `${output}/${nodes.length}`): string => {
    nodes.push({
      ...{ name: `${node.name}/${nodes.length}`, op, domain: '', inputs, outputs: [name] },
      attributes: new Map(Object.entries(attributes)),
    });
    return name;
  };
  const constant = (wish: string, value: ReturnType<typeof tensorOf>): string => {
    constants.set(`${output}/${wish}`, value);
    return `${output}/${wish}`;
  };
  const cast = (x: string, to: DataType, name?: string): string =>
    step('Cast', [x], { to: int(DATA_TYPES.indexOf(to) + 1) }, name);
  const mean = (x: string): string =>
    opset < AXES_AS_INPUT
      ? step('ReduceMean', [x], { axes: ints(axes) })
      : step('ReduceMean', [x, constant('axes', tensorOf('int64', [axes.length], axes.map(BigInt)))]);
  const x = cast(node.inputs[0]!, 'float64');
  const centred = step('Sub', [x, mean(x)]);
  const deviation = step('Sqrt', [mean(step('Mul', [centred, centred]))]);
  const divisor = step('Add', [deviation, constant('smallest', tensorOf('float64', [], [1e-9]))]);
  cast(step('Div', [centred, divisor]), dtype, output);
  return nodes;
}
