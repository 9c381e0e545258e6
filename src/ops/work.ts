/**
 * The work of any node, for whoever prices it (the host): by the operator's cost rule, by the table of other contractions, by the
 * bodies of If, Loop, Scan and local functions; failing that by what it reads and writes. It is never nothing, and where it is
 * not known but estimated it says why.
 */
import { SystoleError } from '#base';
import {
  type Attribute,
  elementCount,
  type Graph,
  type GraphFunction,
  type GraphNode,
  intAttribute,
  intsAttribute,
  type Model,
  staticShape,
  subgraphs,
  type Tensor,
  tensorAttribute,
  tensorNumbers,
  typeOf,
  type ValueType,
} from '#ir';
import { CONTRACTIONS, isContraction } from './contractions.ts';
import { nodeCost } from './cost.ts';
import type { Phrase } from './define.ts';
import { inferTypes } from './infer.ts';
import { isOnnxDomain, operatorIn } from './registry.ts';

export interface Work {
  readonly macs: number;
  /** Elementary operations that are no MACs, at least one for each element of a result. */
  readonly elements: number;
  /** Why the work is an estimate; absent where it is known. */
  readonly estimate?: Exclude<Phrase, string>;
}

const NO_RULE = (op: string) => ({
  en: `its cost is estimated from what it reads and writes: ${op} has no cost rule`,
  zh: `其代价按读写量估计：${op} 没有代价规则`,
});
const OPEN_SHAPE = {
  en: 'its cost is estimated: a shape is not known before the run',
  zh: '其代价为估计值：有形状在运行前未知',
};
const UNKNOWN_TRIPS = {
  en: 'its cost is estimated as one pass: how often its body runs is not known before the run',
  zh: '其代价按执行一遍估计：循环体的执行次数在运行前未知',
};
const MOST_TRIPS = {
  en: 'its cost is estimated as that of all its passes: data may end it before',
  zh: '其代价按全部遍数估计：数据可能使其提前结束',
};
const BRANCHES = {
  en: 'its cost is estimated as that of its larger branch: which one runs depends on data',
  zh: '其代价按较大的分支估计：执行哪个分支取决于数据',
};

/** Bodies inside bodies are followed so deep; functions may call each other without end. */
const DEEPEST = 16;

/** A trip count from here on means: until the condition ends it. */
const ENDLESS = 2 ** 31;

/** @throws nothing about the node: what is wrong with it, the engine that runs it says */
export function nodeWork(model: Model, node: GraphNode, depth = 0): Work {
  const fn = model.functions.find((f) => f.name === node.op && f.domain === node.domain);
  if (depth < DEEPEST) {
    if (fn !== undefined) return graphWork(functionModel(model, fn, node), depth);
    if (isOnnxDomain(node.domain)) {
      if (node.op === 'If') return ifWork(model, node, depth);
      if (node.op === 'Loop') return loopWork(model, node, depth);
      if (node.op === 'Scan') return scanWork(model, node, depth);
    }
    const bodies = subgraphs(node);
    if (bodies.length > 0) {
      const once = bodies.map((body) => graphWork(bodyModel(model, body), depth));
      return { ...atLeast(sumOf(once), elementsOf(model, node.outputs)), estimate: UNKNOWN_TRIPS };
    }
  }
  const dims = (name: string | undefined): readonly number[] | undefined => staticShape(typeIn(model, name ?? ''));
  const named = (names: readonly string[]): readonly string[] => names.filter((name) => name !== '');
  const written = elementsOf(model, named(node.outputs));
  const isOpen = [...named(node.inputs), ...named(node.outputs)].some((name) => dims(name) === undefined);
  if (!isOpen && operatorIn(model, node) !== undefined) {
    const cost = nodeCost(model, node);
    const operations = Math.max(cost.multiplications, cost.additions) + cost.comparisons + cost.transcendentals;
    return { macs: cost.macs, elements: cost.macs > 0 ? written : Math.max(operations, written) };
  }
  const first = dims(node.outputs[0]);
  const contraction = isOnnxDomain(node.domain) && first && CONTRACTIONS.get(node.op);
  const macs = contraction ? contraction((i) => dims(node.inputs[i]), first) : undefined;
  if (macs !== undefined) return { macs, elements: written };
  const elements = Math.max(written, elementsOf(model, named(node.inputs)));
  const known = operatorIn(model, node) !== undefined || (isOnnxDomain(node.domain) && isContraction(node.op));
  return { macs: 0, elements, estimate: known ? OPEN_SHAPE : NO_RULE(node.op) };
}

