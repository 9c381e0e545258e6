/**
 * A float32 model in half precision, weights and activations: constants are rounded to nearest, ties to even, and every operator that ONNX
 * defines for the type reads and makes it. Inputs and outputs stay float32, with a Cast behind the one and before the other, so that the
 * same data is fed; operators that have no such form stay float32 between Casts.
 *
 * What only sizes and indices are made of (a Cast of integers and what is computed of it and constants) stays float32, too: half precision
 * counts to 2,048 (float16) or 256 (bfloat16). It is converted where it meets values of the network.
 */
import { numberToBfloat16, numberToFloat16 } from '#base';
import {
  DATA_TYPES,
  type DataType,
  freeNames,
  type GraphNode,
  int,
  type Model,
  subgraphs,
  type Tensor,
  tensorBytes,
  typeOf,
} from '#ir';
import { inferTypes, type Operator, onnxOpset, operatorIn } from '#ops';
import { freshNames } from '#passes';
import { float32s } from './observer.ts';
import { RAISED_OPSET, raiseOpset } from './raiseOpset.ts';

export const HALVES = ['float16', 'bfloat16'] as const;
export type Half = (typeof HALVES)[number];

/** Largest finite value of each. */
const LARGEST: Readonly<Record<Half, number>> = { float16: 65504, bfloat16: (2 - 2 ** -7) * 2 ** 127 };

/** First opset in which ONNX defines an operator for the type, where it did not always; never, as far as we know: infinity. */
const FIRST: Readonly<Record<Half, Readonly<Record<string, number>>>> = {
  float16: { QuantizeLinear: 19, DequantizeLinear: 19, CumSum: 14, IsInf: 20 },
  bfloat16: { TopK: 24, Einsum: Number.POSITIVE_INFINITY },
};
/** Of neither type, or of the type that an attribute says. */
const NEVER = new Set(['Range', 'Celu', 'EyeLike', 'Bernoulli', 'RandomNormalLike', 'RandomUniformLike']);

/** Opset from which convolution, pooling, activations and recurrent operators take bfloat16. */
const BFLOAT16_OPSET = 22;
/** The file format of that opset. */
const BFLOAT16_IR = 10;

/** These read a value in whichever form it has. */
const READS_ANY = new Set(['Cast', 'Shape', 'Size']);

type Form = 'f32' | 'half';

/** What a float32 value comes from: constants alone, integers (and constants), or values of the network. */
type Origin = 'constant' | 'integers' | 'data';

export interface Converted {
  readonly model: Model;
  /** Nodes that now compute in the type. */
  readonly converted: number;
  /** Nodes of the network's values that stay float32. */
  readonly kept: readonly { readonly node: string; readonly op: string }[];
  /** Elements of constants beyond the type's range, which became its largest value. */
  readonly clipped: number;
}

/** What becomes of one node: the form in which it reads each input, and makes each output. */
interface Decision {
  readonly node: GraphNode;
  readonly reads: readonly Form[];
  readonly makes: readonly Form[];
}

/** @throws what `raiseOpset` throws, where bfloat16 needs a newer operator set */
export async function convertModel(model: Model, to: Half): Promise<Converted> {
  const typed = inferTypes(await inOpsetOf(model, to), { declared: 'fallback' });
  const isFloat = floatsOf(typed);
  const { decisions, kept } = decide(typed, to, isFloat);
  const { model: rewritten, clipped } = rewrite(typed, to, decisions, isFloat);
  const converted = decisions.filter((d) => [...d.reads, ...d.makes].includes('half') && !READS_ANY.has(d.node.op));
  return { model: inferTypes(rewritten, { declared: 'fallback' }), converted: converted.length, kept, clipped };
}

