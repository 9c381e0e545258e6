/**
 * compile: a function over tensors as one graph. It is recorded once for each combination of argument types, shapes and plain values,
 * then runs as one session of the host engine. What it reads of variables goes in, what it assigns to them comes out and is stored.
 * Results come back at once as tensors, as in eager mode; their data follows.
 */
import { diagnostic, type Notice } from '#base';
import type { Engine, Kernel } from '#engine';
import { type Dim, type Model, type TensorType, typeText } from '#ir';
import { isRecording } from './apply.ts';
import { isPromise } from './arguments.ts';
import { autocastType } from './autocast.ts';
import { Cell, whenFilled } from './cell.ts';
import { isFloat } from './dtypes.ts';
import { hostEngine, openEngine } from './host.ts';
import { plainText, Recordings, RecordingWatch } from './recordings.ts';
import { loadStages } from './stages.ts';
import { Tensor } from './tensor.ts';
import { currentTrace, Trace } from './trace.ts';
import { flattenTree, type Leaf, mapTree, type Tree } from './tree.ts';
import { COMPILED_DOMAIN } from './userOperators.ts';
import { Variable } from './variable.ts';

const asynchronous = diagnostic<{ name: string }>('SYS-TEN-010', 'usage', {
  en: (p) =>
    `the function '${p.name}' given to compile() is asynchronous. What is recorded must be synchronous: read data outside of it.`,
  zh: (p) => `传给 compile() 的函数“${p.name}”是异步的。被记录的函数必须同步：请在外部读取数据。`,
});

const notTensor = diagnostic<{ name: string; found: string }>('SYS-TEN-011', 'usage', {
  en: (p) => `the compiled function '${p.name}' returns ${p.found}; return tensors, or arrays or objects of them.`,
  zh: (p) => `编译函数“${p.name}”返回了 ${p.found}；应返回张量，或由张量组成的数组或对象。`,
});

const badArgument = diagnostic<{ name: string; path: string; found: string; isArray: boolean }>(
  'SYS-TEN-134',
  'usage',
  {
    en: (p) =>
      `argument ${p.path} of the compiled function '${p.name}' is ${p.found}. Arguments are tensors, numbers, strings, booleans, and arrays and ` +
      `plain objects of them. ${p.isArray ? 'Make a tensor of it: tensor(values).' : 'What stays the same (a module, an optimiser, a table) the function closes over.'}`,
    zh: (p) =>
      `编译函数“${p.name}”的参数 ${p.path} 为 ${p.found}。参数可以是张量、数字、字符串、布尔值，以及由它们组成的数组和普通对象。` +
      `${p.isArray ? '请将其转为张量：tensor(values)。' : '不变的对象（模块、优化器、表）请由函数通过闭包引用。'}`,
  },
);

export interface CompileOptions {
  /** The graph's name; by default the function's. */
  readonly name?: string;
  /** Threads within one operator; by default as many as there are cores. */
  readonly threads?: number;
  /** How many recordings are kept, 64 by default: beyond it the one used longest ago goes, and its memory with it. */
  readonly cacheLimit?: number;
  /** Told once where the function is recorded again and again (SYS-TEN-190); by default it stands on the console. */
  readonly onNotice?: (notice: Notice) => void;
}

/** A compiled function: called like the one it was made of. */
export interface Compiled<A extends readonly Tree[], R> {
  (...args: A): R;
  /** How many graphs have been recorded, those that are kept no longer too. */
  readonly graphs: number;
  /** The graph that serves these arguments. */
  model(...args: A): Promise<Model>;
}

interface Entry {
  readonly trace: Trace;
  readonly results: readonly Tensor[];
  /** The tree that the function returned, a tensor at each place. */
  readonly shape: Tree;
  readonly model: Promise<Model>;
  kernel: Kernel | undefined;
  readonly loading: Promise<Kernel>;
  /** Runs that have been launched and have not ended. */
  running: number;
  /** Kept no longer: the session goes with the last run. */
  isRetired: boolean;
}

/**
 * The function as one graph, recorded at the first call with arguments of these types and shapes.
 *
 * What `f` reads beside its arguments is a constant of the recording: a tensor or a number that it captures keeps the value that it
 * had when `f` was recorded, however it changes later. What changes from call to call is an argument, or a `Variable`, which is read anew
 * at every call. An argument that is no tensor (a number, a string, a boolean) is a constant, too, and each of its values a
 * recording of its own: give a number that changes as a tensor, and pad tensors to a few sizes.
 * @param f records tensors from its tensor arguments; it runs once for each recording, so whatever else it does happens then alone
 * @throws SYS-TEN-010 `f` is asynchronous; SYS-TEN-011 it returns something else than tensors; SYS-TEN-191 a `cacheLimit` below 1;
 *   when called, SYS-TEN-134 an argument that is neither a tensor nor a plain value
 */
