/**
 * f16 and bf16 on a host that has hardly any kernels for them: each node computes in f32 and its results are rounded to their type, as
 * a processor with f32 accumulators does. ONNX Runtime left to itself refuses bf16 and widens f16, but then lets consecutive nodes pass
 * on what was never rounded, so that 1 + 2⁻¹² survives a product in f16.
 * Every such value `v` is kept under its name in its own type, and beside it as its exact f32 image, which is what nodes read.
 */
import { DATA_TYPES, type DataType, type GraphNode, int, type Model, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { inferTypes } from '#ops';

const isHalf = (dtype: DataType | undefined): boolean => dtype === 'float16' || dtype === 'bfloat16';

/** Operators whose results are among their operands, up to the sign: nothing is to be rounded. */
const EXACT: ReadonlySet<string> = new Set(
  (
    'Identity Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Slice Split Concat Gather GatherElements GatherND ' +
    'DepthToSpace SpaceToDepth Where MaxPool GlobalMaxPool Relu Neg Abs Sign Max Min ReduceMax ReduceMin TopK Trilu'
  ).split(' '),
);

/** Whether any value of the model may be of such a type; cheap, since it is asked of every kernel. */
function holdsHalves({ graph }: Model): boolean {
  if ([...graph.inputs, ...graph.outputs].some((v) => v.type?.kind === 'tensor' && isHalf(v.type.dtype))) return true;
  for (const value of graph.constants.values()) if (isHalf(value.dtype)) return true;
  return graph.nodes.some((node) =>
    [...node.attributes].some(([name, a]) =>
      a.kind === 'int'
        ? (name === 'to' || name.endsWith('dtype')) && isHalf(DATA_TYPES[Number(a.value) - 1])
        : a.kind === 'tensor' && isHalf(a.value.dtype),
    ),
  );
}

/** The model with its f16 and bf16 nodes computed in f32 and rounded; one without such values as it is. Outputs get their types. */
export function roundHalves(model: Model): Model {
  if (!holdsHalves(model)) return model;
  const { graph } = inferTypes(model, { declared: 'fallback' });
  const dtypes = new Map<string, DataType>();
  for (const [name, type] of graph.types) if (type.kind === 'tensor') dtypes.set(name, type.dtype);
  for (const { name, type } of [...graph.inputs, ...graph.outputs]) {
    if (type?.kind === 'tensor') dtypes.set(name, type.dtype);
  }
  const taken = new Set([...dtypes.keys(), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)]);
  const fresh = (wish: string): string => {
    let name = wish;
    while (taken.has(name)) name += '_';
    taken.add(name);
    return name;
  };
  const images = new Map<string, string>();
  const imageOf = (name: string): string => images.get(name) ?? name;
  const nodes: GraphNode[] = [];
  const widen = (name: string): void => {
    const image = fresh(`${name}.f32`);
    images.set(name, image);
    nodes.push(castNode(name, image, 'float32'));
  };
  const constants = new Map(graph.constants);
  for (const [name, value] of graph.constants) {
    if (!isHalf(value.dtype)) continue;
    const image = fresh(`${name}.f32`);
    images.set(name, image);
    constants.set(image, widened(value));
  }
  for (const { name } of graph.inputs) if (isHalf(dtypes.get(name))) widen(name);

  for (const node of graph.nodes) {
    const half = node.outputs.map((name) => isHalf(dtypes.get(name)));
    const opaque =
      node.domain !== '' ||
      !node.inputs.some((name) => images.has(name)) ||
      [...node.attributes.values()].some((a) => a.kind === 'graph' || a.kind === 'graphs');
    if (opaque || node.op === 'Cast') {
      // What makes such a value out of others gives it in its own type.
      nodes.push(opaque ? node : { ...node, inputs: node.inputs.map(imageOf) });
      node.outputs.forEach((name, i) => {
        if (half[i]) widen(name);
      });
      continue;
    }
    const exact = EXACT.has(node.op);
    const outputs = node.outputs.map((name, i) => (half[i] ? fresh(`${name}.${exact ? 'f32' : 'sum'}`) : name));
    nodes.push({ ...node, inputs: node.inputs.map(imageOf), outputs });
    node.outputs.forEach((name, i) => {
      if (!half[i]) return;
      nodes.push(castNode(outputs[i]!, name, dtypes.get(name)!));
      if (exact) images.set(name, outputs[i]!);
      else widen(name);
    });
  }
  return { ...model, graph: { ...model.graph, outputs: graph.outputs, nodes, constants } };
}

const widened = (value: Tensor): Tensor => tensorOf('float32', value.dims, tensorNumbers(value));

const castNode = (from: string, to: string, dtype: DataType): GraphNode => ({
  name: `round ${to}`,
  op: 'Cast',
  domain: '',
  inputs: [from],
  outputs: [to],
  attributes: new Map([['to', int(DATA_TYPES.indexOf(dtype) + 1)]]),
});
