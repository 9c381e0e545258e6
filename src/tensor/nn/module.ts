/**
 * Module: a part of a network that owns variables and other modules. They are found by walking its properties, which name them as in
 * PyTorch's `state_dict` ('features.0.weight'); trainable variables are parameters, the others buffers. `forward` is written by the
 * subclass and called by users; an error within it names the innermost module.
 */
import { diagnostic, nearestName, SystoleError } from '#base';
import { typeText } from '#ir';
import { castTo, noGrad } from '../apply.ts';
import { type DType, isFloat, kindOf, longName } from '../dtypes.ts';
import { isConvertible, type SavedState, type State, savedAs, savedData, stateValue } from '../state.ts';
import type { Tensor } from '../tensor.ts';
import { currentTrace, inScope } from '../trace.ts';
import { Variable } from '../variable.ts';

const missingState = diagnostic<{ names: readonly string[]; given: number }>('SYS-TEN-030', 'invalid', {
  en: (p) =>
    `the state lacks ${p.names.length} of the network's variables: ${p.names.slice(0, 5).join(', ')}${p.names.length > 5 ? ', …' : ''}.`,
  zh: (p) =>
    `状态中缺少网络的 ${p.names.length} 个变量：${p.names.slice(0, 5).join('、')}${p.names.length > 5 ? '…' : ''}。`,
});

const unexpectedState = diagnostic<{ names: readonly string[]; nearest: string | undefined }>(
  'SYS-TEN-031',
  'invalid',
  {
    en: (p) =>
      `the state holds ${p.names.length} variables that the network does not have: ${p.names.slice(0, 5).join(', ')}` +
      `${p.names.length > 5 ? ', …' : ''}${p.nearest ? `; it has '${p.nearest}'` : ''}. { strict: false } leaves them out.`,
    zh: (p) =>
      `状态中有网络没有的 ${p.names.length} 个变量：${p.names.slice(0, 5).join('、')}` +
      `${p.names.length > 5 ? '…' : ''}${p.nearest ? `；网络有“${p.nearest}”` : ''}。{ strict: false } 可忽略它们。`,
  },
);

const misshapenState = diagnostic<{ name: string; found: string; expected: string }>('SYS-TEN-032', 'invalid', {
  en: (p) =>
    `variable '${p.name}' is ${p.found} in the state and ${p.expected} in the network. Shapes must agree; types are converted, but floats ` +
    'to integers and integers to bools are not.',
  zh: (p) =>
    `变量“${p.name}”在状态中为 ${p.found}，在网络中为 ${p.expected}。形状必须一致；类型会自动转换，但浮点不转为整数，整数不转为布尔。`,
});

const notFloat = diagnostic<{ found: string }>('SYS-TEN-161', 'usage', {
  en: (p) => `a module is converted to floats, but '${p.found}' is none. Types: f16, bf16, f32, f64.`,
  zh: (p) => `模块只能转换为浮点类型，而“${p.found}”不是。可用类型：f16、bf16、f32、f64。`,
});

const convertedInTrace = diagnostic<{ dtype: string }>('SYS-TEN-162', 'usage', {
  en: (p) =>
    `to('${p.dtype}') within a function that compile() or exportModel records: convert the module before the call.`,
  zh: (p) => `在 compile() 或 exportModel 所记录的函数中调用了 to('${p.dtype}')：请在调用之前转换模块。`,
});

/** PyTorch's BatchNorm counts batches for a mode (momentum None) that ours does not have; its files hold the counts. */
const COUNTER = /(^|\.)num_batches_tracked$/;

export abstract class Module {
  #training = true;
  #path: string | undefined;

