/**
 * Eager mode: every node is a call of its own. One kernel (a session of one node with open sizes) serves each operator, attribute set
 * and combination of types and ranks. A node for which the host engine has no kernel, or whose opset is not the tensor API's, is
 * evaluated by the operator's reference.
 */
import { SystoleError } from '#base';
import type { Engine, Kernel } from '#engine';
import { type Dim, type GraphNode, type Model, tensorType } from '#ir';
import { evaluateNode } from '#ops';
import { attributeText } from './attributeText.ts';
import type { Call, KernelEntry } from './calls.ts';
import { Cell, whenFilled } from './cell.ts';
import { hostEngine, openEngine } from './host.ts';
import type { Tensor } from './tensor.ts';

const kernels = new WeakMap<Engine, Map<string, KernelEntry>>();

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

/**
 * Runs a node, or has it run as soon as its operands are there.
 * @param call where it keeps its kernel for the next one
 */
export function runEager(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  outputs: number,
  call: Call | undefined,
): readonly Cell[] {
  dispatches.count++;
  if (referenceOnly) return reference(node, opset, inputs);
  const cells: Cell[] = [];
  for (const t of inputs) if (t !== undefined) cells.push(t.source as Cell);
  const made: Cell[] = [];
  for (let i = 0; i < outputs; i++) made.push(Cell.pending());
  const fail = (error: unknown): void => Cell.fail(made, error);
  const run = (engine: Engine, kernel: Kernel | 'reference'): void =>
    whenFilled(
      engine,
      cells,
      (devices) => {
        if (kernel !== 'reference') {
          kernel.run(devices).then((all) => Cell.fill(made, all), fail);
          return;
        }
        let next = 0;
        const data = inputs.map((t) => (t === undefined ? undefined : engine.download(devices[next++]!)));
        Cell.fill(
          made,
          evaluateNode(node, opset, data).map((value) => engine.upload(value)),
        );
      },
      fail,
    );
  const start = (engine: Engine): void => {
    const entry = call?.entry?.engine === engine ? call.entry : entryOf(engine, node, opset, inputs);
    if (call !== undefined) call.entry = entry;
    if (entry.kernel !== undefined) run(engine, entry.kernel);
    else entry.loading.then((kernel) => run(engine, kernel), fail);
  };
  const engine = openEngine();
  if (engine !== undefined) start(engine);
  else hostEngine().then(start).catch(fail);
  return made;
}

function reference(node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): readonly Cell[] {
  const data = inputs.map((t) => (t === undefined ? undefined : (t.source as Cell).data));
  return evaluateNode(node, opset, data).map((value) => Cell.of(value));
}

function entryOf(engine: Engine, node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): KernelEntry {
  let known = kernels.get(engine);
  if (known === undefined) {
    known = new Map();
    kernels.set(engine, known);
  }
  const key = keyOf(node, opset, inputs);
  let entry = known.get(key);
  if (entry === undefined) {
    const created: KernelEntry = { engine, kernel: undefined, loading: load(engine, node, opset, inputs) };
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