/** Between opsets 20 and 22 types were added, and nothing else changed but GroupNormalization. */
async function inOpsetOf(model: Model, to: Half): Promise<Model> {
  if (to === 'float16' || onnxOpset(model) >= BFLOAT16_OPSET) return model;
  const raised = await raiseOpset(model, RAISED_OPSET);
  if (raised.graph.nodes.some((n) => n.op === 'GroupNormalization')) return raised;
  const name = raised.opsets.has('') ? '' : 'ai.onnx';
  const opsets = new Map(raised.opsets).set(name, BFLOAT16_OPSET);
  return { ...raised, opsets, irVersion: Math.max(raised.irVersion, BFLOAT16_IR) };
}

/** Which values are float32 in a typed model. */
function floatsOf({ graph }: Model): (name: string) => boolean {
  return (name) => {
    const constant = graph.constants.get(name);
    if (constant !== undefined) return constant.dtype === 'float32';
    const type = name === '' ? undefined : typeOf(graph, name);
    return type?.kind === 'tensor' && type.dtype === 'float32';
  };
}

function decide(
  model: Model,
  to: Half,
  isFloat: (name: string) => boolean,
): { readonly decisions: readonly Decision[]; readonly kept: Converted['kept'] } {
  const { graph } = model;
  const origins = new Map<string, Origin>();
  const forms = new Map<string, Form>();
  for (const name of graph.constants.keys()) origins.set(name, 'constant');
  for (const { name } of graph.inputs) origins.set(name, isFloat(name) ? 'data' : 'integers');
  const kept: { node: string; op: string }[] = [];
  const decisions = graph.nodes.map((node): Decision => {
    const origin = originOf(node, origins, isFloat);
    const op = operatorIn(model, node);
    const halves = origin === 'data' && op !== undefined ? variablesIn(node, op, to, onnxOpset(model), isFloat) : NONE;
    const inputs = node.inputs.map((name, i): Form => {
      if (!isFloat(name)) return 'f32';
      if (READS_ANY.has(node.op)) return forms.get(name) ?? 'f32';
      return halves.has(parameterAt(op?.inputs, i)?.type ?? '') ? 'half' : 'f32';
    });
    const outputs = node.outputs.map((name, i): Form => {
      const isHalf = isFloat(name) && !READS_ANY.has(node.op) && halves.has(parameterAt(op?.outputs, i)?.type ?? '');
      return isHalf ? 'half' : 'f32';
    });
    node.outputs.forEach((name, i) => {
      origins.set(name, origin);
      forms.set(name, outputs[i]!);
    });
    const isFloating = [...node.inputs, ...node.outputs].some(isFloat);
    if (origin === 'data' && isFloating && halves.size === 0 && !READS_ANY.has(node.op)) {
      kept.push({ node: node.name, op: node.op });
    }
    return { node, reads: inputs, makes: outputs };
  });
  return { decisions, kept };
}

const NONE: ReadonlySet<string> = new Set();

const parameterAt = (specs: Operator['inputs'] | undefined, i: number): Operator['inputs'][number] | undefined => {
  const last = specs?.at(-1);
  return specs?.[i] ?? (last?.arity === 'variadic' ? last : undefined);
};

function originOf(node: GraphNode, origins: ReadonlyMap<string, Origin>, isFloat: (name: string) => boolean): Origin {
  const read = node.inputs.filter((name) => name !== '');
  const of = (name: string): Origin => origins.get(name) ?? 'data';
  if (subgraphs(node).length > 0) return 'data';
  if (read.every((name) => of(name) === 'constant')) return 'constant';
  if (node.op === 'Shape' || node.op === 'Size') return 'integers';
  const floats = read.filter(isFloat);
  // A Cast of integers; what is cast from other floats, or looked up in a table of constants, are values of the network.
  if (floats.length === 0) return read.some((name) => of(name) === 'data') ? 'data' : 'integers';
  return floats.some((name) => of(name) === 'integers') && !floats.some((name) => of(name) === 'data')
    ? 'integers'
    : 'data';
}

/** The type variables of a node that are float32 and may be the half type. */
function variablesIn(
  node: GraphNode,
  op: Operator,
  to: Half,
  opset: number,
  isFloat: (name: string) => boolean,
): ReadonlySet<string> {
  if (NEVER.has(node.op) || opset < (FIRST[to][node.op] ?? 0)) return NONE;
  const bound = node.inputs.flatMap((name, i) => (isFloat(name) ? [parameterAt(op.inputs, i)?.type ?? ''] : []));
  return new Set(bound.filter((variable) => op.types[variable]?.includes(to)));
}

