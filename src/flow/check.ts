/**
 * The check that every run makes: outputs of the processor against those of the host engine on the same feeds. Integers and
 * booleans must be equal. A float passes if it is within a limit of the reference, relative to the larger of its own
 * magnitude and a tenth of the tensor's largest, so that values that cancel to almost nothing are judged by the scale they came from;
 * where it comes of codes of 8 bits, relative to the largest.
 * The limit is 1e-4, or what rounding to half precision, or to codes of 8 bits, on the way to the output allows (`limitOf`).
 */
import { byDefinition, type Engine, roundHalves } from '#engine';
import { type DataType, type Graph, type Model, namesRead, subgraphs, type Tensor, tensorNumbers, typeOf } from '#ir';

const TOLERANCE = 1e-4;

/** Types narrower than float32, the coarsest first: a value is within this of what it is rounded from, relative to it. */
const HALVES = [
  ['bfloat16', 2 ** -8],
  ['float16', 2 ** -11],
] as const;
/** A step between codes of 8 bits, relative to the largest value, which has at least half of the 127 that there are. */
const STEP = 2 / 127;
const ROUNDINGS = 8;
const MOST = 0.1;
/** Of codes, which lie equally far apart whatever their size: relative to the largest value. */
const MOST_CODES = 0.05;

/** The type that a limit comes from where it is not float32: of codes, signed or not, `int8`. */
export type Rounding = 'float16' | 'bfloat16' | 'int8';

/** How far a float may lie from the reference, and the type whose rounding says so where it is not float32's. */
interface Limit {
  readonly tolerance: number;
  readonly rounding?: Rounding;
}

export interface OutputCheck {
  readonly name: string;
  readonly ok: boolean;
  /** The limit of `maxRel`; 0 where values must be equal. */
  readonly tolerance: number;
  readonly rounding?: Rounding;
  readonly maxAbs: number;
  /** Largest error in units of the scale above. */
  readonly maxRel: number;
  /** Elements outside the tolerance. */
  readonly wrong: number;
  readonly elements: number;
}

export interface Check {
  readonly ok: boolean;
  readonly engine: Engine['kind'];
  /** The largest limit of an output. */
  readonly tolerance: number;
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly outputs: readonly OutputCheck[];
}

/**
 * Runs the model on the host as it stands: the rewrites of ONNX Runtime 1.30 are not all right (it fuses a Pad with 0 into
 * MaxPool, whose padding is −∞, and Transpose into a MatMul by a vector), and for one run they cost more than they save. Values of
 * half precision are rounded node by node, in types for which ONNX Runtime has no kernels, too. Where a kernel of its leaves ONNX's
 * definition, the definition is run.
 */
export async function runOnHost(
  model: Model,
  feeds: ReadonlyMap<string, Tensor>,
  engine: Engine,
): Promise<Map<string, Tensor>> {
  const session = await engine.load(byDefinition(roundHalves(model)), { optimize: false });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/**
 * Operators that give the same bits wherever they run, of the same operands: single operations of f32, each rounded once, integers, and
 * what chooses or moves.
 */
const SAME_BITS: ReadonlySet<string> = new Set(
  (
    'Add Sub Mul Div Relu Clip LeakyRelu PRelu Neg Abs Max Min Sqrt Reciprocal Round Floor Ceil Sign Where Cast BatchNormalization ' +
    'QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger MaxPool GlobalMaxPool ReduceMax ' +
    'ReduceMin Identity Dropout Reshape Flatten Squeeze Unsqueeze Transpose Slice Split Gather GatherElements GatherND Expand Tile Concat Pad ' +
    'DepthToSpace SpaceToDepth Trilu Shape Size Constant ConstantOfShape Greater GreaterOrEqual Less LessOrEqual Equal And Or Xor Not'
  ).split(' '),
);

/** QuantizeLinear nodes on the way to an output whose operands may differ in their last bits, so that a code may lie a step beside. */
function uncertainCodes(graph: Graph, output: string): number {
  const uncertain = new Set<string>();
  const quantisers = new Set<string>();
  for (const node of graph.nodes) {
    if (SAME_BITS.has(node.op) && !namesRead(node).some((name) => uncertain.has(name))) continue;
    for (const name of node.outputs) uncertain.add(name);
    if (node.op === 'QuantizeLinear') quantisers.add(node.outputs[0]!);
  }
  const needed = new Set([output]);
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((o) => o !== '' && needed.has(o))) for (const name of namesRead(node)) needed.add(name);
  }
  return [...quantisers].filter((name) => needed.has(name)).length;
}