export function compile<A extends readonly Tree[], R extends Tree | undefined>(
  f: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  const name = options.name ?? (f.name || 'compiled');
  const entries = new Recordings<Entry>(
    options.cacheLimit,
    (entry) => entry.trace.guards.every((holds) => holds()),
    retire,
  );
  const watch = new RecordingWatch(
    name,
    options.onNotice ?? ((notice) => console.warn(`${notice.code}: ${notice.en}`)),
  );

  const entryFor = (args: A): Entry => {
    const typed = numberedSizes();
    const key = JSON.stringify(
      mapTree(args, (leaf) =>
        leaf instanceof Tensor ? `${typeText(typed(leaf.type))}${leaf.tracked ? ' tracked' : ''}` : plainText(leaf),
      ),
    );
    const fitting = entries.find(key);
    if (fitting !== undefined) return fitting;
    const entry = record(f, name, args, options);
    entries.add(key, entry);
    watch.recorded(args);
    return entry;
  };

  const call = (...args: A): R => {
    if (currentTrace() !== undefined) return f(...args);
    checkArguments(name, args);
    return launch(entryFor(args), flattenTree(args)) as R;
  };
  return Object.defineProperties(call, {
    graphs: { get: () => entries.made },
    model: {
      value: (...args: A) => {
        checkArguments(name, args);
        return entryFor(args).model;
      },
    },
  }) as Compiled<A, R>;
}

function record<A extends readonly Tree[]>(
  f: (...args: A) => Tree | undefined,
  name: string,
  args: A,
  options: CompileOptions,
): Entry {
  const trace = new Trace();
  const narrow = autocastType();
  trace.guards.push(() => autocastType() === narrow);
  const shape = trace.during(() => {
    let position = 0;
    const typed = numberedSizes();
    const inputs = mapTree(args, (leaf) =>
      leaf instanceof Tensor ? trace.input(`input_${position++}`, typed(leaf.type), leaf.tracked) : leaf,
    ) as unknown as A;
    return f(...inputs);
  });
  if (isPromise(shape)) {
    // What goes on in it fails as well, over tensors of a recording that has ended; this error says why.
    shape.then(undefined, () => {});
    throw asynchronous({ name });
  }
  const results: Tensor[] = [];
  mapTree(shape ?? null, (leaf) => {
    if (leaf === null) return leaf;
    if (!(leaf instanceof Tensor)) throw notTensor({ name, found: `${typeof leaf} ${String(leaf)}` });
    results.push(leaf instanceof Variable ? trace.readVariable(leaf) : leaf);
    return leaf;
  });
  const model = trace.finish(results, name);
  const load = async (): Promise<Kernel> => {
    const engine = await hostEngine();
    return loadStages(
      engine,
      await model,
      typesOf(trace),
      options.threads === undefined ? {} : { threads: options.threads },
    );
  };
  const loading = load();
  loading.catch(() => {});
  const entry: Entry = {
    trace,
    results,
    shape: shape ?? null,
    model,
    kernel: undefined,
    loading,
    running: 0,
    isRetired: false,
  };
  loading.then(
    (kernel) => {
      entry.kernel = kernel;
    },
    () => {},
  );
  return entry;
}

/** Gives the session back, once nothing runs on it. */
function retire(entry: Entry): void {
  entry.isRetired = true;
  if (entry.running === 0) entry.loading.then((kernel) => kernel.release()).catch(() => {});
}

/**
 * Trees have no other objects: a map or an instance would be taken apart and come to the function as something else.
 * @throws SYS-TEN-134 naming the place by its path, as in `batch.labels[1]`
 */
function checkArguments(name: string, args: readonly unknown[]): void {
  const walk = (value: unknown, path: string): void => {
    if (value instanceof Tensor || value === null) return;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) walk(value[i], `${path}[${i}]`);
      return;
    }
    const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
    if (prototype === Object.prototype || prototype === null) {
      for (const [key, part] of Object.entries(value as object)) walk(part, `${path}.${key}`);
    } else if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
      throw badArgument({ name, path, found: kindText(value), isArray: ArrayBuffer.isView(value) });
    }
  };
  args.forEach((value, i) => {
    walk(value, `${i + 1}`);
  });
}

const kindText = (value: unknown): string =>
  typeof value === 'object'
    ? `an object of class ${value!.constructor?.name ?? 'without a name'}`
    : `a ${typeof value}`;

/** Types with their open sizes numbered as they come: what a mask took is a new symbol at every call, but no new graph. */
function numberedSizes(): (type: TensorType) => TensorType {
  const names = new Map<string, string>();
  return (type) => {
    if (type.shape === undefined || type.shape.every((d) => typeof d !== 'string')) return type;
    const numbered = (d: Dim): Dim => {
      if (typeof d !== 'string') return d;
      const name = names.get(d) ?? `size_${names.size}`;
      names.set(d, name);
      return name;
    };
    return { ...type, shape: type.shape.map(numbered) };
  };
}

/** Types of inputs, variables and what nodes make. */
const typesOf = (trace: Trace): ReadonlyMap<string, TensorType> =>
  new Map([
    ...trace.inputs.map((v) => [v.name, v.type as TensorType] as const),
    ...trace.variables.map(([variable, name]) => [name, variable.type] as const),
    ...trace.types,
  ]);

