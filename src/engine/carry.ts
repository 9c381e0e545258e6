/**
 * Element types that ONNX Runtime's kernels know and its JavaScript interface does not exchange: such an input is fed
 * in a wider type and cast within the model, such an output cast to the wider type within it. All casts are exact.
 */
import {
  DATA_TYPES,
  type DataType,
  type Graph,
  type GraphNode,
  type GraphValue,
  int,
  type Model,
  type Tensor,
  tensorNumbers,
  tensorOf,
  tensorType,
} from '#ir';

type Carriers = Partial<Record<DataType, 'float32' | 'int8' | 'uint8'>>;

/**
 * The wider type by element type. The native binding (1.30) takes int4 for a known type, but reads garbage lengths from
 * such outputs, which ends the process.
 */
const CARRIERS: Carriers = {
  bfloat16: 'float32',
  float8e4m3fn: 'float32',
  float8e4m3fnuz: 'float32',
  float8e5m2: 'float32',
  float8e5m2fnuz: 'float32',
  float8e8m0: 'float32',
  int4: 'int8',
  uint4: 'uint8',
  int2: 'int8',
  uint2: 'uint8',
};

/** Kernels carry f16 too: their nodes compute in f32 (`halfFloats.ts`), and the native binding garbles its own f16 results as inputs. */
export const KERNEL_CARRIERS: Carriers = { ...CARRIERS, float16: 'float32' };

/** A value as the caller knows it, under its name within the model. */
export interface Carrier {
  readonly inner: string;
  readonly dtype: DataType;
}

/** Inputs and outputs that are carried, by the caller's names. */
export interface Carried {
  readonly inputs: ReadonlyMap<string, Carrier>;
  readonly outputs: ReadonlyMap<string, Carrier>;
}

export const NOTHING_CARRIED: Carried = { inputs: new Map(), outputs: new Map() };

/** The model with wider types in place of inputs and outputs that cannot be exchanged, and how they are called. */
export function carry(model: Model, carriers: Carriers = CARRIERS): { model: Model; carried: Carried } {
  const { graph } = model;
  const carrierOf = (v: GraphValue): 'float32' | 'int8' | 'uint8' | undefined =>
    v.type?.kind === 'tensor' ? carriers[v.type.dtype] : undefined;
  if ([...graph.inputs, ...graph.outputs].every((v) => carrierOf(v) === undefined)) {
    return { model, carried: NOTHING_CARRIED };
  }
  const taken = namesOf(graph);
  const fresh = (wish: string): string => {
    let name = wish;
    while (taken.has(name)) name += '_';
    taken.add(name);
    return name;
  };
  const inputs = new Map<string, Carrier>();
  const outputs = new Map<string, Carrier>();
  const widened = (v: GraphValue, into: Map<string, Carrier>): GraphValue => {
    const dtype = carrierOf(v);
    if (dtype === undefined || v.type?.kind !== 'tensor') return v;
    const inner = fresh(`${v.name}.${dtype}`);
    into.set(v.name, { inner, dtype: v.type.dtype });
    return { name: inner, type: tensorType(dtype, v.type.shape ?? undefined) };
  };
  const given = graph.inputs.map((v) => widened(v, inputs));
  const returned = graph.outputs.map((v) => widened(v, outputs));
  const before = [...inputs].map(([name, c]) => cast(fresh(`cast ${name}`), c.inner, name, c.dtype));
  const after = [...outputs].map(([name, c]) => cast(fresh(`cast ${c.inner}`), name, c.inner, carriers[c.dtype]!));
  const nodes = [...before, ...graph.nodes, ...after];
  return {
    model: { ...model, graph: { ...graph, inputs: given, outputs: returned, nodes } },
    carried: { inputs, outputs },
  };
}

function cast(name: string, from: string, to: string, dtype: DataType): GraphNode {
  const attributes = new Map([['to', int(DATA_TYPES.indexOf(dtype) + 1)]]);
  // Infinity stays what it is.
  if (dtype.startsWith('float8')) attributes.set('saturate', int(0));
  return { name, op: 'Cast', domain: '', inputs: [from], outputs: [to], attributes };
}

function namesOf(graph: Graph): Set<string> {
  return new Set([
    ...graph.inputs.map((v) => v.name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap((n) => [n.name, ...n.outputs]),
  ]);
}

/** The value in its carrier's type. */
export const widen = (value: Tensor, carriers: Carriers = CARRIERS): Tensor => {
  const dtype = carriers[value.dtype];
  return dtype === undefined ? value : tensorOf(dtype, value.dims, tensorNumbers(value));
};

/** Back from the carrier's type: the values are exact in the narrower one. */
export const narrow = (value: Tensor, dtype: DataType): Tensor => tensorOf(dtype, value.dims, tensorNumbers(value));
