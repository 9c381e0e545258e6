/**
 * Builds graphs step by step for tests: constants and nodes get names by themselves, shapes come from inference. A
 * step that turns out invalid (a window larger than its image, say) leaves no trace.
 */
import { Random, SystoleError } from '#base';
import {
  type Attribute,
  type DataType,
  elementCount,
  type GraphNode,
  type Model,
  staticShape,
  type Tensor,
  tensorOf,
  tensorType,
  typeOf,
} from '#ir';
import { modelOf } from '#onnx';
import { inferTypes } from '#ops';

export interface Value {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: DataType;
}

/** Mutable: a graph being made. */
export class GraphBuilder {
  readonly random: Random;
  readonly opset: number;
  readonly inputs: Value[] = [];
  readonly values: Value[] = [];
  #nodes: GraphNode[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #fed = new Map<string, Tensor>();

  constructor(seed: number, opset: number) {
    this.random = new Random(seed);
    this.opset = opset;
  }

  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  /** True once in `n`. */
  oneIn(n: number): boolean {
    return this.random.integer(1, n) === 1;
  }

  input(dims: readonly number[], dtype: DataType = 'float32'): Value {
    const value = { name: `x${this.inputs.length}`, dims, dtype };
    this.inputs.push(value);
    this.values.push(value);
    return value;
  }

  /** What an input is fed, instead of random numbers. */
  set(input: string, value: Tensor): void {
    this.#fed.set(input, value);
  }

  /** States the type of a value that inference cannot know. */
  declare(name: string, dims: readonly number[], dtype: DataType = 'float32'): void {
    this.values.push({ name, dims, dtype });
  }

  keep(value: Tensor): string {
    const name = `k${this.#constants.size}`;
    this.#constants.set(name, value);
    return name;
  }

  /** Uniform in [low, high). */
  constant(dims: readonly number[], low = -1, high = 1): string {
    const values = Array.from({ length: elementCount(dims) }, () => low + (high - low) * this.random.uniform());
    return this.keep(tensorOf('float32', dims, values));
  }

  /** Weights [filters, …] whose sums over `terms` products stay of the order of 1. */
  weights(dims: readonly number[], terms: number = elementCount(dims.slice(1))): string {
    const most = Math.sqrt(3 / Math.max(1, terms));
    return this.constant(dims, -most, most);
  }

  scalar(value: number): string {
    return this.keep(tensorOf('float32', [], [value]));
  }

  int64s(values: readonly number[]): string {
    return this.keep(tensorOf('int64', [values.length], values));
  }

  /** A node; the names of its outputs. */
  nodeOf(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, outputs = 1): string[] {
    const n = this.#nodes.length;
    const names = Array.from({ length: outputs }, (_, i) => `v${n}${outputs === 1 ? '' : `_${i}`}`);
    const of = new Map(Object.entries(attributes));
    this.#nodes.push({ name: `${op}_${n}`, op, domain: '', inputs, outputs: names, attributes: of });
    return names;
  }

  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    return this.nodeOf(op, inputs, attributes)[0]!;
  }

  /** Dims and type of a value made before; undefined where they are not known. */
  typed(name: string): Value | undefined {
    const { graph } = inferTypes(this.model([name]));
    const type = typeOf(graph, name);
    const dims = staticShape(type);
    return type?.kind === 'tensor' && dims !== undefined ? { name, dims, dtype: type.dtype } : undefined;
  }

  /**
   * Runs a step that makes nodes and answers with the values worth going on from; undone where they are invalid or too
   * large.
   */
  attempt(step: () => readonly string[] | undefined, most: number): boolean {
    const before = this.#nodes;
    this.#nodes = [...before];
    try {
      const made = step()?.map((name) => this.typed(name));
      if (made?.every((v) => v !== undefined && elementCount(v.dims) > 0 && elementCount(v.dims) <= most)) {
        for (const v of made) if (v !== undefined) this.values.push(v);
        return true;
      }
    } catch (error) {
      if (!(error instanceof SystoleError)) throw error;
    }
    this.#nodes = before;
    return false;
  }

  model(outputs: readonly string[]): Model {
    const known = new Map(this.values.map((v) => [v.name, tensorType(v.dtype, v.dims)]));
    return modelOf(
      {
        name: 'test',
        inputs: this.inputs.map((v) => ({ name: v.name, type: tensorType(v.dtype, v.dims) })),
        outputs: outputs.map((name) => ({ name, type: known.get(name) })),
        nodes: this.#nodes,
        constants: new Map(this.#constants),
        types: new Map(),
      },
      this.opset,
      8,
    );
  }

  /** Values for the inputs: floats in [−1, 1), small integers, booleans. */
  feeds(): Map<string, Tensor> {
    return new Map(
      this.inputs.map(({ name, dims, dtype }) => {
        const values = Array.from({ length: elementCount(dims) }, () =>
          dtype.includes('float') ? 2 * this.random.uniform() - 1 : this.random.integer(0, dtype === 'bool' ? 1 : 100),
        );
        return [name, this.#fed.get(name) ?? tensorOf(dtype, dims, values)];
      }),
    );
  }
}