/**
 * The limit of an output. In half precision two orders of the same sum, or a step inside a node that one side rounds, differ by
 * roundings. Those of n values add up like a random walk: 8 √n roundings, at most 0.1, where n values of the type (the coarsest
 * that occurs) lead to the output. Of n quantisers of floats that were summed each may fall on either side of a tie: √n steps, relative to
 * the largest value, since steps are the same for all; what integers alone lead to is exact.
 */
export function limitOf(graph: Graph, output: string): Limit {
  const types = typesOnTheWay(graph, [output]);
  for (const [rounding, unit] of HALVES) {
    const n = types.filter((dtype) => dtype === rounding).length;
    if (n > 0) return { tolerance: Math.min(MOST, ROUNDINGS * Math.sqrt(n) * unit), rounding };
  }
  const codes = uncertainCodes(graph, output);
  if (codes > 0) return { tolerance: Math.min(MOST_CODES, Math.sqrt(codes) * STEP), rounding: 'int8' };
  return { tolerance: TOLERANCE };
}

/** Element types of the values that nodes make on the way to some outputs, inside subgraphs, too. */
function typesOnTheWay(graph: Graph, outputs: readonly string[]): readonly string[] {
  const needed = new Set(outputs);
  const types: string[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((o) => o !== '' && needed.has(o))) continue;
    for (const name of namesRead(node)) needed.add(name);
    for (const name of node.outputs) {
      const type = typeOf(graph, name);
      if (type?.kind === 'tensor') types.push(type.dtype);
    }
    for (const body of subgraphs(node)) {
      const made = body.outputs.map((o) => o.name);
      types.push(...typesOnTheWay(body, made));
    }
  }
  return types;
}

/** @param graph the graph that both computed */
export function compareOutputs(
  found: ReadonlyMap<string, Tensor>,
  reference: ReadonlyMap<string, Tensor>,
  engine: Engine['kind'],
  graph: Graph,
): Check {
  const outputs = [...reference].map(([name, expected]) =>
    compareTensors(name, found.get(name), expected, limitOf(graph, name)),
  );
  return {
    ok: outputs.every((o) => o.ok),
    engine,
    tolerance: Math.max(0, ...outputs.map((o) => o.tolerance)),
    maxAbs: Math.max(0, ...outputs.map((o) => o.maxAbs)),
    maxRel: Math.max(0, ...outputs.map((o) => o.maxRel)),
    outputs,
  };
}

const FLOATS = new Set<DataType>(['float32', 'float64', 'float16', 'bfloat16']);
const BYTES = new Set<DataType>(['int8', 'uint8']);

function compareTensors(name: string, found: Tensor | undefined, expected: Tensor, limit: Limit): OutputCheck {
  const b = tensorNumbers(expected);
  const exact = !FLOATS.has(expected.dtype) && !(limit.rounding === 'int8' && BYTES.has(expected.dtype));
  const judged = { name, ...(exact ? { tolerance: 0 } : limit) };
  if (found === undefined || found.dtype !== expected.dtype || found.dims.join() !== expected.dims.join()) {
    const infinite = Number.POSITIVE_INFINITY;
    return { ...judged, ok: false, maxAbs: infinite, maxRel: infinite, wrong: b.length, elements: b.length };
  }
  const a = tensorNumbers(found);
  let largest = 0;
  for (const v of b) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  const floor = Math.max(limit.rounding === 'int8' ? largest : largest / 10, 1e-30);
  let maxAbs = 0;
  let maxRel = 0;
  let wrong = 0;
  for (let i = 0; i < b.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const error = Math.abs(x - y);
    const abs = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    const rel = Number.isFinite(y) ? abs / Math.max(Math.abs(y), floor) : Number.POSITIVE_INFINITY;
    maxAbs = Math.max(maxAbs, abs);
    maxRel = Math.max(maxRel, rel);
    if (exact || !(rel <= limit.tolerance)) wrong++;
  }
  return { ...judged, ok: wrong === 0, maxAbs, maxRel, wrong, elements: b.length };
}