function ifWork(model: Model, node: GraphNode, depth: number): Work {
  const branches = ['then_branch', 'else_branch'].flatMap((name) => {
    const a = node.attributes.get(name);
    return a?.kind === 'graph' ? [graphWork(bodyModel(model, a.value), depth)] : [];
  });
  const [a, b] = branches as [Work, Work];
  const larger = branches.reduce((most, w) => (w.macs + w.elements > most.macs + most.elements ? w : most), a);
  const same = b !== undefined && a.macs === b.macs && a.elements === b.elements;
  const work = atLeast(larger, elementsOf(model, node.outputs));
  return same || work.estimate !== undefined ? work : { ...work, estimate: BRANCHES };
}

function loopWork(model: Model, node: GraphNode, depth: number): Work {
  const body = bodyOf(node);
  if (body === undefined) return { macs: 0, elements: elementsOf(model, node.outputs), estimate: UNKNOWN_TRIPS };
  const given = [undefined, undefined, ...node.inputs.slice(2).map((name) => typeIn(model, name))];
  const limit = scalarOf(model, node.inputs[0] ?? '');
  const most = limit !== undefined && limit < ENDLESS ? limit : undefined;
  const carried = body.inputs.length - 2;
  // What is collected pass by pass has as many rows as there were passes.
  const rows = node.outputs.slice(carried).map((name) => staticShape(typeIn(model, name))?.[0]);
  const trips = rows.find((n) => n !== undefined) ?? (most === undefined ? undefined : Math.max(0, most));
  const once = graphWork(bodyModel(model, body, given), depth);
  const work = repeated(once, trips ?? 1, elementsOf(model, node.outputs));
  if (work.estimate !== undefined) return work;
  if (trips === undefined) return { ...work, estimate: UNKNOWN_TRIPS };
  return endsEarly(model, node, body) ? { ...work, estimate: MOST_TRIPS } : work;
}

/** Whether the condition of a Loop may become false. */
function endsEarly(model: Model, node: GraphNode, body: Graph): boolean {
  const start = node.inputs[1] ?? '';
  const starts = start === '' || scalarOf(model, start) === 1;
  let condition = body.outputs[0]?.name ?? '';
  for (;;) {
    const producer = body.nodes.find((n) => n.outputs.includes(condition));
    if (producer?.op !== 'Identity') break;
    condition = producer.inputs[0]!;
  }
  const kept = condition === body.inputs[1]?.name || scalarOf({ ...model, graph: body }, condition) === 1;
  return !starts || !kept;
}

/** Scan runs its body once for each slice of its scanned inputs, whose shapes say how many there are. */
function scanWork(model: Model, node: GraphNode, depth: number): Work {
  const body = bodyOf(node);
  const scanned = intAttribute(node, 'num_scan_inputs', 0);
  const batched = (model.opsets.get('') ?? 0) < 9;
  const inputs = batched ? node.inputs.slice(1) : node.inputs;
  const states = inputs.length - scanned;
  const axes = intsAttribute(node, 'scan_input_axes');
  let trips: number | undefined;
  const given = inputs.map((name, i): ValueType | undefined => {
    const type = typeIn(model, name);
    if (type?.kind !== 'tensor' || type.shape === undefined) return type;
    if (batched) {
      // Version 8: batch first, then the sequence.
      const cut = i < states ? 1 : 2;
      const lead = type.shape.slice(0, cut);
      if (i >= states && lead.every((d) => typeof d === 'number')) trips = elementCount(lead as number[]);
      return { ...type, shape: type.shape.slice(cut) };
    }
    if (i < states) return type;
    const axis = axes?.[i - states] ?? 0;
    const at = axis < 0 ? axis + type.shape.length : axis;
    const size = type.shape[at];
    if (typeof size === 'number') trips = size;
    return { ...type, shape: type.shape.filter((_, d) => d !== at) };
  });
  const once: Work = body === undefined ? { macs: 0, elements: 0 } : graphWork(bodyModel(model, body, given), depth);
  const work = repeated(once, trips ?? 1, elementsOf(model, node.outputs));
  return trips === undefined && work.estimate === undefined ? { ...work, estimate: UNKNOWN_TRIPS } : work;
}