/** One run: results and variables get cells at once. */
function launch(entry: Entry, given: readonly Leaf[]): Tree | undefined {
  const { trace, results } = entry;
  const tensors = given.filter((leaf) => leaf instanceof Tensor).map((t) => (t instanceof Variable ? t.read() : t));
  const cells = [...tensors.map((t) => t.source as Cell)];
  for (const { give } of trace.hostInputs) cells.push(Cell.of(give()));
  const order = inputOrder(trace, tensors.length);
  const fed = order.map((i) => cells[i]!);
  for (const [variable] of trace.variables) fed.push(variable.source as Cell);
  for (const cell of fed) cell.hold();
  const made = [...results.map(() => Cell.pending()), ...trace.assignments.map(() => Cell.ofVariable())];
  for (const [i, [variable]] of trace.assignments.entries()) {
    replaced.set(made[results.length + i]!, variable.source as Cell);
    variable.place(made[results.length + i]!);
  }
  start(entry, fed, made);
  const values = withoutGradient(
    trace,
    tensors,
    results.map((t, i) => ({ type: t.type, source: made[i]! })),
  );
  for (const effect of trace.afterRun) effect();
  let next = 0;
  return mapTree(entry.shape, (leaf) => (leaf instanceof Tensor ? values[next++]! : leaf));
}

/** What a variable held before a run whose result it waits for. */
const replaced = new WeakMap<Cell, Cell>();

/**
 * The results. Where gradients flow into the arguments or the variables that are read, they remember that they cannot flow back through,
 * so that `grad` says so and does not leave out a part. What is remembered holds no data.
 */
function withoutGradient(
  trace: Trace,
  given: readonly Tensor[],
  parts: readonly { type: TensorType; source: Cell }[],
): Tensor[] {
  const variables = trace.variables.flatMap(([variable]) => (variable.trainable ? [variable] : []));
  const tracked = isRecording() && (variables.length > 0 || given.some((t) => t.tracked));
  const values = parts.map((p) => new Tensor({ ...p, tracked: tracked && isFloat(p.type.dtype) }));
  if (!tracked) return values;
  const mark = (leaf: Tensor): Tensor => {
    const stub = new Tensor({ type: leaf.type, source: NOTHING, tracked: true });
    stub.leaf = leaf;
    return stub;
  };
  const inputs = [
    ...given.filter((t) => t.tracked).map((t) => (t.origin === undefined ? mark(t.leaf ?? t) : t)),
    ...variables.map(mark),
  ];
  const node = {
    name: 'compile',
    op: 'compile',
    domain: COMPILED_DOMAIN,
    inputs: [],
    outputs: [],
    attributes: new Map(),
  };
  for (const value of values) value.origin = { node, opset: 0, inputs, outputs: [value] };
  return values;
}

const NOTHING = Cell.pending();

/** Inputs in the trace's order: arguments and host inputs are interleaved there. */
function inputOrder(trace: Trace, args: number): readonly number[] {
  const hosts = new Map(trace.hostInputs.map((h, i) => [h.name, args + i]));
  let next = 0;
  return trace.inputs.map((v) => hosts.get(v.name) ?? next++);
}

/** Runs once kernel and inputs are there, and fills what the run makes. */
function start(entry: Entry, cells: readonly Cell[], made: readonly Cell[]): void {
  const ended = (): void => {
    entry.running--;
    if (entry.isRetired) retire(entry);
  };
  const fail = (error: unknown): void => {
    ended();
    // Before anybody hears of it, variables have their values of before again: a step that fails changes nothing.
    for (const [variable] of entry.trace.assignments) {
      let cell = variable.source as Cell;
      if (!made.includes(cell)) continue;
      // One that failed otherwise (by an eager assignment) has nothing before it, and tells its own error.
      for (let before: Cell | undefined = cell; before !== undefined; ) {
        cell = before;
        before = made.includes(cell) || cell.failure !== undefined ? replaced.get(cell) : undefined;
      }
      variable.place(cell);
    }
    Cell.fail(made, error);
  };
  const run = (engine: Engine, kernel: Kernel): void => {
    const letGo = (): void => {
      for (const cell of cells) cell.letGo(engine);
    };
    const failed = (error: unknown): void => {
      letGo();
      fail(error);
    };
    whenFilled(
      engine,
      cells,
      (devices) => {
        kernel.run(devices).then((all) => {
          ended();
          letGo();
          for (const cell of made) {
            replaced.get(cell)?.retire(engine);
            replaced.delete(cell);
          }
          Cell.fill(made, all);
        }, failed);
      },
      failed,
    );
  };
  entry.running++;
  const engine = openEngine();
  // Without engine or kernel the cells stay held: nothing is given back that a later attempt might want.
  if (engine !== undefined && entry.kernel !== undefined) run(engine, entry.kernel);
  else entry.loading.then((kernel) => hostEngine().then((opened) => run(opened, kernel))).catch(fail);
}