  constructor() {
    // What a subclass writes as `forward` is called within the module's scope, so that graphs name their nodes by it.
    const forward = this.forward as (...args: Tensor[]) => unknown;
    Object.defineProperty(this, 'forward', {
      value: (...args: Tensor[]) => {
        if (this.#path === undefined) this.#name('');
        try {
          return inScope(this.#path!.split('.').at(-1)!, () => forward.apply(this, args));
        } catch (error) {
          if (!(error instanceof SystoleError) || error.place.module !== undefined) throw error;
          const kind = this.constructor.name;
          throw error.at({ module: this.#path === '' ? kind : `${this.#path} (${kind})` });
        }
      },
      writable: true,
      configurable: true,
    });
  }

  abstract forward(...inputs: never[]): unknown;

  /** Whether dropout drops and statistics are taken of the batch. */
  get training(): boolean {
    const value = this.#training;
    currentTrace()?.guards.push(() => this.#training === value);
    return value;
  }

  /** Puts it and what it holds into training mode. */
  train(on = true): this {
    this.#training = on;
    for (const [, child] of this.children()) child.train(on);
    return this;
  }

  /** Puts it and what it holds into inference mode. */
  eval(): this {
    return this.train(false);
  }

  /** The modules that it holds itself, by property. */
  children(): readonly (readonly [string, Module])[] {
    return this.#properties((v) => v instanceof Module) as [string, Module][];
  }

  /** All variables, by path. */
  variables(): readonly (readonly [string, Variable])[] {
    this.#name(this.#path ?? '');
    return this.#walk('');
  }

  /** The variables that training changes by gradients; one that stands in several places once. */
  parameters(): readonly Variable[] {
    return [...new Set(this.variables().flatMap(([, v]) => (v.trainable ? [v] : [])))];
  }

  /** Number of trainable values. */
  get size(): number {
    return this.parameters().reduce((sum, v) => sum + v.size, 0);
  }

  /** The values of all variables by name: what checkpoints hold. */
  async state(): Promise<State> {
    const entries = this.variables().map(async ([name, v]) => [name, await stateValue(v)] as const);
    return new Map(await Promise.all(entries));
  }

  /**
   * Takes over values, each in the type of its variable: numbers become floats of any width, integers other integers.
   * @throws SYS-TEN-030 some are missing; -031 some are unknown (unless `strict` is false); -032 one has another shape, or a type that
   * does not become the variable's
   */
  load(state: SavedState, { strict = true }: { readonly strict?: boolean } = {}): this {
    const own = new Map(this.variables());
    const missing = [...own.keys()].filter((name) => !state.has(name));
    if (strict && missing.length > 0) throw missingState({ names: missing, given: state.size });
    const unknown = [...state.keys()].filter((name) => !own.has(name) && !COUNTER.test(name));
    if (strict && unknown.length > 0) {
      throw unexpectedState({ names: unknown, nearest: nearestName(unknown[0]!, [...own.keys()]) });
    }
    for (const [name, variable] of own) {
      const value = state.get(name);
      if (value === undefined) continue;
      const fits = isConvertible(value.dtype, variable.dataType) && `${value.dims}` === `${variable.dims}`;
      if (!fits) {
        const found = typeText({ kind: 'tensor', dtype: savedData(value).dtype, shape: value.dims });
        throw misshapenState({ name, found, expected: typeText(variable.type) });
      }
    }
    for (const [name, variable] of own) {
      const value = state.get(name);
      if (value !== undefined) variable.set(savedAs(value, variable.dataType));
    }
    return this;
  }

  /**
   * Converts parameters and buffers of floats to another float type; those of integers stay. They are the same variables as before, so that
   * optimisers and modules that share them keep them. State that an optimiser has gathered keeps its type: convert before the first update.
   * @throws SYS-TEN-161 no float type; SYS-TEN-162 within a function that is being recorded
   */
  to(dtype: DType): this {
    const long = longName(dtype);
    if (long === undefined || kindOf(long) !== 3) throw notFloat({ found: dtype });
    if (currentTrace() !== undefined) throw convertedInTrace({ dtype });
    for (const variable of new Set(this.variables().map(([, v]) => v))) {
      if (isFloat(variable.dataType)) variable.become(noGrad(() => castTo(variable, long)));
    }
    return this;
  }

  #walk(prefix: string): (readonly [string, Variable])[] {
    const own = this.#properties((v) => v instanceof Variable) as [string, Variable][];
    const of = (name: string): string => (prefix === '' ? name : `${prefix}.${name}`);
    return [
      ...own.map(([name, v]) => [of(name), v] as const),
      ...this.children().flatMap(([name, child]) => child.#walk(of(name))),
    ];
  }

  #name(path: string): void {
    this.#path = path;
    const of = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const [name, v] of this.#properties((p) => p instanceof Variable)) (v as Variable).name = of(name);
    for (const [name, child] of this.children()) child.#name(of(name));
  }

  /** Own properties of a kind, and those in arrays, plain objects and maps by their keys, under the container's name. */
  #properties(wanted: (value: unknown) => boolean): (readonly [string, unknown])[] {
    const within = (name: string, value: unknown): (readonly [string, unknown])[] => {
      if (wanted(value)) return [[name, value]];
      if (value instanceof Map) return [...value].flatMap(([key, part]) => within(`${name}.${key}`, part));
      const isPlain =
        Array.isArray(value) ||
        (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);
      return isPlain ? Object.entries(value as object).flatMap(([key, part]) => within(`${name}.${key}`, part)) : [];
    };
    return Object.entries(this).flatMap(([name, value]) => within(name, value));
  }
}

/** Runs `f` with the module in inference mode; then each of its modules is in the mode again that it had. */
export function inInference<T>(module: Module, f: () => T): T {
  const modes: [Module, boolean][] = [];
  const note = (m: Module): void => {
    modes.push([m, m.training]);
    for (const [, child] of m.children()) note(child);
  };
  note(module);
  module.eval();
  try {
    return f();
  } finally {
    for (const [m, mode] of modes) m.train(mode);
  }
}