const bodyOf = (node: GraphNode): Graph | undefined => {
  const a = node.attributes.get('body');
  return a?.kind === 'graph' ? a.value : undefined;
};

const graphWork = (model: Model, depth: number): Work =>
  sumOf(model.graph.nodes.map((node) => nodeWork(model, node, depth + 1)));

function sumOf(parts: readonly Work[]): Work {
  const estimate = parts.find((w) => w.estimate !== undefined)?.estimate;
  return {
    macs: parts.reduce((n, w) => n + w.macs, 0),
    elements: parts.reduce((n, w) => n + w.elements, 0),
    ...(estimate === undefined ? {} : { estimate }),
  };
}

const atLeast = (work: Work, elements: number): Work => ({ ...work, elements: Math.max(work.elements, elements) });

const repeated = (once: Work, trips: number, written: number): Work =>
  atLeast({ ...once, macs: once.macs * trips, elements: once.elements * trips }, written);

/** Elements of values, one for each whose shape is not known. */
const elementsOf = (model: Model, names: readonly string[]): number =>
  names.reduce((n, name) => {
    if (name === '') return n;
    const dims = staticShape(typeIn(model, name));
    return n + (dims === undefined ? 1 : elementCount(dims));
  }, 0);

const typeIn = (model: Model, name: string): ValueType | undefined =>
  name === '' ? undefined : typeOf(model.graph, name);

/** A constant scalar as a number. */
function scalarOf(model: Model, name: string): number | undefined {
  const producer = model.graph.nodes.find((n) => n.outputs.includes(name));
  const constant: Tensor | undefined =
    model.graph.constants.get(name) ?? (producer?.op === 'Constant' ? tensorAttribute(producer, 'value') : undefined);
  if (constant === undefined || 'strings' in constant || elementCount(constant.dims) !== 1) return undefined;
  return tensorNumbers(constant)[0];
}

/**
 * A body as a model of its own: it sees the values around it, and its inputs are what the node gives.
 * @param given types of the inputs; those that are not known are as declared
 */
function bodyModel(model: Model, body: Graph, given: readonly (ValueType | undefined)[] = []): Model {
  const around = model.graph;
  const own = new Set([...body.inputs.map((v) => v.name), ...body.nodes.flatMap((n) => n.outputs)]);
  const outer = [
    ...new Set([...around.types.keys(), ...[...around.inputs, ...around.outputs].map((v) => v.name)]),
  ].filter((n) => !own.has(n));
  return typed({
    ...model,
    graph: {
      ...body,
      inputs: [
        ...body.inputs.map((v, i) => ({ name: v.name, type: given[i] ?? v.type })),
        ...outer.map((name) => ({ name, type: typeOf(around, name) })),
      ],
      constants: new Map([...[...around.constants].filter(([name]) => !own.has(name)), ...body.constants]),
    },
  });
}

/** A call of a local function as a model: its nodes with the caller's attributes, its inputs typed as the caller's. */
function functionModel(model: Model, fn: GraphFunction, node: GraphNode): Model {
  const bind = (attributes: GraphNode['attributes']): ReadonlyMap<string, Attribute> =>
    new Map(
      [...attributes].flatMap(([name, a]): [string, Attribute][] => {
        if (a.kind !== 'reference') return [[name, a]];
        const value = node.attributes.get(a.name) ?? fn.defaults.get(a.name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  const constants = new Map<string, Tensor>();
  const inputs = fn.inputs.flatMap((name, i) => {
    const constant = model.graph.constants.get(node.inputs[i] ?? '');
    if (constant !== undefined) constants.set(name, constant);
    return constant === undefined ? [{ name, type: typeIn(model, node.inputs[i] ?? '') }] : [];
  });
  return typed({
    ...model,
    opsets: new Map([...model.opsets, ...fn.opsets]),
    graph: {
      name: fn.name,
      inputs,
      outputs: fn.outputs.map((name, i) => ({ name, type: typeIn(model, node.outputs[i] ?? '') })),
      nodes: fn.nodes.map((n) => ({ ...n, attributes: bind(n.attributes) })),
      constants,
      types: fn.types,
    },
  });
}

/** With types inferred, as far as that goes: a body that breaks a rule is priced as it is declared. */
function typed(model: Model): Model {
  try {
    return inferTypes(model, { declared: 'fallback' });
  } catch (error) {
    if (error instanceof SystoleError && error.kind !== 'internal') return model;
    throw error;
  }
}