function rewrite(
  model: Model,
  to: Half,
  decisions: readonly Decision[],
  isFloat: (name: string) => boolean,
): { readonly model: Model; readonly clipped: number } {
  const { graph } = model;
  const fresh = freshNames(graph);
  // Outputs of the model, and what bodies of control flow read by name, keep their names for float32.
  const pinned = new Set([
    ...graph.outputs.map((v) => v.name),
    ...graph.nodes.flatMap((node) => subgraphs(node).flatMap(freeNames)),
  ]);
  const readInFloat = new Set(decisions.flatMap(({ node, reads }) => node.inputs.filter((_, i) => reads[i] === 'f32')));
  const constants = new Map(graph.constants);
  const nodes: GraphNode[] = [];
  /** Where each value is found in a form that it does not have by its own name. */
  const found: Readonly<Record<Form, Map<string, string>>> = { f32: new Map(), half: new Map() };
  const own = new Map<string, Form>();
  let clipped = 0;
  const cast = (from: string, name: string, dtype: DataType): void => {
    const attributes = new Map([['to', int(DATA_TYPES.indexOf(dtype) + 1)]]);
    nodes.push({ name: fresh(`${name}.cast`), op: 'Cast', domain: '', inputs: [from], outputs: [name], attributes });
  };
  const inForm = (name: string, form: Form): string => {
    if (!isFloat(name) || (own.get(name) ?? 'f32') === form) return name;
    const known = found[form].get(name);
    if (known !== undefined) return known;
    const constant = graph.constants.get(name);
    const isOnly = constant !== undefined && !readInFloat.has(name) && !pinned.has(name);
    const twin = isOnly ? name : fresh(`${name}.${form === 'half' ? to : 'float32'}`);
    found[form].set(name, twin);
    if (constant === undefined) cast(name, twin, form === 'half' ? to : 'float32');
    else {
      const rounded = roundedTensor(constant, to);
      clipped += rounded.clipped;
      constants.set(twin, rounded.tensor);
    }
    return twin;
  };
  for (const { node, reads, makes } of decisions) {
    const inputs = node.inputs.map((name, i) => inForm(name, reads[i]!));
    const casts: (readonly [from: string, name: string])[] = [];
    const outputs = node.outputs.map((name, i) => {
      if (makes[i] === 'f32') return name;
      if (!pinned.has(name)) {
        own.set(name, 'half');
        return name;
      }
      const twin = fresh(`${name}.${to}`);
      found.half.set(name, twin);
      casts.push([twin, name]);
      return twin;
    });
    nodes.push({ ...node, inputs, outputs });
    for (const [from, name] of casts) cast(from, name, 'float32');
  }
  const outputs = graph.outputs.map((v) => ({ ...v, type: typeOf(graph, v.name) ?? v.type }));
  return { model: { ...model, graph: { ...graph, outputs, nodes, constants, types: new Map() } }, clipped };
}

/** A float32 constant rounded to the type; finite values beyond its range become its largest. */
function roundedTensor(t: Tensor, to: Half): { readonly tensor: Tensor; readonly clipped: number } {
  const encode = to === 'float16' ? numberToFloat16 : numberToBfloat16;
  const most = LARGEST[to];
  const isSplat = 'splat' in t;
  const values = float32s(isSplat ? t.splat : tensorBytes(t));
  const bits = new Uint16Array(values.length);
  let clipped = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    const isBeyond = Math.abs(v) > most && Number.isFinite(v);
    if (isBeyond) clipped++;
    bits[i] = encode(isBeyond ? Math.sign(v) * most : v);
  }
  const bytes = new Uint8Array(bits.buffer);
  const { dims } = t;
  return { tensor: isSplat ? { dtype: to, dims, splat: bytes } : { dtype: to, dims, bytes }, clipped };
}
