/** Types that only the host engine knows: outputs of operators without a rule here. */
import { diagnostic, type Language, SystoleError } from '#base';
import type { Engine, Session, SessionValue } from '#engine';
import { type GraphNode, type Model, staticShape, type Tensor, type TensorType, typeOf, type ValueType } from '#ir';
import { SLOT_BYTES, type SlotType } from '#isa';
import { inferTypes, operatorIn } from '#ops';
import { randomInput } from './inputs.ts';

type Both = Readonly<Record<Language, string>>;

const noShape = diagnostic<{ value: string; node: string; op: string; reason: Both }>('SYS-FLOW-017', 'unsupported', {
  en: (p) =>
    `the shape of '${p.value}', made by node '${p.node}' (${p.op}), is unknown: Systole has no shape rule for the operator, and ` +
    `ONNX Runtime cannot load the model to tell (${p.reason.en}). State the shape in the model (value_info), or put operators of standard ONNX in its place.`,
  zh: (p) =>
    `节点“${p.node}”（${p.op}）产生的“${p.value}”形状未知：Systole 没有该算子的形状规则，ONNX Runtime 也无法加载模型来推断（${p.reason.zh}）。` +
    '请在模型中声明该形状（value_info），或改用标准 ONNX 算子。',
});

/** @throws SYS-FLOW-017 where the engine does not know the operators either */
export async function learnTypes(model: Model, engine: Engine): Promise<Model> {
  const isOpen = (name: string): boolean => {
    const type = typeOf(model.graph, name);
    return type === undefined || (type.kind === 'tensor' && staticShape(type) === undefined);
  };
  const unknown = model.graph.nodes.flatMap((n: GraphNode) =>
    operatorIn(model, n) === undefined ? n.outputs.filter((o) => o !== '' && isOpen(o)) : [],
  );
  if (unknown.length === 0) return model;
  const session = await loadForTypes(model, unknown, engine);
  const types = new Map<string, ValueType>();
  for (const { name, dtype, shape } of session.outputs) {
    if (dtype !== undefined && shape !== undefined) types.set(name, { kind: 'tensor', dtype, shape });
  }
  const unranked = session.outputs.filter((v) => v.dtype !== undefined && v.shape === undefined);
  await session.release();
  for (const [name, type] of await observed(model, unranked, engine)) types.set(name, type);
  const outputs = model.graph.outputs.map((o) => ({ ...o, type: types.get(o.name) ?? o.type }));
  const graph = { ...model.graph, outputs, types: new Map([...model.graph.types, ...types]) };
  return inferTypes({ ...model, graph }, { declared: 'fallback' });
}

async function loadForTypes(model: Model, unknown: readonly string[], engine: Engine): Promise<Session> {
  try {
    return await engine.load(model, { outputs: unknown });
  } catch (error) {
    const reason = error instanceof SystoleError ? (error.params.reason as Both | undefined) : undefined;
    if (reason === undefined) throw error;
    const value = unknown[0]!;
    const node = model.graph.nodes.find((n) => n.outputs.includes(value))!;
    throw noShape({ value, node: node.name, op: node.op, reason }, { node: node.name });
  }
}

/**
 * A scalar and a value of unknown rank look the same in what the engine declares. Running it on two sets of random inputs
 * tells: shapes that are the same in both are taken. (Should a third differ, the run of the program says so.)
 */
async function observed(
  model: Model,
  values: readonly SessionValue[],
  engine: Engine,
): Promise<ReadonlyMap<string, TensorType>> {
  const types = new Map<string, TensorType>();
  const slots = model.graph.inputs.map(({ name, type }) => ({ name, type, dims: staticShape(type) }));
  if (values.length === 0) return types;
  const feeds = (seed: number): ReadonlyMap<string, Tensor> | undefined => {
    const fed = new Map<string, Tensor>();
    for (const [position, { name, type, dims }] of slots.entries()) {
      if (type?.kind !== 'tensor' || dims === undefined || !(type.dtype in SLOT_BYTES)) return undefined;
      fed.set(name, randomInput({ dtype: type.dtype as SlotType, dims }, seed, position));
    }
    return fed;
  };
  const [one, two] = [feeds(1), feeds(2)];
  if (one === undefined || two === undefined) return types;
  let session: Session | undefined;
  try {
    session = await engine.load(model, { outputs: values.map((v) => v.name), optimize: false });
    const [first, second] = [await session.run(one), await session.run(two)];
    for (const { name } of values) {
      const [a, b] = [first.get(name)!, second.get(name)!];
      if (a.dtype === b.dtype && a.dims.join() === b.dims.join())
        types.set(name, { kind: 'tensor', dtype: a.dtype, shape: a.dims });
    }
  } catch (error) {
    // Random numbers may be no valid input (an index out of range): then nothing is learnt, and lowering names the node.
    if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
  } finally {
    await session?.release();
  }
  return types;
}
