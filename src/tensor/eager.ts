/**
 * Eager mode: every node is a call of its own. One kernel (a session of one node with open sizes) serves each operator, attribute set
 * and combination of types and ranks. A node for which the host engine has no kernel, or whose opset is not the tensor API's, is
 * evaluated by the operator's reference.
 */
import { SystoleError } from '#base';
import type { DeviceTensor, Engine, Kernel } from '#engine';
import { type Attribute, type Dim, type GraphNode, type Model, tensorNumbers, tensorType } from '#ir';
import { evaluateNode } from '#ops';
import { Cell } from './cell.ts';
import { hostEngine, openEngine } from './host.ts';
import type { Tensor } from './tensor.ts';

/** A kernel, once it is loaded; 'reference' where the host engine has none. */
interface Entry {
  kernel: Kernel | 'reference' | undefined;
  readonly loading: Promise<Kernel | 'reference'>;
}

const kernels = new WeakMap<Engine, Map<string, Entry>>();

/** How many nodes have run, for those who count dispatches (exercise 5.2). */
export const dispatches = { count: 0 };

let referenceOnly = false;

/** Runs `f` with every node evaluated by its operator's f64 reference, at once. For tests; `f` is synchronous. */
export function withReference<T>(f: () => T): T {
  const before = referenceOnly;
  referenceOnly = true;
  try {
    return f();
  } finally {
    referenceOnly = before;
  }
}

/** Operators whose work is worth more than one thread. */
const HEAVY = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'LSTM', 'GRU', 'RNN', 'Einsum', 'MatMulInteger']);

export function runEager(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  outputs: number,
): readonly Cell[] {
  dispatches.count++;
  if (referenceOnly) return reference(node, opset, inputs);
  const cells = inputs.flatMap((t) => (t === undefined ? [] : [t.source as Cell]));
  const results = start(node, opset, inputs, cells);
  results.catch(() => {});
  return Array.from({ length: outputs }, (_, i) => Cell.from(results.then((all) => all[i]!)));
}

/** The call; it begins at once where kernel and inputs are at hand. */
function start(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  cells: readonly Cell[],
): Promise<readonly DeviceTensor[]> {
  const engine = openEngine();
  if (engine === undefined) return hostEngine().then((opened) => later(opened, node, opset, inputs, cells));
  const entry = entryOf(engine, node, opset, inputs);
  if (entry.kernel === undefined || entry.kernel === 'reference') return later(engine, node, opset, inputs, cells);
  const ready: DeviceTensor[] = [];
  for (const cell of cells) {
    const device = cell.device(engine);
    if (device === undefined) return later(engine, node, opset, inputs, cells);
    ready.push(device);
  }
  return entry.kernel.run(ready);
}

async function later(
  engine: Engine,
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  cells: readonly Cell[],
): Promise<readonly DeviceTensor[]> {
  const entry = entryOf(engine, node, opset, inputs);
  const kernel = entry.kernel ?? (await entry.loading);
  const ready: DeviceTensor[] = [];
  for (const cell of cells) ready.push(cell.device(engine) ?? (await cell.ready(engine)));
  if (kernel !== 'reference') return kernel.run(ready);
  let next = 0;
  const data = inputs.map((t) => (t === undefined ? undefined : engine.download(ready[next++]!)));
  return evaluateNode(node, opset, data).map((value) => engine.upload(value));
}

function reference(node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): readonly Cell[] {
  const data = inputs.map((t) => (t === undefined ? undefined : (t.source as Cell).data));
  return evaluateNode(node, opset, data).map((value) => Cell.of(value));
}

function entryOf(engine: Engine, node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): Entry {
  let known = kernels.get(engine);
  if (known === undefined) {
    known = new Map();
    kernels.set(engine, known);
  }
  const key = keyOf(node, opset, inputs);
  let entry = known.get(key);
  if (entry === undefined) {
    const created: Entry = { kernel: undefined, loading: load(engine, node, opset, inputs) };
    created.loading.then(
      (kernel) => {
        created.kernel = kernel;
      },
      () => {},
    );
    entry = created;
    known.set(key, entry);
  }
  return entry;
}

async function load(
  engine: Engine,
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
): Promise<Kernel | 'reference'> {
  try {
    return await engine.kernel(modelOf(node, opset, inputs), HEAVY.has(node.op) ? {} : { threads: 1 });
  } catch (error) {
    // SYS-ENG-004: no kernel for these types. Anything else is a defect and is told.
    if (error instanceof SystoleError && error.code === 'SYS-ENG-004') return 'reference';
    throw error;
  }
}

/** The model of one node, all sizes open. Its values get names of their own: those of the node may come from anywhere. */
function modelOf(node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): Model {
  const outputs = node.outputs.map((_, i) => `y${i}`);
  return {
    irVersion: 9,
    producer: 'systole',
    opsets: new Map([['', opset]]),
    graph: {
      name: node.op,
      inputs: inputs.flatMap((t, i) =>
        t === undefined
          ? []
          : [
              {
                name: `x${i}`,
                type: tensorType(
                  t.dataType,
                  t.dims.map((_, axis) => lengthOf(node, t) ?? `x${i}_${axis}`),
                ),
              },
            ],
      ),
      outputs: outputs.map((name) => ({ name, type: undefined })),
      nodes: [{ ...node, inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)), outputs }],
      constants: new Map(),
      types: new Map(),
    },
    functions: [],
    metadata: new Map(),
  };
}

/** Operators for whose vectors ONNX Runtime's own shape rule takes an open length for 0. */
const FIXED_LENGTHS = new Set(['Resize', 'Upsample']);

const lengthOf = (node: GraphNode, t: Tensor): Dim | undefined =>
  FIXED_LENGTHS.has(node.op) && t.dims.length === 1 ? t.dims[0] : undefined;

function keyOf(node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): string {
  let key = `${node.op} ${opset} ${node.outputs.length}`;
  for (const t of inputs) key += t === undefined ? ' -' : ` ${t.dataType}${t.dims.length}`;
  if (FIXED_LENGTHS.has(node.op)) key += ` lengths ${inputs.map((t) => t && lengthOf(node, t))}`;
  for (const [name, attribute] of node.attributes) key += ` ${name}=${attributeText(attribute)}`;
  return key;
}

/** An attribute as a text that tells it from every other. */
export function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'int':
    case 'float':
      return `${attribute.value}`;
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
    case 'floats':
      return `[${attribute.value}]`;
    case 'strings':
      return JSON.stringify(attribute.value);
    case 'tensor': {
      const { dtype, dims } = attribute.value;
      const data = dtype === 'string' ? JSON.stringify(attribute.value) : tensorNumbers(attribute.value).join();
      return `${dtype}[${dims}]{${data}}`;
    }
    default:
      return JSON.stringify(attribute, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));
  }
}
