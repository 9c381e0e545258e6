/**
 * Export: a module or a function over tensors as an ONNX model, in inference mode. Variables become initialisers under their
 * `state_dict` names; inputs and outputs are named by the caller, and a size may be a symbol (`'N'`), which stays open in the model.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, type Dim, type Graph, type Model, tensorType } from '#ir';
import { inferTypes } from '#ops';
import { withGradients } from './apply.ts';
import { isPromise } from './arguments.ts';
import { type DType, longName } from './dtypes.ts';
import { inInference, Module } from './nn/module.ts';
import { Tensor } from './tensor.ts';
import { Trace } from './trace.ts';
import { flattenTree, type Tree } from './tree.ts';
import { notStandard, USER_DOMAIN } from './userOperators.ts';

const noTensor = diagnostic<{ name: string; found: string }>('SYS-TEN-050', 'usage', {
  en: (p) => `'${p.name}' cannot be exported: it returns ${p.found}. Return tensors, or arrays or objects of them.`,
  zh: (p) => `无法导出“${p.name}”：它返回了 ${p.found}。应返回张量，或由张量组成的数组或对象。`,
});

const changesState = diagnostic<{ name: string; what: { readonly en: string; readonly zh: string } }>(
  'SYS-TEN-051',
  'usage',
  {
    en: (p) =>
      `'${p.name}' cannot be exported: what it computes ${p.what.en}, which a model cannot hold. Export a module, which is put into ` +
      'inference mode, or call eval() on the modules that the function uses.',
    zh: (p) =>
      `无法导出“${p.name}”：其计算${p.what.zh}，模型无法表示。请导出模块（会切换到推理模式），或先对函数所用的模块调用 eval()。`,
  },
);

const wrongNames = diagnostic<{ found: readonly string[]; expected: number }>('SYS-TEN-052', 'usage', {
  en: (p) =>
    `the exported function returns ${p.expected} tensors, but ${p.found.length} names of outputs are given (${p.found.join(', ')}). ` +
    'Give one for each, all different from each other and from the names of the inputs.',
  zh: (p) =>
    `被导出的函数返回 ${p.expected} 个张量，但给出了 ${p.found.length} 个输出名（${p.found.join('、')}）。` +
    '请为每个输出各给一个名称，彼此不同，也不与输入同名。',
});

/** An input: its sizes, of which some may be symbols; f32 unless said otherwise. */
export type InputSpec = readonly Dim[] | { readonly shape: readonly Dim[]; readonly dtype: DType };

export interface ExportOptions {
  /** The graph's name; by default the module's class or the function's name. */
  readonly name?: string;
  /** Names of the results in their order; by default `output`, or `output_0`, `output_1`, … */
  readonly outputs?: readonly string[];
}

type Exported = Module | ((...inputs: Tensor[]) => Tree | undefined);

/**
 * The model of a module's `forward`, or of a function.
 * @param inputs by name, in the order of the arguments
 * @throws SYS-TEN-050 it returns no tensors; -051 it draws random numbers or changes variables; -052 names of outputs do not fit;
 *   -075 it uses an operator that a program registered
 */
export async function exportModel(
  target: Exported,
  inputs: Readonly<Record<string, InputSpec>>,
  options: ExportOptions = {},
): Promise<Model> {
  const name = options.name ?? ((target instanceof Module ? target.constructor.name : target.name) || 'network');
  const trace = new Trace({ isExport: true });
  for (const wanted of options.outputs ?? []) trace.unique(wanted);
  // Names variables by their places in the module.
  if (target instanceof Module) target.variables();
  const record = (): Tree | undefined =>
    trace.during(() => {
      const given = Object.entries(inputs).map(([input, spec]) => trace.input(input, typeOf(spec)));
      return withGradients(false, () => (target instanceof Module ? forwardOf(target)(...given) : target(...given)));
    });
  const result = target instanceof Module ? inInference(target, record) : record();
  if (isPromise(result)) {
    // What goes on in it fails as well, over tensors of a recording that has ended.
    result.then(undefined, () => {});
    throw noTensor({ name, found: 'a promise' });
  }
  const leaves = flattenTree(result).filter((leaf) => leaf !== null);
  const bad = leaves.find((leaf) => !(leaf instanceof Tensor));
  if (bad !== undefined || leaves.length === 0 || leaves.includes(undefined)) {
    throw noTensor({ name, found: String(bad) });
  }
  if (trace.hostInputs.length > 0) throw changesState({ name, what: { en: 'draws random numbers', zh: '使用随机数' } });
  if (trace.assignments.length > 0) throw changesState({ name, what: { en: 'changes variables', zh: '改变变量' } });
  const results = leaves as readonly Tensor[];
  const many = results.length > 1;
  const outputs = options.outputs ?? results.map((_, i) => trace.unique(many ? `output_${i}` : 'output'));
  const clash = new Set([...outputs, ...Object.keys(inputs)]).size < outputs.length + Object.keys(inputs).length;
  if (outputs.length !== results.length || clash) throw wrongNames({ found: outputs, expected: results.length });
  const { graph, ...model } = await trace.finish(results, name);
  const own = graph.nodes.find((node) => node.domain === USER_DOMAIN);
  if (own !== undefined) throw notStandard({ op: own.op, node: own.name });
  const held = await Promise.all(trace.variables.map(async ([v, n]) => [n, await v.value()] as const));
  const closed = withInitialisers(graph, new Map(held));
  return inferTypes({ ...model, graph: renamed(closed, outputs) });
}

const forwardOf = (module: Module): ((...inputs: Tensor[]) => Tree | undefined) =>
  module.forward as (...inputs: Tensor[]) => Tree | undefined;

const typeOf = (spec: InputSpec): ReturnType<typeof tensorType> =>
  'shape' in spec ? tensorType(longName(spec.dtype), spec.shape) : tensorType('float32', spec);

/** The graph with what variables hold as initialisers in the place of inputs; those that nobody reads are left out. */
function withInitialisers(graph: Graph, values: ReadonlyMap<string, Data>): Graph {
  const read = new Set(graph.nodes.flatMap((n) => n.inputs));
  const live = [...values].filter(([name]) => read.has(name));
  return {
    ...graph,
    inputs: graph.inputs.filter((v) => !values.has(v.name)),
    constants: new Map([...live, ...graph.constants]),
  };
}

/** The graph with its outputs under other names, which no other value of it has. */
function renamed(graph: Graph, names: readonly string[]): Graph {
  const by = new Map(graph.outputs.map((v, i) => [v.name, names[i]!]));
  const of = (name: string): string => by.get(name) ?? name;
  return {
    ...graph,
    nodes: graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(of), outputs: n.outputs.map(of) })),
    outputs: graph.outputs.map((v) => ({ ...v, name: of(v.name) })),
  };
}
